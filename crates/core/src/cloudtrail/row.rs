//! A record as a row of a table: its parts are JSON in texts, as in `CloudTrail`
//! Lake, or its names stand in lower case, as in Athena.

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

/// The names of a record, and of its `userIdentity`, that a table may write in
/// lower case. What stands in its other parts keeps its own.
const NAMES: [&str; 33] = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "eventType",
    "readOnly",
    "managementEvent",
    "recipientAccountId",
    "serviceEventDetails",
    "insightDetails",
    "sessionCredentialFromConsole",
    "principalId",
    "accountId",
    "accessKeyId",
    "userName",
    "invokedBy",
    "sessionContext",
    "sessionIssuer",
    "mfaAuthenticated",
    "creationDate",
    "onBehalfOf",
    "userId",
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
    let is_lower = !record.contains_key("eventName") && record.contains_key("eventname");
    let mut record = if is_lower { Cow::Owned(with_names(record, true)) } else { Cow::Borrowed(record) };
    for part in PARTS {
        if let Some(Value::String(text)) = record.get(part)
            && let Some(value) = inside(part, text)?
        {
            let value = match value {
                // A text made of a column has the column's names.
                Value::Object(identity) if part == "userIdentity" => Value::Object(with_names(&identity, false)),
                value => value,
            };
            record.to_mut().insert(part.to_owned(), value);
        }
    }
    // A table has a text where a record has nothing.
    for name in ["errorCode", "errorMessage"] {
        if record.get(name).is_some_and(|text| text == "") {
            record.to_mut().remove(name);
        }
    }
    Ok(record)
}

/// The members under the names that `CloudTrail` writes; those of `userIdentity`
/// as deep as they go.
fn with_names(members: &Map<String, Value>, top: bool) -> Map<String, Value> {
    let renamed = members.iter().map(|(name, value)| {
        let name = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)).map_or(name.as_str(), |known| *known);
        let value = match value {
            Value::Object(inner) if !top || name == "userIdentity" => Value::Object(with_names(inner, false)),
            value => value.clone(),
        };
        (name.to_owned(), value)
    });
    renamed.collect()
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
    fn names_in_lower_case_are_read_as_cloudtrail_writes_them() {
        let row = json!({
            "eventname": "StopLogging", "eventsource": "cloudtrail.amazonaws.com", "sourceipaddress": "203.0.113.24",
            "useridentity": {"type": "Root", "accountid": "1", "sessioncontext": {"attributes": {"mfaauthenticated": "false"}}},
            "requestparameters": "{\"name\": \"main\", \"username\": \"Bob\"}", "p_row_id": "7",
        });
        let expected = json!({
            "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com", "sourceIPAddress": "203.0.113.24",
            "userIdentity": {"type": "Root", "accountId": "1", "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}},
            "requestParameters": {"name": "main", "username": "Bob"}, "p_row_id": "7",
        });
        assert_eq!(Value::Object(read(row.as_object().unwrap()).unwrap().into_owned()), expected);
    }

    #[test]
    fn a_text_of_a_column_has_its_names_in_lower_case_too() {
        let expected = json!({"type": "AssumedRole", "invokedBy": "cloudformation.amazonaws.com", "accountId": "1"});
        let lower = json!({"type": "AssumedRole", "invokedby": "cloudformation.amazonaws.com", "accountid": "1"});
        for (name, identity) in [
            ("useridentity", json!(lower.to_string())),
            ("useridentity", lower.clone()),
            ("useridentity", json!(expected.to_string())),
            ("userIdentity", json!(lower.to_string())),
            ("userIdentity", expected.clone()),
        ] {
            let event = if name == "useridentity" { "eventname" } else { "eventName" };
            let row = json!({event: "DeleteDBCluster", name: identity});
            assert_eq!(read(row.as_object().unwrap()).unwrap()["userIdentity"], expected, "{row}");
        }
    }

    #[test]
    fn an_empty_error_is_none() {
        for (row, expected) in [
            (json!({"eventname": "A", "errorcode": "", "errormessage": ""}), json!({"eventName": "A"})),
            (json!({"eventName": "A", "errorCode": ""}), json!({"eventName": "A"})),
            (
                json!({"eventname": "A", "errorcode": "AccessDenied"}),
                json!({"eventName": "A", "errorCode": "AccessDenied"}),
            ),
            (json!({"eventName": "A", "errorCode": null}), json!({"eventName": "A", "errorCode": null})),
        ] {
            assert_eq!(Value::Object(read(row.as_object().unwrap()).unwrap().into_owned()), expected, "{row}");
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
