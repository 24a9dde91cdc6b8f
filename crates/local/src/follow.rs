//! Follows one arrival from what it starts to what it leaves behind.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::audit::{Audit, AuditError, Upload};
use crate::scenario::{Arrival, Seen};

/// How long an event may take to start its execution.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long an execution may take. A model behind `--upstream` may take minutes.
const END_LIMIT: Duration = Duration::from_mins(15);
/// How long an alert may take after its execution has ended.
const ALERT_LIMIT: Duration = Duration::from_secs(10);
/// How often is looked.
const PAUSE: Duration = Duration::from_millis(100);

/// Something that has been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// An object version.
    Upload(Upload),
    /// A replayed event, by the id that EventBridge gave it.
    Event(String),
}

impl Sent {
    /// Whether an execution with this input was started by it.
    #[must_use]
    pub fn started(&self, input: &Value) -> bool {
        match self {
            Self::Event(id) => input["id"] == **id,
            Self::Upload(upload) => {
                let object = &input["detail"]["object"];
                // A replay reports it once more.
                let is_replay = input["source"] == "warden.replay";
                object["key"] == *upload.key && object["version-id"] == *upload.version && !is_replay
            }
        }
    }
}

/// Has it arrive; `before` is the upload before.
///
/// # Errors
/// When the system does not take it.
pub async fn send(audit: &Audit, arrival: &Arrival, before: Option<&Upload>) -> Result<Sent, AuditError> {
    Ok(match arrival {
        Arrival::Upload { file, key } => Sent::Upload(audit.upload_file(key, file).await?),
        Arrival::Event(event) => Sent::Event(audit.replay(event).await?),
        Arrival::ReportedAgain => {
            let upload = before.ok_or(AuditError::NothingBefore)?;
            Sent::Event(audit.replay(&put_object(audit.bucket(), &upload.key, Some(&upload.version))).await?)
        }
        Arrival::BroughtBack => Sent::Upload(audit.bring_back(&before.ok_or(AuditError::NothingBefore)?.key).await?),
    })
}

/// What CloudTrail records of an upload.
#[must_use]
pub fn put_object(bucket: &str, key: &str, version: Option<&str>) -> Value {
    json!({
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser",
                "principalId": "AIDAEXAMPLEID0000002",
                "arn": "arn:aws:iam::111122223333:user/Alice",
                "accountId": "111122223333",
                "userName": "Alice"
            },
            "eventTime": "2026-11-20T14:00:00Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutObject",
            "awsRegion": "us-west-2",
            "sourceIPAddress": "203.0.113.24",
            "requestParameters": {"bucketName": bucket, "key": key},
            "responseElements": {"x-amz-version-id": version},
            "eventID": "6c0f7a3e-9b21-4f5d-8e66-1a2b3c4d5e07",
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": false,
            "recipientAccountId": "111122223333",
            "eventCategory": "Data"
        }
    })
}

/// Waits until the execution has ended and its alert was received, and looks
/// whether the object is still there. `tell` hears of every step.
///
/// # Errors
/// When the system does not answer. What does not happen in time is not an error:
/// it is missing from what was seen.
pub async fn follow(audit: &Audit, sent: &Sent, mut tell: impl FnMut(&Seen)) -> Result<Seen, AuditError> {
    let begun = Instant::now();
    let mut seen = Seen::default();
    loop {
        let found = match &seen.execution {
            Some(known) => Some(audit.again(known).await?),
            None => audit.executions(|input| sent.started(input)).await?.into_iter().next(),
        };
        if found != seen.execution {
            seen.execution = found;
            tell(&seen);
        }
        let limit = if seen.execution.is_some() { END_LIMIT } else { START_LIMIT };
        let ended = seen.execution.as_ref().is_some_and(crate::execution::Execution::has_ended);
        if ended || begun.elapsed() > limit {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }

    let ids = seen.execution.as_ref().map(|execution| execution.message_ids.clone()).unwrap_or_default();
    let ended = Instant::now();
    while !ids.is_empty() && seen.alert.is_none() && ended.elapsed() < ALERT_LIMIT {
        seen.alert = audit.alert(&ids).await?;
        if seen.alert.is_none() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    if let Sent::Upload(upload) = sent {
        seen.object_is_there = Some(audit.is_there(upload).await?);
    }
    tell(&seen);
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_told_from_another_version_of_the_same_key() {
        let sent = Sent::Upload(Upload { key: "a b+c%.png".into(), version: "v2".into() });
        let input = |key, version| json!({"detail": {"object": {"key": key, "version-id": version}}});
        assert!(sent.started(&input("a b+c%.png", "v2")));
        assert!(!sent.started(&input("a b+c%.png", "v1")));
        assert!(!sent.started(&input("a", "v2")));
        assert!(!sent.started(&json!({"id": "v2"})));
        let mut reported_again = input("a b+c%.png", "v2");
        reported_again["source"] = json!("warden.replay");
        assert!(!sent.started(&reported_again));
    }

    #[test]
    fn a_replay_is_found_by_the_id_that_it_got() {
        let sent = Sent::Event("e-1".into());
        assert!(sent.started(&json!({"id": "e-1", "detail": {}})));
        assert!(!sent.started(&json!({"id": "e-2", "detail": {}})));
        assert!(!sent.started(&Value::Null));
    }
}
