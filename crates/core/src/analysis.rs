//! A caller's own question about an image.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    bedrock::{Answer, Question, native_schema},
    error::Error,
};

/// Most characters of a caller's prompt.
pub const MAX_PROMPT_CHARS: usize = 50_000;

/// A caller's question, and the JSON Schema that the answer must be valid under, if any.
#[derive(Clone, Copy)]
pub struct Inquiry<'a> {
    /// The caller's prompt.
    pub prompt: &'a str,
    /// The schema of the answer.
    pub schema: Option<&'a Value>,
}

impl<'a> Inquiry<'a> {
    /// Checks the prompt.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a blank prompt and for one over [`MAX_PROMPT_CHARS`].
    pub fn new(prompt: &'a str, schema: Option<&'a Value>) -> Result<Self, Error> {
        if prompt.trim().is_empty() {
            return Err(Error::invalid("prompt", "is blank"));
        }
        let length = prompt.chars().count();
        if length > MAX_PROMPT_CHARS {
            return Err(Error::invalid("prompt", format!("is {length} characters long; at most {MAX_PROMPT_CHARS}")));
        }
        Ok(Self { prompt, schema })
    }

    /// What the model is told: the prompt as it is, and the schema behind it.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        match self.schema {
            None => Cow::Borrowed(self.prompt),
            Some(schema) => Cow::Owned(format!(
                "{}\n\nAnswer with one JSON value and nothing else. It must be valid under this JSON Schema:\n{schema}",
                self.prompt
            )),
        }
    }

    /// The question in this [`Self::text`], for an answer of at most
    /// `max_tokens` tokens. A schema that Bedrock does not enforce is only told.
    #[must_use]
    pub fn question<'q>(&self, text: &'q str, max_tokens: u32) -> Question<'q>
    where
        'a: 'q,
    {
        let schema = self.schema.filter(|schema| native_schema::is_enforced(schema));
        Question { system: None, text, schema, is_schema_told: true, max_tokens }
    }
}

/// How much of the model's response the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The answer's text.
    Text,
    /// The whole response.
    Full,
}

impl Output {
    /// Reads the caller's `output` field.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for anything but `text` and `full`.
    pub fn parse(field: Option<&str>) -> Result<Self, Error> {
        match field {
            None | Some("text") => Ok(Self::Text),
            Some("full") => Ok(Self::Full),
            Some(_) => Err(Error::invalid("output", "is neither \"text\" nor \"full\"")),
        }
    }

    /// The caller's answer from the body of the model's. A whole response is
    /// given as it is; a text only when the model finished it.
    ///
    /// # Errors
    /// [`Error::ModelOutputInvalid`] when it is no model's answer, or its text is refused, cut or missing.
    pub fn of(self, body: &[u8]) -> Result<Value, Error> {
        match self {
            Self::Full => serde_json::from_slice(body)
                .map_err(|_| Error::ModelOutputInvalid { problem: "it is no model's answer" }),
            Self::Text => {
                let mut answer = Answer::parse(body)?;
                answer.finished_text().map_err(|why| Error::ModelOutputInvalid { problem: why.meaning() })?;
                Ok(Value::String(std::mem::take(&mut answer.text)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bedrock::{Capabilities, capabilities::CLASSES};

    #[test]
    fn the_answer_is_its_text_or_the_whole_response() {
        let response =
            json!({"id": "msg_1", "content": [{"type": "text", "text": "A hall."}], "stop_reason": "end_turn"});
        let body = response.to_string();
        assert_eq!(Output::Text.of(body.as_bytes()).unwrap(), json!("A hall."));
        assert_eq!(Output::Full.of(body.as_bytes()).unwrap(), response);
    }

    #[test]
    fn a_cut_text_is_never_taken_for_a_whole_one() {
        let body = json!({"content": [{"type": "text", "text": "A h"}], "stop_reason": "max_tokens"}).to_string();
        let error = Output::Text.of(body.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "the model's answer is not usable: it was cut at max_tokens; raise MAX_TOKENS");
        assert!(Output::Full.of(body.as_bytes()).is_ok());
    }

    fn body(inquiry: Inquiry<'_>, model: Capabilities) -> Value {
        let text = inquiry.text();
        let mut body = inquiry.question(&text, 4096).image_body(model, "image/webp", 3);
        body.push(b"WEB");
        serde_json::from_slice(&body.finish()).unwrap()
    }

    #[test]
    fn the_question_asks_each_model_in_the_form_it_takes() {
        let inquiry = Inquiry::new("What is it?", None).unwrap();
        for (name, model) in CLASSES {
            insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(name, body(inquiry, model)) });
        }
    }

    #[test]
    fn a_schema_is_always_told_and_sent_to_models_that_enforce_it() {
        let enforced = json!({
            "type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"],
            "additionalProperties": false,
        });
        let told = json!({"type": "string", "maxLength": 9});
        for (name, model) in CLASSES {
            for schema in [&enforced, &told] {
                let inquiry = Inquiry::new("What is it?", Some(schema)).unwrap();
                let body = body(inquiry, model);
                let text = body["messages"][0]["content"][1]["text"].as_str().unwrap();
                assert_eq!(
                    text,
                    format!(
                        "What is it?\n\nAnswer with one JSON value and nothing else. \
                         It must be valid under this JSON Schema:\n{schema}"
                    )
                );
                let sent = (model.json_schema && schema == &enforced).then_some(schema);
                assert_eq!(body.pointer("/output_config/format/schema"), sent, "{name}");
            }
        }
    }

    #[test]
    fn a_bad_prompt_or_output_is_named() {
        let prompt = |text: &str| Inquiry::new(text, None).map(|_| ());
        assert_eq!(prompt(" \n").unwrap_err().to_string(), "prompt: is blank");
        assert!(prompt(&"x".repeat(MAX_PROMPT_CHARS + 1)).is_err());
        assert!(prompt(&"\u{d55c}".repeat(MAX_PROMPT_CHARS)).is_ok());
        assert_eq!(Output::parse(Some("xml")).unwrap_err().to_string(), "output: is neither \"text\" nor \"full\"");
    }
}
