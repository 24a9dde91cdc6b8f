//! What is answered to a request: its form, and its content.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::bedrock::{Exception, MessagesRequest, Usage};

/// An answer before the request's limits apply.
pub(crate) struct Answer {
    pub(crate) content: Content,
    /// What whoever answered counted, if it counts.
    pub(crate) usage: Option<Usage>,
    /// Whether whoever answered was stopped by `max_tokens`.
    pub(crate) cut: bool,
}

/// What an answer says.
pub(crate) enum Content {
    Text(String),
    Tool { name: String, input: Value },
    Refusal,
}

/// Answers by reading.
pub(crate) struct Reader {}

impl Reader {
    pub(crate) fn new(_weights: PathBuf, _concurrency: usize) -> Self {
        Self {}
    }

    pub(crate) async fn answer(&self, _request: Arc<MessagesRequest>) -> Result<Answer, Exception> {
        let content = Content::Text("This local model reads text and finds faces; it cannot answer this.".to_owned());
        std::future::ready(Ok(Answer { content, usage: None, cut: false })).await
    }
}

/// Roughly the tokens of a text: four ASCII characters, or one other, make one.
pub(crate) fn tokens(text: &str) -> u64 {
    let ascii = text.chars().filter(char::is_ascii).count();
    let other = text.chars().count() - ascii;
    u64::try_from(ascii.div_ceil(4) + other).unwrap_or(u64::MAX)
}
