//! The settings that both functions behind a function URL have.

use warden_core::{
    bedrock::ModelId,
    chat::{Offer, TokenDigest},
};

use crate::{
    settings::{SettingError, Variables, number, offer},
    streaming::StreamLimits,
};

/// Most bytes of a request's body: what Lambda itself takes.
const MAX_REQUEST_BYTES: usize = 6_291_456;

/// Who may ask for what, and how long that may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatSettings {
    /// `CHAT_TOKEN_SHA256`: who is let in; `None` for everyone who can reach the function.
    pub token: Option<TokenDigest>,
    /// The function's own model and `ALLOWED_MODEL_IDS`, `MAX_TOKENS`.
    pub offer: Offer,
    /// `MAX_REQUEST_BYTES` of a request's body.
    pub max_request_bytes: usize,
    /// How long an answer may take.
    pub limits: StreamLimits,
}

impl ChatSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`SettingError`] for what is not a number, or not within its range, and for a
    /// malformed digest.
    pub fn read(variables: &impl Variables, default_model: ModelId) -> Result<Self, SettingError> {
        let token = variables.get("CHAT_TOKEN_SHA256").map(|digest| {
            // Its value is nearly a secret: a short token can be found from it.
            TokenDigest::from_hex(&digest).ok_or_else(|| SettingError {
                name: "CHAT_TOKEN_SHA256",
                problem: "is not the SHA-256 of a token in 64 hexadecimal digits".into(),
            })
        });
        Ok(Self {
            token: token.transpose()?,
            offer: offer(variables, default_model)?,
            max_request_bytes: number(variables, "MAX_REQUEST_BYTES", MAX_REQUEST_BYTES, 1_000..=MAX_REQUEST_BYTES)?,
            limits: StreamLimits::read(variables)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::Given;

    fn read(variables: &[(&str, &str)]) -> Result<ChatSettings, SettingError> {
        ChatSettings::read(&Given(variables), "small".into())
    }

    #[test]
    fn the_default_model_alone_may_be_asked_unless_a_setting_names_others() {
        let settings = read(&[]).unwrap();
        assert_eq!((settings.offer.models, settings.offer.default_model), (vec!["small".into()], "small".into()));
        let settings = read(&[("ALLOWED_MODEL_IDS", " large, small,,large ")]).unwrap();
        assert_eq!(settings.offer.models, ["small".into(), "large".into()]);
    }

    #[test]
    fn no_digest_is_no_token_and_a_wrong_one_stops_the_start_without_being_told() {
        assert_eq!(read(&[("CHAT_TOKEN_SHA256", "")]).unwrap().token, None);
        assert!(read(&[("CHAT_TOKEN_SHA256", &"0".repeat(64))]).unwrap().token.is_some());
        let error = read(&[("CHAT_TOKEN_SHA256", "my token")]).unwrap_err().to_string();
        assert_eq!(error, "CHAT_TOKEN_SHA256: is not the SHA-256 of a token in 64 hexadecimal digits");
    }

    #[test]
    fn limits_have_their_ranges() {
        let settings = read(&[("RECEIVE_TIMEOUT_SECONDS", "7"), ("MAX_REQUEST_BYTES", "2000")]).unwrap();
        assert_eq!((settings.limits.receive_timeout, settings.max_request_bytes), (Duration::from_secs(7), 2000));
        for (name, value) in
            [("MAX_REQUEST_BYTES", "6291457"), ("RECEIVE_TIMEOUT_SECONDS", "0"), ("MODEL_TIMEOUT_SECONDS", "881")]
        {
            assert_eq!(read(&[(name, value)]).unwrap_err().name, name);
        }
    }
}
