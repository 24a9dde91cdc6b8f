//! A caller's own question about an image.

use serde_json::Value;

use crate::{
    bedrock::{Answer, Question},
    error::Error,
};

/// Most characters of a caller's prompt.
pub const MAX_PROMPT_CHARS: usize = 50_000;

/// The caller's question, for an answer of at most `max_tokens` tokens.
///
/// # Errors
/// [`Error::InvalidInput`] for a blank prompt and for one over [`MAX_PROMPT_CHARS`].
pub fn question(prompt: &str, max_tokens: u32) -> Result<Question<'_>, Error> {
    if prompt.trim().is_empty() {
        return Err(Error::invalid("prompt", "is blank"));
    }
    let length = prompt.chars().count();
    if length > MAX_PROMPT_CHARS {
        return Err(Error::invalid("prompt", format!("is {length} characters long; at most {MAX_PROMPT_CHARS}")));
    }
    Ok(Question { system: None, text: prompt, schema: None, max_tokens })
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
    /// [`Error::ModelOutputInvalid`] when it is no Messages response, or its text is refused, cut or missing.
    pub fn of(self, body: &[u8]) -> Result<Value, Error> {
        match self {
            Self::Full => serde_json::from_slice(body)
                .map_err(|_| Error::ModelOutputInvalid { problem: "it is not a Messages response" }),
            Self::Text => {
                let mut answer = Answer::parse(body)?;
                answer.finished_text().map_err(|why| Error::ModelOutputInvalid { problem: why.problem() })?;
                Ok(Value::String(std::mem::take(&mut answer.text)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bedrock::capabilities::CLASSES;

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

    #[test]
    fn the_question_asks_each_model_in_the_form_it_takes() {
        for (name, model) in CLASSES {
            let mut body = question("What is it?", 4096).unwrap().image_body(model, "image/webp", 3);
            body.push(b"WEB");
            let body: Value = serde_json::from_slice(&body.finish()).unwrap();
            insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(name, body) });
        }
    }

    #[test]
    fn a_bad_prompt_or_output_is_named() {
        assert_eq!(question(" \n", 1).err().unwrap().to_string(), "prompt: is blank");
        assert!(question(&"x".repeat(MAX_PROMPT_CHARS + 1), 1).is_err());
        assert!(question(&"\u{d55c}".repeat(MAX_PROMPT_CHARS), 1).is_ok());
        assert_eq!(Output::parse(Some("xml")).unwrap_err().to_string(), "output: is neither \"text\" nor \"full\"");
    }
}
