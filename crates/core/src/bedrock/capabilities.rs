//! What each model accepts in a request.
//!
//! Bedrock answers 400 to a field that the model does not accept, so a field is
//! sent only to a model that is known to accept it.

use super::{Family, profile::model_name};

/// What may be sent to a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// How it is asked and answers.
    pub family: Family,
    /// `temperature` is accepted (alone: two sampling fields at once are refused by some).
    pub temperature: bool,
    /// `output_config.format` with a JSON Schema is accepted, where the account and the Region take it.
    pub json_schema: bool,
    /// It thinks unless it is told not to, and takes that.
    pub thinking_off: bool,
}

/// Per model name: accepts `temperature`, accepts a JSON Schema, thinks unless told otherwise and can be told.
/// The longest name that an id begins with counts.
const TABLE: &[(&str, bool, bool, bool)] = &[
    ("claude-haiku-4-5", true, true, false),
    ("claude-sonnet-4-5", true, true, false),
    ("claude-opus-4-5", true, true, false),
    ("claude-sonnet-4-6", true, true, false),
    ("claude-opus-4-6", true, true, false),
    ("claude-opus-4-7", false, false, false),
    ("claude-opus-4-8", false, true, false),
    ("claude-sonnet-5", false, true, false),
    ("claude-opus-5", false, false, false),
    ("claude-sonnet-5-5", false, true, false),
    ("claude-opus-5-5", false, false, false),
    ("claude-haiku-5-5", false, true, true),
    ("claude-fable-5-1", false, false, false),
];

impl Capabilities {
    /// The capabilities of the model behind an id, profile id or ARN; nothing
    /// beyond the required fields for an unknown model.
    #[must_use]
    pub fn of(model_id: &str) -> Self {
        let family = Family::of(model_id);
        let Some(name) = model_name(model_id) else { return Self { family, ..Self::default() } };
        TABLE
            .iter()
            .filter(|(known, ..)| is_name_or_dated(name, known))
            .max_by_key(|(known, ..)| known.len())
            .map_or_else(Self::default, |&(_, temperature, json_schema, thinking_off)| Self {
                family,
                temperature,
                // GovCloud's Bedrock refuses it.
                json_schema: json_schema && !is_in_govcloud(model_id),
                thinking_off,
            })
    }
}

/// Whether an id is of a profile of the geography `us-gov`, or an ARN of its partition.
fn is_in_govcloud(model_id: &str) -> bool {
    model_id.rsplit('/').next().is_some_and(|id| id.starts_with("us-gov.")) || model_id.starts_with("arn:aws-us-gov:")
}

/// `claude-haiku-4-5` and `claude-haiku-4-5-20251001-v1` are one model,
/// `claude-sonnet-5` and `claude-sonnet-5-9` are not.
fn is_name_or_dated(name: &str, known: &str) -> bool {
    match name.strip_prefix(known) {
        Some("") => true,
        Some(rest) => {
            let Some(suffix) = rest.strip_prefix('-') else { return false };
            suffix.starts_with('v') || suffix.split('-').next().is_some_and(|date| date.len() == 8)
        }
        None => false,
    }
}

/// Each set of capabilities that a model has, for the records of request bodies.
#[cfg(test)]
pub(crate) const CLASSES: [(&str, Capabilities); 5] = [
    (
        "temperature_and_schema",
        Capabilities { family: Family::Anthropic, temperature: true, json_schema: true, thinking_off: false },
    ),
    ("schema", Capabilities { family: Family::Anthropic, temperature: false, json_schema: true, thinking_off: false }),
    (
        "schema_without_thinking",
        Capabilities { family: Family::Anthropic, temperature: false, json_schema: true, thinking_off: true },
    ),
    (
        "prompt_alone",
        Capabilities { family: Family::Anthropic, temperature: false, json_schema: false, thinking_off: false },
    ),
    ("nova", Capabilities { family: Family::Nova, temperature: false, json_schema: false, thinking_off: false }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_gets_only_what_it_takes() {
        for (id, temperature, json_schema) in [
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", true, true),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", true, true),
            ("us.anthropic.claude-opus-4-5-20251101-v1:0", true, true),
            ("apac.anthropic.claude-sonnet-4-6", true, true),
            ("us.anthropic.claude-opus-4-6-v1", true, true),
            ("au.anthropic.claude-opus-4-7", false, false),
            ("us.anthropic.claude-opus-4-8", false, true),
            ("us-gov.anthropic.claude-opus-4-8", false, false),
            ("arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-opus-4-8", false, false),
            ("eu.anthropic.claude-sonnet-5", false, true),
            ("us.anthropic.claude-opus-5", false, false),
            ("eu.anthropic.claude-sonnet-5-5", false, true),
            ("global.anthropic.claude-opus-5-5", false, false),
            ("jp.anthropic.claude-haiku-5-5", false, true),
            ("us.anthropic.claude-fable-5-1", false, false),
        ] {
            let thinking_off = id.ends_with("haiku-5-5");
            assert_eq!(
                Capabilities::of(id),
                Capabilities { family: Family::Anthropic, temperature, json_schema, thinking_off },
                "{id}"
            );
        }
    }

    #[test]
    fn every_model_of_the_table_is_of_a_class_whose_bodies_are_on_record() {
        let recorded: Vec<_> = CLASSES.iter().map(|(_, class)| *class).collect();
        for &(name, temperature, json_schema, thinking_off) in TABLE {
            assert!(
                recorded.contains(&Capabilities { family: Family::Anthropic, temperature, json_schema, thinking_off }),
                "{name}"
            );
        }
        assert!(recorded.contains(&Capabilities::default()));
        assert!(recorded.contains(&Capabilities::of("us.amazon.nova-lite-v1:0")));
    }

    #[test]
    fn an_unknown_model_gets_the_required_fields_alone() {
        for id in [
            "us.anthropic.claude-sonnet-5-9",
            "us.anthropic.claude-haiku-4-50",
            "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3",
            "",
        ] {
            assert_eq!(Capabilities::of(id), Capabilities::default(), "{id}");
        }
    }
}
