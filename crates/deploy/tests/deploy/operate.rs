//! What rolling back, looking, starting, following and replaying call, against recorded answers.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{
    ALIAS, Answer, MACHINE, Recorded, alias, answer, complete_stack, described_with, mark_kept, marked, no_alias,
    refusal, stack, stack_refusal, version_arn,
};
use serde_json::{Value, json};
use warden_deploy::{Error, RecordedEvent, Replayed};

const EXECUTION: &str = "arn:aws:states:us-west-2:111122223333:execution:audit:e-1";

fn alias_to(routes: &[(u32, i32)]) -> Answer {
    answer("DescribeStateMachineAlias", &alias(routes))
}

fn versions(numbers: &[u32]) -> Answer {
    let listed: Vec<_> = numbers
        .iter()
        .map(|number| json!({"stateMachineVersionArn": version_arn(*number), "creationDate": 1_793_527_200.0}))
        .collect();
    answer("ListStateMachineVersions", &json!({"stateMachineVersions": listed}))
}

fn version_said(number: u32, description: &str) -> Answer {
    answer("DescribeStateMachine", &described_with(&version_arn(number), "description", json!(description)))
}

fn listed(executions: &[(&str, &str)]) -> Answer {
    let listed: Vec<_> = executions
        .iter()
        .map(|(arn, status)| {
            let name = arn.rsplit(':').next().unwrap();
            json!({"executionArn": arn, "stateMachineArn": MACHINE, "name": name, "status": status,
                   "startDate": 1_793_527_200.0, "stopDate": 1_793_527_203.5, "stateMachineVersionArn": version_arn(4)})
        })
        .collect();
    answer("ListExecutions", &json!({"executions": listed}))
}

fn description(status: &str, further: &Value) -> Answer {
    let mut body = json!({"executionArn": EXECUTION, "stateMachineArn": MACHINE, "name": "e-1", "status": status,
                          "startDate": 1_793_527_200.0});
    body.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    answer("DescribeExecution", &body)
}

/// The history of an execution, as far as it went.
fn history(events: usize) -> Answer {
    let at = |seconds: f64| 1_793_527_200.0 + seconds;
    let all = [
        json!({"id": 1, "previousEventId": 0, "timestamp": at(0.0), "type": "ExecutionStarted"}),
        json!({"id": 2, "previousEventId": 1, "timestamp": at(0.1), "type": "TaskStateEntered",
               "stateEnteredEventDetails": {"name": "Summarize event"}}),
        json!({"id": 3, "previousEventId": 2, "timestamp": at(0.1), "type": "TaskScheduled"}),
        json!({"id": 4, "previousEventId": 3, "timestamp": at(2.0), "type": "TaskFailed",
               "taskFailedEventDetails": {"resourceType": "lambda", "resource": "invoke", "error": "AccessDenied",
                                          "cause": "{\"errorMessage\":\"no bedrock:InvokeModel\"}"}}),
        json!({"id": 5, "previousEventId": 4, "timestamp": at(2.5), "type": "ExecutionFailed",
               "executionFailedEventDetails": {"error": "AccessDenied", "cause": "Summarize event: no"}}),
    ];
    answer("GetExecutionHistory", &json!({"events": all[..events]}))
}

#[tokio::test]
async fn a_rollback_moves_the_alias_to_the_version_before() {
    let aws = Recorded::new(vec![
        complete_stack(),
        alias_to(&[(4, 100)]),
        versions(&[4, 3, 1]),
        marked(""),
        version_said(3, "f491425"),
        answer("UpdateStateMachineAlias", &json!({"updateDate": 1.0})),
        marked(""),
        mark_kept(),
    ]);
    let report = aws.deployer().rollback("audit", "live", None).await.unwrap();
    let calls = aws.calls();
    assert_eq!(calls[7].body["tags"], json!([{"key": "warden:refused", "value": "4"}]));
    assert_eq!(
        calls[5].body,
        json!({"stateMachineAliasArn": ALIAS,
               "routingConfiguration": [{"stateMachineVersionArn": version_arn(3), "weight": 100}]})
    );
    assert_eq!(
        report.to_string(),
        "Alias live: moved back from version 4 to 3, published 2026-11-01T10:00:00Z (f491425)\n\
         New executions run it. Those that are running end as they began"
    );
}

