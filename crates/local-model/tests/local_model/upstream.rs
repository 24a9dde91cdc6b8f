//! Handing questions to an OpenAI-compatible server, played by a small fake.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{MODEL, ask, ask_by_schema, send};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use warden_local_model::{Config, Server, StartError, Upstream};

#[derive(Clone)]
struct Fake {
    asked: Arc<Mutex<Vec<Value>>>,
    status: StatusCode,
    answer: Value,
    delay: Duration,
}

impl Fake {
    fn answering(message: &Value, finish_reason: &str) -> Self {
        let answer = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": "tiny",
            "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
            "usage": {"prompt_tokens": 31, "completion_tokens": 7, "total_tokens": 38},
        });
        Self { asked: Arc::default(), status: StatusCode::OK, answer, delay: Duration::ZERO }
    }

    fn failing(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("a status");
        Self { asked: Arc::default(), status, answer: json!({"error": {"message": "no"}}), delay: Duration::ZERO }
    }

    /// Starts it, and an endpoint that asks it.
    async fn behind(&self, path: &str) -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}{path}", listener.local_addr().expect("bound"));
        let routes = Router::new()
            .route("/v1/models", get(async || Json(json!({"data": [{"id": "tiny"}, {"id": "other"}]}))))
            .route("/v1/chat/completions", post(complete))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let mut upstream = Upstream::new(url);
        // One that answers at once has as long as it takes.
        if !self.delay.is_zero() {
            upstream.timeout = Duration::from_millis(500);
        }
        Server::start(Config::upstream(upstream)).await.expect("a free port")
    }

    /// The same for one call at a time, which gets as long as it takes.
    async fn behind_one_place(&self) -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let routes = Router::new().route("/v1/chat/completions", post(complete)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let upstream = Upstream { model: Some("tiny".into()), ..Upstream::new(url) };
        let config = Config { open_calls: 1, ..Config::upstream(upstream) };
        Server::start(config).await.expect("a free port")
    }

    fn calls(&self) -> usize {
        self.asked.lock().expect("not poisoned").len()
    }

    fn asked(&self) -> Value {
        self.asked.lock().expect("not poisoned").first().expect("it was asked").clone()
    }
}

async fn complete(State(fake): State<Fake>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    fake.asked.lock().expect("not poisoned").push(body);
    tokio::time::sleep(fake.delay).await;
    (fake.status, Json(fake.answer))
}

const PIXEL: &[u8] = include_bytes!("../../../../samples/sign.png");

#[tokio::test]
async fn a_question_with_image_and_schema_is_passed_on() {
    let fake = Fake::answering(&json!({"role": "assistant", "content": "{\"ok\":true}"}), "stop");
    let server = fake.behind("").await;
    let schema = json!({"type": "object", "additionalProperties": false, "properties": {"ok": {"type": "boolean"}}});
    let mut body = ask_by_schema("What is it?", &[("image/png", PIXEL)], &schema);
    body["system"] = json!("Be brief.");
    body["stop_sequences"] = json!(["END"]);
    let reply = send(&server, MODEL, &body).await;
    assert_eq!(reply.json(), json!({"ok": true}));
    assert_eq!(reply.body["stop_reason"], "end_turn");
    assert_eq!(reply.body["usage"]["input_tokens"], 31);
    assert_eq!(reply.body["usage"]["output_tokens"], 7);
    assert_eq!(reply.body["model"], "claude-haiku-5-5");

    let asked = fake.asked();
    assert_eq!(asked["model"], "tiny");
    assert_eq!(asked["max_tokens"], 4_096);
    assert_eq!(asked["stop"], json!(["END"]));
    assert_eq!(asked["messages"][0], json!({"role": "system", "content": "Be brief."}));
    let url = asked["messages"][1]["content"][0]["image_url"]["url"].as_str().unwrap();
    assert!(url.starts_with("data:image/png;base64,iVBORw0KGgo"), "{}", &url[..40]);
    assert_eq!(asked["messages"][1]["content"][1], json!({"type": "text", "text": "What is it?"}));
    assert_eq!(asked["response_format"]["type"], "json_schema");
    assert_eq!(asked["response_format"]["json_schema"]["schema"], schema);
}

#[tokio::test]
async fn the_reason_to_stop_is_translated() {
    for (message, finish, stop_reason) in [
        (json!({"content": "half an ans"}), "length", "max_tokens"),
        (json!({"content": null}), "content_filter", "refusal"),
        (json!({"content": null, "refusal": "I cannot."}), "stop", "refusal"),
    ] {
        let server = Fake::answering(&message, finish).behind("/v1").await;
        let reply = send(&server, MODEL, &ask("Hello", &[])).await;
        assert_eq!(reply.body["stop_reason"], stop_reason);
    }
}

