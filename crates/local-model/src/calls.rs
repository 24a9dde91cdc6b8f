//! What was asked of the endpoint, for assertions in tests. Nothing of a
//! request's content is kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many calls are remembered; the count goes on beyond it.
const REMEMBERED: usize = 256;

/// An operation of Bedrock's runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /model/{modelId}/invoke`
    InvokeModel,
    /// `POST /model/{modelId}/invoke-with-response-stream`
    InvokeModelWithResponseStream,
    /// `SageMaker`'s `POST /endpoints/{name}/invocations-response-stream`
    InvokeEndpointWithResponseStream,
}

/// One call, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which operation was called.
    pub operation: Operation,
    /// The model id, or the endpoint's name, as the caller wrote it, percent-decoded.
    pub model_id: String,
    /// How many images the request held; none when it was refused unread.
    pub images: usize,
    /// The HTTP status that was answered.
    pub status: u16,
}

/// A shared view of the calls that a server has answered.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    count: usize,
    throttled: usize,
    last: VecDeque<Call>,
    streams: Streams,
}

/// What became of the streams that were begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streams {
    /// Those that still go on.
    pub open: usize,
    /// Those that ended as they should, be it with an ordered fault.
    pub ended: usize,
    /// Those whose reader left before their end.
    pub abandoned: usize,
}

impl Calls {
    /// How many calls were answered since the server started.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).count
    }

    /// How many of them were throttled.
    #[must_use]
    pub fn throttled(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).throttled
    }

    /// The last calls, oldest first; at most 256 are remembered.
    #[must_use]
    pub fn last(&self) -> Vec<Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last.iter().cloned().collect()
    }

    /// What became of the streams so far.
    #[must_use]
    pub fn streams(&self) -> Streams {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).streams
    }

    pub(crate) fn count_stream(&self, change: impl FnOnce(&mut Streams)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).streams);
    }

    pub(crate) fn add(&self, call: Call) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.count += 1;
        log.throttled += usize::from(call.status == 429);
        if log.last.len() == REMEMBERED {
            log.last.pop_front();
        }
        log.last.push_back(call);
    }
}
