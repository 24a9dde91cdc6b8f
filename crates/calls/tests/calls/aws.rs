//! What reading records from AWS calls, against recorded answers.

use std::io::Write;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use warden_calls::{CallsReader, Filter, Query, Timestamp};
use warden_test_support::{Answer, RecordedAws};

const REGION_FOLDER: &str = "inv/AWSLogs/111122223333/BedrockModelInvocationLogs/us-west-2/";

/// An AWS that answers what it is asked for, by `METHOD PATH?QUERY` and the body.
struct Aws {
    reader: CallsReader,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Aws {
    fn answering(answers: impl Fn(&str) -> (u16, Vec<u8>) + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let aws = RecordedAws::answering_by(move |request| {
            let address = request.uri().trim_start_matches("https://");
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
            let asked = format!("{address} {body}").trim_end().to_owned();
            let (status, answer) = answers(&asked);
            log.lock().unwrap().push(asked);
            Answer::new(status, answer)
        });
        Self { reader: CallsReader::new(&aws.config()), asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn record(id: &str, time: &str, input: &Value) -> Value {
    json!({
        "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": time, "requestId": id,
        "operation": "InvokeModel", "modelId": "m", "input": input,
        "output": {"outputTokenCount": 2, "outputBodyJson": {"content": [{"type": "text", "text": "ok"}]}},
    })
}

fn small(id: &str, time: &str) -> Value {
    record(id, time, &json!({"inputTokenCount": 1, "inputBodyJson": {"prompt": "hello"}}))
}

fn gzip(records: &[Value]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for record in records {
        writeln!(encoder, "{record}").unwrap();
    }
    encoder.finish().unwrap()
}

fn folders(names: &[&str]) -> (u16, Vec<u8>) {
    let folders = names
        .iter()
        .map(|name| format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"))
        .collect::<Vec<_>>()
        .concat();
    (200, format!("<ListBucketResult><IsTruncated>false</IsTruncated>{folders}</ListBucketResult>").into_bytes())
}

fn objects(keys: &[String], next: Option<&str>) -> (u16, Vec<u8>) {
    let contents = keys
        .iter()
        .map(|key| format!("<Contents><Key>{key}</Key><Size>9</Size></Contents>"))
        .collect::<Vec<_>>()
        .concat();
    let next = match next {
        Some(token) => format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"),
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    (200, format!("<ListBucketResult>{contents}{next}</ListBucketResult>").into_bytes())
}

fn refusal(status: u16, code: &str) -> (u16, Vec<u8>) {
    (status, format!("<Error><Code>{code}</Code><Message>no</Message></Error>").into_bytes())
}

/// A bucket of three hours, in two pages, with a large body.
fn bucket(asked: &str) -> (u16, Vec<u8>) {
    let hour = |hour: &str, name: &str| format!("{REGION_FOLDER}2026/11/20/{hour}/{name}");
    if asked.contains("list-type=2") {
        return match asked {
            _ if asked.contains("prefix=inv%2FAWSLogs%2F&") || asked.ends_with("prefix=inv%2FAWSLogs%2F") => {
                folders(&["inv/AWSLogs/111122223333/"])
            }
            _ if asked.contains("delimiter=") => folders(&[REGION_FOLDER]),
            _ if asked.contains("continuation-token=second") => {
                objects(&[hour("13", "c.json.gz"), hour("23", "too-late.json.gz")], None)
            }
            _ => objects(
                &[
                    hour("12", "a.json.gz"),
                    hour("12", "data/r-2_input.json.gz"),
                    hour("12", "denied.json.gz"),
                    hour("12", "b.json"),
                ],
                Some("second"),
            ),
        };
    }
    let body = format!("s3://logs/{}", hour("12", "data/r-2_input.json.gz"));
    match asked {
        _ if asked.contains("/a.json.gz") => {
            let large = record("r-2", "2026-11-20T12:10:00Z", &json!({"inputTokenCount": 9, "inputBodyS3Path": body}));
            (200, gzip(&[small("r-1", "2026-11-20T12:00:00Z"), large, small("too-old", "2026-11-20T11:59:59Z")]))
        }
        _ if asked.contains("/b.json") => (200, b"not json\n".to_vec()),
        _ if asked.contains("/c.json.gz") => (200, gzip(&[small("r-3", "2026-11-20T13:00:00Z")])),
        _ if asked.contains("/data/r-2_input.json.gz") => {
            (200, gzip(&[json!({"messages": [{"role": "user", "content": "x".repeat(200_000)}]})]))
        }
        _ if asked.contains("/denied.json.gz") => refusal(403, "AccessDenied"),
        other => panic!("{other} was not expected"),
    }
}

fn asked_for() -> Query {
    let filter = Filter {
        since: Timestamp::parse("2026-11-20T12:00:00Z"),
        until: Timestamp::parse("2026-11-20T14:00:00Z"),
        ..Filter::default()
    };
    Query { filter, ..Query::default() }
}

#[tokio::test]
async fn a_bucket_is_read_for_the_asked_time_with_its_large_bodies() {
    let aws = Aws::answering(bucket);
    let report = aws.reader.bucket("logs", "/inv", &asked_for()).await.unwrap();

    let ids: Vec<_> = report.calls.iter().map(|call| call.request_id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["r-1", "r-2", "r-3"]);
    assert_eq!(report.calls[1].question.characters, Some(200_000));

    let mut unread: Vec<_> = report.unread.iter().map(ToString::to_string).collect();
    unread.sort();
    assert!(unread[0].ends_with("12/b.json:1: it is not JSON, or was cut short"), "{unread:?}");
    assert!(unread[1].contains("12/denied.json.gz: AWS denied s3:GetObject: no. Allow this action"), "{unread:?}");
    assert_eq!(report.summary.unread, 2);

    let asked = aws.asked();
    assert!(
        asked.iter().any(|asked| asked.contains(
            "start-after=inv%2FAWSLogs%2F111122223333%2FBedrockModelInvocationLogs%2Fus-west-2%2F2026%2F11%2F20%2F11%2F"
        )),
        "{asked:?}"
    );
    assert!(!asked.iter().any(|asked| asked.contains("too-late")), "{asked:?}");
    assert_eq!(asked.iter().filter(|asked| asked.contains("/data/")).count(), 1, "{asked:?}");
}

#[tokio::test]
async fn a_large_body_of_a_call_that_is_not_told_is_not_fetched() {
    let aws = Aws::answering(bucket);
    let report = aws.reader.bucket("logs", "inv", &Query { limit: 1, ..asked_for() }).await.unwrap();
    assert_eq!((report.summary.calls, report.summary.shown), (3, 1));
    assert!(!aws.asked().iter().any(|asked| asked.contains("/data/")));
}

#[tokio::test]
async fn an_archived_object_is_named_with_what_to_do() {
    let aws = Aws::answering(|asked| match asked {
        _ if asked.contains("/c.json.gz") => refusal(403, "InvalidObjectState"),
        _ => bucket(asked),
    });
    let report = aws.reader.bucket("logs", "inv", &asked_for()).await.unwrap();
    assert_eq!((report.summary.calls, report.summary.unread), (2, 3));
    let told = report.to_string();
    assert!(told.contains("13/c.json.gz: it is archived. Restore it first, for example with `aws s3api"), "{told}");
}

#[tokio::test]
async fn a_bucket_that_cannot_be_listed_is_an_error() {
    for (status, code, message) in [
        (
            403,
            "AccessDenied",
            "AWS denied s3:ListBucket: no. Allow this action to the user or role of your credentials",
        ),
        (404, "NoSuchBucket", "s3:ListBucket failed: no (NoSuchBucket)"),
    ] {
        let aws = Aws::answering(move |_| refusal(status, code));
        let error = aws.reader.bucket("logs", "", &Query::default()).await.unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn a_log_group_is_read_page_by_page() {
    let aws = Aws::answering(|asked| {
        if asked.contains("data/r-2_input") {
            return (200, gzip(&[json!({"prompt": "four"})]));
        }
        let event = |id: &str, message: &str| json!({"eventId": id, "logStreamName": "aws/bedrock/modelinvocations", "timestamp": 1, "message": message});
        let page = if asked.contains("second") {
            let large = record(
                "r-2",
                "2026-11-20T12:10:00Z",
                &json!({"inputBodyS3Path": "s3://logs/large/data/r-2_input.json.gz"}),
            );
            json!({"events": [event("3", &large.to_string())]})
        } else {
            // Bedrock writes the first to see whether it may.
            json!({"events": [event("0", "Permissions are correctly set for Amazon Bedrock logs."),
                              event("1", &small("r-1", "2026-11-20T12:00:00Z").to_string()), event("2", "{\"schemaType")],
                   "nextToken": "second"})
        };
        (200, page.to_string().into_bytes())
    });
    let report = aws.reader.log_group("/aws/bedrock/invocations", &asked_for()).await.unwrap();
    let lengths: Vec<_> = report.calls.iter().map(|call| call.question.characters).collect();
    assert_eq!(lengths, [Some(5), Some(4)]);
    assert_eq!(report.summary.unread, 1);
    assert_eq!(
        report.unread[0].to_string(),
        "/aws/bedrock/invocations aws/bedrock/modelinvocations event 2:1: it is not JSON, or was cut short"
    );
    let asked = aws.asked();
    // An hour on either side: an event's time is near its record's.
    assert!(
        asked[0].contains(r#""startTime":1795172400000"#) && asked[0].contains(r#""endTime":1795186800000"#),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_log_group_that_is_not_there_is_an_error() {
    let aws = Aws::answering(|_| {
        (400, br#"{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}"#.to_vec())
    });
    let error = aws.reader.log_group("gone", &Query::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "logs:FilterLogEvents failed: The specified log group does not exist (ResourceNotFoundException)"
    );
}
