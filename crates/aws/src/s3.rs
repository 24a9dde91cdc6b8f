//! The object store on S3.

use std::time::Duration;

use aws_types::SdkConfig;
use bytes::Bytes;
use warden_control_plane::{
    CallFailed, Refusal,
    s3::{self, ObjectId, Reply, S3},
};
use warden_core::{
    Error,
    audit::Tag,
    backfill::Listed,
    ports::{
        Lookup, Marker, ObjectBody, ObjectFacts, ObjectRef, ObjectStore, ObjectVersion, ObjectVersions, ObjectWriter,
        OpenObject, Seal, VersionPage, VersionPages,
    },
};

use crate::timeouts;

/// How long S3 may take to begin its answer, all attempts together.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);

/// Objects on S3.
#[derive(Clone, Debug)]
pub struct S3ObjectStore {
    s3: S3,
}

impl S3ObjectStore {
    /// A store on the Region, credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { s3: S3::new(&config.to_builder().timeout_config(timeouts(OPEN_TIMEOUT)).build()) }
    }
}

/// The bytes of an object on S3.
#[derive(Debug)]
pub struct S3Body {
    reply: Reply,
    object: ObjectRef,
}

impl ObjectBody for S3Body {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.reply.next_chunk().await.map_err(|_| Error::StoreUnavailable {
            code: "it stopped sending before the end".into(),
            what: self.object.to_string(),
        })
    }
}

impl ObjectStore for S3ObjectStore {
    type Body = S3Body;

    async fn open(&self, object: &ObjectRef) -> Result<Lookup<S3Body>, Error> {
        let reply = match self.s3.get(id(object)).await {
            Ok(reply) => reply,
            Err(failed) => return refusal(&failed, object),
        };
        let facts = ObjectFacts {
            version: reply.version(),
            etag: reply.header("etag").map(str::to_owned),
            size: reply.header("content-length").and_then(|length| length.parse().ok()),
            sha256: None,
        };
        Ok(Lookup::Found(OpenObject { facts, body: S3Body { reply, object: object.clone() } }))
    }

    async fn tags(&self, object: &ObjectRef) -> Result<Vec<Tag>, Error> {
        match self.s3.tags(id(object)).await {
            Ok(found) => Ok(found.into_iter().map(|(key, value)| Tag { key, value }).collect()),
            Err(failed) if status(&failed) == Some(403) => Err(denied(
                if object.version.is_some() { "s3:GetObjectVersionTagging" } else { "s3:GetObjectTagging" },
                object.to_string(),
            )),
            Err(failed) => match refusal(&failed, object)? {
                Lookup::Gone => Err(Error::ObjectNotFound { what: object.to_string() }),
                Lookup::Found(_) | Lookup::Sealed(_) => {
                    Err(Error::Internal { problem: format!("S3 tells no tags of {object}") })
                }
            },
        }
    }
}

impl ObjectVersions for S3ObjectStore {
    async fn newest(&self, bucket: &str, key: &str) -> Result<Option<ObjectVersion>, Error> {
        let mut after = None;
        loop {
            let page = self.page(bucket, key, after.as_ref()).await?;
            // Those of a key are listed from the newest on.
            let newest = page.versions.into_iter().find(|listed| listed.key == key);
            // Keys are listed in their order, so this one comes before all that begin with it.
            after = page.next.filter(|next| newest.is_none() && next.key == key);
            if after.is_none() {
                return Ok(newest.map(|listed| listed.version));
            }
        }
    }
}

impl VersionPages for S3ObjectStore {
    async fn page(&self, bucket: &str, prefix: &str, after: Option<&Marker>) -> Result<VersionPage, Error> {
        let of_bucket = || ObjectRef { bucket: bucket.to_owned(), key: prefix.to_owned(), version: None };
        let from = after.map(|after| s3::Marker { key: after.key.clone(), version: after.version.clone() });
        let page = match self.s3.versions(bucket, prefix, from.as_ref()).await {
            Ok(page) => page,
            Err(failed) if status(&failed) == Some(403) => {
                return Err(denied("s3:ListBucketVersions", format!("bucket {bucket}")));
            }
            Err(failed) => {
                return refusal(&failed, &of_bucket())
                    .and(Err(Error::Internal { problem: format!("S3 lists no versions of {}", of_bucket()) }));
            }
        };
        let versions = page.versions.into_iter().filter(|version| !version.is_delete_marker);
        let listed = versions.filter_map(|version| {
            Some(Listed {
                key: version.key,
                is_latest: version.is_latest,
                version: ObjectVersion {
                    id: version.id,
                    etag: version.etag,
                    size: version.size,
                    last_modified: version.last_modified?,
                },
            })
        });
        let next = page.next.map(|next| Marker { key: next.key, version: next.version });
        Ok(VersionPage { versions: listed.collect(), next })
    }
}

