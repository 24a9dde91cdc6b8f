//! Uploads, and exactly what is left of them.

use std::sync::Arc;

use libtest_mimic::Trial;
use warden_control_plane::s3::ObjectId;
use warden_local::follow::{Sent, follow, put_object, send};
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
            let sent = send(world.audit(), &scenario.arrival, None).await.unwrap();
            let seen = follow(world.audit(), &sent, |_| ()).await.unwrap();
            // Here no text is read in code.
            assert_right(Expected { without_model: false, ..scenario.expected }, &seen);
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
    let head = world.s3().head(ObjectId::current(world.audit().bucket(), key)).await.unwrap();
    assert_eq!(head.version(), Some(after.version));
}

async fn reported_twice(world: Arc<World>) {
    let key = "twice/chart.png";
    let upload = world.upload_sample(key, "chart.png").await;
    assert_right(Expected::CLEAN, &world.outcome(&upload).await);

    // By CloudTrail, after S3 itself.
    let event = put_object(world.audit().bucket(), key, Some(&upload.version));
    let id = world.audit().replay(&event).await.unwrap();
    let second = follow(world.audit(), &Sent::Event(id), |_| ()).await.unwrap();
    assert_right(Expected::DUPLICATE, &second);
}

async fn the_alert_tells_what_happened(world: Arc<World>) {
    let upload = world.upload_sample("alerts/passport.png", "passport.png").await;
    let Seen { alert: Some(alert), .. } = world.outcome(&upload).await else { panic!("no alert was received") };

    assert!(alert.subject.starts_with("[HIGH] ") && alert.subject.len() < 100, "{}", alert.subject);
    for line in ["Personal data found, version deleted", "Threat level: high", "Verdict: pii"] {
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

    let seen = world.replay(&put_object(bucket, key, None)).await;

    assert_right(Expected::DELETED, &seen);
    let left = world.s3().head(ObjectId::current(bucket, key)).await;
    assert!(left.is_err(), "the object is still there");
    assert!(seen.execution.unwrap().task("Delete unless changed").is_some());
}
