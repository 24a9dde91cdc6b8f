//! A `CloudTrail` record, in an `EventBridge` envelope or by itself.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Content, Event, foreign, identity::UserIdentity, lenient, row};
use crate::{error::Error, fields::kind};

/// The calls that write an object. A form post is spelled both ways; directory buckets give an object another key.
const OBJECT_WRITES: [&str; 6] =
    ["PutObject", "CompleteMultipartUpload", "CopyObject", "PostObject", "POST Object", "RenameObject"];

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
    #[serde(deserialize_with = "lenient::text")]
    aws_region: Option<String>,
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
    region: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    time: Option<String>,
}

/// Reads a record, and the `EventBridge` event around it if there is one.
pub(super) fn read<'a>(record: &'a Map<String, Value>, around: Option<&Value>) -> Result<Event<'a>, Error> {
    let whole = row::read(record)?;
    if foreign::is_s3_notification(&whole) {
        return Err(Error::invalid(
            "eventSource",
            "is a record of S3's own notification, whose key is encoded for URLs; send S3's Object Created by EventBridge",
        ));
    }
    let name = event_name(&whole, if around.is_some() { "detail.eventName" } else { "eventName" })?;
    let Record {
        user_identity,
        event_time,
        event_source,
        source_ip_address,
        error_code,
        request_parameters,
        response_elements,
        event_id,
        recipient_account_id,
        aws_region,
    } = parse(&*whole)?;
    let envelope: Envelope = around.map_or(Ok(Envelope::default()), parse)?;

    let of_s3 = event_source.as_deref().is_none_or(|service| S3.contains(&service));
    let is_write = of_s3 && error_code.is_none() && OBJECT_WRITES.contains(&name.as_str());
    let (bucket, key) = match request_parameters {
        RequestParameters { bucket_name, key: None } if is_write && names_no_key(&whole) => {
            object_in_resources(&whole, bucket_name)
        }
        // Through an access point the request may name it in the bucket's place. What is the same object has one name.
        RequestParameters { bucket_name: Some(named), key: Some(key) } if of_s3 && is_access_point(&named) => {
            let bucket = match object_in_resources(&whole, None) {
                (Some(bucket), Some(found)) if found == key => bucket,
                _ => named,
            };
            (Some(bucket), Some(key))
        }
        RequestParameters { bucket_name, key } if of_s3 => (bucket_name, key),
        RequestParameters { .. } => (None, None),
    };
    let is_object_write = is_write && bucket.is_some() && key.is_some();

    Ok(Event {
        name,
        service: event_source,
        actor: user_identity.actor().map(str::to_owned),
        identity: user_identity.short_name().map(str::to_owned),
        account: recipient_account_id.or(envelope.account).or(user_identity.account_id),
        region: aws_region.or(envelope.region),
        id: event_id.or(envelope.id),
        time: event_time.or(envelope.time),
        source_ip: source_ip_address,
        error_code,
        bucket,
        key,
        // A delete's answer holds a version too, but not one that was written.
        version: response_elements.version_id.filter(|_| is_object_write),
        is_object_write,
        is_write_without_target: is_write && !is_object_write,
        content: Content::Record(whole),
    })
}

/// The call's name. An Insights event tells it one level deeper.
fn event_name(record: &Map<String, Value>, field: &'static str) -> Result<String, Error> {
    let name = match record.get("eventName") {
        None | Some(Value::Null) => record.get("insightDetails").and_then(|details| details.get("eventName")),
        name => name,
    };
    match name {
        Some(Value::String(name)) if !name.trim().is_empty() => Ok(name.clone()),
        Some(Value::String(_)) => Err(Error::invalid(field, "is empty")),
        Some(other) => Err(Error::invalid(field, format!("is {}, not a string", kind(other)))),
        None => Err(match foreign::without_event_name(record) {
            Some(is) => Error::invalid("event", is),
            None => Error::invalid(field, "is missing; every CloudTrail record has one"),
        }),
    }
}

/// Whether the request says nothing of a key. One of the wrong type is
/// something: what stands elsewhere may be another.
fn names_no_key(record: &Map<String, Value>) -> bool {
    record.get("requestParameters").and_then(|request| request.get("key")).is_none_or(Value::is_null)
}

/// Whether what stands for a bucket is an access point: its ARN, or its alias, as no bucket may be called.
fn is_access_point(bucket: &str) -> bool {
    let of_point = |arn: &str| arn.split(':').nth(5).is_some_and(|resource| resource.starts_with("accesspoint"));
    bucket.ends_with("-s3alias") || bucket.ends_with("--xa-s3") || bucket.starts_with("arn:") && of_point(bucket)
}

/// The one object that stands in a record's `resources`, in the bucket that the
/// request names, if it names one; without a key if there are several or none.
fn object_in_resources(record: &Map<String, Value>, bucket: Option<String>) -> (Option<String>, Option<String>) {
    let resources = record.get("resources").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let arns = resources.iter().filter_map(|resource| resource.get("ARN").or_else(|| resource.get("arn"))?.as_str());
    let mut objects = arns
        .filter_map(object_of_arn)
        .filter(|(named, key)| !key.is_empty() && bucket.as_deref().is_none_or(|bucket| bucket == *named));
    match (objects.next(), objects.next()) {
        (Some((bucket, key)), None) => (Some(bucket.to_owned()), Some(key.to_owned())),
        _ => (bucket, None),
    }
}

/// The bucket and the key in an object's ARN. Those of directory buckets name Region and account.
fn object_of_arn(arn: &str) -> Option<(&str, &str)> {
    let rest = arn.strip_prefix("arn:")?;
    if let Some((_, object)) = rest.split_once(":s3:::") {
        return object.split_once('/');
    }
    let (partition_and_service, object) = rest.split_once(":bucket/")?;
    partition_and_service.contains("s3express").then(|| object.split_once('/'))?
}

/// Every field is read leniently, so this fails for no object.
fn parse<'a, T: Deserialize<'a>, D: Deserializer<'a>>(value: D) -> Result<T, Error> {
    T::deserialize(value).map_err(|_| Error::invalid("event", "is not a CloudTrail record"))
}
