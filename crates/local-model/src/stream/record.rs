//! The record of an answer that was streamed.

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::Value;

use crate::bedrock::Usage;
use crate::records::{Invocation, Records};

/// What a record of a stream will tell, once it is over.
pub(super) struct StreamRecord {
    pub(super) records: Records,
    pub(super) request_id: String,
    pub(super) model_id: String,
    pub(super) headers: HeaderMap,
    pub(super) question: Bytes,
    pub(super) events: Vec<Value>,
    /// How many of the events were sent, the one on its way among them.
    pub(super) said: usize,
    pub(super) usage: Usage,
}

impl StreamRecord {
    pub(super) fn is_whole(&self) -> bool {
        self.said >= self.events.len()
    }

    /// Writes the record, with the events that were sent. How many tokens the
    /// answer had is told of a whole one alone.
    pub(super) fn write(mut self) {
        let is_whole = self.is_whole();
        self.events.truncate(self.said);
        self.records.write(&Invocation {
            request_id: &self.request_id,
            operation: "InvokeModelWithResponseStream",
            model_id: &self.model_id,
            headers: &self.headers,
            question: &self.question,
            answer: &Value::Array(self.events),
            input_tokens: Some(self.usage.input_tokens),
            output_tokens: is_whole.then_some(self.usage.output_tokens),
        });
    }
}
