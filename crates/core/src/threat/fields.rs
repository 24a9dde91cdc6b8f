//! A record as Sigma rules see it: dotted names and plain values.
//!
//! | in the record | seen by a rule |
//! |---|---|
//! | `{"userIdentity": {"type": "Root"}}` | `userIdentity.type` is `Root` |
//! | an object | its name holds its compact JSON text, names in order: `requestParameters\|contains` works |
//! | a list of one | as if the one stood there without the list |
//! | a longer list | its JSON text, for `contains` |
//! | a name inside the objects of a list | the one value, or the list of all |
//! | `null` | absent: `exists: false` |

use std::collections::BTreeMap;

use serde_json::Value;
use sigma_rust::Event;

/// Objects nested deeper than this have no text of their own. It stands in the
/// text of those around them, and writing each level out costs its size again.
const DEEPEST_TEXT: usize = 6;

/// The fields of a record for the rules.
pub(super) fn event(record: &Value) -> Event {
    let mut record = record.clone();
    // Rules match on the texts of objects, so these must not depend on the order of names.
    record.sort_all_objects();

    let mut fields = BTreeMap::new();
    collect("", 0, &record, &mut fields);

    let mut event = Event::new();
    for (name, values) in fields {
        match values.as_slice() {
            [value] => insert(&mut event, name, value),
            values => event.insert(name, text_of(values)),
        }
    }
    event
}

/// Gathers the values that stand under each dotted name, passing through lists.
fn collect<'a>(name: &str, depth: usize, value: &'a Value, fields: &mut BTreeMap<String, Vec<&'a Value>>) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            for item in items {
                collect(name, depth, item, fields);
            }
        }
        Value::Object(members) => {
            if (1..=DEEPEST_TEXT).contains(&depth) {
                fields.entry(name.to_owned()).or_default().push(value);
            }
            for (member, value) in members {
                let path = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                collect(&path, depth + 1, value, fields);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            fields.entry(name.to_owned()).or_default().push(value);
        }
    }
}

fn insert(event: &mut Event, name: String, value: &Value) {
    match value {
        Value::String(text) => event.insert(name, text.as_str()),
        Value::Bool(truth) => event.insert(name, *truth),
        Value::Number(number) => {
            if let Some(integer) = number.as_i64() {
                event.insert(name, integer);
            } else if let Some(integer) = number.as_u64() {
                event.insert(name, integer);
            } else if let Some(float) = number.as_f64() {
                event.insert(name, float);
            }
        }
        Value::Object(_) | Value::Array(_) => event.insert(name, value.to_string()),
        Value::Null => {}
    }
}

/// The JSON text of a list of values.
fn text_of(values: &[&Value]) -> String {
    let items: Vec<String> = values.iter().map(ToString::to_string).collect();
    format!("[{}]", items.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sigma_rust::rule_from_yaml;

    use super::*;

    /// Whether a record matches a rule with one selection.
    fn matches(record: &Value, selection: &str) -> bool {
        let rule = format!("title: t\nlogsource: {{}}\ndetection: {{s: {{{selection}}}, condition: s}}");
        rule_from_yaml(&rule).unwrap().is_match(&event(record))
    }

    #[test]
    fn rules_see_a_record_by_dotted_names() {
        let record = json!({
            "eventName": "PutBucketAcl",
            "readOnly": false,
            "count": 3,
            "errorCode": null,
            "userIdentity": {"type": "Root", "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}},
            "requestParameters": {
                "x-amz-acl": ["public-read"],
                "names": ["a", "b"],
                "Grant": [{"Grantee": {"URI": "https://example.com/AllUsers"}}, {"Grantee": {"ID": "1"}}],
                "rules": {"items": [{"cidr": "0.0.0.0/0"}, {"cidr": "10.0.0.0/8"}]},
            },
        });
        for selection in [
            "eventName: putbucketacl",
            "userIdentity.type: Root",
            "userIdentity.sessionContext.attributes.mfaAuthenticated: 'false'",
            "readOnly: false",
            "readOnly: 'false'",
            "count: 3",
            "count|gte: 2",
            "errorCode|exists: false",
            "absent|exists: false",
            "requestParameters.x-amz-acl: public-read",
            "requestParameters.names|contains: '\"b\"'",
            "requestParameters.Grant.Grantee.URI|endswith: AllUsers",
            "requestParameters.Grant.Grantee|contains: AllUsers",
            "requestParameters.rules.items.cidr|contains: 0.0.0.0/0",
            "requestParameters|contains: '\"cidr\":\"0.0.0.0/0\"'",
        ] {
            assert!(matches(&record, selection), "{selection}");
        }
        for selection in [
            "eventName: PutBucket",
            "errorCode: '*'",
            "errorCode|exists: true",
            "userIdentity.userName: '*'",
            "requestParameters.names: a",
        ] {
            assert!(!matches(&record, selection), "{selection}");
        }
    }

    #[test]
    fn the_text_of_an_object_has_its_names_in_order_whatever_order_they_came_in() {
        let record: Value =
            serde_json::from_str(r#"{"p": {"Principal": "*", "Effect": "Allow", "Action": "a"}}"#).unwrap();
        assert!(matches(&record, r#"p: '{"Action":"a","Effect":"Allow","Principal":"\*"}'"#));
    }

    #[test]
    fn deep_nesting_is_read_and_does_not_grow_out_of_hand() {
        let record = (0..100).fold(json!("x".repeat(1000)), |inner, _| json!({"n": inner}));
        let size: usize = event(&record).iter().map(|(name, _)| name.len() + 1000).sum();
        assert!(size < 20_000, "{size}");
    }
}
