//! The binary, run as people run it, and a function for it to talk to.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Response, StatusCode};
use tokio::sync::mpsc;

/// What a run of the binary ended with.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the function answers.
#[derive(Clone)]
pub enum Answers {
    /// Events, one part after the other, then the end of the connection.
    Events(Vec<&'static str>),
    /// The same, then nothing, with the connection open.
    ThenSilence(Vec<&'static str>),
    /// The same, then a connection that breaks.
    ThenBreaks(Vec<&'static str>),
    /// A status with a content type, further headers, and a body.
    Refuses(u16, &'static str, Vec<(&'static str, &'static str)>, &'static str),
}

/// A function on a port of this machine, until the test ends.
pub struct Function {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    gone: Arc<Mutex<mpsc::UnboundedReceiver<()>>>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Clone)]
struct Shared {
    answers: Answers,
    asked: Arc<Mutex<Vec<Asked>>>,
    leave: mpsc::UnboundedSender<()>,
}

impl Function {
    pub fn that(answers: Answers) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (leave, gone) = mpsc::unbounded_channel();
        let shared = Shared { answers, asked: Arc::clone(&asked), leave };
        let router = Router::new().fallback(answer).with_state(shared);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(tokio::net::TcpListener::bind(address)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, asked, gone: Arc::new(Mutex::new(gone)), _runtime: runtime }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until a stream was dropped, because it ended or because its reader is gone.
    pub fn stream_ends(&self) -> bool {
        let mut gone = self.gone.lock().unwrap();
        let wait = async { tokio::time::timeout(Duration::from_secs(10), gone.recv()).await };
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(wait).is_ok()
    }

    /// `warden-chat` with this function's URL.
    pub fn chat(&self, arguments: &[&str]) -> Command {
        let mut command = chat(arguments);
        command.env("WARDEN_CHAT_URL", &self.url);
        command
    }

    pub fn once(&self, further: &[&str]) -> Run {
        ends(self.chat(&[&["--once", "안녕?"], further].concat()).spawn().unwrap())
    }
}

/// The binary with nothing of the user's environment.
pub fn chat(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warden-chat"));
    command.args(arguments).env_clear().env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nowhere");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn ends(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(!run.stderr.contains('\x1b'), "colours without a terminal: {run:?}");
    run
}

async fn answer(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    shared.asked.lock().unwrap().push(Asked { headers, body });
    let (parts, end) = match shared.answers {
        Answers::Refuses(status, kind, headers, body) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response.headers_mut().insert("content-type", kind.parse().unwrap());
            for (name, value) in headers {
                response.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            return response;
        }
        Answers::Events(parts) => (parts, End::Ends),
        Answers::ThenSilence(parts) => (parts, End::Silence),
        Answers::ThenBreaks(parts) => (parts, End::Breaks),
    };
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(async move {
        for part in parts {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if send.send(Ok(part)).await.is_err() {
                return;
            }
        }
        match end {
            End::Ends => {}
            End::Silence => send.closed().await,
            End::Breaks => {
                // What came before it is read by then.
                tokio::time::sleep(Duration::from_millis(100)).await;
                let _ = send.send(Err(std::io::Error::other("it breaks"))).await;
            }
        }
    });
    let stream = Parts { receive, leave: shared.leave };
    let mut response = Response::new(Body::new(stream));
    response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
    response
}

#[derive(Clone, Copy)]
enum End {
    Ends,
    Silence,
    Breaks,
}

/// A body that comes part by part, and says when it was dropped.
struct Parts {
    receive: mpsc::Receiver<std::io::Result<&'static str>>,
    leave: mpsc::UnboundedSender<()>,
}

impl axum::body::HttpBody for Parts {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let frame = |part: &'static str| http_body::Frame::data(Bytes::from_static(part.as_bytes()));
        self.receive.poll_recv(context).map(|part| part.map(|part| part.map(frame)))
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let _ = self.leave.send(());
    }
}
