//! Faults that a test orders for the next calls. Only code can order them:
//! nothing in a request ever does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 429 `ThrottlingException`.
    Throttled,
    /// 529, the model is overloaded.
    Overloaded,
    /// 503 `ServiceUnavailableException`.
    Unavailable,
    /// 500 `InternalServerException`.
    InternalError,
    /// 408 `ModelTimeoutException`.
    TimedOut,
    /// 403 `AccessDeniedException`.
    AccessDenied,
    /// 400 `ValidationException` if the request has a schema for its answer, which this account and Region do not take;
    /// the right answer if it has none.
    SchemaRefused,
    /// The right answer, this much later.
    Slow(Duration),
    /// 200 with `stop_reason` `refusal` and no content.
    Refused,
    /// The right answer inside a Markdown code fence.
    Fenced,
    /// The right answer with prose before and after it.
    InProse,
    /// The first half of the right answer, `stop_reason` `max_tokens`.
    CutAtMaxTokens,
    /// 200 with an empty `content`.
    Empty,
    /// The right answer after a `thinking` block.
    ThinkingFirst,
    /// Of a stream alone: the model fails after so many words.
    StreamFails(usize),
    /// Of a stream alone: nothing comes after so many words, and it stays open.
    StreamStalls(usize),
    /// Of a stream alone: the connection breaks after so many words.
    StreamBreaks(usize),
}

/// The queue of ordered faults, shared by whoever holds a clone.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<VecDeque<Fault>>>);

impl Faults {
    /// Orders `fault` for the next `calls` calls that no earlier order claims.
    pub fn next(&self, calls: usize, fault: Fault) {
        self.lock().extend(std::iter::repeat_n(fault, calls));
    }

    /// Drops what was ordered and has not happened.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many ordered faults have not happened yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn take(&self) -> Option<Fault> {
        self.lock().pop_front()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn happen_in_the_order_they_were_ordered_and_then_end() {
        let faults = Faults::default();
        faults.next(2, Fault::Throttled);
        faults.next(1, Fault::Empty);
        let happened: Vec<_> = std::iter::from_fn(|| faults.take()).collect();
        assert_eq!(happened, [Fault::Throttled, Fault::Throttled, Fault::Empty]);
        assert_eq!(faults.take(), None);
    }

    #[test]
    fn are_shared_with_every_clone() {
        let faults = Faults::default();
        faults.clone().next(3, Fault::Refused);
        assert_eq!(faults.pending(), 3);
        faults.clear();
        assert_eq!(faults.take(), None);
    }
}
