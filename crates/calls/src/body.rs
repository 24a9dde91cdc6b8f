//! The bodies of requests and answers, in the forms that models have: where
//! their texts, tokens, times and reasons stand.
//!
//! Forms are told by their fields, not by the model's id: a profile's id need
//! not name the model.

use serde_json::Value;

/// Where an answer, or an event of its stream, has a text.
const TEXTS: &[&str] = &[
    "/completion",                   // Claude 2
    "/delta/text",                   // Messages and ConverseStream, event
    "/delta/partial_json",           // Messages, event of a tool's input
    "/contentBlockDelta/delta/text", // ConverseStream, event
    "/contentBlockDelta/delta/toolUse/input",
    "/content_block/text",        // Messages, event
    "/generation",                // Llama
    "/outputText",                // Titan, event
    "/results/0/outputText",      // Titan
    "/outputs/0/text",            // Mistral
    "/choices/0/message/content", // OpenAI
    "/choices/0/delta/content",   // OpenAI, event
    "/choices/0/text",
    "/generations/0/text", // Cohere
    "/text",               // Cohere
];
/// Where it has blocks of content.
const BLOCKS: &[&str] = &["/content", "/message/content", "/output/message/content"];
/// Where it says why it ended.
const STOP_REASONS: &[&str] = &[
    "/stop_reason",
    "/delta/stop_reason",
    "/stopReason",
    "/messageStop/stopReason",
    "/results/0/completionReason",
    "/completionReason",
    "/outputs/0/stop_reason",
    "/choices/0/finish_reason",
    "/generations/0/finish_reason",
    "/finish_reason",
];
const INPUT_TOKENS: &[&str] = &[
    "/usage/input_tokens",
    "/message/usage/input_tokens",
    "/usage/inputTokens",
    "/metadata/usage/inputTokens",
    "/usage/prompt_tokens",
    "/prompt_token_count",
    "/inputTextTokenCount",
    "/amazon-bedrock-invocationMetrics/inputTokenCount",
];
const OUTPUT_TOKENS: &[&str] = &[
    "/message/usage/output_tokens",
    "/usage/output_tokens",
    "/usage/outputTokens",
    "/metadata/usage/outputTokens",
    "/usage/completion_tokens",
    "/generation_token_count",
    "/results/0/tokenCount",
    "/amazon-bedrock-invocationMetrics/outputTokenCount",
];
const CACHE_READ_TOKENS: &[&str] = &[
    "/usage/cache_read_input_tokens",
    "/message/usage/cache_read_input_tokens",
    "/usage/cacheReadInputTokens",
    "/metadata/usage/cacheReadInputTokens",
];
const CACHE_WRITE_TOKENS: &[&str] = &[
    "/usage/cache_creation_input_tokens",
    "/message/usage/cache_creation_input_tokens",
    "/usage/cacheWriteInputTokens",
    "/metadata/usage/cacheWriteInputTokens",
];
const LATENCY: &[&str] =
    &["/amazon-bedrock-invocationMetrics/invocationLatency", "/metrics/latencyMs", "/metadata/metrics/latencyMs"];
const FIRST_BYTE: &[&str] = &["/amazon-bedrock-invocationMetrics/firstByteLatency"];
/// Where a request that is no conversation has its text.
const PROMPTS: &[&str] = &["/prompt", "/inputText", "/message", "/textToImageParams/text"];

/// A text, and what came with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    /// `None` when nothing is known to be a text.
    pub(crate) text: Option<String>,
    pub(crate) attachments: usize,
}

/// What an answer tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) text: Text,
    pub(crate) stop_reason: Option<String>,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) cache_read_tokens: Option<u64>,
    pub(crate) cache_write_tokens: Option<u64>,
    pub(crate) latency_ms: Option<u64>,
    pub(crate) first_byte_ms: Option<u64>,
}

/// Reads the body of a request.
pub(crate) fn question(body: &Value) -> Text {
    let mut read = Text::default();
    if let Value::String(text) = body {
        read.text = Some(text.clone());
        return read;
    }
    let turns = body.get("messages").and_then(Value::as_array);
    let Some(turns) = turns else {
        read.text = PROMPTS.iter().find_map(|path| body.pointer(path)?.as_str()).map(str::to_owned);
        return read;
    };
    let mut parts = Vec::new();
    for (role, content) in body
        .get("system")
        .map(|system| ("system", system))
        .into_iter()
        .chain(turns.iter().map(|turn| (turn["role"].as_str().unwrap_or("unknown"), &turn["content"])))
    {
        let mut text = String::new();
        append_content(content, &mut text, &mut read.attachments);
        parts.push((role, text));
    }
    read.text = Some(match parts.as_slice() {
        [("user", text)] => text.clone(),
        parts => parts.iter().map(|(role, text)| format!("{role}: {text}")).collect::<Vec<_>>().join("\n\n"),
    });
    read
}