#[tokio::test]
async fn a_rollback_passes_over_what_was_taken_back_before() {
    let moved = || answer("UpdateStateMachineAlias", &json!({"updateDate": 1.0}));
    // The alias, what its tag says, the version that is asked for, where it goes, and what is kept.
    for (running, before, to, target, passed_over, after) in [
        (vec![(7, 100)], "6", None, 5, vec![6], "6 7"),
        (vec![(7, 100)], "3 5 6", None, 4, vec![6, 5], "3 5 6 7"),
        (vec![(7, 100)], "5 6", Some(6), 6, vec![], "5 7"),
        (vec![(5, 90), (7, 10)], "6", None, 5, vec![], "6 7"),
        (vec![(5, 100)], "6 7", Some(7), 7, vec![], "6"),
    ] {
        let reads_first = to.is_none() && running.len() == 1;
        let mut answers = vec![complete_stack(), alias_to(&running), versions(&[7, 6, 5, 4, 3])];
        answers.extend(reads_first.then(|| marked(before)));
        answers.extend([version_said(target, ""), moved(), marked(before), mark_kept()]);
        let aws = Recorded::new(answers);

        let report = aws.deployer().rollback("audit", "live", to).await.unwrap();

        let case = format!("{running:?} with {before:?} to {to:?}");
        let kept = aws.calls().pop().unwrap().body;
        assert_eq!(kept["tags"][0]["value"], after, "{case}");
        assert_eq!(
            (report.version_arn.as_str(), &report.passed_over),
            (version_arn(target).as_str(), &passed_over),
            "{case}"
        );
        assert_eq!(report.to_string().contains("Passed over 6"), !passed_over.is_empty(), "{report}");
    }
}

#[tokio::test]
async fn a_rollback_moves_though_it_cannot_read_what_was_taken_back() {
    let unread = || refusal("ListTagsForResource", "AccessDeniedException", "User: eve");
    let moved = answer("UpdateStateMachineAlias", &json!({"updateDate": 1.0}));
    let (alias, versions) = (alias_to(&[(4, 100)]), versions(&[4, 3, 1]));
    let aws = Recorded::new(vec![complete_stack(), alias, versions, unread(), version_said(3, ""), moved, unread()]);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let deployer = aws.deployer().on_progress(move |progress| listener.lock().unwrap().push(progress.to_string()));

    let report = deployer.rollback("audit", "live", None).await.unwrap();

    assert_eq!(report.version_arn, version_arn(3));
    let said = heard.lock().unwrap();
    let [before, after] = said.as_slice() else { panic!("{said:?}") };
    assert!(
        before.contains("AWS denied states:ListTagsForResource") && before.contains("None is passed over"),
        "{before}"
    );
    assert!(after.starts_with("The alias is set"), "{after}");
}

#[tokio::test]
async fn a_rollback_that_has_nowhere_to_go_changes_nothing_and_says_why() {
    let cases = [
        (
            vec![complete_stack(), alias_to(&[(3, 100)]), versions(&[3, 2, 1]), marked("1 2")],
            None,
            "there is nothing to roll back to: every version below 3 (2, 1) was taken back itself, by its canary or a rollback. Name one with `--to`, or mend the definition and apply it instead"
                .to_owned(),
        ),
        (
            vec![complete_stack(), alias_to(&[(1, 100)]), versions(&[1]), marked("")],
            None,
            "there is nothing to roll back to: version 1 is the oldest there is. Mend the definition and apply it instead"
                .to_owned(),
        ),
        (
            vec![complete_stack(), alias_to(&[(2, 100)]), versions(&[2, 1])],
            Some(7),
            "there is no version 7. There are 2, 1".to_owned(),
        ),
        (
            vec![complete_stack(), no_alias()],
            None,
            format!("there is nothing to roll back: {ALIAS} does not exist. Deploy first"),
        ),
    ];
    for (answers, to, message) in cases {
        let aws = Recorded::new(answers);
        assert_eq!(aws.deployer().rollback("audit", "live", to).await.unwrap_err().to_string(), message);
        aws.calls();
    }
}

