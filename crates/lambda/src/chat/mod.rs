//! A streaming function behind a function URL: everything but the model.
//!
//! What a request asks and how an answer looks is decided in
//! [`warden_core::chat`]; how it is passed on, in [`crate::streaming`].

mod event;
mod page;
mod settings;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use warden_core::{
    chat::{Conversation, Encoding, Protocol, Refusal, Route},
    ports::StreamingModel,
};

pub use settings::ChatSettings;

use self::{event::Request, page::Page};
use crate::{
    Stopped,
    streaming::{self, Asker, Body, Streamer, refused, whole},
};

const USAGE: &str = "\
POST a JSON body such as {\"prompt\": \"Hello\"} to this address.\n\
With the header `Accept: text/event-stream` the answer comes as server-sent events.\n\
GET /models lists the models that may be asked.\n";

/// A chat with a model whose answer is passed on while it is written.
pub struct Chat<M> {
    streamer: Streamer<M>,
    settings: ChatSettings,
    page: Page,
}

impl<M: StreamingModel> Chat<M> {
    /// A chat with a model whose endpoint speaks that protocol.
    #[must_use]
    pub fn new(model: M, protocol: Protocol, settings: ChatSettings) -> Self {
        Self { streamer: Streamer::new(model, protocol, settings.limits), settings, page: Page::new() }
    }

    /// The model that is asked.
    pub const fn model(&self) -> &M {
        self.streamer.model()
    }

    /// Answers a function URL's event. Every outcome is a response: a failure
    /// before the answer's first byte has a status, one after it is reported in the body.
    pub async fn handle(&self, event: Value, request_id: &str) -> Response<Body> {
        self.respond(event, request_id).await.unwrap_or_else(|refusal| {
            let (status, error, reason) = (refusal.status(), refusal.code(), refusal.log_reason());
            tracing::warn!(request_id, status, error, reason, "request refused");
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
                let names: Vec<_> = offer.names().collect();
                let models = json!({"models": names, "default": offer.default_model.name()});
                Ok(whole(StatusCode::OK, "application/json", models.to_string().into()))
            }
            Route::Chat => {
                self.admit(&request)?;
                let encoding = Encoding::of(request.header("accept"));
                let body = request.body(self.settings.max_request_bytes)?;
                let conversation = Conversation::read(&body, &self.settings.offer)?;
                drop(body);
                let asker = Asker { request_id, encoding, request_metadata: None };
                Ok(self.streamer.answer(&conversation, asker).await?)
            }
        }
    }

    fn admit(&self, request: &Request) -> Result<(), Refusal> {
        match &self.settings.token {
            Some(token) if !token.admits(request.header("x-warden-token")) => Err(Refusal::Unauthorized),
            _ => Ok(()),
        }
    }
}

/// Takes function URLs' events until the environment ends.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn run<M: StreamingModel>(chat: Chat<M>) -> Result<(), Stopped> {
    let chat = &chat;
    streaming::run(|event, request_id| async move { chat.handle(event, &request_id).await }).await
}

#[cfg(test)]
mod tests;
