use std::{sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};
use warden_core::{
    Error,
    bedrock::ModelId,
    chat::Offer,
    fake::{FakeStreamingModel, Step},
};
use warden_event_files::{EventFile, holds, invalid, valid};
use warden_lambda::streaming::StreamLimits;

use crate::GenerateStream;

const FUNCTION: &str = "generate-stream";

fn function(model: FakeStreamingModel) -> GenerateStream<FakeStreamingModel> {
    let models = ["us.anthropic.claude-haiku-5-5", "us.anthropic.claude-sonnet-5-5"].map(ModelId::from);
    let offer = Offer { default_model: models[0].clone(), models: models.to_vec(), max_tokens: 2048 };
    let limits = StreamLimits { receive_timeout: Duration::from_secs(50), answer_timeout: Duration::from_secs(280) };
    GenerateStream::new(model, offer, limits)
}

fn saying() -> GenerateStream<FakeStreamingModel> {
    function(FakeStreamingModel::saying(&["Good ", "day."]))
}

async fn seen(function: &GenerateStream<FakeStreamingModel>, file: &EventFile) -> Value {
    warden_event_files::seen(function.handle(file.event(), "invocation").await).await
}

#[tokio::test]
async fn every_event_asks_its_model_its_question_in_its_callers_name() {
    for file in valid(FUNCTION) {
        let function = saying();
        let seen = seen(&function, &file).await;
        let mut expected = file.expected.clone();
        let asked = expected.as_object_mut().unwrap().remove("asked").unwrap();
        assert!(holds(&seen, &expected), "{}: {seen}", file.name);

        let calls = function.model().asked();
        let [call] = calls.as_slice() else { panic!("{}: {} calls", file.name, calls.len()) };
        let turns = call.body["messages"].as_array().unwrap();
        let metadata = call.request_metadata.as_deref().unwrap();
        let sent = json!({
            "model": call.model_id, "text": turns.last().unwrap()["content"][0]["text"], "turns": turns.len(),
            "system": call.body["system"], "max_tokens": call.body["max_tokens"],
            "metadata": serde_json::from_str::<Value>(metadata).unwrap(),
        });
        assert!(holds(&sent, &asked), "{}: {sent}", file.name);
        assert!(metadata.is_ascii() && !metadata.contains(char::is_control), "{}", file.name);
        assert!(!metadata.contains("example-key-of-a-caller"), "{}: the key itself", file.name);
    }
}

#[tokio::test]
async fn an_invalid_request_is_told_why_and_no_model_is_asked() {
    for file in invalid(FUNCTION) {
        let function = saying();
        let seen = seen(&function, &file).await;
        assert!(file.expected.is_object() && holds(&seen, &file.expected), "{}: {seen}", file.name);
        assert!(function.model().asked().is_empty(), "{}", file.name);
    }
}

fn named(name: &str) -> EventFile {
    valid(FUNCTION).into_iter().find(|file| file.name == name).unwrap()
}

#[tokio::test]
async fn a_request_without_an_id_goes_by_the_invocations() {
    let mut file = named("no-headers-and-no-context");
    file.text = file.text.replace("\"headers\": null", "\"headers\": {\"accept\": \"text/event-stream\"}");
    let seen = seen(&saying(), &file).await;
    assert!(seen["body"].as_str().unwrap().contains("{\"id\":\"invocation\","), "{seen}");
}

#[tokio::test]
async fn a_failure_before_the_model_begins_has_a_status_and_one_after_it_ends_the_answer() {
    let broken = || Step::Fails(Error::ModelUnavailable { code: "stream broken".into(), hint: "gone" });
    let throttled = Step::Fails(Error::ModelThrottled { code: "429".into() });
    let denied = Step::Fails(Error::AccessDenied { action: "a", what: "m".into(), hint: "h" });
    for (model, status, code) in [
        (FakeStreamingModel::not_opening(throttled), 429, "ModelThrottled"),
        (FakeStreamingModel::not_opening(denied), 502, "AccessDenied"),
        (FakeStreamingModel::with_script(vec![broken()]), 502, "ModelUnavailable"),
    ] {
        let open = model.open();
        let seen = seen(&function(model), &named("events")).await;
        assert_eq!((&seen["status"], &seen["body"]["error"]["code"]), (&json!(status), &json!(code)));
        assert_eq!(open.load(Ordering::Relaxed), 0, "the call is ended");
    }
    // The model begins before its first word.
    for events in [1, 2] {
        let mut script = FakeStreamingModel::messages(&["Good "]);
        script.truncate(events);
        script.push(broken());
        let seen = seen(&function(FakeStreamingModel::with_script(script)), &named("events")).await;
        let body = seen["body"].as_str().unwrap();
        assert_eq!(seen["status"], 200);
        assert!(body.contains("event: error\ndata: {\"code\":\"ModelUnavailable\""), "{body}");
        assert!(!body.contains("event: end"), "{body}");
    }
}

#[tokio::test]
async fn a_guardrail_that_steps_in_is_the_reason_of_the_end() {
    let mut script = FakeStreamingModel::messages(&["This cannot be discussed."]);
    script.pop();
    script.push(Step::says(&json!({"type": "message_stop", "amazon-bedrock-guardrailAction": "INTERVENED"})));
    let seen = seen(&function(FakeStreamingModel::with_script(script)), &named("events")).await;
    assert!(seen["body"].as_str().unwrap().ends_with("data: {\"stop_reason\":\"guardrail_intervened\"}\n\n"), "{seen}");
}
