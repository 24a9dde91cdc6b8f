//! Fields of a request that Bedrock may refuse and that an answer can do without.
//!
//! Whether a model takes them varies by account, Region and date: the refusal is understood, and the request made again
//! without them. What a schema would have enforced is told in the text then.

use serde_json::Value;

use super::answer_form;

/// A field that a request can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionalField {
    /// `temperature`
    Temperature,
    /// `thinking`
    Thinking,
    /// `output_config`, with the schema of the answer.
    Schema,
}

/// What Bedrock says when it does not know a field, whichever it is.
const UNKNOWN_FIELD: [&str; 2] = ["extra inputs are not permitted", "extraneous key"];

impl OptionalField {
    /// In the order in which they stand at the end of a body.
    pub const ALL: [Self; 3] = [Self::Temperature, Self::Thinking, Self::Schema];

    /// The field, as logs name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::Thinking => "thinking",
            Self::Schema => "output_config",
        }
    }

    /// What a refusal of it speaks of.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Temperature => &["temperature"],
            Self::Thinking => &["thinking"],
            Self::Schema => &["output_config", "output_format", "schema", "grammar", "structured output"],
        }
    }

    const fn marker(self) -> &'static [u8] {
        match self {
            Self::Temperature => b",\"temperature\":",
            Self::Thinking => b",\"thinking\":",
            Self::Schema => b",\"output_config\":",
        }
    }
}

/// The fields that Bedrock refused a request for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedFields {
    /// The fields.
    pub fields: Vec<OptionalField>,
    /// Whether other requests would be refused for them too: a schema that is too complex says nothing of another.
    pub always: bool,
}

impl RefusedFields {
    /// The fields that a refusal speaks of; `None` when it is about something else.
    #[must_use]
    pub fn of(refusal: &str) -> Option<Self> {
        let refusal = refusal.to_ascii_lowercase();
        let speaks_of = |words: &[&str]| words.iter().any(|word| refusal.contains(word));
        let mut fields: Vec<_> = OptionalField::ALL.into_iter().filter(|field| speaks_of(field.words())).collect();
        if fields.is_empty() && speaks_of(&UNKNOWN_FIELD) {
            fields.extend(OptionalField::ALL);
        }
        (!fields.is_empty()).then(|| Self { fields, always: !refusal.contains("too complex") })
    }

    /// Takes the fields out of a body that was serialised here; those that were in it. A schema is told in the question's
    /// text instead, unless that ends with it.
    pub fn take_out(&self, body: &mut Vec<u8>) -> Vec<OptionalField> {
        let ends = OptionalField::ALL.map(|field| (field, beginning(body, field)));
        let mut taken = Vec::new();
        let mut schema = None;
        // From the last on, so that what stands before keeps its place.
        let mut end = body.len().saturating_sub(1);
        for (field, begin) in ends.into_iter().rev() {
            let Some(begin) = begin.filter(|begin| *begin < end) else { continue };
            if self.fields.contains(&field) {
                let removed: Vec<u8> = body.drain(begin..end).collect();
                if field == OptionalField::Schema {
                    schema = schema_in(&removed);
                }
                taken.push(field);
            }
            end = begin;
        }
        if let Some(schema) = schema {
            tell(body, end, &schema);
        }
        taken.reverse();
        taken
    }
}

/// The schema in an `output_config` that was taken out, with the comma before it.
fn schema_in(removed: &[u8]) -> Option<Value> {
    let member = removed.strip_prefix(b",")?;
    let mut config: Value = serde_json::from_slice(&[b"{", member, b"}"].concat()).ok()?;
    Some(config["output_config"]["format"]["schema"].take())
}

/// Tells a schema at the end of the question's text, which ends the messages before `end`.
fn tell(body: &mut Vec<u8>, end: usize, schema: &Value) {
    const AFTER_TEXT: &[u8] = br#""}]}]"#;
    if !body[..end].ends_with(AFTER_TEXT) {
        return;
    }
    let at = end - AFTER_TEXT.len();
    if body[..at].ends_with(in_string(&schema.to_string()).as_bytes()) {
        return;
    }
    body.splice(at..at, in_string(&answer_form::told(schema)).bytes());
}

