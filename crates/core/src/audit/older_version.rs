//! What stands behind a deleted version.

use serde_json::{Value, json};

use super::time::unix_millis;
use crate::{Error, backfill::ledger_event, ports::ObjectVersion};

/// Seconds within which a version's own event has come: CloudTrail takes minutes.
const OWN_EVENT_SECONDS: i64 = 3600;

/// An object of which a version was deleted for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The bucket.
    pub bucket: String,
    /// The key, as it is.
    pub key: String,
    /// When, in seconds since 1970.
    pub at: i64,
}

impl Deleted {
    /// Reads S3's "Object Deleted".
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for an event that names no object or no time.
    pub fn read(event: &Value) -> Result<Self, Error> {
        let text = |place: &str, name: &'static str| match event.pointer(place).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(Error::invalid(name, "is missing, empty or not a string")),
        };
        Ok(Self {
            bucket: text("/detail/bucket/name", "detail.bucket.name")?,
            key: text("/detail/object/key", "detail.object.key")?,
            at: match unix_millis(&text("/time", "time")?) {
                Some(millis) => millis / 1000,
                None => return Err(Error::invalid("time", "is not a time in UTC")),
            },
        })
    }

    /// Whether a version that is left is to be reported. The own event of a newer one may be still to come. It tells who
    /// wrote the version, and would be a duplicate of the report.
    #[must_use]
    pub const fn is_to_report(&self, left: &ObjectVersion) -> bool {
        self.at - left.last_modified > OWN_EVENT_SECONDS
    }
}

/// The `detail` of an "Object Created" that has a version judged as if it were written now.
#[must_use]
pub fn object_created(bucket: &str, key: &str, version: &ObjectVersion) -> Value {
    json!({
        "version": "0",
        "bucket": {"name": bucket},
        "object": {
            "key": key, "size": version.size, "etag": version.etag.trim_matches('"'), "version-id": version.id,
        },
        "request-id": ledger_event(version),
        "requester": "s3.amazonaws.com",
        "reason": "OlderVersion",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_reported_as_s3_reports_an_upload() {
        let version =
            |id: &str| ObjectVersion { id: id.to_owned(), etag: "\"e1\"".to_owned(), size: 9, last_modified: 0 };
        let report = object_created("uploads", "a.png", &version("v1"));
        assert_eq!(report["object"], json!({"key": "a.png", "size": 9, "etag": "e1", "version-id": "v1"}));
        assert_eq!(report["reason"], "OlderVersion");
        // What the ledger knows the version null by.
        assert_eq!(object_created("uploads", "a.png", &version("null"))["request-id"], "null-e1-0");
    }
}
