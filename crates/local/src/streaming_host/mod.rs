//! A function that streams, on this machine: behind a function URL, or behind
//! a path of a REST API.
//!
//! The local AWS engine collects a response before it hands it on, so a
//! streaming function runs here: one side speaks Lambda's Runtime API with the
//! function's process, the other HTTP with callers, and what the function writes
//! is passed on chunk by chunk.
//!
//! Unlike Lambda it lets the function know when its caller has left: the
//! connection that takes the response closes.

mod event;
mod prelude;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use warden_runtime_api::{RuntimeApi, routes};

use crate::engine::{ACCESS_KEY, REGION};
use event::{MAX_EVENT, function_url, rest_api};
use prelude::Prelude;

/// How long a function may take to begin its answer.
const BEGIN_LIMIT: Duration = Duration::from_mins(3);
/// The header by which a caller of a REST API learns a request's id, as the local engine names it.
pub const REQUEST_ID: &str = "x-amz-apigw-id";
/// How often it is looked whether a process has ended.
const RESTART_INTERVAL: Duration = Duration::from_millis(100);

/// A function that listens. It and its processes end with this.
#[derive(Debug)]
pub struct StreamingHost {
    url: String,
    tasks: Vec<JoinHandle<()>>,
    processes: Vec<Arc<Process>>,
}

/// A process of the function; none when it is not to run any more.
#[derive(Debug)]
struct Process(Mutex<Option<Child>>);

/// What stands before a function, and writes its events. It may hold a caller's
/// key, so there is no `Debug`.
#[derive(Clone)]
pub enum Front {
    /// A function URL. Whoever comes is let in.
    FunctionUrl,
    /// The paths of a stage of a REST API that stream.
    RestApi {
        /// The stage's name.
        stage: String,
        /// The key that callers must send.
        api_key: String,
        /// Its id.
        api_key_id: String,
    },
}

/// What runs.
#[derive(Clone)]
pub struct Function<'a> {
    /// The function's name.
    pub name: &'a str,
    /// Its executable.
    pub executable: &'a Path,
    /// Its settings, beside those that Lambda sets.
    pub environment: Vec<(String, String)>,
    /// How many calls it takes at once: as many processes, as on Lambda.
    pub instances: usize,
    /// What stands before it.
    pub front: Front,
}

/// Who takes callers' requests.
struct Gate {
    front: Front,
    api: Arc<RuntimeApi>,
}

/// Why a function does not listen.
#[derive(Debug, thiserror::Error)]
pub enum StreamingHostError {
    /// Loopback has no free port.
    #[error("no free port on 127.0.0.1: {0}. End some programs that listen there")]
    NoPort(io::Error),
    /// The function cannot be started.
    #[error("{name} cannot be started: {source}")]
    NotStarted {
        /// The function.
        name: String,
        /// What the operating system says.
        source: io::Error,
    },
}

impl StreamingHost {
    /// Starts the function and listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is free or the function cannot be started.
    pub async fn start(function: Function<'_>) -> Result<Self, StreamingHostError> {
        let api = Arc::new(RuntimeApi::default());
        let (api_address, api_server) = serve(routes(Arc::clone(&api))).await?;
        let gate = Arc::new(Gate { front: function.front.clone(), api });
        let (address, url_server) = serve(Router::new().fallback(call).with_state(gate)).await?;
        let mut started =
            Self { url: format!("http://{address}/"), tasks: vec![api_server, url_server], processes: Vec::new() };
        for _ in 0..function.instances.max(1) {
            let mut command = command(&function, api_address);
            let not_started = |source| StreamingHostError::NotStarted { name: function.name.to_owned(), source };
            let process = Arc::new(Process(Mutex::new(Some(command.spawn().map_err(not_started)?))));
            started.processes.push(Arc::clone(&process));
            started.tasks.push(tokio::spawn(async move { process.keep_running(command).await }));
        }
        Ok(started)
    }

    /// Where it listens, such as `http://127.0.0.1:49152/`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for StreamingHost {
    /// Nothing is left when this returns.
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.processes.iter().for_each(|process| process.end());
    }
}

