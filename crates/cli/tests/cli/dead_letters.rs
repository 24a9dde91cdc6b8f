//! `warden deadletters`, run as people run it.

use serde_json::Value;

use crate::support::{Aws, Person, Run, stack};

/// A stack in whose queue two letters wait: a deletion, for which it has no function, and what is no event. Another command
/// holds two more, and SQS has not counted for a while.
fn account(operation: &str) -> (u16, String) {
    let body = match operation {
        "DescribeStacks" => return (200, stack("audit", &[("DeadLetterQueueUrl", "https://sqs/queue")])),
        "GetQueueAttributes" => {
            r#"{"Attributes": {"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "3"}}"#
        }
        "ReceiveMessage" => {
            r#"{"Messages": [
                {"MessageId": "m-1", "ReceiptHandle": "r-1",
                 "Body": "{\"source\": \"aws.s3\", \"detail-type\": \"Object Deleted\", \"detail\": {}}"},
                {"MessageId": "m-2", "ReceiptHandle": "r-2", "Body": "none"}]}"#
        }
        "ChangeMessageVisibility" => "{}",
        other => panic!("{other} was not expected"),
    };
    (200, body.to_owned())
}

fn run(arguments: &[&str]) -> (Run, Aws) {
    let aws = Aws::answering(account);
    let person = Person::new().signed_in().with("AWS_REGION", "us-west-2").with("AWS_ENDPOINT_URL", &aws.url);
    (person.runs(&[&["deadletters"], arguments, &["--stack", "audit"]].concat()), aws)
}

#[test]
fn what_another_command_holds_is_told_beside_what_was_read() {
    let (run, _aws) = run(&["list"]);
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 2), "{run:?}");
    assert!(run.stderr.contains("About 2 more are hidden just now"), "{run:?}");
}

#[test]
fn a_dry_run_says_what_would_become_of_each() {
    let (run, aws) = run(&["replay", "--dry-run", "--output", "json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let planned: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&planned[0]["id"], planned[0].get("way")), (&"m-1".into(), None));
    assert!(planned[0]["refused"].as_str().unwrap().contains("OlderVersions=judge"), "{planned}");
    assert!(planned[1]["refused"].as_str().unwrap().contains("m-2"), "{planned}");
    assert!(!aws.operations().iter().any(|operation| operation == "ChangeMessageVisibility"));
}

#[test]
fn what_stays_can_be_received_at_once() {
    let (run, aws) = run(&["replay"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), "0 replayed, 2 left in the queue\n"), "{run:?}");
    let told = |id| run.stderr.lines().find(|line| line.contains(id)).unwrap().matches(id).count();
    assert_eq!((told("m-1"), told("m-2")), (1, 1), "each is named once: {run:?}");
    assert_eq!(aws.operations().iter().filter(|operation| *operation == "ChangeMessageVisibility").count(), 2);
}
