//! `warden calls`, run as people run it.

use crate::support::{Aws, Person, Run, stack};
use serde_json::{Value, json};

const FOLDER: &str = "inv/AWSLogs/111122223333/BedrockModelInvocationLogs/us-west-2/";

/// A call of each of two callers; the second asks to be taken for a formula, and holds what a terminal obeys.
fn records() -> String {
    let record = |id: &str, minute: u8, caller: &str, question: &str| {
        json!({
            "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": format!("2026-11-20T12:{minute:02}:00Z"),
            "accountId": "111122223333", "region": "us-west-2", "requestId": id, "operation": "InvokeModel",
            "modelId": "us.anthropic.claude-haiku-5-5",
            "identity": {"arn": "arn:aws:sts::111122223333:assumed-role/generate-api/f"},
            "requestMetadata": {"caller": caller},
            "input": {"inputTokenCount": 1000, "inputBodyJson": {"messages": [{"role": "user", "content": question}]}},
            "output": {"outputTokenCount": 200, "outputBodyJson": {"content": [{"type": "text", "text": "응답"}], "stop_reason": "end_turn"}},
        })
    };
    format!(
        "{}\n{}\n",
        record("r-1", 0, "team-a", "What is RRN 900101-1234567?"),
        record("r-2", 1, "=team-b", "\u{1b}[2J\u{9b}31m=1+1")
    )
}

