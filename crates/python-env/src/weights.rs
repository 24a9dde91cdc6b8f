//! PP-OCRv6 (small), which travels inside the `rapidocr` wheel: 27 MB, pinned to one
//! version and one hash.

use std::path::{Path, PathBuf};

use crate::{InstallError, Tell, folder_of};

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
    folder_of(&folder, Path::new("rapidocr/models"), REQUIREMENT, python, tell).await?;
    Ok(folder)
}
