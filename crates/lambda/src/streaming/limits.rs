//! How long a streamed answer may take.

use std::time::Duration;

use crate::settings::{SettingError, Variables, model_timeout, number};

/// Seconds between two chunks when `RECEIVE_TIMEOUT_SECONDS` is not set: an
/// answer that never begins fails before `CloudFront`'s 60 seconds are over.
const DEFAULT_RECEIVE_TIMEOUT_SECONDS: u64 = 50;

/// Seconds for a whole answer when `MODEL_TIMEOUT_SECONDS` is not set: the
/// answer ends before a function's own limit of 300 ends it.
const DEFAULT_MODEL_TIMEOUT_SECONDS: u64 = 280;

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// `RECEIVE_TIMEOUT_SECONDS` until an answer begins, and between its chunks.
    pub receive_timeout: Duration,
    /// `MODEL_TIMEOUT_SECONDS` for a whole answer.
    pub answer_timeout: Duration,
}

impl StreamLimits {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`SettingError`] for what is not a number, or not within its range.
    pub fn read(variables: &impl Variables) -> Result<Self, SettingError> {
        let receive_seconds = number(variables, "RECEIVE_TIMEOUT_SECONDS", DEFAULT_RECEIVE_TIMEOUT_SECONDS, 1..=880)?;
        Ok(Self {
            receive_timeout: Duration::from_secs(receive_seconds),
            answer_timeout: model_timeout(variables, DEFAULT_MODEL_TIMEOUT_SECONDS)?,
        })
    }
}
