//! What cannot be judged, is not there or may not be read.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::json;
use warden_local::follow::put_object;
use warden_local::scenario::{Expected, Seen};

use crate::world::{Stage, World, assert_failure, assert_right};

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let unreadable: [(&str, &str, Vec<u8>); 4] = [
        ("an_empty_object", "empty_object", Vec::new()),
        ("a_text_named_png", "not_an_image", b"just a text".to_vec()),
        ("an_image_that_is_cut", "model_rejected_image", png_without_pixels(512, 0x7b1a_43ad)),
        ("an_image_of_too_many_pixels", "too_large", png_without_pixels(60_000, 0x0fb0_e215)),
    ];
    let mut trials: Vec<_> = unreadable
        .into_iter()
        .map(|(name, reason, bytes)| {
            stage.trial(format!("bad_input::{name}_is_undetermined_and_kept"), async move |world| {
                undetermined_and_kept(&world, name, reason, bytes).await;
            })
        })
        .collect();
    trials.extend([
        stage.trial("bad_input::the_bytes_decide_not_the_name", the_bytes_decide),
        stage.trial("bad_input::an_object_that_is_gone_is_no_failure", an_object_that_is_gone),
        stage.trial("bad_input::a_version_that_is_gone_is_no_failure", a_version_that_is_gone),
        stage.trial("bad_input::a_bucket_that_does_not_exist_is_a_failure", a_bucket_that_does_not_exist),
        stage.trial("bad_input::a_denied_upload_is_no_upload", a_denied_upload),
        stage.trial("bad_input::an_event_that_is_none_is_a_failure", an_event_that_is_none),
    ]);
    trials
}

async fn undetermined_and_kept(world: &World, name: &str, reason: &str, bytes: Vec<u8>) {
    let upload = world.upload_bytes(&format!("bad/{name}.png"), bytes).await;
    let seen = world.outcome(&upload).await;
    assert_right(Expected::UNDETERMINED, &seen);
    let message = seen.alert.unwrap().message;
    assert!(message.contains(&format!("Reason: {reason}")), "{message}");
}

async fn the_bytes_decide(world: Arc<World>) {
    let upload = world.upload_sample("bad/png-in-truth.jpg", "business-card.png").await;
    assert_right(Expected::DELETED, &world.outcome(&upload).await);
}

async fn an_object_that_is_gone(world: Arc<World>) {
    let seen = world.replay(&put_object(world.audit().bucket(), "bad/never-there.png", None)).await;
    assert_gone(&seen);
}

async fn a_version_that_is_gone(world: Arc<World>) {
    let key = "bad/replaced.png";
    let newer = world.upload_sample(key, "chart.png").await;
    assert_right(Expected::CLEAN, &world.outcome(&newer).await);

    // One that was removed before anybody told of it: what was told of is in the ledger.
    let mut event = put_object(world.audit().bucket(), key, None);
    event["detail"]["responseElements"]["x-amz-version-id"] = json!(format!("removed-{}", newer.version));
    let seen = world.replay(&event).await;

    assert_gone(&seen);
    assert!(world.is_there(&newer).await, "the newer version was taken for the one that is gone");
}

fn assert_gone(seen: &Seen) {
    let expected =
        Expected { verdict: Some("gone"), threat_level: None, action: Some("none"), ..Expected::ANY_VERDICT };
    assert_right(expected, seen);
}

async fn a_bucket_that_does_not_exist(world: Arc<World>) {
    let seen = world.replay(&put_object("no-such-bucket-of-ours", "a.png", None)).await;
    assert_failure(&seen, "kept");
    let execution = seen.execution.unwrap();
    assert_eq!(
        execution.task("Detect PII").unwrap().errors,
        ["ObjectNotFound"],
        "tried once: trying again helps nobody"
    );
}

/// CloudTrail reports an upload that was denied, and there is nothing to look at.
async fn a_denied_upload(world: Arc<World>) {
    let key = "bad/denied.png";
    let there = world.upload_sample(key, "chart.png").await;
    assert_right(Expected::CLEAN, &world.outcome(&there).await);
    let mut event = put_object(world.audit().bucket(), key, None);
    event["detail"]["errorCode"] = json!("AccessDenied");
    event["detail"]["responseElements"] = json!(null);

    let seen = world.replay(&event).await;

    let expected =
        Expected { verdict: Some("none"), threat_level: None, action: Some("none"), ..Expected::ANY_VERDICT };
    assert_right(expected, &seen);
    assert_eq!(seen.execution.unwrap().path(), ["Summarize event", "Publish alert", "Complete"]);
    assert!(world.is_there(&there).await);
}

/// The rules let no such event through; should one come, people hear of it.
async fn an_event_that_is_none(world: Arc<World>) {
    let event = json!({"detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": 7}});
    let seen = world.replay(&event).await;
    assert_failure(&seen, "none");
    assert_eq!(seen.execution.unwrap().task("Summarize event").unwrap().errors, ["InvalidInput"]);
}

/// The beginning of a PNG that is a square of this edge, whose rest never came.
/// `sum` is the CRC-32 of its header.
fn png_without_pixels(edge: u32, sum: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(edge.to_be_bytes());
    bytes.extend(edge.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0]);
    bytes.extend(sum.to_be_bytes());
    bytes.extend(b"\0\0\0\x10IDAT");
    bytes
}
