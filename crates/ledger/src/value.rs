//! Records as `DynamoDB` holds them.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// A record of the ledger: plain values by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Record(Map<String, Value>);

impl Record {
    /// The record of a `DynamoDB` item.
    #[must_use]
    pub fn read(item: &Value) -> Self {
        let fields = item.as_object().into_iter().flatten();
        Self(fields.map(|(name, value)| (name.clone(), plain(value))).collect())
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The texts of a list.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// Its values by name.
    #[must_use]
    pub const fn values(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object, for people.
    #[must_use]
    pub fn object(&self) -> String {
        match (self.text("s3_bucket"), self.text("s3_key")) {
            (Some(bucket), Some(key)) => format!("s3://{bucket}/{key}"),
            _ => self.text("object").unwrap_or("-").to_owned(),
        }
    }
}

/// An attribute value as JSON has it.
fn plain(value: &Value) -> Value {
    let Some((kind, held)) = value.as_object().and_then(|value| value.iter().next()) else { return Value::Null };
    match kind.as_str() {
        "N" => held.as_str().and_then(|number| serde_json::from_str(number).ok()).unwrap_or(Value::Null),
        "L" => held.as_array().into_iter().flatten().map(plain).collect(),
        "M" => {
            let fields = held.as_object().into_iter().flatten();
            Value::Object(fields.map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        "NULL" => Value::Null,
        _ => held.clone(),
    }
}

/// Plain values as a `DynamoDB` item.
pub(crate) fn item(fields: &Map<String, Value>) -> Value {
    let fields = fields.iter().filter_map(|(name, value)| Some((name.clone(), attribute(value)?)));
    Value::Object(fields.collect())
}

fn attribute(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => json!({"BOOL": flag}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(values) => json!({"L": values.iter().filter_map(attribute).collect::<Vec<_>>()}),
        Value::Object(fields) => json!({"M": item(fields)}),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let fields = json!({
            "object": "b/k", "seconds": 5.5, "expires": 1_829_726_049, "categories": ["FACE", "PERSON"], "copied": true,
            "more": {"deep": "x"},
        });
        let Value::Object(fields) = fields else { panic!("no object") };
        assert_eq!(Record::read(&item(&fields)), Record(fields));
    }
}
