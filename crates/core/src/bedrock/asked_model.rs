//! The model that a function asks.

use super::Capabilities;
use crate::{
    error::Error,
    ports::{ModelCall, ModelReply, Models},
};

/// One of the models on Bedrock, and what may be sent to it.
#[derive(Debug)]
pub struct AskedModel<M> {
    /// How it is reached.
    pub models: M,
    /// Id or ARN of the model or inference profile.
    pub id: String,
    /// The fields that it takes.
    pub capabilities: Capabilities,
    /// Most tokens of an answer, thinking included.
    pub max_tokens: u32,
}

impl<M: Models> AskedModel<M> {
    /// Sends it a Messages body.
    ///
    /// # Errors
    /// Those of [`Models::invoke`].
    pub async fn ask(&self, body: Vec<u8>) -> Result<ModelReply, Error> {
        self.models.invoke(ModelCall { model_id: &self.id, body, request_metadata: None }).await
    }
}
