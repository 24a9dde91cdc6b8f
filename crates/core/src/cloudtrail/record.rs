//! A `CloudTrail` record, in an `EventBridge` envelope or by itself.

use serde::Deserialize;
use serde_json::Value;

use super::{Event, Shape, identity::UserIdentity, lenient};
use crate::{error::Error, fields::kind};

/// The calls that write an object. A form post is spelled both ways.
const OBJECT_WRITES: [&str; 5] = ["PutObject", "CompleteMultipartUpload", "CopyObject", "PostObject", "POST Object"];

/// General purpose buckets, and directory buckets.
const S3: [&str; 2] = ["s3.amazonaws.com", "s3express.amazonaws.com"];

/// The fields of a record that something rests on.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Record {
    #[serde(deserialize_with = "lenient::object")]
    user_identity: UserIdentity,
    #[serde(deserialize_with = "lenient::text")]
    event_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    event_source: Option<String>,
    #[serde(rename = "sourceIPAddress", deserialize_with = "lenient::text")]
    source_ip_address: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    error_code: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    request_parameters: RequestParameters,
    #[serde(deserialize_with = "lenient::object")]
    response_elements: ResponseElements,
    #[serde(rename = "eventID", deserialize_with = "lenient::text")]
    event_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    recipient_account_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestParameters {
    #[serde(deserialize_with = "lenient::name")]
    bucket_name: Option<String>,
    #[serde(deserialize_with = "lenient::name")]
    key: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ResponseElements {
    #[serde(rename = "x-amz-version-id", deserialize_with = "lenient::name")]
    version_id: Option<String>,
}

/// What an `EventBridge` envelope adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Envelope {
    #[serde(deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    account: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    time: Option<String>,
}

/// Reads a record; `name_field` is the path of its `eventName` for messages.
pub(super) fn read<'a>(raw: &'a Value, name_field: &'static str, shape: Shape) -> Result<Event<'a>, Error> {
    let (envelope, body) = match shape {
        Shape::EnvelopedRecord => (parse::<Envelope>(raw)?, &raw["detail"]),
        Shape::Record | Shape::ObjectCreated => (Envelope::default(), raw),
    };
    let name = event_name(body, name_field)?;
    let record = parse::<Record>(body)?;

    let of_s3 = record.event_source.as_deref().is_none_or(|service| S3.contains(&service));
    let (bucket, key) = match record.request_parameters {
        RequestParameters { bucket_name, key } if of_s3 => (bucket_name, key),
        RequestParameters { .. } => (None, None),
    };
    let is_object_write =
        OBJECT_WRITES.contains(&name.as_str()) && record.error_code.is_none() && bucket.is_some() && key.is_some();

    Ok(Event {
        name,
        service: record.event_source,
        actor: record.user_identity.actor().map(str::to_owned),
        identity: record.user_identity.short_name().map(str::to_owned),
        account: record.recipient_account_id.or(envelope.account).or(record.user_identity.account_id),
        id: record.event_id.or(envelope.id),
        time: record.event_time.or(envelope.time),
        source_ip: record.source_ip_address,
        error_code: record.error_code,
        bucket,
        key,
        // A delete's answer holds a version too, but not one that was written.
        version: record.response_elements.version_id.filter(|_| is_object_write),
        is_object_write,
        shape,
        raw,
    })
}

/// The call's name. An Insights event tells it one level deeper.
fn event_name(record: &Value, field: &'static str) -> Result<String, Error> {
    let name = match record.get("eventName") {
        None | Some(Value::Null) => record.pointer("/insightDetails/eventName"),
        name => name,
    };
    match name {
        Some(Value::String(name)) if !name.trim().is_empty() => Ok(name.clone()),
        Some(Value::String(_)) => Err(Error::invalid(field, "is empty")),
        Some(other) => Err(Error::invalid(field, format!("is {}, not a string", kind(other)))),
        None => Err(Error::invalid(field, "is missing; every CloudTrail record has one")),
    }
}

/// Every field is read leniently, so this fails for no object.
fn parse<'a, T: Deserialize<'a>>(value: &'a Value) -> Result<T, Error> {
    T::deserialize(value).map_err(|_| Error::invalid("event", "is no CloudTrail record"))
}
