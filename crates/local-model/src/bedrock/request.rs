//! The Messages body of a request, checked as strictly as Bedrock checks it.

use serde_json::{Map, Value};

use super::image_block::{ImageBlock, check_together};
use super::model::{Family, Model, Sampling};
use super::{Exception, nova, schema};

pub(super) const ANTHROPIC_VERSION: &str = "bedrock-2023-05-31";
const MAX_STOP_SEQUENCES: usize = 8_191;

/// Every field that the body may have.
const FIELDS: &[&str] = &[
    "amazon-bedrock-guardrailConfig",
    "anthropic_beta",
    "anthropic_version",
    "max_tokens",
    "messages",
    "metadata",
    "output_config",
    "output_format",
    "stop_sequences",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Assistant,
}

/// A part of what was said.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Text(String),
    Image(ImageBlock),
    /// A kind of block that is accepted and that nothing here reads.
    Other,
}

/// A message.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) role: Role,
    pub(crate) blocks: Vec<Block>,
}

/// A tool that the answer must call.
#[derive(Clone, PartialEq)]
pub(crate) struct ForcedTool {
    pub(crate) name: String,
    pub(crate) input_schema: Value,
}

/// A request that was accepted.
#[derive(Clone)]
pub(crate) struct MessagesRequest {
    pub(crate) max_tokens: u64,
    pub(crate) system: String,
    pub(crate) turns: Vec<Turn>,
    pub(crate) stop_sequences: Vec<String>,
    /// The schema that the answer's text must conform to.
    pub(crate) schema: Option<Value>,
    pub(crate) forced_tool: Option<ForcedTool>,
}

impl MessagesRequest {
    /// Reads the body of a request to `model`.
    ///
    /// # Errors
    ///
    /// What Bedrock answers to a body that it does not take.
    pub(crate) fn read(body: &[u8], model: &Model) -> Result<Self, Exception> {
        let body: Value = serde_json::from_slice(body).map_err(|_| malformed("not valid JSON"))?;
        let Value::Object(body) = body else {
            return Err(malformed("expected type: JSONObject"));
        };
        let body = match model.family {
            Family::Anthropic => body,
            Family::Nova => nova::as_messages(body)?,
        };
        check_version(&body)?;
        let max_tokens = max_tokens(&body, model)?;
        if let Some(field) = body.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            return Err(Exception::validation(format!("{field}: Extra inputs are not permitted")));
        }
        check_sampling(&body, model)?;
        let turns = turns(&body)?;
        check_turns(&turns, model)?;
        let images: Vec<&ImageBlock> = turns.iter().flat_map(Turn::images).collect();
        check_together(&images)?;
        Ok(Self {
            max_tokens,
            system: system(&body)?,
            stop_sequences: stop_sequences(&body)?,
            schema: output_schema(&body, model)?,
            forced_tool: forced_tool(&body, model)?,
            turns,
        })
    }

    /// All images, in order.
    pub(crate) fn images(&self) -> impl Iterator<Item = &ImageBlock> {
        self.turns.iter().flat_map(Turn::images)
    }

    /// What the user's last message says.
    pub(crate) fn question(&self) -> String {
        let last = self.turns.iter().rev().find(|turn| turn.role == Role::User);
        last.map(Turn::text).unwrap_or_default()
    }
}

