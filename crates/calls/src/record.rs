//! A record of schema 1.0, as Bedrock writes it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::body::{self, Answer, Text};
use crate::data::without_data;
use crate::{Call, Content, Timestamp};

/// What Bedrock calls such a record.
const SCHEMA_TYPE: &str = "ModelInvocationLog";
/// The part of the schema's version that this reads.
const SCHEMA_MAJOR: &str = "1";
/// The metadata that names the caller.
const CALLER: &str = "caller";

/// Why something is not a record that can be read. None of its content is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotARecord {
    #[error("it is not JSON, or was cut short")]
    NoJson,
    #[error("it is not a model invocation record: its schemaType is not {SCHEMA_TYPE}")]
    AnotherType,
    #[error("its schemaVersion is not {SCHEMA_MAJOR}.x, which this version reads")]
    AnotherVersion,
    #[error("its timestamp is missing, or no RFC 3339 time")]
    NoTime,
}

/// A record, with the bodies that stand in it.
pub(crate) fn read(record: &Value) -> Result<Call, NotARecord> {
    let text = |path: &str| record.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let number = |path: &str| record.pointer(path).and_then(Value::as_u64);
    if record["schemaType"] != SCHEMA_TYPE {
        return Err(NotARecord::AnotherType);
    }
    let version = record["schemaVersion"].as_str().unwrap_or_default();
    if version.split('.').next() != Some(SCHEMA_MAJOR) {
        return Err(NotARecord::AnotherVersion);
    }
    let time = record["timestamp"].as_str().and_then(Timestamp::parse).ok_or(NotARecord::NoTime)?;
    let request_metadata = metadata(&record["requestMetadata"]);
    let identity_arn = text("/identity/arn");
    let mut call = Call {
        time,
        request_id: text("/requestId"),
        operation: text("/operation"),
        model_id: text("/modelId"),
        caller: caller(&request_metadata, identity_arn.as_deref()),
        identity_arn,
        request_metadata,
        account_id: text("/accountId"),
        region: text("/region"),
        inference_region: text("/inferenceRegion"),
        input_tokens: number("/input/inputTokenCount"),
        output_tokens: number("/output/outputTokenCount"),
        cache_read_tokens: number("/input/cacheReadInputTokenCount"),
        cache_write_tokens: number("/input/cacheWriteInputTokenCount"),
        cost_usd: None,
        latency_ms: None,
        first_byte_ms: None,
        stop_reason: None,
        guardrail_intervened: false,
        error_code: text("/errorCode"),
        question: Content { s3_path: text("/input/inputBodyS3Path"), ..Content::default() },
        answer: Content { s3_path: text("/output/outputBodyS3Path"), ..Content::default() },
    };
    set_question(&mut call, &record["input"]["inputBodyJson"]);
    set_answer(&mut call, &record["output"]["outputBodyJson"]);
    Ok(call)
}

/// Fills in what the body of the request says.
pub(crate) fn set_question(call: &mut Call, body: &Value) {
    if !body.is_null() {
        let body = body::parsed(body);
        set_text(&mut call.question, body::question(&body), &body);
    }
}

/// Fills in what the body of the answer says, where the record does not.
pub(crate) fn set_answer(call: &mut Call, body: &Value) {
    if body.is_null() {
        return;
    }
    let body = body::parsed(body);
    let Answer {
        text,
        stop_reason,
        guardrail_intervened,
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        latency_ms,
        first_byte_ms,
    } = body::answer(&body);
    set_text(&mut call.answer, text, &body);
    call.stop_reason = stop_reason;
    call.guardrail_intervened = guardrail_intervened;
    call.input_tokens = call.input_tokens.or(input_tokens);
    call.output_tokens = call.output_tokens.or(output_tokens);
    // A record may say 0 of a cache that the answer knows of.
    call.cache_read_tokens = call.cache_read_tokens.max(cache_read_tokens);
    call.cache_write_tokens = call.cache_write_tokens.max(cache_write_tokens);
    call.latency_ms = latency_ms;
    call.first_byte_ms = first_byte_ms;
}

