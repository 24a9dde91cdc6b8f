//! The stream of a SageMaker container: a chat completion's chunks, or a token
//! in each line. What is not known is passed over.

use serde::Deserialize;
use serde_json::Value;

use super::{
    AnswerEvent, StopReason, json,
    lines::{DONE, Lines, ServerEvent, no_event},
    progress::Progress,
};
use crate::error::Error;

/// What a container's stream said so far.
#[derive(Debug)]
pub(super) struct Container {
    lines: Lines,
    pub(super) progress: Progress,
    stopped: bool,
}

#[derive(Deserialize)]
struct Line {
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
    token: Option<Token>,
    generated_text: Option<Value>,
    details: Option<Details>,
    error: Option<Value>,
    object: Option<Value>,
    r#type: Option<Value>,
    message: Option<Value>,
    detail: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    index: Option<u64>,
    delta: Option<Message>,
    /// The whole answer of a container that does not stream.
    message: Option<Message>,
    /// That of a completion without a chat.
    text: Option<String>,
    finish_reason: Option<Value>,
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Message {
    /// A text, or parts that have one each.
    content: Option<Value>,
    refusal: Option<String>,
    /// Thinking, under either of its names.
    reasoning_content: Option<Value>,
    reasoning: Option<Value>,
    tool_calls: Option<Vec<ToolCall>>,
    /// A tool's call before there could be more than one.
    function_call: Option<Function>,
}

#[derive(Deserialize)]
struct ToolCall {
    index: Option<u64>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    /// JSON in a text, in parts; some containers send the JSON itself.
    arguments: Option<Value>,
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Token {
    text: Option<String>,
    /// A mark such as the end of the sequence, which is no text.
    special: Option<bool>,
}

#[derive(Deserialize)]
struct Details {
    finish_reason: Option<Value>,
    generated_tokens: Option<u64>,
    input_length: Option<u64>,
}

impl Line {
    /// Whether it is an error: of vLLM, Text Generation Inference, DJL Serving,
    /// or of the HTTP server before them, which answers in a shape of its own.
    fn is_error(&self) -> bool {
        let is_named = |name: &Option<Value>| name.as_ref().is_some_and(|name| name == "error");
        let answers = self.choices.is_some()
            || self.usage.is_some()
            || self.token.is_some()
            || self.generated_text.is_some()
            || self.details.is_some();
        let says_why =
            self.message.as_ref().is_some_and(Value::is_string) || self.detail.as_ref().is_some_and(is_there);
        self.error.as_ref().is_some_and(is_there)
            || is_named(&self.object)
            || is_named(&self.r#type)
            || !answers && says_why
    }
}

/// Containers write a field that says nothing as null, false, or empty.
fn is_there(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

impl Container {
    pub(super) fn new(progress: Progress) -> Self {
        Self { lines: Lines::default(), progress, stopped: false }
    }

    /// Reads a part, and says whether it completed an event that says something.
    pub(super) fn push(&mut self, part: &[u8], out: &mut Vec<AnswerEvent>) -> Result<bool, Error> {
        let mut events = Vec::new();
        let read = self.lines.push(part, &mut events);
        let said = self.events(events, out)?;
        // What follows the end is passed over, whatever it is.
        if self.stopped { Ok(said) } else { read.map(|()| said) }
    }

    /// Reads a last event without its end, and ends the answer.
    pub(super) fn finish(&mut self, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        let mut events = Vec::new();
        let read = self.lines.finish(&mut events);
        self.events(events, out)?;
        if self.stopped {
            return Ok(());
        }
        read?;
        if self.progress.has_stop_reason() { self.stop(out) } else { Ok(()) }
    }

    fn events(&mut self, events: Vec<ServerEvent>, out: &mut Vec<AnswerEvent>) -> Result<bool, Error> {
        let mut said = false;
        for event in events {
            if self.stopped {
                break;
            }
            said = true;
            if event.is_error {
                return Err(failed());
            }
            if event.data == DONE {
                self.stop(out)?;
            } else {
                self.read(json::read(&event.data).ok_or(no_event())?, out)?;
            }
        }
        Ok(said)
    }

    fn read(&mut self, line: Line, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        // Its text may quote the request.
        if line.is_error() {
            return Err(failed());
        }
        let first = line.choices.into_iter().flatten().enumerate().find(|(at, choice)| {
            // Without an index its place is what tells.
            choice.index.map_or(*at == 0, |index| index == 0)
        });
        if let Some((_, choice)) = first {
            self.choice(choice, out)?;
        }
        if let Some(token) = line.token {
            if token.special != Some(true) {
                self.progress.text(token.text.unwrap_or_default(), out);
            }
            self.progress.tally.wrote_token();
        }
        if let Some(usage) = line.usage {
            self.count(usage.prompt_tokens, usage.completion_tokens);
        }
        let details = line.details;
        let generated_text = line.generated_text.as_ref().and_then(Value::as_str);
        if let Some(whole) = generated_text.filter(|_| !self.progress.has_text()) {
            // That of a container that does not stream.
            self.progress.text(whole.to_owned(), out);
        }
        if let Some(details) = details {
            self.count(details.input_length, details.generated_tokens);
            self.finished(details.finish_reason.as_ref())?;
            // The last token of a stream of tokens, after which no [DONE] comes.
            if self.progress.has_stop_reason() {
                self.stop(out)?;
            }
        } else if generated_text.is_some() {
            self.stop(out)?;
        }
        Ok(())
    }

    fn choice(&mut self, choice: Choice, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        if choice.error.as_ref().is_some_and(is_there) {
            return Err(failed());
        }
        let message = choice.delta.or(choice.message).unwrap_or_default();
        for thought in [message.reasoning_content, message.reasoning].into_iter().flatten() {
            self.progress.tally.wrote(thought.as_str().unwrap_or_default());
        }
        for text in texts(message.content).chain(choice.text) {
            self.progress.text(text, out);
        }
        if let Some(refusal) = message.refusal.filter(|text| !text.is_empty()) {
            self.progress.text(refusal, out);
            self.progress.stops(Some(StopReason::Refusal));
        }
        for (at, call) in message.tool_calls.into_iter().flatten().enumerate() {
            self.call(call.index.unwrap_or(at as u64), call.function)?;
        }
        if message.function_call.is_some() {
            self.call(0, message.function_call)?;
        }
        self.finished(choice.finish_reason.as_ref())
    }

    fn call(&mut self, at: u64, function: Option<Function>) -> Result<(), Error> {
        let Some(Function { name, arguments }) = function else { return Ok(()) };
        let arguments = match arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(part)) => part,
            Some(whole) => whole.to_string(),
        };
        self.progress.call(at, name.as_deref().unwrap_or_default(), &arguments)
    }

