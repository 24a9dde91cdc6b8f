//! The evaluation: a program of its own, so that what it draws and measures with costs nobody else a build.

use std::path::PathBuf;
use std::process::ExitStatus;

use tokio::process::Command;
use warden_python_env::fonts;

use crate::functions::{self, FunctionsError};
use crate::model::{self, ModelError, ModelOptions};
use crate::output::Console;
use crate::tools::{self, InstallError};
use crate::workspace::Workspace;

/// The package and executable that judges and measures.
const PROGRAM: &str = "warden-evaluation";
/// What says that the local stand-in is among those that judge.
const LOCAL: &str = "--local";
/// What says that nothing is to be judged.
const ASKS_ONLY: [&str; 4] = ["--help", "-h", "--version", "-V"];

/// Why the evaluation did not run.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// It could not be built.
    #[error(transparent)]
    Build(#[from] FunctionsError),
    /// What reads text, or the font, could not be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The local stand-in did not start.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The program could not be run.
    #[error("{path} could not be run: {source}")]
    Run {
        /// The program.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// Builds the evaluation, installs what it needs and runs it with these arguments.
///
/// # Errors
/// When one of that fails. What the program itself says of failure is its status.
pub async fn run(
    workspace: &Workspace,
    arguments: &[String],
    python: &str,
    console: &Console,
) -> Result<ExitStatus, EvaluateError> {
    let has = |name: &str| arguments.iter().any(|argument| argument.split('=').next() == Some(name));
    let executables = functions::executables(workspace, &[PROGRAM.to_owned()], "dev", console).await?;
    let program = executables.into_iter().next().ok_or_else(|| FunctionsError::NoExecutable(PROGRAM.to_owned()))?;
    let mut command = Command::new(&program);
    command.args(arguments).kill_on_drop(true);
    if ASKS_ONLY.iter().any(|name| has(name)) {
        command.env("RECOGNIZER_WEIGHTS_DIR", "");
    } else {
        command.arg("--weights").arg(tools::weights(workspace, python, console).await?);
        let mut tell = |said: &str| console.say(&format!("     {said}"));
        let font = fonts::install(&workspace.made("fonts"), python, &mut tell).await?;
        command.arg("--japanese-font").arg(font);
        if !has("--out") {
            command.arg("--out").arg(workspace.made("evaluation"));
        }
    }
    let model = if has(LOCAL) {
        let config = model::prepare(workspace, python, &ModelOptions::default(), console).await?;
        Some(model::start(config).await?)
    } else {
        None
    };
    if let Some(model) = &model {
        command.arg("--local-url").arg(model.url());
        let around = std::env::var("NO_PROXY").unwrap_or_default();
        command.env("NO_PROXY", format!("{around},127.0.0.1").trim_start_matches(','));
    }
    let status = command.status().await.map_err(|source| EvaluateError::Run { path: program, source });
    drop(model);
    status
}