/// Reads the body of an answer: one document, or the events of a stream.
pub(crate) fn answer(body: &Value) -> Answer {
    let mut read = Answer::default();
    match body {
        Value::Array(events) => {
            for event in events {
                read.take(event);
            }
        }
        Value::String(text) => read.text.text = Some(text.clone()),
        document => read.take(document),
    }
    read
}

impl Answer {
    fn take(&mut self, event: &Value) {
        for path in BLOCKS {
            if let Some(content) = event.pointer(path).filter(|content| content.is_array()) {
                let text = self.text.text.get_or_insert_default();
                append_content(content, text, &mut self.text.attachments);
            }
        }
        for path in TEXTS {
            if let Some(piece) = event.pointer(path).and_then(Value::as_str) {
                self.text.text.get_or_insert_default().push_str(piece);
            }
        }
        if let Some(reason) = STOP_REASONS.iter().find_map(|path| event.pointer(path)?.as_str()) {
            self.stop_reason = Some(reason.to_owned());
        }
        // A stream counts on: its last word is the whole count.
        for (paths, number) in [
            (INPUT_TOKENS, &mut self.input_tokens),
            (OUTPUT_TOKENS, &mut self.output_tokens),
            (CACHE_READ_TOKENS, &mut self.cache_read_tokens),
            (CACHE_WRITE_TOKENS, &mut self.cache_write_tokens),
            (LATENCY, &mut self.latency_ms),
            (FIRST_BYTE, &mut self.first_byte_ms),
        ] {
            if let Some(found) = paths.iter().rev().find_map(|path| event.pointer(path)?.as_u64()) {
                *number = Some(found);
            }
        }
    }
}

/// Adds what blocks of content say, a line for each, and counts what is no text.
fn append_content(content: &Value, text: &mut String, attachments: &mut usize) {
    let blocks = match content {
        Value::String(whole) => {
            text.push_str(whole);
            return;
        }
        Value::Array(blocks) => blocks,
        _ => return,
    };
    for block in blocks {
        if let Some(piece) = block.as_str().or_else(|| block["text"].as_str()) {
            append_line(text, piece);
            continue;
        }
        match block["type"].as_str() {
            Some("image" | "document") => *attachments += 1,
            Some("tool_use") => append_line(text, &block["input"].to_string()),
            Some("tool_result") => {
                let mut result = String::new();
                append_content(&block["content"], &mut result, attachments);
                append_line(text, &result);
            }
            Some(_) => {}
            None => {
                if ["image", "document", "video", "audio"].iter().any(|kind| block.get(kind).is_some()) {
                    *attachments += 1;
                } else if let Some(input) = block.pointer("/toolUse/input") {
                    append_line(text, &input.to_string());
                } else if let Some(result) = block.pointer("/toolResult/content") {
                    let mut inner = String::new();
                    append_content(result, &mut inner, attachments);
                    append_line(text, &inner);
                }
            }
        }
    }
}

