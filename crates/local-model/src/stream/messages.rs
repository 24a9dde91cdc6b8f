//! The Messages stream: an answer, event by event.

use std::time::Duration;

use serde_json::{Value, json};

use super::words;

/// The events of an answer of the Messages API.
pub(super) fn events(answer: &Value, latency: Duration) -> Vec<Value> {
    let mut message = answer.clone();
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    message["stop_sequence"] = Value::Null;
    // What is counted at the beginning is the question, and the answer's first token.
    message["usage"]["output_tokens"] = answer["usage"]["output_tokens"].as_u64().map_or(0, |all| all.min(1)).into();
    let mut events = vec![json!({"type": "message_start", "message": message})];
    for (index, block) in answer["content"].as_array().into_iter().flatten().enumerate() {
        let (empty, deltas) = parts(block);
        events.push(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        let deltas = deltas.into_iter();
        events.extend(deltas.map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let end = ["stop_reason", "stop_sequence"].map(|field| (field.to_owned(), answer[field].clone()));
    events.push(json!({
        "type": "message_delta",
        "delta": Value::Object(end.into_iter().collect()),
        "usage": {"output_tokens": answer["usage"]["output_tokens"]},
    }));
    let milliseconds = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    events.push(json!({
        "type": "message_stop",
        "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": answer["usage"]["input_tokens"],
            "outputTokenCount": answer["usage"]["output_tokens"],
            "invocationLatency": milliseconds,
            "firstByteLatency": milliseconds,
        },
    }));
    events
}

/// A block as it begins, and what is added to it.
fn parts(block: &Value) -> (Value, Vec<Value>) {
    let text = |field: &str| block[field].as_str().unwrap_or_default().to_owned();
    match block["type"].as_str() {
        Some("text") => {
            let deltas = words(&text("text")).map(|word| json!({"type": "text_delta", "text": word})).collect();
            (json!({"type": "text", "text": ""}), deltas)
        }
        Some("thinking") => {
            let thinking = text("thinking");
            let words = words(&thinking).map(|word| json!({"type": "thinking_delta", "thinking": word}));
            let signature = json!({"type": "signature_delta", "signature": block["signature"]});
            (json!({"type": "thinking", "thinking": "", "signature": ""}), words.chain([signature]).collect())
        }
        Some("tool_use") => {
            let input = block["input"].to_string();
            let deltas = words(&input).map(|part| json!({"type": "input_json_delta", "partial_json": part})).collect();
            (json!({"type": "tool_use", "id": block["id"], "name": block["name"], "input": {}}), deltas)
        }
        _ => (block.clone(), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_the_events_that_bedrock_sends() {
        let answer = json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [
                {"type": "thinking", "thinking": "I look.", "signature": "sig"},
                {"type": "text", "text": "안녕 you\nthere"},
            ],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {"input_tokens": 5, "output_tokens": 9},
        });
        let events = events(&answer, Duration::from_millis(7));
        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        let expected = [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ];
        assert_eq!(kinds, expected);
        let start = &events[0]["message"];
        assert_eq!((&start["content"], &start["stop_reason"]), (&json!([]), &Value::Null));
        assert_eq!(start["usage"], json!({"input_tokens": 5, "output_tokens": 1}));
        let text: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
        assert_eq!(text, "안녕 you\nthere");
        assert_eq!(events[4]["delta"], json!({"type": "signature_delta", "signature": "sig"}));
        assert_eq!(events[11]["delta"]["stop_reason"], "end_turn");
        assert_eq!(events[11]["usage"], json!({"output_tokens": 9}));
        let metrics = &events[12]["amazon-bedrock-invocationMetrics"];
        assert_eq!((&metrics["inputTokenCount"], &metrics["outputTokenCount"]), (&json!(5), &json!(9)));
    }

    #[test]
    fn a_tools_input_comes_in_parts_that_make_it_up() {
        let input = json!({"title": "a b c", "level": 2});
        let (empty, deltas) = parts(&json!({"type": "tool_use", "id": "t", "name": "report", "input": input}));
        assert_eq!(empty["input"], json!({}));
        let joined: String = deltas.iter().map(|delta| delta["partial_json"].as_str().unwrap()).collect();
        assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), input);
    }
}
