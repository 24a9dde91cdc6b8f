//! What each subscriber of the alert topic gets.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use warden_control_plane::{Call, ControlPlane, Service};
use warden_local::scenario::Expected;
use warden_test_support::faults;

use crate::world::{Stage, World, assert_right};

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.trial("alerts::a_queue_gets_json_of_the_published_schema", json_of_the_schema),
        stage.faulty_trial("alerts::an_exception_silences_the_mail_and_the_ledger_names_it", vec![], silenced),
        stage.faulty_trial("alerts::a_letter_is_in_the_language_that_is_set", vec![], in_korean),
        stage.faulty_trial("alerts::a_file_that_cannot_be_read_is_named_in_the_plain_alert", vec![], unreadable),
    ]
}

async fn json_of_the_schema(world: Arc<World>) {
    let upload = world.upload_sample("alerts/card.png", "business-card.png").await;
    let seen = world.outcome(&upload).await;
    assert_right(Expected::DELETED, &seen);
    let told = seen.alert.unwrap().told;

    let schema = std::fs::read_to_string(world.workspace.source("docs/alert.schema.json")).unwrap();
    assert_eq!(faults(&serde_json::from_str(&schema).unwrap(), &told), Vec::<String>::new());
    assert_eq!((&told["verdict"], &told["action"]), (&json!("pii"), &json!("deleted")));
    assert_eq!(told["s3_version_id"], json!(upload.version));
    // What a pipe would put on a bus, and show in a chat.
    assert_eq!((&told["ocsf"]["class_uid"], &told["ocsf"]["disposition"]), (&json!(2006), &json!("Deleted")));
    assert_eq!(told["chat"]["source"], json!("custom"));
}

/// A queue with the filter of the e-mail subscription stands for the mail: the engine sends none.
async fn silenced(world: Arc<World>) {
    let mail = Mail::subscribed(&world, "mail-of-exceptions").await;
    let exceptions = "exceptions:
  - {name: known-drafts, reason: Drafts are deleted each week., ends: 9999-12-31, prefix: exceptions/drafts/}
  - {name: long-over, reason: It was a migration., ends: 2020-12-31, prefix: exceptions/}
";
    let file = file(exceptions);
    let path = file.path().display().to_string();
    let settings = [("EXCEPTIONS_FILE", path.as_str())];
    world
        .with_settings(
            "AlertComposerArn",
            &settings,
            Box::pin(async {
                let drafts = world.upload_sample("exceptions/drafts/card.png", "business-card.png").await;
                let seen = world.outcome(&drafts).await;
                // It is judged and acted on, and machines are told.
                assert_right(Expected::DELETED, &seen);
                let alert = seen.alert.unwrap();
                assert_eq!(alert.attribute("silenced"), Some("true"));
                assert_eq!(alert.told["silenced_by"], json!("known-drafts"));
                let kept = record(&world, &drafts.key).await;
                assert_eq!(kept["silenced_by"], json!({"S": "known-drafts"}), "{kept}");

                let others = world.upload_sample("exceptions/others/card.png", "business-card.png").await;
                let seen = world.outcome(&others).await;
                assert_right(Expected::DELETED, &seen);
                assert_eq!(seen.alert.unwrap().attribute("silenced"), Some("false"));
                assert_eq!(record(&world, &others.key).await.get("silenced_by"), None);
            }),
        )
        .await;
    let mailed = mail.received(&world).await;
    assert!(mailed.iter().any(|body| body.contains("exceptions/others/card.png")), "{mailed:?}");
    assert!(!mailed.iter().any(|body| body.contains("exceptions/drafts/card.png")), "{mailed:?}");
}

async fn in_korean(world: Arc<World>) {
    let seen = world
        .with_settings(
            "AlertComposerArn",
            &[("ALERT_LANGUAGE", "ko")],
            Box::pin(async {
                let upload = world.upload_sample("alerts/korean.png", "business-card.png").await;
                world.outcome(&upload).await
            }),
        )
        .await;
    assert_right(Expected::DELETED, &seen);
    let alert = seen.alert.unwrap();
    assert!(alert.message.starts_with("개인정보가 발견되어 해당 버전을 삭제했습니다\n"), "{}", alert.message);
    assert!(alert.subject.starts_with("[HIGH] Personal data found, version deleted: "), "{}", alert.subject);
}