impl Process {
    /// Starts it anew whenever it has ended, as Lambda does.
    async fn keep_running(&self, mut command: Command) {
        loop {
            tokio::time::sleep(RESTART_INTERVAL).await;
            let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(child) = process.as_mut() else { return };
            if let Ok(Some(_)) = child.try_wait() {
                // Whoever calls learns that nobody answers when this is none.
                *process = command.spawn().ok();
            }
        }
    }

    fn end(&self) {
        let child = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            // Either fails only when it has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn command(function: &Function<'_>, api: SocketAddr) -> Command {
    let mut command = Command::new(function.executable);
    command
        // Nothing of the user's environment, credentials least of all.
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_LEVEL", "WARN"),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ])
        .envs(function.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is for this process, which then ends the function.
        .process_group(0);
    command
}

async fn serve(router: Router) -> Result<(SocketAddr, JoinHandle<()>), StreamingHostError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(StreamingHostError::NoPort)?;
    let address = listener.local_addr().map_err(StreamingHostError::NoPort)?;
    let server = tokio::spawn(async move {
        // Ends with the task alone: accept errors are retried inside.
        let _ = axum::serve(listener, router).await;
    });
    Ok((address, server))
}

/// Hands a call to the function, and its response back as it comes.
async fn call(State(gate): State<Arc<Gate>>, request: Request) -> Response<Body> {
    let api = &gate.api;
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_EVENT).await else { return gate.front.refuses_the_size() };
    let id = api.next_id();
    let event = match &gate.front {
        Front::FunctionUrl => function_url::event(&head, &body, &id),
        Front::RestApi { api_key, .. } if head.headers.get("x-api-key").is_none_or(|key| key != api_key) => {
            return of_the_api(StatusCode::FORBIDDEN, "Forbidden", "the key is missing or unknown");
        }
        Front::RestApi { stage, api_key_id, .. } => rest_api::event(&head, &body, &id, stage, api_key_id),
    };
    let event = event.to_string();
    if event.len() > MAX_EVENT {
        return gate.front.refuses_the_size();
    }
    let mut response = match tokio::time::timeout(BEGIN_LIMIT, answer(api, id.clone(), event)).await {
        Ok(Some(response)) => response,
        Ok(None) => refused(StatusCode::BAD_GATEWAY, "Internal Server Error"),
        Err(_) => refused(StatusCode::GATEWAY_TIMEOUT, "The function did not begin to answer in time"),
    };
    if matches!(gate.front, Front::RestApi { .. }) {
        response.headers_mut().extend(HeaderValue::try_from(id).map(|id| (HeaderName::from_static(REQUEST_ID), id)));
    }
    response
}

/// What the function answers once its head is whole; none when it fails, or writes no such answer.
async fn answer(api: &RuntimeApi, id: String, event: String) -> Option<Response<Body>> {
    let mut chunks = api.invoke(id, event).await.ok()?.ok()?.into_data_stream();
    let mut prelude = Prelude::default();
    loop {
        let chunk = chunks.next().await?.ok()?;
        if let Some((head, rest)) = prelude.push(&chunk).ok()? {
            let rest = (!rest.is_empty()).then(|| Ok(rest.into()));
            return Some(head.map(|()| Body::from_stream(tokio_stream::iter(rest).chain(chunks))));
        }
    }
}

impl Front {
    fn refuses_the_size(&self) -> Response<Body> {
        match self {
            Self::FunctionUrl => refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
            ),
            Self::RestApi { .. } => {
                of_the_api(StatusCode::PAYLOAD_TOO_LARGE, "TooLarge", "the request is over the limit")
            }
        }
    }
}

/// What the private API's gateway responses say.
fn of_the_api(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    json(status, &serde_json::json!({"error": {"code": code, "message": message}}))
}

/// What Lambda says itself.
fn refused(status: StatusCode, message: &str) -> Response<Body> {
    json(status, &serde_json::json!({"Message": message}))
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
