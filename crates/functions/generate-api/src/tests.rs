use serde_json::{Value, json};
use warden_core::{Error, chat::Offer, fake::FakeModel, ports::ModelReply};
use warden_event_files::{holds, invalid, valid};

use crate::GenerateApi;

const SMALL: &str = "us.anthropic.claude-haiku-5-5";
const LARGE: &str = "us.anthropic.claude-sonnet-5-5";

fn api(reply: Result<Value, Error>) -> GenerateApi<FakeModel> {
    api_of(match reply {
        Ok(response) => FakeModel::answering(&response),
        Err(error) => FakeModel::replying(Err(error)),
    })
}

fn api_of(models: FakeModel) -> GenerateApi<FakeModel> {
    let offer = Offer { default_model: SMALL.into(), models: vec![SMALL.into(), LARGE.into()], max_tokens: 2048 };
    GenerateApi { models, offer }
}

fn message(text: &str, stop_reason: &str) -> Value {
    json!({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": text}],
           "stop_reason": stop_reason, "usage": {"input_tokens": 12, "output_tokens": 3}})
}

fn post(body: &str) -> Value {
    json!({"resource": "/generate", "path": "/generate", "httpMethod": "POST", "body": body,
           "requestContext": {"requestId": "r-1", "identity": {"apiKeyId": "k1"}}})
}

/// What the caller sees: the response with its body read.
async fn seen(api: &GenerateApi<FakeModel>, event: Value) -> Value {
    match api.handle(event).await {
        Ok(response) => {
            let mut response = serde_json::to_value(response).unwrap();
            assert_eq!(response["headers"]["content-type"], "application/json");
            assert_eq!(response["isBase64Encoded"], false);
            response["body"] = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
            response
        }
        Err(error) => json!({"errorType": error.name().as_str(), "errorMessage": error.to_string()}),
    }
}

#[tokio::test]
async fn every_event_asks_its_model_its_question_in_its_callers_name() {
    for file in valid("generate-api") {
        let api = api(Ok(message("\u{c548}\u{b155} \u{1f44b}", "end_turn")));
        let response = seen(&api, file.event()).await;
        assert_eq!(response["statusCode"], file.expected["statusCode"], "{}: {response}", file.name);
        let asked = api.models.calls();
        let Some(expected) = file.expected.get("asked") else {
            assert!(holds(&response, &file.expected) && asked.is_empty(), "{}: {response}", file.name);
            continue;
        };
        let answer = json!({"completion": "\u{c548}\u{b155} \u{1f44b}", "stop_reason": "end_turn",
                            "usage": {"input_tokens": 12, "output_tokens": 3}});
        assert_eq!(response["body"], answer, "{}", file.name);
        let [call] = asked.as_slice() else { panic!("{}: {} calls", file.name, asked.len()) };
        let turns = call.body["messages"].as_array().unwrap();
        let question = &turns.last().unwrap()["content"][0]["text"];
        assert_eq!((&json!(call.model_id), question), (&expected["model"], &expected["text"]), "{}", file.name);
        for field in ["system", "max_tokens"] {
            if let Some(value) = expected.get(field) {
                assert_eq!(&call.body[field], value, "{}", file.name);
            }
        }
        assert_eq!(json!(turns.len()), expected.get("turns").cloned().unwrap_or(json!(1)), "{}", file.name);
        assert!(call.body.get("temperature").is_none());
        let metadata = call.request_metadata.as_deref().unwrap();
        let told: Value = serde_json::from_str(metadata).unwrap();
        assert!(holds(&told, file.expected.get("metadata").unwrap_or(&json!({}))), "{}: {told}", file.name);
        assert!(metadata.is_ascii() && !metadata.contains(char::is_control), "{}", file.name);
        assert!(!metadata.contains("example-key-of-a-caller"), "{}: the key itself", file.name);
    }
}

#[tokio::test]
async fn an_invalid_request_is_told_why_and_no_model_is_asked() {
    for file in invalid("generate-api") {
        let api = api(Ok(message("no", "end_turn")));
        let response = seen(&api, file.event()).await;
        assert!(file.expected.is_object() && holds(&response, &file.expected), "{}: {response}", file.name);
        assert!(api.models.asked().is_empty(), "{}", file.name);
    }
}

