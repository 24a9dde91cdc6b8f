//! Has the version judged that a deletion brought back.

use serde_json::{Value, json};
use warden_core::{
    Error,
    audit::{Deleted, object_created},
    hashed::fingerprint,
    ports::{ObjectVersions, UploadReports},
};

/// What the function needs, made once at start.
pub struct OlderVersions<V, B> {
    /// Where versions are listed.
    pub versions: V,
    /// Where they are reported, as if they were written now.
    pub bus: B,
}

impl<V: ObjectVersions, B: UploadReports> OlderVersions<V, B> {
    /// Reports the newest version that is left of the key that S3's "Object Deleted" names, unless its own event may be
    /// still to come. The ledger's claim decides whether it is judged: one that was judged before ends there.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for any other event; those of the store and of the bus.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        let deleted = Deleted::read(&event)?;
        let Deleted { bucket, key, .. } = &deleted;
        let newest = self.versions.newest(bucket, key).await?;
        let object = fingerprint(bucket, key);
        let Some(version) = newest.filter(|version| deleted.is_to_report(version)) else {
            tracing::info!(object, bucket, "no version is left that is to be reported");
            return Ok(json!({"reported": 0}));
        };
        self.bus.report(&object_created(bucket, key, &version)).await?;
        tracing::info!(object, bucket, "the newest version that is left was reported");
        Ok(json!({"reported": 1}))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use warden_core::ports::ObjectVersion;

    use super::*;

    /// 2026-11-20T09:00:00Z
    const DELETED_AT: i64 = 1_795_165_200;

    /// The newest version that is left: its id, and when it was written.
    struct Left(Option<(&'static str, i64)>);

    impl ObjectVersions for Left {
        async fn newest(&self, bucket: &str, key: &str) -> Result<Option<ObjectVersion>, Error> {
            assert_eq!((bucket, key), ("uploads", "a é+%.png"));
            Ok(self.0.map(|(id, last_modified)| ObjectVersion {
                id: id.to_owned(),
                etag: "e".to_owned(),
                size: 9,
                last_modified,
            }))
        }
    }

    #[derive(Default)]
    struct Bus(Mutex<Vec<Value>>);

    impl UploadReports for Bus {
        async fn report(&self, upload: &Value) -> Result<(), Error> {
            self.0.lock().unwrap().push(upload.clone());
            Ok(())
        }
    }

    fn deleted() -> Value {
        json!({
            "detail-type": "Object Deleted", "source": "aws.s3", "time": "2026-11-20T09:00:00Z",
            "detail": {"bucket": {"name": "uploads"}, "object": {"key": "a é+%.png", "version-id": "v3"}},
        })
    }

    #[tokio::test]
    async fn the_newest_version_that_is_left_is_reported() {
        let older = OlderVersions { versions: Left(Some(("v2", DELETED_AT - 3601))), bus: Bus::default() };
        assert_eq!(older.handle(deleted()).await, Ok(json!({"reported": 1})));
        let reported = older.bus.0.into_inner().unwrap();
        assert_eq!(reported.len(), 1);
        assert_eq!(reported[0]["object"]["version-id"], "v2");
        assert_eq!(reported[0]["bucket"]["name"], "uploads");
    }

    #[tokio::test]
    async fn a_version_whose_own_event_may_be_still_to_come_is_left_to_it() {
        for written_at in [DELETED_AT - 3600, DELETED_AT - 60, DELETED_AT + 1] {
            let older = OlderVersions { versions: Left(Some(("v2", written_at))), bus: Bus::default() };
            assert_eq!(older.handle(deleted()).await, Ok(json!({"reported": 0})), "{written_at}");
            assert_eq!(older.bus.0.into_inner().unwrap(), [Value::Null; 0], "{written_at}");
        }
    }

    #[tokio::test]
    async fn where_nothing_is_left_nothing_is_reported() {
        let older = OlderVersions { versions: Left(None), bus: Bus::default() };
        assert_eq!(older.handle(deleted()).await, Ok(json!({"reported": 0})));
    }

    #[tokio::test]
    async fn an_event_that_names_no_object_or_no_time_is_refused() {
        let mut timeless = deleted();
        timeless["time"] = json!("yesterday");
        for event in [json!({}), json!({"detail": {"bucket": {"name": "b"}}}), json!("x"), timeless] {
            let older = OlderVersions { versions: Left(Some(("v1", 0))), bus: Bus::default() };
            assert!(matches!(older.handle(event.clone()).await, Err(Error::InvalidInput { .. })), "{event}");
        }
    }
}
