//! The bus on which recorded events are judged again.

use aws_types::SdkConfig;
use serde_json::{Value, json};
use warden_control_plane::{Call, ControlPlane, Service};
use warden_core::{Error, ports::UploadReports};

use crate::control_plane::{call, control_plane};

const PUT_EVENTS: &str = "events:PutEvents";

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
        Self { events: control_plane(config, Service::EVENT_BRIDGE), name: name.to_owned() }
    }
}

impl UploadReports for ReplayBus {
    async fn report(&self, upload: &Value) -> Result<(), Error> {
        let entry = json!({"EventBusName": self.name, "Source": "warden.replay", "DetailType": "Object Created",
            "Detail": upload.to_string()});
        let answer = call(&self.events, Call::rpc("AWSEvents.PutEvents", &json!({"Entries": [entry]}))).await;
        let answer = answer.map_err(|failure| match failure.code.as_deref() {
            Some("AccessDeniedException") => Error::AccessDenied {
                action: PUT_EVENTS,
                what: format!("event bus {}", self.name),
                hint: "check the function's role and the bus's policy",
            },
            _ => failure.error(PUT_EVENTS, &format!("event bus {}", self.name)),
        })?;
        match answer["Entries"][0]["ErrorCode"].as_str() {
            Some(code) => Err(Error::ServiceUnavailable { action: PUT_EVENTS, code: code.to_owned() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    #[tokio::test]
    async fn an_upload_is_reported_as_s3_reports_it() {
        let answer = json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).to_string();
        let aws = RecordedAws::answering([Answer::new(200, answer)]);
        assert_eq!(ReplayBus::new(&aws.config(), "bus").report(&json!({"n": 1})).await, Ok(()));
        let asked: Value = serde_json::from_slice(aws.request().body().bytes().unwrap()).unwrap();
        let entry = json!({"EventBusName": "bus", "Source": "warden.replay", "DetailType": "Object Created",
            "Detail": r#"{"n":1}"#});
        assert_eq!(asked, json!({"Entries": [entry]}));
    }

    #[tokio::test]
    async fn an_entry_that_is_refused_is_a_failure() {
        let refused = json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]});
        let aws = RecordedAws::answering([Answer::new(200, refused.to_string())]);
        let failed = ReplayBus::new(&aws.config(), "bus").report(&json!({})).await;
        let code = "ThrottlingException".to_owned();
        assert_eq!(failed, Err(Error::ServiceUnavailable { action: PUT_EVENTS, code }));
    }
}
