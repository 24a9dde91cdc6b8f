//! The stream of a SageMaker container: a chat completion's chunks, or a token
//! in each line. What is not known is passed over.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    AnswerEvent, StopReason, json,
    lines::{Lines, ServerEvent, is_done, no_event, tells_failure},
    progress::Progress,
};
use crate::error::Error;

/// What a container's stream said so far.
pub(super) struct Container {
    lines: Lines,
    pub(super) progress: Progress,
    stopped: bool,
    /// The calls of tools that are being written: by the place that the container gives each, its number and its id.
    calls: BTreeMap<u64, (u64, String)>,
    begun_calls: u64,
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, progress, stopped, calls: _, begun_calls: _ } = self;
        f.debug_struct("Container")
            .field("lines", lines)
            .field("progress", progress)
            .field("stopped", stopped)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Line {
    choices: Option<Vec<Choice>>,
    usage: Option<Value>,
    token: Option<Token>,
    generated_text: Option<Value>,
    details: Option<Details>,
    error: Option<Value>,
    object: Option<Value>,
    r#type: Option<Value>,
    message: Option<Value>,
    detail: Option<Value>,
    status: Option<Value>,
    code: Option<Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
struct Choice {
    index: Option<Value>,
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
    refusal: Option<Value>,
    /// Thinking, under either of its names.
    reasoning_content: Option<Value>,
    reasoning: Option<Value>,
    /// A list; older containers send the one call itself.
    tool_calls: Option<Value>,
    /// A tool's call before there could be more than one.
    function_call: Option<Function>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct ToolCall {
    index: Option<Value>,
    id: Option<Value>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    /// JSON in a text, in parts; some containers send the JSON itself.
    arguments: Option<Value>,
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
    generated_tokens: Option<Value>,
    input_length: Option<Value>,
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
        // What SageMaker, a proxy or a framework writes has names of its own.
        let is_named_so = || {
            self.code.as_ref().is_some_and(is_failure_code)
                || self.status.as_ref().is_some_and(is_failure_code)
                || self.others.iter().any(|(name, value)| tells_failure(name) && is_there(value) && *value != 0)
        };
        self.error.as_ref().is_some_and(is_there)
            || is_named(&self.object)
            || is_named(&self.r#type)
            || !answers && (says_why || is_named_so())
    }
}

/// Whether a code or a status is one of a failure: HTTP's, or a word for it.
fn is_failure_code(value: &Value) -> bool {
    number(value).is_some_and(|code| code >= 400) || value.as_str().is_some_and(tells_failure)
}

/// A number of things, however it is written: `2`, `2.0` or `"2"`.
fn number(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let whole = match text.split_once('.') {
        Some((whole, part)) if part.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => &text,
    };
    whole.parse().ok()
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
        Self { lines: Lines::default(), progress, stopped: false, calls: BTreeMap::new(), begun_calls: 0 }
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
            if is_done(&event.data) {
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
            choice.index.as_ref().and_then(number).map_or(*at == 0, |index| index == 0)
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
            self.count(usage.get("prompt_tokens"), usage.get("completion_tokens"));
        }
        let details = line.details;
        let generated_text = line.generated_text.as_ref().and_then(Value::as_str);
        if let Some(whole) = generated_text.filter(|_| !self.progress.has_text()) {
            // That of a container that does not stream.
            self.progress.text(whole.to_owned(), out);
        }
        if let Some(details) = details {
            self.count(details.input_length.as_ref(), details.generated_tokens.as_ref());
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
        let message = choice.delta.or(choice.message).unwrap_or_default();
        if [&choice.error, &message.error].into_iter().flatten().any(is_there) {
            return Err(failed());
        }
        for thought in [message.reasoning_content, message.reasoning].into_iter().flatten() {
            self.progress.tally.wrote(thought.as_str().unwrap_or_default());
        }
        for text in texts(message.content).chain(choice.text) {
            self.progress.text(text, out);
        }
        if let Some(refusal) = message.refusal.as_ref().and_then(Value::as_str).filter(|text| !text.is_empty()) {
            self.progress.text(refusal.to_owned(), out);
            self.progress.stops(Some(StopReason::Refusal));
        }
        let calls = match message.tool_calls {
            Some(Value::Array(calls)) => calls,
            Some(call @ Value::Object(_)) => vec![call],
            _ => Vec::new(),
        };
        for (at, call) in calls.into_iter().enumerate() {
            let ToolCall { index, id, function } = serde_json::from_value(call).map_err(|_| no_event())?;
            let at = index.as_ref().and_then(number).unwrap_or(at as u64);
            self.call(at, id.as_ref().and_then(Value::as_str), function)?;
        }
        if message.function_call.is_some() {
            self.call(0, None, message.function_call)?;
        }
        self.finished(choice.finish_reason.as_ref())
    }

    fn call(&mut self, at: u64, id: Option<&str>, function: Option<Function>) -> Result<(), Error> {
        let Some(Function { name, arguments }) = function else { return Ok(()) };
        let at = self.number_of_call(at, id.unwrap_or_default(), name.as_deref().unwrap_or_default());
        let arguments = match arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(part)) => part,
            Some(whole) => whole.to_string(),
        };
        self.progress.call(at, name.as_deref().unwrap_or_default(), &arguments)
    }

    /// Which call a part belongs to. Some containers give every call the same place, so a name with another id begins
    /// another call; others make up a new id for each part, of which the first alone has a name.
    fn number_of_call(&mut self, at: u64, id: &str, name: &str) -> u64 {
        if let Some((number, known)) = self.calls.get_mut(&at)
            && (id.is_empty() || name.is_empty() || known.is_empty() || known == id)
        {
            return *number;
        }
        let number = self.begun_calls;
        self.begun_calls += 1;
        self.calls.insert(at, (number, id.to_owned()));
        number
    }

    /// A container that does not count says 0 or -1.
    fn count(&mut self, input: Option<&Value>, output: Option<&Value>) {
        let counted = |tokens: Option<&Value>| tokens.and_then(number).filter(|tokens| *tokens > 0);
        self.progress.tally.count(counted(input), counted(output));
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
