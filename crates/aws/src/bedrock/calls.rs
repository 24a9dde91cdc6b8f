//! Calls of several models on behalf of several callers.

use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_bedrockruntime::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::invoke_model::InvokeModelError,
    primitives::Blob,
};
use warden_core::{
    Error,
    ports::{ModelAnswer, ModelCall, ModelReply, Models},
};

use super::{client, refusal};

/// A guardrail that sees every question and every answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guardrail {
    /// Its id or ARN.
    pub id: String,
    /// Its version, a number or `DRAFT`.
    pub version: String,
}

/// The models of one Region's Bedrock.
#[derive(Clone, Debug)]
pub struct BedrockModels {
    client: Client,
    guardrail: Option<Guardrail>,
}

impl BedrockModels {
    /// Models on the credentials and endpoint of `config`, in its own Region
    /// or another, each call of which may take `timeout`, all attempts together.
    #[must_use]
    pub fn new(config: &SdkConfig, region: Option<String>, timeout: Duration, guardrail: Option<Guardrail>) -> Self {
        Self { client: client(config, region, timeout), guardrail }
    }
}

impl Models for BedrockModels {
    async fn call(&self, call: ModelCall<'_>) -> Result<ModelAnswer, Error> {
        let start = Instant::now();
        let request = self
            .client
            .invoke_model()
            .model_id(call.model_id)
            .content_type("application/json")
            .accept("application/json")
            .set_request_metadata(call.request_metadata.map(str::to_owned))
            .set_guardrail_identifier(self.guardrail.as_ref().map(|guardrail| guardrail.id.clone()))
            .set_guardrail_version(self.guardrail.as_ref().map(|guardrail| guardrail.version.clone()))
            .body(Blob::new(call.body));
        match request.send().await {
            Ok(answer) => Ok(ModelAnswer {
                body: answer.body.into_inner().into(),
                latency_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            }),
            Err(error) if is_about_the_length(&error) => {
                Err(Error::invalid("body", "holds a longer conversation than the model reads: send less of it"))
            }
            Err(error) => match refusal(&error, call.model_id) {
                Err(error) => Err(error),
                // No image was sent: it is another defect of the request.
                Ok(ModelReply::ImageRejected | ModelReply::Answer { .. }) => Err(Error::Internal {
                    problem: "Bedrock does not take the request (400 ValidationException)".into(),
                }),
            },
        }
    }
}

/// Bedrock has one code for everything it does not take; only its text says
/// that the conversation is too long.
fn is_about_the_length(error: &SdkError<InvokeModelError>) -> bool {
    error.code() == Some("ValidationException")
        && error.message().is_some_and(|text| {
            let text = text.to_ascii_lowercase();
            text.contains("too long") || text.contains("context limit") || text.contains("context window")
        })
}

#[cfg(test)]
mod tests {
    use aws_config::{Region, retry::RetryConfig};
    use aws_sdk_bedrockruntime::config::{BehaviorVersion, Credentials, SharedCredentialsProvider};
    use aws_smithy_async::rt::sleep::TokioSleep;
    use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn models(status: u16, body: &str, guardrail: Option<Guardrail>) -> (BedrockModels, StaticReplayClient) {
        let request = http::Request::builder().uri("https://bedrock").body(SdkBody::empty()).unwrap();
        let response = http::Response::builder()
            .status(status)
            .header("x-amzn-errortype", "ValidationException")
            .body(SdkBody::from(body))
            .unwrap();
        let http = StaticReplayClient::new(vec![ReplayEvent::new(request, response)]);
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .retry_config(RetryConfig::disabled())
            .sleep_impl(TokioSleep::new())
            .http_client(http.clone())
            .build();
        (BedrockModels::new(&sdk, None, Duration::from_secs(5), guardrail), http)
    }

    const CALL: ModelCall<'_> =
        ModelCall { model_id: "us.m", body: b"{}", request_metadata: Some(r#"{"caller":"k1"}"#) };

    #[tokio::test]
    async fn a_call_says_who_asks_which_model_under_which_guardrail() {
        let guardrail = Guardrail { id: "gr1".into(), version: "2".into() };
        let (models, http) = models(200, r#"{"content":[]}"#, Some(guardrail));
        assert_eq!(models.call(CALL).await.unwrap().body, r#"{"content":[]}"#);
        let request = http.actual_requests().next().unwrap();
        assert!(request.uri().ends_with("/model/us.m/invoke"), "{}", request.uri());
        for (header, expected) in [
            ("x-amzn-bedrock-request-metadata", r#"{"caller":"k1"}"#),
            ("x-amzn-bedrock-guardrailidentifier", "gr1"),
            ("x-amzn-bedrock-guardrailversion", "2"),
            ("content-type", "application/json"),
        ] {
            assert_eq!(request.headers().get(header), Some(expected), "{header}");
        }
    }

    #[tokio::test]
    async fn a_call_without_guardrail_and_metadata_sends_neither() {
        let (models, http) = models(200, "{}", None);
        models.call(ModelCall { request_metadata: None, ..CALL }).await.unwrap();
        let request = http.actual_requests().next().unwrap();
        assert!(!request.headers().iter().any(|(name, _)| name.contains("guardrail") || name.contains("metadata")));
    }

    #[tokio::test]
    async fn a_conversation_that_is_too_long_is_the_callers_mistake_and_anything_else_is_not() {
        for (text, name) in [
            ("prompt is too long: 215000 tokens > 200000 maximum", "InvalidInput"),
            ("input length and `max_tokens` exceed context limit: 199000 + 4096 > 200000", "InvalidInput"),
            ("The provided model identifier is invalid.", "Internal"),
            ("Could not process image", "Internal"),
        ] {
            let (models, _) = models(400, &format!(r#"{{"message":"{text}"}}"#), None);
            let error = models.call(CALL).await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{text}");
            assert!(!error.to_string().contains("215000"), "{error}");
        }
    }
}
