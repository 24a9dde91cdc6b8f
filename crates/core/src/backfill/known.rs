//! What the ledger knows of a version.

use serde::Deserialize;
use serde_json::Value;

use super::Listed;
use crate::{
    audit::{CLAIM_MILLIS, time},
    pii::NULL_VERSION,
    ports::ObjectVersion,
};

/// By which event the ledger knows a version. The version `null` is written over in place, so it is told by its bytes and
/// by when they came: the same may be uploaded again once they were removed.
#[must_use]
pub fn ledger_event(version: &ObjectVersion) -> String {
    match version.id.as_str() {
        NULL_VERSION => format!("null-{}-{}", version.etag.trim_matches('"'), version.last_modified),
        id => id.to_owned(),
    }
}

/// A record of the ledger, as far as it says whether a version was audited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Known {
    event: String,
    status: Option<String>,
    claimed_at: Option<String>,
    completed_at: Option<String>,
    etag: Option<String>,
    verdict: Option<String>,
    backfill: Option<String>,
}

impl Known {
    /// A record of plain values by name.
    #[must_use]
    pub fn read(record: &Value) -> Self {
        Self::deserialize(record).unwrap_or_default()
    }

    /// Whether this is a record of the version that was left by another than this backfill.
    #[must_use]
    pub fn tells_before(&self, listed: &Listed, backfill: &str) -> bool {
        self.is_of(listed) && self.backfill.as_deref() != Some(backfill)
    }

    fn is_of(&self, listed: &Listed) -> bool {
        let ObjectVersion { id, etag, last_modified, .. } = &listed.version;
        let tag = |text: &str| text.trim_matches('"').to_owned();
        let is_older = || {
            let completed = self.completed_at.as_deref().and_then(time::unix_millis);
            completed.is_some_and(|completed| *last_modified <= completed / 1000)
        };
        // Where no versions are kept, an upload's own event is known by its request, and its bytes by their tag. The same
        // bytes may have been uploaded again since.
        let same_bytes = || {
            let same_tag = self.etag.as_deref().map(tag) == Some(tag(etag));
            id == NULL_VERSION && self.verdict.is_some() && same_tag && is_older()
        };
        self.event == ledger_event(&listed.version) || same_bytes()
    }

    /// Whether this is a record of an audit of the version that came to its end, or that is under way at `now`, in
    /// milliseconds since 1970. What failed is audited again, and what the budget held back.
    #[must_use]
    pub fn covers(&self, listed: &Listed, now: i64) -> bool {
        if !self.is_of(listed) {
            return false;
        }
        match self.status.as_deref() {
            Some("failed" | "held") | None => false,
            Some("claimed") => {
                let claimed = self.claimed_at.as_deref().and_then(time::unix_millis);
                claimed.is_some_and(|claimed| now - claimed < CLAIM_MILLIS)
            }
            Some(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// 2026-11-20T09:14:09.123Z
    const NOW: i64 = 1_795_166_049_123;

    fn listed(id: &str) -> Listed {
        let version = ObjectVersion { id: id.into(), etag: "\"e1\"".into(), size: 9, last_modified: 0 };
        Listed { key: "a.png".into(), version, is_latest: true }
    }

    #[test]
    fn a_version_is_known_once_its_audit_ended_or_while_it_runs() {
        for (status, claimed_at, known) in [
            ("complete", "2020-01-01T00:00:00Z", true),
            ("claimed", "2026-11-20T09:00:00Z", true),
            ("claimed", "2026-11-19T09:14:09.122Z", false),
            ("claimed", "yesterday", false),
            ("failed", "2026-11-20T09:00:00Z", false),
            ("held", "2026-11-20T09:00:00Z", false),
        ] {
            let record = Known::read(&json!({"event": "v1", "status": status, "claimed_at": claimed_at}));
            assert_eq!(record.covers(&listed("v1"), NOW), known, "{status} {claimed_at}");
            assert!(!record.covers(&listed("v2"), NOW), "{status} {claimed_at}");
        }
    }

    #[test]
    fn a_version_was_audited_before_if_another_than_the_backfill_left_a_record() {
        for (backfill, before) in [(None, true), (Some("b-0"), true), (Some("b-1"), false)] {
            let record = Known::read(&json!({"event": "v1", "status": "failed", "backfill": backfill}));
            assert_eq!(record.tells_before(&listed("v1"), "b-1"), before, "{backfill:?}");
            assert!(!record.tells_before(&listed("v2"), "b-1"));
        }
    }

    #[test]
    fn where_no_versions_are_kept_the_bytes_are_known() {
        let judged = |etag: &str, completed_at: &str| {
            Known::read(&json!({
                "event": "N4N7", "status": "complete", "etag": etag, "verdict": "clean", "completed_at": completed_at,
            }))
        };
        let by_request = |etag: &str| judged(etag, "1970-01-01T00:00:00.700Z");
        assert!(by_request("\"e1\"").covers(&listed("null"), NOW));
        assert!(!by_request("\"e2\"").covers(&listed("null"), NOW));
        // Uploaded anew after it was judged, and perhaps deleted.
        let mut anew = listed("null");
        anew.version.last_modified = 1;
        assert!(!by_request("\"e1\"").covers(&anew, NOW) && !by_request("\"e1\"").tells_before(&anew, "b-1"));
        assert!(judged("\"e1\"", "1970-01-01T00:00:01Z").covers(&anew, NOW));
        assert!(!judged("\"e1\"", "some day").covers(&anew, NOW));
        // The same bytes in another version are another upload.
        assert!(!by_request("\"e1\"").covers(&listed("v2"), NOW));
        let before = Known::read(&json!({"event": "null-e1-0", "status": "complete"}));
        assert!(before.covers(&listed("null"), NOW) && !before.covers(&anew, NOW));
    }
}
