//! What a service says instead of an answer.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use warden_core::Error;

/// A service's error response.
pub(crate) struct Unanswered<'a> {
    /// Its name; empty when the response has none.
    pub(crate) name: &'a str,
    /// Its HTTP status.
    pub(crate) status: u16,
    /// Both, as messages repeat them.
    pub(crate) code: String,
}

impl<'a> Unanswered<'a> {
    /// The response that an error of the SDK stands for.
    ///
    /// # Errors
    /// Without one [`Error::ModelTimeout`], which names the setting of the time that passed, or
    /// [`Error::ModelUnavailable`] with this hint.
    pub(crate) fn of<E: ProvideErrorMetadata>(
        error: &'a SdkError<E, HttpResponse>,
        time_limit: &'static str,
        unreachable: &'static str,
    ) -> Result<Self, Error> {
        if matches!(error, SdkError::TimeoutError(_)) {
            return Err(Error::ModelTimeout { code: format!("{time_limit} passed") });
        }
        let Some(status) = error.raw_response().map(|response| response.status().as_u16()) else {
            return Err(Error::ModelUnavailable { code: "no answer".into(), hint: unreachable });
        };
        let name = error.code().unwrap_or_default();
        Ok(Self { name, status, code: format!("{status} {name}").trim_end().to_owned() })
    }
}
