//! A model on Bedrock, asked with `InvokeModelWithResponseStream`.

use aws_sdk_bedrockruntime::{
    error::SdkError,
    primitives::{Blob, event_stream::EventReceiver},
    types::ResponseStream,
    types::error::ResponseStreamError,
};
use bytes::Bytes;
use warden_core::{
    Error,
    ports::{AnswerStream, ModelCall, StreamingModel},
};

use crate::{
    bedrock::{BedrockModels, Call, chat_failure, says_too_long, too_long},
    event_stream::Interruption,
};

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

impl StreamingModel for BedrockModels {
    type Answer = BedrockAnswer;

    async fn open(&self, call: ModelCall<'_>) -> Result<BedrockAnswer, Error> {
        let opened = self
            .client
            .invoke_model_with_response_stream()
            .model_id(call.model_id)
            .content_type("application/json")
            .accept("application/json")
            .set_request_metadata(call.request_metadata.map(str::to_owned))
            .set_guardrail_identifier(self.guardrail.as_ref().map(|guardrail| guardrail.id.clone()))
            .set_guardrail_version(self.guardrail.as_ref().map(|guardrail| guardrail.version.clone()))
            .body(Blob::new(call.body))
            .send()
            .await;
        match opened {
            Ok(opened) => Ok(BedrockAnswer(opened.body)),
            Err(error) => {
                let (action, time_limit) = ("bedrock:InvokeModelWithResponseStream", "RECEIVE_TIMEOUT_SECONDS");
                Err(chat_failure(&error, Call { action, model_id: call.model_id, time_limit }))
            }
        }
    }
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
        ("validationException", _) if error.as_service_error().is_some_and(says_too_long) => too_long(),
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
    use aws_sdk_bedrockruntime::Client;
    use warden_core::bedrock::Guardrail;
    use warden_test_support::RecordedAws;

    use super::*;
    use crate::event_stream::recorded;

    /// A chunk as Bedrock frames it: the event's bytes in base64.
    fn chunk(base64: &str) -> Vec<u8> {
        recorded::event("chunk", "application/json", &format!(r#"{{"bytes":"{base64}","p":"abcdefgh"}}"#))
    }

    fn model_answering(status: u16, error_type: &'static str, body: Vec<u8>) -> (BedrockModels, RecordedAws) {
        let aws = RecordedAws::answering([recorded::answer(status, error_type, body)]);
        (BedrockModels { client: Client::new(&aws.config()), guardrail: None }, aws)
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
            let model = BedrockModels { guardrail, ..model };
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
                assert!(error.to_string().starts_with("bedrock:InvokeModelWithResponseStream was refused on m"));
            }
        }
    }
}
