//! S3's own notification of a written object, "Object Created".

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Content, Event, lenient};
use crate::error::Error;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ObjectCreated {
    #[serde(deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    account: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    region: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    time: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    detail: Detail,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Detail {
    #[serde(deserialize_with = "lenient::object")]
    bucket: Bucket,
    #[serde(deserialize_with = "lenient::object")]
    object: Object,
    #[serde(deserialize_with = "lenient::text")]
    requester: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    source_ip_address: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bucket {
    #[serde(deserialize_with = "lenient::name")]
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Object {
    #[serde(deserialize_with = "lenient::name")]
    key: Option<String>,
    #[serde(deserialize_with = "lenient::name")]
    version_id: Option<String>,
}

/// Reads an "Object Created". It is sent for successful writes only, and tells
/// the account or the service that wrote, not the user.
pub(super) fn read<'a>(raw: &'a Value, fields: &'a Map<String, Value>) -> Result<Event<'a>, Error> {
    // Every field is read leniently, so this fails for no object.
    let ObjectCreated { id, account, region, time, detail } =
        ObjectCreated::deserialize(raw).map_err(|_| Error::invalid("event", "is not an Object Created event"))?;
    let Some(bucket) = detail.bucket.name else {
        return Err(Error::invalid("detail.bucket.name", "is missing, empty or not a string"));
    };
    let Some(key) = detail.object.key else {
        return Err(Error::invalid("detail.object.key", "is missing, empty or not a string"));
    };
    Ok(Event {
        name: detail.reason.unwrap_or_else(|| "Object Created".to_owned()),
        service: Some("s3.amazonaws.com".to_owned()),
        actor: detail.requester.clone(),
        identity: detail.requester,
        account,
        region,
        id,
        time,
        source_ip: detail.source_ip_address,
        error_code: None,
        bucket: Some(bucket),
        key: Some(key),
        version: detail.object.version_id,
        is_object_write: true,
        is_write_without_target: false,
        content: Content::ObjectCreated(fields),
    })
}
