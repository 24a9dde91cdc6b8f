//! Why a model stopped, whatever its protocol calls it.

/// Why a model stopped. Its names on the wire are those of Claude's Messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It was done.
    EndTurn,
    /// It came to a text that ends an answer.
    StopSequence,
    /// It reached the most tokens of an answer.
    MaxTokens,
    /// The conversation fills its context window.
    ContextWindow,
    /// It declined to answer, or to go on.
    Refusal,
    /// A guardrail stopped it.
    Guardrail,
    /// It wants a tool's result, and no tool is run here.
    ToolUse,
    /// A reason that is not known, in the model's own word.
    Other(String),
}

impl StopReason {
    /// The reason that a Messages model or a container gives; none for a blank
    /// or `null`, which containers write into every chunk.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let name = name.trim();
        Some(match name.to_ascii_lowercase().as_str() {
            "" | "null" | "none" => return None,
            "end_turn" | "stop" | "eos" | "eos_token" | "complete" => Self::EndTurn,
            "stop_sequence" => Self::StopSequence,
            "max_tokens" | "length" => Self::MaxTokens,
            "model_context_window_exceeded" | "model_length" => Self::ContextWindow,
            "refusal" | "content_filter" | "content_filtered" => Self::Refusal,
            "guardrail_intervened" => Self::Guardrail,
            "tool_use" | "tool_calls" | "tool_call" | "function_call" => Self::ToolUse,
            _ => Self::Other(name.to_owned()),
        })
    }

    /// Its name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::EndTurn => "end_turn",
            Self::StopSequence => "stop_sequence",
            Self::MaxTokens => "max_tokens",
            Self::ContextWindow => "model_context_window_exceeded",
            Self::Refusal => "refusal",
            Self::Guardrail => "guardrail_intervened",
            Self::ToolUse => "tool_use",
            Self::Other(name) => name,
        }
    }

    /// What is wrong with an answer that ends so; nothing when it is whole.
    #[must_use]
    pub const fn problem(&self) -> Option<&'static str> {
        match self {
            Self::EndTurn | Self::StopSequence => None,
            Self::MaxTokens => Some("it was cut at max_tokens"),
            Self::ContextWindow => Some("it was cut where the model's context window ended"),
            Self::Refusal => Some("the model declined to answer, or to go on"),
            Self::Guardrail => Some("a guardrail intervened"),
            Self::ToolUse => Some("the model called a tool, and none is run here"),
            Self::Other(_) => Some("the model stopped for a reason that is not known here"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_only_for_a_reason_that_says_so() {
        for name in ["end_turn", "stop", "STOP", "eos_token", "stop_sequence"] {
            assert_eq!(StopReason::of(name).unwrap().problem(), None, "{name}");
        }
        for (name, on_the_wire) in [
            ("length", "max_tokens"),
            ("model_length", "model_context_window_exceeded"),
            ("content_filter", "refusal"),
            ("guardrail_intervened", "guardrail_intervened"),
            ("tool_calls", "tool_use"),
            ("function_call", "tool_use"),
            ("pause_turn", "pause_turn"),
            ("Meteor", "Meteor"),
        ] {
            let reason = StopReason::of(name).unwrap();
            assert!(reason.as_str() == on_the_wire && reason.problem().is_some(), "{name}");
        }
        for name in ["", " ", "null"] {
            assert_eq!(StopReason::of(name), None, "{name:?}");
        }
    }
}