impl ObjectWriter for S3ObjectStore {
    async fn write(&self, bucket: &str, key: &str, body: Bytes, media_type: &'static str) -> Result<(), Error> {
        let object = || ObjectRef { bucket: bucket.to_owned(), key: key.to_owned(), version: None };
        match self.s3.put(bucket, key, body, &[("content-type", media_type)]).await {
            Ok(_) => Ok(()),
            Err(failed) if status(&failed) == Some(403) => Err(denied("s3:PutObject", object().to_string())),
            Err(failed) => refusal(&failed, &object())
                .and(Err(Error::Internal { problem: format!("S3 does not take {}", object()) })),
        }
    }
}

fn id(object: &ObjectRef) -> ObjectId<'_> {
    ObjectId { bucket: &object.bucket, key: &object.key, version: object.version.as_deref() }
}

fn status(failed: &CallFailed) -> Option<u16> {
    failed.raw_response().map(|response| response.status().as_u16())
}

fn denied(action: &'static str, what: String) -> Error {
    Error::AccessDenied { action, what, hint: "check the function's role and the bucket's policy" }
}

fn refusal(failed: &CallFailed, object: &ObjectRef) -> Result<Lookup<S3Body>, Error> {
    let code = failed.as_service_error().and_then(Refusal::code).unwrap_or_default();
    let status = status(failed);
    match (code, status) {
        // A version that is a delete marker has no bytes to get: 405.
        ("NoSuchKey" | "NoSuchVersion" | "MethodNotAllowed", _) | (_, Some(405)) => Ok(Lookup::Gone),
        ("InvalidObjectState", _) => Ok(Lookup::Sealed(Seal::Archived)),
        // GetObject has no other use for this code: SSE-C headers are missing.
        ("InvalidRequest", _) => Ok(Lookup::Sealed(Seal::CustomerKey)),
        ("NoSuchBucket", _) => Err(Error::ObjectNotFound { what: format!("bucket {}", object.bucket) }),
        ("InvalidBucketName", _) => Err(Error::invalid("bucket", "is not a bucket's name")),
        ("InvalidArgument", Some(400)) if object.version.is_some() => {
            Err(Error::invalid("s3_version_id", "is not a version id"))
        }
        (_, Some(403)) => Err(Error::AccessDenied {
            action: if object.version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" },
            what: object.to_string(),
            hint: "check the function's role, the bucket's policy and the key's (kms:Decrypt); without s3:ListBucket a missing object answers the same",
        }),
        (_, Some(404)) => Ok(Lookup::Gone),
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _) => {
            Err(Error::Internal { problem: format!("bucket {} is in another Region than the function", object.bucket) })
        }
        ("SlowDown" | "RequestTimeout", _) | (_, Some(429 | 500..)) => {
            let code = format!("{} {code}", status.unwrap_or_default()).trim_end().to_owned();
            Err(Error::StoreUnavailable { code, what: object.to_string() })
        }
        // It began well, and stopped before its end.
        (_, Some(200..=299)) => {
            Err(Error::StoreUnavailable { code: "it stopped sending before the end".into(), what: object.to_string() })
        }
        (code, Some(status)) => Err(Error::Internal { problem: format!("S3 refused {object} ({status} {code})") }),
        (_, None) => Err(Error::StoreUnavailable { code: "no answer".into(), what: object.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    fn store_answering(
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> (S3ObjectStore, RecordedAws) {
        let answer = Answer::new(status, body);
        let answer = headers.iter().fold(answer, |answer, (name, value)| answer.header(name, *value));
        let aws = RecordedAws::answering([answer]);
        (S3ObjectStore::new(&aws.config()), aws)
    }

    fn object(version: Option<&str>) -> ObjectRef {
        ObjectRef { bucket: "uploads".into(), key: "a b+c%20/\u{c0ac}.png".into(), version: version.map(Into::into) }
    }

    fn xml(code: &str) -> String {
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>secret text</Message></Error>")
    }

    #[tokio::test]
    async fn exactly_the_named_version_is_asked_for_and_the_answer_says_what_was_read() {
        let headers = [("x-amz-version-id", "v7"), ("etag", "\"e\""), ("content-length", "3")];
        let (store, aws) = store_answering(200, &headers, "PNG");
        let Lookup::Found(mut found) = store.open(&object(Some("v7"))).await.unwrap() else { panic!("not found") };
        assert_eq!(
            found.facts,
            ObjectFacts { version: Some("v7".into()), etag: Some("\"e\"".into()), size: Some(3), sha256: None }
        );
        assert_eq!(found.body.next_chunk().await.unwrap().unwrap(), "PNG");
        assert_eq!(found.body.next_chunk().await.unwrap(), None);
        let expected = "https://uploads.s3.us-west-2.amazonaws.com/a%20b%2Bc%2520/%EC%82%AC.png?versionId=v7";
        assert_eq!(aws.request().uri(), expected);
    }

    #[tokio::test]
    async fn the_newest_version_is_found_behind_delete_markers_and_before_longer_keys() {
        let markers = "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a.png</NextKeyMarker>\
            <NextVersionIdMarker>d1</NextVersionIdMarker>\
            <DeleteMarker><Key>a.png</Key><VersionId>d1</VersionId>\
            <LastModified>2026-11-20T09:00:00.000Z</LastModified></DeleteMarker></ListVersionsResult>";
        let version = |key: &str, id: &str| {
            format!(
                "<Version><Key>{key}</Key><VersionId>{id}</VersionId><ETag>e</ETag><Size>9</Size>\
                <LastModified>2026-11-20T08:00:00.000Z</LastModified></Version>"
            )
        };
        let versions = [version("a.png", "v2"), version("a.png", "v1"), version("a.png.bak", "v3")].concat();
        let versions = format!("<ListVersionsResult>{versions}</ListVersionsResult>");
        let aws = RecordedAws::answering([markers.to_owned(), versions].map(|body| Answer::new(200, body)));
        let store = S3ObjectStore::new(&aws.config());
        let newest = store.newest("uploads", "a.png").await.unwrap().unwrap();
        let expected =
            ObjectVersion { id: "v2".to_owned(), etag: "e".to_owned(), size: 9, last_modified: 1_795_161_600 };
        assert_eq!(newest, expected);
        assert!(aws.requests()[1].uri().contains("version-id-marker=d1"));
    }

    #[tokio::test]
    async fn an_object_that_is_not_there_is_gone_and_no_error() {
        for (status, code) in [(404, "NoSuchKey"), (404, "NoSuchVersion"), (405, "MethodNotAllowed"), (404, "")] {
            let (store, _) = store_answering(status, &[], &xml(code));
            assert!(matches!(store.open(&object(Some("v"))).await, Ok(Lookup::Gone)), "{status} {code}");
        }
    }

    #[tokio::test]
    async fn an_object_whose_bytes_cannot_be_had_is_sealed_and_not_forbidden() {
        for (status, code, seal) in
            [(403, "InvalidObjectState", Seal::Archived), (400, "InvalidRequest", Seal::CustomerKey)]
        {
            let (store, _) = store_answering(status, &[], &xml(code));
            let Ok(Lookup::Sealed(found)) = store.open(&object(None)).await else { panic!("{code}") };
            assert_eq!(found, seal);
        }
    }

    #[tokio::test]
    async fn each_failure_has_its_name_and_no_word_of_the_services_message() {
        for (status, code, name) in [
            (404, "NoSuchBucket", "ObjectNotFound"),
            (403, "AccessDenied", "AccessDenied"),
            (403, "", "AccessDenied"),
            (400, "InvalidBucketName", "InvalidInput"),
            (301, "PermanentRedirect", "Internal"),
            (400, "InvalidRange", "Internal"),
            (400, "RequestTimeout", "StoreUnavailable"),
            (429, "TooManyRequests", "StoreUnavailable"),
            (500, "InternalError", "StoreUnavailable"),
            (503, "SlowDown", "StoreUnavailable"),
            (503, "", "StoreUnavailable"),
        ] {
            let (store, _) = store_answering(status, &[], &xml(code));
            let error = store.open(&object(None)).await.err().unwrap();
            assert_eq!(error.name().as_str(), name, "{status} {code}");
            assert!(!format!("{error} {error:?}").contains("secret text"), "{error:?}");
        }
    }
}
