//! What happened: a `CloudTrail` record or S3's "Object Created", read in code.
//!
//! Whoever causes an event chooses parts of its text, and no field of a real
//! record is always there. So every field is optional, a field of the wrong
//! type counts as absent, and what a decision rests on (bucket, key, version,
//! upload or not) is read here and nowhere else.

use std::{borrow::Cow, fmt};

use serde_json::{Map, Value};

use crate::{error::Error, fields::kind, image};

mod extension;
mod foreign;
mod identity;
mod lenient;
mod object_created;
mod record;
mod row;

/// Which uploads are worth a look at their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UploadsToJudge {
    /// Those whose key ends in an image's extension, an unknown one or none.
    #[default]
    LikelyImages,
    /// Every object that is written.
    All,
}

/// Whether an object of this key is worth a look at its bytes.
#[must_use]
pub fn may_be_image(key: &str, judge: UploadsToJudge) -> bool {
    judge == UploadsToJudge::All || !extension::is_usually_no_image(key)
}

/// What an event says, whichever of its shapes it came in.
#[derive(Clone, PartialEq)]
pub struct Event<'a> {
    /// The API call: `eventName`, or the `reason` of an "Object Created".
    pub name: String,
    /// The service called, such as `s3.amazonaws.com`.
    pub service: Option<String>,
    /// Who did it: an ARN, or a user name, a service or an account.
    pub actor: Option<String>,
    /// A short name of who did it: user, `role/session`, `root`, service or account.
    pub identity: Option<String>,
    /// The account in which it happened.
    pub account: Option<String>,
    /// The Region in which it happened.
    pub region: Option<String>,
    /// `CloudTrail`'s id of the record, the same in each delivery of it; else the envelope's.
    pub id: Option<String>,
    /// When it happened, as the record writes it.
    pub time: Option<String>,
    /// Where it came from: an address, or the name of a service.
    pub source_ip: Option<String>,
    /// Why the call failed, `None` if it did not.
    pub error_code: Option<String>,
    /// The bucket that an S3 call named.
    pub bucket: Option<String>,
    /// The key that an S3 call named, exactly as it stands: events hold keys decoded.
    pub key: Option<String>,
    /// The version that a successful write made.
    pub version: Option<String>,
    /// Whether an object was written: put, posted, copied or completed, and not refused.
    pub is_object_write: bool,
    /// Whether an object was written and the record does not tell which.
    pub is_write_without_target: bool,
    content: Content<'a>,
}

/// Everything that an event tells.
#[derive(Clone, PartialEq)]
enum Content<'a> {
    /// A `CloudTrail` record, each part of it read that came as JSON in a text.
    Record(Cow<'a, Map<String, Value>>),
    /// S3's own notification through `EventBridge`.
    ObjectCreated(&'a Map<String, Value>),
}

/// The source of recorded events that are put back on a bus.
const REPLAY: &str = "warden.replay";

impl<'a> Event<'a> {
    /// Reads an `EventBridge` event that carries a `CloudTrail` record, a bare
    /// `CloudTrail` record, or S3's "Object Created".
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the field that does not fit any of these.
    pub fn read(raw: &'a Value) -> Result<Self, Error> {
        let Some(fields) = raw.as_object() else {
            return Err(Error::invalid(
                "event",
                format!(
                    "is {}, not a JSON object; send an EventBridge event, a CloudTrail record or S3's Object Created",
                    kind(raw)
                ),
            ));
        };
        if !fields.contains_key("detail-type") && !fields.contains_key("detail") {
            return record::read(fields, None);
        }

        let detail_type = match fields.get("detail-type") {
            Some(Value::String(text)) => text.as_str(),
            Some(other) => return Err(Error::invalid("detail-type", format!("is {}, not a string", kind(other)))),
            None => return Err(Error::invalid("detail-type", "is missing")),
        };
        let detail = match fields.get("detail") {
            Some(Value::Object(detail)) => detail,
            Some(other) => return Err(Error::invalid("detail", format!("is {}, not a JSON object", kind(other)))),
            None => return Err(Error::invalid("detail", "is missing")),
        };
        match detail_type {
            // API calls, console sign-ins (in both spellings), service events, …
            text if text.ends_with(" via CloudTrail") => record::read(detail, Some(raw)),
            "Object Created" => match fields.get("source").and_then(Value::as_str) {
                Some("aws.s3" | REPLAY) => object_created::read(raw, fields),
                _ => Err(Error::invalid("source", format!("of Object Created is neither aws.s3 nor {REPLAY}"))),
            },
            _ => Err(Error::invalid(
                "detail-type",
                "is neither one of CloudTrail's, such as `AWS API Call via CloudTrail`, nor `Object Created`",
            )),
        }
    }

    /// The `CloudTrail` record; an "Object Created" has none.
    #[must_use]
    pub fn record(&self) -> Option<&Map<String, Value>> {
        match &self.content {
            Content::Record(record) => Some(record),
            Content::ObjectCreated(_) => None,
        }
    }

    /// Everything that is known: the record, or the whole "Object Created".
    #[must_use]
    pub fn content(&self) -> &Map<String, Value> {
        match &self.content {
            Content::Record(record) => record,
            Content::ObjectCreated(event) => event,
        }
    }

    /// The id of the request that made it happen, which `CloudTrail` and S3 both tell.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        let id = match &self.content {
            Content::Record(record) => record.get("requestID"),
            Content::ObjectCreated(event) => event.get("detail").and_then(|detail| detail.get("request-id")),
        };
        id.and_then(Value::as_str).filter(|id| !id.is_empty())
    }

    /// Whether an object was written that may be an image. No record tells a
    /// content type, so only what surely is something else is left out.
    #[must_use]
    pub fn may_be_image_upload(&self, judge: UploadsToJudge) -> bool {
        let Some(key) = self.key.as_deref().filter(|_| self.is_object_write) else {
            return false;
        };
        may_be_image(key, judge)
    }

    /// The media type that the key's extension claims, if it is an image's: a
    /// hint, as the bytes decide.
    #[must_use]
    pub fn media_type(&self) -> Option<&'static str> {
        image::media_type_of_key(self.key.as_deref()?)
    }
}

/// An event's text may hold names and keys of people's files, so only what
/// identifies it is shown.
impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("name", &self.name).field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