fn set_text(content: &mut Content, read: Text, body: &Value) {
    content.characters = read.text.as_ref().map(|text| text.chars().count());
    content.attachments = read.attachments;
    content.text = Some(read.text.unwrap_or_else(|| without_data(body).0.to_string()));
}

fn metadata(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries
        .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

fn caller(metadata: &BTreeMap<String, String>, identity_arn: Option<&str>) -> Option<String> {
    let named = metadata.get(CALLER).filter(|caller| !caller.is_empty()).map(String::as_str);
    // The last part of an assumed role is its session, of a user the name.
    let session = || identity_arn?.rsplit(['/', ':']).next().filter(|name| !name.is_empty());
    named.or_else(session).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn record(changes: &Value) -> Value {
        let mut record = json!({
            "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-11-20T12:00:00Z",
            "accountId": "111122223333", "region": "us-east-1", "requestId": "r-1", "operation": "InvokeModel",
            "modelId": "us.anthropic.claude-haiku-5-5",
            "identity": {"arn": "arn:aws:sts::111122223333:assumed-role/generate-api/session-7"},
            "input": {"inputContentType": "application/json", "inputTokenCount": 25,
                      "inputBodyJson": {"messages": [{"role": "user", "content": "안녕"}]}},
            "output": {"outputContentType": "application/json", "outputTokenCount": 150,
                       "outputBodyJson": {"content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn"}},
        });
        for (name, value) in changes.as_object().unwrap() {
            record[name] = value.clone();
        }
        record
    }

    #[test]
    fn a_record_tells_who_asked_which_model_what_and_when() {
        let call = read(&record(&json!({}))).unwrap();
        assert_eq!(call.time.to_string(), "2026-11-20T12:00:00Z");
        assert_eq!(call.request_id.as_deref(), Some("r-1"));
        assert_eq!(call.model_id.as_deref(), Some("us.anthropic.claude-haiku-5-5"));
        assert_eq!(call.caller.as_deref(), Some("session-7"));
        assert_eq!((call.input_tokens, call.output_tokens), (Some(25), Some(150)));
        assert_eq!((call.question.characters, call.answer.characters), (Some(2), Some(5)));
        assert_eq!(call.stop_reason.as_deref(), Some("end_turn"));
    }

    #[test]
    fn the_caller_is_who_the_metadata_names_else_whose_session_it_is() {
        let cases = [
            (json!({"requestMetadata": {"caller": "team-a"}}), Some("team-a")),
            (json!({"requestMetadata": {"caller": ""}}), Some("session-7")),
            (json!({"requestMetadata": null}), Some("session-7")),
            (json!({"requestMetadata": [1], "identity": {"arn": "arn:aws:iam::111122223333:root"}}), Some("root")),
            (json!({"identity": {}}), None),
            (json!({"identity": null}), None),
            (json!({"identity": {"arn": ""}}), None),
        ];
        for (changes, caller) in cases {
            assert_eq!(read(&record(&changes)).unwrap().caller.as_deref(), caller, "{changes}");
        }
    }

    #[test]
    fn what_a_record_lacks_is_not_made_up() {
        for changes in [
            json!({"input": null, "output": null}),
            json!({"input": {}, "output": {}}),
            json!({"input": {"inputBodyJson": null, "inputTokenCount": null}, "output": {"outputBodyJson": null}}),
            json!({"input": [], "output": "text"}),
        ] {
            let call = read(&record(&changes)).unwrap();
            assert_eq!((call.input_tokens, call.output_tokens, call.cost_usd), (None, None, None), "{changes}");
            assert_eq!((call.question, call.answer), (Content::default(), Content::default()), "{changes}");
        }
    }

    #[test]
    fn tokens_that_the_record_lacks_are_the_answers_own() {
        let body = json!({"content": [], "usage": {"input_tokens": 3, "output_tokens": 4}});
        let call = read(&record(&json!({"input": {}, "output": {"outputBodyJson": body}}))).unwrap();
        assert_eq!((call.input_tokens, call.output_tokens), (Some(3), Some(4)));
    }

    #[test]
    fn a_body_that_lies_elsewhere_is_named() {
        let path = "s3://logs/p/AWSLogs/1/BedrockModelInvocationLogs/us-east-1/2026/11/20/12/data/r-1_input.json.gz";
        let call = read(&record(&json!({"input": {"inputBodyS3Path": path, "inputTokenCount": 9}}))).unwrap();
        assert_eq!(call.question, Content { s3_path: Some(path.into()), ..Content::default() });
        assert_eq!(call.input_tokens, Some(9));
    }

    #[test]
    fn a_body_of_unknown_form_is_told_without_its_pictures_and_vectors() {
        let picture = "iVBORw0KGgo".repeat(20);
        for (body, text, attachments) in [
            (json!({"something": {"else": 1}}), r#"{"something":{"else":1}}"#, 0),
            (json!({"embedding": [0.5]}), r#"{"embedding":"(1 number)"}"#, 0),
            (json!({"images": [picture], "seeds": [1]}), r#"{"images":["(220 characters of data)"],"seeds":[1]}"#, 1),
            (json!(picture), "\"(220 characters of data)\"", 1),
            (json!(json!({"images": [picture]}).to_string()), r#"{"images":["(220 characters of data)"]}"#, 1),
        ] {
            let changes = json!({"input": {"inputBodyJson": body}, "output": {"outputBodyJson": body}});
            let call = read(&record(&changes)).unwrap();
            for content in [&call.question, &call.answer] {
                assert_eq!((content.characters, content.attachments), (None, attachments), "{body}");
                let (told, expected): (Value, Value) = (
                    serde_json::from_str(content.text.as_deref().unwrap()).unwrap(),
                    serde_json::from_str(text).unwrap(),
                );
                assert_eq!(told, expected);
            }
        }
    }

    #[test]
    fn a_body_in_a_text_is_read_as_the_body_that_it_is() {
        let changes = json!({
            "input": {"inputBodyJson": json!({"messages": [{"role": "user", "content": "hello"}]}).to_string()},
            "output": {"outputBodyJson": json!([
                {"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1}}},
                json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}}).to_string(),
                {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
            ]).to_string()},
        });
        let call = read(&record(&changes)).unwrap();
        assert_eq!((call.question.text.as_deref(), call.answer.text.as_deref()), (Some("hello"), Some("Hi")));
        assert_eq!((call.stop_reason.as_deref(), call.output_tokens), (Some("end_turn"), Some(2)));
        for plain in ["a text", "7", "\"quoted\"", "{broken"] {
            let call = read(&record(&json!({"input": {"inputBodyJson": plain}}))).unwrap();
            assert_eq!(call.question.text.as_deref(), Some(plain));
        }
    }

    #[test]
    fn a_cache_is_found_whatever_a_model_calls_it_and_its_calls_have_no_plain_price() {
        let prices: crate::Prices = "us.anthropic.claude-haiku-5-5=1/5".parse().unwrap();
        for (usage, read_tokens, written_tokens) in [
            (json!({"cacheReadInputTokenCount": 2000, "cacheWriteInputTokenCount": 0}), Some(2000), Some(0)),
            (json!({"cacheReadInputTokens": 7, "cacheWriteInputTokens": 8}), Some(7), Some(8)),
            (
                json!({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 1}}),
                Some(5),
                None,
            ),
            (json!({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5}), Some(4), None),
            (
                json!({"cache_read_input_tokens": 1, "cache_creation_input_tokens": 6,
                       "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 4}}),
                Some(1),
                Some(6),
            ),
            (json!({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 0}}), Some(0), None),
            (json!({"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": null}), None, None),
        ] {
            for body in [
                json!({"usage": usage}),
                json!([{"metadata": {"usage": usage}}]),
                json!([{"message": {"usage": usage}}]),
            ] {
                let output = json!({"outputTokenCount": 1, "outputBodyJson": body});
                let call = read(&record(&json!({"output": output}))).unwrap();
                assert_eq!((call.cache_read_tokens, call.cache_write_tokens), (read_tokens, written_tokens), "{body}");
                let is_plain = read_tokens.unwrap_or_default() + written_tokens.unwrap_or_default() == 0;
                assert_eq!(prices.cost(&call).is_some(), is_plain, "{body}");
            }
        }
        let input = json!({"inputTokenCount": 1, "cacheReadInputTokenCount": 0});
        let output = json!({"outputBodyJson": {"usage": {"cacheReadInputTokenCount": 3}}});
        assert_eq!(read(&record(&json!({"input": input, "output": output}))).unwrap().cache_read_tokens, Some(3));
    }

    #[test]
    fn a_guardrail_that_steps_in_is_told() {
        let action = "amazon-bedrock-guardrailAction";
        for (body, intervened) in [
            (json!({"content": [], (action): "INTERVENED"}), true),
            (json!({"content": [], (action): "NONE"}), false),
            (json!([{"type": "message_start", "message": {}}, {"type": "message_stop", (action): "INTERVENED"}]), true),
            (json!([{"type": "message_start", "message": {(action): "INTERVENED"}}]), true),
            (
                json!([{"type": "content_block_delta", "delta": {"text": "No."}, (action): "INTERVENED"}, {"type": "message_stop"}]),
                true,
            ),
            (json!({"generation": "No.", (action): "INTERVENED", "stop_reason": "stop"}), true),
            (
                json!({"output": {"message": {"content": [{"text": "No."}]}}, "stopReason": "guardrail_intervened"}),
                true,
            ),
            (json!([{"messageStop": {"stopReason": "guardrail_intervened"}}]), true),
            (json!({"content": [{"type": "text", "text": "INTERVENED"}]}), false),
        ] {
            let call = read(&record(&json!({"output": {"outputBodyJson": body}}))).unwrap();
            assert_eq!(call.guardrail_intervened, intervened, "{body}");
            assert_eq!(call.to_string().contains("\n    guardrail intervened"), intervened, "{body}");
        }
    }

    #[test]
    fn what_is_no_record_says_why() {
        let cases = [
            (json!({}), NotARecord::AnotherType),
            (json!([1]), NotARecord::AnotherType),
            (json!("text"), NotARecord::AnotherType),
            (record(&json!({"schemaType": "Other"})), NotARecord::AnotherType),
            (record(&json!({"schemaVersion": "2.0"})), NotARecord::AnotherVersion),
            (record(&json!({"schemaVersion": "10.0"})), NotARecord::AnotherVersion),
            (record(&json!({"schemaVersion": null})), NotARecord::AnotherVersion),
            (record(&json!({"timestamp": "yesterday"})), NotARecord::NoTime),
            (record(&json!({"timestamp": null})), NotARecord::NoTime),
        ];
        for (record, problem) in cases {
            assert_eq!(read(&record).unwrap_err(), problem, "{record}");
        }
        assert!(read(&record(&json!({"schemaVersion": "1.1"}))).is_ok());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        let name = prop::sample::select(vec![
            "messages",
            "content",
            "role",
            "text",
            "type",
            "system",
            "prompt",
            "completion",
            "usage",
            "delta",
            "output",
            "message",
            "results",
            "choices",
            "source",
            "toolUse",
            "input",
        ]);
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name.clone(), inner), 0..4)
                    .prop_map(|entries| entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_record_is_read_whatever_its_bodies_are(question in any_json(), answer in any_json()) {
            let changes = json!({"input": {"inputBodyJson": question, "inputTokenCount": 1},
                                 "output": {"outputBodyJson": answer, "outputTokenCount": 2}});
            let call = read(&record(&changes)).unwrap();
            prop_assert_eq!((call.input_tokens, call.output_tokens), (Some(1), Some(2)));
            for content in [&call.question, &call.answer] {
                if let (Some(characters), Some(text)) = (content.characters, &content.text) {
                    prop_assert_eq!(characters, text.chars().count());
                }
            }
        }
    }
}
