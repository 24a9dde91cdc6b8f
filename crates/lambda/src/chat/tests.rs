use std::{sync::atomic::Ordering, time::Duration};

use futures_util::StreamExt as _;
use tokio::time::Instant;
use warden_core::{
    Error,
    bedrock::ModelId,
    chat::{Offer, TokenDigest},
    fake::{FakeStreamingModel, Step},
};

use super::*;
use crate::streaming::StreamLimits;

/// The digest of the token `abc`.
const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn settings() -> ChatSettings {
    let large = ModelId { called: "arn:of-a-profile".into(), base: "large".into() };
    ChatSettings {
        token: TokenDigest::from_hex(DIGEST),
        offer: Offer { default_model: "small".into(), models: vec!["small".into(), large], max_tokens: 4096 },
        max_request_bytes: 6_291_456,
        limits: StreamLimits { receive_timeout: Duration::from_secs(50), answer_timeout: Duration::from_secs(280) },
    }
}

fn chat(model: FakeStreamingModel) -> Chat<FakeStreamingModel> {
    Chat::new(model, Protocol::Bedrock, settings())
}

fn event(accept: &str, body: &str) -> Value {
    json!({
        "version": "2.0",
        "rawPath": "/",
        "headers": {"accept": accept, "x-warden-token": "abc"},
        "requestContext": {"http": {"method": "POST", "path": "/"}},
        "body": body,
        "isBase64Encoded": false,
    })
}

const TEXT: &str = "*/*";
const EVENTS: &str = "text/event-stream";
const HELLO: &str = r#"{"prompt": "Hello"}"#;

async fn read(response: Response<Body>) -> (u16, String) {
    let status = response.status().as_u16();
    let chunks: Vec<_> = response.into_body().map(|chunk| chunk.unwrap()).collect().await;
    (status, String::from_utf8(chunks.concat()).unwrap())
}

async fn ask(model: FakeStreamingModel, accept: &str) -> (u16, String) {
    read(chat(model).handle(event(accept, HELLO), "r-1").await).await
}

fn broken() -> Step {
    Step::Fails(Error::ModelUnavailable { code: "stream broken".into(), hint: "gone" })
}

#[tokio::test]
async fn the_answer_is_the_models_text_and_the_body_is_the_conversation() {
    let chat = chat(FakeStreamingModel::saying(&["\u{c548}\u{b155}", ", ", "there"]));
    let body = r#"{"messages": [{"role": "user", "content": "Hello"}], "model": "large", "max_tokens": 9}"#;
    let response = chat.handle(event(TEXT, body), "r-1").await;
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(read(response).await, (200, "\u{c548}\u{b155}, there".into()));
    let call = chat.model().asked().remove(0);
    assert_eq!((call.model_id.as_str(), &call.body["max_tokens"]), ("arn:of-a-profile", &json!(9)));
    assert_eq!(call.body["messages"][0]["content"][0]["text"], "Hello");
    assert_eq!(call.request_metadata, None);
}

#[tokio::test]
async fn events_begin_with_a_start_and_end_with_an_end() {
    let chat = chat(FakeStreamingModel::saying(&["Good ", "day"]));
    let response = chat.handle(event(EVENTS, HELLO), "r-1").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    let (_, body) = read(response).await;
    assert_eq!(
        body,
        "event: start\ndata: {\"id\":\"r-1\",\"model\":\"small\"}\n\n\
         event: delta\ndata: {\"text\":\"Good \"}\n\n\
         event: delta\ndata: {\"text\":\"day\"}\n\n\
         event: usage\ndata: {\"input_tokens\":12,\"output_tokens\":9}\n\n\
         event: end\ndata: {\"stop_reason\":\"end_turn\"}\n\n"
    );
}

#[tokio::test]
async fn each_chunk_of_the_model_is_passed_on_before_the_next_is_asked_for() {
    let mut script = FakeStreamingModel::messages(&["Good "]);
    script.truncate(2);
    script.push(Step::Stalls);
    let mut body = chat(FakeStreamingModel::with_script(script)).handle(event(TEXT, HELLO), "r-1").await.into_body();
    assert_eq!(body.next().await.unwrap().unwrap(), "Good ");
}

#[tokio::test]
async fn a_thousand_deltas_lose_repeat_and_reorder_nothing() {
    let texts: Vec<_> = (0..1000).map(|number| format!("{number} \u{1f600}\n")).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    assert_eq!(ask(FakeStreamingModel::saying(&texts), TEXT).await, (200, texts.concat()));
    let (_, events) = ask(FakeStreamingModel::saying(&texts), EVENTS).await;
    let deltas = events.lines().filter_map(|line| line.strip_prefix("data: {\"text\":"));
    let said: String =
        deltas.map(|text| serde_json::from_str::<String>(text.strip_suffix('}').unwrap()).unwrap()).collect();
    assert_eq!(said, texts.concat());
}