#[tokio::test]
async fn a_status_has_versions_weights_and_executions() {
    let aws = Recorded::new(vec![
        complete_stack(),
        versions(&[4, 3]),
        alias_to(&[(3, 90), (4, 10)]),
        version_said(4, "new"),
        version_said(3, ""),
        listed(&[(EXECUTION, "SUCCEEDED")]),
    ]);
    let status = aws.deployer().status("audit", "live").await.unwrap();
    assert_eq!(aws.calls()[5].body, json!({"stateMachineArn": MACHINE, "maxResults": 10}));
    let json = serde_json::to_value(&status).unwrap();
    assert_eq!(json["versions"][0]["description"], "new");
    assert_eq!(json["versions"][1]["weight"], 90);
    assert_eq!(json["executions"][0]["seconds"], 3.5);
    let text = status.to_string();
    assert!(text.contains("Alias live: runs version 3 (90 %) and 4 (10 %), since 2026-11-01T10:00:00Z"), "{text}");
    assert!(
        text.contains("https://us-west-2.console.aws.amazon.com/states/home?region=us-west-2#/statemachines/view/")
    );
}

#[tokio::test]
async fn before_anything_is_deployed_everything_says_so() {
    let gone = |operation| refusal(operation, "StateMachineDoesNotExist", "State Machine Does Not Exist");
    let deploy_first =
        |arn: &str| format!("the state machine {arn} does not exist. Deploy it with `warden deploy apply` first");
    let aws = Recorded::new(vec![complete_stack(), gone("ListStateMachineVersions")]);
    assert_eq!(aws.deployer().status("audit", "live").await.unwrap_err().to_string(), deploy_first(MACHINE));
    aws.calls();
    let aws = Recorded::new(vec![complete_stack(), gone("StartExecution")]);
    assert_eq!(aws.deployer().start("audit", "live", "{}").await.unwrap_err().to_string(), deploy_first(ALIAS));
    aws.calls();
    let aws = Recorded::new(vec![complete_stack(), gone("ListExecutions")]);
    assert_eq!(aws.deployer().execution_arn("audit", None).await.unwrap_err().to_string(), deploy_first(MACHINE));
    aws.calls();
    let aws = Recorded::new(vec![complete_stack(), listed(&[])]);
    let error = aws.deployer().execution_arn("audit", None).await.unwrap_err();
    assert_eq!(error.to_string(), format!("the state machine {MACHINE} has no executions yet"));
}

