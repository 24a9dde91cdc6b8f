//! The stream of an Amazon Nova model's answer on Bedrock: each chunk is one JSON event.

use serde::Deserialize;

use super::{AnswerEvent, StopReason, json, progress::Progress};
use crate::error::Error;

/// What a Nova stream said so far.
#[derive(Debug)]
pub(super) struct Nova {
    pub(super) progress: Progress,
}

/// An event, whose only field names its type. What is not known is passed over.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Event {
    content_block_start: Option<Start>,
    content_block_delta: Option<Delta>,
    message_stop: Option<Stop>,
    metadata: Option<Metadata>,
    #[serde(rename = "amazon-bedrock-guardrailAction")]
    guardrail_action: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Start {
    start: Piece,
    content_block_index: u64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Delta {
    delta: Piece,
    content_block_index: u64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Piece {
    text: Option<String>,
    tool_use: Option<ToolUse>,
}

/// A tool that is called, or a part of what it is given.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ToolUse {
    name: String,
    input: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Stop {
    stop_reason: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    usage: Tokens,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tokens {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl Nova {
    /// Reads one chunk.
    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        let event = json::read::<Event>(chunk).ok_or(Error::ModelOutputInvalid {
            problem: "its stream holds something that is not an event of Nova's",
        })?;
        if event.guardrail_action.is_some_and(|action| action != "NONE") {
            self.progress.stops(Some(StopReason::Guardrail));
        }
        if let Some(Start { start, content_block_index }) = event.content_block_start {
            self.piece(content_block_index, start, out)?;
        }
        if let Some(Delta { delta, content_block_index }) = event.content_block_delta {
            self.piece(content_block_index, delta, out)?;
        }
        if let Some(stop) = event.message_stop {
            let reason = StopReason::of(&stop.stop_reason);
            if reason.is_none() {
                return Err(Error::ModelOutputInvalid { problem: "its stream ended without a stop reason" });
            }
            self.progress.stops(reason);
        }
        // The last event: what the answer used.
        if let Some(Metadata { usage }) = event.metadata {
            self.progress.tally.count(usage.input_tokens, usage.output_tokens);
            return self.finish(out);
        }
        Ok(())
    }

    /// Ends the answer if the model said why it stops.
    pub(super) fn finish(&mut self, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        if self.progress.has_stop_reason() { self.progress.end(out) } else { Ok(()) }
    }

    fn piece(&mut self, block: u64, piece: Piece, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        if let Some(text) = piece.text {
            self.progress.text(text, out);
        }
        piece.tool_use.map_or(Ok(()), |tool| self.progress.call(block, &tool.name, &tool.input))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        bedrock::Usage,
        chat::{Conversation, Protocol, TokenCount, ToolCall, protocol::question},
    };

    fn decoded(events: &[Value]) -> Result<Vec<AnswerEvent>, Error> {
        let chat = Conversation { model: "us.amazon.nova-lite-v1:0".into(), ..question("Hi") };
        let mut decoder = Protocol::Bedrock.decoder(&chat);
        let mut out = Vec::new();
        for event in events {
            decoder.push(event.to_string().as_bytes(), &mut out)?;
        }
        decoder.finish(&mut out)?;
        Ok(out)
    }

    fn text(piece: &str) -> Value {
        json!({"contentBlockDelta": {"delta": {"text": piece}, "contentBlockIndex": 0}})
    }

    fn stop(reason: &str) -> Value {
        json!({"messageStop": {"stopReason": reason}})
    }

    fn usage(estimated: bool, input_tokens: u64, output_tokens: u64) -> AnswerEvent {
        AnswerEvent::Usage(TokenCount { usage: Usage { input_tokens, output_tokens }, estimated })
    }

    #[test]
    fn an_answer_comes_piece_by_piece_and_then_what_it_used() {
        let events = [
            json!({"messageStart": {"role": "assistant"}}),
            text("Good "),
            text("day"),
            json!({"contentBlockStop": {"contentBlockIndex": 0}}),
            stop("end_turn"),
            json!({"metadata": {"usage": {"inputTokens": 12, "outputTokens": 9}, "metrics": {}, "trace": {}},
                   "amazon-bedrock-invocationMetrics": {"inputTokenCount": 12}}),
        ];
        let expected = [
            AnswerEvent::Text("Good ".into()),
            AnswerEvent::Text("day".into()),
            usage(false, 12, 9),
            AnswerEvent::Stop(StopReason::EndTurn),
        ];
        assert_eq!(decoded(&events).unwrap(), expected);
    }

    #[test]
    fn an_answer_without_its_count_is_whole_and_estimated() {
        let expected = [AnswerEvent::Text("Hi".into()), usage(true, 1, 1), AnswerEvent::Stop(StopReason::EndTurn)];
        assert_eq!(decoded(&[text("Hi"), stop("end_turn")]).unwrap(), expected);
    }

    #[test]
    fn an_answer_that_is_not_whole_says_why() {
        let last = |events: &[Value]| decoded(events).unwrap().pop();
        for (reason, expected) in [
            ("max_tokens", StopReason::MaxTokens),
            ("content_filtered", StopReason::Refusal),
            ("guardrail_intervened", StopReason::Guardrail),
        ] {
            assert_eq!(last(&[text("Hi"), stop(reason)]), Some(AnswerEvent::Stop(expected)), "{reason}");
        }
        let guarded = json!({"amazon-bedrock-guardrailAction": "INTERVENED"});
        assert_eq!(last(&[guarded, text("Hi"), stop("end_turn")]), Some(AnswerEvent::Stop(StopReason::Guardrail)));
    }

    #[test]
    fn a_call_of_a_tool_is_told_whole() {
        let start = json!({"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t", "name": "report"}}, "contentBlockIndex": 1}});
        let part = |input: &str| json!({"contentBlockDelta": {"delta": {"toolUse": {"input": input}}, "contentBlockIndex": 1}});
        let told = decoded(&[start, part("{\"level\":"), part("2}"), stop("tool_use")]).unwrap();
        assert_eq!(
            told[0],
            AnswerEvent::ToolCall(ToolCall { name: "report".into(), arguments: "{\"level\":2}".into() })
        );
    }

    #[test]
    fn a_stream_that_is_cut_or_strange_is_an_error() {
        for (events, name) in [
            (vec![text("Hi")], "ModelUnavailable"),
            (vec![], "ModelUnavailable"),
            (vec![stop("end_turn")], "ModelOutputInvalid"),
            (vec![text("Hi"), stop("")], "ModelOutputInvalid"),
            (vec![json!("Hi")], "ModelOutputInvalid"),
            (vec![json!({"contentBlockDelta": 3})], "ModelOutputInvalid"),
        ] {
            assert_eq!(decoded(&events).unwrap_err().name().as_str(), name, "{events:?}");
        }
    }
}
