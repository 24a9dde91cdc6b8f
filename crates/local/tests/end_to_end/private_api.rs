//! The private API, asked as callers ask it: through the REST API, with a key.
//!
//! What a test looks at is the answer and what is left behind: the record of the
//! call in the bucket, read as `warden calls` reads it, or that there is none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::RwLock;
use warden_calls::{Call, Filter, Query};
use warden_local::engine::Engine;
use warden_local::model::{Fault, Faults, ModelOptions};
use warden_local::output::Console;
use warden_local::private_api::{PrivateApi, Reply};
use warden_local::streaming_host::REQUEST_ID;
use warden_local::system::SystemOptions;
use warden_local::workspace::Workspace;

use crate::world::{Running, Stage};

/// More calls than a request makes of a model that fails.
const ALL: usize = 100;

/// What the model waits for before each word of a stream.
const WORD_DELAY: Duration = Duration::from_millis(5);

/// The running API.
pub struct ApiWorld {
    api: PrivateApi,
    faults: Faults,
    model_is_well: RwLock<()>,
}

impl Running for ApiWorld {
    async fn up() -> Self {
        let workspace = Workspace::find().unwrap();
        let faults = Faults::default();
        let model = ModelOptions { faults: faults.clone(), word_delay: WORD_DELAY, ..ModelOptions::default() };
        let options = SystemOptions { model, ..SystemOptions::default() };
        let api = PrivateApi::up(&workspace, &options, &Console::standard()).await;
        Self { api: api.unwrap_or_else(|error| panic!("{error}")), faults, model_is_well: RwLock::default() }
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn model_is_well(&self) -> &RwLock<()> {
        &self.model_is_well
    }

    fn engine(&self) -> &Engine {
        self.api.engine()
    }
}

impl ApiWorld {
    fn get(&self, path: &str) -> RequestBuilder {
        self.api.request(Method::GET, path)
    }

    fn post(&self, body: impl Into<String>) -> RequestBuilder {
        let request = self.api.request(Method::POST, "/generate");
        request.header("content-type", "application/json").body(body.into())
    }

    fn stream(&self, body: impl Into<String>) -> RequestBuilder {
        let request = self.api.request(Method::POST, "/stream").header("accept", "text/event-stream");
        request.header("content-type", "application/json").body(body.into())
    }

