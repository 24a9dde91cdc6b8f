//! A model that fails, refuses or answers badly: it is asked again, or nobody
//! can tell; the object stays in every case.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use warden_local::model::Fault;
use warden_local::scenario::Expected;

use crate::world::{Stage, World, assert_failure, assert_right};

/// The first call is the summary's, which is not what is looked at here.
const SUMMARY: (usize, Fault) = (1, Fault::Slow(Duration::ZERO));

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let passing = [
        ("throttled", Fault::Throttled, "ModelThrottled"),
        ("overloaded", Fault::Overloaded, "ModelThrottled"),
        ("unavailable", Fault::Unavailable, "ModelUnavailable"),
        ("broken", Fault::InternalError, "ModelUnavailable"),
        ("timed_out", Fault::TimedOut, "ModelTimeout"),
    ];
    let passing = passing.map(|(name, fault, error)| {
        let name = format!("model::{name}_for_a_while_is_asked_again");
        stage.faulty_trial(name, vec![SUMMARY, (2, fault)], async move |world| asked_again(&world, error).await)
    });

    let lasting =
        [("unavailable", Fault::Unavailable, "ModelUnavailable"), ("denied", Fault::AccessDenied, "AccessDenied")];
    let lasting = lasting.map(|(name, fault, error)| {
        let name = format!("model::{name}_for_good_is_a_failure_and_keeps_the_object");
        stage.faulty_trial(name, vec![SUMMARY, (1000, fault)], async move |world| given_up(&world, error).await)
    });

    // An empty answer once is asked for again.
    let readable = [
        ("fenced", Fault::Fenced),
        ("in_prose", Fault::InProse),
        ("after_thinking", Fault::ThinkingFirst),
        ("empty_once", Fault::Empty),
    ];
    let readable = readable.map(|(name, fault)| {
        let name = format!("model::an_answer_{name}_is_understood");
        stage.faulty_trial(name, vec![SUMMARY, (1, fault)], async |world| understood(&world).await)
    });

    let useless = [
        ("refused", 1, Fault::Refused, "model_refused"),
        ("cut", 1, Fault::CutAtMaxTokens, "answer_cut"),
        ("empty_twice", 2, Fault::Empty, "answer_empty"),
    ];
    let useless = useless.map(|(name, calls, fault, reason)| {
        let name = format!("model::an_answer_{name}_is_undetermined_and_keeps_the_object");
        stage.faulty_trial(name, vec![SUMMARY, (calls, fault)], async move |world| undetermined(&world, reason).await)
    });

    let summaries = [
        // As many calls as the summary makes before it is given up: six tries of two attempts each.
        stage.faulty_trial(
            "model::an_upload_is_judged_without_a_summary_of_the_model",
            vec![(12, Fault::Unavailable)],
            no_summary,
        ),
        stage.faulty_trial(
            "model::a_model_that_never_answers_deletes_nothing",
            vec![(1000, Fault::Unavailable)],
            never,
        ),
    ];
    let schema = stage.faulty_trial(
        "model::a_schema_that_bedrock_refuses_is_left_out_from_then_on",
        vec![(1000, Fault::SchemaRefused)],
        schema_refused,
    );
    passing.into_iter().chain([schema]).chain(lasting).chain(readable).chain(useless).chain(summaries).collect()
}

async fn asked_again(world: &World, error: &str) {
    let upload = world.upload_sample("model/asked-again.png", "business-card.png").await;
    let seen = world.outcome(&upload).await;
    assert_right(Expected::DELETED, &seen);
    let execution = seen.execution.unwrap();
    let task = execution.task("Detect PII").unwrap();
    assert!(task.tries > 1, "it was not asked again");
    assert!(task.errors.iter().all(|found| found == error), "{:?}", task.errors);
}

/// The refusal is understood within the call: no task fails, and a process asks twice only once.
async fn schema_refused(world: Arc<World>) {
    let ask = async |key| {
        let before = world.model_calls();
        let upload = world.upload_sample(key, "business-card.png").await;
        let seen = world.outcome(&upload).await;
        assert_right(Expected::DELETED, &seen);
        let execution = seen.execution.unwrap();
        for name in ["Summarize event", "Detect PII"] {
            let task = execution.task(name).unwrap();
            assert_eq!((task.tries, task.errors.as_slice()), (1, [].as_slice()), "{name}");
        }
        world.model_calls() - before
    };
    // Summary and verdict, each with and then without the schema.
    assert_eq!(ask("model/schema-refused.png").await, 4);
    assert_eq!(ask("model/schema-left-out.png").await, 2);
}

async fn given_up(world: &World, error: &str) {
    let upload = world.upload_sample("model/given-up.png", "business-card.png").await;
    let seen = world.outcome(&upload).await;
    assert_failure(&seen, "kept");
    assert!(world.is_there(&upload).await);
    let execution = seen.execution.unwrap();
    let task = execution.task("Detect PII").unwrap();
    assert!(task.errors.iter().all(|found| found == error), "{:?}", task.errors);
    assert_eq!(task.tries > 1, error != "AccessDenied", "tried {} times", task.tries);
    let message = seen.alert.unwrap().message;
    assert!(message.contains(&format!("\nFailed in: Detect PII\nError: {error}\n")), "{message}");
}

async fn understood(world: &World) {
    let upload = world.upload_sample("model/understood.png", "business-card.png").await;
    assert_right(Expected::DELETED, &world.outcome(&upload).await);
}

async fn undetermined(world: &World, reason: &str) {
    let upload = world.upload_sample("model/undetermined.png", "business-card.png").await;
    let seen = world.outcome(&upload).await;
    assert_right(Expected::UNDETERMINED, &seen);
    let message = seen.alert.unwrap().message;
    assert!(message.contains(&format!("Reason: {reason}")), "{message}");
}

async fn no_summary(world: Arc<World>) {
    let upload = world.upload_sample("model/no-summary.png", "business-card.png").await;
    let seen = world.outcome(&upload).await;
    assert_right(Expected::DELETED, &seen);
    let execution = seen.execution.unwrap();
    assert!(execution.task("Summarize without the model").is_some(), "{:?}", execution.path());
    assert!(execution.task("Detect PII").unwrap().errors.is_empty());
}

async fn never(world: Arc<World>) {
    let upload = world.upload_sample("model/never.png", "business-card.png").await;
    let seen = world.outcome(&upload).await;
    assert_failure(&seen, "kept");
    assert!(world.is_there(&upload).await);
    let alert = seen.alert.unwrap();
    assert!(alert.message.contains("/model/never.png ("), "{}", alert.message);
}
