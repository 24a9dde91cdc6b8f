//! `warden deploy`'s further commands, run as people run them.

use crate::support::{Aws, Person, Run, stack};
use serde_json::Value;

const MACHINE: &str = "arn:aws:states:us-west-2:111122223333:stateMachine:audit";
const EXECUTION: &str = "arn:aws:states:us-west-2:111122223333:execution:audit:e-1";
const DEFINITION: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#;
const EVENT: &str = r#"{"detail-type":"Object Created","detail":{"object":{"key":"a.png"}}}"#;

/// An account where version 4 runs, whose executions fail.
fn account(operation: &str) -> (u16, String) {
    let body = match operation {
        "DescribeStacks" => {
            let outputs = [
                ("StateMachineName", "audit"),
                ("StateMachineRoleArn", "arn:aws:iam::111122223333:role/audit"),
                ("StateMachineLogGroupArn", "arn:aws:logs:us-west-2:111122223333:log-group:audit:*"),
                ("ReplayBusName", "audit-replay"),
            ];
            stack("audit", &outputs)
        }
        "DescribeStateMachine" => format!(
            r#"{{"stateMachineArn":"{MACHINE}","name":"audit","status":"ACTIVE","type":"STANDARD","creationDate":1,
                "definition":"{{}}","roleArn":"arn:aws:iam::111122223333:role/audit","description":"f491425"}}"#
        ),
        "DescribeStateMachineAlias" => format!(
            r#"{{"stateMachineAliasArn":"{MACHINE}:live","name":"live","creationDate":1,
                "updateDate":0,"routingConfiguration":[{{"stateMachineVersionArn":"{MACHINE}:4","weight":100}}]}}"#
        ),
        "UpdateStateMachine" => format!(r#"{{"updateDate":1,"stateMachineVersionArn":"{MACHINE}:5"}}"#),
        "UpdateStateMachineAlias" => r#"{"updateDate":1}"#.into(),
        "ListStateMachineVersions" => format!(
            r#"{{"stateMachineVersions":[{{"stateMachineVersionArn":"{MACHINE}:4","creationDate":1}},
                {{"stateMachineVersionArn":"{MACHINE}:3","creationDate":1}}]}}"#
        ),
        "ValidateStateMachineDefinition" => r#"{"result":"FAIL","diagnostics":[{"severity":"ERROR",
            "code":"BAD_STATE","message":"bad","location":"/States/A"}]}"#
            .into(),
        "StartExecution" => format!(r#"{{"executionArn":"{EXECUTION}","startDate":1}}"#),
        "ListExecutions" => format!(
            r#"{{"executions":[{{"executionArn":"{EXECUTION}","stateMachineArn":"{MACHINE}","name":"e-1",
                "status":"FAILED","startDate":1,"stopDate":2}}]}}"#
        ),
        "DescribeExecution" => format!(
            r#"{{"executionArn":"{EXECUTION}","stateMachineArn":"{MACHINE}","name":"e-1","status":"FAILED",
                "startDate":1,"stopDate":2,"error":"Internal","cause":"A: no","input":"{{\"id\":\"ev-1\"}}"}}"#
        ),
        "GetExecutionHistory" => r#"{"events":[
            {"id":1,"previousEventId":0,"timestamp":1,"type":"ExecutionStarted"},
            {"id":2,"previousEventId":1,"timestamp":1,"type":"TaskStateEntered","stateEnteredEventDetails":{"name":"A"}},
            {"id":3,"previousEventId":2,"timestamp":2,"type":"ExecutionFailed",
             "executionFailedEventDetails":{"error":"Internal","cause":"A: no"}}]}"#
            .into(),
        "PutEvents" => r#"{"FailedEntryCount":0,"Entries":[{"EventId":"ev-1"}]}"#.into(),
        other => panic!("{other} was not expected"),
    };
    (200, body)
}

