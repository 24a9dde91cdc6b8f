//! Which endpoint is asked, and what its container speaks.

use warden_core::chat::Protocol;
use warden_lambda::settings::{SettingError, Variables};

/// The endpoint, and what its container speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSettings {
    /// `SAGEMAKER_ENDPOINT_NAME`.
    pub endpoint: String,
    /// `SAGEMAKER_INFERENCE_COMPONENT`, on an endpoint that has them.
    pub inference_component: Option<String>,
    /// `SAGEMAKER_PROTOCOL`: `openai-sse` or `json-lines`.
    pub protocol: Protocol,
    /// `MODEL_ID`: the model's name, which the container is told when it is
    /// set; without it, the endpoint's.
    pub model_id: String,
}

impl EndpointSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`SettingError`] without an endpoint, and for an unknown protocol.
    pub fn read(variables: &impl Variables) -> Result<Self, SettingError> {
        let endpoint = variables
            .get("SAGEMAKER_ENDPOINT_NAME")
            .ok_or_else(|| SettingError { name: "SAGEMAKER_ENDPOINT_NAME", problem: "is not set".into() })?;
        let model_id = variables.get("MODEL_ID");
        let protocol = match variables.get("SAGEMAKER_PROTOCOL").as_deref() {
            None | Some("openai-sse") => Protocol::OpenAiSse { names_model: model_id.is_some() },
            Some("json-lines") => Protocol::JsonLines,
            Some(other) => {
                return Err(SettingError {
                    name: "SAGEMAKER_PROTOCOL",
                    problem: format!("is {other:?}, neither openai-sse nor json-lines"),
                });
            }
        };
        Ok(Self {
            model_id: model_id.unwrap_or_else(|| endpoint.clone()),
            endpoint,
            inference_component: variables.get("SAGEMAKER_INFERENCE_COMPONENT"),
            protocol,
        })
    }
}

#[cfg(test)]
mod tests {
    use warden_lambda::settings::Given;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<EndpointSettings, SettingError> {
        EndpointSettings::read(&Given(variables))
    }

    #[test]
    fn the_container_is_told_a_model_only_when_one_is_set() {
        let settings = read(&[("SAGEMAKER_ENDPOINT_NAME", "chat")]).unwrap();
        assert_eq!(
            (settings.protocol, settings.model_id.as_str()),
            (Protocol::OpenAiSse { names_model: false }, "chat")
        );
        let settings = read(&[("SAGEMAKER_ENDPOINT_NAME", "chat"), ("MODEL_ID", "llama")]).unwrap();
        assert_eq!(
            (settings.protocol, settings.model_id.as_str()),
            (Protocol::OpenAiSse { names_model: true }, "llama")
        );
        let settings = read(&[("SAGEMAKER_ENDPOINT_NAME", "chat"), ("SAGEMAKER_PROTOCOL", "json-lines")]).unwrap();
        assert_eq!(settings.protocol, Protocol::JsonLines);
    }

    #[test]
    fn a_setting_that_cannot_be_read_is_named() {
        assert_eq!(read(&[]).unwrap_err().to_string(), "SAGEMAKER_ENDPOINT_NAME: is not set");
        let error = read(&[("SAGEMAKER_ENDPOINT_NAME", "chat"), ("SAGEMAKER_PROTOCOL", "grpc")]).unwrap_err();
        assert_eq!(error.to_string(), "SAGEMAKER_PROTOCOL: is \"grpc\", neither openai-sse nor json-lines");
    }
}
