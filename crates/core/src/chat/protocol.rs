//! What a model is sent, and how its stream is read.

use serde::Serialize;

use super::{
    AnswerEvent, Conversation, Role, TokenCount, container::Container, messages::Messages, nova::Nova,
    progress::Progress,
};
use crate::{bedrock::Family, error::Error};

/// The language that a model's endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// What the model's family speaks on Bedrock.
    Bedrock,
    /// Chat completions, answered in server-sent events: the messages API of
    /// the containers of Text Generation Inference, DJL Serving and vLLM.
    OpenAiSse {
        /// Whether the body names the model, for a container that serves several.
        names_model: bool,
    },
    /// One text as `inputs`, answered in lines of JSON, a token each.
    JsonLines,
}

#[derive(Serialize)]
struct ChatCompletion<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    messages: Vec<Message<'a>>,
    max_tokens: u32,
    stream: bool,
    stream_options: StreamOptions,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: &'a str,
}

#[derive(Serialize)]
struct Generation {
    inputs: String,
    parameters: Parameters,
    stream: bool,
}

#[derive(Serialize)]
struct Parameters {
    max_new_tokens: u32,
    details: bool,
    return_full_text: bool,
}

impl Protocol {
    /// The body of a request that continues a conversation.
    #[must_use]
    pub fn body(self, chat: &Conversation) -> Vec<u8> {
        match self {
            Self::Bedrock => chat.bedrock_body(),
            Self::OpenAiSse { names_model } => to_json(&ChatCompletion {
                model: names_model.then_some(chat.model.name()),
                messages: chat
                    .system
                    .iter()
                    .map(|text| Message { role: "system", content: text })
                    .chain(chat.turns.iter().map(|turn| Message { role: turn.role.as_str(), content: &turn.text }))
                    .collect(),
                max_tokens: chat.max_tokens,
                stream: true,
                stream_options: StreamOptions { include_usage: true },
            }),
            Self::JsonLines => to_json(&Generation {
                inputs: as_one_text(chat),
                parameters: Parameters { max_new_tokens: chat.max_tokens, details: true, return_full_text: false },
                stream: true,
            }),
        }
    }

    /// The media type of the answer that is asked for.
    #[must_use]
    pub const fn accept(self) -> &'static str {
        match self {
            Self::Bedrock => "application/json",
            Self::OpenAiSse { .. } => "text/event-stream",
            Self::JsonLines => "application/jsonlines",
        }
    }

    /// A reader for the answer to a conversation.
    #[must_use]
    pub fn decoder(self, chat: &Conversation) -> Decoder {
        let progress = Progress::new(chat.estimated_tokens());
        Decoder {
            reader: match self {
                Self::Bedrock => match Family::of(&chat.model.base) {
                    Family::Anthropic => Reader::Messages(Messages { progress }),
                    Family::Nova => Reader::Nova(Nova { progress }),
                },
                Self::OpenAiSse { .. } | Self::JsonLines => Reader::Container(Container::new(progress)),
            },
            begun: false,
            stopped: false,
        }
    }
}

fn to_json(body: &impl Serialize) -> Vec<u8> {
    // Strings and numbers always serialise.
    serde_json::to_vec(body).unwrap_or_default()
}

/// A model without a chat template of its own gets a lone question as it is,
/// and a conversation as a script whose next line is its own.
fn as_one_text(chat: &Conversation) -> String {
    let mut inputs = String::new();
    if let Some(system) = &chat.system {
        inputs.push_str(system);
        inputs.push_str("\n\n");
    }
    if let [only] = chat.turns.as_slice() {
        inputs.push_str(&only.text);
        return inputs;
    }
    for turn in &chat.turns {
        inputs.push_str(match turn.role {
            Role::User => "User: ",
            Role::Assistant => "Assistant: ",
        });
        inputs.push_str(&turn.text);
        inputs.push('\n');
    }
    inputs.push_str("Assistant:");
    inputs
}

/// A reader of one answer's stream.
#[derive(Debug)]
pub struct Decoder {
    reader: Reader,
    begun: bool,
    stopped: bool,
}

#[derive(Debug)]
enum Reader {
    Messages(Messages),
    Nova(Nova),
    Container(Container),
}

