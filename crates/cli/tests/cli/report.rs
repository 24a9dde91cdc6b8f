//! `warden report`, run as people run it.

use serde_json::Value;

use crate::support::{Answers, Aws, Person, Run, stack};

/// An account with one record, of a card that was deleted, and one dead letter.
fn account(operation: &str) -> (u16, String) {
    let body = match operation {
        "DescribeStacks" => stack("audit", &[("LedgerName", "ledger"), ("DeadLetterQueueUrl", "https://sqs/queue")]),
        "Scan" => r#"{"Items": [{
            "object": {"S": "uploads/cards/alice.png"}, "event": {"S": "v1"}, "status": {"S": "complete"},
            "claimed_at": {"S": "2026-11-20T09:14:09.123Z"}, "verdict": {"S": "pii"}, "action": {"S": "deleted"},
            "s3_bucket": {"S": "uploads"}, "s3_key": {"S": "cards/alice.png"}, "seconds": {"N": "4.5"},
            "categories": {"L": [{"S": "CREDIT_CARD"}]}}]}"#
            .into(),
        "GetQueueAttributes" => {
            r#"{"Attributes": {"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "2"}}"#
                .into()
        }
        "ReceiveMessage" => {
            r#"{"Messages": [{"MessageId": "m-1", "ReceiptHandle": "r-1", "Body": "{}", "MessageAttributes":
            {"ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}}}]}"#
                .into()
        }
        other => panic!("{other} was not expected"),
    };
    (200, body)
}

/// The same, where the queue may not be read.
fn no_queue(operation: &str) -> (u16, String) {
    match operation {
        "ReceiveMessage" => (400, r#"{"__type": "AccessDenied", "message": "no"}"#.into()),
        other => account(other),
    }
}

const NOVEMBER: [&str; 4] = ["--since", "2026-11-01T00:00:00Z", "--until", "2026-12-01T00:00:00Z"];

fn run(account: Answers, arguments: &[&str]) -> (Run, Person) {
    let aws = Aws::answering(account);
    let person = Person::new().signed_in().with("AWS_REGION", "us-west-2").with("AWS_ENDPOINT_URL", &aws.url);
    let run = person.runs(&[&["report", "--stack", "audit"], arguments].concat());
    (run, person)
}

#[test]
fn a_page_is_written_and_the_sum_of_it_is_told() {
    let (run, person) = run(account, &NOVEMBER);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(
        run.stdout,
        "1 event, 1 upload judged: 1 with personal data or a secret, 0 undetermined. 0 audits failed\n\
         written to warden-report.html\n"
    );
    let page = person.reads("warden-report.html").unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("CREDIT_CARD") && page.contains("NO_PERMISSIONS"));
    assert!(page.contains("another command holds it"), "{page}");
    assert!(page.contains("s3://uploads/*.png") && !page.contains("alice"), "{page}");
}

#[test]
fn keys_are_shown_where_they_are_asked_for() {
    let (run, person) = run(account, &[&NOVEMBER[..], &["--keys", "--out", "november.html"]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(person.reads("november.html").unwrap().contains("s3://uploads/cards/alice.png"));
    assert_eq!(person.reads("warden-report.html"), None);
}

#[test]
fn figures_are_printed_for_programs_and_no_page_is_written() {
    let (run, person) = run(account, &[&NOVEMBER[..], &["--output", "json"]].concat());
    let figures: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&figures["verdicts"]["pii"], &figures["latency"]["median"]), (&1.into(), &4.5.into()));
    assert_eq!(figures["period"]["since"], "2026-11-01T00:00:00Z");
    assert_eq!(person.reads("warden-report.html"), None);
}

#[test]
fn a_queue_that_may_not_be_read_is_told_and_the_rest_is_shown() {
    let (run, person) = run(no_queue, &NOVEMBER);
    assert_eq!(run.code, Some(0), "{run:?}");
    let page = person.reads("warden-report.html").unwrap();
    assert!(page.contains("sqs:ReceiveMessage") && page.contains("CREDIT_CARD"), "{page}");
}

#[test]
fn a_time_that_ends_before_it_begins_is_refused() {
    let (run, _) = run(account, &["--since", "2026-11-02T00:00:00Z", "--until", "2026-11-01T00:00:00Z"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("`--until` is not after `--since`"), "{}", run.stderr);
}
