//! A model on Bedrock, asked with `InvokeModel`.

mod calls;

use std::time::{Duration, Instant};

use aws_config::{Region, SdkConfig};
use aws_sdk_bedrockruntime::{
    Client,
    config::Builder,
    error::{ProvideErrorMetadata, SdkError},
    operation::invoke_model::InvokeModelError,
    primitives::Blob,
};
use warden_core::{
    Error,
    ports::{Model, ModelReply},
};

pub use calls::{BedrockModels, BedrockModelsSettings};

use crate::{retries::CountsRetries, timeouts};

/// Which model is asked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BedrockSettings {
    /// Id or ARN of a model or an inference profile.
    pub model_id: String,
    /// The Region whose Bedrock is called; `None` for the function's own.
    pub region: Option<String>,
    /// How long the model may take, all attempts together.
    pub timeout: Duration,
}

/// A model on Bedrock.
#[derive(Clone, Debug)]
pub struct BedrockModel {
    client: Client,
    model_id: String,
}

impl BedrockModel {
    /// A model on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: BedrockSettings) -> Self {
        Self { client: client(config, settings.region, settings.timeout), model_id: settings.model_id }
    }
}

/// A client of a Region's Bedrock, `None` for that of `config`, whose calls may
/// take `timeout`, all attempts together.
pub(crate) fn client(config: &SdkConfig, region: Option<String>, timeout: Duration) -> Client {
    let mut builder = Builder::from(config).timeout_config(timeouts(timeout)).interceptor(CountsRetries);
    if let Some(region) = region {
        builder = builder.region(Region::new(region));
    }
    Client::from_conf(builder.build())
}

impl Model for BedrockModel {
    fn id(&self) -> &str {
        &self.model_id
    }

    async fn invoke(&self, body: Vec<u8>) -> Result<ModelReply, Error> {
        let start = Instant::now();
        let answer = self
            .client
            .invoke_model()
            .model_id(&self.model_id)
            .content_type("application/json")
            .accept("application/json")
            .body(Blob::new(body))
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(ModelReply::Answer {
                body: answer.body.into_inner().into(),
                latency_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            }),
            Err(error) => refusal(&error, &self.model_id),
        }
    }
}

/// Bedrock has one code for everything it does not take; only its text says
/// that it is the image. Either way nothing is taken for clean.
fn refusal(error: &SdkError<InvokeModelError>, model_id: &str) -> Result<ModelReply, Error> {
    let call = Call { action: "bedrock:InvokeModel", model_id, time_limit: "MODEL_TIMEOUT_SECONDS" };
    match failure(error, call) {
        Error::Internal { .. } if says(error, "image") => Ok(ModelReply::ImageRejected),
        other => Err(other),
    }
}

/// What was asked of Bedrock.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    /// The IAM action.
    pub(crate) action: &'static str,
    /// The model that was asked.
    pub(crate) model_id: &'a str,
    /// The setting of the time that it may take.
    pub(crate) time_limit: &'static str,
}

/// The error of a call that Bedrock did not answer, or answered with one.
/// [`Error::Internal`] is a request that it does not take.
pub(crate) fn failure<E: ProvideErrorMetadata>(error: &SdkError<E>, call: Call<'_>) -> Error {
    if matches!(error, SdkError::TimeoutError(_)) {
        return Error::ModelTimeout { code: format!("{} passed", call.time_limit) };
    }
    let Some(status) = error.raw_response().map(|response| response.status().as_u16()) else {
        return Error::ModelUnavailable {
            code: "no answer".into(),
            hint: "Bedrock could not be reached: check the Region, the endpoint and the network",
        };
    };
    let name = error.code().unwrap_or_default();
    let code = format!("{status} {name}").trim_end().to_owned();
    match (name, status) {
        ("ThrottlingException" | "ModelNotReadyException", _) | (_, 429 | 529) => Error::ModelThrottled { code },
        ("ServiceQuotaExceededException", _) => {
            Error::ModelUnavailable { code, hint: "a quota of the account is used up: raise it in Service Quotas" }
        }
        ("ModelTimeoutException", _) | (_, 408) => Error::ModelTimeout { code },
        ("AccessDeniedException", _) | (_, 403) => Error::AccessDenied {
            action: call.action,
            what: call.model_id.to_owned(),
            hint: "allow the inference profile and its models in every Region of the profile, and see that the account has access to the model",
        },
        ("ResourceNotFoundException", _) | (_, 404) => Error::ModelUnavailable {
            code,
            hint: "no such model here: check MODEL_ID and BEDROCK_REGION, the model's end of life, and that the account's use case form is submitted",
        },
        ("ValidationException", _) | (_, 400) => Error::Internal {
            problem: format!(
                "Bedrock does not take the request ({code}): check that MODEL_ID is an inference profile of this Region and BASE_MODEL_ID the model behind it"
            ),
        },
        _ => Error::ModelUnavailable { code, hint: "Bedrock or the model failed" },
    }
}

/// The same for a call that continues a caller's conversation. Bedrock has one
/// code for everything it does not take; only its text says that it is the length.
pub(crate) fn chat_failure<E: ProvideErrorMetadata>(error: &SdkError<E>, call: Call<'_>) -> Error {
    match failure(error, call) {
        Error::Internal { .. } if says_too_long(error) => too_long(),
        other => other,
    }
}

