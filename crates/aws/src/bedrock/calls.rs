//! Calls of several models on behalf of several callers.

use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_bedrockruntime::{Client, primitives::Blob};
use warden_core::{
    Error,
    bedrock::Guardrail,
    ports::{ModelAnswer, ModelCall, Models},
};

use super::{Call, chat_failure, client};

/// How models are reached on behalf of callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BedrockModelsSettings {
    /// The Region whose Bedrock is called; `None` for the function's own.
    pub region: Option<String>,
    /// How long a model may take to answer, or to begin its stream, all attempts together.
    pub timeout: Duration,
    /// What sees every question and answer.
    pub guardrail: Option<Guardrail>,
}

/// The models of one Region's Bedrock, which answer at once or while they think.
#[derive(Clone, Debug)]
pub struct BedrockModels {
    pub(crate) client: Client,
    pub(crate) guardrail: Option<Guardrail>,
}

impl BedrockModels {
    /// Models on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: BedrockModelsSettings) -> Self {
        Self { client: client(config, settings.region, settings.timeout), guardrail: settings.guardrail }
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
            Err(error) => {
                let time_limit = "MODEL_TIMEOUT_SECONDS";
                let asked = Call { action: "bedrock:InvokeModel", model_id: call.model_id, time_limit };
                Err(chat_failure(&error, asked))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::rt::sleep::TokioSleep;
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    fn models(status: u16, body: &str, guardrail: Option<Guardrail>) -> (BedrockModels, RecordedAws) {
        let answer = Answer::new(status, body).header("x-amzn-errortype", "ValidationException");
        let aws = RecordedAws::answering([answer]);
        let sdk = aws.config_builder().sleep_impl(TokioSleep::new()).build();
        let settings = BedrockModelsSettings { region: None, timeout: Duration::from_secs(5), guardrail };
        (BedrockModels::new(&sdk, settings), aws)
    }

    fn call() -> ModelCall<'static> {
        ModelCall { model_id: "us.m", body: b"{}".to_vec(), request_metadata: Some(r#"{"caller":"k1"}"#) }
    }

    #[tokio::test]
    async fn a_call_says_who_asks_which_model_under_which_guardrail() {
        let guardrail = Guardrail { id: "gr1".into(), version: "2".into() };
        let (models, aws) = models(200, r#"{"content":[]}"#, Some(guardrail));
        assert_eq!(models.call(call()).await.unwrap().body, r#"{"content":[]}"#);
        let request = aws.request();
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
        let (models, aws) = models(200, "{}", None);
        models.call(ModelCall { request_metadata: None, ..call() }).await.unwrap();
        let request = aws.request();
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
            let error = models.call(call()).await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{text}");
            assert!(!error.to_string().contains("215000"), "{error}");
        }
    }
}
