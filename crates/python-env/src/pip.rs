//! Running Python and its pip, and understanding what they say.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use crate::{InstallError, OLDEST, Tell, io_error};

/// Settings of the user's that would send packages elsewhere than into the environment.
const MISLEADING: [&str; 6] =
    ["PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME"];

/// The longest line of what was said that is told on, in characters.
const LONGEST: usize = 300;

/// Makes a virtual environment with everything in `requirements`.
pub(crate) async fn make(
    python: &str,
    folder: &Path,
    requirements: &str,
    tell: &mut Tell<'_>,
) -> Result<(), InstallError> {
    tell("making a virtual environment");
    let output = quiet_command(python)
        .args(["-m", "venv"])
        .arg(folder)
        .output()
        .await
        .map_err(|source| InstallError::Failed { what: "python3 -m venv", reason: source.to_string() })?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(venv_error(python, folder, &String::from_utf8_lossy(&said)));
    }

    let list = folder.join("requirements.txt");
    fs::write(&list, requirements).map_err(|source| io_error(&list, source))?;
    let mut pip = quiet_command(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--requirement"]).arg(&list);
    pip.args(["--no-deps", "--only-binary", ":all:", "--no-compile", "--no-user", "--no-input"]);
    pip.args(["--progress-bar", "off", "--disable-pip-version-check"]);
    let (success, said) = run_told(pip, tell).await?;
    if !success {
        return Err(pip_error(folder, &said));
    }
    Ok(())
}

/// Whether an interpreter does anything at all.
pub(crate) async fn runs(python: &Path) -> bool {
    quiet_command(python).args(["-c", ""]).status().await.is_ok_and(|status| status.success())
}

/// The folder that an environment keeps its packages in.
pub(crate) async fn packages(python: &Path) -> Result<PathBuf, InstallError> {
    let script = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let output = quiet_command(python).args(["-c", script]).output().await;
    let output = output.map_err(|source| InstallError::Failed { what: "python", reason: source.to_string() })?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Runs pip, tells its progress, and keeps what it said.
async fn run_told(mut command: Command, tell: &mut Tell<'_>) -> Result<(bool, String), InstallError> {
    let failed = |source: io::Error| InstallError::Failed { what: "pip", reason: source.to_string() };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (out, err) = tokio::join!(tell_lines(stdout, Some(tell)), tell_lines(stderr, None));
    let status = child.wait().await.map_err(failed)?;
    Ok((status.success(), out + &err))
}

async fn tell_lines(stream: Option<impl AsyncRead + Unpin>, mut tell: Option<&mut Tell<'_>>) -> String {
    let mut said = String::new();
    let Some(stream) = stream else { return said };
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(tell) = &mut tell {
            // Where a requirement stands in the list helps nobody.
            tell(line.split(" (from ").next().unwrap_or(&line).trim());
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

/// The version of an interpreter, if it is one that will do.
pub(crate) async fn version_of(python: &str) -> Result<String, InstallError> {
    let script = "import sys; print('.'.join(map(str, sys.version_info[:3])))";
    let output = quiet_command(python).args(["-c", script]).output().await.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => InstallError::PythonMissing { python: python.to_owned() },
        _ => InstallError::PythonBroken { python: python.to_owned(), reason: source.to_string() },
    })?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        let reason = last_line(&String::from_utf8_lossy(&output.stderr));
        return Err(InstallError::PythonBroken { python: python.to_owned(), reason });
    }
    check_version(python, &said)?;
    Ok(said)
}

fn check_version(python: &str, said: &str) -> Result<(), InstallError> {
    let mut numbers = said.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST => Ok(()),
        (Some(Ok(_)), Some(Ok(_))) => {
            Err(InstallError::PythonTooOld { python: python.to_owned(), found: said.to_owned() })
        }
        _ => Err(InstallError::PythonBroken { python: python.to_owned(), reason: "it gives no version".to_owned() }),
    }
}

fn venv_error(python: &str, folder: &Path, said: &str) -> InstallError {
    if is_disk_full(said) {
        return InstallError::DiskFull { folder: folder.to_owned() };
    }
    let missing = ["ensurepip", "No module named venv", "No module named 'venv'"];
    if missing.iter().any(|text| said.contains(text)) {
        return InstallError::VenvMissing { python: python.to_owned() };
    }
    InstallError::Failed { what: "python3 -m venv", reason: last_line(said) }
}

fn pip_error(folder: &Path, said: &str) -> InstallError {
    if is_disk_full(said) {
        return InstallError::DiskFull { folder: folder.to_owned() };
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
        return InstallError::IndexUnreachable { reason: shorten(line) };
    }
    if said.contains("DO NOT MATCH THE HASHES") {
        return InstallError::Unexpected { reason: last_line(said) };
    }
    let missing = ["No matching distribution found", "Could not find a version"];
    if let Some(line) = said.lines().rev().find(|line| missing.iter().any(|text| line.contains(text))) {
        return InstallError::PackageMissing { reason: shorten(line) };
    }
    InstallError::Failed { what: "pip install", reason: last_line(said) }
}

fn is_disk_full(said: &str) -> bool {
    said.contains("No space left on device") || said.contains("Disk quota exceeded")
}

fn last_line(said: &str) -> String {
    said.lines().rev().find(|line| !line.trim().is_empty()).map_or_else(|| "it said nothing".to_owned(), shorten)
}

fn shorten(line: &str) -> String {
    let line = line.trim().trim_start_matches("ERROR: ").trim_start_matches("WARNING: ").trim_end_matches('.');
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_python_is_refused_by_its_version() {
        for old in ["2.7.18", "3.6.15", "3.9.18"] {
            let message = check_version("python3", old).unwrap_err().to_string();
            assert!(message.contains(old) && message.contains("3.10 or newer"), "{message}");
        }
        for new in ["3.10.0", "3.14.1", "4.0.0"] {
            check_version("python3", new).unwrap();
        }
        assert!(matches!(check_version("python3", "pypy"), Err(InstallError::PythonBroken { .. })));
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
        assert!(matches!(error, InstallError::PythonMissing { .. }), "{error}");
        assert!(error.to_string().contains("apt install python3 python3-venv"));
    }
}
