//! A `SageMaker` endpoint: the containers that people put there, in the two
//! languages that they speak.

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Step, frame, words};
use crate::bedrock::exception::Kind;
use crate::bedrock::model::Family;
use crate::bedrock::request::{Block, Role, Turn};
use crate::bedrock::{Exception, MessagesRequest, MessagesResponse, Model, StopReason};

/// What a container answers with when nobody says how much it may.
const USUAL_TOKENS: u64 = 256;

/// The language of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Chat completions in server-sent events: TGI, vLLM and DJL Serving.
    OpenAiSse,
    /// `inputs`, answered in a line of JSON for each token.
    JsonLines,
}

impl Protocol {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenAiSse => "text/event-stream",
            Self::JsonLines => "application/jsonlines",
        }
    }
}

/// Reads a request in the language that it is written in.
pub(super) fn read(name: &str, body: &[u8]) -> Result<(Protocol, MessagesRequest), Exception> {
    if name.is_empty() || name.len() > 63 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(Exception::validation(format!("Endpoint {name} of account 123456789012 not found.")));
    }
    let body: Value = serde_json::from_slice(body).map_err(|_| refuses("the body is not JSON"))?;
    if let Some(messages) = body["messages"].as_array() {
        return Ok((Protocol::OpenAiSse, chat_completion(&body, messages)?));
    }
    let Some(inputs) = body["inputs"].as_str() else {
        return Err(refuses("the body has neither `messages` nor `inputs`"));
    };
    let most = body["parameters"]["max_new_tokens"].as_u64();
    let turn = Turn { role: Role::User, blocks: vec![Block::Text(inputs.to_owned())] };
    Ok((Protocol::JsonLines, request(String::new(), vec![turn], most)))
}

fn chat_completion(body: &Value, messages: &[Value]) -> Result<MessagesRequest, Exception> {
    let (mut system, mut turns) = (String::new(), Vec::new());
    for message in messages {
        let text = message["content"].as_str().ok_or_else(|| refuses("a message has no text"))?.to_owned();
        let role = match message["role"].as_str() {
            Some("system") => {
                system = text;
                continue;
            }
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            _ => return Err(refuses("a message has an unknown role")),
        };
        turns.push(Turn { role, blocks: vec![Block::Text(text)] });
    }
    if turns.is_empty() {
        return Err(refuses("there is no message"));
    }
    Ok(request(system, turns, body["max_tokens"].as_u64()))
}

fn request(system: String, turns: Vec<Turn>, max_tokens: Option<u64>) -> MessagesRequest {
    MessagesRequest {
        max_tokens: max_tokens.unwrap_or(USUAL_TOKENS),
        system,
        turns,
        stop_sequences: Vec::new(),
        schema: None,
        forced_tool: None,
    }
}

/// The model in the container.
pub(super) fn model(name: &str) -> Model {
    Model { family: Family::Anthropic, name: name.to_owned(), capabilities: None }
}

/// The frames of a container's answer. A part ends in the middle of a character
/// where a line has one of several bytes, else in the middle of the line:
/// `SageMaker` promises nothing better.
pub(super) fn steps(protocol: Protocol, answer: &MessagesResponse) -> Result<Vec<Step>, Exception> {
    let mut steps = Vec::new();
    let mut rest = Vec::new();
    for line in lines(protocol, answer) {
        let line = line.into_bytes();
        let continued = line.iter().position(|byte| (0x80..0xc0).contains(byte));
        let (now, later) = line.split_at(continued.unwrap_or(line.len() / 2));
        rest.extend_from_slice(now);
        steps.push(Step { frame: frame::sagemaker_part(std::mem::replace(&mut rest, later.to_vec()))?, is_word: true });
    }
    steps.push(Step { frame: frame::sagemaker_part(rest)?, is_word: false });
    Ok(steps)
}

fn lines(protocol: Protocol, answer: &MessagesResponse) -> Vec<String> {
    let text: String = answer.content.iter().filter_map(|block| block["text"].as_str()).collect();
    let usage = answer.usage;
    let cut = answer.stop_reason == StopReason::MaxTokens;
    match protocol {
        Protocol::OpenAiSse => {
            let chunk = |delta: Value, finish: Value| {
                let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
                json!({"id": answer.id, "object": "chat.completion.chunk", "model": answer.model, "choices": [choice]})
            };
            let first = chunk(json!({"role": "assistant", "content": ""}), Value::Null);
            let middle = words(&text).map(|word| chunk(json!({"content": word}), Value::Null));
            let last = chunk(json!({}), json!(if cut { "length" } else { "stop" }));
            let cost = json!({"id": answer.id, "object": "chat.completion.chunk", "model": answer.model, "choices": [],
                "usage": {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens}});
            let events = std::iter::once(first).chain(middle).chain([last, cost]).map(|event| event.to_string());
            events.chain(["[DONE]".to_owned()]).map(|data| format!("data: {data}\n\n")).collect()
        }
        Protocol::JsonLines => {
            let tokens: Vec<_> = words(&text).collect();
            let token = |(at, word): (usize, &&str)| {
                let last = at + 1 == tokens.len();
                let details = last.then(|| {
                    json!({"finish_reason": if cut { "length" } else { "eos_token" },
                        "generated_tokens": usage.output_tokens, "input_length": usage.input_tokens})
                });
                let generated = last.then_some(text.as_str());
                let token = json!({"id": at, "text": word, "special": false});
                format!("{}\n", json!({"token": token, "generated_text": generated, "details": details}))
            };
            tokens.iter().enumerate().map(token).collect()
        }
    }
}

fn refuses(why: &str) -> Exception {
    Exception::new(Kind::ModelError, format!("Received client error (400) from primary with message \"{why}\"."))
}

/// An error as `SageMaker`'s runtime names it.
pub(super) fn refused(exception: &Exception) -> Response {
    let (status, name) = match exception.kind {
        Kind::Validation | Kind::ResourceNotFound => (400, "ValidationError"),
        Kind::AccessDenied => (403, "AccessDeniedException"),
        Kind::Throttling => (429, "ThrottlingException"),
        Kind::ModelError | Kind::ModelTimeout => (424, "ModelError"),
        Kind::InternalServer => (500, "InternalFailure"),
        Kind::ServiceUnavailable | Kind::Overloaded => (503, "ServiceUnavailable"),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({"Message": exception.message, "OriginalStatusCode": exception.status()});
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(name));
    response
}
