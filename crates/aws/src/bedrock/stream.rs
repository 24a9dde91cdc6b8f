//! Models on Bedrock, asked with `InvokeModelWithResponseStream`.

use aws_sdk_bedrockruntime::{
    error::SdkError,
    primitives::{Blob, event_stream::EventReceiver},
    types::{ResponseStream, error::ResponseStreamError},
};
use aws_smithy_types::event_stream::RawMessage;
use bytes::Bytes;
use warden_core::{
    Error,
    ports::{ModelCall, StreamingModel},
};

use super::{
    Bedrock,
    refusal::{Asked, Refusal},
};
use crate::event_stream::{EventStream, Receiver};

/// An answer streamed by Bedrock.
pub type BedrockAnswer = EventStream<EventReceiver<ResponseStream, ResponseStreamError>>;

impl Receiver for EventReceiver<ResponseStream, ResponseStreamError> {
    type Event = ResponseStream;
    type Failure = ResponseStreamError;
    const BROKEN: &'static str = "the connection to Bedrock broke before the answer's end";

    async fn receive(&mut self) -> Result<Option<ResponseStream>, SdkError<ResponseStreamError, RawMessage>> {
        self.recv().await
    }

    fn bytes(event: ResponseStream) -> Option<Bytes> {
        match event {
            ResponseStream::Chunk(chunk) => Some(chunk.bytes?.into_inner().into()),
            _ => None,
        }
    }

    fn error(name: &str, failure: Option<&ResponseStreamError>) -> Error {
        let original = match failure {
            Some(ResponseStreamError::ModelStreamErrorException(failure)) => failure.original_status_code,
            _ => None,
        };
        let code = original.map_or_else(|| name.to_owned(), |status| format!("{name} {status}"));
        match (name, original, failure) {
            ("throttlingException", ..) | (_, Some(429 | 529), _) => Error::ModelThrottled { code },
            ("modelTimeoutException", ..) | (_, Some(408), _) => Error::ModelTimeout { code },
            ("validationException", _, Some(failure)) => Refusal::of_request(failure, &code).of_chat(),
            _ => Error::ModelUnavailable { code, hint: "the model failed while it answered" },
        }
    }
}

impl StreamingModel for Bedrock {
    type Answer = BedrockAnswer;

    async fn open(&self, call: ModelCall<'_>) -> Result<BedrockAnswer, Error> {
        let request = self
            .client
            .invoke_model_with_response_stream()
            .model_id(call.model_id)
            .content_type("application/json")
            .accept("application/json")
            .set_request_metadata(call.request_metadata.map(str::to_owned))
            .set_guardrail_identifier(self.guardrail.as_ref().map(|guardrail| guardrail.id.clone()))
            .set_guardrail_version(self.guardrail.as_ref().map(|guardrail| guardrail.version.clone()))
            .body(Blob::new(call.body));
        match request.send().await {
            Ok(opened) => Ok(EventStream(opened.body)),
            Err(error) => {
                let asked = Asked {
                    action: "bedrock:InvokeModelWithResponseStream",
                    model_id: call.model_id,
                    time_limit: "RECEIVE_TIMEOUT_SECONDS",
                };
                Err(Refusal::of(&error, asked).of_chat())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_bedrockruntime::Client;
    use warden_core::{bedrock::Guardrail, ports::AnswerStream};
    use warden_test_support::RecordedAws;

    use super::*;
    use crate::event_stream::recorded;

    /// A chunk as Bedrock frames it: the event's bytes in base64.
    fn chunk(base64: &str) -> Vec<u8> {
        recorded::event("chunk", "application/json", &format!(r#"{{"bytes":"{base64}","p":"abcdefgh"}}"#))
    }

    fn model_answering(status: u16, error_type: &'static str, body: Vec<u8>) -> (Bedrock, RecordedAws) {
        let aws = RecordedAws::answering([recorded::answer(status, error_type, body)]);
        (Bedrock { client: Client::new(&aws.config()), guardrail: None, refused: std::sync::Arc::default() }, aws)
    }

    fn call<'a>(model_id: &'a str, body: &[u8]) -> ModelCall<'a> {
        ModelCall { model_id, body: body.to_vec(), request_metadata: None }
    }

    #[tokio::test]
    async fn a_call_says_who_asks_and_under_which_guardrail_or_neither() {
        let headers = ["request-metadata", "guardrailidentifier", "guardrailversion"]
            .map(|name| format!("x-amzn-bedrock-{name}"));
        for (guardrail, metadata, expected) in [
            (None, None, [None, None, None]),
            (
                Some(Guardrail { id: "gr1".into(), version: "2".into() }),
                Some(r#"{"caller":"k1"}"#),
                [Some(r#"{"caller":"k1"}"#), Some("gr1"), Some("2")],
            ),
        ] {
            let (model, aws) = model_answering(200, "", chunk("e30="));
            let model = Bedrock { guardrail, ..model };
            model.open(ModelCall { request_metadata: metadata, ..call("m", b"{}") }).await.unwrap();
            let request = aws.request();
            assert_eq!([0, 1, 2].map(|at| request.headers().get(&headers[at])), expected);
        }
    }

    #[tokio::test]
    async fn each_chunk_arrives_as_it_is_and_in_order() {
        let body = [chunk("eyJhIjoxfQ=="), recorded::event("novelty", "application/json", "{}"), chunk("7JWI64WV")];
        let (model, aws) = model_answering(200, "", body.concat());
        let mut answer = model.open(call("us.anthropic.claude-haiku-5-5", b"{\"max_tokens\":1}")).await.unwrap();
        assert_eq!(answer.next_chunk().await.unwrap().unwrap(), "{\"a\":1}");
        assert_eq!(answer.next_chunk().await.unwrap().unwrap(), "\u{c548}\u{b155}");
        assert_eq!(answer.next_chunk().await.unwrap(), None);

        let request = aws.request();
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
            let mut answer = model.open(call("m", b"")).await.unwrap();
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
        let mut answer = model.open(call("m", b"")).await.unwrap();
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
            let error = model.open(call("m", b"")).await.unwrap_err();
            assert_eq!(error.name().as_str(), name, "{status} {error_type}");
            assert!(!format!("{error} {error:?}").contains("secret text"), "{error:?}");
            if name == "AccessDenied" {
                assert!(error.to_string().starts_with("bedrock:InvokeModelWithResponseStream on m was denied"));
            }
        }
    }
}
