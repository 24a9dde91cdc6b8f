//! A chat whose answer is passed on while the model writes it: the caller's
//! request, the model's stream, and what goes back over HTTP.

mod access;
mod conversation;
mod encoding;
mod failure;
mod lines;
mod messages;
mod protocol;
mod route;

pub use access::TokenDigest;
pub use conversation::{Conversation, Offer, Role, Turn};
pub use encoding::Encoding;
pub use failure::Failure;
pub use protocol::{Decoder, Protocol};
pub use route::Route;

use std::fmt;

use crate::bedrock::Usage;

/// A part of an answer, in the order in which the model wrote it.
#[derive(Clone, PartialEq, Eq)]
pub enum AnswerEvent {
    /// Text that follows the text before it.
    Text(String),
    /// What the answer was billed for.
    Usage(Usage),
    /// The model stopped, and why. Nothing follows.
    Stop(String),
}

impl fmt::Debug for AnswerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Usage(usage) => write!(f, "{usage:?}"),
            Self::Stop(reason) => write!(f, "Stop({reason})"),
        }
    }
}