    /// A container that does not count says 0.
    fn count(&mut self, input: Option<u64>, output: Option<u64>) {
        self.progress.tally.count(input.filter(|tokens| *tokens > 0), output.filter(|tokens| *tokens > 0));
    }

    fn finished(&mut self, reason: Option<&Value>) -> Result<(), Error> {
        let reason = reason.and_then(Value::as_str).and_then(StopReason::of);
        if matches!(&reason, Some(StopReason::Other(name)) if is_failure(name)) {
            return Err(failed());
        }
        self.progress.stops(reason);
        Ok(())
    }

    fn stop(&mut self, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        self.stopped = true;
        // [DONE] without a reason: the container says that it is whole.
        self.progress.end(out)
    }
}

/// Whether a reason says that the container gave up.
fn is_failure(reason: &str) -> bool {
    ["error", "abort", "aborted", "cancelled", "canceled", "timeout"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(reason))
}

/// The texts of a message's content.
fn texts(content: Option<Value>) -> impl Iterator<Item = String> {
    let (text, parts) = match content {
        Some(Value::String(text)) => (Some(text), Vec::new()),
        Some(Value::Array(parts)) => (None, parts),
        _ => (None, Vec::new()),
    };
    text.into_iter().chain(parts.into_iter().filter_map(|mut part| match part["text"].take() {
        Value::String(text) => Some(text),
        _ => None,
    }))
}

fn failed() -> Error {
    Error::ModelUnavailable { code: "error in the stream".into(), hint: "see the endpoint's log" }
}

#[cfg(test)]
mod tests;
