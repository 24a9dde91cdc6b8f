//! The stream of a Messages answer on Bedrock: each chunk is one JSON event.

use serde::Deserialize;
use serde_json::Value;

use super::{AnswerEvent, StopReason, json, progress::Progress};
use crate::error::Error;

/// What a Messages stream said so far.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) progress: Progress,
}

/// An event of any type. Types and fields that are not known are passed over.
#[derive(Deserialize)]
struct Event {
    r#type: Option<String>,
    /// Which content block this belongs to.
    index: Option<u64>,
    message: Option<Message>,
    content_block: Option<Piece>,
    delta: Option<Piece>,
    usage: Option<WireUsage>,
    error: Option<WireError>,
    #[serde(rename = "amazon-bedrock-guardrailAction")]
    guardrail_action: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    usage: Option<WireUsage>,
    #[serde(rename = "amazon-bedrock-guardrailAction")]
    guardrail_action: Option<String>,
}

/// The beginning of a content block, its continuation, or the end of the message.
#[derive(Deserialize)]
struct Piece {
    r#type: Option<String>,
    text: Option<String>,
    thinking: Option<String>,
    /// A tool that is called, and what it is given: a text in parts, as JSON.
    name: Option<String>,
    input: Option<Value>,
    partial_json: Option<String>,
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct WireUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct WireError {
    #[serde(default)]
    r#type: String,
}

impl Messages {
    /// Reads one chunk.
    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        let unknown = Error::ModelOutputInvalid { problem: "its stream holds something that is not a Messages event" };
        let Some(event) = json::read::<Event>(chunk) else { return Err(unknown) };
        // Where Bedrock says it is documented for whole answers alone: it may be the event, its message,
        // or a chunk of its own. After the stop nothing is read.
        let in_message = event.message.as_ref().and_then(|message| message.guardrail_action.as_deref());
        let action = event.guardrail_action.as_deref().or(in_message);
        if action.is_some_and(|action| action != "NONE") {
            self.progress.stops(Some(StopReason::Guardrail));
        }
        let kind = match (event.r#type, action) {
            (Some(kind), _) => kind,
            (None, Some(_)) => return Ok(()),
            (None, None) => return Err(unknown),
        };
        match kind.as_str() {
            "message_start" => self.count(event.message.and_then(|message| message.usage)),
            "content_block_start" => self.piece(event.index, event.content_block, out)?,
            "content_block_delta" => self.piece(event.index, event.delta, out)?,
            "message_delta" => {
                self.count(event.usage);
                let reason = event.delta.and_then(|delta| delta.stop_reason);
                self.progress.stops(reason.as_deref().and_then(StopReason::of));
            }
            "message_stop" => {
                if !self.progress.has_stop_reason() {
                    return Err(Error::ModelOutputInvalid { problem: "its stream ended without a stop reason" });
                }
                self.progress.end(out)?;
            }
            "error" => return Err(refusal(&event.error.map(|error| error.r#type).unwrap_or_default())),
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, usage: Option<WireUsage>) {
        if let Some(usage) = usage {
            self.progress.tally.count(usage.input_tokens, usage.output_tokens);
        }
    }

    fn piece(&mut self, block: Option<u64>, piece: Option<Piece>, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        let Some(piece) = piece else { return Ok(()) };
        match piece.r#type.as_deref() {
            Some("text" | "text_delta") => self.progress.text(piece.text.unwrap_or_default(), out),
            Some("thinking" | "thinking_delta") => self.progress.tally.wrote(&piece.thinking.unwrap_or_default()),
            Some("tool_use" | "input_json_delta") => {
                // A block begins with no input, or with all of it.
                let whole = piece.input.filter(|input| input.as_object().is_some_and(|input| !input.is_empty()));
                let input = whole.map(|input| input.to_string()).or(piece.partial_json).unwrap_or_default();
                self.progress.call(block.unwrap_or_default(), &piece.name.unwrap_or_default(), &input)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn refusal(kind: &str) -> Error {
    // The type is the service's own word; its message may quote the request.
    match kind {
        "overloaded_error" | "rate_limit_error" => Error::ModelThrottled { code: kind.to_owned() },
        "timeout_error" => Error::ModelTimeout { code: kind.to_owned() },
        _ => Error::ModelUnavailable { code: "error event".into(), hint: "the model failed while it answered" },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        bedrock::Usage,
        chat::{Decoder, Protocol, TokenCount, ToolCall, protocol::question},
    };

    fn decoded(events: &[Value]) -> Result<Vec<AnswerEvent>, Error> {
        let mut decoder = Protocol::Bedrock.decoder(&question("Hi"));
        let mut out = Vec::new();
        for event in events {
            decoder.push(event.to_string().as_bytes(), &mut out)?;
        }
        decoder.finish(&mut out)?;
        Ok(out)
    }

    fn whole(reason: &str) -> Vec<Value> {
        vec![
            json!({"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 12, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "ping"}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Good "}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "day"}}),
            json!({"type": "content_block_stop", "index": 1}),
            json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 9}}),
            json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 12}}),
        ]
    }

    fn counted(input_tokens: u64, output_tokens: u64) -> TokenCount {
        TokenCount { usage: Usage { input_tokens, output_tokens }, estimated: false }
    }

    #[test]
    fn the_text_comes_in_order_and_thinking_is_passed_over() {
        let expected = [
            AnswerEvent::Text("Good ".into()),
            AnswerEvent::Text("day".into()),
            AnswerEvent::Usage(counted(12, 9)),
            AnswerEvent::Stop(StopReason::EndTurn),
        ];
        assert!(decoded(&whole("end_turn")).unwrap() == expected);
    }

    #[test]
    fn the_reason_of_the_end_is_the_models_own_or_the_guardrails() {
        let stop = |reason: &str| AnswerEvent::Stop(StopReason::of(reason).unwrap());
        for reason in ["max_tokens", "refusal", "meteor"] {
            assert_eq!(decoded(&whole(reason)).unwrap().last(), Some(&stop(reason)));
        }
        let action = "amazon-bedrock-guardrailAction";
        for (told, expected) in [("INTERVENED", "guardrail_intervened"), ("NONE", "end_turn")] {
            let (mut at_the_end, mut in_the_message, mut alone) =
                (whole("end_turn"), whole("end_turn"), whole("end_turn"));
            at_the_end.last_mut().unwrap()[action] = json!(told);
            in_the_message[0]["message"][action] = json!(told);
            alone.insert(9, json!({(action): told, "amazon-bedrock-trace": {"guardrail": {}}}));
            for events in [at_the_end, in_the_message, alone] {
                assert_eq!(decoded(&events).unwrap().last(), Some(&stop(expected)));
            }
        }
    }

    #[test]
    fn a_stream_that_ends_anywhere_before_its_end_is_an_error() {
        let events = whole("end_turn");
        for length in 0..events.len() {
            assert!(decoded(&events[..length]).is_err(), "{length} events");
        }
    }

    #[test]
    fn a_call_of_a_tool_is_told_and_the_answer_is_not_whole() {
        let mut events = whole("tool_use");
        let at = events.len() - 2;
        events.splice(
            at..at,
            [
                json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "get_time", "input": {}}}),
                json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"zone\":"}}),
                json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "\"UTC\"}"}}),
                json!({"type": "content_block_start", "index": 3, "content_block": {"type": "tool_use", "name": "whole", "input": {"a": 1}}}),
            ],
        );
        let told = decoded(&events).unwrap();
        let call = |name: &str, arguments: &str| {
            AnswerEvent::ToolCall(ToolCall { name: name.into(), arguments: arguments.into() })
        };
        let expected = [
            call("get_time", "{\"zone\":\"UTC\"}"),
            call("whole", "{\"a\":1}"),
            AnswerEvent::Usage(counted(12, 9)),
            AnswerEvent::Stop(StopReason::ToolUse),
        ];
        assert!(told[2..] == expected, "{told:?}");
    }

    #[test]
    fn an_answer_that_says_nothing_is_none_unless_its_reason_says_why() {
        let silent = |reason: &str| {
            whole(reason).into_iter().filter(|event| event["delta"]["text"].is_null()).collect::<Vec<_>>()
        };
        assert_eq!(decoded(&silent("end_turn")).unwrap_err().name().as_str(), "ModelOutputInvalid");
        for reason in ["max_tokens", "refusal"] {
            assert_eq!(
                decoded(&silent(reason)).unwrap().last(),
                Some(&AnswerEvent::Stop(StopReason::of(reason).unwrap()))
            );
        }
    }

    #[test]
    fn the_tokens_of_a_cut_answer_are_the_models_and_what_it_wrote_since() {
        let events = whole("end_turn");
        for (length, output_tokens, estimated) in
            [(0, 0, true), (1, 1, false), (3, 2, true), (8, 4, true), (9, 5, true), (11, 9, false)]
        {
            let mut decoder = Protocol::Bedrock.decoder(&question("Hello there"));
            for event in &events[..length] {
                decoder.push(event.to_string().as_bytes(), &mut Vec::new()).unwrap();
            }
            let input_tokens = if length == 0 { 4 } else { 12 };
            let expected = TokenCount { usage: Usage { input_tokens, output_tokens }, estimated };
            assert_eq!(decoder.tokens(), expected, "{length} events");
        }
    }

    #[test]
    fn half_a_character_does_not_break_the_stream() {
        let mut decoder = Protocol::Bedrock.decoder(&question("Hi"));
        let mut out = Vec::new();
        let delta = br#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x\ud83d"}}"#;
        decoder.push(delta, &mut out).unwrap();
        assert!(out == [AnswerEvent::Text("x\u{fffd}".into())]);
    }

    #[test]
    fn an_error_in_the_stream_has_its_name_and_no_word_of_its_message() {
        for (kind, name) in [
            ("overloaded_error", "ModelThrottled"),
            ("rate_limit_error", "ModelThrottled"),
            ("timeout_error", "ModelTimeout"),
            ("api_error", "ModelUnavailable"),
            ("secret", "ModelUnavailable"),
        ] {
            let mut decoder: Decoder = Protocol::Bedrock.decoder(&question("Hi"));
            let event = json!({"type": "error", "error": {"type": kind, "message": "secret"}}).to_string();
            let error = decoder.push(event.as_bytes(), &mut Vec::new()).unwrap_err();
            assert_eq!(error.name().as_str(), name);
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for chunk in [&b""[..], b"[]", b"{}", b"hello", b"{\"type\": 3}"] {
            let mut decoder = Protocol::Bedrock.decoder(&question("Hi"));
            let error = decoder.push(chunk, &mut Vec::new()).unwrap_err();
            assert_eq!(error.name().as_str(), "ModelOutputInvalid", "{chunk:?}");
        }
    }
}
