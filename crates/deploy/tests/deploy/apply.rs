//! What `apply` calls, in which order and with what, against recorded answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{
    ALIAS, Answer, LOG_GROUP, MACHINE, ROLE, Recorded, TOPIC, alias, answer, complete_stack, described, described_with,
    mark_kept, marked, no_alias, no_machine, refusal, request, stack, stack_refusal, version_arn,
};
use serde_json::{Value, json};
use warden_deploy::{DefinitionTemplate, Deployer, Difference, Error, Outcome, Progress, Route};

/// The answers to what every deployment asks first.
fn found(machine: Answer, alias: Answer) -> Vec<Answer> {
    vec![complete_stack(), machine, alias]
}

fn machine_as(description: &Value) -> Answer {
    answer("DescribeStateMachine", description)
}

fn alias_to(routes: &[(u32, i32)]) -> Answer {
    answer("DescribeStateMachineAlias", &alias(routes))
}

fn created(version: u32) -> Answer {
    let version = version_arn(version);
    answer(
        "CreateStateMachine",
        &json!({"stateMachineArn": MACHINE, "creationDate": 1.0, "stateMachineVersionArn": version}),
    )
}

fn updated(version: u32) -> Answer {
    let version = version_arn(version);
    answer("UpdateStateMachine", &json!({"updateDate": 1.0, "revisionId": "r2", "stateMachineVersionArn": version}))
}

fn published(version: u32) -> Answer {
    let version = version_arn(version);
    answer("PublishStateMachineVersion", &json!({"creationDate": 1.0, "stateMachineVersionArn": version}))
}

fn alias_created() -> Answer {
    answer("CreateStateMachineAlias", &json!({"stateMachineAliasArn": ALIAS, "creationDate": 1.0}))
}

fn alias_updated() -> Answer {
    answer("UpdateStateMachineAlias", &json!({"updateDate": 1.0}))
}

fn all_to(version: u32) -> Value {
    json!([{"stateMachineVersionArn": version_arn(version), "weight": 100}])
}

/// Applies against these answers and tells the error, once all were used.
async fn failure(answers: Vec<Answer>) -> Error {
    let aws = Recorded::new(answers);
    let error = aws.deployer().apply(&request()).await.unwrap_err();
    aws.calls();
    error
}

#[tokio::test]
async fn from_nothing_it_creates_a_published_state_machine_and_its_alias() {
    let mut answers = found(no_machine(), no_alias());
    answers.extend([created(1), alias_created()]);
    let aws = Recorded::new(answers);

    let report = aws.deployer().apply(&request()).await.unwrap();

    let calls = aws.calls();
    assert_eq!(calls[0].body["StackName"], "audit");
    assert_eq!(calls[1].body, json!({"stateMachineArn": MACHINE}));
    assert_eq!(calls[2].body, json!({"stateMachineAliasArn": ALIAS}));
    let create = &calls[3].body;
    let definition: Value = serde_json::from_str(create["definition"].as_str().unwrap()).unwrap();
    assert_eq!(definition["States"]["Publish alert"]["Arguments"]["TopicArn"], TOPIC);
    assert_eq!(
        create,
        &json!({
            "name": "audit",
            "type": "STANDARD",
            "definition": create["definition"],
            "roleArn": ROLE,
            "loggingConfiguration": {
                "level": "ERROR",
                "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": LOG_GROUP}}]
            },
            "tracingConfiguration": {"enabled": true},
            "publish": true
        })
    );
    assert_eq!(calls[4].body, json!({"name": "live", "routingConfiguration": all_to(1)}));

    assert_eq!((report.outcome, report.alias), (Outcome::Created, Outcome::Created));
    assert_eq!(report.version_arn, version_arn(1));
    assert_eq!(
        report.to_string(),
        format!("State machine {MACHINE}: created\nVersion 1: published\nAlias live: created, runs version 1")
    );
}

#[tokio::test]
async fn with_nothing_to_do_it_only_reads() {
    let mut answers = found(machine_as(&described(MACHINE)), alias_to(&[(3, 100)]));
    answers.push(machine_as(&described(&version_arn(3))));
    let aws = Recorded::new(answers);

    let report = aws.deployer().apply(&request()).await.unwrap();

    let calls = aws.calls();
    assert!(calls.iter().all(|call| call.operation.starts_with("Describe")), "{calls:?}");
    assert_eq!(calls[3].body, json!({"stateMachineArn": version_arn(3)}));
    assert!(!report.changed());
    assert_eq!(
        report.to_string(),
        format!("State machine {MACHINE}: unchanged\nVersion 3: unchanged\nAlias live: unchanged, runs version 3")
    );
}

