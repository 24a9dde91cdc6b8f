//! Models on Bedrock, asked with `InvokeModel`.

mod refusal;
mod refused_fields;
mod stream;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aws_sdk_bedrockruntime::{
    Client,
    config::Builder,
    error::SdkError,
    operation::invoke_model::{InvokeModelError, InvokeModelOutput},
    primitives::Blob,
};
use aws_smithy_types::body::SdkBody;
use aws_types::{SdkConfig, region::Region};
use bytes::Bytes;
use warden_core::{
    Error,
    bedrock::Guardrail,
    ports::{ModelAnswer, ModelCall, ModelReply, Models},
};

pub use stream::BedrockAnswer;

use self::{
    refusal::{Asked, Refusal, not_taken},
    refused_fields::Remembered,
};
use crate::{retries::CountsRetries, timeouts};

/// How models are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BedrockSettings {
    /// The Region whose Bedrock is called; `None` for the function's own.
    pub region: Option<String>,
    /// How long a model may take to answer, or to begin its stream, all attempts together.
    pub timeout: Duration,
    /// What sees every question and answer.
    pub guardrail: Option<Guardrail>,
}

/// The models of one Region's Bedrock, which answer at once or while they think.
#[derive(Clone, Debug)]
pub struct Bedrock {
    client: Client,
    guardrail: Option<Guardrail>,
    /// What it refused before, in the life of this process.
    refused: Arc<Remembered>,
}

impl Bedrock {
    /// Models on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: BedrockSettings) -> Self {
        let mut builder = Builder::from(config).timeout_config(timeouts(settings.timeout)).interceptor(CountsRetries);
        if let Some(region) = settings.region {
            builder = builder.region(Region::new(region));
        }
        Self { client: Client::from_conf(builder.build()), guardrail: settings.guardrail, refused: Arc::default() }
    }
}

impl Models for Bedrock {
    async fn invoke(&self, call: ModelCall<'_>) -> Result<ModelReply, Error> {
        let start = Instant::now();
        let mut body = call.body;
        self.refused.take_out(&mut body);
        let mut body = Bytes::from(body);
        loop {
            let error = match self.send(call.model_id, call.request_metadata, body.clone()).await {
                Ok(answer) => {
                    return Ok(ModelReply::Answer(ModelAnswer {
                        body: answer.body.into_inner().into(),
                        latency_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
                    }));
                }
                Err(error) => error,
            };
            let asked =
                Asked { action: "bedrock:InvokeModel", model_id: call.model_id, time_limit: "MODEL_TIMEOUT_SECONDS" };
            match Refusal::of(&error, asked) {
                Refusal::Image => return Ok(ModelReply::ImageRejected),
                Refusal::TooLong => return Ok(ModelReply::TooLong),
                Refusal::Failed(error) => return Err(error),
                // Each round leaves out a field or more, so that there are as many as fields at most.
                Refusal::Fields(refused) => {
                    let mut without = Vec::from(body);
                    let left_out = refused.take_out(&mut without);
                    if left_out.is_empty() {
                        return Err(not_taken("400 ValidationException"));
                    }
                    self.refused.tell(&refused, &left_out, call.model_id);
                    body = without.into();
                }
            }
        }
    }
}

impl Bedrock {
    /// Sends a body without a copy of it, though it may have to be sent again.
    async fn send(
        &self,
        model_id: &str,
        request_metadata: Option<&str>,
        body: Bytes,
    ) -> Result<InvokeModelOutput, SdkError<InvokeModelError>> {
        self.client
            .invoke_model()
            .model_id(model_id)
            .content_type("application/json")
            .accept("application/json")
            .set_request_metadata(request_metadata.map(str::to_owned))
            .set_guardrail_identifier(self.guardrail.as_ref().map(|guardrail| guardrail.id.clone()))
            .set_guardrail_version(self.guardrail.as_ref().map(|guardrail| guardrail.version.clone()))
            .body(Blob::new(Vec::new()))
            .customize()
            // The SDK takes a body of its own alone, which would be gone after the first try.
            .mutate_request(move |request| {
                request.headers_mut().insert("content-length", body.len().to_string());
                *request.body_mut() = SdkBody::from(body.clone());
            })
            .send()
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_sdk_bedrockruntime::config::http::HttpRequest;
    use aws_smithy_async::rt::sleep::TokioSleep;
    use aws_smithy_types::retry::RetryConfig;
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

    fn bedrock(status: u16, error_type: &'static str, body: &str) -> (Bedrock, RecordedAws) {
        let aws = RecordedAws::answering([answer(status, error_type, body)]);
        (Bedrock { client: Client::new(&aws.config()), guardrail: None, refused: Arc::default() }, aws)
    }

    fn call() -> ModelCall<'static> {
        ModelCall { model_id: "us.m", body: b"{\"max_tokens\":1}".to_vec(), request_metadata: None }
    }

