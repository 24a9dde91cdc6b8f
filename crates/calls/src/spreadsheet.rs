//! Calls as CSV, in a form that no spreadsheet carries out.

use serde::Serialize;
use warden_call_errors::spreadsheet_cell as cell;

use crate::{Call, Report};

/// A line of the table.
#[derive(Default, Serialize)]
struct Row {
    time: String,
    request_id: String,
    operation: String,
    model_id: String,
    caller: String,
    identity_arn: String,
    account_id: String,
    region: String,
    inference_region: String,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    cost_usd: Option<f64>,
    latency_ms: Option<u64>,
    first_byte_ms: Option<u64>,
    stop_reason: String,
    guardrail_intervened: bool,
    error_code: String,
    question_characters: Option<usize>,
    question_attachments: usize,
    answer_characters: Option<usize>,
    question: String,
    answer: String,
    request_metadata: String,
}

impl Report {
    /// The calls as CSV, with a line of names first.
    ///
    /// A text that a spreadsheet would take for a formula begins with an
    /// apostrophe; control characters are spaces.
    ///
    /// # Errors
    /// When the table cannot be written, which memory alone could cause.
    pub fn to_csv(&self) -> Result<String, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for call in &self.calls {
            writer.serialize(row(call))?;
        }
        if self.calls.is_empty() {
            // The names come with the first row.
            writer.serialize(Row::default())?;
        }
        let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if self.calls.is_empty() {
            text.truncate(text.find('\n').map_or(0, |end| end + 1));
        }
        Ok(text)
    }
}

fn row(call: &Call) -> Row {
    let text = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
    let metadata = if call.request_metadata.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&call.request_metadata).unwrap_or_default()
    };
    Row {
        time: call.time.to_string(),
        request_id: text(&call.request_id),
        operation: text(&call.operation),
        model_id: text(&call.model_id),
        caller: text(&call.caller),
        identity_arn: text(&call.identity_arn),
        account_id: text(&call.account_id),
        region: text(&call.region),
        inference_region: text(&call.inference_region),
        input_tokens: call.input_tokens,
        output_tokens: call.output_tokens,
        cache_read_tokens: call.cache_read_tokens,
        cache_write_tokens: call.cache_write_tokens,
        cost_usd: call.cost_usd,
        latency_ms: call.latency_ms,
        first_byte_ms: call.first_byte_ms,
        stop_reason: text(&call.stop_reason),
        guardrail_intervened: call.guardrail_intervened,
        error_code: text(&call.error_code),
        question_characters: call.question.characters,
        question_attachments: call.question.attachments,
        answer_characters: call.answer.characters,
        question: text(&call.question.text),
        answer: text(&call.answer.text),
        request_metadata: cell(&metadata),
    }
}
