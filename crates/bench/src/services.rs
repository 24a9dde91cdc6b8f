//! S3 and Bedrock, as far as a function needs them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Result;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

/// The two services on one port; they end with the value.
pub struct Services {
    pub address: SocketAddr,
    answered: Arc<Answered>,
    server: JoinHandle<()>,
}

struct Answered {
    image: Bytes,
    answer: String,
    objects: AtomicUsize,
    models: AtomicUsize,
}

impl Services {
    pub async fn start(image: Bytes, answer: String) -> Result<Self> {
        let answered = Arc::new(Answered { image, answer, objects: AtomicUsize::new(0), models: AtomicUsize::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router =
            Router::new().fallback(answer_request).layer(DefaultBodyLimit::disable()).with_state(Arc::clone(&answered));
        let server = tokio::spawn(async move {
            // Ends with the task alone.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, answered, server })
    }

    /// Objects read and models asked so far.
    pub fn calls(&self) -> (usize, usize) {
        (self.answered.objects.load(Ordering::Relaxed), self.answered.models.load(Ordering::Relaxed))
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer_request(State(answered): State<Arc<Answered>>, request: Request) -> Response {
    let is_model = request.uri().path().starts_with("/model/");
    if request.method() == Method::POST && is_model {
        // The body is read to its end, as Bedrock does.
        if axum::body::to_bytes(request.into_body(), usize::MAX).await.is_err() {
            return StatusCode::BAD_REQUEST.into_response();
        }
        answered.models.fetch_add(1, Ordering::Relaxed);
        let response = json!({
            "id": "msg_bench", "type": "message", "role": "assistant", "model": "bench",
            "content": [{"type": "text", "text": answered.answer}],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {"input_tokens": 1600, "output_tokens": 20},
        });
        return ([(header::CONTENT_TYPE, "application/json")], response.to_string()).into_response();
    }
    if request.method() == Method::GET {
        answered.objects.fetch_add(1, Ordering::Relaxed);
        let headers = [(header::CONTENT_TYPE, "image/png"), (header::ETAG, "\"bench\"")];
        return (headers, answered.image.clone()).into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}
