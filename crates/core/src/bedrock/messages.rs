//! The body of Claude's Messages API.

use serde::Serialize;
use serde_json::Value;

use super::{capabilities::Capabilities, request::Question};

/// The only version string that Bedrock takes.
const ANTHROPIC_VERSION: &str = "bedrock-2023-05-31";

/// Where an image's base64 text belongs in a serialised body.
pub(super) const EMPTY_IMAGE: &str = r#""data":"""#;

#[derive(Serialize)]
struct Body<'a> {
    anthropic_version: &'static str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'a str>,
    messages: Vec<Message<'a>>,
    // What can be left out stands last, in the order of `OptionalField`, which takes it out again.
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Thinking {
    Disabled,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Image { source: Source },
    Text { text: &'a str },
}

#[derive(Serialize)]
struct Source {
    r#type: &'static str,
    media_type: &'static str,
    data: &'static str,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    format: Format<'a>,
}

#[derive(Serialize)]
struct Format<'a> {
    r#type: &'static str,
    schema: &'a Value,
}

/// The body of a question, with the place of an image of this media type before its text.
pub(super) fn question(question: &Question<'_>, model: Capabilities, media_type: Option<&'static str>) -> Vec<u8> {
    let image = media_type.map(|media_type| Block::Image { source: Source { r#type: "base64", media_type, data: "" } });
    let text = question.text_for(model);
    let content = image.into_iter().chain([Block::Text { text: &text }]).collect();
    serialize(&Body {
        anthropic_version: ANTHROPIC_VERSION,
        max_tokens: question.max_tokens,
        system: question.system,
        messages: vec![Message { role: "user", content }],
        temperature: model.temperature.then_some(0.0),
        thinking: model.thinking_off.then_some(Thinking::Disabled),
        output_config: question
            .schema_for(model)
            .map(|schema| OutputConfig { format: Format { r#type: "json_schema", schema } }),
    })
}

/// The body of a conversation.
pub(super) fn conversation<'a>(
    system: Option<&str>,
    turns: impl Iterator<Item = (&'static str, &'a str)>,
    max_tokens: u32,
) -> Vec<u8> {
    serialize(&Body {
        anthropic_version: ANTHROPIC_VERSION,
        max_tokens,
        temperature: None,
        thinking: None,
        system,
        messages: turns.map(|(role, text)| Message { role, content: vec![Block::Text { text }] }).collect(),
        output_config: None,
    })
}

fn serialize(body: &Body<'_>) -> Vec<u8> {
    // Strings, numbers and a `Value` always serialise.
    serde_json::to_vec(body).unwrap_or_default()
}
