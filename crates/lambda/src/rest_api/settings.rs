//! The settings that both functions of the private API have.

use warden_core::{bedrock::Guardrail, chat::Offer};

use crate::settings::{SettingError, Variables, bedrock_region, guardrail, model, offer};

/// Which models callers may ask, where, and under which guardrail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiSettings {
    /// `MODEL_ID`, `BASE_MODEL_ID`, `ALLOWED_MODEL_IDS` and `MAX_TOKENS`.
    pub offer: Offer,
    /// `BEDROCK_REGION`; `None` for the function's own.
    pub region: Option<String>,
    /// `GUARDRAIL_ID` and `GUARDRAIL_VERSION`.
    pub guardrail: Option<Guardrail>,
}

impl ApiSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`SettingError`] for what is not a number, or not within its range, for half a
    /// guardrail, and for what [`model`] refuses.
    pub fn read(variables: &impl Variables) -> Result<Self, SettingError> {
        Ok(Self {
            offer: offer(variables, model(variables)?)?,
            region: bedrock_region(variables),
            guardrail: guardrail(variables)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Given;

    fn given(variables: &[(&str, &str)]) -> Result<ApiSettings, SettingError> {
        ApiSettings::read(&Given(variables))
    }

    #[test]
    fn the_model_follows_from_the_region_unless_it_is_set() {
        let settings = given(&[("AWS_REGION", "eu-west-1")]).unwrap();
        assert!(settings.offer.default_model.called.starts_with("eu."), "{settings:?}");
        assert_eq!((settings.region, settings.guardrail), (None, None));
        let settings = given(&[("MODEL_ID", "us.a"), ("BEDROCK_REGION", "us-west-2")]).unwrap();
        assert_eq!((settings.offer.default_model.name(), settings.region.as_deref()), ("us.a", Some("us-west-2")));
    }

    #[test]
    fn what_cannot_be_read_stops_the_start() {
        for (variables, name) in [
            (&[][..], "MODEL_ID"),
            (&[("MODEL_ID", "us.a"), ("MAX_TOKENS", "many")], "MAX_TOKENS"),
            (&[("MODEL_ID", "us.a"), ("GUARDRAIL_VERSION", "1")], "GUARDRAIL_ID"),
        ] {
            assert_eq!(given(variables).unwrap_err().name, name);
        }
    }
}
