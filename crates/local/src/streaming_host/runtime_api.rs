//! Lambda's Runtime API, as a function's process sees it.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::prelude::{Prelude, with_body};

/// The longest that Lambda lets a function run.
const LIMIT: Duration = Duration::from_mins(15);

/// A call that waits for its answer.
pub(super) struct Invocation {
    pub(super) id: String,
    pub(super) event: String,
    pub(super) respond: oneshot::Sender<Response<Body>>,
}

/// The calls that wait, and those that are being answered.
pub(super) struct RuntimeApi {
    count: AtomicU64,
    send: mpsc::UnboundedSender<Invocation>,
    receive: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    answered: Mutex<HashMap<String, oneshot::Sender<Response<Body>>>>,
}

impl Default for RuntimeApi {
    fn default() -> Self {
        let (send, receive) = mpsc::unbounded_channel();
        Self { count: AtomicU64::default(), send, receive: receive.into(), answered: Mutex::default() }
    }
}

impl RuntimeApi {
    /// An id for a call.
    pub(super) fn next_id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.count.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Has a call answered by the next process that asks for one.
    pub(super) fn invoke(&self, invocation: Invocation) {
        // The receiver lives as long as the sender beside it.
        let _ = self.send.send(invocation);
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

    fn responder(&self, id: &str) -> Option<oneshot::Sender<Response<Body>>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).remove(id)
    }
}

pub(super) fn routes(api: Arc<RuntimeApi>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
        .route("/2018-06-01/runtime/init/error", post(async || StatusCode::ACCEPTED))
        .layer(DefaultBodyLimit::disable())
        .with_state(api)
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> axum::response::Response {
    let Some(Invocation { id, event, respond }) = api.take().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + LIMIT;
    api.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), respond);
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
    let mut chunks = body.into_data_stream();
    let mut prelude = Prelude::default();
    let (head, rest) = loop {
        // A response that is none is dropped, which the caller sees as a 502.
        let Some(Ok(chunk)) = chunks.next().await else { return StatusCode::BAD_REQUEST };
        match prelude.push(&chunk) {
            Ok(Some(whole)) => break whole,
            Ok(None) => {}
            Err(_) => return StatusCode::BAD_REQUEST,
        }
    };
    let (send, receive) = mpsc::channel::<io::Result<Bytes>>(1);
    if respond.send(with_body(head, Body::from_stream(ReceiverStream::new(receive)))).is_err() {
        return StatusCode::GONE;
    }
    let mut chunk = Some(Ok(Bytes::from(rest)));
    while let Some(part) = chunk {
        let broken = part.is_err();
        let is_empty = part.as_ref().is_ok_and(Bytes::is_empty);
        // The response's connection closes with this future: the function learns that nobody reads.
        if !is_empty && send.send(part.map_err(io::Error::other)).await.is_err() || broken {
            return StatusCode::GONE;
        }
        chunk = tokio::select! {
            chunk = chunks.next() => chunk,
            () = send.closed() => return StatusCode::GONE,
        };
    }
    StatusCode::ACCEPTED
}

async fn fail(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>) -> StatusCode {
    // The caller sees that nobody answers any more.
    drop(api.responder(&id));
    StatusCode::ACCEPTED
}
