//! The manifest of an S3 Inventory.

use serde::Deserialize;

use super::rows::Columns;
use crate::Error;

/// Most files of an inventory.
const MAX_FILES: usize = 100_000;

/// An S3 Inventory, by its `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The bucket whose objects it lists.
    pub source_bucket: String,
    /// The bucket in which its files are.
    pub destination_bucket: String,
    /// The keys of its files there: CSV, gzipped.
    pub files: Vec<String>,
    /// What each row of them holds.
    pub columns: Columns,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    source_bucket: String,
    destination_bucket: String,
    file_format: String,
    file_schema: String,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    key: String,
}

impl Inventory {
    /// Reads a `manifest.json`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for anything else, for an inventory in another format than CSV, without the column `Key`, or
    /// of over 100,000 files.
    pub fn read(manifest: &[u8]) -> Result<Self, Error> {
        let manifest: Manifest = serde_json::from_slice(manifest)
            .map_err(|_| Error::invalid("inventory", "is not the manifest.json of an S3 Inventory"))?;
        match manifest.file_format.as_str() {
            "CSV" => {}
            "Parquet" | "ORC" => {
                return Err(Error::invalid(
                    "inventory",
                    "is in Parquet or ORC: have S3 make one in CSV, or leave it out, and the bucket is listed",
                ));
            }
            _ => return Err(Error::invalid("inventory", "is in a format that there is not: fileFormat is not CSV")),
        }
        if manifest.files.len() > MAX_FILES {
            return Err(Error::invalid("inventory", "has over 100000 files"));
        }
        let bucket = &manifest.destination_bucket;
        Ok(Self {
            columns: Columns::of_schema(&manifest.file_schema)?,
            source_bucket: manifest.source_bucket,
            destination_bucket: bucket.rsplit(':').next().unwrap_or(bucket).to_owned(),
            files: manifest.files.into_iter().map(|file| file.key).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn manifest() -> Value {
        json!({
            "sourceBucket": "photos", "destinationBucket": "arn:aws:s3:::inventories", "version": "2016-11-30",
            "creationTimestamp": "1795132800000", "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag",
            "files": [{"key": "photos/all/data/1.csv.gz", "size": 9, "MD5checksum": "x"}],
        })
    }

    #[test]
    fn a_manifest_says_where_the_files_are() {
        let read = Inventory::read(manifest().to_string().as_bytes()).unwrap();
        assert_eq!((read.source_bucket.as_str(), read.destination_bucket.as_str()), ("photos", "inventories"));
        assert_eq!(read.files, ["photos/all/data/1.csv.gz"]);
    }

    #[test]
    fn what_is_no_inventory_that_can_be_read_is_refused_by_name() {
        let with = |name: &str, value: Value| {
            let mut manifest = manifest();
            manifest[name] = value;
            manifest.to_string()
        };
        for (manifest, said) in [
            (String::new(), "is not the manifest.json"),
            ("[]".to_owned(), "is not the manifest.json"),
            (with("files", json!("x")), "is not the manifest.json"),
            (with("fileFormat", json!("Parquet")), "is in Parquet or ORC: have S3 make one in CSV"),
            (with("fileFormat", json!("ORC")), "is in Parquet or ORC: have S3 make one in CSV"),
            (with("fileFormat", json!("JSON")), "fileFormat is not CSV"),
            (with("fileSchema", json!("Bucket, Size")), "has no column Key"),
            (with("fileSchema", json!("Key, Key")), "names a column twice"),
            (with("files", json!(vec![json!({"key": "k"}); MAX_FILES + 1])), "has over 100000 files"),
        ] {
            let error = Inventory::read(manifest.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
