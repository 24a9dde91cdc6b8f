//! `IPAex` Gothic, a font with Japanese characters, which travels inside the `matplotlib-fontja` wheel: 4 MB, pinned to one
//! version and one hash. Only pictures for the evaluation are drawn with it.

use std::path::{Path, PathBuf};

use crate::{InstallError, Tell, folder_of};

const VERSION: &str = "1.1.0";
const REQUIREMENT: &str = include_str!("../fonts/requirements.txt");

/// Puts the font into a folder below `parent`, unless it is there, and returns its file.
///
/// # Errors
/// As of [`PythonEnv::install`](crate::PythonEnv::install).
pub async fn install(parent: &Path, python: &str, tell: &mut Tell<'_>) -> Result<PathBuf, InstallError> {
    let folder = parent.join(format!("fontja-{VERSION}"));
    folder_of(&folder, Path::new("matplotlib_fontja/fonts"), REQUIREMENT, python, tell).await?;
    Ok(folder.join("ipaexg.ttf"))
}