fn append_line(text: &mut String, piece: &str) {
    if !text.is_empty() && !piece.is_empty() {
        text.push('\n');
    }
    text.push_str(piece);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_text_of_a_question_is_found_in_every_form() {
        let user = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
        let image = json!({"type": "image", "source": {"type": "base64", "data": "AAAA"}});
        let cases = [
            (user(json!("안녕")), Some("안녕"), 0),
            (user(json!([{"type": "text", "text": "a"}, image, {"type": "text", "text": "b"}])), Some("a\nb"), 1),
            (user(json!([{"text": "a"}, {"image": {"format": "png"}}, {"document": {}}])), Some("a"), 2),
            (user(json!([])), Some(""), 0),
            (user(json!(null)), Some(""), 0),
            (json!({"messages": []}), Some(""), 0),
            (
                json!({"system": "be brief", "messages": [{"role": "user", "content": "a"},
                {"role": "assistant", "content": [{"type": "tool_use", "name": "t", "input": {"x": 1}}]},
                {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": "r"}]}]}]}),
                Some("system: be brief\n\nuser: a\n\nassistant: {\"x\":1}\n\nuser: r"),
                0,
            ),
            (
                json!({"system": [{"text": "s"}], "messages": [{"role": "user", "content": [{"text": "a"}]}]}),
                Some("system: s\n\nuser: a"),
                0,
            ),
            (json!({"messages": [{}]}), Some("unknown: "), 0),
            (
                json!({"prompt": "\n\nHuman: Hello\n\nAssistant:", "max_tokens_to_sample": 300}),
                Some("\n\nHuman: Hello\n\nAssistant:"),
                0,
            ),
            (json!({"inputText": "titan"}), Some("titan"), 0),
            (json!({"message": "cohere", "chat_history": []}), Some("cohere"), 0),
            (json!("a text"), Some("a text"), 0),
            (json!({"something": "else"}), None, 0),
            (json!([1, 2]), None, 0),
            (json!(null), None, 0),
        ];
        for (body, text, attachments) in cases {
            let read = question(&body);
            assert_eq!((read.text.as_deref(), read.attachments), (text, attachments), "{body}");
        }
    }

    #[test]
    fn the_text_and_the_end_of_an_answer_are_found_in_every_form() {
        let cases = [
            (
                json!({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "hi"}], "stop_reason": "end_turn"}),
                Some("hi"),
                Some("end_turn"),
            ),
            (json!({"content": [], "stop_reason": "refusal"}), Some(""), Some("refusal")),
            (
                json!({"content": [{"type": "tool_use", "input": {"a": 1}}], "stop_reason": "tool_use"}),
                Some("{\"a\":1}"),
                Some("tool_use"),
            ),
            (
                json!({"completion": " Hello", "stop_reason": "stop_sequence", "stop": "\n\nHuman:"}),
                Some(" Hello"),
                Some("stop_sequence"),
            ),
            (
                json!({"output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}}, "stopReason": "max_tokens"}),
                Some("hi"),
                Some("max_tokens"),
            ),
            (json!({"generation": "llama", "stop_reason": "length"}), Some("llama"), Some("length")),
            (
                json!({"results": [{"outputText": "titan", "completionReason": "FINISH"}]}),
                Some("titan"),
                Some("FINISH"),
            ),
            (json!({"outputs": [{"text": "mistral", "stop_reason": "stop"}]}), Some("mistral"), Some("stop")),
            (json!({"choices": [{"message": {"content": "gpt"}, "finish_reason": "stop"}]}), Some("gpt"), Some("stop")),
            (
                json!({"generations": [{"text": "cohere", "finish_reason": "COMPLETE"}]}),
                Some("cohere"),
                Some("COMPLETE"),
            ),
            (json!("plain"), Some("plain"), None),
            (json!({"embedding": [0.1]}), None, None),
            (json!([]), None, None),
            (json!(null), None, None),
            (json!([null, 1, "x", {}]), None, None),
        ];
        for (body, text, stop_reason) in cases {
            let read = answer(&body);
            assert_eq!((read.text.text.as_deref(), read.stop_reason.as_deref()), (text, stop_reason), "{body}");
        }
    }

    #[test]
    fn a_stream_of_messages_is_put_together() {
        let events = json!([
            {"type": "message_start", "message": {"role": "assistant", "content": [], "usage": {"input_tokens": 25, "output_tokens": 1, "cache_read_input_tokens": 7}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "ping"},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "안"}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "녕"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": {"output_tokens": 15}},
            {"type": "message_stop", "amazon-bedrock-invocationMetrics":
                {"inputTokenCount": 25, "outputTokenCount": 15, "invocationLatency": 812, "firstByteLatency": 301}},
        ]);
        let read = answer(&events);
        assert_eq!(
            read,
            Answer {
                text: Text { text: Some("안녕".into()), attachments: 0 },
                stop_reason: Some("end_turn".into()),
                input_tokens: Some(25),
                output_tokens: Some(15),
                cache_read_tokens: Some(7),
                cache_write_tokens: None,
                latency_ms: Some(812),
                first_byte_ms: Some(301),
            }
        );
    }

    #[test]
    fn a_stream_of_claude_2_is_put_together() {
        let events = json!([
            {"completion": " Hello", "stop_reason": null, "stop": null},
            {"completion": "!", "stop_reason": null, "stop": null},
            {"completion": "", "stop_reason": "stop_sequence", "stop": "\n\nHuman:", "amazon-bedrock-invocationMetrics":
                {"inputTokenCount": 10, "outputTokenCount": 6, "invocationLatency": 765, "firstByteLatency": 690}},
        ]);
        let read = answer(&events);
        assert_eq!(read.text.text.as_deref(), Some(" Hello!"));
        assert_eq!(read.stop_reason.as_deref(), Some("stop_sequence"));
        assert_eq!((read.input_tokens, read.output_tokens), (Some(10), Some(6)));
        assert_eq!((read.latency_ms, read.first_byte_ms), (Some(765), Some(690)));
    }

    #[test]
    fn a_stream_of_converse_is_put_together() {
        let events = json!([
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": "he"}, "contentBlockIndex": 0}},
            {"contentBlockDelta": {"delta": {"text": "llo"}, "contentBlockIndex": 0}},
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}, "metrics": {"latencyMs": 44}}},
        ]);
        let read = answer(&events);
        assert_eq!((read.text.text.as_deref(), read.stop_reason.as_deref()), (Some("hello"), Some("end_turn")));
        assert_eq!((read.input_tokens, read.output_tokens, read.latency_ms), (Some(3), Some(2), Some(44)));
    }
}
