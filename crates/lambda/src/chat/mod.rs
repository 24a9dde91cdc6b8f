//! A streaming function behind a function URL: everything but the model.
//!
//! What a request asks and how an answer looks is decided in
//! [`warden_core::chat`]; here are Lambda, the clock and the limits of time.

mod event;
mod page;
mod passage;
mod settings;

use std::{convert::Infallible, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use lambda_runtime::{LambdaEvent, MetadataPrelude, Runtime, StreamResponse, layers::TracingLayer, service_fn};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use warden_core::{
    Error,
    chat::{Conversation, Encoding, Failure as Refusal, Protocol, Route},
    ports::{AnswerStream as _, StreamingModel},
};

pub use settings::ChatSettings;

use self::{event::Request, page::Page, passage::Passage};
use crate::{Failure, Stopped, invocation::JsonOnly};

/// What a response's body is, whether it is known or still being written.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

/// How a silent answer's connection is kept open. `CloudFront` gives up on an
/// origin that says nothing for 30 to 60 seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

const USAGE: &str = "\
POST a JSON body such as {\"prompt\": \"Hello\"} to this address.\n\
With the header `Accept: text/event-stream` the answer comes as server-sent events.\n\
GET /models lists the models that may be asked.\n";

/// A chat with a model whose answer is passed on while it is written.
pub struct Chat<M> {
    model: M,
    protocol: Protocol,
    settings: ChatSettings,
    page: Page,
}

impl<M: StreamingModel> Chat<M> {
    /// A chat with a model whose endpoint speaks that protocol.
    #[must_use]
    pub fn new(model: M, protocol: Protocol, settings: ChatSettings) -> Self {
        Self { model, protocol, settings, page: Page::new() }
    }

    /// Who is asked.
    pub const fn model(&self) -> &M {
        &self.model
    }

    /// Answers a function URL's event. Every outcome is a response: a failure
    /// before the answer's first byte has a status, one after it stands in the body.
    pub async fn handle(&self, event: Value, request_id: &str) -> Response<Body> {
        self.respond(event, request_id).await.unwrap_or_else(|refusal| {
            let reason = loggable(&refusal);
            tracing::warn!(request_id, status = refusal.status(), error = refusal.name(), "{reason}");
            refused(&refusal)
        })
    }

    async fn respond(&self, event: Value, request_id: &str) -> Result<Response<Body>, Refusal> {
        let request = Request::of(event)?;
        match Route::of(&request.method, &request.path, request.header("accept"))? {
            Route::Page => Ok(self.page.response()),
            Route::Usage => {
                Ok(whole(StatusCode::OK, "text/plain; charset=utf-8", Bytes::from_static(USAGE.as_bytes())))
            }
            Route::Models => {
                self.admit(&request)?;
                let offer = &self.settings.offer;
                let models = json!({"models": offer.models, "default": offer.default_model});
                Ok(whole(StatusCode::OK, "application/json", models.to_string().into()))
            }
            Route::Chat => {
                self.admit(&request)?;
                let encoding = Encoding::of(request.header("accept"));
                let body = request.body(self.settings.max_request_bytes)?;
                let conversation = Conversation::read(&body, &self.settings.offer)?;
                drop(body);
                let passage = self.open(&conversation, encoding, request_id).await?;
                let chunks = stream::unfold(passage, |mut passage| async {
                    passage.next().await.map(|chunk| (Ok(chunk), passage))
                });
                Ok(response(StatusCode::OK, encoding.content_type(), Box::pin(chunks)))
            }
        }
    }

    fn admit(&self, request: &Request) -> Result<(), Refusal> {
        match &self.settings.token {
            Some(token) if !token.admits(request.header("x-warden-token")) => Err(Refusal::Unauthorized),
            _ => Ok(()),
        }
    }

    /// Asks the model, and waits until it begins.
    async fn open(
        &self,
        chat: &Conversation,
        encoding: Encoding,
        request_id: &str,
    ) -> Result<Passage<M::Answer>, Error> {
        let asked = Instant::now();
        let (mut decoder, mut parts) = (self.protocol.decoder(), Vec::new());
        let begun = async {
            // Large, and of another crate: on the heap.
            let mut answer = Box::pin(self.model.open(&chat.model, self.protocol.body(chat))).await?;
            while !decoder.has_begun() {
                match answer.next_chunk().await? {
                    Some(chunk) => decoder.push(&chunk, &mut parts)?,
                    None => decoder.finish(&mut parts)?,
                }
            }
            Ok(answer)
        };
        let answer = timeout(self.settings.receive_timeout, begun)
            .await
            .map_err(|_| Error::ModelTimeout { code: "RECEIVE_TIMEOUT_SECONDS passed".into() })??;
        let mut passage = Passage::new(answer, decoder, encoding, &self.settings, asked);
        passage.begin(request_id, &chat.model, parts);
        Ok(passage)
    }
}

/// Takes function URLs' events until the environment ends.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn run<M: StreamingModel>(chat: Chat<M>) -> Result<(), Stopped> {
    let handler = service_fn(|event: LambdaEvent<Value>| {
        let chat = &chat;
        async move {
            let response = chat.handle(event.payload, &event.context.request_id).await;
            Ok::<_, Failure>(streamed(response))
        }
    });
    Runtime::new(handler)
        .layer(JsonOnly)
        .layer(TracingLayer::new())
        .run()
        .await
        .map_err(|error| Stopped(format!("Lambda's Runtime API failed: {error}")))
}

fn streamed(response: Response<Body>) -> StreamResponse<Body> {
    let (head, stream) = response.into_parts();
    let metadata_prelude = MetadataPrelude { status_code: head.status, headers: head.headers, cookies: Vec::new() };
    StreamResponse { metadata_prelude, stream }
}

fn response(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn whole(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Body> {
    response(status, content_type, Box::pin(stream::iter([Ok(body)])))
}

/// What the log tells of a refusal. That of a wrong request names the caller's
/// own field, which is for the caller alone.
fn loggable(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Error(Error::InvalidInput { .. }) => "the request is wrong, and its caller was told how".into(),
        refusal => refusal.message(),
    }
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = whole(status, "application/json", refusal.body().into());
    if let Some((name, value)) = refusal.header() {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
