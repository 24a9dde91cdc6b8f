//! The bus on which recorded events are judged again.

use aws_types::SdkConfig;
use serde_json::{Value, json};
use warden_control_plane::{Call, ControlPlane, Service};
use warden_core::{Error, ports::UploadReports};

use crate::control_plane::{call, control_plane};

const PUT_EVENTS: &str = "events:PutEvents";
/// Most events of a call.
const MOST: usize = 10;

/// The replay bus of the stack.
#[derive(Clone, Debug)]
pub struct ReplayBus {
    events: ControlPlane,
    name: String,
}

impl ReplayBus {
    /// The bus of this name, on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, name: &str) -> Self {
        Self { events: control_plane(config, Service::json_1_1("EventBridge", "events")), name: name.to_owned() }
    }
}

impl UploadReports for ReplayBus {
    async fn report(&self, uploads: &[Value]) -> Result<(), Error> {
        for some in uploads.chunks(MOST) {
            let entry = |upload: &Value| {
                json!({"EventBusName": self.name, "Source": "warden.replay", "DetailType": "Object Created",
                    "Detail": upload.to_string()})
            };
            let asked = json!({"Entries": some.iter().map(entry).collect::<Vec<_>>()});
            let answer = call(&self.events, Call::rpc("AWSEvents.PutEvents", &asked)).await;
            let answer = answer.map_err(|failure| match failure.code.as_deref() {
                Some("AccessDeniedException") => Error::AccessDenied {
                    action: PUT_EVENTS,
                    what: format!("event bus {}", self.name),
                    hint: "check the function's role and the bus's policy",
                },
                _ => failure.error(PUT_EVENTS, &format!("event bus {}", self.name)),
            })?;
            // The whole is tried again: what was taken is a duplicate then.
            let refused =
                answer["Entries"].as_array().into_iter().flatten().find_map(|entry| entry["ErrorCode"].as_str());
            if let Some(code) = refused {
                return Err(Error::ServiceUnavailable { action: PUT_EVENTS, code: code.to_owned() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    #[tokio::test]
    async fn uploads_are_reported_ten_at_a_time() {
        let answer = || Answer::new(200, json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).to_string());
        let aws = RecordedAws::answering([answer(), answer()]);
        let uploads: Vec<_> = (0..11).map(|n| json!({"n": n})).collect();
        assert_eq!(ReplayBus::new(&aws.config(), "bus").report(&uploads).await, Ok(()));
    }

    #[tokio::test]
    async fn an_entry_that_is_refused_is_a_failure() {
        let refused = json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]});
        let aws = RecordedAws::answering([Answer::new(200, refused.to_string())]);
        let failed = ReplayBus::new(&aws.config(), "bus").report(&[json!({})]).await;
        let code = "ThrottlingException".to_owned();
        assert_eq!(failed, Err(Error::ServiceUnavailable { action: PUT_EVENTS, code }));
    }
}
