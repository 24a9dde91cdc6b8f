//! PP-OCRv6 (small), which travels inside the `rapidocr` wheel: 27 MB, pinned to one
//! version and one hash.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{InstallError, Tell, io_error, lock, partial, pip, put, remove};

const VERSION: &str = "3.10.0";
/// What the layer of `infra/audit.yaml` is made of, too.
const REQUIREMENT: &str = include_str!("../weights/requirements.txt");

/// Puts the models into a folder below `parent`, unless they are there, and returns
/// that folder.
///
/// # Errors
/// As of [`PythonEnv::install`](crate::PythonEnv::install).
pub async fn install(parent: &Path, python: &str, tell: &mut Tell<'_>) -> Result<PathBuf, InstallError> {
    let folder = parent.join(format!("rapidocr-{VERSION}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    pip::version_of(python).await?;
    fs::create_dir_all(parent).map_err(|source| io_error(parent, source))?;
    let _lock = lock(parent, tell).await?;
    if folder.is_dir() {
        return Ok(folder);
    }
    let partial = partial(&folder)?;
    pip::make(python, &partial, REQUIREMENT, tell).await?;
    let models = pip::packages(&partial.join("bin/python")).await?.join("rapidocr").join("models");
    put(&models, &folder)?;
    remove(&partial)?;
    Ok(folder)
}
