//! Each function, called as anybody calls it: Lambda's Invoke, with the files of `events/`.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use warden_event_files::{EventFile, holds, invalid, valid};
use warden_test_support::faults;

use crate::world::{Stage, World};

/// The bucket that the events name.
const BUCKET: &str = "warden-demo-uploads";

/// The functions, and the stack's outputs that name their aliases.
const FUNCTIONS: [(&str, &str); 4] = [
    ("log-summarizer", "LogSummarizerArn"),
    ("pii-detector", "PiiDetectorArn"),
    ("alert-composer", "AlertComposerArn"),
    ("image-analyzer", "ImageAnalyzerArn"),
];

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let mut trials = vec![stage.trial("calls::a_boolean_is_true_false_or_an_error", booleans)];
    for (function, output) in FUNCTIONS {
        for file in valid(function) {
            let name = format!("calls::{function}::takes_{}", file.name);
            trials.push(stage.trial(name, async move |world| takes(&world, function, output, &file).await));
        }
        for file in invalid(function) {
            let name = format!("calls::{function}::refuses_{}", file.name);
            trials.push(stage.trial(name, async move |world| refuses(&world, output, &file).await));
        }
    }
    trials
}

async fn takes(world: &World, function: &str, output: &str, file: &EventFile) {
    let mut event = file.event();
    match function {
        "pii-detector" => {
            let bucket = place(world, &mut event, "s3_bucket", "s3_key", &file.name).await;
            let answer = world.invoke(output, &event).await;
            assert!(!answer.failed, "{:?}", answer.payload);
            detected(&event, &bucket, &answer.payload);
        }
        "image-analyzer" => {
            place(world, &mut event, "Bucket", "Key", &file.name).await;
            let answer = world.invoke(output, &event).await;
            assert!(!answer.failed, "{:?}", answer.payload);
            if event["output"] == "full" {
                assert_eq!(answer.payload["role"], "assistant", "{:?}", answer.payload);
            } else if let Some(schema) = event.get("schema") {
                assert_eq!(faults(schema, &answer.payload), Vec::<String>::new(), "{:?}", answer.payload);
            } else {
                assert!(answer.payload.as_str().is_some_and(|text| !text.trim().is_empty()), "{:?}", answer.payload);
            }
        }
        "alert-composer" => {
            event["topic"] = json!(world.audit().output("AlertTopicArn"));
            let answer = world.invoke(output, &event).await;
            assert!(!answer.failed, "{:?}", answer.payload);
            let published =
                answer.payload["message_id"].is_string() && answer.payload["record"]["headline"].is_string();
            assert!(published && answer.payload["item"]["status"]["S"].is_string(), "{:?}", answer.payload);
        }
        _ => {
            let answer = world.invoke(output, &event).await;
            assert!(!answer.failed, "{:?}", answer.payload);
            summarised(&answer.payload, &file.expected);
        }
    }
}

async fn refuses(world: &World, output: &str, file: &EventFile) {
    let answer = world.invoke(output, &file.event()).await;
    assert!(answer.failed, "it answered {:?}", answer.payload);
    assert!(file.expected.is_object() && holds(&answer.payload, &file.expected), "{:?}", answer.payload);
}

/// Puts an image with personal data where the event says, in a bucket of the
/// test's own: others name the same object.
async fn place(world: &World, event: &mut Value, bucket_field: &str, key_field: &str, test: &str) -> String {
    assert_eq!(event[bucket_field], BUCKET);
    let bucket = format!("{}-{}", key_field.to_lowercase().replace('_', "-"), test);
    world.bucket(&bucket, true).await;
    world.put(&bucket, event[key_field].as_str().unwrap(), "business-card.png").await;
    event[bucket_field] = json!(bucket);
    bucket
}

fn detected(event: &Value, bucket: &str, answer: &Value) {
    if event["output"] == "boolean" {
        assert_eq!(*answer, json!("true"));
        return;
    }
    // No event can name a version that this engine will give.
    let verdict = if event["s3_version_id"].is_string() { "gone" } else { "pii" };
    assert_eq!(answer["verdict"], verdict, "{answer}");
    assert_eq!(answer["object"]["bucket"], bucket, "{answer}");
    assert_eq!(answer["object"]["key"], event["s3_key"], "{answer}");
    if verdict == "pii" {
        assert_eq!(answer["object"]["media_type"], "image/png", "the bytes decide: {answer}");
        assert!(answer["object"]["version"].is_string(), "{answer}");
    }
}

async fn booleans(world: Arc<World>) {
    let bucket = "booleans";
    world.bucket(bucket, true).await;
    for (sample, expected) in
        [("business-card.png", Some("true")), ("chart.png", Some("false")), ("not-an-image.png", None)]
    {
        world.put(bucket, sample, sample).await;
        let event = json!({"s3_bucket": bucket, "s3_key": sample, "output": "boolean"});
        let answer = world.invoke("PiiDetectorArn", &event).await;
        match expected {
            Some(expected) => assert_eq!(answer.payload, json!(expected), "{sample}"),
            None => assert!(answer.failed && answer.payload["errorType"] == "Undetermined", "{sample}: {answer:?}"),
        }
    }
}

/// The record's facts stand as expected. The model may raise the threat level, and never lowers it.
fn summarised(answer: &Value, expected: &Value) {
    let mut facts = expected.as_object().cloned().unwrap_or_default();
    facts.remove("threat_level");
    assert!(holds(answer, &Value::Object(facts)), "{answer}");
    let rank = |field: &str| ["low", "medium", "high"].iter().position(|level| answer[field] == **level);
    assert!(rank("threat_level").is_some() && rank("threat_level") >= rank("threat_floor"), "{answer}");
    assert!(answer["summarize"].as_str().is_some_and(|text| !text.trim().is_empty()), "{answer}");
}
