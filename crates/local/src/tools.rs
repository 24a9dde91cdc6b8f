//! What is installed from the Python package index, below the target folder.

use std::path::PathBuf;

use warden_python_env::{PythonEnv, weights};

use crate::output::Console;
use crate::workspace::Workspace;

pub use warden_python_env::InstallError;

/// The engine and what it loads, each at one version.
const ENGINE: &str = include_str!("../engine/requirements.txt");

/// The environment that the engine runs in; it is installed unless it is there.
///
/// # Errors
/// When something that the installation needs is missing; the message says what, and
/// how to mend it.
pub async fn engine(workspace: &Workspace, python: &str, console: &Console) -> Result<PythonEnv, InstallError> {
    let mut step = None;
    let mut tell = |said: &str| {
        step.get_or_insert_with(|| console.step_beside("installing the Python tools (once)")).detail(said);
    };
    let installed = PythonEnv::install(&workspace.made("python"), python, ENGINE, &mut tell).await?;
    if let Some(step) = step {
        step.done();
    }
    Ok(installed)
}

/// The folder of the models that the local model reads text with, as above.
///
/// # Errors
/// As above.
pub async fn weights(workspace: &Workspace, python: &str, console: &Console) -> Result<PathBuf, InstallError> {
    let mut step = None;
    let mut tell = |said: &str| {
        step.get_or_insert_with(|| console.step_beside("downloading the OCR models (27 MB, once)")).detail(said);
    };
    let folder = weights::install(&workspace.made("models"), python, &mut tell).await?;
    if let Some(step) = step {
        step.done();
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_names_one_exact_version() {
        let lines = ENGINE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            assert!(line.split(';').next().is_some_and(|pin| pin.contains("==")), "{line} is not pinned");
        }
    }
}
