//! A model behind a SageMaker endpoint, asked with `InvokeEndpointWithResponseStream`.

use std::time::Duration;

use aws_sdk_sagemakerruntime::{
    Client,
    config::Builder,
    error::SdkError,
    operation::invoke_endpoint_with_response_stream::InvokeEndpointWithResponseStreamError,
    primitives::{Blob, event_stream::EventReceiver},
    types::{ResponseStream, error::ResponseStreamError},
};
use aws_smithy_types::event_stream::RawMessage;
use aws_types::SdkConfig;
use bytes::Bytes;
use warden_core::{
    Error,
    ports::{ModelCall, StreamingModel},
};

use crate::{
    event_stream::{EventStream, Receiver},
    retries::CountsRetries,
    timeouts,
    unanswered::Unanswered,
};

/// Which endpoint is asked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SageMakerSettings {
    /// The endpoint's name.
    pub endpoint: String,
    /// The inference component, on an endpoint that has them.
    pub inference_component: Option<String>,
    /// The media type of the answer that is asked for.
    pub accept: &'static str,
    /// How long the endpoint may take to begin its answer, all attempts together.
    pub timeout: Duration,
}

/// A model behind a SageMaker endpoint.
#[derive(Clone, Debug)]
pub struct SageMakerStream {
    client: Client,
    settings: SageMakerSettings,
}

impl SageMakerStream {
    /// A model on the Region, credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: SageMakerSettings) -> Self {
        let config =
            Builder::from(config).timeout_config(timeouts(settings.timeout)).interceptor(CountsRetries).build();
        Self { client: Client::from_conf(config), settings }
    }
}

/// An answer streamed by SageMaker.
pub type SageMakerAnswer = EventStream<EventReceiver<ResponseStream, ResponseStreamError>>;

impl Receiver for EventReceiver<ResponseStream, ResponseStreamError> {
    type Event = ResponseStream;
    type Failure = ResponseStreamError;
    const BROKEN: &'static str = "the connection to SageMaker broke before the answer's end";

    async fn receive(&mut self) -> Result<Option<ResponseStream>, SdkError<ResponseStreamError, RawMessage>> {
        self.recv().await
    }

    fn bytes(event: ResponseStream) -> Option<Bytes> {
        match event {
            ResponseStream::PayloadPart(part) => Some(part.bytes?.into_inner().into()),
            _ => None,
        }
    }

    fn error(name: &str, failure: Option<&ResponseStreamError>) -> Error {
        let cause = match failure {
            Some(ResponseStreamError::ModelStreamError(failure)) => failure.error_code.as_deref(),
            _ => None,
        };
        let code = cause.map_or_else(|| name.to_owned(), |cause| format!("{name} {cause}"));
        match cause {
            Some("ModelInvocationTimeExceeded") => Error::ModelTimeout { code },
            _ => Error::ModelUnavailable { code, hint: "the endpoint failed while it answered: see its log" },
        }
    }
}

impl StreamingModel for SageMakerStream {
    type Answer = SageMakerAnswer;

    /// The endpoint decides which model answers; its body may name one. It keeps
    /// no record of calls, so who asks is of no use to it.
    async fn open(&self, call: ModelCall<'_>) -> Result<SageMakerAnswer, Error> {
        let opened = self
            .client
            .invoke_endpoint_with_response_stream()
            .endpoint_name(&self.settings.endpoint)
            .set_inference_component_name(self.settings.inference_component.clone())
            .content_type("application/json")
            .accept(self.settings.accept)
            .body(Blob::new(call.body))
            .send()
            .await;
        match opened {
            Ok(opened) => Ok(EventStream(opened.body)),
            Err(error) => Err(refusal(&error, &self.settings.endpoint)),
        }
    }
}

fn refusal(error: &SdkError<InvokeEndpointWithResponseStreamError>, endpoint: &str) -> Error {
    let unreachable = "SageMaker could not be reached: check the Region, the endpoint and the network";
    let Unanswered { name, status, code } = match Unanswered::of(error, "RECEIVE_TIMEOUT_SECONDS", unreachable) {
        Ok(unanswered) => unanswered,
        Err(error) => return error,
    };
    // What the container itself answered, under SageMaker's 424.
    let original = match error.as_service_error() {
        Some(InvokeEndpointWithResponseStreamError::ModelError(error)) => error.original_status_code,
        _ => None,
    };
    match (name, status, original) {
        (_, 429, _) | ("ThrottlingException", _, _) | (_, _, Some(429 | 529)) => Error::ModelThrottled { code },
        (_, _, Some(400 | 413 | 422)) => Error::invalid(
            "messages",
            "are not what the model's container takes: they may be too long, or SAGEMAKER_PROTOCOL another's",
        ),
        ("ModelError", _, _) => {
            Error::ModelUnavailable { code, hint: "the model's container failed: see the endpoint's log" }
        }
        ("AccessDeniedException", _, _) | (_, 403, _) => Error::AccessDenied {
            action: "sagemaker:InvokeEndpointWithResponseStream",
            what: format!("endpoint {endpoint}"),
            hint: "allow it and sagemaker:InvokeEndpoint on the endpoint's ARN",
        },
        ("ValidationError" | "ValidationException", _, _) | (_, 400, _) => Error::Internal {
            problem: format!(
                "SageMaker does not take the request ({code}): check that the endpoint {endpoint} is in service, and whether it needs SAGEMAKER_INFERENCE_COMPONENT"
            ),
        },
        _ => Error::ModelUnavailable { code, hint: "SageMaker failed; it is retried" },
    }
}

