//! What every function's `main` shares: settings, logs, metrics, the event's way
//! in and the error's way out. A function itself knows nothing of Lambda.

pub mod alerts;
pub mod budget;
#[cfg(feature = "chat")]
pub mod chat;
pub mod claims;
pub mod clock;
mod invocation;
pub mod metrics;
mod payload;
#[cfg(any(feature = "chat", feature = "rest-api"))]
mod request_body;
#[cfg(feature = "rest-api")]
pub mod rest_api;
pub mod rules;
pub mod settings;
#[cfg(feature = "streaming")]
pub mod streaming;
pub mod telemetry;

use std::{fmt, future::Future};

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde_json::Value;
use warden_core::Error;

use crate::{invocation::take_invocations, settings::SettingError};

/// Why a function's process ends. Its `Debug` is what `main` prints, so it is
/// the same text as its `Display`.
pub struct Stopped(String);

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SettingError> for Stopped {
    fn from(error: SettingError) -> Self {
        Self(format!("setting {error}"))
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// A function's error on its way to the runtime, under the name that a state
/// machine matches.
struct FunctionError(Error);

impl fmt::Debug for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.name(), self.0)
    }
}

impl From<FunctionError> for Diagnostic {
    fn from(FunctionError(error): FunctionError) -> Self {
        Self { error_type: error.name().to_string(), error_message: error.to_string() }
    }
}

/// Takes events until the environment ends. Each event goes to `handle` as the
/// JSON that it is, mended where no reader would read it; what is not JSON goes
/// to it as a JSON string, which no function takes, so that it too fails as
/// `InvalidInput`.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn run<H, F, R>(handle: H) -> Result<(), Stopped>
where
    H: Fn(Value) -> F,
    F: Future<Output = Result<R, Error>>,
    R: Serialize,
{
    let handler = service_fn(|event: LambdaEvent<Value>| {
        let answer = handle(event.payload);
        async { answer.await.map_err(FunctionError) }
    });
    take_invocations(Runtime::new(handler)).await
}

#[cfg(test)]
mod tests {
    use warden_core::ErrorName;

    use super::*;

    #[test]
    fn step_functions_sees_the_errors_own_name() {
        let diagnostic = Diagnostic::from(FunctionError(Error::invalid("s3_key", "is missing")));
        assert_eq!(diagnostic.error_type, ErrorName::InvalidInput.as_str());
        assert_eq!(diagnostic.error_message, "s3_key: is missing");
    }

    #[test]
    fn the_runtimes_log_of_an_error_reads_like_the_error() {
        let failure = FunctionError(Error::ModelThrottled { code: "429 ThrottlingException".into() });
        assert_eq!(format!("{failure:?}"), "ModelThrottled: the model is throttled (429 ThrottlingException)");
    }
}
