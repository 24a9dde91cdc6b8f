//! Has the versions judged that stand behind a deleted one: its deletion brought one of them back.

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
    /// Reports every version that is left of the key that S3's "Object Deleted" names. The ledger's claim decides
    /// which of them is judged: those that were judged before end there.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for any other event; those of the store and of the bus.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        let Deleted { bucket, key } = Deleted::read(&event)?;
        let left = self.versions.versions(&bucket, &key).await?;
        let reports: Vec<_> = left.iter().map(|version| object_created(&bucket, &key, version)).collect();
        self.bus.report(&reports).await?;
        tracing::info!(
            object = fingerprint(&bucket, &key),
            bucket,
            versions = left.len(),
            "versions left were reported"
        );
        Ok(json!({"reported": left.len()}))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use warden_core::ports::ObjectVersion;

    use super::*;

    struct Left(Vec<&'static str>);

    impl ObjectVersions for Left {
        async fn versions(&self, bucket: &str, key: &str) -> Result<Vec<ObjectVersion>, Error> {
            assert_eq!((bucket, key), ("uploads", "a é+%.png"));
            let version = |id: &&str| ObjectVersion { id: (*id).to_owned(), etag: "e".to_owned(), size: 9 };
            Ok(self.0.iter().map(version).collect())
        }
    }

    #[derive(Default)]
    struct Bus(Mutex<Vec<Value>>);

    impl UploadReports for Bus {
        async fn report(&self, uploads: &[Value]) -> Result<(), Error> {
            self.0.lock().unwrap().extend_from_slice(uploads);
            Ok(())
        }
    }

    fn deleted() -> Value {
        json!({
            "detail-type": "Object Deleted", "source": "aws.s3",
            "detail": {"bucket": {"name": "uploads"}, "object": {"key": "a é+%.png", "version-id": "v3"}},
        })
    }

    #[tokio::test]
    async fn every_version_that_is_left_is_reported() {
        let older = OlderVersions { versions: Left(vec!["v2", "v1"]), bus: Bus::default() };
        assert_eq!(older.handle(deleted()).await, Ok(json!({"reported": 2})));
        let reported = older.bus.0.into_inner().unwrap();
        let versions: Vec<_> = reported.iter().map(|report| &report["object"]["version-id"]).collect();
        assert_eq!(versions, ["v2", "v1"]);
        assert!(reported.iter().all(|report| report["bucket"]["name"] == "uploads"), "{reported:?}");
    }

    #[tokio::test]
    async fn where_nothing_is_left_nothing_is_reported() {
        let older = OlderVersions { versions: Left(Vec::new()), bus: Bus::default() };
        assert_eq!(older.handle(deleted()).await, Ok(json!({"reported": 0})));
    }

    #[tokio::test]
    async fn an_event_that_names_no_object_is_refused() {
        for event in [json!({}), json!({"detail": {"bucket": {"name": "b"}}}), json!("x")] {
            let older = OlderVersions { versions: Left(vec!["v1"]), bus: Bus::default() };
            assert!(matches!(older.handle(event.clone()).await, Err(Error::InvalidInput { .. })), "{event}");
        }
    }
}
