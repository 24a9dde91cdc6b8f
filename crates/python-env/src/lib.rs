//! What comes from the Python package index: virtual environments for tools, and files that travel inside a wheel: the
//! models that text is read with, and a font.
//!
//! pip is asked for it, so that whatever index and proxy it is set up for is used. What
//! is here is whole: a folder is renamed into place when it is complete. Of processes
//! that ask at once, one installs and the others wait.

pub mod fonts;
mod pip;
pub mod weights;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The oldest Python that everything which is installed runs on.
const OLDEST: (u32, u32) = (3, 10);

/// Hears what an installation is busy with, in one line each.
pub type Tell<'a> = dyn FnMut(&str) + Send + 'a;

/// A virtual environment.
#[derive(Clone, Debug)]
pub struct PythonEnv {
    python: PathBuf,
}

/// Why something could not be installed, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
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
    /// Python is too old.
    #[error("{python} is Python {found}; {}.{} or newer is needed. Install one and name it with --python", OLDEST.0, OLDEST.1)]
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
    /// The index gave another package than the expected one.
    #[error("a package is not the one that was expected: {reason}. Check which package index pip uses")]
    Unexpected {
        /// What pip said.
        reason: String,
    },
    /// The disk is full.
    #[error(
        "no space is left for Python packages in {folder}. Free about 200 MB, or choose another target folder with CARGO_TARGET_DIR"
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

impl PythonEnv {
    /// An environment with everything in `requirements`, in a folder below `parent`
    /// that is named after them and the version of `python`. It is made unless it is
    /// there.
    ///
    /// # Errors
    /// When something that the installation needs is missing; the message says
    /// what, and how to mend it.
    pub async fn install(
        parent: &Path,
        python: &str,
        requirements: &str,
        tell: &mut Tell<'_>,
    ) -> Result<Self, InstallError> {
        let version = pip::version_of(python).await?;
        let folder = parent.join(folder_name(&version, requirements));
        let environment = Self { python: folder.join("bin/python") };
        if !environment.works().await {
            fs::create_dir_all(parent).map_err(|source| io_error(parent, source))?;
            let _lock = lock(parent, tell).await?;
            // Whoever held the lock may have installed it meanwhile.
            if !environment.works().await {
                let partial = partial(&folder)?;
                pip::make(python, &partial, requirements, tell).await?;
                put(&partial, &folder)?;
            }
        }
        Ok(environment)
    }

    /// Its interpreter.
    #[must_use]
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// A folder that is there is whole; its interpreter may have been taken away since.
    async fn works(&self) -> bool {
        self.python.exists() && pip::runs(&self.python).await
    }
}

/// One folder for each Python and list of requirements: when either changes,
/// another environment is made.
fn folder_name(version: &str, requirements: &str) -> String {
    format!("{version}-{:.12x}", Sha256::digest(requirements))
}

/// Puts a folder that travels `inside` a package to where it is looked for, unless it is there.
async fn folder_of(
    folder: &Path,
    inside: &Path,
    requirement: &str,
    python: &str,
    tell: &mut Tell<'_>,
) -> Result<(), InstallError> {
    if folder.is_dir() {
        return Ok(());
    }
    pip::version_of(python).await?;
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(|source| io_error(parent, source))?;
    let _lock = lock(parent, tell).await?;
    if folder.is_dir() {
        return Ok(());
    }
    let partial = partial(folder)?;
    pip::make(python, &partial, requirement, tell).await?;
    put(&pip::packages(&partial.join("bin/python")).await?.join(inside), folder)?;
    remove(&partial)
}

/// Waits for the lock on a folder; it is released when the file is dropped.
async fn lock(folder: &Path, tell: &mut Tell<'_>) -> Result<File, InstallError> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(|source| io_error(&path, source))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => tell("another process is installing, waiting"),
        Err(TryLockError::Error(source)) => return Err(io_error(&path, source)),
    }
    let waited = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    waited.map_err(io::Error::other).flatten().map_err(|source| io_error(&path, source))
}

/// Where a folder is made before it is complete; nothing is there.
fn partial(folder: &Path) -> Result<PathBuf, InstallError> {
    let partial = folder.with_added_extension("partial");
    remove(&partial)?;
    Ok(partial)
}

/// Renames what is complete to where it is looked for.
fn put(complete: &Path, folder: &Path) -> Result<(), InstallError> {
    remove(folder)?;
    fs::rename(complete, folder).map_err(|source| io_error(folder, source))
}

fn remove(folder: &Path) -> Result<(), InstallError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error(folder, source)),
        _ => Ok(()),
    }
}

fn io_error(path: &Path, source: io::Error) -> InstallError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => InstallError::DiskFull { folder: path.to_owned() },
        _ => InstallError::Io { path: path.to_owned(), source },
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
}
