//! A model on Bedrock, asked with `InvokeModelWithResponseStream`.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_bedrockruntime::{
    Client,
    error::SdkError,
    operation::invoke_model_with_response_stream::InvokeModelWithResponseStreamError,
    primitives::{Blob, event_stream::EventReceiver},
    types::ResponseStream,
    types::error::ResponseStreamError,
};
use bytes::Bytes;
use warden_core::{
    Error,
    ports::{AnswerStream, StreamingModel},
};

use crate::{
    bedrock::{Call, client, failure, says},
    event_stream::Interruption,
};

/// How models on Bedrock are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BedrockStreamSettings {
    /// The Region whose Bedrock is called; `None` for the function's own.
    pub region: Option<String>,
    /// How long a model may take to begin its answer, all attempts together.
    pub timeout: Duration,
}

/// Models on Bedrock that answer while they think.
#[derive(Clone, Debug)]
pub struct BedrockStream {
    client: Client,
}

impl BedrockStream {
    /// Models on the credentials and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: BedrockStreamSettings) -> Self {
        Self { client: client(config, settings.region, settings.timeout) }
    }
}

/// An answer that comes from Bedrock.
#[derive(Debug)]
pub struct BedrockAnswer(EventReceiver<ResponseStream, ResponseStreamError>);

impl AnswerStream for BedrockAnswer {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.0.recv().await {
                Ok(Some(ResponseStream::Chunk(chunk))) => {
                    if let Some(bytes) = chunk.bytes {
                        return Ok(Some(bytes.into_inner().into()));
                    }
                }
                // An event that this version of the API does not know.
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(error) => return Err(interruption(&error)),
            }
        }
    }
}

impl StreamingModel for BedrockStream {
    type Answer = BedrockAnswer;

    async fn open(&self, model_id: &str, body: Vec<u8>) -> Result<BedrockAnswer, Error> {
        let opened = self
            .client
            .invoke_model_with_response_stream()
            .model_id(model_id)
            .content_type("application/json")
            .accept("application/json")
            .body(Blob::new(body))
            .send()
            .await;
        match opened {
            Ok(opened) => Ok(BedrockAnswer(opened.body)),
            Err(error) => Err(refusal(&error, model_id)),
        }
    }
}

fn refusal(error: &SdkError<InvokeModelWithResponseStreamError>, model_id: &str) -> Error {
    let call =
        Call { action: "bedrock:InvokeModelWithResponseStream", model_id, time_limit: "RECEIVE_TIMEOUT_SECONDS" };
    match failure(error, call) {
        Error::Internal { .. } if says(error, "too long") => too_long(),
        other => other,
    }
}

fn too_long() -> Error {
    Error::invalid("messages", "are longer than the model takes: send less of the history")
}

fn interruption(error: &SdkError<ResponseStreamError, aws_smithy_types::event_stream::RawMessage>) -> Error {
    let name = match Interruption::of(error) {
        Interruption::Exception(name) => name,
        Interruption::Broken => {
            return Error::ModelUnavailable {
                code: "stream broken".into(),
                hint: "the connection to Bedrock broke before the answer's end",
            };
        }
    };
    let original = match error.as_service_error() {
        Some(ResponseStreamError::ModelStreamErrorException(error)) => error.original_status_code,
        _ => None,
    };
    let code = original.map_or_else(|| name.clone(), |status| format!("{name} {status}"));
    match (name.as_str(), original) {
        ("throttlingException", _) | (_, Some(429 | 529)) => Error::ModelThrottled { code },
        ("modelTimeoutException", _) | (_, Some(408)) => Error::ModelTimeout { code },
        ("validationException", _) if error.as_service_error().is_some_and(|error| says(error, "too long")) => {
            too_long()
        }
        ("validationException", _) => Error::Internal {
            problem: format!(
                "Bedrock does not take the request ({code}): check that MODEL_ID is a model of Anthropic's"
            ),
        },
        _ => Error::ModelUnavailable { code, hint: "the model failed while it answered" },
    }
}

#[cfg(test)]
mod tests {
    use aws_config::retry::RetryConfig;
    use aws_sdk_bedrockruntime::config::{BehaviorVersion, Credentials, Region};
    use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::event_stream::recorded;

