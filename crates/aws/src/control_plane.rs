//! What a failed call of a control plane is to a function. What the service says beside its code is dropped: it may
//! repeat what was sent.

use std::fmt;

use aws_types::SdkConfig;
use serde_json::Value;
use warden_control_plane::{Call, CallFailed, ControlPlane, Service};
use warden_core::Error;

use crate::{SETUP_TIMEOUT, timeouts};

/// A client that is bounded in time as a function is.
pub(crate) fn control_plane(config: &SdkConfig, service: Service) -> ControlPlane {
    let config = config.to_builder().timeout_config(timeouts(SETUP_TIMEOUT)).build();
    ControlPlane::new(&config, service)
}

/// The answer's JSON, or null where it has no body.
pub(crate) async fn call(control_plane: &ControlPlane, call: Call) -> Result<Value, Failure> {
    control_plane.call(call).await.map_err(|failed| Failure::of(&failed))
}

/// Why a call came to nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The HTTP status of an answer.
    pub(crate) status: Option<u16>,
    /// The service's name for the error.
    pub(crate) code: Option<String>,
}

impl Failure {
    pub(crate) fn of(failed: &CallFailed) -> Self {
        Self {
            status: failed.raw_response().map(|response| response.status().as_u16()),
            code: failed.as_service_error().and_then(|refusal| refusal.code().map(str::to_owned)),
        }
    }

    /// The error of `action`: its service is in trouble, or refuses what a wrong setting or a defect makes of the call.
    pub(crate) fn error(&self, action: &'static str, what: &str) -> Error {
        match (self.status, self.code.as_deref()) {
            (None | Some(429 | 500..), _) | (_, Some("ThrottlingException")) => {
                Error::ServiceUnavailable { action, code: self.to_string() }
            }
            _ => Error::Internal { problem: format!("{action} failed on {what} ({self})") },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status, &self.code) {
            (Some(status), Some(code)) => write!(formatter, "{status} {code}"),
            (Some(status), None) => write!(formatter, "{status} without a code"),
            (None, _) => formatter.write_str("no answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    const SERVICE: Service = Service::json_1_1("SSM", "ssm");

    #[tokio::test]
    async fn a_failure_has_its_status_and_code_and_no_word_of_its_message() {
        let typed = |code: &str| format!(r#"{{"__type":"{code}","message":"secret text"}}"#);
        for (answer, status, code) in [
            (Answer::new(400, typed("ParameterNotFound")), 400, Some("ParameterNotFound")),
            (Answer::new(502, "<html>secret text"), 502, None),
            (Answer::new(200, "secret text"), 200, None),
        ] {
            let aws = RecordedAws::answering([answer]);
            let asked = Call::rpc("AmazonSSM.GetParameter", &json!({"Name": "/a"}));
            let failure = call(&control_plane(&aws.config(), SERVICE), asked).await.unwrap_err();
            assert_eq!(failure, Failure { status: Some(status), code: code.map(str::to_owned) });
            assert!(!format!("{failure} {failure:?}").contains("secret text"));
        }
    }
}
