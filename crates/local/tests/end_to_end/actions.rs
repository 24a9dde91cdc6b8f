//! What is done instead of deleting: quarantine and the way back, tags, and nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};
use warden_control_plane::s3::{ObjectId, Reply};
use warden_control_plane::{Call, ControlPlane, Service};
use warden_ledger::{Error, Named, Record, Who};
use warden_local::audit::Upload;
use warden_local::execution::Execution;
use warden_local::follow::{Sent, follow, put_object};
use warden_local::scenario::Expected;

use crate::world::{Stage, World, assert_right};

/// What an uploader says of a picture, beside its bytes.
const CONTENT_TYPE: &str = "image/png";
const TAGS: &str = "team=gate%203&shift=night";

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    vec![
        stage.trial("actions::what_is_moved_to_quarantine_keeps_all_it_had", moved_whole),
        stage.trial("actions::what_is_masked_is_there_without_what_was_found", masked),
        stage.trial("actions::what_is_brought_back_has_all_it_had_and_is_not_judged_again", brought_back),
        stage.trial("actions::an_uploader_cannot_pass_for_a_restore", forged_restore),
        stage.trial("actions::what_was_purged_cannot_be_brought_back", purged),
        stage.trial("actions::a_verdict_joins_the_tags_that_are_there", tagged),
        stage.trial("actions::a_full_set_of_tags_is_left_alone_and_told", full_set_of_tags),
        stage.trial("actions::a_dry_run_tells_and_does_nothing", dry_run),
        stage.trial("actions::what_was_audited_is_judged_again_where_somebody_wants_it", reopened),
        stage.trial("actions::what_a_deletion_leaves_is_judged_unless_it_was_before", older_versions),
    ]
}

async fn moved_whole(world: Arc<World>) {
    let (upload, record) = quarantined(&world, "quarantine/whole é+%.png").await;
    assert!(!world.is_there(&upload).await);

    let copy = record.text("quarantine_key").unwrap();
    assert!(record.text("execution").unwrap().ends_with(copy));
    let object = world.s3().get(ObjectId::current(world.audit().output("QuarantineBucketName"), copy)).await;
    assert_has_all(object.unwrap(), &world).await;
    let found = tags(&world, world.audit().output("QuarantineBucketName"), copy, None).await;
    assert_eq!(found, tag_set(&[("shift", "night"), ("team", "gate 3")]));
    for (name, value) in [("status", "complete"), ("action", "quarantined"), ("verdict", "pii")] {
        assert_eq!(record.text(name), Some(value), "{name}");
    }
}

async fn masked(world: Arc<World>) {
    let key = "mask/pass é+%.jpg";
    let upload = put(&world, key, "boarding-pass-barcode.jpg", "").await;
    let seen = world.outcome(&upload).await;
    assert_right(Expected::QUARANTINED, &seen);
    assert!(!world.is_there(&upload).await);
    let bucket = world.audit().output("CleanBucketName");
    let message = seen.alert.unwrap().message;
    assert!(message.contains(&format!("Masked copy: s3://{bucket}/{key}")), "{message}");

    let copy = world.s3().get(ObjectId::current(bucket, key)).await.unwrap();
    assert_eq!(copy.header("content-type"), Some("image/jpeg"));
    let copy = copy.bytes().await.unwrap();
    // Under another key the copy is an upload like any other, and clean: its barcode is no longer there.
    let version = world.s3().put(world.audit().bucket(), "uploads/masked.jpg", copy, &[]).await.unwrap();
    let again = Upload { key: "uploads/masked.jpg".to_owned(), version: version.unwrap() };
    assert_right(Expected::CLEAN, &world.outcome(&again).await);

    // The original can be brought back.
    let [record] = records(&world, key).await.try_into().unwrap();
    assert_eq!(record.text("clean_copy"), Some(format!("s3://{bucket}/{key}").as_str()));
    assert!(record.text("quarantine_key").is_some());

    // Nobody knows where exactly the model saw what it found: quarantine alone.
    let upload = put(&world, "mask/card.png", "business-card.png", "").await;
    let seen = world.outcome(&upload).await;
    assert_right(Expected::QUARANTINED, &seen);
    let message = seen.alert.unwrap().message;
    assert!(message.contains("Not done: no masked copy"), "{message}");
    assert!(world.s3().get(ObjectId::current(bucket, "mask/card.png")).await.is_err());
}

