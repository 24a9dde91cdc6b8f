//! Uploads, and exactly what is left of them.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::json;
use tokio::time::{sleep, timeout};
use warden_local::execution::Execution;
use warden_local::follow::{follow, send};
use warden_local::scenario::{Expected, Seen, own_image, scenarios};
use warden_local::workspace::Workspace;

use crate::world::{Stage, World, assert_right};

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let mut trials = vec![
        stage.trial("uploads::only_the_judged_version_is_deleted", only_the_judged_version_is_deleted),
        stage.trial("uploads::the_alert_tells_people_and_filters_what_happened", the_alert_tells_what_happened),
        stage.trial("uploads::every_sample_is_judged_and_the_side_effect_agrees", every_sample_is_judged),
        stage.trial("uploads::an_unversioned_object_is_deleted_by_its_etag", an_unversioned_object_is_deleted),
        stage.trial("uploads::what_is_reported_twice_is_judged_once", reported_twice),
    ];
    // What the demo shows is a test, each scenario on its own.
    for scenario in scenarios(&Workspace::find().unwrap()) {
        let name = format!("uploads::demo::{}", scenario.title.replace(' ', "_"));
        trials.push(stage.trial(name, async move |world: Arc<World>| {
            let sent = send(world.audit(), &scenario.arrival).await.unwrap();
            let seen = follow(world.audit(), &sent, |_| ()).await.unwrap();
            assert_right(scenario.expected, &seen);
        }));
    }
    trials
}

async fn only_the_judged_version_is_deleted(world: Arc<World>) {
    let key = "versions/one-key.png";
    let before = world.upload_sample(key, "chart.png").await;
    let personal = world.upload_sample(key, "id-card.png").await;
    let after = world.upload_sample(key, "landscape.jpg").await;

    // Each write is judged by the bytes that it wrote, in whatever order the executions run.
    assert_right(Expected::CLEAN, &world.outcome(&before).await);
    assert_right(Expected::DELETED, &world.outcome(&personal).await);
    assert_right(Expected::CLEAN, &world.outcome(&after).await);

    assert!(!world.is_there(&personal).await);
    assert!(world.is_there(&before).await, "the version before was deleted too");
    assert!(world.is_there(&after).await, "the version after was deleted too");
    // The newest version is the one that it was: no delete marker hides it.
    let head = world.s3().head_object().bucket(world.audit().bucket()).key(key).send().await.unwrap();
    assert_eq!(head.version_id(), Some(after.version.as_str()));
}

async fn reported_twice(world: Arc<World>) {
    let key = "twice/chart.png";
    let upload = world.upload_sample(key, "chart.png").await;
    assert_right(Expected::CLEAN, &world.outcome(&upload).await);

    // By CloudTrail, after S3 itself.
    let mut event = put_object(world.audit().bucket(), key);
    event["detail"]["responseElements"]["x-amz-version-id"] = json!(upload.version);
    let id = world.audit().replay(&event).await.unwrap();
    let ended = async {
        loop {
            let started = world.audit().executions(|input| input["id"] == *id).await.unwrap();
            if let Some(execution) = started.into_iter().find(Execution::has_ended) {
                return execution;
            }
            sleep(Duration::from_millis(200)).await;
        }
    };
    let second = timeout(Duration::from_secs(30), ended).await.unwrap();
    assert_eq!((second.status.as_str(), second.path()), ("SUCCEEDED", vec!["Claim event".to_owned()]));
    assert!(second.message_ids.is_empty(), "an alert was published again");
}

async fn the_alert_tells_what_happened(world: Arc<World>) {
    let upload = world.upload_sample("alerts/passport.png", "passport.png").await;
    let Seen { alert: Some(alert), .. } = world.outcome(&upload).await else { panic!("no alert was received") };

    assert!(alert.subject.starts_with("[HIGH] ") && alert.subject.len() < 100, "{}", alert.subject);
    for line in ["Threat level: high", "Verdict: pii", "Key: alerts/passport.png"] {
        assert!(alert.message.lines().any(|found| found == line), "no line {line:?} in {}", alert.message);
    }
    assert!(alert.message.contains(&upload.version));
    // What was found in the picture is never repeated.
    for value in ["LINDQVARN", "JUNO"] {
        assert!(!alert.message.contains(value), "the alert repeats {value}");
    }
    let attributes = [("threat_level", "high"), ("verdict", "pii"), ("action", "deleted"), ("failure", "false")];
    for (name, value) in attributes {
        assert_eq!(alert.attribute(name), Some(value), "{name}");
    }
}

async fn every_sample_is_judged(world: Arc<World>) {
    for sample in ["boarding-pass.png", "business-card.png", "checkout.png", "receipt.png", "sign.png"] {
        let scenario = own_image(1, &world.sample(sample));
        let upload = world.upload_sample(&format!("samples/{sample}"), sample).await;
        assert_right(scenario.expected, &world.outcome(&upload).await);
    }
}

/// Such a bucket is watched by whoever adds a rule for it, and rights on it; its event is replayed here.
async fn an_unversioned_object_is_deleted(world: Arc<World>) {
    let (bucket, key) = ("without-versions", "card.png");
    world.bucket(bucket, false).await;
    world.put(bucket, key, "business-card.png").await;

    let seen = world.replay(&put_object(bucket, key)).await;

    assert_right(Expected::DELETED, &seen);
    let left = world.s3().head_object().bucket(bucket).key(key).send().await;
    assert!(left.is_err(), "the object is still there");
    assert!(seen.execution.unwrap().task("Delete unless changed").is_some());
}

/// What CloudTrail records of an upload.
pub fn put_object(bucket: &str, key: &str) -> serde_json::Value {
    json!({
        "version": "0",
        "id": "6f0f5f0e-3a4c-4c1e-8d55-0a6f6b0f7f01",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-11-20T09:14:07Z",
        "region": "us-west-2",
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser",
                "principalId": "AIDAEXAMPLEID0000002",
                "arn": "arn:aws:iam::111122223333:user/Alice",
                "accountId": "111122223333",
                "userName": "Alice"
            },
            "eventTime": "2026-11-20T09:14:07Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutObject",
            "awsRegion": "us-west-2",
            "sourceIPAddress": "203.0.113.24",
            "requestParameters": {"bucketName": bucket, "key": key},
            "responseElements": {"x-amz-server-side-encryption": "AES256"},
            "eventID": "0c06e2ff-5e88-44e6-a081-57871bbe7701",
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": false,
            "recipientAccountId": "111122223333",
            "eventCategory": "Data"
        }
    })
}
