//! The streaming chat on this machine: the local model, a streaming function
//! behind a URL, and the terminal client.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use sha2::{Digest as _, Sha256};
use warden_local_model::Server;

use crate::functions::{self, FunctionsError};
use crate::model::{self, Calls, ModelError, ModelOptions, WORD_DELAY};
use crate::output::Console;
use crate::streaming_host::{Front, Function, StreamingHost, StreamingHostError};
use crate::workspace::Workspace;

/// The client's package.
const CLIENT: &str = "warden-chat";
/// How many calls the function takes at once.
const INSTANCES: usize = 2;
/// The name of the endpoint that the local model plays.
const ENDPOINT: &str = "local-chat";
/// The language of its container.
const CONTAINER: &str = "openai-sse";

/// A streaming function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamingFunction {
    /// The one that asks Bedrock.
    #[default]
    Bedrock,
    /// The one that asks a `SageMaker` endpoint.
    SageMaker,
}

impl StreamingFunction {
    const fn package(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock-stream",
            Self::SageMaker => "sagemaker-stream",
        }
    }
}

/// How the chat runs.
#[derive(Clone, Debug)]
pub struct ChatOptions {
    /// Which functions listen.
    pub functions: Vec<StreamingFunction>,
    /// The Cargo profile that they are built with.
    pub profile: String,
    /// The Python whose pip downloads what the model reads with.
    pub python: String,
    /// Who answers as the model.
    pub model: ModelOptions,
    /// Further settings of the functions.
    pub settings: Vec<(&'static str, String)>,
}

impl Default for ChatOptions {
    fn default() -> Self {
        Self {
            functions: vec![StreamingFunction::Bedrock],
            profile: "dev".to_owned(),
            python: "python3".into(),
            model: ModelOptions { word_delay: WORD_DELAY, ..ModelOptions::default() },
            settings: Vec::new(),
        }
    }
}

/// Functions that stream, and whom they ask. They end with this.
#[derive(Debug)]
pub struct Chat {
    // The functions end first: they are what calls the model.
    functions: Vec<(StreamingFunction, StreamingHost)>,
    model: Server,
    client: PathBuf,
    token: String,
}

/// Why the chat did not start.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// There is no model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Function or client could not be built.
    #[error(transparent)]
    Functions(#[from] FunctionsError),
    /// A function does not listen.
    #[error(transparent)]
    StreamingHost(#[from] StreamingHostError),
    /// The client could not be run.
    #[error("{path} could not be run: {source}")]
    Client {
        /// The client.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

impl Chat {
    /// Builds and starts everything but the client.
    ///
    /// # Errors
    /// When a part cannot be built or started. What was started by then ends.
    pub async fn up(workspace: &Workspace, options: &ChatOptions, console: &Console) -> Result<Self, ChatError> {
        let config = model::prepare(workspace, &options.python, &options.model, console).await?;
        let functions = options.functions.iter().map(|function| function.package());
        let packages: Vec<_> = functions.chain([CLIENT]).map(str::to_owned).collect();
        let mut executables = functions::executables(workspace, &packages, &options.profile, console).await?;
        let client = executables.pop().ok_or_else(|| FunctionsError::NoExecutable(CLIENT.to_owned()))?;

        let step = console.step("starting the local model and the function");
        let model = model::start(config).await?;
        let token = token();
        let mut started = Self { functions: Vec::new(), model, client, token };
        for (function, executable) in options.functions.iter().zip(&executables) {
            let url = StreamingHost::start(started.function(*function, executable, &options.settings)).await?;
            started.functions.push((*function, url));
        }
        step.done();
        Ok(started)
    }

    /// Where a function listens, if it was asked for.
    #[must_use]
    pub fn url(&self, function: StreamingFunction) -> Option<&str> {
        self.functions.iter().find_map(|(known, url)| (*known == function).then(|| url.url()))
    }

    /// The token that the functions ask for, made anew each time.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What the model was asked.
    #[must_use]
    pub fn model_calls(&self) -> Calls {
        self.model.calls()
    }

    /// The client for a function, which is given its URL and token.
    #[must_use]
    pub fn client(&self, function: StreamingFunction) -> Command {
        let mut command = Command::new(&self.client);
        command.env("WARDEN_CHAT_URL", self.url(function).unwrap_or_default());
        command.env("WARDEN_CHAT_TOKEN", &self.token);
        command
    }

    /// Runs the client on this terminal until it ends.
    ///
    /// # Errors
    /// When it cannot be run.
    pub async fn converse(&self, function: StreamingFunction, arguments: &[String]) -> Result<ExitStatus, ChatError> {
        let mut command = tokio::process::Command::from(self.client(function));
        let status = command.args(arguments).kill_on_drop(true).status().await;
        status.map_err(|source| ChatError::Client { path: self.client.clone(), source })
    }

    fn function<'a>(
        &self,
        function: StreamingFunction,
        executable: &'a Path,
        settings: &[(&'static str, String)],
    ) -> Function<'a> {
        let model = self.model.url();
        let mut environment = vec![
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", model.clone()),
            ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", model),
            ("CHAT_TOKEN_SHA256", format!("{:x}", Sha256::digest(&self.token))),
        ];
        if function == StreamingFunction::SageMaker {
            environment.push(("SAGEMAKER_ENDPOINT_NAME", ENDPOINT.to_owned()));
            environment.push(("SAGEMAKER_PROTOCOL", CONTAINER.to_owned()));
        }
        // Of two settings of one name the later counts.
        environment.extend(settings.iter().cloned());
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let name = function.package();
        Function { name, executable, environment, instances: INSTANCES, front: Front::FunctionUrl }
    }
}

/// A token for one run: it does not keep out those who can read this process's memory.
fn token() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_another_token() {
        assert_eq!(token().len(), 32);
        assert_ne!(token(), token());
    }
}
