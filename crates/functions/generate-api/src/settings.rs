//! The function's own settings, beside those of every function that asks a model.

use std::time::Duration;

use warden_core::{bedrock::Guardrail, chat::Offer};
use warden_lambda::settings::{SettingError, Variables, bedrock_region, guardrail, model_id, model_timeout, offer};

/// Seconds for an answer when `MODEL_TIMEOUT_SECONDS` is not set: API Gateway
/// gives up after 29, and then nobody hears why.
const DEFAULT_MODEL_TIMEOUT_SECONDS: u64 = 25;

/// What the function is told at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What callers may ask for: `MODEL_ID` and `ALLOWED_MODEL_IDS`, and `MAX_TOKENS`.
    pub offer: Offer,
    /// `BEDROCK_REGION`.
    pub region: Option<String>,
    /// `MODEL_TIMEOUT_SECONDS`.
    pub timeout: Duration,
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
        timeout: model_timeout(variables, DEFAULT_MODEL_TIMEOUT_SECONDS)?,
        guardrail: guardrail(variables)?,
    })
}

#[cfg(test)]
mod tests {
    use warden_lambda::settings::Given;

    use super::*;

    fn given(variables: &[(&str, &str)]) -> Result<Settings, SettingError> {
        read(&Given(variables))
    }

    #[test]
    fn the_model_is_given_up_before_api_gateway_gives_up_the_function() {
        assert!(given(&[("MODEL_ID", "us.a")]).unwrap().timeout < Duration::from_secs(29));
        let settings = given(&[("MODEL_ID", "us.a"), ("MODEL_TIMEOUT_SECONDS", "7")]).unwrap();
        assert_eq!(settings.timeout, Duration::from_secs(7));
    }
}
