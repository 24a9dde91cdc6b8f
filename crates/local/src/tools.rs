//! The Python tools, in a virtual environment of their own under the target folder.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use crate::output::{Console, Step};
use crate::workspace::Workspace;

/// What is installed, each at one version.
const REQUIREMENTS: &str = include_str!("../engine/requirements.txt");

/// The oldest Python that the requirements run on.
const OLDEST: (u32, u32) = (3, 10);

/// Settings of the user's that would send packages elsewhere than into the environment.
const MISLEADING: [&str; 6] =
    ["PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME"];

/// A virtual environment that holds everything in the requirements.
#[derive(Clone, Debug)]
pub struct Tools {
    python: PathBuf,
}

/// Why the tools could not be installed, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// There is no Python.
    #[error(
        "{python} was not found. Install Python {}.{} or newer with its venv module (Debian, Ubuntu: `sudo apt install python3 python3-venv`; macOS: `brew install python`), or name one with --python", OLDEST.0, OLDEST.1
    )]
    PythonMissing {
        /// The interpreter that was asked for.
        python: String,
    },
    /// Something of that name is there, but it is no working Python.
    #[error("{python} does not run: {reason}. Mend it, or name another Python with --python")]
    PythonBroken {
        /// The interpreter that was asked for.
        python: String,
        /// The last thing it said.
        reason: String,
    },
    /// Python is too old for the engine.
    #[error("{python} is Python {found}; the local engine needs {}.{} or newer. Install one and name it with --python", OLDEST.0, OLDEST.1)]
    PythonTooOld {
        /// The interpreter that was asked for.
        python: String,
        /// Its version.
        found: String,
    },
    /// Python comes without `venv` or `ensurepip`.
    #[error(
        "{python} has no working venv module. Install it (Debian, Ubuntu: `sudo apt install python3-venv`), or name another Python with --python"
    )]
    VenvMissing {
        /// The interpreter that was asked for.
        python: String,
    },
    /// No package index answered.
    #[error(
        "the Python package index could not be reached: {reason}. Check the network, or point pip at a mirror or proxy (PIP_INDEX_URL, PIP_PROXY) and run this again"
    )]
    IndexUnreachable {
        /// What pip said.
        reason: String,
    },
    /// The index answered, and does not have what is needed for this Python.
    #[error(
        "the package index has no ready-made build for this Python and machine: {reason}. Name another Python (3.10 to 3.14) with --python, or use an index that mirrors all of PyPI"
    )]
    PackageMissing {
        /// What pip said.
        reason: String,
    },
    /// The disk is full.
    #[error(
        "no space is left for the Python tools in {folder}. Free about 200 MB, or choose another target folder with CARGO_TARGET_DIR"
    )]
    DiskFull {
        /// Where they were to be.
        folder: PathBuf,
    },
    /// Anything else that a tool of Python's says.
    #[error("{what} failed: {reason}")]
    Failed {
        /// What was run.
        what: &'static str,
        /// The last thing it said.
        reason: String,
    },
    /// A file or folder could not be made.
    #[error("{path} could not be written: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Tools {
    /// Installs what is not there yet. Several processes may ask at once: one
    /// installs, the others wait for it.
    ///
    /// # Errors
    /// When something that the installation needs is missing; the message says
    /// what, and how to mend it.
    pub async fn install(workspace: &Workspace, python: &str, console: &Console) -> Result<Self, ToolsError> {
        let version = version_of(python).await?;
        let folder = workspace.made("python").join(folder_name(&version, REQUIREMENTS));
        let tools = Self { python: folder.join("bin/python") };
        if tools.work().await {
            return Ok(tools);
        }

        let step = console.step("installing the Python tools (once)");
        let parent = workspace.made("python");
        fs::create_dir_all(&parent).map_err(|source| io_error(&parent, source))?;
        let _lock = lock(&parent.join("lock"), &step).await?;
        // Whoever held the lock may have installed them meanwhile.
        if !tools.work().await {
            make(python, &folder, &step).await?;
        }
        step.done();
        Ok(tools)
    }

    /// The environment's interpreter.
    #[must_use]
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// The folder is renamed into place only when it is complete, so one that
    /// is there is whole; its interpreter may have been taken away since.
    async fn work(&self) -> bool {
        self.python.exists()
            && quiet_command(self.python.as_os_str())
                .arg("-c")
                .arg("")
                .status()
                .await
                .is_ok_and(|status| status.success())
    }
}

/// One folder for each Python and list of requirements: when either changes,
/// another environment is made.
fn folder_name(version: &str, requirements: &str) -> String {
    format!("{version}-{:.12x}", Sha256::digest(requirements))
}

