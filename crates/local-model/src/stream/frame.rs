//! Frames of `application/vnd.amazon.eventstream`.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::body::Bytes;
use serde_json::{Value, json};

use super::broken;
use crate::bedrock::Exception;

const JSON: &str = "application/json";

/// A part of Bedrock's answer: an event of the model's, in base64.
pub(super) fn bedrock_chunk(event: &Value) -> Result<Bytes, Exception> {
    let bytes = base64_simd::STANDARD.encode_to_string(event.to_string());
    // Bedrock pads its chunks, so that their length tells nobody what they say.
    let padding = &"abcdefghijklmnopqrstuvwxyz"[..bytes.len() % 26];
    event_frame("chunk", JSON, json!({"bytes": bytes, "p": padding}).to_string().into())
}

/// Bedrock's last frame when the model fails in its answer.
pub(super) fn bedrock_failure() -> Result<Bytes, Exception> {
    let payload = json!({
        "message": "The model stopped answering. Try your request again.",
        "originalStatusCode": 500,
        "originalMessage": "overloaded",
    });
    exception("modelStreamErrorException", &payload)
}

/// A part of a container's answer.
pub(super) fn sagemaker_part(bytes: Vec<u8>) -> Result<Bytes, Exception> {
    event_frame("PayloadPart", "application/octet-stream", bytes.into())
}

/// `SageMaker`'s last frame when the container fails in its answer.
pub(super) fn sagemaker_failure() -> Result<Bytes, Exception> {
    let payload = json!({"Message": "The container stopped answering.", "ErrorCode": "StreamBroken"});
    exception("ModelStreamError", &payload)
}

fn event_frame(kind: &'static str, content_type: &'static str, payload: Bytes) -> Result<Bytes, Exception> {
    frame([(":message-type", "event"), (":event-type", kind), (":content-type", content_type)], payload)
}

fn exception(kind: &'static str, payload: &Value) -> Result<Bytes, Exception> {
    let payload = payload.to_string().into();
    frame([(":message-type", "exception"), (":exception-type", kind), (":content-type", JSON)], payload)
}

fn frame(headers: [(&'static str, &'static str); 3], payload: Bytes) -> Result<Bytes, Exception> {
    let message = headers.into_iter().fold(Message::new(payload), |message, (name, value)| {
        message.add_header(Header::new(name, HeaderValue::String(value.into())))
    });
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).map_err(|_| broken("a frame could not be written"))?;
    Ok(bytes.into())
}
