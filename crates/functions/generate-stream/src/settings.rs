//! The function's own settings, beside those of every function that asks a model.

use warden_core::{bedrock::Guardrail, chat::Offer};
use warden_lambda::{
    settings::{ModelSettings, SettingError, Variables, allowed_models, guardrail},
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
/// [`SettingError`] for those of [`ModelSettings`] and [`StreamLimits`], and half a guardrail.
pub fn read(variables: &impl Variables) -> Result<Settings, SettingError> {
    let model = ModelSettings::read(variables)?;
    Ok(Settings {
        offer: Offer {
            models: allowed_models(variables, &model.model_id),
            default_model: model.model_id,
            max_tokens: model.max_tokens,
        },
        region: model.region,
        limits: StreamLimits::read(variables)?,
        guardrail: guardrail(variables)?,
    })
}
