//! `DynamoDB`'s items as the JSON that others would say.

use serde_json::{Map, Value, json};

/// The plain values of a `DynamoDB` item, by their names.
#[must_use]
pub fn plain_item(item: &Value) -> Map<String, Value> {
    let fields = item.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), plain(value))).collect()
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

/// Plain values as a `DynamoDB` item. What is null is left out.
#[must_use]
pub fn item(fields: &Map<String, Value>) -> Value {
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
    fn an_item_comes_back_as_it_was_written() {
        let fields = json!({
            "object": "b/k", "seconds": 5.5, "expires": 1_829_726_049, "categories": ["FACE", "PERSON"], "copied": true,
            "more": {"deep": "x"},
        });
        let Value::Object(fields) = fields else { panic!("no object") };
        assert_eq!(plain_item(&item(&fields)), fields);
    }
}
