//! A record as Sigma rules see it: dotted names and plain values.
//!
//! | in the record | seen by a rule |
//! |---|---|
//! | `{"userIdentity": {"type": "Root"}}` | `userIdentity.type` is `Root` |
//! | an object | its name holds its compact JSON text, names in order: `requestParameters\|contains` works |
//! | a list | each of its values, and the JSON text of the list, for `contains` |
//! | a name inside the objects of a list | each value that stands there |
//! | JSON in a string, such as a policy | the string, and its JSON text without and with spaces, names in order |
//! | `null` | absent: `exists: false` |
//! | what the call means | the fields of [`meaning`], such as `warden.opensTo` |
//!
//! A test of a name with several values holds if it holds for one of them.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde::Serialize;
use serde_json::{Map, Serializer, Value, ser::Formatter};
use sigma_rust::Event;

use super::meaning;

/// Objects nested deeper than this have no text of their own. It stands in the
/// text of those around them, and writing each level out costs its size again.
const DEEPEST_TEXT: usize = 6;

/// The fields of a record for the rules: plain values under dotted names.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, Vec<Value>>);

impl Fields {
    /// The fields of a record, and what its call means.
    pub(super) fn of(record: &Map<String, Value>, meaning: Map<String, Value>) -> Self {
        let mut record = record.clone();
        // What somebody wrote under this name is not what was worked out.
        record.remove(meaning::FIELD);
        if !meaning.is_empty() {
            record.insert(meaning::FIELD.to_owned(), Value::Object(meaning));
        }
        let mut record = Value::Object(record);
        // Rules match on the texts of objects, so these must not depend on the order of names.
        record.sort_all_objects();

        let mut found = BTreeMap::new();
        collect("", 0, &record, &mut found);
        Self(found.into_iter().map(|(name, values)| (name, candidates(&values))).collect())
    }

    /// The values that stand under a name.
    pub(super) fn values(&self, name: &str) -> &[Value] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// All values that stand in the record, each under a name of its own, for
    /// rules that name no field.
    pub(super) fn event(&self) -> Event {
        let mut event = Event::new();
        let is_recorded = |name: &str| name.split('.').next() != Some(meaning::FIELD);
        for (name, values) in self.0.iter().filter(|(name, _)| is_recorded(name)) {
            for (at, value) in values.iter().enumerate() {
                insert(&mut event, format!("{name}[{at}]"), value);
            }
        }
        event
    }
}

/// What a test of a name is held against, given the values that stand there.
fn candidates(values: &[&Value]) -> Vec<Value> {
    let mut candidates = Vec::with_capacity(values.len() + 1);
    for value in values {
        match value {
            Value::Object(_) => {
                let text = value.to_string();
                // A policy in it has its quotes escaped, which rules do not spell out.
                if text.contains(r#"\""#) {
                    candidates.push(Value::from(text.replace(r#"\""#, "\"")));
                }
                candidates.push(Value::from(text));
            }
            Value::String(text) => {
                candidates.push(Value::clone(value));
                candidates.extend(json_inside(text));
            }
            value => candidates.push(Value::clone(value)),
        }
    }
    if values.len() > 1 {
        candidates.push(Value::from(text_of(values)));
    }
    candidates
}

/// The texts of an object that is written into a string: without spaces, and
/// with one after each colon and comma, as rules write it. Policies come so,
/// spaced and ordered as their author liked.
fn json_inside(text: &str) -> Vec<Value> {
    if !text.trim_start().starts_with('{') {
        return Vec::new();
    }
    let Ok(mut inside) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    inside.sort_all_objects();
    let mut spaced = Vec::new();
    // Writing into memory does not fail.
    let written = inside.serialize(&mut Serializer::with_formatter(&mut spaced, Spaced));
    let spaced = written.ok().and_then(|()| String::from_utf8(spaced).ok());
    spaced.into_iter().chain([inside.to_string()]).map(Value::from).collect()
}

/// JSON on one line with a space after each colon and comma.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
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

/// Puts a value under a name into an event of the engine.
pub(super) fn insert(event: &mut Event, name: String, value: &Value) {
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

    use super::*;
    use crate::threat::detection::RuleDetection;

    /// Whether a record matches a rule with one selection.
    fn matches(record: &Value, selection: &str) -> bool {
        let detection = serde_norway::from_str(&format!("{{s: {{{selection}}}, condition: s}}")).unwrap();
        RuleDetection::parse(&detection).unwrap().matches(&Fields::of(record.as_object().unwrap(), Map::new()))
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
            "requestParameters.names: a",
            "requestParameters.names: B",
            "requestParameters.names|endswith: b",
            "requestParameters.rules.items.cidr: 10.0.0.0/8",
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
            "requestParameters.names: c",
            "requestParameters.names: ab",
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
    fn json_in_a_string_is_seen_as_it_stands_and_in_order() {
        let record = json!({"policy": "{ \"Effect\" : \"Allow\",\n \"Action\": \"*\" }", "text": "{no JSON"});
        assert!(matches(&record, r#"policy|contains: '{"Action":"\*","Effect":"Allow"}'"#));
        assert!(matches(&record, r#"policy|contains: '"Effect" : "Allow"'"#));
        assert!(matches(&record, r#"policy|contains|all: ['"Action": "\*"', '"Effect": "Allow"']"#));
        assert!(matches(&record, "text: '{no JSON'"));
        let record = json!({"requestParameters": {"policyDocument": "{\"Action\": [\"s3:GetObject\"]}"}});
        assert!(matches(&record, r#"requestParameters|contains: '"s3:GetObject"'"#));
    }

    #[test]
    fn deep_nesting_is_read_and_does_not_grow_out_of_hand() {
        let record = (0..100).fold(json!("x".repeat(1000)), |inner, _| json!({"n": inner}));
        let size: usize =
            Fields::of(record.as_object().unwrap(), Map::new()).0.into_keys().map(|name| name.len() + 1000).sum();
        assert!(size < 20_000, "{size}");
    }
}
