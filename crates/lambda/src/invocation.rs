//! Invocations on their way from the runtime, and the event before it is read.

use std::task::{Context, Poll};

use lambda_runtime::{LambdaInvocation, Runtime, layers::TracingLayer};
use tower::{Layer, Service};

use crate::{Stopped, payload};

/// Hands events on until the environment ends.
pub(crate) async fn take_invocations<S>(runtime: Runtime<S>) -> Result<(), Stopped>
where
    S: Service<LambdaInvocation, Response = (), Error = lambda_runtime::Error>,
{
    runtime
        .layer(ReadableJson)
        .layer(TracingLayer::new())
        .run()
        .await
        .map_err(|error| Stopped(format!("Lambda's Runtime API failed: {error}")))
}

/// Makes each payload JSON that can be read before the runtime reads it.
struct ReadableJson;

impl<S> Layer<S> for ReadableJson {
    type Service = ReadableJsonService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ReadableJsonService(inner)
    }
}

struct ReadableJsonService<S>(S);

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for ReadableJsonService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        invocation.body = payload::readable(invocation.body);
        self.0.call(invocation)
    }
}
