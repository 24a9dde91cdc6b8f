//! `warden ledger`, `warden quarantine` and `warden restore`, run as people run them.

use serde_json::{Value, json};

use crate::support::{Aws, Person, Run, stack};

/// A key that sets a terminal's title, colours and direction, and makes a line of its own.
const KEY: &str = "in\u{1b}]0;OWNED\u{7}\u{1b}[31mred\u{9b}2J\u{202e}\n= 1.png";

/// An account with one record of an object with that key, which lies in quarantine.
fn account(operation: &str) -> (u16, String) {
    let outputs = [("LedgerName", "ledger"), ("QuarantineBucketName", "quarantine")];
    let item = json!({
        "object": {"S": format!("uploads/{KEY}")}, "event": {"S": "e1"}, "status": {"S": "complete"},
        "claimed_at": {"S": "2026-11-20T09:14:09.123Z"}, "verdict": {"S": "pii"}, "s3_bucket": {"S": "uploads"},
        "s3_key": {"S": KEY}, "quarantine_key": {"S": "copy"}, "restored_at": {"S": "2026-11-21T09:14:09.123Z"},
    });
    let caller = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/Alice</Arn>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";
    match operation {
        "DescribeStacks" => (200, stack("audit", &outputs)),
        "GetCallerIdentity" => (200, caller.to_owned()),
        "Scan" => (200, json!({"Items": [item]}).to_string()),
        "UpdateItem" => (200, json!({"Attributes": item}).to_string()),
        other => panic!("{other} was not expected"),
    }
}

fn run(arguments: &[&str]) -> Run {
    let aws = Aws::answering(account);
    let person = Person::new().signed_in().with("AWS_REGION", "us-west-2").with("AWS_ENDPOINT_URL", &aws.url);
    person.runs(&[arguments, &["--stack", "audit"]].concat())
}

#[test]
fn a_strangers_key_commands_no_terminal() {
    let text = "in ]0;OWNED  [31mred 2J  = 1.png";
    for (arguments, code, shown) in [
        (&["ledger", "find"][..], 0, text),
        (&["ledger", "find", "--output", "csv"], 0, text),
        (&["ledger", "find", "--output", "json"], 0, r"in\u001b]0;OWNED\u0007\u001b[31mred\u009b2J\u202e\n= 1.png"),
        (&["ledger", "stats", "--by", "prefix"], 0, text),
        (&["ledger", "stats", "--by", "prefix", "--output", "json"], 0, r"\u009b2J"),
        (&["ledger", "show", "e1"], 0, text),
        (&["ledger", "show", "e1", "--output", "json"], 0, r"\u009b2J"),
        (&["ledger", "reopen", "e1", "--reason", "why"], 0, text),
        (&["ledger", "reopen", "e1", "--reason", "why", "--output", "json"], 0, r"\u009b2J"),
        (&["quarantine", "list"], 0, text),
        // Which it was brought back from before.
        (&["restore", "e1", "--reason", "why"], 1, text),
    ] {
        let run = run(arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {run:?}");
        let printed = format!("{}{}", run.stdout, run.stderr);
        assert!(printed.contains(shown), "{arguments:?}: {printed:?}");
        assert!(printed.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{arguments:?}: {printed:?}");
    }
}

#[test]
fn what_no_record_could_have_is_refused_before_any_is_read() {
    for (arguments, said) in [
        (
            &["ledger", "find", "--verdict", "PII"][..],
            "[possible values: pii, clean, undetermined, not_image, gone, none]",
        ),
        (&["ledger", "find", "--action", "delete"], "deleted, "),
        (&["ledger", "find", "--status", "done"], "[possible values: claimed, complete, held, failed]"),
        (&["ledger", "stats", "--day", "2026-13"], "name a day such as 2026-11-20"),
        (&["ledger", "stats", "--day", "2026-11-20 "], "name a day such as 2026-11-20"),
        (&["quarantine", "list", "--verdict", "bogus"], "[possible values: pii"),
        (&["quarantine", "purge", "e1", "--reason", " "], "it is empty"),
        (&["restore", "e1", "--reason", ""], "it is empty"),
    ] {
        let run = run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {run:?}");
    }
    for arguments in [["--verdict", "pii"], ["--action", "restored"], ["--day", "2026"], ["--day", "2026-11-20"]] {
        let run = run(&[&["ledger", "find"], &arguments[..]].concat());
        assert_eq!(run.code, Some(0), "{arguments:?}: {run:?}");
    }
}

#[test]
fn an_endpoint_that_is_named_answers_whatever_the_environment_names() {
    let aws = Aws::answering(account);
    let person =
        Person::new().signed_in().with("AWS_REGION", "us-west-2").with("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let find = ["ledger", "find", "--stack", "audit"];
    let run = person.runs(&[&find[..], &["--endpoint-url", aws.url.as_str()]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    let person = person.with("AWS_ENDPOINT_URL", &aws.url);
    let run = person.runs(&[&find[..], &["--endpoint-url", "http://127.0.0.1:9"]].concat());
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("could not be reached"), "{run:?}");
}

#[test]
fn json_says_what_the_ledger_holds() {
    let run = run(&["ledger", "find", "--output", "json"]);
    let records: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(records[0]["s3_key"], KEY);
}
