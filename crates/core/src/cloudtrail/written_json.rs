//! Parts of a record that are JSON in a text, as a row of `CloudTrail` Lake has them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::error::Error;

/// The fields of a record that hold an object or a list.
const PARTS: [&str; 9] = [
    "userIdentity",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "resources",
    "serviceEventDetails",
    "insightDetails",
    "tlsDetails",
    "addendum",
];

/// How often a part may have been written into a text again.
const MOST_LAYERS: usize = 3;

/// The record with each part that is JSON in a text read. A text that is no
/// JSON stays: to whoever reads it, it is of the wrong type.
///
/// # Errors
/// [`Error::InvalidInput`] names a part that begins as an object or a list and
/// cannot be read, such as Athena's `{type=Root, …}`: its meaning would be missed.
pub(super) fn read(record: &Map<String, Value>) -> Result<Cow<'_, Map<String, Value>>, Error> {
    let mut record = Cow::Borrowed(record);
    for part in PARTS {
        if let Some(Value::String(text)) = record.get(part)
            && let Some(value) = inside(part, text)?
        {
            record.to_mut().insert(part.to_owned(), value);
        }
    }
    Ok(record)
}

fn inside(part: &'static str, text: &str) -> Result<Option<Value>, Error> {
    let mut text = Cow::Borrowed(text.trim());
    for _ in 0..MOST_LAYERS {
        if text == "null" {
            return Ok(Some(Value::Null));
        }
        if !text.starts_with(['{', '[', '"']) {
            return Ok(None);
        }
        match serde_json::from_str(&text) {
            Ok(Value::String(inner)) => text = Cow::Owned(inner.trim().to_owned()),
            Ok(value) => return Ok(Some(value)),
            Err(_) => break,
        }
    }
    Err(Error::invalid(part, "is a text that begins like JSON and is none; send the record's own object"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_part(value: &Value) -> Result<Value, Error> {
        let record = json!({"eventName": "A", "userIdentity": value});
        read(record.as_object().unwrap()).map(|record| record["userIdentity"].clone())
    }

    #[test]
    fn json_in_a_text_is_read_and_other_values_stay() {
        let root = json!({"type": "Root"});
        let cases = [
            (root.clone(), root.clone()),
            (json!(root.to_string()), root.clone()),
            (json!(format!(" {root}\n")), root.clone()),
            (json!(json!(root.to_string()).to_string()), root),
            (json!("null"), Value::Null),
            (json!("[]"), json!([])),
            (json!(""), json!("")),
            (json!("Alice"), json!("Alice")),
            (json!(7), json!(7)),
        ];
        for (given, expected) in cases {
            assert_eq!(read_part(&given).unwrap(), expected, "{given}");
        }
    }

    #[test]
    fn what_begins_like_json_and_is_none_is_refused_by_name() {
        for text in ["{type=Root, accountId=111122223333}", "{\"type\": \"Root\"", "[", "\"", "{\"a\": 1} {}"] {
            let Error::InvalidInput { field, .. } = read_part(&json!(text)).unwrap_err() else { unreachable!() };
            assert_eq!(field, "userIdentity", "{text}");
        }
    }
}
