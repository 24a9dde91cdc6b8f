//! What lists a bucket, page by page.

use aws_smithy_types::date_time::{DateTime, Format};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Request, S3};
use crate::{CallFailed, xml};

/// A page of a bucket's objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// Those on this page, in the order of their keys.
    pub objects: Vec<ListedObject>,
    /// What the keys have in common up to the delimiter, if one was asked for.
    pub folders: Vec<String>,
    /// What leads to the next page.
    pub next: Option<String>,
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key, as it is.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A page of the versions of a bucket's objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Those on this page, in the order of their keys, the newest of each first. Delete markers come after all others.
    pub versions: Vec<Version>,
    /// Where the next page begins.
    pub next: Option<Marker>,
}

/// A version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The object's key, as it is.
    pub key: String,
    /// The version's id.
    pub id: String,
    /// Its `ETag`; of a delete marker it is empty.
    pub etag: String,
    /// Its size in bytes; that of a delete marker is 0.
    pub size: u64,
    /// When it was written, in seconds since 1970, if S3 says so.
    pub last_modified: Option<i64>,
    /// Whether it is what the key has now.
    pub is_latest: bool,
    /// Whether it is a delete marker.
    pub is_delete_marker: bool,
}

/// Where a page of versions begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The last key of the page before.
    pub key: String,
    /// The last version of that key on the page before.
    pub version: Option<String>,
}

impl S3 {
    /// A page of the objects whose keys begin with `prefix`: those after the key `after`, from the page on that `next`
    /// of the page before leads to.
    ///
    /// # Errors
    /// When S3 refuses it or is not reached.
    pub async fn objects(
        &self,
        bucket: &str,
        prefix: &str,
        (delimiter, after): (Option<&str>, Option<&str>),
        next: Option<&str>,
    ) -> Result<Objects, CallFailed> {
        let request = Request::bucket("GET", bucket).query("list-type", "2").query("prefix", prefix);
        let request = request.query_if("delimiter", delimiter).query_if("start-after", after);
        let request = request.query_if("continuation-token", next).query("encoding-type", "url");
        let mut said = self.call(request).await?.value().await?;
        let key = keys(&said);
        let objects = xml::take_each(&mut said, "/Contents")
            .into_iter()
            .filter_map(|object| Some(ListedObject { key: key(&object["Key"])?, size: number(&object["Size"]) }));
        Ok(Objects {
            objects: objects.collect(),
            folders: xml::take_each(&mut said, "/CommonPrefixes")
                .iter()
                .filter_map(|folder| key(&folder["Prefix"]))
                .collect(),
            next: said["NextContinuationToken"].as_str().filter(|token| !token.is_empty()).map(str::to_owned),
        })
    }

    /// A page of the versions of the objects whose keys begin with `prefix`.
    ///
    /// # Errors
    /// When S3 refuses it or is not reached.
    pub async fn versions(&self, bucket: &str, prefix: &str, from: Option<&Marker>) -> Result<Versions, CallFailed> {
        let request = Request::bucket("GET", bucket).query("versions", "").query("prefix", prefix);
        let request = request.query_if("key-marker", from.map(|marker| marker.key.as_str()));
        let request = request.query_if("version-id-marker", from.and_then(|marker| marker.version.as_deref()));
        let mut said = self.call(request.query("encoding-type", "url")).await?.value().await?;
        let key = keys(&said);
        let read = |version: &Value, is_delete_marker| {
            Some(Version {
                key: key(&version["Key"])?,
                id: version["VersionId"].as_str()?.to_owned(),
                etag: version["ETag"].as_str().unwrap_or_default().to_owned(),
                size: number(&version["Size"]),
                last_modified: version["LastModified"].as_str().and_then(seconds),
                is_latest: version["IsLatest"] == "true",
                is_delete_marker,
            })
        };
        let next = key(&said["NextKeyMarker"]).filter(|_| said["IsTruncated"] == "true");
        let next = next.map(|key| Marker { key, version: said["NextVersionIdMarker"].as_str().map(str::to_owned) });
        let (versions, markers) = (xml::take_each(&mut said, "/Version"), xml::take_each(&mut said, "/DeleteMarker"));
        let versions = versions.iter().filter_map(|version| read(version, false));
        let markers = markers.iter().filter_map(|marker| read(marker, true));
        Ok(Versions { versions: versions.chain(markers).collect(), next })
    }
}

/// How the keys of an answer are read: as they are, or encoded where S3 says so. XML has no way to write every key.
fn keys(said: &Value) -> impl Fn(&Value) -> Option<String> + use<> {
    let encoded = said["EncodingType"] == "url";
    move |key| {
        let key = key.as_str()?;
        if !encoded {
            return Some(key.to_owned());
        }
        // A space is a plus there, as in a form.
        percent_decode_str(&key.replace('+', " ")).decode_utf8().ok().map(Into::into)
    }
}

fn seconds(text: &str) -> Option<i64> {
    DateTime::from_str(text, Format::DateTimeWithOffset).ok().map(|time| time.secs())
}

fn number(value: &Value) -> u64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}