#[tokio::test]
async fn a_wrong_token_asks_nobody() {
    for token in [json!(null), json!("abd"), json!(DIGEST), json!("")] {
        let chat = chat(FakeStreamingModel::saying(&["Hi"]));
        let mut event = event(TEXT, HELLO);
        event["headers"] = if token.is_null() { json!({}) } else { json!({"x-warden-token": token}) };
        let (status, body) = read(chat.handle(event.clone(), "r-1").await).await;
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &error["error"]["code"]), (401, &json!("Unauthorized")), "{token}");
        assert!(chat.model().asked().is_empty());

        event["requestContext"]["http"] = json!({"method": "GET", "path": "/models"});
        assert_eq!(chat.handle(event, "r-1").await.status(), 401);
    }
}

#[tokio::test]
async fn without_a_token_in_the_settings_none_is_asked_for() {
    let settings = ChatSettings { token: None, ..settings() };
    let chat = Chat::new(FakeStreamingModel::saying(&["Hi"]), Protocol::Bedrock, settings);
    let mut event = event(TEXT, HELLO);
    event["headers"] = json!({});
    assert_eq!(read(chat.handle(event, "r-1").await).await, (200, "Hi".into()));
}

#[tokio::test]
async fn a_body_of_over_six_megabytes_is_too_large_and_one_of_six_is_not() {
    let sized = |bytes: usize| format!(r#"{{"prompt":"{}"}}"#, "x".repeat(bytes - 13));
    for (bytes, status) in [(6_291_456, 200), (6_291_457, 413)] {
        let body = sized(bytes);
        assert_eq!(body.len(), bytes);
        let chat = chat(FakeStreamingModel::saying(&["Hi"]));
        assert_eq!(chat.handle(event(TEXT, &body), "r-1").await.status(), status, "{bytes}");
        let mut encoded = event(TEXT, &base64_simd::STANDARD.encode_to_string(&body));
        encoded["isBase64Encoded"] = json!(true);
        assert_eq!(chat.handle(encoded, "r-1").await.status(), status, "{bytes} in base64");
    }
}

#[tokio::test]
async fn a_failure_before_the_first_chunk_is_a_status_and_json() {
    let throttled = || Step::Fails(Error::ModelThrottled { code: "429".into() });
    let error_event = Step::says(&json!({"type": "error", "error": {"type": "overloaded_error"}}));
    for (model, status, name) in [
        (FakeStreamingModel::not_opening(throttled()), 429, "ModelThrottled"),
        (FakeStreamingModel::with_script(vec![throttled()]), 429, "ModelThrottled"),
        (FakeStreamingModel::with_script(vec![error_event]), 429, "ModelThrottled"),
        (FakeStreamingModel::with_script(vec![broken()]), 502, "ModelUnavailable"),
        (FakeStreamingModel::with_script(vec![]), 502, "ModelUnavailable"),
        (FakeStreamingModel::with_script(vec![Step::Says("hello".into())]), 502, "ModelOutputInvalid"),
    ] {
        let open = model.open();
        let response = chat(model).handle(event(EVENTS, HELLO), "r-1").await;
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers().get("retry-after").is_some(), status == 429);
        let (seen, body) = read(response).await;
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((seen, &error["error"]["code"]), (status, &json!(name)));
        assert_eq!(open.load(Ordering::Relaxed), 0, "the call is ended");
    }
}

#[tokio::test]
async fn a_failure_after_the_first_chunk_ends_the_answer_and_says_so() {
    let mut script = FakeStreamingModel::messages(&["Good "]);
    script.truncate(2);
    script.push(broken());
    let model = FakeStreamingModel::with_script(script.clone());
    let open = model.open();
    let (status, text) = ask(model, TEXT).await;
    let cut = "Good \n[cut: ModelUnavailable: the model is unavailable (stream broken): gone]\n";
    assert_eq!((status, text.as_str()), (200, cut));
    assert_eq!(open.load(Ordering::Relaxed), 0, "the call is ended");

    let (_, events) = ask(FakeStreamingModel::with_script(script), EVENTS).await;
    assert!(
        events.ends_with("}\n\n") && events.contains("\"code\":\"ModelUnavailable\"") && !events.contains("event: end"),
        "{events}"
    );
}

#[tokio::test]
async fn the_tokens_of_a_cut_answer_are_told_before_its_error() {
    let mut script = FakeStreamingModel::messages(&["Good ", "day"]);
    script.truncate(3);
    script.push(broken());
    let (_, events) = ask(FakeStreamingModel::with_script(script), EVENTS).await;
    // 12 and 1 are the model's own, and 8 bytes of text came after it counted.
    let expected = json!({"input_tokens": 12, "output_tokens": 4, "estimated": true});
    let (before, after) = events.split_once("event: usage\ndata: ").unwrap();
    let (usage, after) = after.split_once("\n\n").unwrap();
    assert_eq!(serde_json::from_str::<Value>(usage).unwrap(), expected);
    assert!(before.contains("day") && after.starts_with("event: error"), "{events}");
}

