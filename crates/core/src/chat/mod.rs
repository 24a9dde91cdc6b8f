//! A chat whose answer is passed on while the model writes it: the caller's
//! request, the model's stream, and what goes back over HTTP.

mod access;
mod container;
mod conversation;
mod encoding;
mod json;
mod lines;
mod messages;
mod nova;
mod offer;
mod progress;
mod protocol;
mod refusal;
mod route;
mod stop_reason;
mod tokens;

pub use access::TokenDigest;
pub use conversation::{Conversation, Role, Turn};
pub use encoding::Encoding;
pub use offer::Offer;
pub use protocol::{Decoder, Protocol};
pub use refusal::Refusal;
pub use route::Route;
pub use stop_reason::StopReason;
pub use tokens::TokenCount;

use std::fmt;

use serde::Serialize;

/// A part of an answer, in the order in which the model wrote it.
#[derive(Clone, PartialEq, Eq)]
pub enum AnswerEvent {
    /// Text that follows the text before it.
    Text(String),
    /// The model wants a tool run. No tool is run here, so that the answer is not whole.
    ToolCall(ToolCall),
    /// What the answer was billed for.
    Usage(TokenCount),
    /// The model stopped, and why. Nothing follows.
    Stop(StopReason),
}

/// What a model wants a tool to do. Content, so there is no `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// What it is given, as the model wrote it: JSON, if all is well.
    pub arguments: String,
}

impl fmt::Debug for AnswerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::ToolCall(call) => write!(f, "ToolCall({} bytes)", call.name.len() + call.arguments.len()),
            Self::Usage(tokens) => write!(f, "{tokens:?}"),
            Self::Stop(reason) => write!(f, "Stop({reason:?})"),
        }
    }
}
