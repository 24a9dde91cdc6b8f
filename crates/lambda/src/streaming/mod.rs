//! Answers that are passed on while the model writes them, over HTTP.
//!
//! How an answer looks is decided in [`warden_core::chat`]; here are Lambda, the
//! clock and the limits of time.

mod limits;
mod passage;

use std::{convert::Infallible, future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use lambda_runtime::{LambdaEvent, MetadataPrelude, Runtime, StreamResponse, service_fn};
use serde_json::Value;
use tokio::time::{Instant, timeout};
use warden_core::{
    Error,
    chat::{Conversation, Encoding, Protocol, Refusal},
    ports::{AnswerStream as _, ModelCall, StreamingModel},
};

pub use limits::StreamLimits;

use self::passage::Passage;
use crate::{FunctionError, Stopped, invocation::take_invocations, metrics};

/// A response's body, whether it is complete or still being written.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

/// How a silent answer's connection is kept open. `CloudFront` gives up on an
/// origin that says nothing for 30 to 60 seconds, API Gateway after 5 minutes.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A model, and how long it may take.
pub struct Streamer<M> {
    model: M,
    protocol: Protocol,
    limits: StreamLimits,
}

/// Who an answer is for, and in which form.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// The request's id, which the answer's start and its log lines name.
    pub request_id: &'a str,
    /// The form of the answer.
    pub encoding: Encoding,
    /// Who asks, for the model's record of the call: see [`ModelCall`].
    pub request_metadata: Option<&'a str>,
}

impl<M: StreamingModel> Streamer<M> {
    /// A model whose endpoint speaks that protocol.
    #[must_use]
    pub const fn new(model: M, protocol: Protocol, limits: StreamLimits) -> Self {
        Self { model, protocol, limits }
    }

    /// The model that is asked.
    pub const fn model(&self) -> &M {
        &self.model
    }

    /// Asks the model, and answers once it says that it begins, which may be long
    /// before its first word. What fails after that is reported in the body.
    ///
    /// # Errors
    /// Those of [`StreamingModel::open`] and of the answer up to its first event,
    /// and [`Error::ModelTimeout`].
    pub async fn answer(&self, chat: &Conversation, asker: Asker<'_>) -> Result<Response<Body>, Error> {
        let passage = self.open(chat, asker).await?;
        let chunks =
            stream::unfold(passage, |mut passage| async { passage.next().await.map(|chunk| (Ok(chunk), passage)) });
        Ok(response(StatusCode::OK, asker.encoding.content_type(), Box::pin(chunks)))
    }

    async fn open(&self, chat: &Conversation, asker: Asker<'_>) -> Result<Passage<M::Answer>, Error> {
        let start = Instant::now();
        let (mut decoder, mut parts) = (self.protocol.decoder(chat), Vec::new());
        let begun = async {
            let call = ModelCall {
                model_id: &chat.model.called,
                body: self.protocol.body(chat),
                request_metadata: asker.request_metadata,
            };
            // Large, and of another crate: on the heap.
            let mut answer = Box::pin(self.model.open(call)).await?;
            while !decoder.has_begun() {
                let read = match answer.next_chunk().await? {
                    Some(chunk) => decoder.push(&chunk, &mut parts),
                    None => decoder.finish(&mut parts),
                };
                match read {
                    Ok(()) => {}
                    // What was said before the error is an answer, which is cut.
                    Err(error) if !parts.is_empty() => return Ok((answer, Err(error))),
                    Err(error) => {
                        let tokens = decoder.tokens();
                        if !tokens.estimated {
                            metrics::model_answer(&chat.model.called, tokens.usage, milliseconds(start));
                        }
                        return Err(error);
                    }
                }
            }
            Ok((answer, Ok(())))
        };
        let (answer, read) = timeout(self.limits.receive_timeout, begun)
            .await
            .map_err(|_| Error::ModelTimeout { code: "RECEIVE_TIMEOUT_SECONDS passed".into() })??;
        let mut passage = Passage::new(answer, decoder, asker.encoding, self.limits, start);
        passage.begin(asker.request_id, &chat.model, parts, read);
        Ok(passage)
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Takes events until the environment ends. Each goes to `handle` as the JSON
/// that it is, with Lambda's id of the invocation, and every outcome is a response.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn run<H, F>(handle: H) -> Result<(), Stopped>
where
    H: Fn(Value, String) -> F,
    F: Future<Output = Response<Body>>,
{
    let handler = service_fn(|event: LambdaEvent<Value>| {
        let response = handle(event.payload, event.context.request_id);
        async { Ok::<_, FunctionError>(streamed(response.await)) }
    });
    take_invocations(Runtime::new(handler)).await
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

/// A response whose body is known.
#[must_use]
pub fn whole(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Body> {
    response(status, content_type, Box::pin(stream::iter([Ok(body)])))
}

/// A response that says why there is no answer.
#[must_use]
pub fn refused(refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = whole(status, "application/json", refusal.body().into());
    if let Some((name, value)) = refusal.header() {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_goes_to_lambda_with_its_status_and_headers() {
        let streamed = streamed(refused(&Refusal::MethodNotAllowed { allowed: "POST" }));
        assert_eq!(streamed.metadata_prelude.status_code.as_u16(), 405);
        assert_eq!(streamed.metadata_prelude.headers["content-type"], "application/json");
        assert_eq!(streamed.metadata_prelude.headers["allow"], "POST");
    }
}
