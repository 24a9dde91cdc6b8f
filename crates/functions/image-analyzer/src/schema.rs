//! The JSON Schema that a caller wants an answer to be valid under.

use jsonschema::Validator;
use serde_json::Value;
use warden_core::{Error, bedrock::answer::json_objects};

/// Longest schema, in bytes of JSON.
const MAX_SCHEMA_BYTES: usize = 50_000;

/// A schema that was checked, ready to check answers.
pub(crate) struct AnswerSchema(Validator);

impl AnswerSchema {
    /// # Errors
    /// [`Error::InvalidInput`] for what is not a schema, refers to one elsewhere,
    /// or is longer than [`MAX_SCHEMA_BYTES`].
    pub(crate) fn new(schema: &Value) -> Result<Self, Error> {
        let length = schema.to_string().len();
        if length > MAX_SCHEMA_BYTES {
            return Err(Error::invalid("schema", format!("is {length} bytes long; at most {MAX_SCHEMA_BYTES}")));
        }
        jsonschema::options().build(schema).map(Self).map_err(|error| {
            Error::invalid("schema", format!("is not a JSON Schema that can be used: {}", error.masked()))
        })
    }

    /// The value in an answer's text, where its meaning is plain: bare, in a
    /// fence, or the one object in prose; and only if it is valid.
    pub(crate) fn value_in(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        let fenced = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
        let bare = fenced.map_or(text, |inner| inner.trim_start_matches("json"));
        let value = serde_json::from_str(bare).ok().or_else(|| match json_objects(text).as_mut_slice() {
            [only] => Some(only.take()),
            _ => None,
        })?;
        self.0.is_valid(&value).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use warden_core::ErrorName;

    use super::*;

    #[test]
    fn a_value_is_taken_where_its_meaning_is_plain_and_it_is_valid() {
        let labels = json!({"type": "object", "required": ["label"], "properties": {"label": {"type": "string"}}});
        let list = json!({"type": "array", "items": {"type": "integer", "minimum": 1}});
        for (schema, text, expected) in [
            (&labels, r#"{"label": "door"}"#, Some(json!({"label": "door"}))),
            (&labels, "```json\n{\"label\": \"door\"}\n```", Some(json!({"label": "door"}))),
            (&labels, r#"Here it is: {"label": "door"} as asked."#, Some(json!({"label": "door"}))),
            (&labels, r#"{"label": "door"} or {"label": "gate"}"#, None),
            (&labels, r#"{"label": 7}"#, None),
            (&labels, r#"["door"]"#, None),
            (&labels, "door", None),
            (&labels, "", None),
            (&list, "[1, 2]", Some(json!([1, 2]))),
            (&list, "```\n[1]\n```", Some(json!([1]))),
            (&list, "[0]", None),
        ] {
            assert_eq!(AnswerSchema::new(schema).unwrap().value_in(text), expected, "{text}");
        }
    }

    #[test]
    fn a_schema_that_cannot_be_used_is_named_before_anything_is_called() {
        for schema in [
            json!({"type": "picture"}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"pattern": "("}),
            json!({"description": "x".repeat(MAX_SCHEMA_BYTES)}),
        ] {
            let error = AnswerSchema::new(&schema).err().unwrap();
            assert_eq!(error.name(), ErrorName::InvalidInput);
            assert!(error.to_string().starts_with("schema: is "), "{error}");
        }
    }
}
