//! `warden deploy`, run as people run it.

use crate::support::{Aws, Person, stack};
use serde_json::Value;

const SOUND: &str = r#"{
  "QueryLanguage": "JSONata",
  "StartAt": "Publish alert",
  "States": {
    "Publish alert": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sns:publish",
      "Arguments": {"TopicArn": "${AlertTopicArn}"},
      "End": true
    }
  }
}"#;

const APPLY: [&str; 8] =
    ["deploy", "apply", "--stack", "audit", "--definition", "audit.asl.json", "--region", "us-west-2"];

const MACHINE: &str = "arn:aws:states:us-west-2:111122223333:stateMachine:audit";

/// Somebody with a sound definition in `audit.asl.json`.
fn person() -> Person {
    Person::new().with_file("audit.asl.json", SOUND)
}

/// Runs `deploy apply` against this AWS with further arguments.
fn apply(person: &Person, aws: &Aws, further: &[&str]) -> crate::support::Run {
    person.runs(&[&APPLY[..], &["--endpoint-url", aws.url.as_str()], further].concat())
}

fn complete_stack() -> (u16, String) {
    let outputs = [
        ("StateMachineName", "audit"),
        ("StateMachineRoleArn", "arn:aws:iam::111122223333:role/audit"),
        ("StateMachineLogGroupArn", "arn:aws:logs:us-west-2:111122223333:log-group:audit:*"),
        ("AlertTopicArn", "arn:aws:sns:us-west-2:111122223333:alerts"),
    ];
    (200, stack("audit", &outputs))
}

