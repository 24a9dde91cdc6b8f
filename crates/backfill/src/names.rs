//! Objects that somebody names in place of the bucket's own listing, brought to where backfill-lister reads them.

use std::{fs, io, path::PathBuf, str::FromStr};

use warden_call_errors::CallError;
use warden_control_plane::s3::ObjectId;
use warden_core::backfill::{Inventory, Source};

use crate::{Backfills, Error};

/// What names the objects that a backfill looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// An S3 Inventory, by its `manifest.json`.
    Inventory(Place),
    /// A list of keys in CSV, gzipped or not.
    Keys(Place),
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On S3, as `s3://bucket/key`.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key, as it is.
        key: String,
    },
    /// On this machine.
    File(PathBuf),
}

/// A place on S3 that names no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an object on S3 is written s3://bucket/key")]
pub struct NoObject;

impl FromStr for Place {
    type Err = NoObject;

    fn from_str(text: &str) -> Result<Self, NoObject> {
        let Some(path) = text.strip_prefix("s3://") else { return Ok(Self::File(text.into())) };
        match path.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Ok(Self::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
            }
            _ => Err(NoObject),
        }
    }
}

/// Objects that backfill-lister can read the names of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Where they are, for a plan.
    pub source: Source,
    /// The bucket that they are in, where the file says so.
    pub bucket: Option<String>,
}

impl Backfills {
    /// Brings what names the objects of a backfill into the stack's own bucket. What is on S3 is copied there, and not
    /// read here but for a manifest; it is kept for 30 days.
    ///
    /// # Errors
    /// When a file cannot be read, is no inventory in CSV, or AWS refuses a call.
    pub async fn bring(&self, id: &str, names: &Names) -> Result<Brought, Error> {
        let folder = format!("{id}/named");
        match names {
            Names::Keys(place) => {
                let source = Source::Keys { folder };
                match place {
                    Place::S3 { bucket, key } => self.copy(bucket, key, &source.file(0)).await?,
                    Place::File(path) => self.put(&source.file(0), read(path)?).await?,
                }
                Ok(Brought { source, bucket: None })
            }
            Names::Inventory(place) => {
                let manifest = match place {
                    Place::S3 { bucket, key } => self.bytes(bucket, key).await?,
                    Place::File(path) => read(path)?,
                };
                let inventory = Inventory::read(&manifest)?;
                let source = Source::Inventory { folder };
                for (at, key) in inventory.files.iter().enumerate() {
                    self.copy(&inventory.destination_bucket, key, &source.file(at)).await?;
                }
                self.put(&source.manifest(), manifest).await?;
                Ok(Brought { source, bucket: Some(inventory.source_bucket) })
            }
        }
    }

    async fn bytes(&self, bucket: &str, key: &str) -> Result<Vec<u8>, Error> {
        let failed = |error| CallError::new("s3:GetObject", &error);
        let reply = self.s3.get(ObjectId::current(bucket, key)).await.map_err(failed)?;
        Ok(reply.bytes().await.map_err(failed)?.to_vec())
    }

    async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), Error> {
        let put = self.s3.put(&self.parts, key, body, &[]).await;
        Ok(put.map(drop).map_err(|error| CallError::new("s3:PutObject", &error))?)
    }

    async fn copy(&self, bucket: &str, key: &str, to: &str) -> Result<(), Error> {
        let copied = self.s3.copy(ObjectId::current(bucket, key), ObjectId::current(&self.parts, to)).await;
        // It takes the right to read the one and to write the other: who lacks one is told of both.
        Ok(copied.map(drop).map_err(|error| CallError::new("s3:GetObject and s3:PutObject", &error))?)
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source: io::Error| Error::Unreadable { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use warden_test_support::Answer;

    use crate::tests::answering;

    #[test]
    fn a_place_is_on_s3_or_on_this_machine() {
        let s3 = |bucket: &str, key: &str| Ok(Place::S3 { bucket: bucket.into(), key: key.into() });
        for (text, place) in [
            ("s3://b/a b/manifest.json", s3("b", "a b/manifest.json")),
            ("keys.csv", Ok(Place::File("keys.csv".into()))),
            ("s3://b", Err(NoObject)),
            ("s3://b/", Err(NoObject)),
            ("s3:///k", Err(NoObject)),
        ] {
            assert_eq!(text.parse(), place, "{text}");
        }
    }

    #[tokio::test]
    async fn the_files_of_an_inventory_are_copied_where_they_are() {
        let manifest = json!({
            "sourceBucket": "photos", "destinationBucket": "arn:aws:s3:::inventories", "fileFormat": "CSV",
            "fileSchema": "Bucket, Key", "files": [{"key": "d/1.csv.gz"}, {"key": "d/2.csv.gz"}],
        });
        let copied = || Answer::new(200, "<CopyObjectResult/>");
        let answers = vec![Answer::new(200, manifest.to_string()), copied(), copied(), copied()];
        let (backfills, aws) = answering(answers);
        let names = Names::Inventory("s3://inventories/m/manifest.json".parse().unwrap());
        let brought = backfills.bring("b-1", &names).await.unwrap();
        assert_eq!(brought.bucket.as_deref(), Some("photos"));
        assert_eq!(brought.source, Source::Inventory { folder: "b-1/named".into() });
        let asked: Vec<_> = aws
            .requests()
            .iter()
            .map(|request| {
                let path = request.uri().split('?').next().unwrap_or_default().rsplit(".com/").next().unwrap();
                (
                    request.method().to_owned(),
                    path.to_owned(),
                    request.headers().get("x-amz-copy-source").map(str::to_owned),
                )
            })
            .collect();
        let put = |path: &str, from: Option<&str>| ("PUT".to_owned(), path.to_owned(), from.map(str::to_owned));
        assert_eq!(asked[0], ("GET".to_owned(), "m/manifest.json".to_owned(), None));
        assert_eq!(
            asked[1..],
            [
                put("b-1/named/000000", Some("inventories/d/1.csv.gz")),
                put("b-1/named/000001", Some("inventories/d/2.csv.gz")),
                put("b-1/named/manifest.json", None)
            ]
        );
    }

    #[tokio::test]
    async fn an_inventory_in_another_format_is_refused_before_anything_is_copied() {
        let manifest = json!({"sourceBucket": "photos", "destinationBucket": "b", "fileFormat": "Parquet",
            "fileSchema": "message s3.inventory {}", "files": []});
        let (backfills, aws) = answering(vec![Answer::new(200, manifest.to_string())]);
        let names = Names::Inventory("s3://inventories/m/manifest.json".parse().unwrap());
        let error = backfills.bring("b-1", &names).await.unwrap_err().to_string();
        assert!(error.contains("is in Parquet or ORC: have S3 make one in CSV"), "{error}");
        assert_eq!(aws.requests().len(), 1);
    }
}