    /// A chunk as Bedrock frames it: the event's bytes in base64.
    fn chunk(base64: &str) -> Vec<u8> {
        recorded::event("chunk", "application/json", &format!(r#"{{"bytes":"{base64}","p":"abcdefgh"}}"#))
    }

    fn model_answering(status: u16, error_type: &'static str, body: Vec<u8>) -> (BedrockStream, StaticReplayClient) {
        let request = http::Request::builder().uri("https://bedrock").body(SdkBody::empty()).unwrap();
        let event = ReplayEvent::new(request, recorded::answer(status, error_type, body));
        let http = StaticReplayClient::new(vec![event]);
        let config = aws_sdk_bedrockruntime::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .http_client(http.clone())
            .build();
        (BedrockStream { client: Client::from_conf(config) }, http)
    }

    #[tokio::test]
    async fn each_chunk_arrives_as_it_is_and_in_order() {
        let body = [chunk("eyJhIjoxfQ=="), recorded::event("novelty", "application/json", "{}"), chunk("7JWI64WV")];
        let (model, http) = model_answering(200, "", body.concat());
        let mut answer = model.open("us.anthropic.claude-haiku-5-5", b"{\"max_tokens\":1}".to_vec()).await.unwrap();
        assert_eq!(answer.next_chunk().await.unwrap().unwrap(), "{\"a\":1}");
        assert_eq!(answer.next_chunk().await.unwrap().unwrap(), "\u{c548}\u{b155}");
        assert_eq!(answer.next_chunk().await.unwrap(), None);

        let request = http.actual_requests().next().unwrap();
        let uri = request.uri();
        assert!(uri.ends_with("/model/us.anthropic.claude-haiku-5-5/invoke-with-response-stream"), "{uri}");
        assert_eq!(request.headers().get("content-type"), Some("application/json"));
        assert_eq!(request.headers().get("x-amzn-bedrock-accept"), Some("application/json"));
        assert_eq!(request.body().bytes(), Some(&b"{\"max_tokens\":1}"[..]));
    }

    #[tokio::test]
    async fn an_exception_in_the_stream_has_its_name_and_no_word_of_its_message() {
        for (kind, more, name) in [
            ("throttlingException", "", "ModelThrottled"),
            ("modelTimeoutException", "", "ModelTimeout"),
            ("internalServerException", "", "ModelUnavailable"),
            ("serviceUnavailableException", "", "ModelUnavailable"),
            ("modelStreamErrorException", r#","originalStatusCode":500"#, "ModelUnavailable"),
            ("modelStreamErrorException", r#","originalStatusCode":529"#, "ModelThrottled"),
            ("validationException", "", "Internal"),
            ("noveltyException", "", "ModelUnavailable"),
        ] {
            let failure = recorded::exception(kind, &format!(r#"{{"message":"secret text"{more}}}"#));
            let (model, _) = model_answering(200, "", [chunk("e30="), failure].concat());
            let mut answer = model.open("m", Vec::new()).await.unwrap();
            assert!(answer.next_chunk().await.unwrap().is_some());
            let error = answer.next_chunk().await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{kind}");
            assert!(!format!("{error} {error:?}").contains("secret text"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_stream_that_breaks_inside_a_frame_is_an_error() {
        let mut body = [chunk("e30="), chunk("e30=")].concat();
        body.truncate(body.len() - 9);
        let (model, _) = model_answering(200, "", body);
        let mut answer = model.open("m", Vec::new()).await.unwrap();
        assert!(answer.next_chunk().await.unwrap().is_some());
        assert_eq!(answer.next_chunk().await.unwrap_err().name().as_str(), "ModelUnavailable");
    }

    #[tokio::test]
    async fn a_call_that_does_not_open_has_the_name_of_its_failure() {
        for (status, error_type, message, name) in [
            (429, "ThrottlingException", "", "ModelThrottled"),
            (529, "", "", "ModelThrottled"),
            (408, "ModelTimeoutException", "", "ModelTimeout"),
            (503, "ServiceUnavailableException", "", "ModelUnavailable"),
            (404, "ResourceNotFoundException", "", "ModelUnavailable"),
            (403, "AccessDeniedException", "", "AccessDenied"),
            (400, "ValidationException", "", "Internal"),
            (400, "ValidationException", "prompt is too long: 9 tokens > 8 maximum", "InvalidInput"),
        ] {
            let body = format!(r#"{{"message":"secret text {message}"}}"#);
            let (model, _) = model_answering(status, error_type, body.into_bytes());
            let error = model.open("m", Vec::new()).await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{status} {error_type}");
            assert!(!format!("{error} {error:?}").contains("secret text"), "{error:?}");
            if name == "AccessDenied" {
                assert!(error.to_string().starts_with("bedrock:InvokeModelWithResponseStream was refused on m"));
            }
        }
    }
}