#[tokio::test]
async fn a_changed_definition_is_updated_published_and_put_behind_the_alias() {
    let older = described_with(MACHINE, "definition", json!(r#"{"StartAt":"Old","States":{}}"#));
    let mut answers = found(machine_as(&older), alias_to(&[(3, 100)]));
    answers.extend([machine_as(&older), updated(4), alias_updated()]);
    let aws = Recorded::new(answers);

    let report = aws.deployer().apply(&request()).await.unwrap();

    let calls = aws.calls();
    let update = &calls[4].body;
    assert_eq!(
        update,
        &json!({
            "stateMachineArn": MACHINE,
            "definition": update["definition"],
            "roleArn": ROLE,
            "loggingConfiguration": {
                "level": "ERROR",
                "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": LOG_GROUP}}]
            },
            "tracingConfiguration": {"enabled": true},
            "publish": true
        })
    );
    assert!(update["definition"].as_str().unwrap().contains(TOPIC));
    assert_eq!(calls[5].body, json!({"stateMachineAliasArn": ALIAS, "routingConfiguration": all_to(4)}));
    assert_eq!(report.outcome, Outcome::Updated);
    assert_eq!(report.differences, [Difference::Definition]);
    assert_eq!(report.moved_from, [Route { version_arn: version_arn(3), weight: 100 }]);
}

#[tokio::test]
async fn a_changed_role_log_or_trace_is_updated_too() {
    let cases = [
        ("roleArn", json!("arn:aws:iam::111122223333:role/other"), Difference::Role),
        ("loggingConfiguration", json!({"level": "OFF", "includeExecutionData": false}), Difference::Logging),
        ("tracingConfiguration", json!({"enabled": false}), Difference::Tracing),
    ];
    for (field, value, difference) in cases {
        let differing = described_with(MACHINE, field, value);
        let mut answers = found(machine_as(&differing), alias_to(&[(3, 100)]));
        answers.extend([machine_as(&differing), updated(4), alias_updated()]);
        let aws = Recorded::new(answers);

        let report = aws.deployer().apply(&request()).await.unwrap();

        aws.calls();
        assert_eq!(report.differences, [difference], "{field}");
    }
}

