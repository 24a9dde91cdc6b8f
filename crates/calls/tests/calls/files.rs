//! Records on disk, as Bedrock writes them, and what is told of them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use warden_calls::{Filter, Query, Report, Timestamp, files};

const HOUR: &str = "AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1/2026/11/20/12";

/// The records of this folder. Places are told without the folder's own.
fn recorded(query: &Query) -> Report {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls/records");
    let mut report = files(std::slice::from_ref(&folder), query);
    for unread in &mut report.unread {
        unread.place = unread.place.replace(&format!("{}/", folder.display()), "");
    }
    report
}

fn with_texts() -> Query {
    let prices = "anthropic.claude-haiku-5-5=0.11/0.55,amazon.nova-lite-v1:0=0.06/0.24";
    Query { show_text: true, prices: prices.parse().unwrap(), ..Query::default() }
}

#[test]
fn calls_are_told_to_people_without_their_texts() {
    insta::assert_snapshot!(recorded(&Query { show_text: false, ..with_texts() }));
}

#[test]
fn calls_are_told_to_people_with_their_texts() {
    let report = recorded(&with_texts()).to_string();
    assert!(report.chars().all(|c| c == '\n' || !c.is_control()), "a terminal would obey: {report:?}");
    insta::assert_snapshot!(report);
}

#[test]
fn calls_are_told_to_spreadsheets() {
    insta::assert_snapshot!(recorded(&with_texts()).to_csv().unwrap());
}

#[test]
fn calls_are_told_to_programs() {
    insta::assert_json_snapshot!(recorded(&Query { show_text: false, ..with_texts() }));
}

#[test]
fn no_records_are_no_calls() {
    let folder = tempfile::tempdir().unwrap();
    let report = files(&[folder.path().to_owned()], &Query::default());
    assert_eq!(report.to_string(), "0 calls by 0 callers: 0 tokens in, 0 out");
    assert!(report.is_complete());
    let names = recorded(&with_texts()).to_csv().unwrap();
    assert_eq!(report.to_csv().unwrap().lines().collect::<Vec<_>>(), names.lines().take(1).collect::<Vec<_>>());
}

#[test]
fn only_calls_that_are_asked_for_are_told_and_counted() {
    let since = Timestamp::parse("2026-11-20T12:01:00Z");
    let filter = Filter { since, caller: Some("dana".into()), ..Filter::default() };
    let report = recorded(&Query { filter, ..Query::default() });
    assert_eq!((report.summary.calls, report.summary.input_tokens), (2, 814));
    assert_eq!(report.summary.unread, 2, "what cannot be read may be one of them");
}

#[test]
fn a_path_that_is_not_there_is_told() {
    let report = files(&[PathBuf::from("/nowhere/records")], &Query::default());
    assert_eq!(report.summary.unread, 1);
    assert!(report.unread[0].to_string().starts_with("/nowhere/records: No such file"), "{report}");
}

fn gzip(value: &Value) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    writeln!(encoder, "{value}").unwrap();
    encoder.finish().unwrap()
}

fn write(folder: &Path, key: &str, bytes: &[u8]) {
    let path = folder.join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A record whose bodies are objects of their own.
fn large(question: &str, answer: &str) -> Value {
    json!({
        "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-11-20T12:00:00Z",
        "requestId": "r-1", "operation": "InvokeModel", "modelId": "m",
        "input": {"inputBodyS3Path": question, "inputTokenCount": 300_000},
        "output": {"outputBodyS3Path": answer},
    })
}

#[test]
fn large_bodies_are_found_in_a_copy_of_the_bucket_or_of_a_part_of_it() {
    let question = json!({"messages": [{"role": "user", "content": "가".repeat(50_000)}]});
    let answer = json!({"content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn",
                        "usage": {"input_tokens": 1, "output_tokens": 2}});
    let at = |part: &str| format!("s3://logs/inv/{HOUR}/data/r-1_{part}.json.gz");
    let record = large(&at("input"), &at("output"));
    // All of the bucket, without its prefix, and one hour alone.
    for copied in [format!("inv/{HOUR}"), HOUR.to_owned(), "12".to_owned()] {
        let copy = tempfile::tempdir().unwrap();
        write(copy.path(), &format!("{copied}/20261120T120000000Z_0a1b.json.gz"), &gzip(&record));
        write(copy.path(), &format!("{copied}/data/r-1_input.json.gz"), &gzip(&question));
        write(copy.path(), &format!("{copied}/data/r-1_output.json.gz"), &gzip(&answer));
        let report = files(&[copy.path().to_owned()], &Query::default());
        assert!(report.is_complete(), "{copied}: {report}");
        let call = &report.calls[0];
        assert_eq!((call.question.characters, call.answer.characters), (Some(50_000), Some(2)));
        assert_eq!((call.input_tokens, call.output_tokens), (Some(300_000), Some(2)));
        assert_eq!(call.stop_reason.as_deref(), Some("end_turn"));
        assert_eq!((report.summary.calls, report.summary.output_tokens), (1, 2));
    }
}

#[test]
fn a_large_body_that_cannot_be_read_is_named_and_its_call_is_told_all_the_same() {
    let cases = [
        ("s3://logs/data/gone.json.gz", "it is not among the files"),
        ("s3://logs/../secret.json", "it is not among the files"),
        ("s3://logs//etc/hostname", "it is not among the files"),
        ("https://logs/a", "its path is not an s3:// path"),
        ("s3://logs/data/broken.json.gz", "it is not JSON"),
    ];
    for (path, problem) in cases {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "secret.json", b"{\"prompt\":\"secret\"}");
        write(folder.path(), "copy/data/broken.json.gz", &gzip(&json!({"a": 1}))[..12]);
        write(folder.path(), "copy/records.json", large(path, path).to_string().as_bytes());
        let report = files(&[folder.path().join("copy")], &Query { show_text: true, ..Query::default() });
        assert_eq!((report.calls.len(), report.summary.unread), (1, 2), "{path}: {report}");
        assert!(report.unread[0].problem.starts_with(problem), "{path}: {report}");
        assert!(!report.to_string().contains("secret\""), "{report}");
    }
}