/// A text as it stands between the quotes of a JSON string.
fn in_string(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Where a field begins in a body. Quotes in texts are escaped, so that its first occurrence is the field itself.
fn beginning(body: &[u8], field: OptionalField) -> Option<usize> {
    let marker = field.marker();
    body.windows(marker.len()).position(|window| window == marker)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::bedrock::{Capabilities, Question, capabilities::CLASSES};

    fn body(model: Capabilities, is_schema_told: bool) -> Vec<u8> {
        let schema =
            json!({"properties": {"a": {"type": "string"}, "temperature": {}, "thinking": {}, "output_config": {}}});
        let mut text = r#"quoted: ,"output_config":{} ,"temperature":1"#.to_owned();
        if is_schema_told {
            text.push_str("\nvalid under:\n");
            text.push_str(&schema.to_string());
        }
        let question =
            Question { system: Some(&text), text: &text, schema: Some(&schema), is_schema_told, max_tokens: 64 };
        let mut body = question.image_body(model, "image/png", 3);
        body.push(b"PNG");
        body.finish()
    }

    #[test]
    fn every_field_can_be_taken_out_and_the_rest_stays() {
        for ((name, model), is_schema_told) in CLASSES.into_iter().flat_map(|class| [(class, false), (class, true)]) {
            let body = |model| body(model, is_schema_told);
            let whole: Value = serde_json::from_slice(&body(model)).unwrap();
            for wanted in [
                vec![OptionalField::Temperature],
                vec![OptionalField::Thinking],
                vec![OptionalField::Schema],
                vec![OptionalField::Temperature, OptionalField::Schema],
                OptionalField::ALL.to_vec(),
            ] {
                let mut bytes = body(model);
                let taken = RefusedFields { fields: wanted.clone(), always: true }.take_out(&mut bytes);
                let mut expected = whole.clone();
                for field in &wanted {
                    let was_there = expected.as_object_mut().unwrap().remove(field.name()).is_some();
                    assert_eq!(taken.contains(field), was_there, "{name} {field:?}");
                    // As a model is asked that takes no schema.
                    if *field == OptionalField::Schema && was_there {
                        let without = Capabilities { json_schema: false, ..model };
                        let without: Value = serde_json::from_slice(&body(without)).unwrap();
                        assert_eq!(expected["messages"] == without["messages"], is_schema_told, "{name}");
                        expected["messages"] = without["messages"].clone();
                    }
                }
                assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), expected, "{name} {wanted:?}");
            }
        }
    }

    #[test]
    fn a_body_without_them_is_left_as_it_is() {
        for text in ["", "{}", "not JSON", r#"{"max_tokens":1}"#] {
            let mut bytes = text.as_bytes().to_vec();
            let all = RefusedFields { fields: OptionalField::ALL.to_vec(), always: true };
            assert_eq!(all.take_out(&mut bytes), []);
            assert_eq!(bytes, text.as_bytes());
        }
    }

    #[test]
    fn a_refusal_says_which_field_it_is_about() {
        use OptionalField::{Schema, Temperature, Thinking};
        for (text, expected) in [
            ("output_config: Extra inputs are not permitted", Some((vec![Schema], true))),
            ("Malformed input request: #: extraneous key [output_config] is not permitted", Some((vec![Schema], true))),
            ("output_config.format: Schema is too complex", Some((vec![Schema], false))),
            ("This model does not support structured output", Some((vec![Schema], true))),
            ("`temperature` is deprecated for this model", Some((vec![Temperature], true))),
            ("thinking.type: Input should be 'adaptive'", Some((vec![Thinking], true))),
            ("Extra inputs are not permitted", Some((OptionalField::ALL.to_vec(), true))),
            ("The provided model identifier is invalid.", None),
            ("max_tokens: Field required", None),
            ("", None),
        ] {
            let found = RefusedFields::of(text).map(|refused| (refused.fields, refused.always));
            assert_eq!(found, expected, "{text}");
        }
    }
}
