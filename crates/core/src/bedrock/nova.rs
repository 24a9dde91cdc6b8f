//! The body and the answer of Amazon Nova's understanding models.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    answer::{StopReason, Usage},
    capabilities::Capabilities,
    request::Question,
};

/// The version of the body's form.
const SCHEMA_VERSION: &str = "messages-v1";

/// Where an image's base64 text belongs in a serialised body.
pub(super) const EMPTY_IMAGE: &str = r#""bytes":"""#;

/// Most tokens of an answer that may be asked for, as Nova's complete request schema has it.
const MOST_TOKENS: u32 = 5_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    schema_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<[Block<'a>; 1]>,
    messages: Vec<Message<'a>>,
    inference_config: InferenceConfig,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Block<'a> {
    Text(&'a str),
    Image { format: &'static str, source: Source },
}

#[derive(Serialize)]
struct Source {
    bytes: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InferenceConfig {
    /// One: always the likeliest token. A temperature of zero is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u32>,
    max_tokens: u32,
}

/// The body of a question, with the place of an image of this media type before its text.
pub(super) fn question(question: &Question<'_>, model: Capabilities, media_type: Option<&'static str>) -> Vec<u8> {
    let image = media_type.map(|media_type| Block::Image {
        format: media_type.strip_prefix("image/").unwrap_or(media_type),
        source: Source { bytes: "" },
    });
    let text = question.text_for(model);
    let content = image.into_iter().chain([Block::Text(&text)]).collect();
    let config = InferenceConfig { top_k: Some(1), max_tokens: question.max_tokens.min(MOST_TOKENS) };
    body(question.system, vec![Message { role: "user", content }], config)
}

/// The body of a conversation.
pub(super) fn conversation<'a>(
    system: Option<&str>,
    turns: impl Iterator<Item = (&'static str, &'a str)>,
    max_tokens: u32,
) -> Vec<u8> {
    let messages = turns.map(|(role, text)| Message { role, content: vec![Block::Text(text)] }).collect();
    body(system, messages, InferenceConfig { top_k: None, max_tokens: max_tokens.min(MOST_TOKENS) })
}

fn body(system: Option<&str>, messages: Vec<Message<'_>>, inference_config: InferenceConfig) -> Vec<u8> {
    let system = system.map(|text| [Block::Text(text)]);
    // Strings and numbers always serialise.
    serde_json::to_vec(&Body { schema_version: SCHEMA_VERSION, system, messages, inference_config }).unwrap_or_default()
}

/// The body of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    output: Output,
    pub(super) stop_reason: StopReason,
    #[serde(default)]
    usage: Tokens,
    #[serde(default, rename = "amazon-bedrock-guardrailAction")]
    pub(super) guardrail_action: Option<String>,
}

#[derive(Deserialize)]
struct Output {
    message: Said,
}

#[derive(Deserialize)]
struct Said {
    content: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tokens {
    input_tokens: u64,
    output_tokens: u64,
}

impl Answer {
    /// The blocks of its message: a text has no other field, a thought has.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.output.message.content.iter().filter_map(|block| block["text"].as_str())
    }

    pub(super) const fn usage(&self) -> Usage {
        Usage { input_tokens: self.usage.input_tokens, output_tokens: self.usage.output_tokens }
    }
}