/// An account with the stack, and no state machine yet.
fn new_account(operation: &str) -> (u16, String) {
    match operation {
        "DescribeStacks" => complete_stack(),
        "DescribeStateMachine" => (400, r#"{"__type":"StateMachineDoesNotExist","message":"no"}"#.into()),
        "DescribeStateMachineAlias" => (400, r#"{"__type":"ResourceNotFound","message":"no"}"#.into()),
        "CreateStateMachine" => (
            200,
            format!(r#"{{"stateMachineArn":"{MACHINE}","creationDate":1,"stateMachineVersionArn":"{MACHINE}:1"}}"#),
        ),
        "CreateStateMachineAlias" => (200, format!(r#"{{"stateMachineAliasArn":"{MACHINE}:live","creationDate":1}}"#)),
        other => panic!("{other} was not expected"),
    }
}

fn no_stack(_: &str) -> (u16, String) {
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
                <Message>Stack with id audit does not exist</Message></Error></ErrorResponse>";
    (400, body.into())
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_missing() {
    let cases: [(&[&str], &str); 5] = [
        (&[], "Usage: warden"),
        (&["deploy"], "Usage: warden deploy"),
        (&["deploy", "apply"], "--stack <NAME>"),
        (&["deploy", "apply", "--stack", "audit", "--output", "yaml"], "[possible values: text, json]"),
        (&["undeploy"], "unrecognized subcommand 'undeploy'"),
    ];
    for (arguments, part) in cases {
        let run = Person::new().runs(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.stderr.contains(part) && run.stdout.is_empty(), "{run:?}");
    }
}

#[test]
fn nobody_who_has_stopped_reading_is_told_of_an_error() {
    for arguments in [&["completions", "bash"][..], &["deploy", "validate", "--definition", "audit.asl.json"]] {
        let run = person().runs_unread(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (Some(141), ""), "{arguments:?}");
    }
}

#[test]
fn help_documents_the_exit_codes() {
    let commands = ["plan", "apply", "rollback", "status", "validate", "start", "watch", "history", "replay"];
    let of_commands = commands.iter().map(|command| vec!["deploy", command, "--help"]);
    for arguments in of_commands.chain([vec!["--help"], vec!["deploy", "--help"]]) {
        let run = Person::new().runs(&arguments);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("Exit codes:\n  0    done, or nothing to do\n  1    failed"), "{run:?}");
    }
}

#[test]
fn a_sound_definition_is_valid() {
    let run = person().runs(&["deploy", "validate", "--definition", "audit.asl.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        run.stdout,
        "audit.asl.json is valid\nNot checked here: the arguments of services, paths and intrinsic functions in JSONPath, \
         and what type an expression yields. `--stack` asks Step Functions\n"
    );
}

#[test]
fn a_broken_definition_is_refused_with_file_line_and_state() {
    let broken = SOUND.replace(r#""End": true"#, r#""Next": "Gone""#);
    let person = Person::new().with_file("statemachine/security-audit.asl.json", &broken);

    let run = person.runs(&["deploy", "validate"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        run.stderr,
        "error: statemachine/security-audit.asl.json is not a valid state machine:\n  \
         statemachine/security-audit.asl.json:9:15: /States/Publish alert/Next: there is no state `Gone` here [MISSING_TRANSITION_TARGET]\n"
    );

    let run = person.runs(&["deploy", "validate", "--output", "json"]);
    assert_eq!(run.code, Some(1));
    let printed: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(printed["valid"], false);
    assert_eq!(printed["diagnostics"][0]["code"], "MISSING_TRANSITION_TARGET");
    assert_eq!(printed["diagnostics"][0]["line"], 9);
    assert_eq!(printed["diagnostics"][0]["location"], "/States/Publish alert/Next");
}

#[test]
fn a_definition_that_is_not_there_is_named() {
    let run = Person::new().runs(&["deploy", "validate"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.starts_with("error: cannot read the definition statemachine/security-audit.asl.json: No such file")
    );
}

#[test]
fn apply_deploys_and_tells_what_it_did() {
    let aws = Aws::answering(new_account);
    let run = apply(&person().signed_in(), &aws, &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(
        run.stdout,
        format!("State machine {MACHINE}: created\nVersion 1: published\nAlias live: created, runs version 1\n")
    );
    assert_eq!(run.stderr, "");
    assert_eq!(
        aws.operations(),
        [
            "DescribeStacks",
            "DescribeStateMachine",
            "DescribeStateMachineAlias",
            "CreateStateMachine",
            "CreateStateMachineAlias",
            // Whether the stack has backfills too.
            "DescribeStacks"
        ]
    );
}

#[test]
fn apply_tells_programs_in_json() {
    let aws = Aws::answering(new_account);
    let run = apply(&person().signed_in(), &aws, &["--output", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["outcome"], "created");
    assert_eq!(report["version_arn"], format!("{MACHINE}:1"));
    assert_eq!(report["alias_arn"], format!("{MACHINE}:live"));
}

#[test]
fn a_failed_apply_gives_one_message_on_standard_error() {
    let aws = Aws::answering(no_stack);
    for further in [&[][..], &["--output", "json"]] {
        let run = apply(&person().signed_in(), &aws, further);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
        assert_eq!(
            run.stderr,
            "error: there is no stack `audit` in us-west-2. Check the name, the Region and the profile, or deploy the template first\n"
        );
    }
}

#[test]
fn an_invalid_definition_is_refused_before_anybody_is_asked() {
    let aws = Aws::answering(new_account);
    let person = Person::new().with_file("audit.asl.json", "{").signed_in();
    let run = apply(&person, &aws, &[]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("audit.asl.json:1:1: not JSON: EOF"), "{run:?}");
    assert!(aws.calls().is_empty());
}

#[test]
fn without_credentials_region_or_profile_it_says_so() {
    let run = person().runs(&APPLY);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.starts_with("error: no AWS credentials were found."), "{run:?}");

    let run = person().signed_in().runs(&APPLY[..6]);
    assert!(run.stderr.starts_with("error: no AWS Region is set."), "{run:?}");

    let person = person().with_file(".aws/config", "[profile audit]\nregion = us-east-1\n");
    let run = person.runs(&[&APPLY[..], &["--profile", "adit"]].concat());
    assert_eq!(run.code, Some(1));
    assert_eq!(run.stderr, "error: there is no profile `adit` in the AWS configuration files. They name audit\n");
}

#[test]
fn a_profile_that_is_named_wins_over_keys_in_the_environment() {
    let profile = "[audit]\naws_access_key_id = PROFILEKEY\naws_secret_access_key = secret\n";
    let person = person().signed_in().with_file(".aws/credentials", profile);

    let aws = Aws::answering(no_stack);
    apply(&person, &aws, &[]);
    apply(&person, &aws, &["--profile", "audit"]);

    let keys: Vec<_> = aws.calls().iter().map(|call| call.authorization.contains("PROFILEKEY")).collect();
    assert_eq!(keys, [false, true]);
}
