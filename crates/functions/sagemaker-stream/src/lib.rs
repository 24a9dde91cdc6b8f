//! A chat with a model behind a SageMaker endpoint whose answer is passed on
//! while it is written.

mod settings;

use warden_core::{chat::Protocol, ports::StreamingModel};
use warden_lambda::chat::{Chat, ChatSettings};

pub use settings::EndpointSettings;

/// The function: a chat in which the model's container is sent what it takes.
#[must_use]
pub fn chat<M: StreamingModel>(model: M, protocol: Protocol, settings: ChatSettings) -> Chat<M> {
    Chat::new(model, protocol, settings)
}

#[cfg(test)]
mod tests;
