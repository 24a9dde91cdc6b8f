//! How far an answer came, whatever protocol its stream speaks, and whether its
//! end makes it whole.

use std::{collections::BTreeMap, fmt};

use super::{AnswerEvent, StopReason, TokenCount, ToolCall, tokens::Tally};
use crate::error::Error;

/// The most that the calls of tools in one answer may take.
const MAX_CALL_BYTES: usize = 1 << 20;

/// How far an answer came.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) tally: Tally,
    stop_reason: Option<StopReason>,
    has_text: bool,
    /// The calls of tools that the model writes, by their place in the answer.
    calls: BTreeMap<u64, ToolCall>,
    call_bytes: usize,
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tally, stop_reason, has_text, calls, call_bytes: _ } = self;
        write!(f, "Progress({tally:?}, {stop_reason:?}, text: {has_text}, {} calls)", calls.len())
    }
}

impl Progress {
    /// An answer to a request of so many tokens, as they are estimated.
    pub(super) fn new(asked: u64) -> Self {
        Self { tally: Tally::new(asked), ..Self::default() }
    }

    /// The model wrote this much of its answer.
    pub(super) fn text(&mut self, text: String, out: &mut Vec<AnswerEvent>) {
        self.tally.wrote(&text);
        self.has_text |= !text.trim().is_empty();
        if !text.is_empty() {
            out.push(AnswerEvent::Text(text));
        }
    }

    /// Whether the model wrote any of its answer yet.
    pub(super) const fn has_text(&self) -> bool {
        self.has_text
    }

    /// The model wrote this much of a call.
    pub(super) fn call(&mut self, at: u64, name: &str, arguments: &str) -> Result<(), Error> {
        self.tally.wrote(name);
        self.tally.wrote(arguments);
        // A place counts too: there is no end to the calls that say nothing.
        self.call_bytes += name.len() + arguments.len() + size_of::<ToolCall>();
        if self.call_bytes > MAX_CALL_BYTES {
            return Err(Error::ModelOutputInvalid { problem: "it calls tools with over 1 MiB" });
        }
        let call = self.calls.entry(at).or_default();
        call.name.push_str(name);
        call.arguments.push_str(arguments);
        Ok(())
    }

    /// The model says why it stops, and may still say more about it.
    pub(super) fn stops(&mut self, reason: Option<StopReason>) {
        // A guardrail's word stands over the model's.
        if self.stop_reason != Some(StopReason::Guardrail) {
            self.stop_reason = reason.or(self.stop_reason.take());
        }
    }

    /// Whether the model said why it stops.
    pub(super) const fn has_stop_reason(&self) -> bool {
        self.stop_reason.is_some()
    }

    pub(super) fn tokens(&self) -> TokenCount {
        self.tally.tokens()
    }

    /// Ends the answer where its stream says that it ends; without a reason it is done.
    ///
    /// # Errors
    /// [`Error::ModelOutputInvalid`] for an answer that is done and says nothing.
    pub(super) fn end(&mut self, out: &mut Vec<AnswerEvent>) -> Result<(), Error> {
        let mut reason = self.stop_reason.take().unwrap_or(StopReason::EndTurn);
        if reason.problem().is_none() {
            // Some containers call a tool and stop as if they were done.
            if !self.calls.is_empty() {
                reason = StopReason::ToolUse;
            } else if !self.has_text {
                return Err(Error::ModelOutputInvalid { problem: "it holds no text" });
            }
        }
        out.extend(std::mem::take(&mut self.calls).into_values().map(AnswerEvent::ToolCall));
        out.push(AnswerEvent::Usage(self.tokens()));
        out.push(AnswerEvent::Stop(reason));
        Ok(())
    }
}
