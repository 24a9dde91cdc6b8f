//! The bodies of requests and answers, in the forms that models have: where
//! their texts, tokens, times and reasons stand.
//!
//! Forms are recognised by their fields, not by the model's id: a profile's id need
//! not name the model.

use std::borrow::Cow;

use serde_json::Value;

use crate::data::without_data;

/// Where an answer, or an event of its stream, has a text.
const TEXTS: &[&str] = &[
    "/completion",                   // Claude 2
    "/delta/text",                   // Messages and ConverseStream, event
    "/delta/partial_json",           // Messages, event of a tool's input
    "/contentBlockDelta/delta/text", // ConverseStream, event
    "/contentBlockDelta/delta/toolUse/input",
    "/content_block/text",      // Messages, event
    "/generation",              // Llama
    "/outputText",              // Titan, event
    "/results/0/outputText",    // Titan
    "/outputs/0/text",          // Mistral
    "/generations/0/text",      // Cohere
    "/text",                    // Cohere
    "/completions/0/data/text", // AI21
];
/// Where the first choice has one: of `OpenAI`, Mistral, `DeepSeek`.
const CHOICE_TEXTS: &[&str] = &["/message/content", "/delta/content", "/text"];
/// Where the first choice calls tools.
const CHOICE_CALLS: &[&str] = &["/message/tool_calls", "/delta/tool_calls"];
const CHOICE_STOP_REASONS: &[&str] = &["/finish_reason", "/stop_reason"];
/// Where it has blocks of content.
const BLOCKS: &[&str] = &["/content", "/message/content", "/output/message/content"];
/// What Bedrock adds to an answer that a guardrail saw.
const GUARDRAIL_ACTIONS: &[&str] = &["/amazon-bedrock-guardrailAction", "/message/amazon-bedrock-guardrailAction"];
/// The reason that Converse gives for the same.
const GUARDRAIL_INTERVENED: &str = "guardrail_intervened";
/// Where it says why it ended.
const STOP_REASONS: &[&str] = &[
    "/stop_reason",
    "/delta/stop_reason",
    "/stopReason",
    "/messageStop/stopReason",
    "/results/0/completionReason",
    "/completionReason",
    "/outputs/0/stop_reason",
    "/generations/0/finish_reason",
    "/finish_reason",
    "/finish_reasons/0",
    "/completions/0/finishReason/reason",
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
/// Where tokens are counted, those of a cache among them.
const USAGES: &[&str] = &["/usage", "/message/usage", "/metadata/usage", "/amazon-bedrock-invocationMetrics"];
const LATENCY: &[&str] =
    &["/amazon-bedrock-invocationMetrics/invocationLatency", "/metrics/latencyMs", "/metadata/metrics/latencyMs"];
const FIRST_BYTE: &[&str] = &["/amazon-bedrock-invocationMetrics/firstByteLatency"];
/// Where a request that is not a conversation has its text.
const PROMPTS: &[&str] = &["/prompt", "/inputText", "/message", "/text_prompts/0/text", "/query"];

/// A text, and what came with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    /// `None` when nothing is known to be a text.
    pub(crate) text: Option<String>,
    pub(crate) attachments: usize,
}

/// What an answer contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) text: Text,
    pub(crate) stop_reason: Option<String>,
    pub(crate) guardrail_intervened: bool,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) cache_read_tokens: Option<u64>,
    pub(crate) cache_write_tokens: Option<u64>,
    pub(crate) latency_ms: Option<u64>,
    pub(crate) first_byte_ms: Option<u64>,
}

/// The body itself: some callers' bodies are JSON in a text.
pub(crate) fn parsed(body: &Value) -> Cow<'_, Value> {
    let inner = body.as_str().and_then(|text| serde_json::from_str(text).ok());
    match inner {
        Some(inner @ (Value::Object(_) | Value::Array(_))) => Cow::Owned(inner),
        _ => Cow::Borrowed(body),
    }
}

/// Reads the body of a request.
pub(crate) fn question(body: &Value) -> Text {
    let mut read = Text::default();
    let turns = body.get("messages").and_then(Value::as_array);
    let Some(turns) = turns else {
        read.attachments = without_data(body).1;
        read.text = match body {
            Value::String(text) if read.attachments == 0 => Some(text.clone()),
            body => prompt(body).map(str::to_owned),
        };
        return read;
    };
    let mut parts = Vec::new();
    if let Some(system) = body.get("system") {
        parts.push(("system", said(system, &mut read.attachments)));
    }
    for turn in turns {
        let mut text = said(&turn["content"], &mut read.attachments);
        append_calls(&turn["tool_calls"], &mut text);
        parts.push((turn["role"].as_str().unwrap_or("unknown"), text));
    }
    read.text = Some(match parts.as_slice() {
        [("user", text)] => text.clone(),
        parts => parts.iter().map(|(role, text)| format!("{role}: {text}")).collect::<Vec<_>>().join("\n\n"),
    });
    read
}

