//! Audits of objects that were in a bucket before Warden was deployed, and of uploads that no event reported.
//!
//! A [`Plan`] says which versions a backfill looks at. The lister reads a bucket by it, page by page, leaves out what
//! the ledger knows, and writes what is left as the audit's input, one line for each version. The state machine starts
//! an audit for each line: from there on a version of years ago takes the way of an upload of today.

mod estimate;
mod inventory;
mod known;
mod plan;
mod progress;
mod report;
mod rows;

use serde_json::{Value, json};

use crate::{
    audit::{object_created, time},
    pii::NULL_VERSION,
};

pub use estimate::{Estimate, estimate};
pub use inventory::Inventory;
pub use known::{Known, ledger_event};
pub use plan::{Acts, LeftOut, Listed, Plan, Source};
pub use progress::{Counters, Status};
pub use report::{Ended, High, Report};
pub use rows::{Columns, Named, Rows};

pub use crate::audit::time::rfc3339;

/// The partition of the ledger in which backfills are kept. An object's begins with its bucket and a slash.
pub const PARTITION: &str = "backfill";
/// The member of the audit's input that names the backfill. No event of AWS's has it.
pub const MEMBER: &str = "backfill";

/// The member of the audit's input that says that the version has a record already: the map counts it apart.
const AGAIN: &str = "again";

/// The backfill that an audit's input says it belongs to. Only who may start executions can write it there: what
/// EventBridge delivers is an envelope of its own.
#[must_use]
pub fn gathered_by(input: &Value) -> Option<&str> {
    input.get(MEMBER)?.as_str().filter(|id| is_id(id))
}

/// Whether a text is the id of a backfill: letters, digits and hyphens, at most 60.
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=60).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The audit's input for a version: what S3 would have reported of it. `again` says that it was audited before, and has to
/// be again.
///
/// A bucket that never kept versions lists each object as the version `null`, and S3's own events of it name none. Read
/// without a version, such an object comes with none, and its entity tag pins it; in a bucket that has kept versions S3
/// answers `null`, which pins nothing.
#[must_use]
pub fn audit_input(backfill: &str, plan: &Plan, listed: &Listed, again: bool) -> Value {
    let Listed { key, version, is_latest } = listed;
    let mut detail = object_created(&plan.bucket, key, version);
    // What others were written over can be read by its version alone.
    if *is_latest
        && version.id == NULL_VERSION
        && let Some(object) = detail["object"].as_object_mut()
    {
        object.remove("version-id");
    }
    detail["reason"] = json!(if plan.sweep { "Sweep" } else { "Backfill" });
    let mut input = json!({
        "version": "0",
        "id": ledger_event(version),
        "detail-type": "Object Created",
        "source": "warden.replay",
        "time": time::rfc3339(version.last_modified),
        "detail": detail,
    });
    input[MEMBER] = json!(backfill);
    if again {
        input[AGAIN] = json!(true);
    }
    if plan.action == Acts::Nothing {
        input["action"] = json!("none");
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cloudtrail::Event, ports::ObjectVersion};

    fn listed(id: &str) -> Listed {
        Listed {
            key: "a é.png".to_owned(),
            version: ObjectVersion {
                id: id.to_owned(),
                etag: "\"e1\"".to_owned(),
                size: 9,
                last_modified: 1_795_165_200,
            },
            is_latest: true,
        }
    }

    #[test]
    fn a_version_is_audited_as_the_upload_that_it_was() {
        let plan = Plan::of("uploads");
        let input = audit_input("b-1", &plan, &listed("v1"), false);
        let event = Event::read(&input).unwrap();
        assert!(event.is_object_write);
        assert_eq!((event.bucket.as_deref(), event.key.as_deref()), (Some("uploads"), Some("a é.png")));
        assert_eq!((event.name.as_str(), event.version.as_deref()), ("Backfill", Some("v1")));
        assert_eq!(event.time.as_deref(), Some("2026-11-20T09:00:00Z"));
        assert_eq!(gathered_by(&input), Some("b-1"));
        assert_eq!(input.get("action"), None);
    }

    #[test]
    fn what_may_be_of_a_bucket_without_versions_is_read_as_it_stands() {
        let plan = Plan { older_versions: true, ..Plan::of("uploads") };
        let latest = audit_input("b-1", &plan, &listed("null"), false);
        assert_eq!(Event::read(&latest).unwrap().version, None);
        let older = audit_input("b-1", &plan, &Listed { is_latest: false, ..listed("null") }, false);
        assert_eq!(Event::read(&older).unwrap().version.as_deref(), Some("null"));
        // The ledger knows both by their bytes.
        for input in [latest, older] {
            assert_eq!(
                (&input["id"], &input["detail"]["request-id"]),
                (&json!("null-e1-1795165200"), &json!("null-e1-1795165200"))
            );
        }
    }

    #[test]
    fn what_is_audited_again_says_so() {
        let input = |again| audit_input("b-1", &Plan::of("uploads"), &listed("v1"), again);
        assert_eq!((input(true).get("again"), input(false).get("again")), (Some(&json!(true)), None));
    }

    #[test]
    fn a_plan_that_does_nothing_says_so_in_each_input() {
        let plan = Plan { action: Acts::Nothing, ..Plan::of("uploads") };
        assert_eq!(audit_input("b-1", &plan, &listed("v1"), false)["action"], "none");
    }

    #[test]
    fn no_text_of_an_uploader_makes_an_event_one_of_a_backfill() {
        for input in [
            json!({"detail": {"backfill": "b-1"}}),
            json!({"detail": {"requestParameters": {"backfill": "b-1"}}}),
            json!({"backfill": 1}),
            json!({"backfill": ""}),
            json!({"backfill": "a b"}),
            json!("b-1"),
        ] {
            assert_eq!(gathered_by(&input), None, "{input}");
        }
    }
}
