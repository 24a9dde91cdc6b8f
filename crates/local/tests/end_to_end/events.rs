//! Recorded events on the replay bus.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;
use warden_local::scenario::Expected;

use crate::world::{Stage, World, assert_right};

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let risky = [
        "stop-logging",
        "delete-trail",
        "put-bucket-policy-public",
        "root-console-sign-in",
        "delete-guardrail",
        "delete-model-invocation-logging",
    ];
    let risky = risky.map(|file| {
        stage.trial(format!("events::{file}_replayed_is_a_high_alert"), async move |world| {
            let seen = world.replay(&recorded(&world, file)).await;
            let expected = Expected { threat_level: Some("high"), ..Expected::RISKY_CALL };
            assert_right(expected, &seen);
            assert_eq!(seen.execution.unwrap().path(), ["Summarize event", "Publish alert", "Complete"]);
        })
    });
    let medium =
        stage.trial("events::an_access_key_for_another_user_replayed_is_a_medium_alert", async |world: Arc<World>| {
            let seen = world.replay(&recorded(&world, "create-access-key-for-another-user")).await;
            assert_right(Expected { threat_level: Some("medium"), ..Expected::RISKY_CALL }, &seen);
        });
    let denied =
        stage.trial("events::a_denied_upload_replayed_is_not_taken_for_an_upload", async |world: Arc<World>| {
            let seen = world.replay(&recorded(&world, "put-object-denied")).await;
            assert_right(Expected { verdict: Some("none"), action: Some("none"), ..Expected::ANY_VERDICT }, &seen);
            assert!(seen.execution.unwrap().task("Detect PII").is_none());
        });
    let quiet = stage.trial("events::an_event_of_another_source_on_the_replay_bus_starts_nothing", of_another_source);
    risky.into_iter().chain([medium, denied, quiet]).collect()
}

fn recorded(world: &World, file: &str) -> Value {
    let path = world.workspace.source("events/log-summarizer").join(format!("{file}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn of_another_source(world: Arc<World>) {
    let detail = &recorded(&world, "stop-logging")["detail"];
    let id = world.audit().put_event("somebody.else", "AWS API Call via CloudTrail", detail).await.unwrap();
    // One that does start an execution, put after it, tells that the bus is through with it.
    let seen = world.replay(&recorded(&world, "stop-logging")).await;
    assert_right(Expected::RISKY_CALL, &seen);
    let started = world.audit().executions(|input| input["id"] == *id).await.unwrap();
    assert!(started.is_empty(), "an execution was started");
}
