//! What every call passes through: the fault that was ordered for it, the checks of
//! its body, whoever answers, and the limits of its answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::answer::{self, Answer, Reader};
use crate::bedrock::exception::Kind;
use crate::bedrock::model::{self, Family, Model};
use crate::bedrock::{Exception, MessagesRequest, MessagesResponse, StopReason, Usage, nova};
use crate::calls::Calls;
use crate::faults::{Fault, Faults};
use crate::records::Records;
use crate::upstream;

/// The largest body that Bedrock takes for Claude.
pub(crate) const MAX_BODY_BYTES: usize = 20_000_000;
/// What is said to calls over a quota.
const THROTTLED: &str = "Too many requests, please wait before trying again.";
/// The header of the id that the service gives each request.
pub(crate) const REQUEST_ID: &str = "x-amzn-requestid";

/// What serves all calls.
pub(crate) struct Endpoint {
    pub(crate) answerer: Answerer,
    pub(crate) faults: Faults,
    pub(crate) records: Records,
    pub(crate) calls: Calls,
    /// A place for each call that may be open.
    pub(crate) places: Semaphore,
    pub(crate) word_delay: Duration,
}

/// An answer, and the form that its model gives it.
pub(crate) struct Answered {
    pub(crate) family: Family,
    pub(crate) response: MessagesResponse,
}

impl Answered {
    pub(crate) fn body(&self) -> Value {
        match self.family {
            Family::Anthropic => self.response.body(),
            Family::Nova => nova::answer(&self.response),
        }
    }
}

/// Who answers.
pub(crate) enum Answerer {
    Reader(Reader),
    Upstream(upstream::Client),
}

impl Endpoint {
    pub(crate) async fn invoke(
        &self,
        model_id: &str,
        headers: &HeaderMap,
        body: Result<Bytes, BytesRejection>,
        fault: Option<Fault>,
        images: &mut usize,
    ) -> Result<Answered, Exception> {
        if let Some(exception) = fault.and_then(exception_of) {
            return Err(exception);
        }
        let body = body.map_err(|_| {
            Exception::validation(format!("The request is larger than {MAX_BODY_BYTES} bytes, or was cut."))
        })?;
        check_content_type(headers)?;
        let model = model::resolve(model_id)?;
        let request = MessagesRequest::read(&body, &model)?;
        if fault == Some(Fault::SchemaRefused) && request.schema.is_some() {
            return Err(Exception::validation("output_config: Extra inputs are not permitted"));
        }
        drop(body);
        *images = request.images().count();
        Ok(Answered { family: model.family, response: self.answer(request, &model, fault).await? })
    }

