//! Another model behind the same endpoint: an OpenAI-compatible server, such as
//! Ollama or llama.cpp.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::answer::{Answer, Content};
use crate::bedrock::exception::Kind;
use crate::bedrock::request::{Block, Role, Turn};
use crate::bedrock::{Exception, MessagesRequest, Usage};

/// An OpenAI-compatible server that is asked instead of reading here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Its base URL, with or without `/v1`, such as `http://127.0.0.1:11434`.
    pub url: String,
    /// The model to ask for; what the server lists first when absent.
    pub model: Option<String>,
    /// How long one answer may take.
    pub timeout: Duration,
}

impl Upstream {
    /// A server that gets five minutes for an answer.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), model: None, timeout: Duration::from_mins(5) }
    }
}

pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    model: OnceCell<String>,
}

impl Client {
    /// # Errors
    ///
    /// What is wrong with the settings.
    pub(crate) fn new(upstream: &Upstream) -> Result<Self, String> {
        let url = Url::parse(&upstream.url).map_err(|error| format!("{} is no URL: {error}", upstream.url))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{} is no http or https URL", upstream.url));
        }
        let base = upstream.url.trim_end_matches('/').trim_end_matches("/v1").to_owned();
        let http = reqwest::Client::builder().timeout(upstream.timeout).build().map_err(|error| error.to_string())?;
        Ok(Self { http, base, model: OnceCell::new_with(upstream.model.clone()) })
    }

    pub(crate) async fn answer(&self, request: &MessagesRequest) -> Result<Answer, Exception> {
        let model = self.model.get_or_try_init(|| self.first_model()).await?;
        let url = format!("{}/v1/chat/completions", self.base);
        let answer = read(self.http.post(url).json(&body(request, model))).await?;
        understand(&answer, request)
    }

    async fn first_model(&self) -> Result<String, Exception> {
        let models = read(self.http.get(format!("{}/v1/models", self.base))).await?;
        let first = models.pointer("/data/0/id").and_then(Value::as_str);
        first.map(str::to_owned).ok_or_else(|| {
            Exception::new(Kind::ResourceNotFound, "The upstream lists no model: name one, or load one there.")
        })
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Value, Exception> {
    let response = request.send().await.map_err(|error| not_answered(&error))?;
    let status = response.status();
    if !status.is_success() {
        return Err(refused(status));
    }
    response.json().await.map_err(|error| not_answered(&error))
}

/// The request in the other protocol.
fn body(request: &MessagesRequest, model: &str) -> Value {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        messages.push(json!({"role": "system", "content": request.system}));
    }
    messages.extend(request.turns.iter().map(message));
    let mut body = json!({"model": model, "max_tokens": request.max_tokens, "messages": messages});
    if !request.stop_sequences.is_empty() {
        // The other protocol takes four.
        body["stop"] = json!(request.stop_sequences.iter().take(4).collect::<Vec<_>>());
    }
    let schema = request.forced_tool.as_ref().map(|tool| &tool.input_schema).or(request.schema.as_ref());
    if let Some(schema) = schema {
        body["response_format"] = json!({
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": true, "schema": schema},
        });
    }
    body
}

fn message(turn: &Turn) -> Value {
    let role = match turn.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let parts = turn.blocks.iter().filter_map(|block| match block {
        Block::Text(text) => Some(json!({"type": "text", "text": text})),
        Block::Image(image) => {
            let data = base64_simd::STANDARD.encode_to_string(&image.bytes);
            let url = format!("data:{};base64,{data}", image.media_type);
            Some(json!({"type": "image_url", "image_url": {"url": url}}))
        }
        Block::Other => None,
    });
    json!({"role": role, "content": parts.collect::<Vec<_>>()})
}

/// The answer in Bedrock's terms.
fn understand(answer: &Value, request: &MessagesRequest) -> Result<Answer, Exception> {
    let choice = answer.pointer("/choices/0").ok_or_else(|| misunderstood("it holds no choice"))?;
    let count = |name: &str| answer["usage"][name].as_u64();
    let usage = count("prompt_tokens").zip(count("completion_tokens"));
    let usage = usage.map(|(input_tokens, output_tokens)| Usage { input_tokens, output_tokens });
    let finish = choice["finish_reason"].as_str();
    let cut = finish == Some("length");
    if finish == Some("content_filter") || choice.pointer("/message/refusal").is_some_and(Value::is_string) {
        return Ok(Answer { content: Content::Refusal, usage, cut: false });
    }
    let text = choice.pointer("/message/content").and_then(Value::as_str).unwrap_or_default();
    let content = match &request.forced_tool {
        Some(tool) if !cut => {
            let input = serde_json::from_str(text).map_err(|_| misunderstood("its text is not the JSON asked for"))?;
            Content::Tool { name: tool.name.clone(), input }
        }
        _ => Content::Text(text.to_owned()),
    };
    Ok(Answer { content, usage, cut })
}

fn refused(status: StatusCode) -> Exception {
    let (kind, what) = match status.as_u16() {
        429 => (Kind::Throttling, "is asked too often"),
        401 | 403 => (Kind::AccessDenied, "does not let us in"),
        404 => (Kind::ResourceNotFound, "does not have this model or path"),
        408 | 504 => (Kind::ModelTimeout, "took too long"),
        500.. => (Kind::ServiceUnavailable, "cannot answer now"),
        _ => (Kind::Validation, "does not take this request"),
    };
    Exception::new(kind, format!("The upstream {what}: HTTP {}.", status.as_u16()))
}

fn not_answered(error: &reqwest::Error) -> Exception {
    if error.is_timeout() {
        Exception::new(Kind::ModelTimeout, "The upstream took too long to answer.")
    } else if error.is_decode() {
        misunderstood("it is no JSON")
    } else {
        Exception::new(Kind::ServiceUnavailable, "The upstream cannot be reached: is it running, at this URL?")
    }
}

fn misunderstood(what: &str) -> Exception {
    Exception::new(Kind::ModelError, format!("The upstream's answer is of no use: {what}."))
}
