//! A chat with a model on Bedrock whose answer is passed on while it is written.

use warden_core::{chat::Protocol, ports::StreamingModel};
use warden_lambda::chat::{Chat, ChatSettings};

/// The function: a chat in which the model is sent Messages.
#[must_use]
pub fn chat<M: StreamingModel>(model: M, settings: ChatSettings) -> Chat<M> {
    Chat::new(model, Protocol::Bedrock, settings)
}

#[cfg(test)]
mod tests;