    /// Has a request answered that was accepted, if there is a place for it. Its place is free when its caller leaves: then
    /// this is dropped.
    pub(crate) async fn answer(
        &self,
        request: MessagesRequest,
        model: &Model,
        fault: Option<Fault>,
    ) -> Result<MessagesResponse, Exception> {
        let _place = self.places.try_acquire().map_err(|_| Exception::new(Kind::Throttling, THROTTLED))?;
        let request = Arc::new(request);
        let answer = match &self.answerer {
            Answerer::Reader(reader) => reader.answer(Arc::clone(&request)).await?,
            Answerer::Upstream(client) => client.answer(&request).await?,
        };
        if let Some(Fault::Slow(delay)) = fault {
            tokio::time::sleep(delay).await;
        }
        Ok(finish(&request, model, answer, fault))
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Exception> {
    let essence = |value: &str| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match headers.get(header::CONTENT_TYPE).map(|value| value.to_str().map(essence)) {
        None => Ok(()),
        Some(Ok(kind)) if kind == "application/json" => Ok(()),
        Some(_) => Err(Exception::validation("The provided Content Type is invalid or not supported for this model.")),
    }
}

pub(crate) fn exception_of(fault: Fault) -> Option<Exception> {
    let (kind, message) = match fault {
        Fault::Throttled => (Kind::Throttling, THROTTLED),
        Fault::Overloaded => (Kind::Overloaded, "Overloaded"),
        Fault::Unavailable => (Kind::ServiceUnavailable, "Bedrock is unable to process your request."),
        Fault::InternalError => (Kind::InternalServer, "The system encountered an unexpected error. Try again."),
        Fault::TimedOut => (Kind::ModelTimeout, "Model has timed out in processing the request. Try again."),
        Fault::AccessDenied => (Kind::AccessDenied, "You don't have access to the model with the specified model ID."),
        _ => return None,
    };
    Some(Exception::new(kind, message))
}

/// Applies the request's limits and the ordered fault to an answer.
fn finish(request: &MessagesRequest, model: &Model, answer: Answer, fault: Option<Fault>) -> MessagesResponse {
    let usage = answer.usage;
    let (mut content, mut stop_reason) = match answer.content {
        answer::Content::Tool { name, input } => {
            let block = json!({"type": "tool_use", "id": unique("toolu_bdrk_01"), "name": name, "input": input});
            (vec![block], StopReason::ToolUse)
        }
        answer::Content::Text(text) => {
            let (text, stop_reason) = limit(text, request, answer.cut);
            (text_content(&text), stop_reason)
        }
        answer::Content::Refusal => (Vec::new(), StopReason::Refusal),
    };
    let text = content.first().and_then(|block| block["text"].as_str()).unwrap_or_default().to_owned();
    match fault {
        Some(Fault::Refused) => (content, stop_reason) = (Vec::new(), StopReason::Refusal),
        Some(Fault::Fenced) => content = text_content(&format!("```json\n{text}\n```")),
        Some(Fault::InProse) => {
            content = text_content(&format!("Here is what I found.\n\n{text}\n\nLet me know if you need more."));
        }
        Some(Fault::CutAtMaxTokens) => {
            let half = text.chars().count() / 2;
            (content, stop_reason) =
                (text_content(&text.chars().take(half).collect::<String>()), StopReason::MaxTokens);
        }
        Some(Fault::Empty) => content = Vec::new(),
        Some(Fault::ThinkingFirst) => content.insert(
            0,
            json!({"type": "thinking", "thinking": "I look at what was asked first.", "signature": unique("sig_")}),
        ),
        _ => {}
    }
    let output = usage.map_or_else(
        || content.iter().map(|block| answer::tokens(&block.to_string())).sum::<u64>(),
        |usage| usage.output_tokens,
    );
    MessagesResponse {
        id: unique("msg_bdrk_01"),
        model: model.name.clone(),
        content,
        stop_reason,
        usage: Usage {
            input_tokens: usage.map_or_else(|| input_tokens(request), |usage| usage.input_tokens),
            output_tokens: output.min(request.max_tokens),
        },
    }
}

/// Cuts a text at the request's stop sequences and at `max_tokens`.
fn limit(text: String, request: &MessagesRequest, cut: bool) -> (String, StopReason) {
    let first = request
        .stop_sequences
        .iter()
        .filter_map(|sequence| text.find(sequence.as_str()).map(|at| (at, sequence)))
        .min_by_key(|(at, _)| *at);
    if let Some((at, sequence)) = first {
        return (text[..at].to_owned(), StopReason::StopSequence(sequence.clone()));
    }
    if cut {
        return (text, StopReason::MaxTokens);
    }
    match answer::end_of_tokens(&text, request.max_tokens) {
        None => (text, StopReason::EndTurn),
        Some(end) => (text[..end].to_owned(), StopReason::MaxTokens),
    }
}

fn text_content(text: &str) -> Vec<Value> {
    if text.is_empty() { Vec::new() } else { vec![json!({"type": "text", "text": text})] }
}

fn input_tokens(request: &MessagesRequest) -> u64 {
    let texts: u64 = request.turns.iter().map(|turn| answer::tokens(&turn.text()) + 4).sum();
    let schema = request.schema.as_ref().map_or(0, |schema| answer::tokens(&schema.to_string()));
    let images: u64 = request.images().map(crate::bedrock::image_block::ImageBlock::tokens).sum();
    texts + images + schema + answer::tokens(&request.system)
}

/// A request's id, a UUID of version 4 as the service makes them.
pub(crate) fn request_id() -> String {
    let random = fastrand::u128(..);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        random >> 96,
        random >> 80 & 0xffff,
        random >> 64 & 0xfff,
        random >> 48 & 0x3fff | 0x8000,
        random & 0xffff_ffff_ffff
    )
}

/// An id as the service makes them: nobody reads anything out of it.
fn unique(prefix: &str) -> String {
    let mut id = prefix.to_owned();
    id.extend(std::iter::repeat_with(fastrand::alphanumeric).take(21));
    id
}
