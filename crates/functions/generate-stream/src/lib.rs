//! Answers the private API's streaming path while a model on Bedrock writes.

use http::Response;
use serde_json::Value;
use warden_core::{
    chat::{Conversation, Encoding, Offer, Protocol, Refusal},
    ports::StreamingModel,
};
use warden_lambda::{
    rest_api::Request,
    streaming::{Asker, Body, StreamLimits, Streamer, refused},
};

const PATHS: &str = "POST /stream asks for a stream";

/// What the function needs, made once at start.
pub struct GenerateStream<M> {
    streamer: Streamer<M>,
    offer: Offer,
}

impl<M: StreamingModel> GenerateStream<M> {
    /// The function, with what callers may ask for and how long that may take.
    #[must_use]
    pub const fn new(model: M, offer: Offer, limits: StreamLimits) -> Self {
        Self { streamer: Streamer::new(model, Protocol::Bedrock, limits), offer }
    }

    /// The model that is asked.
    pub const fn model(&self) -> &M {
        self.streamer.model()
    }

    /// Answers an event of API Gateway. Every outcome is a response: a failure
    /// before the answer's first byte has a status, one after it stands in the
    /// body. An event without a request's id goes by the invocation's.
    pub async fn handle(&self, event: Value, invocation_id: &str) -> Response<Body> {
        let mut request = match Request::read(event) {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(%error, "event refused");
                return refused(&error.into());
            }
        };
        let answer = self.respond(&mut request, invocation_id).await;
        let context = request.context();
        answer.unwrap_or_else(|refusal| {
            context.log_refusal(&refusal);
            refused(&refusal)
        })
    }

    async fn respond(&self, request: &mut Request, invocation_id: &str) -> Result<Response<Body>, Refusal> {
        match (request.resource(), request.method()) {
            ("/stream", "POST") => {}
            ("/stream", _) => return Err(Refusal::MethodNotAllowed { allowed: "POST" }),
            _ => return Err(Refusal::NotFound { paths: PATHS }),
        }
        let conversation = Conversation::read(&request.take_body()?, &self.offer)?;
        let context = request.context();
        let metadata = context.metadata();
        let asker = Asker {
            request_id: context.request_id.as_deref().unwrap_or(invocation_id),
            encoding: Encoding::of(request.header("accept")),
            request_metadata: Some(&metadata),
        };
        let response = self.streamer.answer(&conversation, asker).await?;
        tracing::info!(
            request_id = context.request_id,
            caller = context.identity.caller(),
            model_id = conversation.model.called,
            "answer begun"
        );
        Ok(response)
    }
}

#[cfg(test)]
mod tests;