#[tokio::test]
async fn a_machine_that_was_changed_by_hand_is_put_right_without_another_version_of_what_runs() {
    let edited = described_with(MACHINE, "definition", json!(r#"{"StartAt":"Edited","States":{}}"#));
    let mut answers = found(machine_as(&edited), alias_to(&[(3, 100)]));
    answers.extend([machine_as(&described(&version_arn(3))), updated(4)]);
    let aws = Recorded::new(answers);

    let report = aws.deployer().apply(&request()).await.unwrap();

    let calls = aws.calls();
    // Absent is false.
    assert!(calls[4].body.get("publish").is_none_or(|publish| publish == false), "{:?}", calls[4].body);
    assert_eq!((report.outcome, report.published, report.alias), (Outcome::Updated, false, Outcome::Unchanged));
    assert_eq!(report.version_arn, version_arn(3));
}

/// The versions there are, the newest first.
fn versions(numbers: &[u32]) -> Answer {
    let listed: Vec<_> = numbers
        .iter()
        .map(|number| json!({"stateMachineVersionArn": version_arn(*number), "creationDate": 1.0}))
        .collect();
    answer("ListStateMachineVersions", &json!({"stateMachineVersions": listed}))
}

/// The newest version, which is of an older revision than the state machine.
fn of_an_older_revision(number: u32) -> [Answer; 2] {
    let older = described_with(&version_arn(number), "revisionId", json!("another"));
    [versions(&[number, 1]), machine_as(&older)]
}

#[tokio::test]
async fn a_revision_that_is_published_already_is_not_published_again() {
    let older = described_with(&version_arn(2), "definition", json!(r#"{"StartAt":"Old","States":{}}"#));
    let of_the_alias =
        [(alias_to(&[(2, 100)]), Some(machine_as(&older)), alias_updated()), (no_alias(), None, alias_created())];
    for (alias, running, moved) in of_the_alias {
        let is_moved = running.is_some();
        let mut answers = found(machine_as(&described(MACHINE)), alias);
        answers.extend(running);
        answers.extend([versions(&[3, 2]), machine_as(&described(&version_arn(3))), moved]);
        // Its canary was taken back once.
        answers.extend(is_moved.then(|| [marked("1 3"), mark_kept()]).into_iter().flatten());
        let aws = Recorded::new(answers);

        let report = aws.deployer().apply(&request()).await.unwrap();

        let last = aws.calls().pop().unwrap().body;
        if is_moved {
            assert_eq!(last["tags"], json!([{"key": "warden:refused", "value": "1"}]));
        }
        assert_eq!((report.published, report.version_arn), (false, version_arn(3)));
    }
}

#[tokio::test]
async fn a_missing_alias_is_made_for_the_version_of_what_is_there() {
    let mut answers = found(machine_as(&described(MACHINE)), no_alias());
    answers.extend(of_an_older_revision(2));
    answers.extend([published(3), alias_created()]);
    let aws = Recorded::new(answers);

    let report = aws.deployer().apply(&request()).await.unwrap();

    let calls = aws.calls();
    assert_eq!(calls[5].body, json!({"stateMachineArn": MACHINE}));
    assert_eq!(calls[6].body, json!({"name": "live", "routingConfiguration": all_to(3)}));
    assert_eq!((report.outcome, report.alias), (Outcome::Unchanged, Outcome::Created));
}

#[tokio::test]
async fn an_alias_left_on_an_older_version_is_moved() {
    let older = described_with(&version_arn(2), "definition", json!(r#"{"StartAt":"Old","States":{}}"#));
    let mut answers = found(machine_as(&described(MACHINE)), alias_to(&[(2, 100)]));
    answers.push(machine_as(&older));
    answers.extend(of_an_older_revision(2));
    answers.extend([published(3), alias_updated()]);
    let aws = Recorded::new(answers);

    let report = aws.deployer().apply(&request()).await.unwrap();

    let calls = aws.calls();
    assert_eq!(calls[7].body, json!({"stateMachineAliasArn": ALIAS, "routingConfiguration": all_to(3)}));
    assert_eq!(
        report.to_string(),
        format!("State machine {MACHINE}: unchanged\nVersion 3: published\nAlias live: moved from version 2 to 3")
    );
}

#[tokio::test]
async fn an_alias_split_between_two_versions_is_moved_to_one() {
    let mut answers = found(machine_as(&described(MACHINE)), alias_to(&[(2, 90), (3, 10)]));
    answers.extend(of_an_older_revision(3));
    answers.extend([published(4), alias_updated()]);
    let aws = Recorded::new(answers);

    let report = aws.deployer().apply(&request()).await.unwrap();

    let calls = aws.calls();
    assert_eq!(calls[6].body["routingConfiguration"], all_to(4));
    assert_eq!(report.moved_from.len(), 2);
}

#[tokio::test]
async fn an_alias_on_a_version_that_was_deleted_is_moved() {
    let mut answers = found(machine_as(&described(MACHINE)), alias_to(&[(2, 100)]));
    answers.extend([no_machine(), versions(&[]), published(3), alias_updated()]);
    let aws = Recorded::new(answers);

    let report = aws.deployer().apply(&request()).await.unwrap();

    aws.calls();
    assert_eq!(report.alias, Outcome::Updated);
}

#[tokio::test(start_paused = true)]
async fn a_new_role_is_waited_for() {
    let not_yet = [
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
        "The state machine IAM Role is not authorized to access the Log Destination",
    ];
    let mut answers = found(no_machine(), no_alias());
    answers.extend(not_yet.map(|message| refusal("CreateStateMachine", "AccessDeniedException", message)));
    answers.extend([created(1), alias_created()]);
    let aws = Recorded::new(answers);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let deployer = aws.deployer().on_progress(move |progress| listener.lock().unwrap().push(progress.clone()));

    let begun = tokio::time::Instant::now();
    let report = deployer.apply(&request()).await.unwrap();

    aws.calls();
    assert_eq!(report.outcome, Outcome::Created);
    assert_eq!(begun.elapsed().as_secs(), 3);
    let waits: Vec<_> = heard
        .lock()
        .unwrap()
        .iter()
        .map(|progress| match progress {
            Progress::WaitingForRole { wait, reason } => (*wait, reason.contains("authorized")),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(waits, [(Duration::from_secs(1), true), (Duration::from_secs(2), true)]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_stays_unusable_fails_after_a_minute() {
    let message = "The state machine IAM Role is not authorized to access the Log Destination";
    let mut answers = found(no_machine(), no_alias());
    answers.extend((0..8).map(|_| refusal("CreateStateMachine", "AccessDeniedException", message)));

    let begun = tokio::time::Instant::now();
    let error = failure(answers).await;

    assert_eq!(begun.elapsed().as_secs(), 60);
    assert_eq!(
        error.to_string(),
        format!(
            "Step Functions still cannot use the role {ROLE} after 60 s: {message}. Its trust policy must name states.amazonaws.com, and its policy must allow log delivery (logs:CreateLogDelivery and the others)"
        )
    );
}

#[tokio::test]
async fn a_caller_who_may_not_is_told_at_once() {
    let user = "User: arn:aws:iam::111122223333:user/eve is not authorized to perform";
    let mut creating = found(no_machine(), no_alias());
    creating.push(refusal(
        "CreateStateMachine",
        "AccessDeniedException",
        &format!("{user}: iam:PassRole on resource: {ROLE}"),
    ));
    let reading = vec![
        complete_stack(),
        refusal("DescribeStateMachine", "AccessDeniedException", &format!("{user}: states:DescribeStateMachine")),
    ];
    let stack = vec![stack_refusal(403, "AccessDenied", &format!("{user}: cloudformation:DescribeStacks"))];
    for (answers, action, part) in [
        (creating, "states:CreateStateMachine", "iam:PassRole"),
        (reading, "states:DescribeStateMachine", "states:DescribeStateMachine"),
        (stack, "cloudformation:DescribeStacks", "cloudformation:DescribeStacks"),
    ] {
        let message = failure(answers).await.to_string();
        assert!(message.starts_with(&format!("AWS denied {action}: User: ")), "{message}");
        assert!(message.contains(part), "{message}");
        assert!(message.ends_with(". Allow this action to the user or role of your credentials"), "{message}");
    }
}

#[tokio::test]
async fn a_missing_stack_is_named_with_its_region() {
    let error = failure(vec![stack_refusal(400, "ValidationError", "Stack with id audit does not exist")]).await;
    assert_eq!(
        error.to_string(),
        "there is no stack `audit` in us-west-2. Check the name, the Region and the profile, or deploy the template first"
    );
}

#[tokio::test]
async fn a_stack_that_is_not_complete_is_not_deployed_on() {
    let error = failure(vec![stack("UPDATE_IN_PROGRESS", &[])]).await;
    assert_eq!(
        error.to_string(),
        "the stack `audit` is in the state UPDATE_IN_PROGRESS: it is being changed. Wait until that is done, then try again"
    );
}

#[tokio::test]
async fn every_missing_output_is_named_with_what_needs_it() {
    let outputs = [("StateMachineName", "audit"), ("StateMachineRoleArn", ROLE)];
    let error = failure(vec![stack("CREATE_COMPLETE", &outputs)]).await;
    assert_eq!(
        error.to_string(),
        "the stack `audit` lacks the outputs `StateMachineLogGroupArn` (needed by the state machine's log), `AlertTopicArn` (needed by `${AlertTopicArn}` at audit.asl.json:8:34). Is it the right stack, and deployed from this version of the template?"
    );
}

#[tokio::test]
async fn an_invalid_definition_is_refused_before_any_call() {
    let aws = Recorded::new(Vec::new());
    let mut request = request();
    request.definition =
        DefinitionTemplate::new("f", r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}"#);

    let error = aws.deployer().apply(&request).await.unwrap_err();

    assert!(aws.calls().is_empty());
    assert!(error.to_string().contains("there is no state `B` here"), "{error}");
}

#[tokio::test]
async fn a_machine_that_cannot_be_updated_says_why() {
    let cases = [
        (described_with(MACHINE, "type", json!("EXPRESS")), "is of type EXPRESS and cannot become STANDARD"),
        (described_with(MACHINE, "status", json!("DELETING")), "is being deleted"),
    ];
    for (description, part) in cases {
        let message = failure(vec![complete_stack(), machine_as(&description)]).await.to_string();
        assert!(message.contains(MACHINE) && message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn credentials_that_expired_or_are_wrong_are_told_apart() {
    let cases = [
        (
            refusal(
                "DescribeStateMachine",
                "ExpiredTokenException",
                "The security token included in the request is expired",
            ),
            "your AWS credentials have expired (states:DescribeStateMachine). Sign in again, for example with `aws sso login`",
        ),
        (
            refusal(
                "DescribeStateMachine",
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            "AWS does not accept your credentials for states:DescribeStateMachine (UnrecognizedClientException). Check the profile, the access key and the computer's clock",
        ),
    ];
    for (refused, message) in cases {
        assert_eq!(failure(vec![complete_stack(), refused]).await.to_string(), message);
    }
    let expired = stack_refusal(403, "ExpiredToken", "The security token included in the request is expired");
    assert!(failure(vec![expired]).await.to_string().starts_with("your AWS credentials have expired"));
}

#[tokio::test(start_paused = true)]
async fn throttling_is_retried_then_told() {
    let throttled = || refusal("DescribeStateMachine", "ThrottlingException", "Rate exceeded");
    let mut answers = vec![complete_stack(), throttled(), throttled(), machine_as(&described(MACHINE))];
    answers.extend([alias_to(&[(3, 100)]), machine_as(&described(&version_arn(3)))]);
    let aws = Recorded::new(answers);
    assert!(!aws.deployer().apply(&request()).await.unwrap().changed());
    aws.calls();

    let error = failure(vec![complete_stack(), throttled(), throttled(), throttled()]).await;
    assert_eq!(
        error.to_string(),
        "AWS throttled states:DescribeStateMachine even after retries (ThrottlingException). Try again in a minute"
    );
}

#[tokio::test]
async fn a_definition_that_step_functions_refuses_is_passed_on_in_its_words() {
    let mut answers = found(no_machine(), no_alias());
    answers.push(refusal(
        "CreateStateMachine",
        "InvalidDefinition",
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED'",
    ));
    assert_eq!(
        failure(answers).await.to_string(),
        "states:CreateStateMachine failed: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED' (InvalidDefinition)"
    );
}

#[tokio::test]
async fn an_alias_that_could_not_be_moved_is_moved_by_the_next_deployment() {
    let older = described_with(MACHINE, "definition", json!(r#"{"StartAt":"Old","States":{}}"#));
    let mut answers = found(machine_as(&older), alias_to(&[(3, 100)]));
    let conflict = refusal("UpdateStateMachineAlias", "ConflictException", "in use");
    answers.extend([machine_as(&older), updated(4), conflict]);
    assert!(matches!(failure(answers).await, Error::Call(_)));

    let mut answers = found(machine_as(&described(MACHINE)), alias_to(&[(3, 100)]));
    answers.extend([machine_as(&older), versions(&[4, 3]), machine_as(&described(&version_arn(4))), alias_updated()]);
    answers.push(marked(""));
    let aws = Recorded::new(answers);
    let report = aws.deployer().apply(&request()).await.unwrap();
    aws.calls();
    assert_eq!(report.version_arn, version_arn(4));
}

#[tokio::test]
async fn an_endpoint_where_nothing_listens_is_unreachable() {
    let config = warden_test_support::sdk_config().endpoint_url("http://127.0.0.1:9").build();

    let message = Deployer::new(&config).apply(&request()).await.unwrap_err().to_string();

    assert!(message.starts_with("AWS could not be reached for cloudformation:DescribeStacks: "), "{message}");
    assert!(message.contains("refused"), "{message}");
}

#[tokio::test]
async fn a_deployment_can_run_as_a_task_of_its_own() {
    let mut answers = found(no_machine(), no_alias());
    answers.extend([created(1), alias_created()]);
    let aws = Recorded::new(answers);
    let deployer = aws.deployer();

    let report = tokio::spawn(async move { deployer.apply(&request()).await }).await.unwrap().unwrap();

    aws.calls();
    assert!(report.changed());
}
