//! Another model behind the same endpoint: an OpenAI-compatible server.

use std::time::Duration;

use crate::answer::Answer;
use crate::bedrock::{Exception, MessagesRequest};

/// An OpenAI-compatible server that is asked instead of reading here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Its base URL, with or without `/v1`, such as `http://127.0.0.1:11434`.
    pub url: String,
    /// The model to ask for; what the server offers first when absent.
    pub model: Option<String>,
    /// How long one answer may take.
    pub timeout: Duration,
}

impl Upstream {
    /// A server with the timeout of Bedrock's slowest answers, five minutes.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), model: None, timeout: Duration::from_secs(300) }
    }
}

pub(crate) struct Client;

impl Client {
    pub(crate) fn new(_upstream: &Upstream) -> Result<Self, String> {
        Ok(Self)
    }

    pub(crate) async fn answer(&self, _request: &MessagesRequest) -> Result<Answer, Exception> {
        std::future::ready(Err(Exception::validation("to come"))).await
    }
}
