//! An answer that a service sends as an event stream, after it has answered 200.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::event_stream::{Message, RawMessage};
use bytes::Bytes;
use warden_core::{Error, ports::AnswerStream};

/// What each SDK crate receives events with, in types of its own.
pub trait Receiver: Send {
    /// What the service sends.
    type Event: Send;
    /// How it says that it failed.
    type Failure;
    /// What a connection that broke is called.
    const BROKEN: &'static str;

    /// The next event, `None` at the end.
    fn receive(
        &mut self,
    ) -> impl Future<Output = Result<Option<Self::Event>, SdkError<Self::Failure, RawMessage>>> + Send;

    /// What of the answer an event holds; none for one that this version of the API does not know.
    fn bytes(event: Self::Event) -> Option<Bytes>;

    /// The error of a failure that the service tells under a name.
    fn error(name: &str, failure: Option<&Self::Failure>) -> Error;
}

/// An answer that arrives as events.
#[derive(Debug)]
pub struct EventStream<R>(pub(crate) R);

impl<R: Receiver> AnswerStream for EventStream<R> {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.0.receive().await {
                Ok(Some(event)) => {
                    if let Some(bytes) = R::bytes(event) {
                        return Ok(Some(bytes));
                    }
                }
                Ok(None) => return Ok(None),
                Err(error) => {
                    return Err(match exception(&error) {
                        Some(name) => R::error(name, error.as_service_error()),
                        None => Error::ModelUnavailable { code: "stream broken".into(), hint: R::BROKEN },
                    });
                }
            }
        }
    }
}

/// The name of the failure that the service tells; `None` when the connection
/// broke, or its bytes are not an event stream.
fn exception<E>(error: &SdkError<E, RawMessage>) -> Option<&str> {
    let message = match error {
        SdkError::ServiceError(error) => error.raw(),
        SdkError::ResponseError(error) => error.raw(),
        _ => return None,
    };
    let RawMessage::Decoded(message) = message else { return None };
    // Modeled failures have a type, all others a code.
    header(message, ":exception-type").or_else(|| header(message, ":error-code"))
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
    header.value().as_string().ok().map(aws_smithy_types::str_bytes::StrBytes::as_str)
}

/// Writes the frames that the tests replay.
#[cfg(test)]
pub(crate) mod recorded {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
    use warden_test_support::Answer;

    fn frame(headers: &[(&'static str, &str)], payload: &str) -> Vec<u8> {
        let headers = headers
            .iter()
            .map(|(name, value)| Header::new(*name, HeaderValue::String((*value).to_owned().into())))
            .collect();
        let mut bytes = Vec::new();
        write_message_to(&Message::new_from_parts(headers, payload.to_owned().into_bytes()), &mut bytes).unwrap();
        bytes
    }

    pub(crate) fn event(kind: &str, content_type: &str, payload: &str) -> Vec<u8> {
        frame(&[(":message-type", "event"), (":event-type", kind), (":content-type", content_type)], payload)
    }

    pub(crate) fn exception(kind: &str, payload: &str) -> Vec<u8> {
        frame(
            &[(":message-type", "exception"), (":exception-type", kind), (":content-type", "application/json")],
            payload,
        )
    }

    pub(crate) fn answer(status: u16, error_type: &'static str, body: Vec<u8>) -> Answer {
        let content_type = if status == 200 { "application/vnd.amazon.eventstream" } else { "application/json" };
        Answer::new(status, body).header("content-type", content_type).header("x-amzn-errortype", error_type)
    }
}
