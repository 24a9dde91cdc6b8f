//! The HTTP server: routes, faults, and what every answer passes through.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answer::{self, Answer, Reader};
use crate::bedrock::exception::Kind;
use crate::bedrock::{Exception, MessagesRequest, MessagesResponse, Model, StopReason, Usage, model};
use crate::calls::{Call, Calls, Operation};
use crate::faults::{Fault, Faults};
use crate::records::{Invocation, Records};
use crate::stream;
use crate::upstream::{self, Upstream};
use crate::weights;

/// The largest body that Bedrock takes for Claude.
const MAX_BODY_BYTES: usize = 20_000_000;
/// The header of the id that the service gives each request.
pub(crate) const REQUEST_ID: &str = "x-amzn-requestid";
/// How long open requests get to end when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// Who answers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Answers {
    /// OCR, face finding and recognisers on this machine, with the models in this
    /// folder (see [`weights::fetch`]).
    Reading {
        /// The folder with the OCR models.
        weights: PathBuf,
    },
    /// An OpenAI-compatible server.
    Upstream(Upstream),
}

/// What a [`Server`] needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Who answers.
    pub answers: Answers,
    /// Faults ordered for coming calls. Keep a clone to order more later.
    pub faults: Faults,
    /// Model invocation records; none are written until it is told where.
    pub records: Records,
    /// How many images are read at once. Each takes memory, and all cores.
    pub concurrency: usize,
    /// How long a stream waits before each word; none unless it is set.
    pub word_delay: Duration,
}

impl Config {
    /// Answers by reading, with the models in `weights`, on a free port of 127.0.0.1.
    #[must_use]
    pub fn reading(weights: impl Into<PathBuf>) -> Self {
        Self::new(Answers::Reading { weights: weights.into() })
    }

    /// Hands every question to another server; listens on a free port of 127.0.0.1.
    #[must_use]
    pub fn upstream(upstream: Upstream) -> Self {
        Self::new(Answers::Upstream(upstream))
    }

    fn new(answers: Answers) -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            answers,
            faults: Faults::default(),
            records: Records::default(),
            concurrency: 1,
            word_delay: Duration::ZERO,
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The folder does not hold the OCR models.
    #[error("{0} does not hold the OCR models: fetch them first")]
    NoWeights(PathBuf),
    /// The address cannot be listened on.
    #[error("the local model cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The upstream's settings are of no use.
    #[error("the upstream of the local model cannot be used: {0}")]
    Upstream(String),
}

/// A running endpoint. It stops when it is shut down or dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    calls: Calls,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts listening, and answers until the server is shut down or dropped.
    /// The OCR models are loaded with the first image.
    ///
    /// # Errors
    ///
    /// When the models are not there, the address is taken, or the upstream's URL
    /// is none.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let answerer = match config.answers {
            Answers::Reading { weights } if !weights::are_in(&weights) => {
                return Err(StartError::NoWeights(weights));
            }
            Answers::Reading { weights } => Answerer::Reader(Reader::new(weights, config.concurrency)),
            Answers::Upstream(upstream) => {
                Answerer::Upstream(upstream::Client::new(&upstream).map_err(StartError::Upstream)?)
            }
        };
        let listen = |source| StartError::Listen { address: config.address, source };
        let listener = TcpListener::bind(config.address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let calls = Calls::default();
        let endpoint = Arc::new(Endpoint {
            answerer,
            faults: config.faults,
            records: config.records,
            calls: calls.clone(),
            word_delay: config.word_delay,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = axum::serve(listener, routes(endpoint)).with_graceful_shutdown(async {
            // A dropped sender means the same.
            let _ = stopped.await;
        });
        let task = tokio::spawn(async move {
            // Serving ends with the signal alone: accept errors are retried inside.
            let _ = serve.await;
        });
        Ok(Self { address, calls, stop: Some(stop), task })
    }

    /// What `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` is set to, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls that were answered so far; the view stays true as more come.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.calls.clone()
    }

    /// Stops listening, and waits a moment for open requests to end.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone only when serving has ended already.
            let _ = stop.send(());
        }
        // Either way nothing is left to wait for: what is still open then is cut.
        let _ = tokio::time::timeout(GRACE, &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) struct Endpoint {
    answerer: Answerer,
    pub(crate) faults: Faults,
    pub(crate) records: Records,
    pub(crate) calls: Calls,
    pub(crate) word_delay: Duration,
}

