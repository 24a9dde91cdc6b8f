//! The Messages answer.

use serde::Serialize;
use serde_json::{Value, json};

/// Why the answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StopReason {
    EndTurn,
    MaxTokens,
    /// One of the request's `stop_sequences`.
    StopSequence(String),
    ToolUse,
    Refusal,
}

/// Token counts, estimated: this is no tokeniser's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Usage {
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
}

/// An answer as Bedrock sends it.
#[derive(Debug)]
pub(crate) struct MessagesResponse {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) content: Vec<Value>,
    pub(crate) stop_reason: StopReason,
    pub(crate) usage: Usage,
}

impl MessagesResponse {
    pub(crate) fn body(&self) -> Value {
        let (stop_reason, stop_sequence) = match &self.stop_reason {
            StopReason::EndTurn => ("end_turn", None),
            StopReason::MaxTokens => ("max_tokens", None),
            StopReason::StopSequence(sequence) => ("stop_sequence", Some(sequence)),
            StopReason::ToolUse => ("tool_use", None),
            StopReason::Refusal => ("refusal", None),
        };
        let stop_details = match self.stop_reason {
            StopReason::Refusal => {
                json!({"type": "refusal", "category": null, "explanation": null})
            }
            _ => Value::Null,
        };
        json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": self.content,
            "stop_reason": stop_reason,
            "stop_sequence": stop_sequence,
            "stop_details": stop_details,
            "usage": {
                "input_tokens": self.usage.input_tokens,
                "output_tokens": self.usage.output_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            },
        })
    }
}
