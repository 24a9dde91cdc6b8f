//! The model's answer, read with suspicion.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::nova;
use crate::{error::Error, named::named};

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It was done.
    EndTurn,
    /// `max_tokens` or the context window was used up: the answer is cut.
    Cut,
    /// It declined to answer.
    Refusal,
    /// Anything else, now or in future.
    Other(String),
}

impl<'de> Deserialize<'de> for StopReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        Ok(match name.as_str() {
            "end_turn" | "stop_sequence" => Self::EndTurn,
            "max_tokens" | "model_context_window_exceeded" => Self::Cut,
            "refusal" | "content_filtered" => Self::Refusal,
            _ => Self::Other(name),
        })
    }
}

impl StopReason {
    fn is_a_guardrails(&self) -> bool {
        matches!(self, Self::Other(name) if name == "guardrail_intervened")
    }
}

/// Tokens the call was billed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request, the image's among them.
    #[serde(default)]
    pub input_tokens: u64,
    /// Tokens of the answer, thinking included.
    #[serde(default)]
    pub output_tokens: u64,
}

impl Usage {
    /// What two calls were billed for.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
        }
    }
}

/// A model's answer. Its text is content, so there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text blocks, joined; empty when there are none.
    pub text: String,
    /// Why the model stopped.
    pub stop_reason: StopReason,
    /// A guardrail replaced the answer by its own message.
    pub guardrail_intervened: bool,
    /// What it cost.
    pub usage: Usage,
}

/// Each family's answer has a field that the other's has not.
#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Messages(Messages),
    Nova(nova::Answer),
}

#[derive(Deserialize)]
struct Messages {
    content: Vec<Value>,
    #[serde(default = "no_stop_reason")]
    stop_reason: StopReason,
    #[serde(default)]
    usage: Usage,
    #[serde(default, rename = "amazon-bedrock-guardrailAction")]
    guardrail_action: Option<String>,
}

fn no_stop_reason() -> StopReason {
    StopReason::Other(String::new())
}

impl Answer {
    /// Reads the body of an answer of either family. Blocks that are not text, thinking among
    /// them, are passed over.
    ///
    /// # Errors
    /// [`Error::ModelOutputInvalid`] when it is neither's.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let wire = serde_json::from_slice(body).map_err(|_| Error::ModelOutputInvalid {
            problem: "it is neither a Messages response nor one of Nova's",
        })?;
        let (text, stop_reason, guardrail_action, usage) = match wire {
            Wire::Messages(answer) => {
                let texts = answer.content.iter().filter(|block| block["type"] == "text");
                let text = texts.filter_map(|block| block["text"].as_str()).collect();
                (text, answer.stop_reason, answer.guardrail_action, answer.usage)
            }
            Wire::Nova(answer) => {
                let (text, usage) = (answer.texts().collect(), answer.usage());
                (text, answer.stop_reason, answer.guardrail_action, usage)
            }
        };
        Ok(Self {
            guardrail_intervened: stop_reason.is_a_guardrails()
                || guardrail_action.is_some_and(|action| action != "NONE"),
            text,
            stop_reason,
            usage,
        })
    }

    /// The answer's text when the model finished it.
    ///
    /// # Errors
    /// Why the text must not be used.
    pub fn finished_text(&self) -> Result<&str, Unusable> {
        if self.guardrail_intervened {
            return Err(Unusable::GuardrailIntervened);
        }
        match self.stop_reason {
            StopReason::EndTurn => {}
            StopReason::Refusal => return Err(Unusable::Refused),
            StopReason::Cut => return Err(Unusable::Cut),
            StopReason::Other(_) => return Err(Unusable::Malformed),
        }
        match self.text.trim() {
            "" => Err(Unusable::Empty),
            text => Ok(text),
        }
    }
}

named! {
    /// Why an answer must not be used.
    pub enum Unusable {
        Refused = "model_refused": "the model declined to answer",
        GuardrailIntervened = "guardrail_intervened": "a guardrail replaced it",
        Cut = "answer_cut": "it was cut at max_tokens; raise MAX_TOKENS",
        Empty = "answer_empty": "it holds no text",
        Malformed = "answer_malformed": "it does not have the form that was asked for",
    }
}

