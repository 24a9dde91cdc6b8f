//! Which JSON Schemas Bedrock enforces on a model's answer. It refuses a request
//! with any other, so that one can only be told in the prompt.

use serde_json::Value;

/// Formats of a string that are enforced.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Deepest nesting that is sent.
const MAX_DEPTH: usize = 16;

/// Whether a schema is an object's, and every keyword in it one that Bedrock
/// takes: types, properties (closed), items, scalar enumerations and constants,
/// `anyOf`, formats, `minItems` of 0 or 1. Careful where its documentation is
/// vague: `allOf` and references are not sent.
#[must_use]
pub fn is_enforced(schema: &Value) -> bool {
    schema["type"] == "object" && takes(schema, MAX_DEPTH)
}

fn takes(schema: &Value, depth: usize) -> bool {
    let Some(keywords) = schema.as_object().filter(|_| depth > 0) else { return false };
    let closed = keywords.get("additionalProperties") == Some(&Value::Bool(false));
    if (keywords.contains_key("properties") || schema["type"] == "object") && !closed {
        return false;
    }
    keywords.iter().all(|(keyword, value)| match keyword.as_str() {
        "title" | "description" | "type" | "required" | "additionalProperties" | "$schema" => true,
        "properties" => value.as_object().is_some_and(|of| of.values().all(|schema| takes(schema, depth - 1))),
        "items" => takes(value, depth - 1),
        "anyOf" => value.as_array().is_some_and(|any| any.iter().all(|schema| takes(schema, depth - 1))),
        "enum" => value.as_array().is_some_and(|values| values.iter().all(is_scalar)),
        "const" => is_scalar(value),
        "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        "minItems" => matches!(value.as_u64(), Some(0 | 1)),
        _ => false,
    })
}

const fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_enforced_only_when_all_of_it_is() {
        let with = |property: Value| json!({"type": "object", "properties": {"a": property}, "required": ["a"], "additionalProperties": false});
        for property in [
            json!({"type": "string", "description": "x"}),
            json!({"type": ["string", "null"]}),
            json!({"enum": ["a", 1, null]}),
            json!({"const": true}),
            json!({"type": "array", "items": with(json!({"type": "integer"})), "minItems": 1}),
            json!({"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]}),
        ] {
            assert!(is_enforced(&with(property.clone())), "{property}");
        }
        for property in [
            json!({"type": "integer", "minimum": 0}),
            json!({"type": "string", "maxLength": 9}),
            json!({"type": "string", "pattern": "a"}),
            json!({"type": "string", "format": "regex"}),
            json!({"type": "array", "items": {"type": "string"}, "minItems": 2}),
            json!({"enum": [["a"]]}),
            json!({"type": "object", "properties": {}}),
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"$ref": "#"}),
            json!(true),
        ] {
            assert!(!is_enforced(&with(property.clone())), "{property}");
        }
        for schema in [json!({"type": "string"}), json!({}), json!(true)] {
            assert!(!is_enforced(&schema), "{schema}");
        }
    }

    #[test]
    fn a_schema_of_any_depth_ends() {
        let mut schema = json!({"type": "string"});
        for _ in 0..100 {
            schema = json!({"type": "array", "items": schema});
        }
        assert!(!takes(&schema, MAX_DEPTH));
    }
}
