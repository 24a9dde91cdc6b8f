//! The claim of an event in the ledger, made before any work: what is reported twice is handled once.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::time;
use crate::{cloudtrail::Event, pii::NULL_VERSION};

/// Milliseconds after which a claim that was never completed may be taken up.
pub const CLAIM_MILLIS: i64 = 86_400_000;
/// Under which event an object is locked while it is brought back from quarantine.
pub const RESTORE_LOCK: &str = "restore";
/// The most bytes of an object's name, and of an event's, that `DynamoDB` takes in a key.
const MOST_BYTES: (usize, usize) = (2_048, 1_024);

/// The key of an event's record, as `DynamoDB` writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerKey {
    object: Text,
    event: Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

impl LedgerKey {
    /// The record of this event of this object.
    #[must_use]
    pub fn new(object: &str, event: &str) -> Self {
        let text = |text: &str| Text { text: text.to_owned() };
        Self { object: text(object), event: text(event) }
    }

    /// Under which key an event is claimed. An upload is known by its version, or where its bucket keeps none by the id of
    /// the request, which `CloudTrail` and S3 both tell; every other event by its id. `None` for what has no id.
    #[must_use]
    pub fn of(raw: &Value) -> Option<Self> {
        let Ok(event) = Event::read(raw) else { return Self::within_bounds("/", id_of(raw)?) };
        let object =
            format!("{}/{}", event.bucket.as_deref().unwrap_or_default(), event.key.as_deref().unwrap_or_default());
        let version = event.version.as_deref().filter(|version| *version != NULL_VERSION);
        let known_by = if event.is_object_write { version.or(event.request_id()) } else { None };
        Self::within_bounds(&object, known_by.or(event.id.as_deref())?)
    }

    fn within_bounds(object: &str, event: &str) -> Option<Self> {
        let fits = object.len() <= MOST_BYTES.0 && (1..=MOST_BYTES.1).contains(&event.len());
        fits.then(|| Self::new(object, event))
    }

    /// Whether the event is of an object, which may be under restoration.
    #[must_use]
    pub fn names_object(&self) -> bool {
        self.object().split_once('/').is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
    }

    /// The bucket and the key of the object, with a slash between; either is empty where the event names none.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object.text
    }

    /// What tells the event from the object's others.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.event.text
    }
}

/// The id of what is no event.
fn id_of(raw: &Value) -> Option<&str> {
    let ids = [&raw["detail"]["eventID"], &raw["eventID"], &raw["id"]];
    ids.into_iter().find_map(|id| id.as_str().filter(|id| !id.is_empty()))
}

/// Who claims an event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Claimant {
    /// The execution's ARN. It may claim an event again, as one that is redriven does.
    pub execution: String,
    /// When it began, RFC 3339.
    pub started: String,
}

/// When a claim was made at the latest that may be taken up at `now`, in milliseconds since 1970: RFC 3339, whole seconds.
#[must_use]
pub fn claims_to_take_up(now: i64) -> String {
    time::rfc3339((now - CLAIM_MILLIS) / 1_000)
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The event is the claimant's. So is one whose claim failed, that the day's budget held back, or whose claim is
    /// older than [`CLAIM_MILLIS`] and was never completed.
    Ours,
    /// Another has it, or had it.
    Duplicate,
    /// Not yet: the object is being brought back from quarantine.
    BeingRestored,
    /// Not yet: the claim of another is under way, or the ledger is throttled.
    Busy,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put(over: &Value) -> Value {
        let mut record = json!({
            "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "eventID": "e-1", "requestID": "r-1",
            "requestParameters": {"bucketName": "b", "key": "a b.png"}, "responseElements": {"x-amz-version-id": "v1"},
        });
        for (name, value) in over.as_object().unwrap() {
            record[name] = value.clone();
        }
        record
    }

    fn created(object: &Value) -> Value {
        json!({
            "id": "e-2", "detail-type": "Object Created", "source": "aws.s3",
            "detail": {"bucket": {"name": "b"}, "object": object, "request-id": "r-1", "reason": "PutObject"},
        })
    }

    #[test]
    fn both_reports_of_an_upload_have_one_key() {
        let none = json!({"responseElements": null});
        let suspended = json!({"responseElements": {"x-amz-version-id": "null"}});
        for (record, report, event) in [
            (put(&json!({})), created(&json!({"key": "a b.png", "version-id": "v1"})), "v1"),
            (put(&none), created(&json!({"key": "a b.png"})), "r-1"),
            (put(&suspended), created(&json!({"key": "a b.png", "version-id": "null"})), "r-1"),
        ] {
            let key = Some(LedgerKey::new("b/a b.png", event));
            assert_eq!(LedgerKey::of(&record), key);
            assert_eq!(
                LedgerKey::of(&json!({"id": "e-3", "detail-type": "AWS API Call via CloudTrail", "detail": record})),
                key
            );
            assert_eq!(LedgerKey::of(&report), key);
        }
    }

    #[test]
    fn what_is_no_upload_is_known_by_its_id() {
        for (event, key) in [
            (put(&json!({"eventName": "DeleteObject"})), LedgerKey::new("b/a b.png", "e-1")),
            (put(&json!({"errorCode": "AccessDenied"})), LedgerKey::new("b/a b.png", "e-1")),
            (
                json!({"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com", "eventID": "e-4"}),
                LedgerKey::new("/", "e-4"),
            ),
            // No event at all.
            (json!({"id": "e-5", "detail": 3}), LedgerKey::new("/", "e-5")),
            (json!({"id": "e-5", "detail": {"eventID": "e-6"}}), LedgerKey::new("/", "e-6")),
        ] {
            assert_eq!(LedgerKey::of(&event), Some(key), "{event}");
        }
    }

    #[test]
    fn a_version_that_the_client_names_is_not_the_one_that_was_written() {
        let request = json!({"bucketName": "b", "key": "a b.png", "x-amz-version-id": "seen", "version-id": "seen"});
        assert_eq!(LedgerKey::of(&put(&json!({"requestParameters": request}))).unwrap().event(), "v1");
    }

    #[test]
    fn what_has_no_id_that_a_key_can_hold_has_no_key() {
        let long = "x".repeat(1_025);
        for event in [
            json!(null),
            json!([]),
            json!({"id": ""}),
            json!({"id": 3}),
            json!({"id": long}),
            json!({"detail": {"eventID": null}}),
            json!({"eventName": "StopLogging"}),
            put(&json!({"responseElements": {"x-amz-version-id": long}})),
        ] {
            assert_eq!(LedgerKey::of(&event), None, "{event}");
        }
    }

    #[test]
    fn a_key_is_written_as_dynamodb_takes_it() {
        let written = json!({"object": {"S": "b/a"}, "event": {"S": "v1"}});
        assert_eq!(json!(LedgerKey::new("b/a", "v1")), written);
        assert_eq!(serde_json::from_value::<LedgerKey>(written).unwrap(), LedgerKey::new("b/a", "v1"));
    }
}
