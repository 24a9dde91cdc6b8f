//! The two forms in which an answer goes back: bare text, and server-sent events.

use serde_json::{Value, json};

use super::{AnswerEvent, ToolCall};
use crate::error::Error;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The text alone, as it comes.
    Text,
    /// Server-sent events: `start`, `delta`, `tool_call`, `usage`, `error`, `end`.
    Events,
}

impl Encoding {
    /// The form that a request's `Accept` asks for.
    #[must_use]
    pub fn of(accept: &str) -> Self {
        if accept.to_ascii_lowercase().contains("text/event-stream") { Self::Events } else { Self::Text }
    }

    /// Its media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Events => "text/event-stream; charset=utf-8",
        }
    }

    /// Says that an answer begins.
    pub fn start(self, id: &str, model: &str, out: &mut Vec<u8>) {
        if self == Self::Events {
            event("start", &json!({"id": id, "model": model}), out);
        }
    }

    /// A part of the answer.
    pub fn part(self, part: &AnswerEvent, out: &mut Vec<u8>) {
        match (self, part) {
            (Self::Text, AnswerEvent::Text(text)) => out.extend_from_slice(text.as_bytes()),
            (Self::Text, AnswerEvent::Usage(_)) => {}
            (Self::Text, AnswerEvent::ToolCall(ToolCall { name, arguments })) => {
                out.extend_from_slice(format!("\n[tool call: {name} {arguments}]\n").as_bytes());
            }
            // Events say the reason itself; text alone would pass for the whole answer.
            (Self::Text, AnswerEvent::Stop(reason)) => {
                if let Some(problem) = reason.problem() {
                    self.error(&Error::ModelOutputInvalid { problem }, out);
                }
            }
            (Self::Events, AnswerEvent::Text(text)) => event("delta", &json!({"text": text}), out),
            (Self::Events, AnswerEvent::ToolCall(call)) => event("tool_call", &json!(call), out),
            (Self::Events, AnswerEvent::Usage(tokens)) => event("usage", &json!(tokens), out),
            (Self::Events, AnswerEvent::Stop(reason)) => event("end", &json!({"stop_reason": reason.as_str()}), out),
        }
    }

    /// Says that the answer ends here and is not whole.
    pub fn error(self, error: &Error, out: &mut Vec<u8>) {
        match self {
            Self::Text => out.extend_from_slice(format!("\n[cut: {}: {error}]\n", error.name()).as_bytes()),
            Self::Events => {
                event("error", &json!({"code": error.name().as_str(), "message": error.to_string()}), out);
            }
        }
    }

    /// What keeps a silent connection open, where the form has something that means nothing.
    #[must_use]
    pub const fn keep_alive(self) -> Option<&'static [u8]> {
        match self {
            Self::Text => None,
            Self::Events => Some(b": keep-alive\n\n"),
        }
    }
}

/// JSON holds no line break, which would end the event's data.
fn event(name: &str, data: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("event: {name}\ndata: {data}\n\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bedrock::Usage,
        chat::{StopReason, TokenCount},
    };

    fn encoded(encoding: Encoding, reason: &str) -> String {
        let mut out = Vec::new();
        encoding.start("r-1", "m", &mut out);
        for part in [
            AnswerEvent::Text("Hi\n\u{1f600} ".into()),
            AnswerEvent::Text("\"you\"".into()),
            AnswerEvent::Usage(TokenCount { usage: Usage { input_tokens: 3, output_tokens: 2 }, estimated: false }),
            AnswerEvent::Stop(StopReason::of(reason).unwrap()),
        ] {
            encoding.part(&part, &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn accept_chooses_the_form() {
        for (accept, expected) in [
            ("", Encoding::Text),
            ("*/*", Encoding::Text),
            ("text/event-stream", Encoding::Events),
            ("text/plain, Text/Event-Stream;q=0.9", Encoding::Events),
        ] {
            assert_eq!(Encoding::of(accept), expected, "{accept}");
        }
    }

    #[test]
    fn text_is_bare() {
        assert_eq!(encoded(Encoding::Text, "end_turn"), "Hi\n\u{1f600} \"you\"");
    }

    #[test]
    fn events_are_told_apart_and_each_is_one_line_of_json() {
        assert_eq!(
            encoded(Encoding::Events, "end_turn"),
            "event: start\ndata: {\"id\":\"r-1\",\"model\":\"m\"}\n\n\
             event: delta\ndata: {\"text\":\"Hi\\n\u{1f600} \"}\n\n\
             event: delta\ndata: {\"text\":\"\\\"you\\\"\"}\n\n\
             event: usage\ndata: {\"input_tokens\":3,\"output_tokens\":2}\n\n\
             event: end\ndata: {\"stop_reason\":\"end_turn\"}\n\n"
        );
    }

    #[test]
    fn a_text_that_is_not_whole_says_so() {
        for reason in
            ["max_tokens", "model_context_window_exceeded", "refusal", "guardrail_intervened", "tool_use", "meteor"]
        {
            let text = encoded(Encoding::Text, reason);
            let last = text.trim_end().lines().last().unwrap();
            assert!(last.starts_with("[cut: ModelOutputInvalid: ") && last.ends_with(']'), "{text}");
        }
        for reason in ["end_turn", "stop_sequence"] {
            assert!(!encoded(Encoding::Text, reason).contains("[cut"), "{reason}");
        }
    }

    #[test]
    fn a_call_of_a_tool_is_told_in_either_form() {
        let call = AnswerEvent::ToolCall(ToolCall { name: "get_time".into(), arguments: "{\"zone\":\"UTC\"}".into() });
        let encoded = |encoding: Encoding| {
            let mut out = Vec::new();
            encoding.part(&call, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(encoded(Encoding::Text), "\n[tool call: get_time {\"zone\":\"UTC\"}]\n");
        let events = encoded(Encoding::Events);
        let data = events.strip_prefix("event: tool_call\ndata: ").and_then(|data| data.strip_suffix("\n\n")).unwrap();
        let expected = json!({"name": "get_time", "arguments": "{\"zone\":\"UTC\"}"});
        assert_eq!(serde_json::from_str::<Value>(data).unwrap(), expected);
    }

    #[test]
    fn an_error_ends_either_form() {
        let error = Error::ModelThrottled { code: "429".into() };
        let encoded = |encoding: Encoding| {
            let mut out = Vec::new();
            encoding.error(&error, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(encoded(Encoding::Text), "\n[cut: ModelThrottled: the model is throttled (429)]\n");
        let events = encoded(Encoding::Events);
        let data = events.strip_prefix("event: error\ndata: ").and_then(|data| data.strip_suffix("\n\n")).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(data).unwrap(),
            json!({"code": "ModelThrottled", "message": "the model is throttled (429)"})
        );
    }
}