async fn brought_back(world: Arc<World>) {
    let key = "quarantine/back.png";
    let (_, record) = quarantined(&world, key).await;
    let ledger = world.audit().ledger();
    let restored = ledger.restore(&record, &Who::now("a specimen"), false).await.unwrap();

    let upload = Upload { key: key.to_owned(), version: restored.version.clone() };
    let seen = follow(world.audit(), &Sent::Upload(upload.clone()), |_| ()).await.unwrap();
    assert_right(Expected::DUPLICATE, &seen);
    let object = world.s3().get(ObjectId::current(world.audit().bucket(), key)).await.unwrap();
    assert_eq!(object.version().as_ref(), Some(&restored.version));
    assert_has_all(object, &world).await;
    let found = tags(&world, world.audit().bucket(), key, None).await;
    assert_eq!(found, tag_set(&[("shift", "night"), ("team", "gate 3")]));
    // By CloudTrail too.
    let reported = put_object(world.audit().bucket(), key, Some(&restored.version));
    let again = follow(world.audit(), &Sent::Event(world.audit().replay(&reported).await.unwrap()), |_| ()).await;
    assert_right(Expected::DUPLICATE, &again.unwrap());

    // Who did it and why, at the upload that was moved and at the one that came back.
    let records = records(&world, key).await;
    let by = restored.by.as_str();
    assert!(by.starts_with("arn:aws:"), "{by}");
    for (record, action) in [(&records[0], "quarantined"), (&records[1], "restored")] {
        assert_eq!(record.text("action"), Some(action));
        assert_eq!((record.text("restored_by"), record.text("restore_reason")), (Some(by), Some("a specimen")));
    }
    let twice = ledger.restore(&records[0], &Who::now("once more"), false).await.unwrap_err();
    assert!(matches!(twice, Error::RestoredBefore { .. }), "{twice}");
}

async fn forged_restore(world: Arc<World>) {
    let key = "quarantine/forged.png";
    let (_, record) = quarantined(&world, key).await;
    let restored = world.audit().ledger().restore(&record, &Who::now("a specimen"), false).await.unwrap();
    // The same bytes under the same key, with everything that a client can claim to be.
    let card = tokio::fs::read(world.sample("business-card.png")).await.unwrap();
    let headers = [
        ("x-amz-meta-x-amz-version-id", restored.version.as_str()),
        ("x-amz-meta-restored_from", &restored.version),
        ("x-amz-tagging", "warden:verdict=clean&restored_by=warden"),
    ];
    let version = world.s3().put(world.audit().bucket(), key, card, &headers).await.unwrap();
    let upload = Upload { key: key.to_owned(), version: version.unwrap() };
    assert_right(Expected::QUARANTINED, &world.outcome(&upload).await);
}

async fn purged(world: Arc<World>) {
    let key = "quarantine/purged.png";
    let (_, record) = quarantined(&world, key).await;
    let ledger = world.audit().ledger();
    ledger.purge(&record, &Who::now("the customer asked")).await.unwrap();

    let copy = record.text("quarantine_key").unwrap();
    let left = world.s3().versions(world.audit().output("QuarantineBucketName"), copy, None).await.unwrap();
    assert_eq!(left.versions, []);
    let [record] = records(&world, key).await.try_into().unwrap();
    assert_eq!(record.text("purge_reason"), Some("the customer asked"));
    let error = ledger.restore(&record, &Who::now("too late"), false).await.unwrap_err();
    assert!(matches!(error, Error::NotQuarantined(_)), "{error}");
}

async fn tagged(world: Arc<World>) {
    let key = "tag/card.png";
    for (sample, verdict) in [("business-card.png", "pii"), ("chart.png", "clean")] {
        let upload = put(&world, key, sample, TAGS).await;
        let expected = Expected { verdict: Some(verdict), action: Some("tagged"), ..Expected::ANY_VERDICT };
        assert_right(expected, &world.outcome(&upload).await);
        let found = tags(&world, world.audit().bucket(), key, Some(&upload.version)).await;
        assert_eq!(found, tag_set(&[("shift", "night"), ("team", "gate 3"), ("warden:verdict", verdict)]));
    }
}

async fn full_set_of_tags(world: Arc<World>) {
    let key = "tag/full.png";
    let full = (0..10).map(|n| format!("t{n}=x")).collect::<Vec<_>>().join("&");
    let upload = put(&world, key, "business-card.png", &full).await;
    let seen = world.outcome(&upload).await;
    assert_right(Expected::TOLD, &seen);
    let message = seen.alert.unwrap().message;
    assert!(message.contains("it has ten tags already"), "{message}");
    let found = tags(&world, world.audit().bucket(), key, Some(&upload.version)).await;
    assert_eq!((found.len(), found.get("warden:verdict")), (10, None));
}

async fn dry_run(world: Arc<World>) {
    let upload = put(&world, "none/card.png", "business-card.png", TAGS).await;
    assert_right(Expected::TOLD, &world.outcome(&upload).await);
    let found = tags(&world, world.audit().bucket(), "none/card.png", Some(&upload.version)).await;
    assert_eq!(found, tag_set(&[("shift", "night"), ("team", "gate 3")]));
}