#[cfg(test)]
mod tests {
    use warden_core::ports::AnswerStream;
    use warden_test_support::RecordedAws;

    use super::*;
    use crate::event_stream::recorded;

    fn part(text: &str) -> Vec<u8> {
        recorded::event("PayloadPart", "application/octet-stream", text)
    }

    fn model_answering(status: u16, error_type: &'static str, body: Vec<u8>) -> (SageMakerStream, RecordedAws) {
        let aws = RecordedAws::answering([recorded::answer(status, error_type, body)]);
        let settings = SageMakerSettings {
            endpoint: "chat".into(),
            inference_component: Some("small".into()),
            accept: "text/event-stream",
            timeout: Duration::from_secs(5),
        };
        (SageMakerStream { client: Client::new(&aws.config()), settings }, aws)
    }

    #[tokio::test]
    async fn each_part_arrives_as_it_is_and_in_order() {
        let (model, aws) = model_answering(200, "", [part("data: {\"a\""), part(":1}\n\n")].concat());
        let mut answer = model
            .open(ModelCall { model_id: "m", body: b"{\"stream\":true}".to_vec(), request_metadata: None })
            .await
            .unwrap();
        assert_eq!(answer.next_chunk().await.unwrap().unwrap(), "data: {\"a\"");
        assert_eq!(answer.next_chunk().await.unwrap().unwrap(), ":1}\n\n");
        assert_eq!(answer.next_chunk().await.unwrap(), None);

        let request = aws.request();
        assert!(request.uri().ends_with("/endpoints/chat/invocations-response-stream"), "{}", request.uri());
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-amzn-sagemaker-accept", "text/event-stream"),
            ("x-amzn-sagemaker-inference-component", "small"),
        ] {
            assert_eq!(request.headers().get(name), Some(value));
        }
        assert_eq!(request.body().bytes(), Some(&b"{\"stream\":true}"[..]));
    }

    #[tokio::test]
    async fn an_exception_in_the_stream_has_its_name_and_no_word_of_its_message() {
        for (kind, cause, name) in [
            ("ModelStreamError", "ModelInvocationTimeExceeded", "ModelTimeout"),
            ("ModelStreamError", "StreamBroken", "ModelUnavailable"),
            ("InternalStreamFailure", "", "ModelUnavailable"),
            ("Novelty", "", "ModelUnavailable"),
        ] {
            let failure = recorded::exception(kind, &format!(r#"{{"Message":"secret text","ErrorCode":"{cause}"}}"#));
            let (model, _) = model_answering(200, "", [part("x"), failure].concat());
            let mut answer =
                model.open(ModelCall { model_id: "m", body: Vec::new(), request_metadata: None }).await.unwrap();
            assert!(answer.next_chunk().await.unwrap().is_some());
            let error = answer.next_chunk().await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{kind} {cause}");
            assert!(!format!("{error} {error:?}").contains("secret text"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_call_that_does_not_open_has_the_name_of_its_failure() {
        for (status, error_type, original, name) in [
            (429, "ThrottlingException", 0, "ModelThrottled"),
            (424, "ModelError", 429, "ModelThrottled"),
            (424, "ModelError", 422, "InvalidInput"),
            (424, "ModelError", 500, "ModelUnavailable"),
            (403, "AccessDeniedException", 0, "AccessDenied"),
            (400, "ValidationError", 0, "Internal"),
            (503, "ServiceUnavailable", 0, "ModelUnavailable"),
            (500, "InternalFailure", 0, "ModelUnavailable"),
        ] {
            let body = format!(
                r#"{{"Message":"secret text","OriginalMessage":"secret text","OriginalStatusCode":{original}}}"#
            );
            let (model, _) = model_answering(status, error_type, body.into_bytes());
            let error =
                model.open(ModelCall { model_id: "m", body: Vec::new(), request_metadata: None }).await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{status} {error_type} {original}");
            assert!(!format!("{error} {error:?}").contains("secret text"), "{error:?}");
        }
    }
}