/// The text of a request that is not a conversation.
fn prompt(body: &Value) -> Option<&str> {
    // Those for pictures and films have it in the parameters of their task.
    let of_task = || {
        let mut parameters = body.as_object()?.iter().filter(|(name, _)| name.ends_with("Params"));
        parameters.find_map(|(_, parameters)| parameters["text"].as_str())
    };
    PROMPTS.iter().find_map(|path| body.pointer(path)?.as_str()).or_else(of_task)
}

/// Reads the body of an answer: one document, or the events of a stream.
pub(crate) fn answer(body: &Value) -> Answer {
    let mut read = Answer::default();
    match body {
        Value::Array(events) => {
            for event in events {
                read.take(&parsed(event));
            }
        }
        document => read.take(document),
    }
    if read.text.text.is_none() {
        read.text.attachments = without_data(body).1;
        if let (Value::String(text), 0) = (body, read.text.attachments) {
            read.text.text = Some(text.clone());
        }
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
            self.take_text(event.pointer(path));
        }
        self.take_stop_reason(STOP_REASONS, event);
        if let Some(choice) = first_choice(event) {
            for path in CHOICE_TEXTS {
                self.take_text(choice.pointer(path));
            }
            for calls in CHOICE_CALLS.iter().filter_map(|path| choice.pointer(path)) {
                append_calls(calls, self.text.text.get_or_insert_default());
            }
            self.take_stop_reason(CHOICE_STOP_REASONS, choice);
        }
        let action = GUARDRAIL_ACTIONS.iter().find_map(|path| event.pointer(path)?.as_str());
        self.guardrail_intervened |= action.is_some_and(|action| action != "NONE");
        for usage in USAGES.iter().filter_map(|path| event.pointer(path)) {
            self.count_cache("", usage);
        }
        // A stream counts on: its last word is the whole count.
        for (paths, number) in [
            (INPUT_TOKENS, &mut self.input_tokens),
            (OUTPUT_TOKENS, &mut self.output_tokens),
            (LATENCY, &mut self.latency_ms),
            (FIRST_BYTE, &mut self.first_byte_ms),
        ] {
            if let Some(found) = paths.iter().rev().find_map(|path| event.pointer(path)?.as_u64()) {
                *number = Some(found);
            }
        }
    }

    fn take_text(&mut self, piece: Option<&Value>) {
        match piece {
            Some(Value::String(piece)) => self.text.text.get_or_insert_default().push_str(piece),
            Some(parts @ Value::Array(_)) => {
                append_content(parts, self.text.text.get_or_insert_default(), &mut self.text.attachments);
            }
            _ => {}
        }
    }

    fn take_stop_reason(&mut self, paths: &[&str], event: &Value) {
        let reason = paths.iter().filter_map(|path| event.pointer(path)?.as_str()).find(|reason| !reason.is_empty());
        if let Some(reason) = reason {
            self.guardrail_intervened |= reason == GUARDRAIL_INTERVENED;
            self.stop_reason = Some(reason.to_owned());
        }
    }

    /// Takes the tokens of a cache, whatever a model calls them: what they cost
    /// is never the plain price.
    fn count_cache(&mut self, path: &str, usage: &Value) {
        for (name, value) in usage.as_object().into_iter().flatten() {
            let path = format!("{path}/{}", name.to_ascii_lowercase());
            self.count_cache(&path, value);
            let Some(tokens) = value.as_u64().filter(|_| path.contains("cach") && !path.contains("miss")) else {
                continue;
            };
            let is_written = path.contains("write") || path.contains("creation");
            let counted = if is_written { &mut self.cache_write_tokens } else { &mut self.cache_read_tokens };
            *counted = Some(counted.unwrap_or_default().max(tokens));
        }
    }
}

/// The first of an answer's choices, be it alone in its event or not.
fn first_choice(event: &Value) -> Option<&Value> {
    let choices = event.get("choices")?.as_array()?;
    let is_first = |at: usize, choice: &Value| choice["index"].as_u64().map_or(at == 0, |index| index == 0);
    choices.iter().enumerate().find_map(|(at, choice)| is_first(at, choice).then_some(choice))
}

/// What blocks of content say.
fn said(content: &Value, attachments: &mut usize) -> String {
    let mut text = String::new();
    append_content(content, &mut text, attachments);
    text
}

/// Adds what tools were given, in a stream the part of it that came.
fn append_calls(calls: &Value, text: &mut String) {
    for call in calls.as_array().into_iter().flatten() {
        let function = &call["function"];
        // A call begins with its name.
        if function["name"].is_string() && !text.is_empty() {
            text.push('\n');
        }
        match &function["arguments"] {
            Value::String(arguments) => text.push_str(arguments),
            Value::Null => {}
            arguments => text.push_str(&without_data(arguments).0.to_string()),
        }
    }
}

