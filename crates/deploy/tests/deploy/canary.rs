//! What a canary calls as it goes on, goes back or is interrupted, against recorded answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{
    ALIAS, Answer, MACHINE, Recorded, alias, answer, complete_stack, described, described_with, mark_kept, marked,
    no_alias, no_machine, refusal, request, version_arn,
};
use serde_json::{Value, json};
use warden_deploy::{ApplyReport, Canary, CanaryEnd, Error, Outcome};

const CANARY: Canary = Canary { percent: 10, duration: Duration::from_secs(40), allowed_failures: 0, least_ended: 1 };

/// A machine with another definition, whose alias runs version 3; version 4 is published of the new one.
fn changed() -> Vec<Answer> {
    let older = described_with(MACHINE, "definition", json!(r#"{"StartAt":"Old","States":{}}"#));
    vec![
        complete_stack(),
        answer("DescribeStateMachine", &older),
        answer("DescribeStateMachineAlias", &alias(&[(3, 100)])),
        // The version that the alias runs.
        answer("DescribeStateMachine", &older),
        answer("UpdateStateMachine", &json!({"updateDate": 1.0, "stateMachineVersionArn": version_arn(4)})),
    ]
}

/// The executions of a version, by name and status, the newest first.
fn executions(listed: &[(&str, &str)]) -> Answer {
    page(listed, None)
}

/// A page of them.
fn page(listed: &[(&str, &str)], next: Option<&str>) -> Answer {
    let listed: Vec<_> = listed
        .iter()
        .map(|(name, status)| {
            json!({
                "executionArn": format!("arn:aws:states:us-west-2:111122223333:execution:audit:{name}"),
                "stateMachineArn": MACHINE,
                "name": name,
                "status": status,
                "startDate": 1_793_527_200.0
            })
        })
        .collect();
    answer("ListExecutions", &json!({"executions": listed, "nextToken": next}))
}

/// The alias as the canary finds it: on version 3 alone, or with version 4 beside it.
fn unmoved() -> Answer {
    answer("DescribeStateMachineAlias", &alias(&[(3, 100)]))
}

fn shared() -> Answer {
    answer("DescribeStateMachineAlias", &alias(&[(3, 90), (4, 10)]))
}

/// One look: what the new version's executions came to, and that nobody moved the alias.
fn look(listed: &[(&str, &str)]) -> [Answer; 2] {
    [executions(listed), shared()]
}

fn alias_updated() -> Answer {
    answer("UpdateStateMachineAlias", &json!({"updateDate": 1.0}))
}

fn weights(routes: &[(u32, i32)]) -> Value {
    let routes: Vec<_> = routes
        .iter()
        .map(|(version, weight)| json!({"stateMachineVersionArn": version_arn(*version), "weight": weight}))
        .collect();
    json!({"stateMachineAliasArn": ALIAS, "routingConfiguration": routes})
}

async fn try_out(aws: &Recorded, interrupted: impl Future<Output = ()>) -> Result<ApplyReport, Error> {
    aws.deployer().apply_with_canary(&request(), &CANARY, interrupted).await
}

/// What the alias was set to, one after the other.
fn alias_settings(aws: &Recorded) -> Vec<Value> {
    aws.calls().into_iter().filter(|call| call.operation == "UpdateStateMachineAlias").map(|call| call.body).collect()
}

#[tokio::test(start_paused = true)]
async fn a_version_that_does_well_takes_over_after_its_time() {
    let mut answers = changed();
    answers.extend([executions(&[("old", "FAILED")]), unmoved(), alias_updated()]);
    answers.extend((0..19).flat_map(|_| look(&[("old", "FAILED")])));
    answers.extend(look(&[("e-3", "RUNNING"), ("e-2", "SUCCEEDED"), ("e-1", "ABORTED"), ("old", "FAILED")]));
    answers.push(alias_updated());
    let aws = Recorded::new(answers);

    let begun = tokio::time::Instant::now();
    let report = try_out(&aws, std::future::pending()).await.unwrap();

    assert_eq!(begun.elapsed(), CANARY.duration);
    assert_eq!(alias_settings(&aws), [weights(&[(3, 90), (4, 10)]), weights(&[(4, 100)])]);
    let calls = aws.calls();
    assert_eq!(calls[5].body, json!({"stateMachineArn": version_arn(4)}));
    assert_eq!(report.alias, Outcome::Updated);
    assert_eq!(
        report.to_string(),
        format!(
            "State machine {MACHINE}: updated (definition)\nVersion 4: published\n\
             Canary: 10 % for 40.0 s, 1 succeeded, 0 failed, 1 aborted, 1 running\n\
             Alias live: moved from version 3 to 4"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_version_that_fails_is_taken_back_at_once() {
    for status in ["FAILED", "TIMED_OUT"] {
        let mut answers = changed();
        answers.extend([executions(&[]), unmoved(), alias_updated()]);
        answers.extend(look(&[("e-1", "SUCCEEDED")]));
        answers.extend(look(&[("e-2", status), ("e-1", "SUCCEEDED")]));
        answers.push(alias_updated());
        answers.extend([marked(""), mark_kept()]);
        let aws = Recorded::new(answers);

        let report = try_out(&aws, std::future::pending()).await.unwrap();

        assert_eq!(alias_settings(&aws), [weights(&[(3, 90), (4, 10)]), weights(&[(3, 100)])]);
        assert_eq!(report.canary.as_ref().unwrap().end, CanaryEnd::TooManyFailed);
        let kept = aws.calls().pop().unwrap().body;
        assert_eq!(kept, json!({"resourceArn": MACHINE, "tags": [{"key": "warden:refused", "value": "4"}]}));
        assert!(
            report.to_string().ends_with(
                "1 succeeded, 1 failed\nAlias live: back on version 3 alone, since executions of version 4 failed"
            ),
            "{report}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_behind_many_newer_executions_is_seen() {
    let mut answers = changed();
    // A version that was just published has no executions of before.
    answers.extend([executions(&[]), unmoved(), alias_updated()]);
    answers.extend([page(&[("e-2", "RUNNING")], Some("older")), page(&[("e-1", "FAILED")], None), shared()]);
    answers.push(alias_updated());
    answers.extend([marked(""), mark_kept()]);
    let aws = Recorded::new(answers);

    let report = try_out(&aws, std::future::pending()).await.unwrap();

    assert_eq!(report.canary.as_ref().unwrap().end, CanaryEnd::TooManyFailed);
    assert_eq!(alias_settings(&aws), [weights(&[(3, 90), (4, 10)]), weights(&[(3, 100)])]);
}

#[tokio::test(start_paused = true)]
async fn of_the_executions_of_before_one_page_is_read() {
    let mut answers = changed();
    answers.extend([page(&[("old", "FAILED")], Some("older")), unmoved(), alias_updated()]);
    answers.extend(look(&[("e-1", "FAILED"), ("old", "FAILED")]));
    answers.push(alias_updated());
    answers.extend([marked(""), mark_kept()]);

    let report = try_out(&Recorded::new(answers), std::future::pending()).await.unwrap();

    assert_eq!(report.canary.as_ref().unwrap().executions.failed, 1);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_puts_the_weights_back() {
    let mut answers = changed();
    answers.extend([executions(&[]), unmoved(), alias_updated()]);
    answers.extend(look(&[]));
    answers.extend([shared(), alias_updated(), marked("2"), mark_kept()]);
    let aws = Recorded::new(answers);

    let report = try_out(&aws, tokio::time::sleep(Duration::from_secs(3))).await.unwrap();

    assert_eq!(alias_settings(&aws), [weights(&[(3, 90), (4, 10)]), weights(&[(3, 100)])]);
    assert_eq!(report.canary.as_ref().unwrap().end, CanaryEnd::Interrupted);
    assert!(report.to_string().ends_with("back on version 3 alone, since the canary was interrupted"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_interruption_before_the_shift_gives_the_new_version_nothing() {
    let mut answers = changed();
    answers.extend([executions(&[]), unmoved(), alias_updated(), marked("4")]);
    let aws = Recorded::new(answers);

    let report = try_out(&aws, std::future::ready(())).await.unwrap();

    assert_eq!(alias_settings(&aws), [weights(&[(3, 100)])]);
    assert_eq!(report.canary.as_ref().unwrap().end, CanaryEnd::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_cannot_be_watched_is_taken_back() {
    let mut answers = changed();
    let denied = refusal("ListExecutions", "AccessDeniedException", "User: eve is not authorized");
    answers.extend([executions(&[]), unmoved(), alias_updated(), denied, shared(), alias_updated()]);
    answers.extend([marked(""), mark_kept()]);
    let aws = Recorded::new(answers);

    let error = try_out(&aws, std::future::pending()).await.unwrap_err();

    assert_eq!(alias_settings(&aws).last(), Some(&weights(&[(3, 100)])));
    let version = version_arn(3);
    assert_eq!(
        error.to_string(),
        format!(
            "AWS denied states:ListExecutions: User: eve is not authorized. Allow this action to the user or role of your credentials. The canary was taken back: {ALIAS} runs {version} alone again"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn who_may_not_watch_shifts_nothing() {
    let mut answers = changed();
    answers.push(refusal("ListExecutions", "AccessDeniedException", "User: eve is not authorized"));
    let aws = Recorded::new(answers);

    let error = try_out(&aws, std::future::pending()).await.unwrap_err();

    assert!(alias_settings(&aws).is_empty());
    assert!(error.to_string().starts_with("AWS denied states:ListExecutions: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_canary_is_taken_back_though_that_cannot_be_kept() {
    let mut answers = changed();
    answers.extend([executions(&[]), unmoved(), alias_updated()]);
    answers.extend(look(&[("e-1", "FAILED")]));
    answers.extend([alias_updated(), refusal("ListTagsForResource", "AccessDeniedException", "User: eve")]);
    let aws = Recorded::new(answers);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let deployer = aws.deployer().on_progress(move |progress| listener.lock().unwrap().push(progress.to_string()));

    let report = deployer.apply_with_canary(&request(), &CANARY, std::future::pending()).await.unwrap();

    assert_eq!(report.canary.as_ref().unwrap().end, CanaryEnd::TooManyFailed);
    let said = heard.lock().unwrap().pop().unwrap();
    assert!(said.contains("AWS denied states:ListTagsForResource") && said.contains("--to"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn weights_that_cannot_be_put_back_are_a_loud_failure() {
    let mut answers = changed();
    let expired = refusal("UpdateStateMachineAlias", "ExpiredTokenException", "The security token is expired");
    answers.extend([executions(&[]), unmoved(), alias_updated()]);
    answers.extend(look(&[("e-1", "FAILED")]));
    answers.push(expired);
    let aws = Recorded::new(answers);

    let error = try_out(&aws, std::future::pending()).await.unwrap_err();

    aws.calls();
    let version = version_arn(4);
    assert_eq!(
        error.to_string(),
        format!(
            "the alias {ALIAS} STILL hands executions to {version}, since its weights could not be put back: your AWS credentials have expired (states:UpdateStateMachineAlias). Sign in again, for example with `aws sso login`. Run `warden deploy rollback` as soon as you can"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn with_nothing_to_do_there_is_no_canary() {
    let aws = Recorded::new(vec![
        complete_stack(),
        answer("DescribeStateMachine", &described(MACHINE)),
        answer("DescribeStateMachineAlias", &alias(&[(3, 100)])),
        answer("DescribeStateMachine", &described(&version_arn(3))),
    ]);
    let report = try_out(&aws, std::future::pending()).await.unwrap();
    aws.calls();
    assert!(!report.changed() && report.canary.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_first_version_has_nothing_to_stand_beside() {
    let aws = Recorded::new(vec![
        complete_stack(),
        no_machine(),
        no_alias(),
        answer(
            "CreateStateMachine",
            &json!({"stateMachineArn": MACHINE, "creationDate": 1.0, "stateMachineVersionArn": version_arn(1)}),
        ),
        answer("CreateStateMachineAlias", &json!({"stateMachineAliasArn": ALIAS, "creationDate": 1.0})),
    ]);
    let report = try_out(&aws, std::future::pending()).await.unwrap();
    aws.calls();
    assert_eq!((report.alias, report.canary), (Outcome::Created, None));
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_was_left_is_replaced_beside_the_version_with_most_weight() {
    let mut answers = changed();
    let left = || answer("DescribeStateMachineAlias", &alias(&[(2, 95), (3, 5)]));
    // Of two versions that share an alias, neither is what it runs.
    answers.remove(3);
    answers[2] = left();
    answers.extend([executions(&[]), left(), alias_updated(), executions(&[("e-1", "FAILED")])]);
    answers.extend([answer("DescribeStateMachineAlias", &alias(&[(2, 90), (4, 10)])), alias_updated()]);
    answers.extend([marked(""), mark_kept()]);
    let aws = Recorded::new(answers);

    try_out(&aws, std::future::pending()).await.unwrap();

    assert_eq!(alias_settings(&aws), [weights(&[(2, 90), (4, 10)]), weights(&[(2, 100)])]);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_nothing_tried_does_not_take_over() {
    let mut answers = changed();
    answers.extend([executions(&[]), unmoved(), alias_updated()]);
    answers.extend((0..20).flat_map(|_| look(&[("e-1", "RUNNING")])));
    answers.push(alias_updated());
    answers.extend([marked(""), mark_kept()]);
    let aws = Recorded::new(answers);

    let report = try_out(&aws, std::future::pending()).await.unwrap();

    assert_eq!(alias_settings(&aws), [weights(&[(3, 90), (4, 10)]), weights(&[(3, 100)])]);
    assert_eq!(report.canary.as_ref().unwrap().end, CanaryEnd::TooFewEnded);
    assert_eq!(report.alias, Outcome::Unchanged);
    assert!(
        report.to_string().contains("back on version 3 alone, since too few executions of version 4 ended"),
        "{report}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_does_with_the_alias_meanwhile_stands() {
    let moved_to = |routes: &[(u32, i32)]| answer("DescribeStateMachineAlias", &alias(routes));
    // Rolled back, moved by another deployment, given other weights; or deleted.
    let by_others = [moved_to(&[(3, 100)]), moved_to(&[(5, 100)]), moved_to(&[(3, 50), (4, 50)]), no_alias()];
    let running = ["version 3", "version 5", "version 3 (50 %) and 4 (50 %)", "nothing"];
    for (moved, running) in by_others.into_iter().zip(running) {
        let mut answers = changed();
        answers.extend([executions(&[]), unmoved(), alias_updated()]);
        answers.extend(look(&[("e-1", "SUCCEEDED")]));
        answers.extend([executions(&[("e-1", "SUCCEEDED")]), moved]);
        let aws = Recorded::new(answers);

        let error = try_out(&aws, std::future::pending()).await.unwrap_err();

        assert_eq!(alias_settings(&aws), [weights(&[(3, 90), (4, 10)])]);
        assert!(matches!(error, Error::AliasMoved { .. }));
        let begin = format!("somebody else moved the alias {ALIAS} while the canary ran: it runs {running} now");
        assert!(error.to_string().starts_with(&begin), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_moved_is_left_when_the_canary_is_interrupted_or_cannot_be_watched() {
    let rolled_back = || answer("DescribeStateMachineAlias", &alias(&[(3, 100)]));
    let denied = refusal("ListExecutions", "AccessDeniedException", "User: eve is not authorized");
    for (further, interrupted_after) in [(vec![rolled_back()], 1), (vec![denied, rolled_back()], 60)] {
        let mut answers = changed();
        answers.extend([executions(&[]), unmoved(), alias_updated()]);
        answers.extend(further);
        let aws = Recorded::new(answers);

        let interrupted = tokio::time::sleep(Duration::from_secs(interrupted_after));
        let error = try_out(&aws, interrupted).await.unwrap_err();

        assert_eq!(alias_settings(&aws), [weights(&[(3, 90), (4, 10)])]);
        assert!(matches!(error, Error::AliasMoved { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_moved_while_the_version_was_published_is_not_shared() {
    let mut answers = changed();
    answers.extend([executions(&[]), answer("DescribeStateMachineAlias", &alias(&[(2, 100)]))]);
    let aws = Recorded::new(answers);

    let error = try_out(&aws, std::future::pending()).await.unwrap_err();

    assert!(alias_settings(&aws).is_empty());
    assert!(matches!(error, Error::AliasMoved { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_the_alias_was_set_is_nobody_elses_doing() {
    let mut answers = changed();
    answers.extend([executions(&[]), unmoved()]);
    answers.push(answer("UpdateStateMachineAlias", &json!({"updateDate": 1_793_530_000.0})));
    // As it was, by its date.
    answers.extend([executions(&[]), unmoved()]);
    answers.extend((0..19).flat_map(|_| look(&[("e-1", "SUCCEEDED")])));
    answers.push(alias_updated());
    let aws = Recorded::new(answers);

    let report = try_out(&aws, std::future::pending()).await.unwrap();

    aws.calls();
    assert_eq!(report.canary.as_ref().unwrap().end, CanaryEnd::WentOn);
}
