//! Invocations on their way from the runtime, and the event before it is read.

use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::{LambdaInvocation, Runtime, layers::TracingLayer};
use serde::de::IgnoredAny;
use tower::{Layer, Service};

use crate::Stopped;

/// Hands events on until the environment ends.
pub(crate) async fn take_invocations<S>(runtime: Runtime<S>) -> Result<(), Stopped>
where
    S: Service<LambdaInvocation, Response = (), Error = lambda_runtime::Error>,
{
    runtime
        .layer(JsonOnly)
        .layer(TracingLayer::new())
        .run()
        .await
        .map_err(|error| Stopped(format!("Lambda's Runtime API failed: {error}")))
}

/// Stands in for a payload that is no JSON.
const NOT_JSON: &[u8] = br#""not JSON""#;

/// Replaces a payload that is no JSON by a JSON string. The runtime would fail
/// such an event under the name of a Rust type, before the handler sees it.
struct JsonOnly;

impl<S> Layer<S> for JsonOnly {
    type Service = JsonOnlyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        JsonOnlyService(inner)
    }
}

struct JsonOnlyService<S>(S);

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for JsonOnlyService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        invocation.body = json_or_marker(invocation.body);
        self.0.call(invocation)
    }
}

fn json_or_marker(body: Bytes) -> Bytes {
    let is_json = std::str::from_utf8(&body).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    if is_json { body } else { Bytes::from_static(NOT_JSON) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_passes_untouched_and_anything_else_becomes_a_json_string() {
        for (body, passes) in [
            (&b"{\"a\": 1}"[..], true),
            (b"[]", true),
            (b"null", true),
            (b"", false),
            (b"{", false),
            (b"{} {}", false),
            (b"key=value", false),
            (b"\"\xff\"", false),
        ] {
            let kept = json_or_marker(Bytes::copy_from_slice(body));
            assert_eq!(kept == body, passes, "{body:?}");
            assert!(serde_json::from_slice::<serde_json::Value>(&kept).is_ok(), "{body:?}");
        }
    }
}