async fn make(python: &str, folder: &Path, step: &Step<'_>) -> Result<(), ToolsError> {
    let mut partial = folder.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    remove(&partial)?;

    step.detail("making a virtual environment");
    let output = quiet_command(python)
        .args(["-m", "venv"])
        .arg(&partial)
        .output()
        .await
        .map_err(|source| ToolsError::Failed { what: "python3 -m venv", reason: source.to_string() })?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(venv_error(python, &partial, &String::from_utf8_lossy(&said)));
    }

    let list = partial.join("requirements.txt");
    fs::write(&list, REQUIREMENTS).map_err(|source| io_error(&list, source))?;
    let mut pip = quiet_command(partial.join("bin/python"));
    pip.args(["-m", "pip", "install", "--requirement"]).arg(&list);
    pip.args(["--no-deps", "--only-binary", ":all:", "--no-compile", "--no-user", "--no-input"]);
    pip.args(["--retries", "2", "--progress-bar", "off", "--disable-pip-version-check"]);
    let (success, said) = run_told(pip, step).await?;
    if !success {
        return Err(pip_error(&partial, &said));
    }

    remove(folder)?;
    fs::rename(&partial, folder).map_err(|source| io_error(folder, source))
}

/// Runs pip, tells its progress, and keeps what it said.
async fn run_told(mut command: Command, step: &Step<'_>) -> Result<(bool, String), ToolsError> {
    let failed = |source: io::Error| ToolsError::Failed { what: "pip", reason: source.to_string() };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (out, err) = tokio::join!(tell_lines(stdout, Some(step)), tell_lines(stderr, None));
    let status = child.wait().await.map_err(failed)?;
    Ok((status.success(), out + &err))
}

async fn tell_lines(stream: Option<impl AsyncRead + Unpin>, step: Option<&Step<'_>>) -> String {
    let mut said = String::new();
    let Some(stream) = stream else { return said };
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(step) = step {
            // Where a requirement stands in the list helps nobody.
            step.detail(line.split(" (from ").next().unwrap_or(&line).trim());
        }
        said.push_str(&line);
        said.push('\n');
    }
    said
}

/// A command that reads nothing, is isolated from the user's Python settings,
/// and ends with this process.
fn quiet_command(python: impl Into<OsString>) -> Command {
    let mut command = Command::new(python.into());
    command.arg("-I").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    for name in MISLEADING {
        command.env_remove(name);
    }
    command
}

async fn version_of(python: &str) -> Result<String, ToolsError> {
    let script = "import sys; print('.'.join(map(str, sys.version_info[:3])))";
    let output = quiet_command(python).args(["-c", script]).output().await.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ToolsError::PythonMissing { python: python.to_owned() },
        _ => ToolsError::PythonBroken { python: python.to_owned(), reason: source.to_string() },
    })?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        let reason = last_line(&String::from_utf8_lossy(&output.stderr));
        return Err(ToolsError::PythonBroken { python: python.to_owned(), reason });
    }
    check_version(python, &said)?;
    Ok(said)
}

fn check_version(python: &str, said: &str) -> Result<(), ToolsError> {
    let mut numbers = said.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST => Ok(()),
        (Some(Ok(_)), Some(Ok(_))) => {
            Err(ToolsError::PythonTooOld { python: python.to_owned(), found: said.to_owned() })
        }
        _ => Err(ToolsError::PythonBroken { python: python.to_owned(), reason: "it gives no version".to_owned() }),
    }
}

fn venv_error(python: &str, folder: &Path, said: &str) -> ToolsError {
    if is_disk_full(said) {
        return ToolsError::DiskFull { folder: folder.to_owned() };
    }
    let missing = ["ensurepip", "No module named venv", "No module named 'venv'"];
    if missing.iter().any(|text| said.contains(text)) {
        return ToolsError::VenvMissing { python: python.to_owned() };
    }
    ToolsError::Failed { what: "python3 -m venv", reason: last_line(said) }
}

fn pip_error(folder: &Path, said: &str) -> ToolsError {
    if is_disk_full(said) {
        return ToolsError::DiskFull { folder: folder.to_owned() };
    }
    // pip ends with "no matching distribution" in both cases: what it said
    // before tells whether anybody answered.
    let unreachable = [
        "NewConnectionError",
        "Failed to establish a new connection",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "NameResolutionError",
        "Max retries exceeded",
        "ProxyError",
        "SSLError",
        "Connection refused",
        "Could not fetch URL",
    ];
    if let Some(line) = said.lines().find(|line| unreachable.iter().any(|text| line.contains(text))) {
        return ToolsError::IndexUnreachable { reason: shorten(line) };
    }
    let missing = ["No matching distribution found", "Could not find a version"];
    if let Some(line) = said.lines().rev().find(|line| missing.iter().any(|text| line.contains(text))) {
        return ToolsError::PackageMissing { reason: shorten(line) };
    }
    ToolsError::Failed { what: "pip install", reason: last_line(said) }
}

