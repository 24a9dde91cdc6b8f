//! How other commands find a system that is kept running.

use std::fs;
use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::audit::Address;
use crate::workspace::Workspace;

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    process: u32,
    address: Address,
}

/// The file that says where the running system is; it goes away with the system.
#[derive(Debug)]
pub struct RunningFile {
    path: PathBuf,
}

/// Why no running system was found, or another one is in the way.
#[derive(Debug, thiserror::Error)]
pub enum RunningError {
    /// Nothing runs.
    #[error("nothing is running. Start the system with `cargo run --bin warden-local -- up` and leave it open")]
    NotRunning,
    /// The file is there, but nobody answers: it was left behind.
    #[error(
        "nothing is running any more: process {0} left without a word. Start the system with `cargo run --bin warden-local -- up`"
    )]
    LeftBehind(u32),
    /// A system runs already.
    #[error("a system is running already, as process {0}. Use it, or end it with Ctrl-C first")]
    Already(u32),
    /// The file cannot be written or read.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl RunningFile {
    /// Says where this process's system is.
    ///
    /// # Errors
    /// When another system runs, or the file cannot be written.
    pub fn write(path: PathBuf, address: &Address) -> Result<Self, RunningError> {
        refuse_second(&path)?;
        let content = Content { process: std::process::id(), address: address.clone() };
        let text = serde_json::to_string_pretty(&content).map_err(io::Error::other);
        match text.and_then(|text| fs::write(&path, text)) {
            Ok(()) => Ok(Self { path }),
            Err(source) => Err(RunningError::Io { path, source }),
        }
    }
}

/// Where the file is, unless it is named.
#[must_use]
pub fn file(workspace: &Workspace) -> PathBuf {
    workspace.made("running.json")
}

/// Fails when a system runs already.
///
/// # Errors
/// As it says.
pub fn refuse_second(path: &Path) -> Result<(), RunningError> {
    match read(path) {
        Ok(Some(content)) if answers(&content.address) => Err(RunningError::Already(content.process)),
        // What was left behind, or cannot be read, is written over.
        _ => Ok(()),
    }
}

impl Drop for RunningFile {
    fn drop(&mut self) {
        // Left behind, it is noticed by whoever reads it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Where the running system is.
///
/// # Errors
/// When nothing runs.
pub fn find(path: &Path) -> Result<Address, RunningError> {
    match read(path) {
        Ok(Some(content)) if answers(&content.address) => Ok(content.address),
        Ok(Some(content)) => {
            let _ = fs::remove_file(path);
            Err(RunningError::LeftBehind(content.process))
        }
        Ok(None) => Err(RunningError::NotRunning),
        Err(source) => Err(RunningError::Io { path: path.to_owned(), source }),
    }
}

fn read(path: &Path) -> io::Result<Option<Content>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether somebody listens there. A port that another program took meanwhile
/// fails at the first call.
fn answers(address: &Address) -> bool {
    let place = address.endpoint.trim_start_matches("http://");
    TcpStream::connect(place).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::TcpListener;

    use super::*;

    fn at(endpoint: String) -> Address {
        Address {
            endpoint,
            model_endpoint: "http://127.0.0.1:1".into(),
            stack: "warden-local".into(),
            outputs: BTreeMap::new(),
            state_machine: "arn".into(),
            alert_queue: "queue".into(),
        }
    }

    #[test]
    fn a_running_system_is_found_and_a_second_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("running.json");
        let engine = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = at(format!("http://{}", engine.local_addr().unwrap()));

        let running = RunningFile::write(path.clone(), &address).unwrap();

        assert_eq!(find(&path).unwrap(), address);
        assert!(matches!(RunningFile::write(path.clone(), &address), Err(RunningError::Already(_))));
        drop(running);
        assert!(matches!(find(&path), Err(RunningError::NotRunning)));
    }

    #[test]
    fn a_file_that_was_left_behind_is_noticed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("running.json");
        let left = RunningFile::write(path.clone(), &at("http://127.0.0.1:9".to_owned())).unwrap();

        let error = find(&path).unwrap_err();

        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        assert!(matches!(find(&path), Err(RunningError::NotRunning)));
        drop(left);
    }

    #[test]
    fn a_file_that_holds_something_else_is_told_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("running.json");
        fs::write(&path, "{").unwrap();
        assert!(matches!(find(&path), Err(RunningError::Io { .. })));
        let engine = TcpListener::bind("127.0.0.1:0").unwrap();
        RunningFile::write(path, &at(format!("http://{}", engine.local_addr().unwrap()))).unwrap();
    }
}