    #[tokio::test]
    async fn the_body_is_sent_as_it_is_with_its_type_declared() {
        let (bedrock, aws) = bedrock(200, "", r#"{"content":[]}"#);
        let ModelReply::Answer(answer) = bedrock.invoke(call()).await.unwrap() else { panic!("rejected") };
        assert_eq!(answer.body, r#"{"content":[]}"#);
        let request = aws.request();
        assert!(request.uri().ends_with("/model/us.m/invoke"), "{}", request.uri());
        assert_eq!(request.headers().get("content-type"), Some("application/json"));
        assert_eq!(request.headers().get("accept"), Some("application/json"));
        assert_eq!(request.body().bytes(), Some(&b"{\"max_tokens\":1}"[..]));
        assert!(!request.headers().iter().any(|(name, _)| name.contains("guardrail") || name.contains("metadata")));
    }

    fn refusing(message: &str) -> Answer {
        answer(400, "ValidationException", &format!(r#"{{"message":"{message}"}}"#))
    }

    /// Calls as often as there are bodies, and tells each body that was sent and each outcome.
    async fn sent(answers: Vec<Answer>, bodies: &[&str]) -> (Vec<String>, Vec<Result<ModelReply, Error>>) {
        let aws = RecordedAws::answering(answers);
        let bedrock = Bedrock { client: Client::new(&aws.config()), guardrail: None, refused: Arc::default() };
        let mut outcomes = Vec::new();
        for body in bodies {
            outcomes.push(bedrock.invoke(ModelCall { body: body.as_bytes().to_vec(), ..call() }).await);
        }
        let requests = aws.requests();
        for request in &requests {
            let length = request.body().bytes().unwrap().len().to_string();
            assert_eq!(request.headers().get("content-length"), Some(length.as_str()));
        }
        let text = |request: &HttpRequest| String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
        (requests.iter().map(text).collect(), outcomes)
    }

    const WITH_SCHEMA: &str = r#"{"messages":[],"thinking":{"type":"disabled"},"output_config":{"format":{}}}"#;

    #[tokio::test]
    async fn a_field_that_bedrock_refuses_is_left_out_from_then_on() {
        let fine = || answer(200, "", r#"{"content":[]}"#);
        let answers = vec![refusing("output_config: Extra inputs are not permitted"), fine(), fine()];
        let (sent, outcomes) = sent(answers, &[WITH_SCHEMA, WITH_SCHEMA]).await;
        let without = r#"{"messages":[],"thinking":{"type":"disabled"}}"#;
        assert_eq!(sent, [WITH_SCHEMA, without, without]);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(ModelReply::Answer(_)))), "{outcomes:?}");
    }

    #[tokio::test]
    async fn fields_are_left_out_one_after_the_other() {
        let answers = vec![
            refusing("thinking.type: Input should be 'adaptive'"),
            refusing("this model does not support structured output"),
            answer(200, "", "{}"),
        ];
        let (sent, _) = sent(answers, &[WITH_SCHEMA]).await;
        assert_eq!(sent[1..], [r#"{"messages":[],"output_config":{"format":{}}}"#, r#"{"messages":[]}"#]);
    }

    #[tokio::test]
    async fn a_schema_that_is_too_complex_says_nothing_of_the_next() {
        let answers = vec![refusing("Schema is too complex"), answer(200, "", "{}"), answer(200, "", "{}")];
        let (sent, _) = sent(answers, &[WITH_SCHEMA, WITH_SCHEMA]).await;
        assert_eq!(sent[2], WITH_SCHEMA);
    }

    #[tokio::test]
    async fn a_refusal_of_what_was_not_sent_is_an_error() {
        let answers = vec![refusing("output_config: Extra inputs are not permitted")];
        let (sent, outcomes) = sent(answers, &[r#"{"messages":[]}"#]).await;
        assert_eq!(sent.len(), 1);
        assert_eq!(outcomes[0].as_ref().unwrap_err().name().as_str(), "Internal");
    }

    #[tokio::test]
    async fn a_call_says_who_asks_and_under_which_guardrail() {
        let (bedrock, aws) = bedrock(200, "", "{}");
        let guardrail = Some(Guardrail { id: "gr1".into(), version: "2".into() });
        let bedrock = Bedrock { guardrail, ..bedrock };
        bedrock.invoke(ModelCall { request_metadata: Some(r#"{"caller":"k1"}"#), ..call() }).await.unwrap();
        let request = aws.request();
        for (header, expected) in [
            ("x-amzn-bedrock-request-metadata", r#"{"caller":"k1"}"#),
            ("x-amzn-bedrock-guardrailidentifier", "gr1"),
            ("x-amzn-bedrock-guardrailversion", "2"),
        ] {
            assert_eq!(request.headers().get(header), Some(expected), "{header}");
        }
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
            let (bedrock, _) = bedrock(status, error_type, r#"{"message":"your prompt was: secret text"}"#);
            let error = bedrock.invoke(call()).await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{status} {error_type}");
            assert!(!format!("{error} {error:?}").contains("secret text"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn what_bedrock_does_not_take_for_its_image_or_length_is_a_reply_and_no_error() {
        for (text, reply) in [
            ("messages.0.content.0.image.source.base64: image exceeds 5 MB maximum", ModelReply::ImageRejected),
            ("Could not process image", ModelReply::ImageRejected),
            ("Image does not match the provided media type", ModelReply::ImageRejected),
            ("prompt is too long: 215000 tokens > 200000 maximum", ModelReply::TooLong),
            ("input length and `max_tokens` exceed context limit: 199000 + 4096 > 200000", ModelReply::TooLong),
            ("Input is too long for requested model.", ModelReply::TooLong),
        ] {
            let (bedrock, _) = bedrock(400, "ValidationException", &format!(r#"{{"message":"{text}"}}"#));
            assert_eq!(bedrock.invoke(call()).await.unwrap(), reply, "{text}");
        }
    }

    /// Remembers the retries that are reported as metrics.
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
            let settings = BedrockSettings { region: None, timeout: Duration::from_secs(5), guardrail: None };
            let bedrock = Bedrock::new(&sdk, settings);
            let told = Told::default();
            let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(told.clone()));
            let _ = bedrock.invoke(call()).await;
            assert_eq!(*told.0.lock().unwrap(), retries);
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_no_json_still_has_its_status() {
        let (bedrock, _) = bedrock(529, "", "<html>overloaded</html>");
        assert_eq!(bedrock.invoke(call()).await.unwrap_err().name().as_str(), "ModelThrottled");
    }
}