fn bucket(asked: &str) -> (u16, String) {
    let listing =
        |inner: &str| (200, format!("<ListBucketResult><IsTruncated>false</IsTruncated>{inner}</ListBucketResult>"));
    let folder = |name: &str| listing(&format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"));
    match asked {
        "DescribeStacks" => (
            200,
            stack(
                "api",
                &[("InvocationLogBucketName", "logs"), ("InvocationLogPrefix", "inv"), ("InvocationLogGroupName", "g")],
            ),
        ),
        _ if asked.contains("delimiter=") && asked.contains("BedrockModelInvocationLogs") => folder(FOLDER),
        _ if asked.contains("delimiter=") => folder("inv/AWSLogs/111122223333/"),
        _ if asked.contains("list-type=2") => {
            listing(&format!("<Contents><Key>{FOLDER}2026/11/20/12/a.json</Key><Size>9</Size></Contents>"))
        }
        _ if asked.starts_with(&format!("GET /logs/{FOLDER}2026/11/20/12/a.json")) => (200, records()),
        other => panic!("{other} was not expected"),
    }
}

fn log_group(asked: &str) -> (u16, String) {
    match asked {
        "DescribeStacks" => (200, stack("api", &[("InvocationLogGroupName", "/aws/bedrock/invocations")])),
        "FilterLogEvents" => {
            let events: Vec<_> = records().lines().map(|line| json!({"eventId": "e", "message": line})).collect();
            (200, json!({"events": events}).to_string())
        }
        other => panic!("{other} was not expected"),
    }
}

fn person() -> Person {
    Person::new().signed_in().with("AWS_REGION", "us-west-2").with_file("records.jsonl", &records())
}

fn run(aws: &Aws, arguments: &[&str]) -> Run {
    person()
        .with("AWS_ENDPOINT_URL", &aws.url)
        .runs(&[&["calls", "--since", "2026-11-20T00:00:00Z"], arguments].concat())
}

/// `warden calls --from` of the records, with nobody to ask.
fn from_files(arguments: &[&str]) -> Run {
    Person::new()
        .with_file("records.jsonl", &records())
        .runs(&[&["calls", "--from", "records.jsonl"], arguments].concat())
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn calls_are_told_without_their_texts_and_without_asking_aws() {
    let run = from_files(&["--price", "anthropic.claude-haiku-5-5=0.11/0.55"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn texts_are_told_when_they_are_asked_for_and_no_terminal_obeys_them() {
    for format in ["text", "json", "csv"] {
        let masked = from_files(&["--output", format]);
        assert!(!masked.stdout.contains("900101"), "{masked:?}");
        let run = from_files(&["--show-text", "--output", format]);
        assert!(run.stdout.contains("900101-1234567") && run.stdout.contains("응답"), "{run:?}");
        assert!(run.stdout.chars().all(|c| c == '\n' || !c.is_control()), "{format}: {run:?}");
    }
    let question = &json(&from_files(&["--show-text", "--output", "json"]))["calls"][1]["question"]["text"];
    assert_eq!(*question, "\u{1b}[2J\u{9b}31m=1+1", "programs get what was written");
}

#[test]
fn a_table_for_spreadsheets_holds_no_formula_and_its_summary_stands_beside_it() {
    let run = from_files(&["--output", "csv", "--show-text"]);
    assert_eq!(run.stderr, "2 calls by 2 callers: 2000 tokens in, 400 out\n");
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn a_stacks_records_are_in_its_bucket_else_in_its_log_group() {
    let (s3, logs) = (Aws::answering(bucket), Aws::answering(log_group));
    let named = run(&s3, &["--stack", "api", "--output", "json"]);
    assert_eq!(named.code, Some(0), "{named:?}");
    for (aws, arguments) in [
        (&logs, &["--stack", "api", "--output", "json"][..]),
        (&s3, &["--bucket", "logs", "--prefix", "inv/", "--output", "json"]),
        (&logs, &["--log-group", "/aws/bedrock/invocations", "--output", "json"]),
    ] {
        assert_eq!(json(&run(aws, arguments)), json(&named), "{arguments:?}");
    }
    assert_eq!(json(&named)["summary"]["calls"], 2);
}

#[test]
fn calls_are_chosen_by_time_model_caller_and_request() {
    let ids = |arguments: &[&str]| {
        let calls = json(&from_files(&[arguments, &["--output", "json"]].concat()))["calls"].clone();
        calls.as_array().unwrap().iter().map(|call| call["request_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["--since", "2026-11-20T21:01:00+09:00"]), ["r-2"]);
    assert_eq!(ids(&["--until", "2026-11-20T12:01:00Z"]), ["r-1"]);
    assert_eq!(ids(&["--caller", "team-b"]), ["r-2"]);
    assert_eq!(ids(&["--model", "sonnet"]), [""; 0]);
    assert_eq!(ids(&["--request-id", "r-1"]), ["r-1"]);
    assert_eq!(ids(&["--limit", "1"]), ["r-2"]);
}

#[test]
fn what_cannot_be_read_is_named_and_ends_with_6() {
    let person =
        Person::new().with_file("logs/good.json", &records()).with_file("logs/bad.json", "{\"schemaType\":1}\n");
    let run = person.runs(&["calls", "--from", "logs", "gone.json"]);
    assert_eq!(run.code, Some(6), "{run:?}");
    assert!(run.stdout.contains("2 calls by 2 callers: 2000 tokens in, 400 out. NOT READ: 2\n"), "{run:?}");
    assert!(run.stdout.contains("  not read: logs/bad.json:1: it is not a model invocation record"), "{run:?}");
    assert!(run.stdout.contains("  not read: gone.json: No such file"), "{run:?}");

    let csv = person.runs(&["calls", "--from", "gone.json", "--output", "csv"]);
    assert_eq!((csv.code, csv.stdout.lines().count()), (Some(6), 1), "the names of the columns alone: {csv:?}");
    assert!(csv.stderr.contains("  not read: gone.json: No such file"), "{csv:?}");
}

#[test]
fn what_is_asked_wrongly_says_how_to_ask() {
    let cases: [(&[&str], i32, &str); 6] = [
        (
            &["calls"],
            1,
            "error: no records are named. Give `--stack NAME`, `--log-group NAME`, `--bucket NAME` or `--from PATH`\n",
        ),
        (
            &["calls", "--from", "x", "--since", "yesterday"],
            2,
            "neither a time such as 2026-11-21T09:00:00Z nor how long ago, such as 2h",
        ),
        (&["calls", "--from", "x", "--price", "m=1"], 2, "\"m=1\" is not a price. Write MODEL=INPUT/OUTPUT"),
        (&["calls", "--from", "x", "--bucket", "b"], 2, "cannot be used with"),
        (&["calls", "--prefix", "p"], 2, "--bucket"),
        (&["calls", "--from", "x", "--output", "xml"], 2, "[possible values: text, json, csv]"),
    ];
    for (arguments, code, message) in cases {
        let run = Person::new().with("AWS_REGION", "us-west-2").runs(arguments);
        assert_eq!(run.code, Some(code), "{run:?}");
        assert!(run.stderr.contains(message), "{run:?}");
    }
}

#[test]
fn a_stack_that_keeps_no_records_is_told() {
    let aws = Aws::answering(|_| (200, stack("api", &[("ApiUrl", "https://example.com")])));
    let run = run(&aws, &["--stack", "api"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.starts_with("error: the stack `api` has neither the output `InvocationLogBucketName` nor"),
        "{run:?}"
    );
}