/// The JSON objects that stand in a text, outermost only, in their order: bare,
/// fenced, or wrapped in prose. What looks like one and is not is passed over.
#[must_use]
pub fn json_objects(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut rest = text;
    // Each attempt reads at most to the end, so attempts are bounded against a text of `{` alone.
    let mut attempts = 64;
    while let Some(start) = rest.find('{') {
        if attempts == 0 {
            break;
        }
        attempts -= 1;
        let candidate = &rest[start..];
        let mut stream = serde_json::Deserializer::from_str(candidate).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                rest = &candidate[stream.byte_offset()..];
                found.push(value);
            }
            _ => rest = &candidate[1..],
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(value: &Value) -> Answer {
        Answer::parse(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_thinking_block_before_the_text_is_passed_over() {
        let answer = answer(&json!({
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "yes"}],
            "stop_reason": "end_turn", "usage": {"input_tokens": 10, "output_tokens": 2, "service_tier": "standard"}
        }));
        assert_eq!(answer.finished_text(), Ok("yes"));
        assert_eq!(answer.usage, Usage { input_tokens: 10, output_tokens: 2 });
    }

    #[test]
    fn an_answer_that_must_not_be_used_says_why() {
        let text = json!([{"type": "text", "text": "{\"verdict\":\"clean\"}"}]);
        for (case, body, expected) in [
            ("refusal", json!({"content": [], "stop_reason": "refusal", "stop_details": null}), Unusable::Refused),
            ("refusal after text", json!({"content": text, "stop_reason": "refusal"}), Unusable::Refused),
            ("cut", json!({"content": text, "stop_reason": "max_tokens"}), Unusable::Cut),
            ("window", json!({"content": text, "stop_reason": "model_context_window_exceeded"}), Unusable::Cut),
            ("future reason", json!({"content": text, "stop_reason": "meteor"}), Unusable::Malformed),
            ("no reason", json!({"content": text}), Unusable::Malformed),
            ("null reason", json!({"content": text, "stop_reason": null}), Unusable::Malformed),
            ("no content", json!({"content": [], "stop_reason": "end_turn"}), Unusable::Empty),
            (
                "blank",
                json!({"content": [{"type": "text", "text": " \n"}], "stop_reason": "end_turn"}),
                Unusable::Empty,
            ),
            (
                "guardrail",
                json!({"content": text, "stop_reason": "end_turn", "amazon-bedrock-guardrailAction": "INTERVENED"}),
                Unusable::GuardrailIntervened,
            ),
        ] {
            assert_eq!(answer(&body).finished_text(), Err(expected), "{case}");
        }
    }

    #[test]
    fn novas_answer_is_read_as_the_other_familys() {
        let nova = |reason: &str, content: Value| {
            answer(&json!({
                "output": {"message": {"role": "assistant", "content": content}},
                "stopReason": reason,
                "usage": {"inputTokens": 12, "outputTokens": 9, "totalTokens": 21, "cacheReadInputTokenCount": 0},
            }))
        };
        let thought = json!({"reasoningContent": {"reasoningText": {"text": "I look."}}});
        let said = nova("end_turn", json!([thought, {"text": "Good "}, {"text": "day"}]));
        assert_eq!(said.finished_text(), Ok("Good day"));
        assert_eq!(said.usage, Usage { input_tokens: 12, output_tokens: 9 });
        for (reason, expected) in [
            ("max_tokens", Unusable::Cut),
            ("content_filtered", Unusable::Refused),
            ("guardrail_intervened", Unusable::GuardrailIntervened),
            ("tool_use", Unusable::Malformed),
        ] {
            assert_eq!(nova(reason, json!([{"text": "{}"}])).finished_text(), Err(expected), "{reason}");
        }
        assert_eq!(nova("end_turn", json!([])).finished_text(), Err(Unusable::Empty));
    }

    #[test]
    fn what_is_no_models_answer_is_an_error() {
        for body in ["", "null", "[]", "not json", "{\"content\": 3}", "{\"output\": {}}", "{\"usage\": []"] {
            assert!(Answer::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn json_is_found_bare_fenced_and_in_prose() {
        let object = json!({"verdict": "pii", "note": "a } in a string"});
        for text in [
            object.to_string(),
            format!("```json\n{object:#}\n```"),
            format!("Here you are: {object} I hope {{that}} helps."),
        ] {
            assert_eq!(json_objects(&text), vec![object.clone()], "{text}");
        }
    }

    #[test]
    fn objects_that_contradict_each_other_are_all_found() {
        assert_eq!(json_objects(r#"{"verdict":"clean"} no: {"verdict":"pii"}"#).len(), 2);
    }

    #[test]
    fn a_flood_of_braces_ends() {
        assert!(json_objects(&"{".repeat(1_000_000)).is_empty());
    }
}
