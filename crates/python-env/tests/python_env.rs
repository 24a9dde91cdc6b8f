//! Installing from the package index, with a Python of the test's own in place of the real one.
#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use warden_python_env::{InstallError, PythonEnv, weights};

/// What a Python does that has everything: `-I` comes first, then what is asked of it.
const PYTHON: &str = r#"#!/bin/sh
shift
case "$1 $2" in
"-c import sysconfig"*) dirname "$0" ;;
"-c import"*) echo 3.12.1 ;;
"-c ") ;;
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip") echo install >> "$(dirname "$0")/../../../installs"; VENV ;;
esac
"#;

struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A machine whose pip runs `pip`.
    fn with_pip(pip: &str) -> Self {
        Self::with_python(&PYTHON.replace("VENV", pip))
    }

    fn with_python(script: &str) -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        machine.write(script);
        machine
    }

    /// Has a process of its own write the script. While this one has it open, so has every child that another
    /// test starts just then, and what is open for writing cannot be run: "Text file busy".
    fn write(&self, script: &str) {
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"cat > "$0" && chmod 755 "$0""#]).arg(self.python()).stdin(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success());
    }

    fn python(&self) -> PathBuf {
        self.folder.path().join("python3")
    }

    async fn install(&self) -> Result<PythonEnv, InstallError> {
        let parent = self.folder.path().join("python");
        PythonEnv::install(&parent, self.python().to_str().unwrap(), "a==1\n", &mut |_| {}).await
    }

    async fn install_weights(&self) -> Result<PathBuf, InstallError> {
        let parent = self.folder.path().join("python");
        weights::install(&parent, self.python().to_str().unwrap(), &mut |_| {}).await
    }

    fn installs(&self) -> usize {
        fs::read_to_string(self.folder.path().join("installs")).map_or(0, |text| text.lines().count())
    }

    /// The environments that stand where whole ones stand.
    fn environments(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("python")) else { return Vec::new() };
        let whole = |path: &Path| path.is_dir() && path.extension().is_none_or(|extension| extension != "partial");
        entries.flatten().map(|entry| entry.path()).filter(|path| whole(path)).collect()
    }
}

#[tokio::test]
async fn the_tools_are_installed_once() {
    let machine = Machine::with_pip("true");
    let tools = machine.install().await.unwrap();
    assert!(tools.python().exists());
    assert_eq!(machine.install().await.unwrap().python(), tools.python());
    assert_eq!(machine.installs(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_at_once_one_installs_and_the_others_wait() {
    let machine = Machine::with_pip("sleep 1");
    let (a, b, c) = tokio::join!(machine.install(), machine.install(), machine.install());
    for tools in [a, b, c] {
        assert!(tools.unwrap().python().exists());
    }
    assert_eq!(machine.installs(), 1);
}

#[tokio::test]
async fn an_environment_that_was_half_made_is_never_taken_for_a_whole_one() {
    let machine = Machine::with_pip("echo 'ERROR: something broke' >&2; exit 1");
    let error = machine.install().await.unwrap_err();
    assert!(error.to_string().contains("something broke"), "{error}");
    assert_eq!(machine.environments(), Vec::<PathBuf>::new());

    machine.write(&PYTHON.replace("VENV", "true"));
    machine.install().await.unwrap();
    assert_eq!(machine.environments().len(), 1);
}

#[tokio::test]
async fn an_environment_whose_python_was_taken_away_is_made_again() {
    let machine = Machine::with_pip("true");
    let tools = machine.install().await.unwrap();
    fs::remove_file(tools.python()).unwrap();

    let tools = machine.install().await.unwrap();

    assert!(tools.python().exists());
    assert_eq!(machine.installs(), 2);
}

/// Debian's python3 without python3-venv.
#[tokio::test]
async fn a_python_without_its_venv_module_says_how_to_get_it() {
    let machine = Machine::with_python(
        "#!/bin/sh\nshift\ncase \"$1 $2\" in\n'-m venv') echo 'The virtual environment was not created successfully because ensurepip is not available.'; exit 1 ;;\n*) echo 3.11.2 ;;\nesac\n",
    );
    let error = machine.install().await.unwrap_err();
    assert!(matches!(error, InstallError::VenvMissing { .. }), "{error}");
    assert!(error.to_string().contains("sudo apt install python3-venv"), "{error}");
}

#[tokio::test]
async fn a_python_that_is_too_old_or_broken_is_refused_before_anything_is_made() {
    for (script, named) in [
        ("#!/bin/sh\necho 3.9.18\n", "3.10 or newer"),
        ("#!/bin/sh\necho 'pyenv: python3: command not found' >&2; exit 127\n", "command not found"),
        ("#!/bin/sh\nexit 0\n", "gives no version"),
    ] {
        let machine = Machine::with_python(script);
        let error = machine.install().await.unwrap_err().to_string();
        assert!(error.contains(named) && error.lines().count() == 1, "{error}");
        assert!(!machine.folder.path().join("python").exists());
    }
}

#[tokio::test]
async fn the_models_are_what_the_wheel_brings_and_nothing_else_is_kept() {
    let machine =
        Machine::with_pip(r#"models="$(dirname "$0")/rapidocr/models"; mkdir -p "$models"; echo 1 > "$models/a.onnx""#);
    let folder = machine.install_weights().await.unwrap();
    assert_eq!(fs::read_to_string(folder.join("a.onnx")).unwrap(), "1\n");
    assert_eq!(machine.environments(), std::slice::from_ref(&folder));

    assert_eq!(machine.install_weights().await.unwrap(), folder);
    assert_eq!(machine.installs(), 1);
}

#[tokio::test]
async fn another_wheel_than_the_pinned_one_is_refused() {
    let machine = Machine::with_pip("echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE FILE.' >&2; exit 1");
    let error = machine.install_weights().await.unwrap_err();
    assert!(matches!(error, InstallError::Unexpected { .. }), "{error}");
    assert_eq!(machine.environments(), Vec::<PathBuf>::new());
}