#[tokio::test]
async fn an_answer_that_is_cut_in_its_first_chunk_keeps_what_it_said() {
    let stream =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: {\"error\":\"x\"}\n\ndata: [DONE]\n\n";
    for protocol in [Protocol::OpenAiSse { names_model: false }, Protocol::JsonLines] {
        let model = FakeStreamingModel::with_script(vec![Step::Says(stream.into())]);
        let chat = Chat::new(model, protocol, settings());
        let (status, text) = read(chat.handle(event(TEXT, HELLO), "r-1").await).await;
        assert!(status == 200 && text.starts_with("Hi\n[cut: ModelUnavailable: "), "{status} {text}");
    }
    for nothing_said in ["data: [DONE]\n\n", "data: {\"error\":\"x\"}\n\n", "event: error\n\n"] {
        let model = FakeStreamingModel::with_script(vec![Step::Says(nothing_said.into())]);
        let chat = Chat::new(model, Protocol::JsonLines, settings());
        assert_eq!(chat.handle(event(TEXT, HELLO), "r-1").await.status(), 502, "{nothing_said}");
    }
}

#[tokio::test]
async fn a_stream_that_just_ends_is_no_whole_answer() {
    let mut script = FakeStreamingModel::messages(&["Good ", "day"]);
    script.pop();
    let (_, events) = ask(FakeStreamingModel::with_script(script), EVENTS).await;
    assert!(events.contains("event: error") && !events.contains("event: end"), "{events}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_never_begins_is_given_up() {
    let silent = FakeStreamingModel::with_script(vec![Step::Stalls]);
    for model in [FakeStreamingModel::not_opening(Step::Stalls), silent] {
        let (open, start) = (model.open(), Instant::now());
        assert_eq!(ask(model, EVENTS).await.0, 504);
        assert_eq!((start.elapsed().as_secs(), open.load(Ordering::Relaxed)), (50, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_falls_silent_is_kept_alive_and_then_given_up() {
    let mut script = FakeStreamingModel::messages(&["Good "]);
    script.truncate(2);
    script.push(Step::Stalls);
    let (model, start) = (FakeStreamingModel::with_script(script.clone()), Instant::now());
    let open = model.open();
    let (_, events) = ask(model, EVENTS).await;
    assert_eq!(start.elapsed().as_secs(), 50);
    assert_eq!(events.matches(": keep-alive\n\n").count(), 3, "{events}");
    assert!(
        events.ends_with("}\n\n") && events.contains("\"code\":\"ModelTimeout\"") && !events.contains("event: end"),
        "{events}"
    );
    assert_eq!(open.load(Ordering::Relaxed), 0, "the call is ended");

    let (_, text) = ask(FakeStreamingModel::with_script(script), TEXT).await;
    assert!(text.starts_with("Good \n[cut: ModelTimeout: "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_end_ends_at_its_limit() {
    let limits = StreamLimits { answer_timeout: Duration::from_secs(40), ..settings().limits };
    let settings = ChatSettings { limits, ..settings() };
    let mut script = FakeStreamingModel::messages(&["Good "]);
    script.truncate(2);
    script.push(Step::Stalls);
    let chat = Chat::new(FakeStreamingModel::with_script(script), Protocol::Bedrock, settings);
    let start = Instant::now();
    let (_, events) = read(chat.handle(event(EVENTS, HELLO), "r-1").await).await;
    assert_eq!(start.elapsed().as_secs(), 40);
    assert!(events.contains("MODEL_TIMEOUT_SECONDS passed"), "{events}");
}

#[tokio::test]
async fn when_nobody_takes_the_answer_the_models_call_ends() {
    let model = FakeStreamingModel::saying(&["Good ", "day"]);
    let open = model.open();
    let mut body = chat(model).handle(event(EVENTS, HELLO), "r-1").await.into_body();
    assert!(body.next().await.is_some());
    assert_eq!(open.load(Ordering::Relaxed), 1);
    drop(body);
    assert_eq!(open.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_browser_gets_the_page_and_anybody_else_the_usage() {
    let chat = chat(FakeStreamingModel::saying(&["Hi"]));
    let mut event = event("text/html,*/*;q=0.8", "");
    event["requestContext"]["http"]["method"] = json!("GET");
    event["headers"]["x-warden-token"] = json!("");
    let page = chat.handle(event.clone(), "r-1").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'; script-src"));
    assert!(read(page).await.1.starts_with("<!doctype html>"));
    event["headers"]["accept"] = json!("*/*");
    assert!(read(chat.handle(event, "r-1").await).await.1.starts_with("POST a JSON body"));
    assert!(chat.model().asked().is_empty());
}

#[tokio::test]
async fn the_models_on_offer_are_listed() {
    let mut event = event(TEXT, "");
    event["requestContext"]["http"] = json!({"method": "GET", "path": "/models"});
    let (status, body) = read(chat(FakeStreamingModel::saying(&[])).handle(event, "r-1").await).await;
    assert_eq!(status, 200);
    let models: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(models, json!({"models": ["small", "large"], "default": "small"}));
}
