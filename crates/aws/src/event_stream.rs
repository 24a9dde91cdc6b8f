//! Failures that a service tells inside an event stream, after it has answered 200.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::event_stream::{Message, RawMessage};

/// Why an event stream has no next event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The service says so, under this name.
    Exception(String),
    /// The connection broke, or its bytes are no event stream.
    Broken,
}

impl Interruption {
    pub(crate) fn of<E>(error: &SdkError<E, RawMessage>) -> Self {
        let message = match error {
            SdkError::ServiceError(error) => error.raw(),
            SdkError::ResponseError(error) => error.raw(),
            _ => return Self::Broken,
        };
        let RawMessage::Decoded(message) = message else { return Self::Broken };
        // Modeled failures have a type, all others a code.
        header(message, ":exception-type")
            .or_else(|| header(message, ":error-code"))
            .map_or(Self::Broken, |name| Self::Exception(name.to_owned()))
    }
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
