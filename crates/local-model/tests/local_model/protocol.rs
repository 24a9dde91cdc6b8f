//! The wire protocol: shapes of answers and errors, faults, and what is counted.

use std::time::{Duration, Instant};

use crate::support::{MODEL, ask, ask_by_schema, send, send_raw, server, weights};
use serde_json::{Value, json};
use warden_local_model::{Call, Config, Fault, Faults, Operation, Server, StartError};

async fn faulty(fault: Fault) -> (Server, Faults) {
    let mut config = Config::reading(weights().await);
    config.faults = Faults::default();
    let faults = config.faults.clone();
    faults.next(1, fault);
    (Server::start(config).await.expect("a free port"), faults)
}

/// Asks for a form, so that the answer is JSON.
fn question() -> Value {
    ask(r#"Answer only with JSON: {"greeting": "hello"}"#, &[])
}

#[tokio::test]
async fn an_answer_has_the_shape_of_the_messages_api() {
    let server = server().await;
    let reply = send(&server, "us.anthropic.claude-haiku-4-5-20251001-v1:0", &ask("Who are you?", &[])).await;
    assert_eq!(reply.status, 200);
    let id = reply.body["id"].as_str().unwrap();
    assert!(id.starts_with("msg_bdrk_01") && id.len() > 20, "{id}");
    assert_eq!(reply.body["type"], "message");
    assert_eq!(reply.body["role"], "assistant");
    assert_eq!(reply.body["model"], "claude-haiku-4-5-20251001");
    assert_eq!(reply.body["stop_reason"], "end_turn");
    assert_eq!(reply.body["stop_sequence"], Value::Null);
    assert_eq!(reply.body["content"][0]["type"], "text");
    assert!(reply.text().contains("local stand-in"));
    assert!(reply.body["usage"]["input_tokens"].as_u64().unwrap() > 0);
    assert!(reply.body["usage"]["output_tokens"].as_u64().unwrap() > 10);
}

#[tokio::test]
async fn a_profile_is_named_by_id_or_arn() {
    let server = server().await;
    for model in [
        "jp.anthropic.claude-sonnet-5-5",
        "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-haiku-5-5",
        "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123",
    ] {
        assert_eq!(send(&server, model, &question()).await.status, 200, "{model}");
    }
}

#[tokio::test]
async fn an_error_has_bedrocks_shape() {
    let server = server().await;
    let mut old = question();
    old["anthropic_version"] = json!("2023-06-01");
    for (model, body, status, name) in [
        (MODEL, &old, 400, "ValidationException"),
        ("anthropic.claude-haiku-5-5", &question(), 400, "ValidationException"),
        ("us.anthropic.claude-3-haiku-20240307-v1:0", &question(), 400, "ValidationException"),
        ("us.anthropic.claude-unheard-of", &question(), 404, "ResourceNotFoundException"),
    ] {
        let reply = send(&server, model, body).await;
        assert_eq!((reply.status, reply.error.as_deref()), (status, Some(name)), "{model}");
        assert!(!reply.message().is_empty());
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_or_too_large_is_refused() {
    let server = server().await;
    let plain = send_raw(&server, MODEL, question().to_string(), "text/plain").await;
    assert_eq!((plain.status, plain.error.as_deref()), (400, Some("ValidationException")));
    let broken = send_raw(&server, MODEL, "{".to_owned(), "application/json").await;
    assert!(broken.message().starts_with("Malformed input request"));
    let large = send_raw(&server, MODEL, " ".repeat(20_000_001), "application/json").await;
    assert_eq!((large.status, large.error.as_deref()), (400, Some("ValidationException")));
}

#[tokio::test]
async fn an_image_that_is_none_is_refused_with_bedrocks_words() {
    let server = server().await;
    let reply = send(&server, MODEL, &ask("Describe it.", &[("image/png", b"plain text")])).await;
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("Image does not match the provided media type image/png"));
}

#[tokio::test]
async fn an_error_that_was_ordered_happens_once() {
    for (fault, status, name) in [
        (Fault::Throttled, 429, Some("ThrottlingException")),
        (Fault::Overloaded, 529, None),
        (Fault::Unavailable, 503, Some("ServiceUnavailableException")),
        (Fault::InternalError, 500, Some("InternalServerException")),
        (Fault::TimedOut, 408, Some("ModelTimeoutException")),
        (Fault::AccessDenied, 403, Some("AccessDeniedException")),
    ] {
        let (server, faults) = faulty(fault).await;
        let reply = send(&server, MODEL, &question()).await;
        assert_eq!((reply.status, reply.error.as_deref()), (status, name), "{fault:?}");
        assert_eq!(faults.pending(), 0);
        assert_eq!(send(&server, MODEL, &question()).await.status, 200, "{fault:?}");
    }
}

#[tokio::test]
async fn a_schema_is_refused_as_ordered_and_a_request_without_one_is_answered() {
    let (server, faults) = faulty(Fault::SchemaRefused).await;
    faults.next(1, Fault::SchemaRefused);
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["greeting"],
        "properties": {"greeting": {"type": "string"}},
    });
    let with_schema = ask_by_schema("Greet me.", &[], &schema);

    let refused = send(&server, MODEL, &with_schema).await;
    assert_eq!((refused.status, refused.error.as_deref()), (400, Some("ValidationException")));
    assert_eq!(refused.message(), "output_config: Extra inputs are not permitted");
    assert_eq!(send(&server, MODEL, &question()).await.status, 200);
    assert_eq!(send(&server, MODEL, &with_schema).await.status, 200, "it was ordered for two calls");
}