async fn reopened(world: Arc<World>) {
    let key = "none/reopened.png";
    let upload = put(&world, key, "chart.png", "").await;
    assert_right(Expected::CLEAN, &world.outcome(&upload).await);
    let event = put_object(world.audit().bucket(), key, Some(&upload.version));
    let replayed = async || {
        let id = world.audit().replay(&event).await.unwrap();
        follow(world.audit(), &Sent::Event(id), |_| ()).await.unwrap()
    };
    assert_right(Expected::DUPLICATE, &replayed().await);

    let [record] = records(&world, key).await.try_into().unwrap();
    world.audit().ledger().reopen(&record, &Who::now("the model was changed")).await.unwrap();

    let seen = replayed().await;
    assert_right(Expected { verdict: Some("clean"), ..Expected::ANY_VERDICT }, &seen);
    assert_right(Expected::DUPLICATE, &replayed().await);
}

async fn older_versions(world: Arc<World>) {
    let key = "none/older.png";
    let mut versions = Vec::new();
    for sample in ["chart.png", "landscape.jpg", "business-card.png"] {
        let upload = put(&world, key, sample, "").await;
        assert!(world.outcome(&upload).await.alert.is_some());
        versions.push(upload.version);
    }
    let [judged_before, older_than_the_audit, newest] = versions.try_into().unwrap();
    forget(&world, key, &older_than_the_audit).await;

    // S3 tells of this deletion too; but the version that it brings back is too young to be reported.
    delete_long_after(&world, key, &newest).await;
    let judged = reported_again(&world, key, &older_than_the_audit).await;
    assert!(judged.task("Detect PII").is_some(), "{:?}", judged.path());

    delete_long_after(&world, key, &older_than_the_audit).await;
    assert!(reported_again(&world, key, &judged_before).await.is_duplicate());
}

/// Deletes a version for good, and reports that as if years had gone by since it was written.
async fn delete_long_after(world: &World, key: &str, version: &str) {
    let bucket = world.audit().bucket();
    // By anybody, not by the audit alone.
    world.s3().delete(ObjectId { bucket, key, version: Some(version) }).await.unwrap();
    let deleted = json!({
        "source": "aws.s3", "detail-type": "Object Deleted", "time": "2099-01-01T00:00:00Z",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key, "version-id": version}},
    });
    let answer = world.lambda(Method::POST, "warden-local-older-versions/invocations", Some(&deleted)).await;
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"reported": 1}));
}

/// Takes a version's record out of the ledger.
async fn forget(world: &World, key: &str, version: &str) {
    let object = format!("{}/{key}", world.audit().bucket());
    let asked = json!({
        "TableName": world.audit().output("LedgerName"), "Key": {"object": {"S": object}, "event": {"S": version}},
    });
    let dynamodb = ControlPlane::new(&world.audit().clients().config, Service::json_1_0("DynamoDB", "dynamodb"));
    dynamodb.call(Call::rpc("DynamoDB_20120810.DeleteItem", &asked)).await.unwrap();
}

/// The execution of a version that was reported on the replay bus, at its end.
async fn reported_again(world: &World, key: &str, version: &str) -> Execution {
    let begun = Instant::now();
    loop {
        let is_it = |input: &Value| {
            let object = &input["detail"]["object"];
            input["source"] == "warden.replay" && object["key"] == *key && object["version-id"] == *version
        };
        let found = world.audit().executions(is_it).await.unwrap();
        if let Some(ended) = found.into_iter().find(Execution::has_ended) {
            return ended;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "version {version} was not reported");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Uploads a card that is moved to quarantine; the upload, and its record.
async fn quarantined(world: &World, key: &str) -> (Upload, Record) {
    let upload = put(world, key, "business-card.png", TAGS).await;
    assert_right(Expected::QUARANTINED, &world.outcome(&upload).await);
    let [record] = records(world, key).await.try_into().unwrap();
    (upload, record)
}

async fn put(world: &World, key: &str, sample: &str, tags: &str) -> Upload {
    let body = tokio::fs::read(world.sample(sample)).await.unwrap();
    let headers = [
        ("content-type", CONTENT_TYPE),
        ("cache-control", "no-store"),
        ("x-amz-meta-camera", "17"),
        ("x-amz-tagging", tags),
    ];
    let version = world.s3().put(world.audit().bucket(), key, body, &headers).await.unwrap();
    Upload { key: key.to_owned(), version: version.unwrap() }
}

/// The records of an object, oldest first.
async fn records(world: &World, key: &str) -> Vec<Record> {
    let named = Named::Object { bucket: world.audit().bucket().to_owned(), key: key.to_owned() };
    world.audit().ledger().show(&named).await.unwrap()
}

/// The object is the card, with all that [`put`] gave it but its tags.
async fn assert_has_all(object: Reply, world: &World) {
    for (header, value) in [("content-type", CONTENT_TYPE), ("cache-control", "no-store"), ("x-amz-meta-camera", "17")]
    {
        assert_eq!(object.header(header), Some(value));
    }
    let bytes = object.bytes().await.unwrap();
    assert!(bytes == tokio::fs::read(world.sample("business-card.png")).await.unwrap(), "other bytes");
}

async fn tags(world: &World, bucket: &str, key: &str, version: Option<&str>) -> BTreeMap<String, String> {
    world.s3().tags(ObjectId { bucket, key, version }).await.unwrap().into_iter().collect()
}

fn tag_set(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
