//! Answers the requests of the private API with a model on Bedrock.

mod request;
mod response;

use serde::Deserialize;
use serde_json::{Value, json};
use warden_core::{
    Error,
    bedrock::Answer,
    chat::{Conversation, Offer, Refusal},
    ports::{ModelCall, ModelReply, Models},
};
use warden_lambda::{
    metrics,
    rest_api::{Request, RequestContext},
};

use crate::request::{Asked, asked};
pub use crate::response::Response;

/// Seconds for an answer when `MODEL_TIMEOUT_SECONDS` is not set: API Gateway
/// gives up after 29, and then nobody hears why.
pub const DEFAULT_MODEL_TIMEOUT_SECONDS: u64 = 25;

/// What the function needs, made once at start.
pub struct GenerateApi<M> {
    /// The model that is asked.
    pub models: M,
    /// What callers may ask for.
    pub offer: Offer,
}

/// Why the model stopped, in its own words, which callers know. Nova spells the field in its own way.
#[derive(Deserialize)]
struct Stopped {
    #[serde(alias = "stopReason")]
    stop_reason: Option<String>,
}

impl<M: Models> GenerateApi<M> {
    /// Answers a request. Whatever fails after the event was read is an HTTP
    /// response, too.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for an event that is not an API Gateway request.
    pub async fn handle(&self, event: Value) -> Result<Response, Error> {
        let mut request = Request::read(event)?;
        let asked = asked(&mut request, &self.offer);
        let context = request.context();
        let answer = match asked {
            Ok(Asked::Models) => Ok(Response::models(&self.offer)),
            Ok(Asked::Answer(conversation)) => self.answer(&conversation, context).await.map_err(Refusal::Error),
            Err(refusal) => Err(refusal),
        };
        Ok(answer.unwrap_or_else(|refusal| {
            context.log_refusal(&refusal);
            Response::refusal(&refusal)
        }))
    }

    async fn answer(&self, conversation: &Conversation, context: &RequestContext) -> Result<Response, Error> {
        let metadata = context.metadata();
        let body = conversation.bedrock_body();
        let call = ModelCall { model_id: &conversation.model.called, body, request_metadata: Some(&metadata) };
        let reply = match self.models.invoke(call).await? {
            ModelReply::Answer(answer) => answer,
            ModelReply::TooLong => return Err(Error::conversation_too_long()),
            ModelReply::OverBudget => return Err(Error::ModelThrottled { code: "DailyBudget".into() }),
            ModelReply::ImageRejected => {
                return Err(Error::Internal { problem: "Bedrock refuses an image where none was sent".into() });
            }
        };
        let answer = Answer::parse(&reply.body)?;
        let stop_reason = if answer.guardrail_intervened {
            Some("guardrail_intervened".to_owned())
        } else {
            serde_json::from_slice(&reply.body).ok().and_then(|stopped: Stopped| stopped.stop_reason)
        };
        tracing::info!(
            request_id = context.request_id,
            caller = context.identity.caller(),
            model_id = conversation.model.called,
            input_tokens = answer.usage.input_tokens,
            output_tokens = answer.usage.output_tokens,
            latency_ms = reply.latency_ms,
            stop_reason,
            "request answered"
        );
        metrics::model_answer(&conversation.model.called, answer.usage, reply.latency_ms);
        Ok(Response::json(&json!({"completion": answer.text, "stop_reason": stop_reason, "usage": answer.usage})))
    }
}

#[cfg(test)]
mod tests;
