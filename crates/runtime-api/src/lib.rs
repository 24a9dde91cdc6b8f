//! Lambda's Runtime API for a function's process on this machine: what calls the function is handed its
//! answer while the process still writes it.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

/// The longest that Lambda lets a function run.
const LIMIT: Duration = Duration::from_mins(15);

/// What a process makes of a call: its answer while it is written, or its error whole.
pub type Outcome = Result<Body, Bytes>;

#[derive(Debug)]
struct Invocation {
    id: String,
    event: Bytes,
    respond: oneshot::Sender<Outcome>,
}

/// The calls that wait for a process, and those that one has taken.
#[derive(Debug)]
pub struct RuntimeApi {
    count: AtomicU64,
    send: mpsc::UnboundedSender<Invocation>,
    receive: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    taken: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    first_poll: watch::Sender<Option<Instant>>,
}

impl Default for RuntimeApi {
    fn default() -> Self {
        let (send, receive) = mpsc::unbounded_channel();
        Self {
            count: AtomicU64::default(),
            send,
            receive: receive.into(),
            taken: Mutex::default(),
            first_poll: watch::Sender::new(None),
        }
    }
}

impl RuntimeApi {
    /// An id for a call.
    pub fn next_id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.count.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Has a call answered by the next process that asks for one. Whoever drops the receiver, or the body
    /// that it is sent, has left: the process learns of it.
    pub fn invoke(&self, id: String, event: impl Into<Bytes>) -> oneshot::Receiver<Outcome> {
        let (respond, outcome) = oneshot::channel();
        // The receiver lives as long as the sender beside it.
        let _ = self.send.send(Invocation { id, event: event.into(), respond });
        outcome
    }

    /// When a process first asked for a call: its start was over then.
    pub async fn first_poll(&self) -> Instant {
        let mut polled = self.first_poll.subscribe();
        match polled.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(at)) => *at,
            // The sender stands in `self`.
            Ok(None) | Err(_) => Instant::now(),
        }
    }

    async fn take(&self) -> Option<Invocation> {
        let mut receive = self.receive.lock().await;
        loop {
            let invocation = receive.recv().await?;
            // Whoever left while waiting is not called back.
            if !invocation.respond.is_closed() {
                return Some(invocation);
            }
        }
    }

    fn responder(&self, id: &str) -> Option<oneshot::Sender<Outcome>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(id)
    }
}

/// The API's paths, for a server whose address is the process's `AWS_LAMBDA_RUNTIME_API`.
pub fn routes(api: Arc<RuntimeApi>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
        .route("/2018-06-01/runtime/init/error", post(async || StatusCode::ACCEPTED))
        .layer(DefaultBodyLimit::disable())
        .with_state(api)
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    api.first_poll.send_if_modified(|first| {
        let is_first = first.is_none();
        first.get_or_insert_with(Instant::now);
        is_first
    });
    let Some(Invocation { id, event, respond }) = api.take().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + LIMIT;
    api.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), respond);
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-west-2:123456789012:function:local".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn respond(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, body: Body) -> StatusCode {
    let Some(respond) = api.responder(&id) else { return StatusCode::NOT_FOUND };
    let (send, receive) = mpsc::channel::<io::Result<Bytes>>(1);
    if respond.send(Ok(Body::from_stream(ReceiverStream::new(receive)))).is_err() {
        return StatusCode::GONE;
    }
    let mut chunks = body.into_data_stream();
    loop {
        // The response's connection closes with this future: the function learns that nobody reads.
        let chunk = tokio::select! {
            chunk = chunks.next() => chunk,
            () = send.closed() => return StatusCode::GONE,
        };
        let Some(chunk) = chunk else { return StatusCode::ACCEPTED };
        let is_broken = chunk.is_err();
        if send.send(chunk.map_err(io::Error::other)).await.is_err() || is_broken {
            return StatusCode::GONE;
        }
    }
}

async fn fail(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, error: Bytes) -> StatusCode {
    if let Some(respond) = api.responder(&id) {
        // Whoever called may have left.
        let _ = respond.send(Err(error));
    }
    StatusCode::ACCEPTED
}
