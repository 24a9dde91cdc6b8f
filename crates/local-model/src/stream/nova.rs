//! The stream of a Nova answer, event by event.

use std::time::Duration;

use serde_json::{Value, json};

use super::words;

/// The events of an answer in Nova's form.
pub(super) fn events(answer: &Value, latency: Duration) -> Vec<Value> {
    let mut events = vec![json!({"messageStart": {"role": "assistant"}})];
    for (index, block) in answer["output"]["message"]["content"].as_array().into_iter().flatten().enumerate() {
        let delta = |delta: Value| json!({"contentBlockDelta": {"delta": delta, "contentBlockIndex": index}});
        if let Some(text) = block["text"].as_str() {
            events.extend(words(text).map(|word| delta(json!({"text": word}))));
        } else if let Some(tool) = block.get("toolUse") {
            let start = json!({"toolUse": {"toolUseId": tool["toolUseId"], "name": tool["name"]}});
            events.push(json!({"contentBlockStart": {"start": start, "contentBlockIndex": index}}));
            events.extend(words(&tool["input"].to_string()).map(|part| delta(json!({"toolUse": {"input": part}}))));
        } else {
            events.push(delta(block.clone()));
        }
        events.push(json!({"contentBlockStop": {"contentBlockIndex": index}}));
    }
    events.push(json!({"messageStop": {"stopReason": answer["stopReason"]}}));
    let milliseconds = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    events.push(json!({
        "metadata": {"usage": answer["usage"], "metrics": {}, "trace": {}},
        "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": answer["usage"]["inputTokens"],
            "outputTokenCount": answer["usage"]["outputTokens"],
            "invocationLatency": milliseconds,
            "firstByteLatency": milliseconds,
        },
    }));
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_the_events_that_bedrock_sends() {
        let answer = json!({
            "output": {"message": {"role": "assistant", "content": [
                {"text": "안녕 you\nthere"},
                {"toolUse": {"toolUseId": "t", "name": "report", "input": {"level": "a b"}}},
            ]}},
            "stopReason": "tool_use",
            "usage": {"inputTokens": 5, "outputTokens": 9, "totalTokens": 14},
        });
        let events = events(&answer, Duration::from_millis(7));
        let delta = |event: &Value, path: &str| {
            event["contentBlockDelta"]["delta"].pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let text: String = events.iter().map(|event| delta(event, "/text")).collect();
        assert_eq!(text, "안녕 you\nthere");
        let input: String = events.iter().map(|event| delta(event, "/toolUse/input")).collect();
        assert_eq!(serde_json::from_str::<Value>(&input).unwrap(), json!({"level": "a b"}));
        let [.., stop, last] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(stop["messageStop"]["stopReason"], "tool_use");
        assert_eq!(last["metadata"]["usage"]["outputTokens"], json!(9));
        assert_eq!(last["amazon-bedrock-invocationMetrics"]["inputTokenCount"], json!(5));
    }
}