enum Answerer {
    Reader(Reader),
    Upstream(upstream::Client),
}

fn routes(endpoint: Arc<Endpoint>) -> Router {
    Router::new()
        .route("/model/{model_id}/invoke", post(invoke_model))
        .merge(stream::routes())
        .fallback(async || {
            let served =
                "/model/{modelId}/invoke[-with-response-stream] and /endpoints/{name}/invocations-response-stream";
            Exception::new(Kind::ResourceNotFound, format!("This endpoint serves POST {served} alone."))
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(endpoint)
}

async fn invoke_model(
    State(endpoint): State<Arc<Endpoint>>,
    Path(model_id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let mut images = 0;
    let request_id = request_id();
    let question = body.as_ref().ok().and_then(|body| endpoint.records.keep(body));
    let fault = endpoint.faults.take();
    let answered = endpoint.invoke(&model_id, &headers, body, fault, &mut images).await;
    if let (Ok(answer), Some(question)) = (&answered, question) {
        let tokens = |field: &str| answer["usage"][field].as_u64();
        endpoint.records.write(&Invocation {
            request_id: &request_id,
            operation: "InvokeModel",
            model_id: &model_id,
            headers: &headers,
            question: &question,
            answer,
            input_tokens: tokens("input_tokens"),
            output_tokens: tokens("output_tokens"),
        });
    }
    let status = answered.as_ref().map_or_else(Exception::status, |_| 200);
    endpoint.calls.add(Call { operation: Operation::InvokeModel, model_id, images, status });
    let response = match answered {
        Ok(body) => Json(body).into_response(),
        Err(exception) => exception.into_response(),
    };
    ([(REQUEST_ID, request_id)], response).into_response()
}

impl Endpoint {
    pub(crate) async fn invoke(
        &self,
        model_id: &str,
        headers: &HeaderMap,
        body: Result<Bytes, BytesRejection>,
        fault: Option<Fault>,
        images: &mut usize,
    ) -> Result<Value, Exception> {
        if let Some(exception) = fault.and_then(exception_of) {
            return Err(exception);
        }
        let body = body.map_err(|_| {
            Exception::validation(format!("The request is larger than {MAX_BODY_BYTES} bytes, or was cut."))
        })?;
        check_content_type(headers)?;
        let model = model::resolve(model_id)?;
        let request = MessagesRequest::read(&body, &model)?;
        drop(body);
        *images = request.images().count();
        Ok(self.answer(request, &model, fault).await?.body())
    }

    /// Has a request answered that was accepted.
    pub(crate) async fn answer(
        &self,
        request: MessagesRequest,
        model: &Model,
        fault: Option<Fault>,
    ) -> Result<MessagesResponse, Exception> {
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
        Fault::Throttled => (Kind::Throttling, "Too many requests, please wait before trying again."),
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

/// A request's id, a UUID as the service makes them.
pub(crate) fn request_id() -> String {
    let [high, low] = [0, 1].map(|part| RandomState::new().hash_one(part));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

/// An id as the service makes them: nobody reads anything out of it.
fn unique(prefix: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789";
    // Each RandomState has keys of its own.
    let mut number = u128::from(RandomState::new().hash_one(0)) << 64 | u128::from(RandomState::new().hash_one(1));
    let base = ALPHABET.len() as u128;
    let mut id = prefix.to_owned();
    for _ in 0..21 {
        let at = usize::try_from(number % base).unwrap_or_default();
        id.push(char::from(ALPHABET[at]));
        number /= base;
    }
    id
}
