//! The JSON Schema that a caller wants an answer to be valid under.

use std::error::Error as StdError;

use boon::{CompileError, Compiler, ErrorKind, SchemaIndex, Schemas, UrlLoader};
use serde_json::{Value, json};
use warden_core::{Error, bedrock::answer::json_objects};

use crate::effort::Effort;

/// Longest schema, in bytes of JSON.
const MAX_SCHEMA_BYTES: usize = 50_000;
/// Most checks of an answer by a schema: a fraction of a second.
const MAX_CHECKS: u64 = 100_000;
/// What a caller's schema is called; references within it are resolved against this.
const ROOT: &str = "schema:caller";

/// A schema that was checked, ready to check answers.
pub(crate) struct AnswerSchema {
    source: Value,
    schemas: Schemas,
    root: SchemaIndex,
}

const PATTERN: &str =
    "a pattern is not a regular expression, or has look-around or a back-reference, which are not supported";

/// Reads neither files nor the network: a caller's schema could name what only this function may see.
struct NothingElsewhere;

impl UrlLoader for NothingElsewhere {
    fn load(&self, _: &str) -> Result<Value, Box<dyn StdError>> {
        Err("only the schema itself can be referred to".into())
    }
}

impl AnswerSchema {
    /// # Errors
    /// [`Error::InvalidInput`] for what is not a schema, refers to one elsewhere, has a pattern with
    /// look-around or back-references, is longer than [`MAX_SCHEMA_BYTES`], or makes more than [`MAX_CHECKS`] of the
    /// smallest answer.
    pub(crate) fn new(schema: &Value) -> Result<Self, Error> {
        let length = schema.to_string().len();
        if length > MAX_SCHEMA_BYTES {
            return Err(Error::invalid("schema", format!("is {length} bytes long; at most {MAX_SCHEMA_BYTES}")));
        }
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.use_loader(Box::new(NothingElsewhere));
        compiler.add_resource(ROOT, schema.clone()).map_err(|error| unusable(&error))?;
        let root = compiler.compile(ROOT, &mut schemas).map_err(|error| unusable(&error))?;
        let schema = Self { source: schema.clone(), schemas, root };
        schema.bound(&json!({}))?;
        Ok(schema)
    }

    /// Refuses a value that would take too long to check: the validator has no bound.
    fn bound(&self, value: &Value) -> Result<(), Error> {
        if Effort::of(&self.source, ROOT).checks(value) > MAX_CHECKS {
            let problem = format!("refers to itself so often that it takes over {MAX_CHECKS} checks of an answer");
            return Err(Error::invalid("schema", problem));
        }
        Ok(())
    }

    fn is_valid(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.root).is_ok()
    }

    /// The value in an answer's text, where its meaning is plain: bare, in a
    /// fence, or the one object in prose; and only if it is valid.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where the schema makes more than [`MAX_CHECKS`] of it.
    pub(crate) fn value_in(&self, text: &str) -> Result<Option<Value>, Error> {
        let text = text.trim();
        let fenced = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
        let bare = fenced.map_or(text, |inner| inner.trim_start_matches("json"));
        let value = serde_json::from_str(bare).ok().or_else(|| match json_objects(text).as_mut_slice() {
            [only] => Some(only.take()),
            _ => None,
        });
        let Some(value) = value else { return Ok(None) };
        self.bound(&value)?;
        Ok(self.is_valid(&value).then_some(value))
    }
}

fn unusable(error: &CompileError) -> Error {
    Error::invalid("schema", format!("is not a JSON Schema that can be used: {}", reason(error)))
}

/// Where a schema is wrong, without a value of it.
fn reason(error: &CompileError) -> String {
    let told = match error {
        CompileError::ValidationError { src, .. } => {
            let mut deepest = src;
            while let [.., cause] = deepest.causes.as_slice() {
                deepest = cause;
            }
            match (&deepest.kind, deepest.instance_location.to_string().as_str()) {
                (ErrorKind::Format { want: "regex", .. }, _) => PATTERN,
                (_, "") => "it is neither an object nor a boolean",
                (_, place) => return format!("{place} is not what the specification allows there"),
            }
        }
        CompileError::InvalidRegex { .. } => PATTERN,
        CompileError::LoadUrlError { .. } | CompileError::UnsupportedUrlScheme { .. } => {
            "it refers to a schema elsewhere"
        }
        CompileError::JsonPointerNotFound(_) | CompileError::AnchorNotFound { .. } => {
            "it refers to a part that it does not have"
        }
        CompileError::UnsupportedDraft { .. } => "its draft is not supported: drafts 4 to 2020-12 are",
        _ => "its identifiers or references cannot be resolved",
    };
    told.to_owned()
}

#[cfg(test)]
mod tests {
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
            assert_eq!(AnswerSchema::new(schema).unwrap().value_in(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_schema_that_cannot_be_used_is_named_before_anything_is_called() {
        for (schema, told) in [
            (json!("door"), "neither an object nor a boolean"),
            (json!({"type": "picture"}), "/type is not"),
            (json!({"properties": {"label": {"minLength": "two"}}}), "/properties/label/minLength is not"),
            (json!({"$ref": "https://example.com/schema.json"}), "elsewhere"),
            (json!({"$ref": "file:///etc/hostname"}), "elsewhere"),
            (json!({"$schema": "https://example.com/schema.json"}), "elsewhere"),
            (json!({"$ref": "#/$defs/label"}), "does not have"),
            (json!({"pattern": "("}), "a pattern is not"),
            (json!({"pattern": "(?=a)b"}), "look-around"),
            (json!({"description": "x".repeat(MAX_SCHEMA_BYTES)}), "bytes long"),
        ] {
            let error = AnswerSchema::new(&schema).err().unwrap();
            assert_eq!(error.name(), ErrorName::InvalidInput);
            let error = error.to_string();
            assert!(error.starts_with("schema: is ") && error.contains(told), "{schema}: {error}");
        }
    }

    #[test]
    fn a_schema_may_refer_to_itself_and_say_which_draft_it_is_of() {
        for draft in ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"] {
            let tree = json!({"$schema": draft, "$id": "https://example.com/tree.json", "type": "object",
                "properties": {"parts": {"type": "array", "items": {"$ref": "#"}}}, "required": ["parts"]});
            let schema = AnswerSchema::new(&tree).unwrap();
            assert!(schema.value_in(r#"{"parts": [{"parts": []}]}"#).unwrap().is_some());
            assert!(schema.value_in(r#"{"parts": [{}]}"#).unwrap().is_none());
        }
    }

    #[test]
    fn a_schema_that_would_be_checked_for_hours_is_refused_and_so_is_an_answer() {
        let twice = |level: u32| json!({"allOf": vec![json!({"$ref": format!("#/$defs/d{}", level - 1)}); 2]});
        let mut definitions: serde_json::Map<_, _> = (1..33).map(|level| (format!("d{level}"), twice(level))).collect();
        definitions.insert("d0".to_owned(), json!({"type": "object"}));
        let error = AnswerSchema::new(&json!({"$defs": definitions, "$ref": "#/$defs/d32"})).err().unwrap();
        assert!(error.to_string().starts_with("schema: refers to itself so often"), "{error}");

        let by_depth = json!({"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}});
        let schema = AnswerSchema::new(&by_depth).unwrap();
        let nested = |levels| (0..levels).fold("{}".to_owned(), |inner, _| format!("{{\"a\": {inner}}}"));
        assert!(schema.value_in(&nested(5)).unwrap().is_some());
        assert_eq!(schema.value_in(&nested(40)).unwrap_err().name(), ErrorName::InvalidInput);
    }
}