/// Adds what blocks of content say, a line for each, and counts what is not text.
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
            Some(
                "image" | "image_url" | "input_image" | "document" | "file" | "input_file" | "input_audio" | "video",
            ) => {
                *attachments += 1;
            }
            Some("tool_use") => append_json(&block["input"], text, attachments),
            Some("tool_result") => append_line(text, &said(&block["content"], attachments)),
            Some(_) => {}
            None => append_converse(block, text, attachments),
        }
    }
}

/// Adds what a block of Converse says, which is named by its one field.
fn append_converse(block: &Value, text: &mut String, attachments: &mut usize) {
    let Some((name, inner)) = block.as_object().and_then(|block| block.iter().next()) else { return };
    match name.as_str() {
        "image" | "document" | "video" | "audio" => *attachments += 1,
        "guardContent" => {
            if let Some(guarded) = inner.pointer("/text/text").and_then(Value::as_str) {
                append_line(text, guarded);
            } else if inner.get("image").is_some() {
                *attachments += 1;
            }
        }
        "toolUse" => append_json(&inner["input"], text, attachments),
        "toolResult" | "citationsContent" | "searchResult" => {
            append_line(text, &said(&inner["content"], attachments));
        }
        "json" => append_json(inner, text, attachments),
        _ => {}
    }
}

fn append_json(value: &Value, text: &mut String, attachments: &mut usize) {
    let (told, data) = without_data(value);
    *attachments += data;
    append_line(text, &told.to_string());
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
                user(json!([{"guardContent": {"text": {"text": "guarded", "qualifiers": ["guard_content"]}}}])),
                Some("guarded"),
                0,
            ),
            (
                user(json!([{"guardContent": {"image": {"format": "png"}}}, {"cachePoint": {"type": "default"}}])),
                Some(""),
                1,
            ),
            (
                json!({"system": [{"guardContent": {"text": {"text": "s"}}}], "messages": [{"role": "user", "content": [{"text": "a"}]}]}),
                Some("system: s\n\nuser: a"),
                0,
            ),
            (
                user(json!([{"toolResult": {"content": [{"json": {"a": 1}}, {"text": "b"}, {"image": {}}]}}])),
                Some("{\"a\":1}\nb"),
                1,
            ),
            (
                user(
                    json!([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]),
                ),
                Some("a"),
                1,
            ),
            (
                json!({"messages": [{"role": "user", "content": "a"},
                    {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "t", "arguments": "{}"}}]},
                    {"role": "tool", "content": "r"}]}),
                Some("user: a\n\nassistant: {}\n\ntool: r"),
                0,
            ),
            (json!({"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a house"}}), Some("a house"), 0),
            (json!({"text_prompts": [{"text": "a house"}]}), Some("a house"), 0),
            (json!({"prompt": "what is it?", "images": ["A".repeat(400)]}), Some("what is it?"), 1),
            (json!({"inputText": "titan", "inputImage": "A".repeat(400)}), Some("titan"), 1),
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
            (
                json!({"choices": [{"index": 0, "message": {"content": "mistral"}, "stop_reason": "stop"}]}),
                Some("mistral"),
                Some("stop"),
            ),
            (json!({"choices": [{"text": "deepseek", "stop_reason": "length"}]}), Some("deepseek"), Some("length")),
            (
                json!({"choices": [{"index": 1, "message": {"content": "second"}, "finish_reason": "stop"},
                                   {"index": 0, "message": {"content": "first"}, "finish_reason": "length"}]}),
                Some("first"),
                Some("length"),
            ),
            (
                json!({"choices": [{"message": {"content": "", "tool_calls": [{"function": {"name": "get_time", "arguments": "{}"}}]},
                                    "stop_reason": "tool_calls"}]}),
                Some("{}"),
                Some("tool_calls"),
            ),
            (
                json!({"choices": [{"message": {"content": "two", "tool_calls": [
                    {"function": {"name": "a", "arguments": "{}"}}, {"function": {"name": "b", "arguments": {"x": 1}}}]},
                                    "finish_reason": "tool_calls"}]}),
                Some("two\n{}\n{\"x\":1}"),
                Some("tool_calls"),
            ),
            (
                json!([{"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"name": "a", "arguments": ""}}]}}]},
                       {"choices": [{"index": 1, "delta": {"content": "SECOND"}}]},
                       {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}}]},
                       {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}]),
                Some("{}"),
                Some("tool_calls"),
            ),
            (json!({"choices": [{"message": {"content": [{"type": "text", "text": "parts"}]}}]}), Some("parts"), None),
            (
                json!({"completions": [{"data": {"text": "jurassic"}, "finishReason": {"reason": "endoftext"}}]}),
                Some("jurassic"),
                Some("endoftext"),
            ),
            (
                json!({"output": {"message": {"content": [{"guardContent": {"text": {"text": "g"}}}]}}, "stopReason": ""}),
                Some("g"),
                None,
            ),
            (json!({"images": ["A"], "finish_reasons": [null]}), None, None),
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
                guardrail_intervened: false,
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