#[tokio::test]
async fn a_megabyte_arrives_whole_and_more_than_five_are_refused() {
    let prompt = "\u{ac00}\u{1f600} ".repeat(1_048_576 / 8);
    let api = api(Ok(message("long", "end_turn")));
    let response = seen(&api, post(&json!({"prompt": prompt}).to_string())).await;
    assert_eq!(response["statusCode"], 200);
    let question = api.models.asked()[0]["messages"][0]["content"][0]["text"].clone();
    assert!(question == json!(prompt), "the prompt changed on its way");
    let response = seen(&api, post(&json!({"prompt": "x".repeat(5 * 1024 * 1024)}).to_string())).await;
    assert_eq!((&response["statusCode"], &response["body"]["error"]["code"]), (&json!(413), &json!("TooLarge")));
    assert_eq!(api.models.asked().len(), 1);
}

#[tokio::test]
async fn each_failure_of_the_model_has_its_status_and_code() {
    let unavailable = |code: &str| Error::ModelUnavailable { code: code.into(), hint: "look" };
    for (error, status, code, retry_after) in [
        (Error::ModelThrottled { code: "429 ThrottlingException".into() }, 429, "ModelThrottled", Some("5")),
        (unavailable("503 ServiceUnavailableException"), 502, "ModelUnavailable", None),
        (unavailable("no answer"), 502, "ModelUnavailable", None),
        (Error::ModelTimeout { code: "MODEL_TIMEOUT_SECONDS passed".into() }, 504, "ModelTimeout", None),
        (Error::AccessDenied { action: "a", what: "m".into(), hint: "h" }, 502, "AccessDenied", None),
        (Error::Internal { problem: "p".into() }, 500, "Internal", None),
    ] {
        let response = seen(&api(Err(error.clone())), post(r#"{"prompt":"Hello"}"#)).await;
        let expected = json!({"statusCode": status, "body": {"error": {"code": code, "message": error.to_string()}}});
        assert!(holds(&response, &expected), "{response}");
        assert_eq!(response["headers"].get("retry-after").and_then(Value::as_str), retry_after, "{code}");
    }
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_the_callers_mistake() {
    let api = api_of(FakeModel::replying(Ok(ModelReply::TooLong)));
    let response = seen(&api, post(r#"{"prompt":"Hello"}"#)).await;
    assert!(holds(&response, &json!({"statusCode": 400, "body": {"error": {"code": "InvalidInput"}}})), "{response}");
}

#[tokio::test]
async fn why_the_model_stopped_is_told_in_its_own_word_and_an_answer_that_is_none_is_a_failure() {
    let refusal = json!({"content": [], "stop_reason": "refusal", "stop_details": null, "usage": {}});
    let mut guarded = message("This cannot be discussed.", "end_turn");
    guarded["amazon-bedrock-guardrailAction"] = "INTERVENED".into();
    let nova = |stop_reason: &str| {
        json!({"output": {"message": {"role": "assistant", "content": [{"text": "Half"}]}}, "stopReason": stop_reason,
               "usage": {"inputTokens": 12, "outputTokens": 3}})
    };
    for (answer, completion, stop_reason) in [
        (nova("max_tokens"), "Half", json!("max_tokens")),
        (nova("end_turn"), "Half", json!("end_turn")),
        (nova("content_filtered"), "Half", json!("content_filtered")),
        (nova("guardrail_intervened"), "Half", json!("guardrail_intervened")),
        (message("Once upon a", "max_tokens"), "Once upon a", json!("max_tokens")),
        (message("", "model_context_window_exceeded"), "", json!("model_context_window_exceeded")),
        (message("x", "meteor"), "x", json!("meteor")),
        (refusal, "", json!("refusal")),
        (guarded, "This cannot be discussed.", json!("guardrail_intervened")),
        (json!({"content": []}), "", Value::Null),
    ] {
        let response = seen(&api(Ok(answer)), post(r#"{"prompt":"Hello"}"#)).await;
        let expected = json!({"statusCode": 200, "body": {"completion": completion, "stop_reason": stop_reason}});
        assert!(holds(&response, &expected), "{response}");
    }
    let response = seen(&api(Ok(json!({"completion": "old"}))), post(r#"{"prompt":"Hello"}"#)).await;
    assert!(holds(
        &response,
        &json!({"statusCode": 502, "body": {"error": {"code": "ModelOutputInvalid", "message":
        "the model's answer is not usable: it is neither a Messages response nor one of Nova's"}}})
    ));
}

#[tokio::test]
async fn no_error_repeats_what_the_caller_wrote() {
    for body in [
        r#"{"prompt":"my secret", "temprature": 1}"#,
        r#"{"prompt":["my secret"]}"#,
        r#"{"prompt":"my secret""#,
        r#"{"messages":[{"role":"my secret","content":"my secret"}]}"#,
        r#"{"prompt":"x","model":"my secret"}"#,
    ] {
        let response = seen(&api(Ok(json!({}))), post(body)).await;
        assert_eq!(response["statusCode"], 400);
        assert!(!response.to_string().contains("my secret"), "{response}");
    }
}