#[tokio::test]
async fn an_execution_is_started_through_the_alias_under_a_name_of_its_own() {
    let started = json!({"executionArn": EXECUTION, "startDate": 1.0});
    let aws = Recorded::new(vec![complete_stack(), answer("StartExecution", &started)]);
    let arn = aws.deployer().start("audit", "live", r#"{"id": "e"}"#).await.unwrap();
    assert_eq!(arn, EXECUTION);
    let body = &aws.calls()[1].body;
    assert_eq!((&body["stateMachineArn"], &body["input"]), (&json!(ALIAS), &json!(r#"{"id": "e"}"#)));
    assert!(body["name"].as_str().unwrap().starts_with("warden-"), "{body}");
}

#[tokio::test]
async fn an_execution_is_named_within_its_stack() {
    let aws = Recorded::new(vec![complete_stack()]);
    assert_eq!(aws.deployer().execution_arn("audit", Some("e-1")).await.unwrap(), EXECUTION);
}

#[tokio::test(start_paused = true)]
async fn a_running_execution_is_followed_to_its_end_and_told_once() {
    let failed = || description("FAILED", &json!({"error": "AccessDenied", "cause": "x", "stopDate": 1_793_527_202.5}));
    let aws = Recorded::new(vec![
        history(2),
        history(2),
        description("RUNNING", &json!({})),
        history(4),
        history(5),
        failed(),
        history(5),
    ]);
    let mut told = Vec::new();
    let report = aws.deployer().follow(EXECUTION, |entry| told.push(entry.to_string())).await.unwrap();
    let calls = aws.calls();
    assert_eq!(calls[0].body, json!({"executionArn": EXECUTION, "maxResults": 1000, "includeExecutionData": false}));
    assert_eq!(
        told,
        [
            "10:00:00     started",
            "10:00:00.1   Summarize event",
            "10:00:02       Summarize event: AccessDenied: no bedrock:InvokeModel (a role may not read the object or use the model: see its policy)",
            "10:00:02.5   failed after 2.5 s: AccessDenied: Summarize event: no (a role may not read the object or use the model: see its policy)",
        ]
    );
    assert!(!report.succeeded());
    assert_eq!(report.entries.len(), 4);
    assert_eq!(report.seconds, Some(2.5));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_the_history_lacks_is_told_all_the_same() {
    let stopped = || description("ABORTED", &json!({"stopDate": 1_793_527_201.0}));
    let aws = Recorded::new(vec![history(2), history(2), stopped(), stopped(), history(2)]);
    let mut told = Vec::new();
    aws.deployer().follow(EXECUTION, |entry| told.push(entry.to_string())).await.unwrap();
    aws.calls();
    assert_eq!(told.last().unwrap(), "10:00:01     was stopped after 1.0 s");
}

#[tokio::test(start_paused = true)]
async fn all_that_run_and_start_are_followed_and_what_had_ended_is_not() {
    let other = "arn:aws:states:us-west-2:111122223333:execution:audit:ended";
    let aws = Recorded::new(vec![
        complete_stack(),
        listed(&[(other, "SUCCEEDED")]),
        listed(&[(EXECUTION, "RUNNING"), (other, "SUCCEEDED")]),
        history(2),
    ]);
    let mut told = Vec::new();
    aws.deployer()
        .follow_all("audit", |arn, entry| {
            told.push(format!("{} {entry}", arn.rsplit(':').next().unwrap()));
            if told.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await
        .unwrap();
    aws.calls();
    assert_eq!(told, ["e-1 10:00:00     started", "e-1 10:00:00.1   Summarize event"]);
}

#[tokio::test]
async fn an_execution_that_is_not_there_is_named() {
    let aws = Recorded::new(vec![refusal("DescribeExecution", "ExecutionDoesNotExist", "no")]);
    let error = aws.deployer().execution(EXECUTION).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "there is no execution {EXECUTION}. Check its name, the stack and the Region; what ended 90 days ago is gone"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn events_are_replayed_as_they_are_and_found_again() {
    let text = r#"{"source":"aws.s3","detail-type":"Object Created","detail":{"object":{"key":"a"}}}"#;
    let events = RecordedEvent::parse("e.json", text).unwrap();
    let aws = Recorded::new(vec![
        complete_stack(),
        answer("PutEvents", &json!({"FailedEntryCount": 0, "Entries": [{"EventId": "ev-1"}]})),
        complete_stack(),
        listed(&[]),
        listed(&[(EXECUTION, "RUNNING")]),
        description("RUNNING", &json!({"input": "{\"id\":\"ev-1\"}"})),
    ]);
    let replayer = aws.replayer();
    let taken = replayer.put("audit", &events).await.unwrap();
    assert_eq!(taken, [Replayed { file: "e.json".into(), event_id: "ev-1".into() }]);
    let found = replayer.executions("audit", &taken, Duration::from_mins(1)).await.unwrap();
    assert_eq!(found["ev-1"], EXECUTION);
    assert_eq!(
        aws.calls()[1].body,
        json!({"Entries": [{
            "EventBusName": "audit-replay",
            "Source": "warden.replay",
            "DetailType": "Object Created",
            "Detail": "{\"object\":{\"key\":\"a\"}}"
        }]})
    );
}

#[tokio::test(start_paused = true)]
async fn more_events_than_one_page_lists_are_all_found() {
    let events = 204;
    let replayed: Vec<_> =
        (0..events).map(|at| Replayed { file: "e.json".into(), event_id: format!("ev-{at}") }).collect();
    let arn = |at: usize| format!("arn:aws:states:us-west-2:111122223333:execution:audit:e-{at}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let page = |from: usize, to: usize, next: Option<&str>| {
        let listed: Vec<_> = (from..to)
            .map(|at| {
                json!({"executionArn": arn(at), "stateMachineArn": MACHINE, "name": format!("e-{at}"),
                             "status": "RUNNING", "startDate": now})
            })
            .collect();
        answer("ListExecutions", &json!({"executions": listed, "nextToken": next}))
    };
    let described = |at: usize| description("RUNNING", &json!({"input": format!("{{\"id\":\"ev-{at}\"}}")}));
    let mut answers = vec![complete_stack()];
    // At the first look 150 of them have started, at the second all: the newest come first.
    answers.push(page(54, 154, Some("second")));
    answers.extend((54..154).map(described));
    answers.push(page(154, 204, None));
    answers.extend((154..204).map(described));
    answers.push(page(0, 100, Some("second")));
    answers.extend((0..54).map(described));
    let aws = Recorded::new(answers);
    let found = aws.replayer().executions("audit", &replayed, Duration::from_mins(1)).await.unwrap();
    aws.calls();
    assert_eq!(found.len(), events);
    assert_eq!(found["ev-203"], arn(203));
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_moved_behind_a_page_that_was_seen_is_found() {
    let replayed = [0, 1].map(|at| Replayed { file: "e.json".into(), event_id: format!("ev-{at}") });
    let arn = |at: usize| format!("arn:aws:states:us-west-2:111122223333:execution:audit:e-{at}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let page = |at: usize, next: Option<&str>| {
        let execution = json!({"executionArn": arn(at), "stateMachineArn": MACHINE, "name": format!("e-{at}"),
                               "status": "RUNNING", "startDate": now});
        answer("ListExecutions", &json!({"executions": [execution], "nextToken": next}))
    };
    let described = |at: usize| description("RUNNING", &json!({"input": format!("{{\"id\":\"ev-{at}\"}}")}));
    let aws = Recorded::new(vec![
        complete_stack(),
        page(0, None),
        described(0),
        page(0, Some("second")),
        page(0, Some("second")),
        page(1, None),
        described(1),
    ]);
    let found = aws.replayer().executions("audit", &replayed, Duration::from_mins(1)).await.unwrap();
    aws.calls();
    assert_eq!(found["ev-1"], arn(1));
}

#[tokio::test(start_paused = true)]
async fn executions_of_long_ago_are_not_looked_through() {
    let replayed = [Replayed { file: "e.json".into(), event_id: "ev-1".into() }];
    let old = json!({"executions": [{"executionArn": EXECUTION, "stateMachineArn": MACHINE, "name": "e-1",
                                     "status": "SUCCEEDED", "startDate": 1.0}], "nextToken": "older"});
    let aws = Recorded::new(vec![
        complete_stack(),
        answer("ListExecutions", &old),
        description("SUCCEEDED", &json!({"input": "{\"id\":\"ev-0\"}"})),
    ]);
    assert!(aws.replayer().executions("audit", &replayed, Duration::ZERO).await.unwrap().is_empty());
    aws.calls();
}

#[tokio::test(start_paused = true)]
async fn an_event_that_starts_nothing_is_waited_for_no_longer_than_was_said() {
    let mut answers = vec![complete_stack()];
    answers.extend((0..4).map(|_| listed(&[])));
    let aws = Recorded::new(answers);
    let replayed = [Replayed { file: "e.json".into(), event_id: "ev-1".into() }];
    let found = aws.replayer().executions("audit", &replayed, Duration::from_secs(3)).await.unwrap();
    aws.calls();
    assert!(found.is_empty());
}

#[tokio::test]
async fn an_event_that_the_bus_refuses_is_named() {
    let events = RecordedEvent::parse("e.json", r#"{"detail-type":"T","detail":{}}"#).unwrap();
    let refused = json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "NotAuthorizedForSourceException",
                         "ErrorMessage": "Not authorized for the source."}]});
    let aws = Recorded::new(vec![complete_stack(), answer("PutEvents", &refused)]);
    let error = aws.replayer().put("audit", &events).await.unwrap_err();
    aws.calls();
    assert_eq!(error.to_string(), "the bus audit-replay refused the event of e.json: Not authorized for the source.");

    let aws = Recorded::new(vec![stack("CREATE_COMPLETE", &[("StateMachineName", "audit")])]);
    let error = aws.replayer().put("audit", &events).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stack `audit` lacks the output `ReplayBusName` (needed by the replay of events). Is it the right stack, and deployed from this version of the template?"
    );
}

#[tokio::test]
async fn each_command_names_the_permission_it_lacks_and_the_session_that_ended() {
    let denied = |operation| refusal(operation, "AccessDeniedException", "User: eve is not authorized");
    let expired = |operation| refusal(operation, "ExpiredTokenException", "The security token is expired");
    let message = |result: Result<(), Error>| result.unwrap_err().to_string();
    let denied_message = |action: &str| {
        format!(
            "AWS denied {action}: User: eve is not authorized. Allow this action to the user or role of your credentials"
        )
    };
    let expired_message = |action: &str| {
        format!("your AWS credentials have expired ({action}). Sign in again, for example with `aws sso login`")
    };

    for (refused, expected) in [
        (denied("UpdateStateMachineAlias"), denied_message("states:UpdateStateMachineAlias")),
        (expired("UpdateStateMachineAlias"), expired_message("states:UpdateStateMachineAlias")),
    ] {
        let mut answers =
            vec![complete_stack(), alias_to(&[(4, 100)]), versions(&[4, 3]), marked(""), version_said(3, "")];
        answers.push(refused);
        let aws = Recorded::new(answers);
        assert_eq!(message(aws.deployer().rollback("audit", "live", None).await.map(drop)), expected);
    }

    let aws = Recorded::new(vec![complete_stack(), denied("ListStateMachineVersions")]);
    let found = message(aws.deployer().status("audit", "live").await.map(drop));
    assert_eq!(found, denied_message("states:ListStateMachineVersions"));

    let aws = Recorded::new(vec![complete_stack(), denied("StartExecution")]);
    let found = message(aws.deployer().start("audit", "live", "{}").await.map(drop));
    assert_eq!(found, denied_message("states:StartExecution"));

    let aws = Recorded::new(vec![denied("GetExecutionHistory")]);
    let found = message(aws.deployer().follow(EXECUTION, |_| ()).await.map(drop));
    assert_eq!(found, denied_message("states:GetExecutionHistory"));

    let aws = Recorded::new(vec![stack_refusal(400, "ValidationError", "Stack with id audit does not exist")]);
    let found = message(aws.deployer().rollback("audit", "live", None).await.map(drop));
    assert!(found.starts_with("there is no stack `audit` in us-west-2."), "{found}");
}
