//! The function's own settings, beside those of every function that asks a model.

use warden_core::{bedrock::Guardrail, chat::Offer};
use warden_lambda::{
    settings::{SettingError, Variables, bedrock_region, guardrail, model_id, offer},
    streaming::StreamLimits,
};

/// What the function is told at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What callers may ask for: `MODEL_ID` and `ALLOWED_MODEL_IDS`, and `MAX_TOKENS`.
    pub offer: Offer,
    /// `BEDROCK_REGION`.
    pub region: Option<String>,
    /// `RECEIVE_TIMEOUT_SECONDS` and `MODEL_TIMEOUT_SECONDS`.
    pub limits: StreamLimits,
    /// `GUARDRAIL_ID` and `GUARDRAIL_VERSION`.
    pub guardrail: Option<Guardrail>,
}

/// Reads them.
///
/// # Errors
/// [`SettingError`] for a number that is none or out of range, for half a
/// guardrail, and when neither `MODEL_ID` nor a Region is set.
pub fn read(variables: &impl Variables) -> Result<Settings, SettingError> {
    Ok(Settings {
        offer: offer(variables, model_id(variables)?)?,
        region: bedrock_region(variables),
        limits: StreamLimits::read(variables)?,
        guardrail: guardrail(variables)?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use warden_lambda::settings::Given;

    use super::*;

    fn given(variables: &[(&str, &str)]) -> Result<Settings, SettingError> {
        read(&Given(variables))
    }

    #[test]
    fn a_stream_has_more_time_than_an_answer_that_is_collected() {
        let settings = given(&[("AWS_REGION", "eu-west-1")]).unwrap();
        assert!(settings.offer.default_model.starts_with("eu."), "{settings:?}");
        assert_eq!((settings.region, settings.guardrail), (None, None));
        assert_eq!(settings.limits.answer_timeout, Duration::from_secs(280));
        let settings =
            given(&[("MODEL_ID", "us.a"), ("BEDROCK_REGION", "us-west-2"), ("MODEL_TIMEOUT_SECONDS", "880")]);
        let settings = settings.unwrap();
        assert_eq!((settings.region.as_deref(), settings.limits.answer_timeout.as_secs()), (Some("us-west-2"), 880));
    }

    #[test]
    fn what_cannot_be_read_stops_the_start() {
        for (variables, name) in [
            (&[][..], "MODEL_ID"),
            (&[("MODEL_ID", "us.a"), ("MAX_TOKENS", "many")], "MAX_TOKENS"),
            (&[("MODEL_ID", "us.a"), ("MODEL_TIMEOUT_SECONDS", "881")], "MODEL_TIMEOUT_SECONDS"),
            (&[("MODEL_ID", "us.a"), ("GUARDRAIL_VERSION", "1")], "GUARDRAIL_ID"),
        ] {
            assert_eq!(given(variables).unwrap_err().name, name);
        }
    }
}
