//! The stream of a SageMaker container. Its parts end anywhere, inside a line
//! and inside a character, so they are joined to lines first: of server-sent
//! events, or of bare JSON.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::AnswerEvent;
use crate::{bedrock::Usage, error::Error};

/// Longest line. A line is a few words of the answer.
const MAX_LINE_BYTES: usize = 1 << 20;

/// What a container's stream said so far.
#[derive(Default)]
pub(super) struct Lines {
    /// The bytes of a line whose end is still to come.
    begun: Vec<u8>,
    usage: Usage,
    stop_reason: Option<String>,
    stopped: bool,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { begun, usage, stop_reason, stopped } = self;
        let (begun, reason) = (begun.len(), stop_reason.as_ref().map_or(0, String::len));
        write!(f, "Lines({begun} bytes begun, {usage:?}, a stop reason of {reason} bytes, stopped: {stopped})")
    }
}

/// A line of either family of containers: a chat completion's chunk, or a
/// token. What is not known is passed over.
#[derive(Deserialize)]
struct Line {
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
    token: Option<Token>,
    generated_text: Option<Value>,
    details: Option<Details>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Content>,
    /// The whole answer of a container that does not stream.
    message: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    content: Option<String>,
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Token {
    text: Option<String>,
    /// A mark such as the end of the sequence, which is no text.
    special: Option<bool>,
}

#[derive(Deserialize)]
struct Details {
    finish_reason: Option<String>,
    generated_tokens: Option<u64>,
    input_length: Option<u64>,
}

impl Lines {
    /// Reads a part, and says whether it completed a line that says something.
    pub(super) fn push(&mut self, mut part: &[u8], out: &mut Vec<AnswerEvent>) -> Result<bool, Error> {
        let mut said = false;
        while let Some(end) = part.iter().position(|&byte| byte == b'\n') {
            self.extend(&part[..end])?;
            part = &part[end + 1..];
            let line = std::mem::take(&mut self.begun);
            said |= self.line(&line, out)?;
        }
        self.extend(part)?;
        Ok(said)
    }

