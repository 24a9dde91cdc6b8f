//! A call of a model, from its record.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Timestamp;

/// A call of a model. What the record does not say is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Call {
    /// The time of the call.
    pub time: Timestamp,
    /// The id that Bedrock gave the call.
    pub request_id: Option<String>,
    /// Such as `InvokeModel`.
    pub operation: Option<String>,
    /// The model or inference profile, as the caller named it.
    pub model_id: Option<String>,
    /// Who is behind the call: `caller` of its metadata, else the last part of the identity.
    pub caller: Option<String>,
    /// The identity that signed the call.
    pub identity_arn: Option<String>,
    /// What the caller sent along as request metadata.
    pub request_metadata: BTreeMap<String, String>,
    /// The account.
    pub account_id: Option<String>,
    /// The Region that was called.
    pub region: Option<String>,
    /// The Region that answered, when a profile chose another.
    pub inference_region: Option<String>,
    /// Tokens of the request, as the record counts them: those that a cache held
    /// are among them for some models (Nova, those of `OpenAI`), and not for others (Claude).
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// Tokens read from a prompt cache.
    pub cache_read_tokens: Option<u64>,
    /// Tokens written to a prompt cache.
    pub cache_write_tokens: Option<u64>,
    /// US dollars; `None` where no price is known.
    pub cost_usd: Option<f64>,
    /// How long the answer took, in milliseconds; known for streams and Converse.
    pub latency_ms: Option<u64>,
    /// How long its first byte took, in milliseconds; known for streams.
    pub first_byte_ms: Option<u64>,
    /// Why the answer ended.
    pub stop_reason: Option<String>,
    /// Whether a guardrail stopped or changed the question or the answer.
    pub guardrail_intervened: bool,
    /// The error of a call that failed.
    pub error_code: Option<String>,
    /// What was asked.
    pub question: Content,
    /// What was answered.
    pub answer: Content,
}

/// A body's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Content {
    /// How long the text is; `None` when there is no body, or none whose text is known to be found.
    pub characters: Option<usize>,
    /// How many images, documents, sounds and films came with it.
    pub attachments: usize,
    /// The text, when it was asked for. Of a body of unknown form, its JSON without pictures and vectors.
    pub text: Option<String>,
    /// Where the body is, when it was too large for the record.
    pub s3_path: Option<String>,
}
