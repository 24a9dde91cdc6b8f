use std::time::Duration;

use serde_json::Value;
use warden_core::{
    bedrock::ModelId,
    chat::{Offer, Protocol, TokenDigest},
    fake::{FakeStreamingModel, Step},
};
use warden_event_files::{EventFile, holds, invalid, valid};
use warden_lambda::{
    chat::{Chat, ChatSettings},
    streaming::StreamLimits,
};

const FUNCTION: &str = "sagemaker-stream";

const CHAT_EVENTS: &str = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"Good \"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{\"content\":\"day.\"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":9}}\n\n\
    data: [DONE]\n\n";

const TOKEN_LINES: &str = "{\"token\":{\"text\":\"Good \"}}\n{\"token\":{\"text\":\"day.\"},\"generated_text\":\"Good day.\",\
    \"details\":{\"finish_reason\":\"eos_token\",\"generated_tokens\":9,\"input_length\":12}}\n";

const PROTOCOLS: [(Protocol, &str); 2] =
    [(Protocol::OpenAiSse { names_model: false }, CHAT_EVENTS), (Protocol::JsonLines, TOKEN_LINES)];

/// The function before a container that answers in parts of a few bytes. The
/// token of the events is `abc`.
fn function(protocol: Protocol, answer: &str) -> Chat<FakeStreamingModel> {
    let models = ["chat-endpoint", "small"].map(ModelId::from);
    let settings = ChatSettings {
        token: TokenDigest::from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        offer: Offer { default_model: models[0].clone(), models: models.to_vec(), max_tokens: 4096 },
        max_request_bytes: 6_291_456,
        limits: StreamLimits { receive_timeout: Duration::from_secs(50), answer_timeout: Duration::from_secs(280) },
    };
    let parts = answer.as_bytes().chunks(7).map(|part| Step::Says(part.to_vec().into())).collect();
    crate::chat(FakeStreamingModel::with_script(parts), protocol, settings)
}

async fn seen(function: &Chat<FakeStreamingModel>, file: &EventFile) -> Value {
    warden_event_files::seen(function.handle(file.event(), "r-1").await).await
}

#[tokio::test]
async fn every_event_has_the_response_that_is_expected_of_it_in_either_protocol() {
    for (protocol, answer) in PROTOCOLS {
        for file in valid(FUNCTION) {
            let seen = seen(&function(protocol, answer), &file).await;
            assert!(file.expected.is_object() && holds(&seen, &file.expected), "{}: {seen}", file.name);
        }
    }
}

#[tokio::test]
async fn every_chat_asks_its_own_question_in_the_form_that_the_container_takes() {
    for (protocol, answer) in PROTOCOLS {
        for file in valid(FUNCTION) {
            let event = file.event();
            if event["requestContext"]["http"]["method"] != "POST" || event["isBase64Encoded"] == true {
                continue;
            }
            let function = function(protocol, answer);
            assert_eq!(seen(&function, &file).await["status"], 200, "{}", file.name);
            let request: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
            let asked_last = request["prompt"].as_str().or(last(&request["messages"])).unwrap();
            let body = &function.model().asked()[0].body;
            assert_eq!(body["stream"], true, "{}", file.name);
            match protocol {
                Protocol::JsonLines => assert!(body["inputs"].as_str().unwrap().contains(asked_last), "{}", file.name),
                _ => assert_eq!(last(&body["messages"]), Some(asked_last), "{}", file.name),
            }
        }
    }
}

fn last(messages: &Value) -> Option<&str> {
    messages.as_array()?.last()?["content"].as_str()
}

#[tokio::test]
async fn an_invalid_event_is_refused_as_expected_and_asks_nobody() {
    for file in invalid(FUNCTION) {
        let function = function(Protocol::JsonLines, TOKEN_LINES);
        let seen = seen(&function, &file).await;
        assert!(file.expected.is_object() && holds(&seen, &file.expected), "{}: {seen}", file.name);
        assert!(function.model().asked().is_empty(), "{}", file.name);
        assert!(!seen.to_string().contains("secret"), "{}: {seen}", file.name);
    }
}

#[tokio::test]
async fn an_answer_of_another_protocol_is_a_failure_that_names_the_setting() {
    let file = valid(FUNCTION).into_iter().find(|file| file.name == "prompt").unwrap();
    let seen = seen(&function(Protocol::JsonLines, "Good day.\n"), &file).await;
    assert_eq!(seen["status"], 502);
    assert!(seen["body"]["error"]["message"].as_str().unwrap().contains("SAGEMAKER_PROTOCOL"), "{seen}");
}