/// The same, where no execution has failed yet.
fn quiet_account(operation: &str) -> (u16, String) {
    match operation {
        "ListExecutions" => (200, r#"{"executions":[]}"#.into()),
        _ => account(operation),
    }
}

/// The same, where the bus gives every event the same id.
fn many_events(operation: &str) -> (u16, String) {
    match operation {
        "PutEvents" => {
            let entries = [r#"{"EventId":"ev-1"}"#; 10].join(",");
            (200, format!(r#"{{"FailedEntryCount":0,"Entries":[{entries}]}}"#))
        }
        _ => account(operation),
    }
}

fn person() -> Person {
    Person::new()
        .signed_in()
        .with("AWS_REGION", "us-west-2")
        .with("WARDEN_STACK", "audit")
        .with_file("statemachine/security-audit.asl.json", DEFINITION)
        .with_file("event.json", EVENT)
}

fn run(aws: &Aws, arguments: &[&str]) -> Run {
    person().with("AWS_ENDPOINT_URL", &aws.url).runs(&[&["deploy"], arguments].concat())
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn a_plan_is_a_diff_and_ends_with_3_only_when_that_is_asked_for() {
    let aws = Aws::answering(account);
    let plain = run(&aws, &["plan"]);
    assert_eq!(plain.code, Some(0), "{plain:?}");
    assert!(plain.stdout.contains(&format!("State machine {MACHINE} would be updated\n")), "{plain:?}");
    assert!(plain.stdout.contains("\n    state `A` added:\n"), "{plain:?}");
    assert!(aws.operations().iter().all(|operation| operation.starts_with("Describe")));

    let asked = run(&aws, &["plan", "--exit-code", "--output", "json"]);
    assert_eq!(asked.code, Some(3));
    assert_eq!(json(&asked)["changes"][0]["property"], "definition");
}

#[test]
fn a_canary_whose_executions_fail_is_taken_back_and_ends_with_4() {
    // Every look shows a failed execution; the first shows what there was before.
    fn failing(operation: &str) -> (u16, String) {
        static LOOKS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        if operation == "ListExecutions" && LOOKS.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            return quiet_account(operation);
        }
        account(operation)
    }
    let aws = Aws::answering(failing);
    let run = run(&aws, &["apply", "--canary", "10", "--for", "1m"]);
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.stdout.ends_with("Alias live: back on version 4 alone, since executions of version 5 failed\n"));
    let moves = aws.operations().iter().filter(|operation| *operation == "UpdateStateMachineAlias").count();
    assert_eq!(moves, 2);
}

#[test]
fn a_canary_that_is_interrupted_is_taken_back_and_ends_with_130() {
    for signal in ["INT", "TERM"] {
        let aws = Aws::answering(quiet_account);
        let person = person().with("AWS_ENDPOINT_URL", &aws.url);
        let canary = person.begins(&["deploy", "apply", "--canary", "10", "--for", "10m", "--output", "json"]);
        while !aws.operations().iter().any(|operation| operation == "UpdateStateMachineAlias") {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        canary.signal(signal);
        let run = canary.ends();
        assert_eq!(run.code, Some(130), "{run:?}");
        assert_eq!(json(&run)["canary"]["end"], "interrupted");
        assert_eq!(aws.operations().last().unwrap(), "UpdateStateMachineAlias");
    }
}

#[test]
fn a_rollback_says_what_it_did() {
    let aws = Aws::answering(account);
    let run = run(&aws, &["rollback"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.stdout
            .starts_with("Alias live: moved back from version 4 to 3, published 1970-01-01T00:00:01Z (f491425)\n")
    );
}

#[test]
fn a_status_and_a_history_are_printed_for_people_and_programs() {
    let aws = Aws::answering(account);
    let status = run(&aws, &["status"]);
    assert!(status.stdout.contains("Alias live: runs version 4, since "), "{status:?}");
    assert_eq!(json(&run(&aws, &["status", "--output", "json"]))["versions"][1]["weight"], 0);

    let history = run(&aws, &["history"]);
    assert_eq!(history.code, Some(0), "{history:?}");
    assert!(history.stdout.contains("\n00:00:02     failed after 1.0 s: Internal: A: no ("), "{history:?}");
    assert!(history.stdout.contains("console.aws.amazon.com/states/home?region=us-west-2#/v2/executions/details/"));
    assert_eq!(json(&run(&aws, &["history", "e-1", "--output", "json"]))["entries"][1]["state"], "A");
}

#[test]
fn what_step_functions_refuses_is_refused_with_file_line_and_state() {
    let aws = Aws::answering(account);
    let run = run(&aws, &["validate", "--stack", "audit"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stderr,
        "error: statemachine/security-audit.asl.json is not a valid state machine:\n  \
         statemachine/security-audit.asl.json:1:26: /States/A: bad [BAD_STATE]\n"
    );
}

#[test]
fn an_execution_that_fails_ends_with_5_whoever_follows_it() {
    let aws = Aws::answering(account);
    let start = run(&aws, &["start", "--event", "event.json"]);
    assert_eq!((start.code, start.stdout.lines().next()), (Some(0), Some(format!("Started {EXECUTION}").as_str())));

    for arguments in [
        &["start", "--event", "event.json", "--wait"][..],
        &["watch", "e-1"],
        &["watch", EXECUTION],
        &["replay", "--event", "event.json"],
    ] {
        let text = run(&aws, arguments);
        assert_eq!(text.code, Some(5), "{text:?}");
        let told = "\n00:00:01     started\n00:00:01     A\n00:00:02     failed after 1.0 s: Internal: A: no ";
        assert!(text.stdout.contains(told), "{text:?}");
    }
}

#[test]
fn programs_follow_line_by_line_and_get_the_rest_as_one_document() {
    let aws = Aws::answering(account);
    let watch = run(&aws, &["watch", "e-1", "--output", "json"]);
    let events: Vec<Value> = watch.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["started", "entered", "ended"]);
    assert_eq!(events[2]["execution_arn"], EXECUTION);

    assert_eq!(json(&run(&aws, &["start", "--event", "event.json", "--output", "json"]))["execution_arn"], EXECUTION);
    let waited = run(&aws, &["start", "--event", "event.json", "--wait", "--output", "json"]);
    assert_eq!(json(&waited)["failure"]["error"], "Internal");
    let replayed = run(&aws, &["replay", "--event", "event.json", "--output", "json"]);
    assert_eq!(json(&replayed)[0]["execution"]["name"], "e-1");
}

#[test]
fn of_many_events_the_number_is_said_first_and_a_summary_is_told() {
    let aws = Aws::answering(many_events);
    let event = r#"{"detail-type":"Object Created","detail":{"a":1}}"#;
    let others = r#"{"Records":[{"eventName":"GetObject","eventSource":"s3.amazonaws.com"}]}"#;
    let person = Person::new().signed_in().with("AWS_REGION", "us-west-2").with("AWS_ENDPOINT_URL", &aws.url);
    let person = person
        .with_file("logs/events.jsonl", &format!("{event}\n").repeat(60))
        .with_file("logs/others.json", others)
        .with_file("logs/digest.json", r#"{"digestEndTime":"2026-11-20T12:00:00Z","logFiles":[]}"#);
    let replay = ["deploy", "replay", "--stack", "audit", "--event", "logs", "--only", "object c*"];
    let run = person.runs(&replay);
    assert_eq!(run.code, Some(5), "{run:?}");
    assert_eq!(run.stderr, "Passed over 1 digest file: it holds no event\n");
    let mut lines = run.stdout.lines();
    assert_eq!(lines.next(), Some("Replaying 60 events of 61 of 3 files: 60 executions will start"));
    assert_eq!(lines.next(), Some("60 events: 60 failed"));
    let named = format!("  logs/events.jsonl: failed, {EXECUTION}");
    assert_eq!(
        (lines.next(), lines.next()),
        (Some(named.as_str()), Some("    Internal: A: no (the function has a bug or a wrong setting: see its log)"))
    );
    assert_eq!(lines.last(), Some("  and 40 more; all are in `--output json`"));

    let asked_before = aws.calls().len();
    let run = person.runs(&[&replay[..6], &["--only", "Nothing"]].concat());
    let message = "error: `--only` names none of 61 events, which are: GetObject, Object Created\n";
    assert!(run.code == Some(1) && run.stderr.ends_with(message), "{run:?}");
    assert_eq!(aws.calls().len(), asked_before);
}

#[test]
fn an_event_that_starts_nothing_in_time_is_a_failure_that_says_where_to_look() {
    let aws = Aws::answering(quiet_account);
    let run = run(&aws, &["replay", "--event", "event.json", "--start-within", "0s"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.starts_with("error: 1 of 1 event started no execution in time. Look whether"), "{run:?}");
}

#[test]
fn an_event_that_cannot_be_read_is_named_before_anybody_is_asked() {
    let aws = Aws::answering(account);
    let cases: [(&[&str], &str); 4] = [
        (&["start", "--event", "gone.json"], "error: cannot read the event gone.json: No such file"),
        (&["start", "--event", "broken.json"], "error: broken.json is not JSON: "),
        (&["replay", "--event", "event.json", "broken.json"], "error: broken.json is not JSON: "),
        (&["replay", "--event", "other.json"], "error: other.json holds no recorded event: its `eventName` is missing"),
    ];
    for (arguments, message) in cases {
        let person = person().with_file("broken.json", "{").with_file("other.json", "{}");
        let run = person.with("AWS_ENDPOINT_URL", &aws.url).runs(&[&["deploy"], arguments].concat());
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.starts_with(message), "{run:?}");
    }
    assert!(aws.calls().is_empty());
}

#[test]
fn an_arn_needs_no_stack_and_a_name_does() {
    let aws = Aws::answering(account);
    let person = Person::new().signed_in().with("AWS_REGION", "us-west-2").with("AWS_ENDPOINT_URL", &aws.url);
    assert_eq!(person.runs(&["deploy", "history", EXECUTION]).code, Some(0));
    for arguments in [&["deploy", "history"][..], &["deploy", "watch"], &["deploy", "watch", "e-1"]] {
        let run = person.runs(arguments);
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (Some(1), "error: no stack is named. Give `--stack NAME`, set WARDEN_STACK, or give the execution's ARN\n")
        );
    }
}

#[test]
fn shells_are_told_how_to_complete_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = Person::new().runs(&["completions", shell]);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("rollback") && run.stdout.contains("canary"), "{shell}");
    }
}