impl Decoder {
    /// Reads the next bytes and adds what they say to `out`. What follows the
    /// model's stop is passed over.
    ///
    /// # Errors
    /// The error that the stream tells, or [`Error::ModelOutputInvalid`] for
    /// bytes of no known shape and an answer that is done and says nothing.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        if self.stopped {
            return Ok(());
        }
        self.begun |= match &mut self.reader {
            Reader::Messages(messages) => {
                messages.push(bytes, out)?;
                true
            }
            Reader::Nova(nova) => {
                nova.push(bytes, out)?;
                true
            }
            Reader::Container(container) => container.push(bytes, out)?,
        };
        self.stopped = matches!(out.last(), Some(AnswerEvent::Stop(_)));
        Ok(())
    }

    /// Ends the reading where the stream ended.
    ///
    /// # Errors
    /// As [`Self::push`], and [`Error::ModelUnavailable`] when the model had not stopped.
    pub fn finish(&mut self, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        if self.stopped {
            return Ok(());
        }
        match &mut self.reader {
            Reader::Messages(_) => {}
            Reader::Nova(nova) => nova.finish(out)?,
            Reader::Container(container) => container.finish(out)?,
        }
        self.stopped = matches!(out.last(), Some(AnswerEvent::Stop(_)));
        if self.stopped {
            return Ok(());
        }
        Err(Error::ModelUnavailable { code: "the stream ended early".into(), hint: "the model's answer is not whole" })
    }

    /// What the answer used so far.
    #[must_use]
    pub fn tokens(&self) -> TokenCount {
        match &self.reader {
            Reader::Messages(messages) => messages.progress.tokens(),
            Reader::Nova(nova) => nova.progress.tokens(),
            Reader::Container(container) => container.progress.tokens(),
        }
    }

    /// Whether the model said anything yet, if only that it begins.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.begun || self.stopped
    }
}

/// One question.
#[cfg(test)]
pub(super) fn question(text: &str) -> Conversation {
    let turns = vec![super::Turn { role: Role::User, text: text.into() }];
    Conversation { model: "m".into(), system: None, turns, max_tokens: 64 }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::chat::Turn;

    fn chat(turns: &[(Role, &str)]) -> Conversation {
        Conversation {
            model: "m".into(),
            system: Some("Be brief.".into()),
            turns: turns.iter().map(|&(role, text)| Turn { role, text: text.into() }).collect(),
            max_tokens: 64,
        }
    }

    fn body(protocol: Protocol, turns: &[(Role, &str)]) -> Value {
        serde_json::from_slice(&protocol.body(&chat(turns))).unwrap()
    }

    const TURNS: [(Role, &str); 3] = [(Role::User, "Hi"), (Role::Assistant, "Hello"), (Role::User, "Who are you?")];

    #[test]
    fn bedrock_gets_the_messages_and_no_sampling_field() {
        insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(body(Protocol::Bedrock, &TURNS)) });
    }

    #[test]
    fn a_container_with_the_messages_api_gets_a_chat_completion_that_streams() {
        let asked = body(Protocol::OpenAiSse { names_model: false }, &TURNS);
        insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(asked) });
        assert_eq!(body(Protocol::OpenAiSse { names_model: true }, &TURNS)["model"], "m");
    }

    #[test]
    fn a_container_of_tokens_gets_one_text() {
        let asked = body(Protocol::JsonLines, &TURNS);
        insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(asked) });
        assert_eq!(body(Protocol::JsonLines, &TURNS[..1])["inputs"], json!("Be brief.\n\nHi"));
    }

    #[test]
    fn a_stream_has_begun_with_its_first_event_and_not_with_half_of_it() {
        let mut out = Vec::new();
        let mut decoder = Protocol::JsonLines.decoder(&question("Hi"));
        for (part, begun) in [("{\"token\":", false), ("{\"text\":\"a\"}}", false), ("\n", true)] {
            decoder.push(part.as_bytes(), &mut out).unwrap();
            assert_eq!(decoder.has_begun(), begun, "{part}");
        }
        let mut decoder = Protocol::Bedrock.decoder(&question("Hi"));
        assert!(!decoder.has_begun());
        decoder.push(br#"{"type": "message_start"}"#, &mut out).unwrap();
        assert!(decoder.has_begun());
    }
}
