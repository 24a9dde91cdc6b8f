use std::time::Duration;

use serde_json::Value;
use warden_core::{
    bedrock::ModelId,
    chat::{Offer, TokenDigest},
    fake::{FakeCall, FakeStreamingModel},
};
use warden_event_files::{EventFile, holds, invalid, valid};
use warden_lambda::{
    chat::{Chat, ChatSettings},
    streaming::StreamLimits,
};

const FUNCTION: &str = "bedrock-stream";

/// The token of the events is `abc`.
fn function() -> Chat<FakeStreamingModel> {
    let models = ["us.anthropic.claude-haiku-5-5", "us.anthropic.claude-sonnet-5-5"].map(ModelId::from);
    let settings = ChatSettings {
        token: TokenDigest::from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        offer: Offer { default_model: models[0].clone(), models: models.to_vec(), max_tokens: 4096 },
        max_request_bytes: 6_291_456,
        limits: StreamLimits { receive_timeout: Duration::from_secs(50), answer_timeout: Duration::from_secs(280) },
    };
    crate::chat(FakeStreamingModel::saying(&["Good ", "day."]), settings)
}

async fn seen(function: &Chat<FakeStreamingModel>, file: &EventFile) -> Value {
    warden_event_files::seen(function.handle(file.event(), "r-1").await).await
}

#[tokio::test]
async fn every_event_has_the_response_that_is_expected_of_it() {
    for file in valid(FUNCTION) {
        let function = function();
        let seen = seen(&function, &file).await;
        assert!(file.expected.is_object() && holds(&seen, &file.expected), "{}: {seen}", file.name);
    }
}

#[tokio::test]
async fn every_chat_asks_its_own_question_in_the_form_that_bedrock_takes() {
    for file in valid(FUNCTION) {
        let event = file.event();
        if event["requestContext"]["http"]["method"] != "POST" || event["isBase64Encoded"] == true {
            continue;
        }
        let function = function();
        assert_eq!(seen(&function, &file).await["status"], 200, "{}", file.name);
        let request: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
        let FakeCall { model_id, body, .. } = function.model().asked().remove(0);
        assert_eq!(body["anthropic_version"], "bedrock-2023-05-31", "{}", file.name);
        if request["model"].is_string() {
            assert_eq!(request["model"], model_id, "{}", file.name);
        }
        let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let last = request["prompt"].as_str().or(messages.last().and_then(|message| message["content"].as_str()));
        let asked = body["messages"].as_array().unwrap().last().unwrap();
        assert_eq!(asked["content"][0]["text"].as_str(), last, "{}", file.name);
    }
}

#[tokio::test]
async fn an_invalid_event_is_refused_as_expected_and_asks_nobody() {
    for file in invalid(FUNCTION) {
        let function = function();
        let seen = seen(&function, &file).await;
        assert!(file.expected.is_object() && holds(&seen, &file.expected), "{}: {seen}", file.name);
        assert!(function.model().asked().is_empty(), "{}", file.name);
        assert!(!seen.to_string().contains("secret"), "{}: {seen}", file.name);
    }
}