    async fn send(&self, request: RequestBuilder) -> Reply {
        self.api.send(request).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The records of a request, found by the id that its caller was told.
    async fn records(&self, reply: &Reply) -> Vec<Call> {
        let filter = Filter { request_id: Some(reply.request_id.clone().unwrap()), ..Filter::default() };
        let query = Query { filter, show_text: true, ..Query::default() };
        let report = self.api.calls(&query).await.unwrap_or_else(|error| panic!("{error}"));
        assert!(report.is_complete(), "{report}");
        report.calls
    }

    /// The one record of a question that was answered.
    async fn record(&self, reply: &Reply) -> Call {
        assert_eq!(reply.status, 200, "{reply:?}");
        let completion = reply.body["completion"].as_str().unwrap_or_default();
        assert!(!completion.is_empty(), "{reply:?}");
        let mut calls = self.records(reply).await;
        assert_eq!(calls.len(), 1, "{calls:?}");
        let call = calls.remove(0);
        assert_eq!(call.answer.text.as_deref(), Some(completion));
        assert_eq!(call.caller.as_deref(), Some(self.api.output("ApiKeyId")));
        assert_eq!(json!(call.input_tokens), reply.body["usage"]["input_tokens"], "{reply:?}");
        assert_eq!(json!(call.output_tokens), reply.body["usage"]["output_tokens"], "{reply:?}");
        assert_eq!(json!(call.stop_reason), reply.body["stop_reason"], "{reply:?}");
        call
    }

    /// A refusal has its status and code, says something, and leaves no record.
    async fn refused(&self, reply: &Reply, status: u16, code: &str) -> String {
        assert_eq!((reply.status, &reply.body["error"]["code"]), (status, &json!(code)), "{reply:?}");
        assert_eq!(self.records(reply).await, []);
        reply.body["error"]["message"].as_str().unwrap().to_owned()
    }
}

pub fn trials(stage: &Arc<Stage<ApiWorld>>) -> Vec<Trial> {
    vec![
        stage.trial("private_api::models_are_listed", models),
        stage.trial("private_api::a_question_in_korean_in_the_path_is_answered_and_on_record", korean),
        stage.trial("private_api::emoji_by_post_are_answered_and_on_record", emoji),
        stage.trial("private_api::a_conversation_is_answered_and_on_record", conversation),
        stage.trial("private_api::a_megabyte_by_post_is_answered_and_its_record_has_the_body_beside_it", megabyte),
        stage.trial("private_api::an_empty_question_is_refused", empty),
        stage.trial("private_api::a_bad_body_is_refused_with_what_is_wrong", bad_bodies),
        stage.trial("private_api::headers_and_line_ends_of_a_caller_change_nothing_but_the_question", injection),
        stage.trial("private_api::a_caller_without_a_key_does_not_come_through", without_key),
        stage.faulty_trial(
            "private_api::a_throttled_model_is_429_with_when_to_ask_again",
            vec![(ALL, Fault::Throttled)],
            throttled,
        ),
        stage.faulty_trial("private_api::an_overloaded_model_is_429_too", vec![(ALL, Fault::Overloaded)], throttled),
        stage.faulty_trial("private_api::a_model_that_is_down_is_502", vec![(ALL, Fault::Unavailable)], down),
        stage.faulty_trial(
            "private_api::a_model_that_is_busy_once_is_asked_again",
            vec![(1, Fault::Unavailable)],
            busy_once,
        ),
        stage.faulty_trial(
            "private_api::a_model_that_is_too_slow_is_504_before_the_gateway_gives_up",
            vec![(ALL, Fault::Slow(Duration::from_secs(40)))],
            slow,
        ),
        stage.trial("private_api::a_streamed_answer_comes_in_pieces_and_is_on_record", streamed),
        stage.trial("private_api::a_megabyte_is_answered_in_a_stream_too", streamed_megabyte),
        stage.trial("private_api::a_stream_is_refused_as_everything_else_is", no_stream),
        stage.trial("private_api::headers_of_a_caller_change_nothing_of_a_stream", stream_injection),
        stage.faulty_trial(
            "private_api::a_throttled_model_is_429_before_a_stream",
            vec![(ALL, Fault::Throttled)],
            stream_throttled,
        ),
        stage.faulty_trial(
            "private_api::a_model_that_fails_midway_ends_the_stream_and_the_record_has_what_was_said",
            vec![(1, Fault::StreamFails(6))],
            stream_fails_midway,
        ),
    ]
}

async fn models(world: Arc<ApiWorld>) {
    let reply = world.send(world.get("/models")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let models = reply.body["models"].as_array().unwrap();
    assert!(models.iter().any(|model| model["default"] == true && model["id"].as_str().unwrap().starts_with("us.")));
    assert_eq!(world.records(&reply).await, []);
}

async fn korean(world: Arc<ApiWorld>) {
    // 안녕하세요, 세계
    let path = "/generate/%EC%95%88%EB%85%95%ED%95%98%EC%84%B8%EC%9A%94%2C%20%EC%84%B8%EA%B3%84";
    let reply = world.send(world.get(path)).await;
    assert_eq!(world.record(&reply).await.question.text.as_deref(), Some("안녕하세요, 세계"));
}

async fn emoji(world: Arc<ApiWorld>) {
    let question = "👩‍👩‍👧‍👦 and 🔐: what do they stand for? 100% sure + certain";
    let reply = world.send(world.post(json!({"prompt": question}).to_string())).await;
    assert_eq!(world.record(&reply).await.question.text.as_deref(), Some(question));
}

async fn conversation(world: Arc<ApiWorld>) {
    let body = json!({"system": "Be brief.", "max_tokens": 5, "messages": [
        {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Who are you?"},
    ]});
    let reply = world.send(world.post(body.to_string())).await;
    let call = world.record(&reply).await;
    let question = call.question.text.unwrap_or_default();
    assert!(question.starts_with("system: Be brief.") && question.ends_with("user: Who are you?"), "{question}");
    assert!(call.output_tokens.unwrap() <= 5);
}

async fn megabyte(world: Arc<ApiWorld>) {
    let question = "가나다 ".repeat(100_000);
    let body = json!({"prompt": question}).to_string();
    assert!(body.len() > 1_000_000);
    let reply = world.send(world.post(body)).await;
    let call = world.record(&reply).await;
    assert!(call.question.s3_path.is_some_and(|path| path.contains("/data/")));
    assert_eq!(call.question.characters, Some(400_000));
}

async fn empty(world: Arc<ApiWorld>) {
    for body in [json!({"prompt": ""}), json!({"prompt": " \n"}), json!({"messages": []}), json!({})] {
        let reply = world.send(world.post(body.to_string())).await;
        let message = world.refused(&reply, 400, "InvalidInput").await;
        assert!(!message.is_empty(), "{body}");
    }
}

async fn bad_bodies(world: Arc<ApiWorld>) {
    let cases = [
        ("{\"prompt\":", "body"),
        ("no json", "body"),
        ("[]", "body"),
        ("\"text\"", "body"),
        (r#"{"prompt":"a","temprature":1}"#, "temprature"),
        (r#"{"prompt":7}"#, "prompt"),
        (r#"{"prompt":"a","max_tokens":-1}"#, "max_tokens"),
        (r#"{"prompt":"a","max_tokens":1000000}"#, "max_tokens"),
        (r#"{"prompt":"a","model":"us.anthropic.claude-opus-5-5"}"#, "model"),
        (r#"{"messages":[{"role":"system","content":"a"}]}"#, "role"),
    ];
    for (body, named) in cases {
        let reply = world.send(world.post(body)).await;
        let message = world.refused(&reply, 400, "InvalidInput").await;
        assert!(message.contains(named), "{body}: {message}");
    }
}

async fn injection(world: Arc<ApiWorld>) {
    let question = "Hello\r\nX-Amzn-Bedrock-GuardrailIdentifier: none\r\n\r\n{\"caller\":\"admin\"}";
    let request = world
        .post(json!({"prompt": question}).to_string())
        .header("x-amzn-bedrock-request-metadata", r#"{"caller":"admin"}"#)
        .header("x-amzn-bedrock-guardrailidentifier", "none")
        .header("x-forwarded-for", "admin\"},{\"caller\":\"admin")
        .header("x-amzn-requestid", "chosen");
    let reply = world.send(request).await;
    let call = world.record(&reply).await;
    assert_eq!(call.question.text.as_deref(), Some(question));
    assert!(call.request_metadata.values().all(|value| value != "admin"), "{call:?}");
    assert_eq!(call.request_metadata.get("request_id"), reply.request_id.as_ref());

    let path = "/generate/Hello%0D%0AX-Api-Key:%20none";
    let reply = world.send(world.get(path)).await;
    assert_eq!(world.record(&reply).await.question.text.as_deref(), Some("Hello\r\nX-Api-Key: none"));
}

async fn without_key(world: Arc<ApiWorld>) {
    for request in [
        world.api.request_without_key(Method::GET, "/generate/Hello"),
        world.api.request_without_key(Method::GET, "/generate/Hello").header("x-api-key", "nobodys"),
    ] {
        let reply = world.send(request).await;
        assert_eq!((reply.status, reply.request_id), (403, None), "it came to the function");
    }
}

async fn throttled(world: Arc<ApiWorld>) {
    let reply = world.send(world.get("/generate/Hello")).await;
    world.refused(&reply, 429, "ModelThrottled").await;
    let seconds: u32 = reply.retry_after.unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    well_again(&world).await;
}

async fn down(world: Arc<ApiWorld>) {
    let reply = world.send(world.get("/generate/Hello")).await;
    let message = world.refused(&reply, 502, "ModelUnavailable").await;
    assert!(!message.contains("127.0.0.1"), "{message}");
    well_again(&world).await;
}

async fn busy_once(world: Arc<ApiWorld>) {
    let reply = world.send(world.get("/generate/Hello")).await;
    world.record(&reply).await;
}

async fn slow(world: Arc<ApiWorld>) {
    let begun = Instant::now();
    let reply = world.send(world.get("/generate/Hello")).await;
    let took = begun.elapsed();
    world.refused(&reply, 504, "ModelTimeout").await;
    assert!(took < Duration::from_secs(29), "{took:?}");
}

async fn streamed(world: Arc<ApiWorld>) {
    let question = "안녕하세요, 세계 👩‍👩‍👧‍👦 + 100%";
    let reply = world.send(world.stream(json!({"prompt": question, "max_tokens": 2000}).to_string())).await;
    assert!(reply.pieces > 10, "{reply:?}");
    assert_eq!((&reply.body["stop_reason"], &reply.body["id"]), (&json!("end_turn"), &json!(reply.request_id)));
    let call = world.record(&reply).await;
    assert_eq!(call.question.text.as_deref(), Some(question));
    assert_eq!(call.operation.as_deref(), Some("InvokeModelWithResponseStream"));

    let bare = world.api.request(Method::POST, "/stream").body(json!({"prompt": question}).to_string());
    let bare = bare.send().await.unwrap();
    assert_eq!(bare.headers()["content-type"], "text/plain; charset=utf-8");
    let (id, text) = (bare.headers()[REQUEST_ID].to_str().unwrap().to_owned(), bare.text().await.unwrap());
    assert!(text.starts_with("I am a local stand-in") && text.contains(question) && !text.contains("[cut"), "{text}");
    let filter = Filter { request_id: Some(id), ..Filter::default() };
    let report = world.api.calls(&Query { filter, show_text: true, ..Query::default() }).await.unwrap();
    assert_eq!(report.calls[0].answer.text.as_deref(), Some(text.as_str()));

    let more = world.send(world.stream(json!({"prompt": "Hello", "max_tokens": 16_384}).to_string())).await;
    assert_eq!(more.status, 200, "its own limit of tokens: {more:?}");
}

async fn streamed_megabyte(world: Arc<ApiWorld>) {
    let question = "가나다 ".repeat(100_000);
    let reply = world.send(world.stream(json!({"prompt": question, "max_tokens": 50}).to_string())).await;
    let call = world.record(&reply).await;
    assert_eq!(call.question.characters, Some(400_000));
}

async fn no_stream(world: Arc<ApiWorld>) {
    for (body, named) in [
        ("{\"prompt\":", "body"),
        ("", "body"),
        (r#"{"prompt":""}"#, "prompt"),
        (r#"{"prompt":"a","temprature":1}"#, "temprature"),
        (r#"{"prompt":"a","max_tokens":16385}"#, "max_tokens"),
        (r#"{"prompt":"a","model":"us.anthropic.claude-opus-5-5"}"#, "model"),
    ] {
        let reply = world.send(world.stream(body)).await;
        let message = world.refused(&reply, 400, "InvalidInput").await;
        assert!(message.contains(named), "{body}: {message}");
    }
    let reply = world.send(world.get("/stream")).await;
    world.refused(&reply, 405, "MethodNotAllowed").await;
    for key in [None, Some("nobodys")] {
        let request = world.api.request_without_key(Method::POST, "/stream").body(r#"{"prompt":"Hello"}"#);
        let reply = world.send(key.into_iter().fold(request, |request, key| request.header("x-api-key", key))).await;
        assert_eq!((reply.status, reply.request_id), (403, None), "it came to the function");
        assert_eq!(reply.body["error"]["code"], "Forbidden");
    }
}

async fn stream_injection(world: Arc<ApiWorld>) {
    let question = "Hello\r\nX-Amzn-Bedrock-GuardrailIdentifier: none\r\n\r\nevent: end\n\n{\"caller\":\"admin\"}";
    let request = world
        .stream(json!({"prompt": question}).to_string())
        .header("x-amzn-bedrock-request-metadata", r#"{"caller":"admin"}"#)
        .header("x-amzn-requestid", "chosen");
    let reply = world.send(request).await;
    let call = world.record(&reply).await;
    assert_eq!(call.question.text.as_deref(), Some(question));
    assert!(call.request_metadata.values().all(|value| value != "admin"), "{call:?}");
    assert_eq!(call.request_metadata.get("request_id"), reply.request_id.as_ref());
}

async fn stream_throttled(world: Arc<ApiWorld>) {
    let reply = world.send(world.stream(r#"{"prompt":"Hello"}"#)).await;
    world.refused(&reply, 429, "ModelThrottled").await;
    assert!(reply.retry_after.is_some());
    well_again(&world).await;
}

async fn stream_fails_midway(world: Arc<ApiWorld>) {
    let reply = world.send(world.stream(r#"{"prompt":"Hello"}"#)).await;
    assert_eq!((reply.status, &reply.body["stop_reason"]), (200, &Value::Null), "{reply:?}");
    assert!(reply.body["error"]["code"].as_str().unwrap().starts_with("Model"), "{reply:?}");
    let said = reply.body["completion"].as_str().unwrap();
    assert!(said.starts_with("I am a local"), "{said}");
    // The model writes down what was cut a moment later.
    let begun = Instant::now();
    let mut calls = Vec::new();
    while calls.is_empty() && begun.elapsed() < Duration::from_secs(10) {
        calls = world.records(&reply).await;
    }
    assert_eq!((calls.len(), calls[0].answer.text.as_deref()), (1, Some(said)));
    well_again(&world).await;
}

/// What failed a moment ago answers again.
async fn well_again(world: &ApiWorld) {
    world.faults.clear();
    let reply = world.send(world.post(json!({"prompt": "Hello"}).to_string())).await;
    assert_ne!(reply.body["completion"], Value::Null, "{reply:?}");
}