#[tokio::test]
async fn a_forced_tool_is_called_with_the_json_that_comes() {
    let fake = Fake::answering(&json!({"content": "{\"level\":\"low\"}"}), "stop");
    let server = fake.behind("/").await;
    let mut body = ask("Rate it.", &[]);
    body["tools"] = json!([{"name": "rate", "input_schema": {"type": "object"}}]);
    body["tool_choice"] = json!({"type": "tool", "name": "rate"});
    let reply = send(&server, MODEL, &body).await;
    assert_eq!(reply.body["stop_reason"], "tool_use");
    assert_eq!(reply.body["content"][0]["input"], json!({"level": "low"}));
}

#[tokio::test]
async fn an_error_is_translated_into_bedrocks() {
    for (status, expected, name) in [
        (429, 429, "ThrottlingException"),
        (500, 503, "ServiceUnavailableException"),
        (503, 503, "ServiceUnavailableException"),
        (504, 408, "ModelTimeoutException"),
        (401, 403, "AccessDeniedException"),
        (404, 404, "ResourceNotFoundException"),
        (400, 400, "ValidationException"),
    ] {
        let server = Fake::failing(status).behind("").await;
        let reply = send(&server, MODEL, &ask("Hello", &[])).await;
        assert_eq!((reply.status, reply.error.as_deref()), (expected, Some(name)), "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_timeout() {
    let mut fake = Fake::answering(&json!({"content": "late"}), "stop");
    fake.delay = Duration::from_secs(5);
    let server = fake.behind("").await;
    let reply = send(&server, MODEL, &ask("Hello", &[])).await;
    assert_eq!((reply.status, reply.error.as_deref()), (408, Some("ModelTimeoutException")));
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_unavailable() {
    let server = Server::start(Config::upstream(Upstream::new("http://127.0.0.1:9".to_owned()))).await.unwrap();
    let reply = send(&server, MODEL, &ask("Hello", &[])).await;
    assert_eq!((reply.status, reply.error.as_deref()), (503, Some("ServiceUnavailableException")));
}

#[tokio::test]
async fn an_answer_that_is_none_is_a_model_error() {
    let mut fake = Fake::failing(200);
    fake.answer = json!({"unexpected": true});
    let server = fake.behind("").await;
    let reply = send(&server, MODEL, &ask("Hello", &[])).await;
    assert_eq!((reply.status, reply.error.as_deref()), (424, Some("ModelErrorException")));
}

#[tokio::test]
async fn an_upstream_that_is_no_url_is_told_at_the_start() {
    for url in ["not a url", "ftp://127.0.0.1/"] {
        let error = Server::start(Config::upstream(Upstream::new(url))).await.unwrap_err();
        assert!(matches!(error, StartError::Upstream(_)), "{error}");
    }
}

/// An answer that nobody waits for to its end.
fn never_ending() -> Fake {
    Fake { delay: Duration::from_hours(1), ..Fake::answering(&json!({"content": "late"}), "stop") }
}

#[tokio::test]
async fn whoever_leaves_makes_room() {
    let fake = never_ending();
    let server = fake.behind_one_place().await;
    let question = ask("Hello", &[]);
    tokio::select! {
        _ = send(&server, MODEL, &question) => panic!("the first call is answered"),
        () = until(|| fake.calls() == 1) => {}
        () = tokio::time::sleep(Duration::from_mins(1)) => panic!("the first call is not taken"),
    }
    // The first caller has left meanwhile.
    tokio::select! {
        () = taken(&server, &question) => panic!("the second call is answered"),
        () = until(|| fake.calls() == 2) => {}
        () = tokio::time::sleep(Duration::from_mins(1)) => panic!("nobody made room"),
    }
}

#[tokio::test]
async fn calls_at_once_are_refused_beyond_their_number() {
    let fake = never_ending();
    let server = fake.behind_one_place().await;
    let question = ask("Hello", &[]);
    let second = async {
        until(|| fake.calls() == 1).await;
        send(&server, MODEL, &question).await
    };
    tokio::select! {
        _ = send(&server, MODEL, &question) => panic!("the first call is answered"),
        reply = second => assert_eq!((reply.status, reply.error.as_deref()), (429, Some("ThrottlingException"))),
    }
    assert_eq!(fake.calls(), 1, "what is refused is not asked");
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Asks until there is room.
async fn taken(server: &Server, question: &Value) {
    while send(server, MODEL, question).await.status == 429 {}
}