fn is_disk_full(said: &str) -> bool {
    said.contains("No space left on device") || said.contains("Disk quota exceeded")
}

fn last_line(said: &str) -> String {
    said.lines().rev().find(|line| !line.trim().is_empty()).map_or_else(|| "it said nothing".to_owned(), shorten)
}

fn shorten(line: &str) -> String {
    let line = line.trim().trim_start_matches("ERROR: ").trim_start_matches("WARNING: ").trim_end_matches('.');
    console::truncate_str(line, 300, "…").into_owned()
}

/// Waits for the lock on `path`; it is released when the file is dropped.
async fn lock(path: &Path, step: &Step<'_>) -> Result<File, ToolsError> {
    let file = File::create(path).map_err(|source| io_error(path, source))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => step.detail("another process is installing them, waiting"),
        Err(TryLockError::Error(source)) => return Err(io_error(path, source)),
    }
    let waited = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    waited.map_err(io::Error::other).flatten().map_err(|source| io_error(path, source))
}

fn remove(folder: &Path) -> Result<(), ToolsError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error(folder, source)),
        _ => Ok(()),
    }
}

fn io_error(path: &Path, source: io::Error) -> ToolsError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ToolsError::DiskFull { folder: path.to_owned() },
        _ => ToolsError::Io { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_python_or_list_of_requirements_gets_another_folder() {
        let name = folder_name("3.12.1", "a==1\n");
        assert!(name.starts_with("3.12.1-"));
        assert_ne!(name, folder_name("3.13.0", "a==1\n"));
        assert_ne!(name, folder_name("3.12.1", "a==2\n"));
        assert_eq!(name, folder_name("3.12.1", "a==1\n"));
    }

    #[test]
    fn every_requirement_names_one_exact_version() {
        let lines = REQUIREMENTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            assert!(line.split(';').next().is_some_and(|pin| pin.contains("==")), "{line} is not pinned");
        }
    }

    #[test]
    fn an_old_python_is_refused_by_its_version() {
        for old in ["2.7.18", "3.6.15", "3.9.18"] {
            let message = check_version("python3", old).unwrap_err().to_string();
            assert!(message.contains(old) && message.contains("3.10 or newer"), "{message}");
        }
        for new in ["3.10.0", "3.14.1", "4.0.0"] {
            check_version("python3", new).unwrap();
        }
        assert!(matches!(check_version("python3", "pypy"), Err(ToolsError::PythonBroken { .. })));
    }

    #[test]
    fn what_python_and_pip_say_becomes_one_line_that_says_how_to_mend_it() {
        let folder = Path::new("/target/python");
        let debian = "The virtual environment was not created successfully because ensurepip is not\navailable.  On Debian/Ubuntu systems, you need to install the python3-venv\npackage using the following command.\n\n    apt install python3.11-venv\n";
        let offline = "Looking in indexes: http://127.0.0.1:1/simple\nWARNING: Retrying (Retry(total=1, connect=None)) after connection broken by 'NewConnectionError('<…>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/ministack/\nERROR: Could not find a version that satisfies the requirement ministack==1.5.33 (from versions: none)\nERROR: No matching distribution found for ministack==1.5.33\n";
        let old_mirror = "Looking in indexes: https://mirror.example/simple\nERROR: Could not find a version that satisfies the requirement ministack==1.5.33 (from versions: 1.0.7, 1.0.8)\nERROR: No matching distribution found for ministack==1.5.33\n";
        let full = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n";
        let other = "Traceback\nValueError: something else.\n\n";
        let cases = [
            (venv_error("python3", folder, debian), "apt install python3-venv"),
            (venv_error("python3", folder, "/usr/bin/python3: No module named venv"), "apt install python3-venv"),
            (venv_error("python3", folder, full), "Free about 200 MB"),
            (venv_error("python3", folder, other), "something else"),
            (pip_error(folder, offline), "PIP_INDEX_URL"),
            (pip_error(folder, old_mirror), "--python"),
            (pip_error(folder, full), "CARGO_TARGET_DIR"),
            (pip_error(folder, other), "something else"),
        ];
        for (error, mend) in cases {
            let message = error.to_string();
            assert!(message.contains(mend), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }

    #[tokio::test]
    async fn no_python_at_all_says_how_to_get_one() {
        let error = version_of("/nowhere/python3").await.unwrap_err();
        assert!(matches!(error, ToolsError::PythonMissing { .. }), "{error}");
        assert!(error.to_string().contains("apt install python3 python3-venv"));
    }
}