/// Whether Bedrock says that a conversation is too long.
pub(crate) fn says_too_long(error: &impl ProvideErrorMetadata) -> bool {
    ["too long", "context limit", "context window"].iter().any(|words| says(error, words))
}

/// The conversation is too long.
pub(crate) fn too_long() -> Error {
    Error::invalid("body", "holds a longer conversation than the model reads: send less of it")
}

/// Whether Bedrock's own text, which is repeated nowhere, holds these words.
fn says(error: &impl ProvideErrorMetadata, words: &str) -> bool {
    error.message().is_some_and(|text| text.to_ascii_lowercase().contains(words))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_config::retry::RetryConfig;
    use aws_smithy_async::rt::sleep::TokioSleep;
    use tracing::field::Field;
    use tracing_subscriber::{
        Layer,
        layer::{Context, SubscriberExt},
    };
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    fn answer(status: u16, error_type: &'static str, body: &str) -> Answer {
        Answer::new(status, body).header("content-type", "application/json").header("x-amzn-errortype", error_type)
    }

    fn model_answering(status: u16, error_type: &'static str, body: &str) -> (BedrockModel, RecordedAws) {
        let aws = RecordedAws::answering([answer(status, error_type, body)]);
        let model_id = "us.anthropic.claude-haiku-5-5".to_owned();
        (BedrockModel { client: Client::new(&aws.config()), model_id }, aws)
    }

    #[tokio::test]
    async fn the_body_is_sent_as_it_is_with_its_type_declared() {
        let (model, aws) = model_answering(200, "", r#"{"content":[]}"#);
        let reply = model.invoke(b"{\"max_tokens\":1}".to_vec()).await.unwrap();
        let ModelReply::Answer { body, .. } = reply else { panic!("rejected") };
        assert_eq!(body, r#"{"content":[]}"#);
        let request = aws.request();
        assert!(request.uri().ends_with("/model/us.anthropic.claude-haiku-5-5/invoke"), "{}", request.uri());
        assert_eq!(request.headers().get("content-type"), Some("application/json"));
        assert_eq!(request.headers().get("accept"), Some("application/json"));
        assert_eq!(request.body().bytes(), Some(&b"{\"max_tokens\":1}"[..]));
    }

    #[tokio::test]
    async fn each_failure_has_the_name_that_step_functions_retries_by() {
        for (status, error_type, name) in [
            (429, "ThrottlingException", "ModelThrottled"),
            (429, "ModelNotReadyException", "ModelThrottled"),
            (529, "overloaded_error", "ModelThrottled"),
            (408, "ModelTimeoutException", "ModelTimeout"),
            (500, "InternalServerException", "ModelUnavailable"),
            (503, "ServiceUnavailableException", "ModelUnavailable"),
            (424, "ModelErrorException", "ModelUnavailable"),
            (404, "ResourceNotFoundException", "ModelUnavailable"),
            (400, "ServiceQuotaExceededException", "ModelUnavailable"),
            (403, "AccessDeniedException", "AccessDenied"),
            (400, "ValidationException", "Internal"),
            (502, "", "ModelUnavailable"),
        ] {
            let (model, _) = model_answering(status, error_type, r#"{"message":"your prompt was: secret text"}"#);
            let error = model.invoke(Vec::new()).await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{status} {error_type}");
            assert!(!format!("{error} {error:?}").contains("secret text"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn an_image_that_bedrock_does_not_take_is_a_reply_and_no_error() {
        for text in [
            "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum",
            "Could not process image",
            "Image does not match the provided media type",
        ] {
            let (model, _) = model_answering(400, "ValidationException", &format!(r#"{{"message":"{text}"}}"#));
            assert_eq!(model.invoke(Vec::new()).await.unwrap(), ModelReply::ImageRejected, "{text}");
        }
    }

    /// Remembers the retries that are told as metrics.
    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<u64>>>);

    impl<S: tracing::Subscriber> Layer<S> for Told {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            if event.metadata().target() == "metrics" {
                event.record(&mut |field: &Field, value: &dyn std::fmt::Debug| {
                    assert_eq!(field.name(), "ModelRetries");
                    self.0.lock().unwrap().push(format!("{value:?}").parse().unwrap());
                });
            }
        }
    }

    #[tokio::test]
    async fn what_was_tried_again_is_told_whether_it_helped_or_not() {
        let (busy, fine) = (|| answer(429, "ThrottlingException", "{}"), || answer(200, "", "{}"));
        for (answers, retries) in
            [(vec![fine()], vec![]), (vec![busy(), fine()], vec![1]), (vec![busy(), busy()], vec![1])]
        {
            let sdk = RecordedAws::answering(answers)
                .config_builder()
                .retry_config(
                    RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1)),
                )
                .sleep_impl(TokioSleep::new())
                .build();
            let settings = BedrockSettings { model_id: "m".into(), region: None, timeout: Duration::from_secs(5) };
            let model = BedrockModel::new(&sdk, settings);
            let told = Told::default();
            let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(told.clone()));
            let _ = model.invoke(Vec::new()).await;
            assert_eq!(*told.0.lock().unwrap(), retries);
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_no_json_still_has_its_status() {
        let (model, _) = model_answering(529, "", "<html>overloaded</html>");
        assert_eq!(model.invoke(Vec::new()).await.unwrap_err().name().as_str(), "ModelThrottled");
    }
}
