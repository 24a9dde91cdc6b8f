//! The stream of a Messages answer on Bedrock: each chunk is one JSON event.

use serde::Deserialize;

use super::AnswerEvent;
use crate::{bedrock::Usage, error::Error};

/// What a Messages stream said so far.
#[derive(Debug, Default)]
pub(super) struct Messages {
    usage: Usage,
    stop_reason: Option<String>,
}

/// An event of any type. Types and fields that are not known are passed over.
#[derive(Deserialize)]
struct Event {
    r#type: Option<String>,
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
        let unknown = Error::ModelOutputInvalid { problem: "its stream holds what is no Messages event" };
        let Ok(event) = serde_json::from_slice::<Event>(chunk) else { return Err(unknown) };
        // Where Bedrock says it is documented for whole answers alone: it may be the event, its message,
        // or a chunk of its own. After the stop nothing is read.
        let in_message = event.message.as_ref().and_then(|message| message.guardrail_action.as_deref());
        let action = event.guardrail_action.as_deref().or(in_message);
        if action.is_some_and(|action| action != "NONE") {
            self.stop_reason = Some("guardrail_intervened".into());
        }
        let kind = match (event.r#type, action) {
            (Some(kind), _) => kind,
            (None, Some(_)) => return Ok(()),
            (None, None) => return Err(unknown),
        };
        match kind.as_str() {
            "message_start" => self.count(event.message.and_then(|message| message.usage)),
            "content_block_start" => text_of(event.content_block, "text", out),
            "content_block_delta" => text_of(event.delta, "text_delta", out),
            "message_delta" => {
                self.count(event.usage);
                let reason = event.delta.and_then(|delta| delta.stop_reason);
                self.stop_reason = self.stop_reason.take().or(reason);
            }
            "message_stop" => {
                let reason = self
                    .stop_reason
                    .take()
                    .ok_or(Error::ModelOutputInvalid { problem: "its stream ended without a stop reason" })?;
                out.push(AnswerEvent::Usage(self.usage));
                out.push(AnswerEvent::Stop(reason));
            }
            "error" => return Err(refusal(&event.error.map(|error| error.r#type).unwrap_or_default())),
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, usage: Option<WireUsage>) {
        let Some(usage) = usage else { return };
        self.usage.input_tokens = usage.input_tokens.unwrap_or(self.usage.input_tokens);
        self.usage.output_tokens = usage.output_tokens.unwrap_or(self.usage.output_tokens);
    }
}

fn text_of(piece: Option<Piece>, kind: &str, out: &mut Vec<AnswerEvent>) {
    let text = piece.filter(|piece| piece.r#type.as_deref() == Some(kind)).and_then(|piece| piece.text);
    out.extend(text.filter(|text| !text.is_empty()).map(AnswerEvent::Text));
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
    use crate::chat::{Decoder, Protocol};

    fn decoded(events: &[Value]) -> Result<Vec<AnswerEvent>, Error> {
        let mut decoder = Protocol::Messages.decoder();
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

    #[test]
    fn the_text_comes_in_order_and_thinking_is_passed_over() {
        let expected = [
            AnswerEvent::Text("Good ".into()),
            AnswerEvent::Text("day".into()),
            AnswerEvent::Usage(Usage { input_tokens: 12, output_tokens: 9 }),
            AnswerEvent::Stop("end_turn".into()),
        ];
        assert!(decoded(&whole("end_turn")).unwrap() == expected);
    }

    #[test]
    fn the_reason_of_the_end_is_the_models_own_or_the_guardrails() {
        for reason in ["max_tokens", "refusal", "meteor"] {
            assert_eq!(decoded(&whole(reason)).unwrap().last(), Some(&AnswerEvent::Stop(reason.into())));
        }
        let action = "amazon-bedrock-guardrailAction";
        for (told, expected) in [("INTERVENED", "guardrail_intervened"), ("NONE", "end_turn")] {
            let (mut at_the_end, mut in_the_message, mut alone) =
                (whole("end_turn"), whole("end_turn"), whole("end_turn"));
            at_the_end.last_mut().unwrap()[action] = json!(told);
            in_the_message[0]["message"][action] = json!(told);
            alone.insert(9, json!({(action): told, "amazon-bedrock-trace": {"guardrail": {}}}));
            for events in [at_the_end, in_the_message, alone] {
                assert_eq!(decoded(&events).unwrap().last(), Some(&AnswerEvent::Stop(expected.into())));
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
    fn an_error_in_the_stream_has_its_name_and_no_word_of_its_message() {
        for (kind, name) in [
            ("overloaded_error", "ModelThrottled"),
            ("rate_limit_error", "ModelThrottled"),
            ("timeout_error", "ModelTimeout"),
            ("api_error", "ModelUnavailable"),
            ("secret", "ModelUnavailable"),
        ] {
            let mut decoder: Decoder = Protocol::Messages.decoder();
            let event = json!({"type": "error", "error": {"type": kind, "message": "secret"}}).to_string();
            let error = decoder.push(event.as_bytes(), &mut Vec::new()).unwrap_err();
            assert_eq!(error.name().as_str(), name);
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for chunk in [&b""[..], b"[]", b"{}", b"hello", b"{\"type\": 3}"] {
            let mut decoder = Protocol::Messages.decoder();
            let error = decoder.push(chunk, &mut Vec::new()).unwrap_err();
            assert_eq!(error.name().as_str(), "ModelOutputInvalid", "{chunk:?}");
        }
    }
}
