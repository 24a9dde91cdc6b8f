//! The HTTP server: what it is told, how it starts and stops, and what it serves.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use warden_perception::weights;

use crate::answer::Reader;
use crate::bedrock::Exception;
use crate::bedrock::exception::Kind;
use crate::calls::Calls;
use crate::endpoint::{Answerer, Endpoint, MAX_BODY_BYTES};
use crate::faults::Faults;
use crate::invoke;
use crate::records::Records;
use crate::stream;
use crate::upstream::{self, Upstream};

/// How many calls are open at once unless it is said: about as many pictures as are read, one after the other, in the
/// time that a function gives its model.
const OPEN_CALLS: usize = 64;
/// How long open requests get to end when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// Who answers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Answers {
    /// OCR, face finding and recognisers on this machine, with the models in this
    /// folder (see [`warden_perception::weights`]).
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
    /// How many calls are open at once, those that wait to be answered included. One more is refused as Bedrock
    /// refuses what is over a quota: 429 `ThrottlingException`.
    pub open_calls: usize,
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
            open_calls: OPEN_CALLS,
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
            places: Semaphore::new(config.open_calls),
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

fn routes(endpoint: Arc<Endpoint>) -> Router {
    Router::new()
        .merge(invoke::routes())
        .merge(stream::routes())
        .fallback(async || {
            let served =
                "/model/{modelId}/invoke[-with-response-stream] and /endpoints/{name}/invocations-response-stream";
            Exception::new(Kind::ResourceNotFound, format!("This endpoint serves POST {served} alone."))
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(endpoint)
}
