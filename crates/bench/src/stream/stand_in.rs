//! Bedrock's `InvokeModelWithResponseStream`, as far as the function needs it.
//! Each delta says its number and when it was sent.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::{Router, body::Body, extract::Path, http::header, response::IntoResponse, routing::post};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep_until},
};

/// How a model answers. Its model id says it to the stand-in.
#[derive(Clone, Copy)]
pub struct Script {
    pub deltas: usize,
    pub pace_ms: u64,
    pub first_ms: u64,
}

impl Script {
    pub fn model_id(&self) -> String {
        format!("{}-{}-{}", self.deltas, self.pace_ms, self.first_ms)
    }

    fn of(model_id: &str) -> Option<Self> {
        let numbers: Vec<u64> = model_id.split('-').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [deltas, pace_ms, first_ms] = numbers[..] else { return None };
        Some(Self { deltas: usize::try_from(deltas).ok()?, pace_ms, first_ms })
    }
}

/// Serves on a free port, which it prints, until the process ends.
#[expect(clippy::print_stdout, reason = "the address is what the caller waits for")]
pub async fn serve() -> Result<()> {
    let router = Router::new().route("/model/{id}/invoke-with-response-stream", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn answer(Path(model_id): Path<String>, _: Bytes) -> impl IntoResponse {
    let script = Script::of(&model_id).unwrap_or(Script { deltas: 0, pace_ms: 0, first_ms: 0 });
    let begin = Instant::now() + Duration::from_millis(script.first_ms);
    let frames = stream::unfold(0, move |at| async move {
        // The start comes with the first delta, and the end right after the last.
        let frames = match at {
            at if at < script.deltas => {
                sleep_until(begin + Duration::from_millis(script.pace_ms) * u32::try_from(at).unwrap_or(u32::MAX))
                    .await;
                let start =
                    (at == 0).then(|| json!({"type": "message_start", "message": {"usage": {"input_tokens": 9}}}));
                start.into_iter().chain([delta(at)]).collect()
            }
            at if at == script.deltas => vec![
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": at}}),
                json!({"type": "message_stop"}),
            ],
            _ => return None,
        };
        let bytes: Vec<u8> = frames.iter().flat_map(frame).collect();
        Some((Ok::<_, Infallible>(Bytes::from(bytes)), at + 1))
    });
    ([(header::CONTENT_TYPE, "application/vnd.amazon.eventstream")], Body::from_stream(frames))
}

fn delta(number: usize) -> Value {
    let text = format!("{number}:{} ", nanoseconds());
    json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
}

/// The time of the clock that both processes have.
pub fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

fn frame(event: &Value) -> Vec<u8> {
    let text = |text: &'static str| HeaderValue::String(text.into());
    let headers = vec![
        Header::new(":message-type", text("event")),
        Header::new(":event-type", text("chunk")),
        Header::new(":content-type", text("application/json")),
    ];
    let payload = json!({"bytes": base64_simd::STANDARD.encode_to_string(event.to_string())}).to_string();
    let mut bytes = Vec::new();
    // Short headers and a short payload always fit a frame.
    let _ = write_message_to(&Message::new_from_parts(headers, payload), &mut bytes);
    bytes
}