    /// Reads a last line without its end, and ends the answer.
    pub(super) fn finish(&mut self, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        let line = std::mem::take(&mut self.begun);
        self.line(&line, out)?;
        if self.stop_reason.is_some() {
            self.stop(out);
        }
        Ok(())
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.begun.len() + bytes.len() > MAX_LINE_BYTES {
            return Err(Error::ModelOutputInvalid { problem: "its stream holds a line of over 1 MiB" });
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<AnswerEvent>) -> Result<bool, Error> {
        let line = line.trim_ascii();
        let data = match line.first() {
            None | Some(b':') => return Ok(false),
            Some(b'{' | b'[') => line,
            Some(_) => match line.strip_prefix(b"data:") {
                Some(data) => data.trim_ascii(),
                // Other fields of an event, such as its name.
                None if line.starts_with(b"event:") || line.starts_with(b"id:") || line.starts_with(b"retry:") => {
                    return Ok(false);
                }
                None => return Err(no_event()),
            },
        };
        if self.stopped || data.is_empty() {
            return Ok(false);
        }
        if data == b"[DONE]" {
            self.stop(out);
            return Ok(true);
        }
        let line: Line = serde_json::from_slice(data).map_err(|_| no_event())?;
        self.read(line, out)?;
        Ok(true)
    }

    fn read(&mut self, line: Line, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        // Its text may quote the request.
        if line.error.is_some_and(|error| !error.is_null()) {
            return Err(failed());
        }
        if let Some(usage) = line.usage {
            self.usage.input_tokens = usage.prompt_tokens.unwrap_or(self.usage.input_tokens);
            self.usage.output_tokens = usage.completion_tokens.unwrap_or(self.usage.output_tokens);
        }
        let mut texts = Vec::new();
        for choice in line.choices.unwrap_or_default().into_iter().take(1) {
            texts.extend(choice.delta.or(choice.message).and_then(|content| content.content));
            self.finished(choice.finish_reason)?;
        }
        texts.extend(line.token.filter(|token| token.special != Some(true)).and_then(|token| token.text));
        out.extend(texts.into_iter().filter(|text| !text.is_empty()).map(AnswerEvent::Text));
        if let Some(details) = line.details {
            self.usage.input_tokens = details.input_length.unwrap_or(self.usage.input_tokens);
            self.usage.output_tokens = details.generated_tokens.unwrap_or(self.usage.output_tokens);
            self.finished(details.finish_reason)?;
            // The last token of a stream of tokens, after which no [DONE] comes.
            if self.stop_reason.is_some() {
                self.stop(out);
            }
        } else if line.generated_text.is_some_and(|text| text.is_string()) {
            self.stop_reason.get_or_insert_with(|| "end_turn".into());
            self.stop(out);
        }
        Ok(())
    }

    fn finished(&mut self, reason: Option<String>) -> Result<(), Error> {
        if let Some(reason) = reason {
            self.stop_reason = Some(match reason.as_str() {
                "stop" | "eos_token" => "end_turn".into(),
                "length" => "max_tokens".into(),
                "content_filter" => "refusal".into(),
                "error" | "abort" => return Err(failed()),
                _ => reason,
            });
        }
        Ok(())
    }

    fn stop(&mut self, out: &mut Vec<AnswerEvent>) {
        if !self.stopped {
            self.stopped = true;
            out.push(AnswerEvent::Usage(self.usage));
            // [DONE] without a reason: the container says that it is whole.
            out.push(AnswerEvent::Stop(self.stop_reason.take().unwrap_or_else(|| "end_turn".into())));
        }
    }
}

const fn no_event() -> Error {
    Error::ModelOutputInvalid {
        problem: "its stream holds a line that is no JSON of a known shape; check SAGEMAKER_PROTOCOL",
    }
}

fn failed() -> Error {
    Error::ModelUnavailable { code: "error in the stream".into(), hint: "see the endpoint's log" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::Protocol;

    const CHAT_EVENTS: &str = concat!(
        ": ready\n\nevent: message\n",
        r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
        "\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"\u{c548}\u{b155} \u{1f600}\\n\"}}]}\r\n\r\n",
        r#"data:{"choices":[{"delta":{"content":"there"},"finish_reason":"stop"}]}"#,
        "\n\n",
        r#"data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":4}}"#,
        "\n\ndata: [DONE]\n\n"
    );

    const TOKEN_LINES: &str = concat!(
        "{\"token\":{\"id\":1,\"text\":\"\u{c548}\u{b155} \u{1f600}\\n\",\"special\":false},\"generated_text\":null}\n",
        r#"{"token":{"id":2,"text":"there"}}"#,
        "\n",
        r#"{"token":{"id":0,"text":"</s>","special":true},"generated_text":"x","details":{"finish_reason":"eos_token","generated_tokens":4,"input_length":5}}"#
    );

    fn expected() -> Vec<AnswerEvent> {
        vec![
            AnswerEvent::Text("\u{c548}\u{b155} \u{1f600}\n".into()),
            AnswerEvent::Text("there".into()),
            AnswerEvent::Usage(Usage { input_tokens: 5, output_tokens: 4 }),
            AnswerEvent::Stop("end_turn".into()),
        ]
    }

    fn decoded<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<AnswerEvent>, Error> {
        let mut decoder = Protocol::JsonLines.decoder();
        let mut out = Vec::new();
        for part in parts {
            decoder.push(part, &mut out)?;
        }
        decoder.finish(&mut out)?;
        Ok(out)
    }

    #[test]
    fn a_stream_split_at_every_position_says_the_same() {
        for stream in [CHAT_EVENTS, TOKEN_LINES] {
            let bytes = stream.as_bytes();
            for at in 0..=bytes.len() {
                assert!(decoded([&bytes[..at], &bytes[at..]]).unwrap() == expected(), "split at {at}");
            }
            assert!(decoded(bytes.chunks(1)).unwrap() == expected());
        }
    }

    proptest! {
        #[test]
        fn a_stream_in_parts_of_any_size_says_the_same(sizes in prop::collection::vec(1_usize..40, 1..200)) {
            for stream in [CHAT_EVENTS, TOKEN_LINES] {
                let mut rest = stream.as_bytes();
                let mut parts = Vec::new();
                for size in sizes.iter().cycle() {
                    let (part, after) = rest.split_at((*size).min(rest.len()));
                    parts.push(part);
                    rest = after;
                    if rest.is_empty() {
                        break;
                    }
                }
                prop_assert!(decoded(parts).unwrap() == expected());
            }
        }
    }

    #[test]
    fn each_end_has_its_reason() {
        for (line, reason) in [
            (r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#, "max_tokens"),
            (r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#, "refusal"),
            (r#"{"choices":[{"message":{"content":"all"},"finish_reason":"stop"}]}"#, "end_turn"),
            (r#"{"token":{"text":"a"},"details":{"finish_reason":"stop_sequence"}}"#, "stop_sequence"),
            (r#"{"token":{"text":"a"},"generated_text":"a"}"#, "end_turn"),
            ("data: [DONE]", "end_turn"),
        ] {
            let events = decoded([line.as_bytes()]).unwrap();
            assert_eq!(events.last(), Some(&AnswerEvent::Stop(reason.into())), "{line}");
        }
    }

    #[test]
    fn a_stream_that_ends_before_its_end_is_an_error() {
        for stream in
            ["", "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", "{\"token\":{\"text\":\"a\"}}\n"]
        {
            assert_eq!(decoded([stream.as_bytes()]).unwrap_err().name().as_str(), "ModelUnavailable", "{stream}");
        }
        let cut = r#"{"token":{"te"#;
        assert_eq!(decoded([cut.as_bytes()]).unwrap_err().name().as_str(), "ModelOutputInvalid");
    }

    #[test]
    fn an_error_in_the_stream_repeats_nothing_of_it() {
        for (line, name) in [
            (r#"data: {"error":"secret","error_type":"generation"}"#, "ModelUnavailable"),
            (r#"{"error":{"message":"secret"},"code":424}"#, "ModelUnavailable"),
            (r#"{"token":{"text":""},"details":{"finish_reason":"error"}}"#, "ModelUnavailable"),
            (r#"{"choices":[{"delta":{"content":"secret"},"finish_reason":"abort"}]}"#, "ModelUnavailable"),
            ("secret", "ModelOutputInvalid"),
            ("data: secret", "ModelOutputInvalid"),
            ("[\"secret\"]", "ModelOutputInvalid"),
        ] {
            let error = decoded([line.as_bytes(), b"\n"]).unwrap_err();
            assert_eq!(error.name().as_str(), name, "{line}");
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }

    #[test]
    fn debugging_prints_nothing_of_a_line_that_is_begun() {
        let mut decoder = Protocol::JsonLines.decoder();
        decoder.push(br#"{"token":{"text":"secret"#, &mut Vec::new()).unwrap();
        let printed = format!("{decoder:?}");
        assert!(printed.contains("24 bytes begun") && !printed.contains("secret"), "{printed}");
    }

    #[test]
    fn a_line_without_an_end_is_not_kept_for_ever() {
        let part = vec![b' '; 64 * 1024];
        let error = decoded(std::iter::repeat_n(part.as_slice(), 17)).unwrap_err();
        assert_eq!(error.name().as_str(), "ModelOutputInvalid");
    }

    #[test]
    fn what_follows_the_end_is_passed_over() {
        let stream = format!("{CHAT_EVENTS}data: {{\"choices\":[{{\"delta\":{{\"content\":\"more\"}}}}]}}\n");
        assert!(decoded([stream.as_bytes()]).unwrap() == expected());
    }
}
