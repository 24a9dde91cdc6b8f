//! The model behind the functions. The only user of the local model's crate.

use std::time::Duration;

use warden_local_model::{Config, Server, StartError, Upstream};

pub use warden_local_model::{Calls, Fault, Faults, Operation, RecordPlace, Records, Streams};

use crate::output::Console;
use crate::tools::{self, InstallError};
use crate::workspace::Workspace;

/// What a model's words wait for where people watch: a fast reader's pace.
pub const WORD_DELAY: Duration = Duration::from_millis(40);

/// Who answers as the model.
#[derive(Clone, Debug, Default)]
pub struct ModelOptions {
    /// An OpenAI-compatible server to ask instead of reading images here.
    pub upstream: Option<String>,
    /// Which of that server's models to ask.
    pub upstream_model: Option<String>,
    /// Faults that a test orders.
    pub faults: Faults,
    /// The records of its calls; none are written until it is told where.
    pub records: Records,
    /// How many calls may be open at once, those that wait included; as many as the model takes unless it is set.
    pub open_calls: Option<usize>,
    /// How long a stream waits before each word.
    pub word_delay: Duration,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// What it reads with could not be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Installs what the model reads with, unless another server reads for it.
///
/// # Errors
/// When Python or the package index is missing.
pub async fn prepare(
    workspace: &Workspace,
    python: &str,
    options: &ModelOptions,
    console: &Console,
) -> Result<Config, ModelError> {
    let mut config = match &options.upstream {
        Some(url) => Config::upstream(Upstream { model: options.upstream_model.clone(), ..Upstream::new(url) }),
        None => Config::reading(tools::weights(workspace, python, console).await?),
    };
    config.faults = options.faults.clone();
    config.records = options.records.clone();
    config.word_delay = options.word_delay;
    config.open_calls = options.open_calls.unwrap_or(config.open_calls);
    Ok(config)
}

/// Starts the model on a free port of 127.0.0.1.
///
/// # Errors
/// When no port is free, or the upstream's URL is none.
pub async fn start(config: Config) -> Result<Server, ModelError> {
    Ok(Server::start(config).await?)
}
