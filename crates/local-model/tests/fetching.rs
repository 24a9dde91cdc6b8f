//! What stands between a fresh machine and the OCR models, and what is said about it.

#![cfg(unix)]
#![allow(clippy::expect_used, reason = "in a test a panic is the report")]

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the endpoint with a cache and a search path of its own.
fn endpoint(cache: &Path, path: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warden-local-model"));
    command.args(["--listen", "127.0.0.1:0", "--cache"]).arg(cache).env("PATH", path);
    command
}

fn failure(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    assert!(!output.status.success());
    String::from_utf8(output.stderr).expect("text")
}

/// A folder with a `python3` that is this shell script.
fn python(folder: &Path, script: &str) -> String {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).expect("a folder");
    fs::write(bin.join("python3"), format!("#!/bin/sh\n{script}\n")).expect("a file");
    fs::set_permissions(bin.join("python3"), Permissions::from_mode(0o755)).expect("its mode");
    format!("{}:/bin:/usr/bin", bin.display())
}

#[test]
fn a_machine_without_python_is_told_to_install_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = failure(&mut endpoint(folder.path(), "/nowhere"));
    assert!(said.contains("python3 was not found"), "{said}");
}

#[test]
fn a_python_without_venv_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = python(folder.path(), "echo \"No module named venv\" >&2; exit 1");
    let said = failure(&mut endpoint(&folder.path().join("cache"), &path));
    assert!(said.contains("No module named venv") && said.contains("apt install python3-venv"), "{said}");
}

/// A `python3` whose venv has a `python` that fails as pip does.
const NO_INDEX: &str = r#"mkdir -p "$3/bin"
printf '#!/bin/sh\necho "WARNING: Retrying" >&2\necho "ERROR: No matching distribution found" >&2\nexit 1\n' > "$3/bin/python"
chmod +x "$3/bin/python""#;

#[test]
fn an_index_that_cannot_be_reached_is_named_with_what_pip_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let path = python(folder.path(), NO_INDEX);
    let said = failure(&mut endpoint(&cache, &path));
    assert!(said.contains("could not download rapidocr"), "{said}");
    assert!(said.contains("No matching distribution found") && !said.contains("Retrying"), "{said}");
    let left: Vec<_> =
        fs::read_dir(&cache).expect("it is there").map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().starts_with("pp-ocr")),
        "nothing half done is kept: {left:?}"
    );
}

#[test]
fn processes_that_fetch_at_once_take_turns() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    fs::create_dir_all(&cache).expect("a folder");
    let lock = File::create(cache.join("fetch.lock")).expect("a file");
    lock.lock().expect("a lock");
    let path = python(folder.path(), NO_INDEX);
    let mut child = endpoint(&cache, &path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut said = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    assert!(line.contains("waiting for another process"), "{line}");
    lock.unlock().expect("unlocked");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("text");
    assert!(rest.contains("downloading"), "{rest}");
    assert!(!child.wait().expect("it ends").success());
}
