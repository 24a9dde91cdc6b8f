//! What goes to a streaming function, and what comes back.

use serde::{Deserialize, Serialize};

use crate::sse::ServerEvent;

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    User,
    Assistant,
}

/// What somebody said.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Message {
    pub(crate) role: Role,
    pub(crate) content: String,
}

/// The body of a request.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Ask {
    pub(crate) messages: Vec<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
}

/// What an answer cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    /// Whether some of them are estimated, not counted.
    #[serde(default)]
    pub(crate) estimated: bool,
}

/// What the model wants a tool to do. Nobody here runs one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    /// JSON, if all is well.
    pub(crate) arguments: String,
}

/// What a function sends while it answers.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Told {
    Start { model: Option<String> },
    Delta(String),
    ToolCall(ToolCall),
    Usage(Usage),
    Error(CodedError),
    End { stop_reason: Option<String> },
}

/// An error that has a code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct CodedError {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// The models that a function may be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Models {
    pub(crate) models: Vec<String>,
    pub(crate) default: Option<String>,
}

/// An event that does not hold what its name promises.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event `{0}` does not hold what it should")]
pub(crate) struct BadEvent(String);

/// What an event says; `None` for an event whose name is not known.
pub(crate) fn told(event: &ServerEvent) -> Result<Option<Told>, BadEvent> {
    #[derive(Deserialize)]
    struct Start {
        model: Option<String>,
    }
    #[derive(Deserialize)]
    struct Delta {
        text: String,
    }
    #[derive(Deserialize)]
    struct End {
        stop_reason: Option<String>,
    }
    let data = event.data.as_str();
    let told = match event.name.as_str() {
        "start" => serde_json::from_str(data).map(|Start { model }| Told::Start { model }),
        "delta" => serde_json::from_str(data).map(|Delta { text }| Told::Delta(text)),
        "tool_call" => serde_json::from_str(data).map(Told::ToolCall),
        "usage" => serde_json::from_str(data).map(Told::Usage),
        "error" => serde_json::from_str(data).map(Told::Error),
        "end" => serde_json::from_str(data).map(|End { stop_reason }| Told::End { stop_reason }),
        _ => return Ok(None),
    };
    told.map(Some).map_err(|_| BadEvent(event.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> ServerEvent {
        ServerEvent { name: name.into(), data: data.into() }
    }

    #[test]
    fn each_event_tells_what_its_name_says() {
        for (name, data, expected) in [
            ("start", r#"{"id":"1","model":"m"}"#, Some(Told::Start { model: Some("m".into()) })),
            ("delta", r#"{"text":"안"}"#, Some(Told::Delta("안".into()))),
            (
                "usage",
                r#"{"input_tokens":3,"output_tokens":4}"#,
                Some(Told::Usage(Usage { input_tokens: 3, output_tokens: 4, estimated: false })),
            ),
            (
                "usage",
                r#"{"input_tokens":3,"output_tokens":4,"estimated":true}"#,
                Some(Told::Usage(Usage { input_tokens: 3, output_tokens: 4, estimated: true })),
            ),
            (
                "tool_call",
                r#"{"name":"get_time","arguments":"{}"}"#,
                Some(Told::ToolCall(ToolCall { name: "get_time".into(), arguments: "{}".into() })),
            ),
            ("end", r#"{"stop_reason":"end_turn"}"#, Some(Told::End { stop_reason: Some("end_turn".into()) })),
            ("end", r#"{"stop_reason":null}"#, Some(Told::End { stop_reason: None })),
            ("of-tomorrow", "anything", None),
            ("", "{}", None),
        ] {
            assert_eq!(told(&event(name, data)), Ok(expected), "{name}");
        }
        for (name, data) in [("delta", "{}"), ("delta", "text"), ("error", r#"{"code":"x"}"#), ("usage", "[]")] {
            assert_eq!(told(&event(name, data)), Err(BadEvent(name.into())), "{data}");
        }
    }

    #[test]
    fn a_request_holds_only_what_was_chosen() {
        let mut ask =
            Ask { messages: vec![Message { role: Role::User, content: "야 안녕?".into() }], ..Ask::default() };
        let written = |ask: &Ask| serde_json::to_string(ask).unwrap();
        assert_eq!(written(&ask), r#"{"messages":[{"role":"user","content":"야 안녕?"}]}"#);
        ask.system = Some("Be brief.".into());
        ask.max_tokens = Some(9);
        ask.model = Some("m".into());
        assert!(written(&ask).ends_with(r#"],"system":"Be brief.","max_tokens":9,"model":"m"}"#));
    }
}
