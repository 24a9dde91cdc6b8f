//! What stands in for a summary when there is none.

use serde_json::Value;

use super::{Facts, LedgerKey, text::one_line};
use crate::threat::ThreatLevel;

const NOT_SUMMARISED: &str =
    "This event could not be summarised. What is said about it here is read from the event itself.";

const NOT_DESCRIBED: &str =
    "This event could not be summarised, and is too large to be described here. See the input of the execution.";

/// What an event says of itself; of none, that it was too large to be handed on. It may be any JSON, and every fact may be
/// missing: an `EventBridge` envelope around a `CloudTrail` record or an S3
/// "Object Created", a bare record, or none of these.
#[must_use]
pub fn stand_in(event: &Value) -> Facts {
    let actor = first(
        event,
        &[
            "/detail/userIdentity/arn",
            "/userIdentity/arn",
            "/detail/userIdentity/userName",
            "/userIdentity/userName",
            "/detail/userIdentity/principalId",
            "/userIdentity/principalId",
            "/detail/userIdentity/invokedBy",
            "/userIdentity/invokedBy",
            "/detail/requester",
        ],
    );
    let name = first(event, &["/detail/eventName", "/eventName", "/detail-type"]);
    let account = first(
        event,
        &[
            "/detail/userIdentity/accountId",
            "/userIdentity/accountId",
            "/account",
            "/detail/recipientAccountId",
            "/recipientAccountId",
        ],
    );
    let identity = actor.as_deref().and_then(|actor| actor.rsplit('/').next());
    Facts {
        event_title: Some(title([name.as_deref(), account.as_deref(), identity])),
        account,
        region: first(event, &["/detail/awsRegion", "/awsRegion", "/region"]),
        summarize: Some(if event.is_null() { NOT_DESCRIBED } else { NOT_SUMMARISED }.to_owned()),
        threat_level: Some(ThreatLevel::High),
        matched_rules: Vec::new(),
        is_image_upload: false,
        judge: None,
        s3_bucket: first(
            event,
            &["/detail/requestParameters/bucketName", "/requestParameters/bucketName", "/detail/bucket/name"],
        ),
        s3_key: first(event, &["/detail/requestParameters/key", "/requestParameters/key", "/detail/object/key"]),
        s3_version_id: first(
            event,
            &[
                "/detail/responseElements/x-amz-version-id",
                "/responseElements/x-amz-version-id",
                "/detail/object/version-id",
            ],
        ),
        actor,
        source_ip: first(event, &["/detail/sourceIPAddress", "/sourceIPAddress", "/detail/source-ip-address"]),
        event_time: first(event, &["/detail/eventTime", "/eventTime", "/time"]),
        event_id: first(event, &["/detail/eventID", "/eventID", "/id"]),
        // Nobody knows whether it was claimed: its failure is to be on record.
        claim: LedgerKey::of(event),
        unclaimed: false,
    }
}

/// The first of these places that holds a text.
fn first(event: &Value, places: &[&str]) -> Option<String> {
    places.iter().find_map(|place| event.pointer(place)?.as_str().filter(|text| !text.is_empty())).map(str::to_owned)
}

/// `[event][account][identity]`, with nothing in it that breaks the form.
fn title(parts: [Option<&str>; 3]) -> String {
    let part = |part: Option<&str>| {
        let part = one_line(part.unwrap_or_default(), 100).replace('[', "(").replace(']', ")");
        if part.is_empty() { "[unknown]".to_owned() } else { format!("[{part}]") }
    };
    parts.map(part).concat()
}
