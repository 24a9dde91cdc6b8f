//! The Lambda Runtime API for one process.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

type Outcome = Result<Bytes, Bytes>;

/// The API of one process; it ends with the value.
pub struct RuntimeApi {
    pub address: SocketAddr,
    calls: mpsc::Sender<Call>,
    first_poll: Option<oneshot::Receiver<Instant>>,
    server: JoinHandle<()>,
    sent: u32,
}

struct Call {
    id: String,
    event: Bytes,
    done: oneshot::Sender<Outcome>,
}

struct Shared {
    calls: tokio::sync::Mutex<mpsc::Receiver<Call>>,
    pending: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    first_poll: Mutex<Option<oneshot::Sender<Instant>>>,
}

impl RuntimeApi {
    pub async fn start() -> Result<Self> {
        let (calls, waiting) = mpsc::channel(1);
        let (polled, first_poll) = oneshot::channel();
        let shared = Arc::new(Shared {
            calls: tokio::sync::Mutex::new(waiting),
            pending: Mutex::default(),
            first_poll: Mutex::new(Some(polled)),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(succeed))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
            .layer(DefaultBodyLimit::disable())
            .with_state(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            // Ends with the task alone.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, calls, first_poll: Some(first_poll), server, sent: 0 })
    }

    /// The moment in which the process asked for its first event.
    pub async fn first_poll(&mut self, limit: Duration) -> Result<Instant> {
        let polled = self.first_poll.take().context("the first poll was already waited for")?;
        Ok(timeout(limit, polled).await.context("the process did not ask for an event in time")??)
    }

    /// Sends an event and waits for its answer.
    pub async fn call(&mut self, event: Bytes, limit: Duration) -> Result<Bytes> {
        self.sent += 1;
        let (done, answer) = oneshot::channel();
        let id = format!("00000000-0000-0000-0000-{:012}", self.sent);
        self.calls.send(Call { id, event, done }).await.ok().context("the Runtime API is gone")?;
        match timeout(limit, answer).await.context("the call was not answered in time")?? {
            Ok(answer) => Ok(answer),
            Err(error) => bail!("the call failed: {}", String::from_utf8_lossy(&error)),
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    if let Some(polled) = lock(&shared.first_poll).take() {
        // Nobody waits for it any more when the start took too long.
        let _ = polled.send(Instant::now());
    }
    let Some(call) = shared.calls.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_mins(1);
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", call.id.clone()),
        ("Lambda-Runtime-Deadline-Ms", deadline.as_millis().to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:111122223333:function:bench".to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ];
    lock(&shared.pending).insert(call.id, call.done);
    (headers, call.event).into_response()
}

async fn succeed(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&shared, &id, Ok(body))
}

async fn fail(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&shared, &id, Err(body))
}

fn settle(shared: &Shared, id: &str, outcome: Outcome) -> StatusCode {
    if let Some(done) = lock(&shared.pending).remove(id) {
        // The caller has given up when its time is over.
        let _ = done.send(outcome);
    }
    StatusCode::ACCEPTED
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