#[tokio::test]
async fn an_answer_is_spoilt_as_ordered() {
    let body = |fault| async move {
        let (server, _) = faulty(fault).await;
        let reply = send(&server, MODEL, &question()).await;
        assert_eq!(reply.status, 200);
        reply.body
    };
    let right = serde_json::from_str::<Value>(&body_text(&body(Fault::Slow(Duration::ZERO)).await, 0)).unwrap();
    assert!(right["greeting"].is_string());

    let refused = body(Fault::Refused).await;
    assert_eq!((&refused["stop_reason"], &refused["content"]), (&json!("refusal"), &json!([])));
    assert_eq!(refused["stop_details"]["type"], "refusal");

    let fenced = body_text(&body(Fault::Fenced).await, 0);
    assert!(fenced.starts_with("```json\n{") && fenced.ends_with("\n```"), "{fenced}");

    let prose = body_text(&body(Fault::InProse).await, 0);
    assert!(!prose.starts_with('{') && prose.contains("{\"greeting\""), "{prose}");

    let cut = body(Fault::CutAtMaxTokens).await;
    assert_eq!(cut["stop_reason"], "max_tokens");
    assert!(serde_json::from_str::<Value>(&body_text(&cut, 0)).is_err());

    assert_eq!(body(Fault::Empty).await["content"], json!([]));

    let thinking = body(Fault::ThinkingFirst).await;
    assert_eq!(thinking["content"][0]["type"], "thinking");
    assert!(serde_json::from_str::<Value>(&body_text(&thinking, 1)).is_ok());
}

fn body_text(body: &Value, block: usize) -> String {
    body["content"][block]["text"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_slow_answer_comes_late() {
    let (server, _) = faulty(Fault::Slow(Duration::from_millis(300))).await;
    let start = Instant::now();
    assert_eq!(send(&server, MODEL, &question()).await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn an_answer_ends_at_max_tokens_and_at_stop_sequences() {
    let server = server().await;
    let mut short = ask("Who are you?", &[]);
    short["max_tokens"] = json!(3);
    let reply = send(&server, MODEL, &short).await;
    assert_eq!(reply.body["stop_reason"], "max_tokens");
    assert_eq!(reply.text().len(), 12);
    assert_eq!(reply.body["usage"]["output_tokens"], 3);

    let mut stopped = ask("Who are you?", &[]);
    stopped["stop_sequences"] = json!(["stand-in", "local"]);
    let reply = send(&server, MODEL, &stopped).await;
    assert_eq!((&reply.body["stop_reason"], &reply.body["stop_sequence"]), (&json!("stop_sequence"), &json!("local")));
    assert_eq!(reply.text(), "I am a ");
}

#[tokio::test]
async fn calls_are_counted_and_remembered_without_content() {
    let server = server().await;
    let calls = server.calls();
    send(&server, MODEL, &question()).await;
    send(&server, "us.anthropic.claude-unheard-of", &question()).await;
    let call = |model_id: &str, status| Call {
        operation: Operation::InvokeModel,
        model_id: model_id.to_owned(),
        images: 0,
        status,
    };
    assert_eq!(calls.last(), [call(MODEL, 200), call("us.anthropic.claude-unheard-of", 404)]);
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn an_answer_has_a_record_once_somebody_says_where_and_a_refusal_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::reading(weights().await);
    let records = config.records.clone();
    let server = Server::start(config).await.expect("a free port");
    send(&server, MODEL, &question()).await;
    assert!(crate::support::written(folder.path()).is_empty());

    records.write_to(crate::support::place(folder.path()));
    send(&server, "us.anthropic.claude-unheard-of", &question()).await;
    let reply = send(&server, MODEL, &question()).await;

    let [record] = crate::support::written(folder.path()).try_into().expect("one record");
    assert_eq!((&record["operation"], &record["modelId"]), (&json!("InvokeModel"), &json!(MODEL)));
    assert_eq!((&record["input"]["inputBodyJson"], &record["output"]["outputBodyJson"]), (&question(), &reply.body));
    assert_eq!(record["input"]["inputTokenCount"], reply.body["usage"]["input_tokens"]);
    assert_eq!(record["output"]["outputTokenCount"], reply.body["usage"]["output_tokens"]);
    assert_eq!(records.problem(), None);
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let nowhere = Server::start(Config::reading("/nowhere")).await.unwrap_err();
    assert!(matches!(nowhere, StartError::NoWeights(_)), "{nowhere}");

    let server = server().await;
    let mut taken = Config::reading(weights().await);
    taken.address = server.url().trim_start_matches("http://").parse().unwrap();
    let taken = Server::start(taken).await.unwrap_err();
    assert!(taken.to_string().contains("cannot listen on 127.0.0.1"), "{taken}");
}

#[tokio::test]
async fn a_server_that_was_shut_down_is_gone() {
    let server = server().await;
    let url = server.url();
    server.shutdown().await;
    assert!(reqwest::get(url).await.unwrap_err().is_connect());
}
