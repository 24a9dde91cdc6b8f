//! What is known of a CloudTrail record or an EventBridge event: what its own fields
//! say. It is not rated: the audit's rules do that, and this model never raises it.

use serde_json::Value;

use super::facts::{Fact, Facts};

/// Cuts the events that stand in a text as JSON out of it, and returns the first.
pub(super) fn set_apart(text: &str) -> (String, Option<Value>) {
    let (mut rest, mut first, mut at) = (String::with_capacity(text.len()), None, 0);
    while let Some(start) = text[at..].find('{').map(|offset| at + offset) {
        rest.push_str(&text[at..start]);
        let mut stream = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) if record(&value).is_some() => {
                at = start + stream.byte_offset();
                first.get_or_insert(value);
            }
            _ => {
                rest.push('{');
                at = start + 1;
            }
        }
    }
    rest.push_str(&text[at..]);
    (rest, first)
}

/// The record inside an envelope, or by itself.
fn record(value: &Value) -> Option<&Value> {
    if value["eventName"].is_string() && (value["eventSource"].is_string() || value["userIdentity"].is_object()) {
        return Some(value);
    }
    let detail = &value["detail"];
    (detail.is_object() && value["detail-type"].is_string()).then_some(detail)
}

/// What a form can be filled with.
pub(super) fn facts(event: &Value) -> Facts {
    [
        ("summary", Fact::Text(sentence(event))),
        ("reason", Fact::Text(sentence(event))),
        ("level", Fact::Text("low".to_owned())),
        ("verdict", Fact::Truth(false)),
    ]
    .into_iter()
    .collect()
}

/// Who did what, to what, from where, when.
pub(super) fn sentence(event: &Value) -> String {
    let record = record(event).unwrap_or(event);
    let text = |pointers: &[&str]| {
        let found = pointers.iter().find_map(|pointer| record.pointer(pointer).or_else(|| event.pointer(pointer)));
        found.and_then(Value::as_str)
    };
    let identity = ["/userIdentity/arn", "/userIdentity/userName", "/userIdentity/invokedBy", "/requester"];
    let bucket = text(&["/requestParameters/bucketName", "/bucket/name"]);
    let key = text(&["/requestParameters/key", "/object/key"]);
    let target = match (bucket, key) {
        (Some(bucket), Some(key)) => Some(format!("the object {key} in the bucket {bucket}")),
        (Some(bucket), None) => Some(format!("the bucket {bucket}")),
        _ => text(&["/resources/0/ARN"]).map(str::to_owned),
    };
    let service = text(&["/eventSource", "/source"]).map(|source| source.trim_end_matches(".amazonaws.com"));
    let circumstances: String = [
        ("on", service),
        ("for", target.as_deref()),
        ("in account", text(&["/recipientAccountId", "/account"])),
        ("in", text(&["/awsRegion", "/region"])),
        ("from", text(&["/sourceIPAddress", "/source-ip-address"])),
        ("with", text(&["/userAgent"])),
        ("at", text(&["/eventTime", "/time"])),
    ]
    .into_iter()
    .filter_map(|(preposition, value)| value.map(|value| format!(" {preposition} {value}")))
    .collect();
    let outcome = text(&["/errorCode"]).map_or("It succeeded.".to_owned(), |error| format!("It failed with {error}."));
    let actor = text(&identity).unwrap_or("An unnamed caller");
    let name = text(&["/eventName", "/detail-type"]).unwrap_or("something");
    format!("{actor} called {name}{circumstances}. {outcome}")
}