/// The object is judged all the same; the state machine's own alert says what is wrong.
async fn unreadable(world: Arc<World>) {
    let file = file("exceptions: [{name: a, reason: b, ends: never, prefix: c}]");
    let path = file.path().display().to_string();
    let (upload, seen) = world
        .with_settings(
            "AlertComposerArn",
            &[("EXCEPTIONS_FILE", path.as_str())],
            Box::pin(async {
                let upload = world.upload_sample("alerts/unreadable.png", "business-card.png").await;
                let seen = world.outcome(&upload).await;
                (upload, seen)
            }),
        )
        .await;
    assert!(!world.is_there(&upload).await);
    let alert = seen.alert.unwrap();
    assert_eq!((alert.attribute("failure"), &alert.told), (Some("true"), &Value::Null));
    let problem = format!("{path}: exception 1 (a): ends: is not a day");
    assert!(alert.message.contains(&problem), "no {problem:?} in {}", alert.message);
}

/// A file for a function's process on this machine.
fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// The newest record of an object in the ledger, as `DynamoDB` has it.
async fn record(world: &World, key: &str) -> Value {
    let dynamodb = ControlPlane::new(&world.audit().clients().config, Service::json_1_0("DynamoDB", "dynamodb"));
    let asked = json!({
        "TableName": world.audit().output("LedgerName"),
        "KeyConditionExpression": "#object = :object",
        "ExpressionAttributeNames": {"#object": "object"},
        "ExpressionAttributeValues": {":object": {"S": format!("{}/{key}", world.audit().bucket())}},
    });
    let answer = dynamodb.call(Call::rpc("DynamoDB_20120810.Query", &asked)).await.unwrap();
    answer["Items"].as_array().unwrap().last().unwrap().clone()
}

/// A queue that gets what `AlertEmail` would.
struct Mail {
    url: String,
}

impl Mail {
    async fn subscribed(world: &World, name: &str) -> Self {
        let sqs = &world.audit().clients().sqs;
        let made = sqs.call(Call::rpc("AmazonSQS.CreateQueue", &json!({"QueueName": name}))).await.unwrap();
        let url = made["QueueUrl"].as_str().unwrap().to_owned();
        let topic = world.audit().output("AlertTopicArn");
        let queue = format!("arn:aws:sqs:us-west-2:{}:{name}", topic.split(':').nth(4).unwrap());
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue,
        }]});
        let attributes = json!({"QueueUrl": url, "Attributes": {"Policy": policy.to_string()}});
        sqs.call(Call::rpc("AmazonSQS.SetQueueAttributes", &attributes)).await.unwrap();
        // As the template has it by default.
        let filter = json!({
            "silenced": [{"exists": false}, "false"], "threat_level": [{"exists": false}, "high", "medium"],
        });
        let filter = filter.to_string();
        let asked = [
            ("TopicArn", topic),
            ("Protocol", "sqs"),
            ("Endpoint", &queue),
            ("Attributes.entry.1.key", "FilterPolicy"),
            ("Attributes.entry.1.value", &filter),
        ];
        let sns = ControlPlane::new(&world.audit().clients().config, Service::SNS);
        sns.call(Call::query("Subscribe", &asked)).await.unwrap();
        Self { url }
    }

    /// Everything that came, once the last of it is there.
    async fn received(&self, world: &World) -> Vec<String> {
        let sqs = &world.audit().clients().sqs;
        let asked = json!({"QueueUrl": self.url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1});
        let mut bodies = Vec::new();
        loop {
            let answer = sqs.call(Call::rpc("AmazonSQS.ReceiveMessage", &asked)).await.unwrap();
            let came = answer["Messages"].as_array().cloned().unwrap_or_default();
            if came.is_empty() && !bodies.is_empty() {
                return bodies;
            }
            bodies.extend(came.iter().filter_map(|message| message["Body"].as_str().map(str::to_owned)));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
