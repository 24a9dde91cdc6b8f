//! Amazon Nova's form of a request and of an answer, written over from and into that of the Messages API.

use serde_json::{Map, Value, json};

use super::{Exception, MessagesResponse, StopReason};

/// Every field that the body may have.
const FIELDS: &[&str] = &["inferenceConfig", "messages", "schemaVersion", "system", "toolConfig"];
/// Every field of `inferenceConfig`, with its range.
const INFERENCE: &[(&str, std::ops::RangeInclusive<f64>)] =
    &[("maxTokens", 1.0..=5_000.0), ("temperature", 0.000_01..=1.0), ("topK", 0.0..=128.0), ("topP", 0.0..=1.0)];
/// Tokens of an answer to a request that names no number.
const DEFAULT_MAX_TOKENS: u64 = 5_000;

/// The Messages body that asks the same.
///
/// # Errors
///
/// What Bedrock answers to a body that Nova does not take.
pub(super) fn as_messages(mut body: Map<String, Value>) -> Result<Map<String, Value>, Exception> {
    known(&body, FIELDS, "#")?;
    let mut asked = json!({"anthropic_version": super::request::ANTHROPIC_VERSION, "max_tokens": DEFAULT_MAX_TOKENS});
    match body.remove("inferenceConfig") {
        None => {}
        Some(Value::Object(config)) => {
            let names: Vec<_> = INFERENCE.iter().map(|(name, _)| *name).chain(["stopSequences"]).collect();
            known(&config, &names, "#/inferenceConfig")?;
            for (name, range) in INFERENCE {
                if let Some(value) = config.get(*name)
                    && !value.as_f64().is_some_and(|number| range.contains(&number))
                {
                    return Err(malformed(&format!("#/inferenceConfig/{name}: {value} is not within its range")));
                }
            }
            if let Some(most) = config.get("maxTokens") {
                asked["max_tokens"] = most.clone();
            }
            if let Some(sequences) = config.get("stopSequences") {
                asked["stop_sequences"] = sequences.clone();
            }
        }
        Some(_) => return Err(malformed("#/inferenceConfig: expected type: JSONObject")),
    }
    if let Some(system) = body.remove("system") {
        asked["system"] = system;
    }
    let Some(Value::Array(mut turns)) = body.remove("messages") else {
        return Err(malformed("#: required key [messages] not found"));
    };
    for turn in &mut turns {
        let Some(blocks) = turn["content"].as_array_mut() else {
            return Err(malformed("#/messages/0/content: expected type: JSONArray"));
        };
        for block in blocks {
            *block = as_block(block.take())?;
        }
    }
    asked["messages"] = turns.into();
    match asked {
        Value::Object(asked) => Ok(asked),
        _ => Err(malformed("#: expected type: JSONObject")),
    }
}

fn as_block(mut block: Value) -> Result<Value, Exception> {
    if let Some(text) = block.get_mut("text") {
        return Ok(json!({"type": "text", "text": text.take()}));
    }
    let Some(image) = block.get_mut("image") else {
        return Err(malformed("#/messages/0/content/0: no known key of a content block found"));
    };
    let format = image["format"].as_str().unwrap_or_default();
    let media_type = format!("image/{format}");
    let data = image["source"]["bytes"].take();
    Ok(json!({"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}))
}

fn known(object: &Map<String, Value>, names: &[&str], path: &str) -> Result<(), Exception> {
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        Some(unknown) => Err(malformed(&format!("{path}: extraneous key [{unknown}] is not permitted"))),
        None => Ok(()),
    }
}

fn malformed(what: &str) -> Exception {
    Exception::validation(format!("Malformed input request: {what}, please reformat your input and try again."))
}

/// An answer in Nova's form.
pub(crate) fn answer(response: &MessagesResponse) -> Value {
    let stop_reason = match response.stop_reason {
        StopReason::EndTurn => "end_turn",
        StopReason::MaxTokens => "max_tokens",
        StopReason::StopSequence(_) => "stop_sequence",
        StopReason::ToolUse => "tool_use",
        StopReason::Refusal => "content_filtered",
    };
    let block = |block: &Value| match block["type"].as_str() {
        Some("thinking") => json!({"reasoningContent": {"reasoningText": {"text": "[REDACTED]"}}}),
        Some("tool_use") => {
            json!({"toolUse": {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}})
        }
        _ => json!({"text": block["text"]}),
    };
    let content: Vec<_> = response.content.iter().map(block).collect();
    let usage = response.usage;
    json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason,
        "usage": {
            "inputTokens": usage.input_tokens,
            "outputTokens": usage.output_tokens,
            "totalTokens": usage.input_tokens + usage.output_tokens,
            "cacheReadInputTokenCount": 0,
            "cacheWriteInputTokenCount": 0,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::{MessagesRequest, model::resolve};
    use super::*;

    fn read(body: &Value) -> Result<MessagesRequest, Exception> {
        MessagesRequest::read(body.to_string().as_bytes(), &resolve("us.amazon.nova-lite-v1:0").unwrap())
    }

    #[test]
    fn a_question_about_an_image_is_read() {
        let png = base64_simd::STANDARD.encode_to_string(super::super::image_block::tests::png(4, 3));
        let request = read(&json!({
            "schemaVersion": "messages-v1",
            "system": [{"text": "Be brief."}],
            "messages": [{"role": "user", "content": [
                {"image": {"format": "png", "source": {"bytes": png}}}, {"text": "What is it?"},
            ]}],
            "inferenceConfig": {"topK": 1, "maxTokens": 64, "stopSequences": ["END"]},
        }))
        .unwrap();
        assert_eq!((request.system.as_str(), request.question().as_str()), ("Be brief.", "What is it?"));
        assert_eq!((request.max_tokens, request.images().count()), (64, 1));
        assert_eq!(request.stop_sequences, ["END"]);
    }

    #[test]
    fn what_nova_does_not_take_is_refused() {
        let with = |field: &str, value: Value| {
            let mut body = json!({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]});
            body[field] = value;
            body
        };
        for (body, problem) in [
            (with("anthropic_version", json!("bedrock-2023-05-31")), "extraneous key [anthropic_version]"),
            (with("max_tokens", json!(9)), "extraneous key [max_tokens]"),
            (with("inferenceConfig", json!({"temperature": 0})), "temperature: 0 is not within its range"),
            (with("inferenceConfig", json!({"maxTokens": 5_001})), "maxTokens: 5001"),
            (with("inferenceConfig", json!({"thinking": {}})), "extraneous key [thinking]"),
            (with("inferenceConfig", json!(3)), "expected type: JSONObject"),
            (json!({}), "required key [messages] not found"),
            (with("messages", json!([{"role": "user", "content": "Hi"}])), "expected type: JSONArray"),
            (with("messages", json!([{"role": "user", "content": [{"type": "image"}]}])), "no known key"),
        ] {
            let refused = read(&body).err().unwrap();
            assert_eq!(refused.status(), 400);
            assert!(refused.message.contains(problem), "{}", refused.message);
        }
    }
}
