//! What a report reads of the ledger's record of an event.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What a report reads of the record of an event.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub(super) status: Status,
    pub(super) claimed_at: String,
    pub(super) seconds: Option<f64>,
    /// What was claimed: the version of an object, or an event's id.
    pub(super) event: String,
    pub(super) event_id: Option<String>,
    pub(super) actor: Option<String>,
    pub(super) threat_level: Option<String>,
    pub(super) matched_rules: Vec<String>,
    pub(super) verdict: Verdict,
    pub(super) reason: Option<String>,
    pub(super) categories: Vec<String>,
    pub(super) action: Option<String>,
    pub(super) s3_bucket: Option<String>,
    pub(super) s3_key: Option<String>,
    pub(super) model: Option<String>,
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) cost_usd: Option<f64>,
    pub(super) silenced_by: Option<String>,
    pub(super) backfill: Option<String>,
    pub(super) failed_in: Option<String>,
    pub(super) error: Option<String>,
    pub(super) completed_at: Option<String>,
    pub(super) reopened_at: Option<String>,
    pub(super) restored_from: Option<String>,
    pub(super) restored_by: Option<String>,
    pub(super) restore_reason: Option<String>,
}

impl Entry {
    /// Whether it counts as failed only because somebody reopened it, and nothing was replayed since.
    pub(super) fn is_reopened(&self) -> bool {
        self.status == Status::Failed && self.reopened_at.is_some() && self.reopened_at > self.completed_at
    }
}

/// How far the audit of an event came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It was begun.
    #[default]
    Claimed,
    /// It came to its end.
    Complete,
    /// It did not.
    Failed,
    /// The day's budget was spent; a further audit takes it up.
    Held,
}

/// What was said of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// It holds personal data, or a secret.
    Pii,
    /// Nobody can tell.
    Undetermined,
    /// It holds none.
    Clean,
    /// It is no image.
    NotImage,
    /// It was gone before it was read.
    Gone,
    /// Nothing: the event is about no object that is judged, or the audit failed before.
    #[default]
    None,
}

impl Entry {
    /// Reads a record; none if it holds something that no record of this version does.
    pub(super) fn read(record: &Map<String, Value>) -> Option<Self> {
        // A value that is unknown may be written as null.
        let known = record.iter().filter(|(_, value)| !value.is_null());
        let known = known.map(|(name, value)| (name.clone(), value.clone())).collect();
        serde_json::from_value(Value::Object(known)).ok()
    }
}