impl Turn {
    fn images(&self) -> impl Iterator<Item = &ImageBlock> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Image(image) => Some(image),
            _ => None,
        })
    }

    /// Its text blocks, one after the other.
    pub(crate) fn text(&self) -> String {
        let texts = self.blocks.iter().filter_map(|block| match block {
            Block::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

fn check_version(body: &Map<String, Value>) -> Result<(), Exception> {
    match body.get("anthropic_version") {
        None => Err(required("anthropic_version")),
        Some(Value::String(version)) if version == ANTHROPIC_VERSION => Ok(()),
        Some(_) => Err(Exception::validation(format!("anthropic_version: Input should be '{ANTHROPIC_VERSION}'"))),
    }
}

fn max_tokens(body: &Map<String, Value>, model: &Model) -> Result<u64, Exception> {
    let asked = match body.get("max_tokens") {
        None => return Err(required("max_tokens")),
        Some(value) => {
            value.as_i64().ok_or_else(|| Exception::validation("max_tokens: Input should be a valid integer"))?
        }
    };
    let asked = u64::try_from(asked)
        .ok()
        .filter(|asked| *asked > 0)
        .ok_or_else(|| Exception::validation("max_tokens: Input should be greater than or equal to 1"))?;
    match model.capabilities {
        Some(capabilities) if asked > capabilities.max_output_tokens => Err(Exception::validation(format!(
            "max_tokens: {asked} > {}, which is the maximum allowed number of output tokens for {}",
            capabilities.max_output_tokens, model.name
        ))),
        _ => Ok(asked),
    }
}

fn check_sampling(body: &Map<String, Value>, model: &Model) -> Result<(), Exception> {
    let given = |field: &str| body.get(field).is_some_and(|value| !value.is_null());
    for field in ["temperature", "top_p"] {
        let value = body.get(field).filter(|value| !value.is_null());
        if let Some(value) = value
            && !value.as_f64().is_some_and(|number| (0.0..=1.0).contains(&number))
        {
            return Err(Exception::validation(format!("{field}: Input should be a number from 0 to 1")));
        }
    }
    let thinking = matches!(body.get("thinking").and_then(|thinking| thinking["type"].as_str()),
        Some(kind) if kind != "disabled");
    let first = ["temperature", "top_p", "top_k"].into_iter().find(|field| given(field));
    let (Some(field), Some(capabilities)) = (first, model.capabilities) else {
        return Ok(());
    };
    match capabilities.sampling {
        Sampling::Never => Err(Exception::validation(format!("{field} is deprecated for this model."))),
        Sampling::UnlessThinking if thinking => {
            Err(Exception::validation(format!("{field} may only be set when thinking is disabled.")))
        }
        Sampling::OneOfTwo if given("temperature") && given("top_p") => Err(Exception::validation(
            "temperature and top_p cannot both be specified for this model. Please use only one.",
        )),
        _ => Ok(()),
    }
}

fn turns(body: &Map<String, Value>) -> Result<Vec<Turn>, Exception> {
    let messages = match body.get("messages") {
        None => return Err(required("messages")),
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        Some(Value::Array(_)) => {
            return Err(Exception::validation("messages: at least one message is required"));
        }
        Some(_) => {
            return Err(Exception::validation("messages: Input should be a valid list"));
        }
    };
    messages.iter().enumerate().map(|(index, message)| turn(message, &format!("messages.{index}"))).collect()
}

fn turn(message: &Value, path: &str) -> Result<Turn, Exception> {
    let role = match message["role"].as_str() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some(_) => {
            return Err(Exception::validation(format!("{path}.role: Input should be 'user' or 'assistant'")));
        }
        None => return Err(required(&format!("{path}.role"))),
    };
    let blocks = match &message["content"] {
        Value::String(text) => vec![Block::Text(text.clone())],
        Value::Array(blocks) => blocks
            .iter()
            .enumerate()
            .map(|(index, value)| block(value, &format!("{path}.content.{index}")))
            .collect::<Result<_, _>>()?,
        Value::Null => return Err(required(&format!("{path}.content"))),
        _ => {
            return Err(Exception::validation(format!("{path}.content: Input should be a valid list")));
        }
    };
    Ok(Turn { role, blocks })
}

fn block(value: &Value, path: &str) -> Result<Block, Exception> {
    match value["type"].as_str() {
        Some("text") => match value["text"].as_str() {
            Some("") => Err(Exception::validation("messages: text content blocks must be non-empty")),
            Some(text) => Ok(Block::Text(text.to_owned())),
            None => Err(required(&format!("{path}.text.text"))),
        },
        Some("image") => match value.get("source") {
            Some(source) => ImageBlock::read(source, &format!("{path}.image")).map(Block::Image),
            None => Err(required(&format!("{path}.image.source"))),
        },
        Some("document" | "redacted_thinking" | "search_result" | "thinking" | "tool_result" | "tool_use") => {
            Ok(Block::Other)
        }
        Some(other) => Err(Exception::validation(format!(
            "{path}: Input tag '{other}' found using 'type' does not match any of the expected tags"
        ))),
        None => Err(required(&format!("{path}.type"))),
    }
}

fn check_turns(turns: &[Turn], model: &Model) -> Result<(), Exception> {
    if turns.first().is_some_and(|turn| turn.role != Role::User) {
        return Err(Exception::validation("messages: first message must use the \"user\" role"));
    }
    let last = turns.len().saturating_sub(1);
    if let Some(index) = turns
        .iter()
        .enumerate()
        .position(|(index, turn)| turn.blocks.is_empty() && !(index == last && turn.role == Role::Assistant))
    {
        return Err(Exception::validation(format!("messages.{index}: all messages must have non-empty content")));
    }
    let prefilled = turns.last().is_some_and(|turn| turn.role == Role::Assistant);
    if prefilled && model.capabilities.is_some_and(|capabilities| !capabilities.prefill) {
        return Err(Exception::validation(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    Ok(())
}

fn system(body: &Map<String, Value>) -> Result<String, Exception> {
    match body.get("system") {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(blocks)) => {
            let texts: Option<Vec<&str>> = blocks.iter().map(|block| block["text"].as_str()).collect();
            texts
                .map(|texts| texts.join("\n"))
                .ok_or_else(|| Exception::validation("system.0.text: Input should be a valid string"))
        }
        Some(_) => Err(Exception::validation("system: Input should be a valid list")),
    }
}

fn stop_sequences(body: &Map<String, Value>) -> Result<Vec<String>, Exception> {
    let invalid = || Exception::validation("stop_sequences: Input should be a valid list of non-empty strings");
    let sequences = match body.get("stop_sequences") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(sequences)) => sequences,
        Some(_) => return Err(invalid()),
    };
    if sequences.len() > MAX_STOP_SEQUENCES {
        return Err(Exception::validation(format!(
            "stop_sequences: List should have at most {MAX_STOP_SEQUENCES} items"
        )));
    }
    let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    sequences.iter().map(|value| text(value).ok_or_else(invalid)).collect()
}

fn output_schema(body: &Map<String, Value>, model: &Model) -> Result<Option<Value>, Exception> {
    let (path, format) = match (body.get("output_config"), body.get("output_format")) {
        (Some(config), _) if config.get("format").is_some_and(|format| !format.is_null()) => {
            ("output_config.format", &config["format"])
        }
        (_, Some(format)) if !format.is_null() => ("output_format", format),
        _ => return Ok(None),
    };
    if model.capabilities.is_some_and(|capabilities| !capabilities.json_schema) {
        return Err(Exception::validation(format!("{path}: Extra inputs are not permitted")));
    }
    if format["type"] != "json_schema" {
        return Err(Exception::validation(format!("{path}.type: Input should be 'json_schema'")));
    }
    let Some(asked) = format.get("schema") else {
        return Err(required(&format!("{path}.schema")));
    };
    schema::check(asked).map_err(|wrong| Exception::validation(format!("{path}.schema: {wrong}")))?;
    Ok(Some(asked.clone()))
}

fn forced_tool(body: &Map<String, Value>, model: &Model) -> Result<Option<ForcedTool>, Exception> {
    let none = Vec::new();
    let tools = match body.get("tools") {
        None | Some(Value::Null) => &none,
        Some(Value::Array(tools)) => tools,
        Some(_) => return Err(Exception::validation("tools: Input should be a valid list")),
    };
    if let Some(index) = tools.iter().position(|tool| !tool["name"].is_string()) {
        return Err(required(&format!("tools.{index}.custom.name")));
    }
    let choice = body.get("tool_choice").filter(|choice| !choice.is_null());
    let forced = match choice.map(|choice| (choice["type"].as_str(), &choice["name"])) {
        None | Some((Some("auto" | "none"), _)) => return Ok(None),
        Some((Some("any"), _)) => tools.first(),
        Some((Some("tool"), name)) => tools.iter().find(|tool| tool["name"] == *name),
        Some(_) => {
            return Err(Exception::validation("tool_choice.type: Input should be 'auto', 'any' or 'tool'"));
        }
    };
    if model.capabilities.is_some_and(|capabilities| !capabilities.forced_tool) {
        return Err(Exception::validation("tool_choice: forcing a tool is not supported for this model"));
    }
    let tool = forced.ok_or_else(|| Exception::validation("tool_choice: no such tool was given in tools"))?;
    Ok(Some(ForcedTool {
        name: tool["name"].as_str().unwrap_or_default().to_owned(),
        input_schema: tool["input_schema"].clone(),
    }))
}

fn required(path: &str) -> Exception {
    Exception::validation(format!("{path}: Field required"))
}

fn malformed(what: &str) -> Exception {
    Exception::validation(format!("Malformed input request: #: {what}, please reformat your input and try again."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::model::resolve;
    use super::*;

    const HAIKU_4_5: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
    const SONNET_4_6: &str = "us.anthropic.claude-sonnet-4-6";
    const OPUS_5_5: &str = "us.anthropic.claude-opus-5-5";
    const HAIKU_5_5: &str = "us.anthropic.claude-haiku-5-5";

    fn body(changes: &Value) -> Vec<u8> {
        let mut body = json!({
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 1_000,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        });
        for (field, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => body.as_object_mut().unwrap().remove(field),
                value => body.as_object_mut().unwrap().insert(field.clone(), value.clone()),
            };
        }
        body.to_string().into_bytes()
    }

    fn read(model: &str, changes: &Value) -> Result<MessagesRequest, Exception> {
        MessagesRequest::read(&body(changes), &resolve(model).unwrap())
    }

    #[test]
    fn text_of_system_and_question_is_read_in_both_spellings() {
        let request = read(
            HAIKU_5_5,
            &json!({
                "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
                "messages": [
                    {"role": "user", "content": "One"},
                    {"role": "assistant", "content": "Two"},
                    {"role": "user", "content": [{"type": "text", "text": "Three"}, {"type": "text", "text": "Four"}]},
                ],
            }),
        )
        .unwrap();
        assert_eq!(request.system, "Be brief.\nBe kind.");
        assert_eq!(request.question(), "Three\nFour");
    }

    #[test]
    fn what_bedrock_refuses_is_refused_with_its_words() {
        let schema =
            json!({"format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": false}}});
        let open = json!({"format": {"type": "json_schema", "schema": {"type": "object"}}});
        let tools = json!([{"name": "report", "input_schema": {"type": "object"}}]);
        for (model, changes, message) in [
            (HAIKU_5_5, json!({"anthropic_version": null}), "anthropic_version: Field required"),
            (HAIKU_5_5, json!({"anthropic_version": "2023-06-01"}), "anthropic_version: Input should be"),
            (HAIKU_5_5, json!({"max_tokens": null}), "max_tokens: Field required"),
            (HAIKU_5_5, json!({"max_tokens": "9"}), "max_tokens: Input should be a valid integer"),
            (HAIKU_5_5, json!({"max_tokens": 0}), "greater than or equal to 1"),
            (HAIKU_4_5, json!({"max_tokens": 64_001}), "64001 > 64000"),
            (HAIKU_5_5, json!({"messages": null}), "messages: Field required"),
            (HAIKU_5_5, json!({"messages": []}), "at least one message"),
            (HAIKU_5_5, json!({"messages": [{"role": "system", "content": "x"}]}), "messages.0.role"),
            (HAIKU_5_5, json!({"messages": [{"role": "assistant", "content": "x"}]}), "first message"),
            (HAIKU_5_5, json!({"messages": [{"role": "user", "content": []}]}), "non-empty content"),
            (
                HAIKU_5_5,
                json!({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}),
                "non-empty",
            ),
            (HAIKU_5_5, json!({"messages": [{"role": "user", "content": [{"type": "song"}]}]}), "Input tag 'song'"),
            (HAIKU_5_5, json!({"stream": true}), "stream: Extra inputs are not permitted"),
            (HAIKU_5_5, json!({"model": "claude"}), "model: Extra inputs are not permitted"),
            (HAIKU_5_5, json!({"temperature": 0}), "temperature is deprecated for this model"),
            (OPUS_5_5, json!({"top_k": 250}), "top_k is deprecated for this model"),
            (HAIKU_4_5, json!({"temperature": 0, "top_p": 0.9}), "cannot both be specified"),
            (HAIKU_4_5, json!({"temperature": 1.5}), "from 0 to 1"),
            (SONNET_4_6, json!({"temperature": 0, "thinking": {"type": "adaptive"}}), "thinking is disabled"),
            (
                SONNET_4_6,
                json!({"messages": [
                {"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]}),
                "prefill",
            ),
            (HAIKU_5_5, json!({"stop_sequences": [""]}), "stop_sequences"),
            (OPUS_5_5, json!({"output_config": schema}), "output_config.format: Extra inputs"),
            (HAIKU_5_5, json!({"output_config": open}), "additionalProperties"),
            (OPUS_5_5, json!({"tools": tools, "tool_choice": {"type": "any"}}), "not supported for this model"),
            (HAIKU_5_5, json!({"tools": tools, "tool_choice": {"type": "tool", "name": "x"}}), "no such tool"),
        ] {
            let refused = read(model, &changes).err().unwrap_or_else(|| panic!("accepted: {changes}"));
            assert_eq!(refused.status(), 400);
            assert!(refused.message.contains(message), "{changes}: {}", refused.message);
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_malformed() {
        for body in ["", "{", "[]", "\"text\""] {
            let refused = MessagesRequest::read(body.as_bytes(), &resolve(HAIKU_5_5).unwrap()).err().unwrap();
            assert!(refused.message.starts_with("Malformed input request"), "{body}");
        }
    }

    #[test]
    fn a_model_that_takes_a_field_gets_it() {
        assert!(read(HAIKU_4_5, &json!({"temperature": 0.5, "top_k": 5})).is_ok());
        assert!(read(SONNET_4_6, &json!({"temperature": 0})).is_ok());
        let prefill = json!({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]});
        assert!(read(HAIKU_4_5, &prefill).is_ok());
    }

    #[test]
    fn a_forced_tool_is_known_by_its_schema() {
        let tools = json!([{"name": "report", "input_schema": {"type": "object"}}]);
        let request = read(HAIKU_5_5, &json!({"tools": tools, "tool_choice": {"type": "any"}})).unwrap();
        assert!(request.forced_tool.is_some_and(|tool| tool.name == "report"));
    }
}
