//! Model invocation records, as Bedrock writes them to S3: gzipped JSON lines of
//! schema 1.0 in folders by the hour, with bodies over 100 KB as objects beside them.
//!
//! They are written when somebody asks for them, and hold what was asked and
//! answered. Who called is not known here, since no signature is checked: each
//! record names the identity `local-unverified`. A call that is refused leaves
//! no record.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::body::Bytes;
use axum::http::HeaderMap;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// The largest body that stands in its record, in bytes.
const LARGEST_INLINE: usize = 100 * 1024;
/// What the caller sends along; a text that is JSON.
const METADATA: &str = "x-amzn-bedrock-request-metadata";

/// Where records are written, and what they say of the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPlace {
    /// The folder that stands for the bucket.
    pub folder: PathBuf,
    /// The bucket that records name, when a body is an object of its own.
    pub bucket: String,
    /// What stands before `AWSLogs/` in keys; may be empty.
    pub prefix: String,
    /// The account that records name.
    pub account: String,
    /// The Region that records name.
    pub region: String,
}

/// The records that a server writes: none, until somebody says where. Every
/// clone means the same.
#[derive(Clone, Debug, Default)]
pub struct Records(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    place: Option<RecordPlace>,
    problem: Option<String>,
}

/// A call that was answered.
#[derive(Debug)]
pub(crate) struct Invocation<'a> {
    pub(crate) request_id: &'a str,
    /// Such as `InvokeModel`.
    pub(crate) operation: &'a str,
    pub(crate) model_id: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) question: &'a [u8],
    /// The answer, or the events of its stream.
    pub(crate) answer: &'a Value,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
}

impl Records {
    /// Writes the records of all calls from now on.
    pub fn write_to(&self, place: RecordPlace) {
        self.lock().place = Some(place);
    }

    /// Why the last record that could not be written was not; `None` when all were.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.lock().problem.clone()
    }

    /// The body, when it will be needed.
    pub(crate) fn keep(&self, body: &Bytes) -> Option<Bytes> {
        self.lock().place.is_some().then(|| body.clone())
    }

    /// Writes a record. A call does not fail for it, as on AWS.
    pub(crate) fn write(&self, invocation: &Invocation<'_>) {
        let Some(place) = self.lock().place.clone() else { return };
        if let Err(problem) = write(&place, invocation, SystemTime::now()) {
            self.lock().problem = Some(format!("a record was not written to {}: {problem}", place.folder.display()));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(place: &RecordPlace, invocation: &Invocation<'_>, now: SystemTime) -> io::Result<()> {
    let RecordPlace { prefix, account, region, .. } = place;
    let time = humantime::format_rfc3339_millis(now).to_string();
    let root = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let hour = time.get(..13).unwrap_or_default().replace(['-', 'T'], "/");
    let hour = format!("{root}AWSLogs/{account}/BedrockModelInvocationLogs/{region}/{hour}");
    let id = invocation.request_id;

    let mut record = json!({
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": time,
        "accountId": account,
        "region": region,
        "requestId": id,
        "operation": invocation.operation,
        "modelId": invocation.model_id,
        "identity": {"arn": format!("arn:aws:iam::{account}:user/local-unverified")},
        "input": {"inputContentType": "application/json", "inputTokenCount": invocation.input_tokens},
        "output": {"outputContentType": "application/json", "outputTokenCount": invocation.output_tokens},
    });
    let metadata = invocation.headers.get(METADATA).and_then(|value| serde_json::from_slice(value.as_bytes()).ok());
    if let Some(metadata @ Value::Object(_)) = metadata {
        record["requestMetadata"] = metadata;
    }
    let answer = serde_json::to_vec(invocation.answer)?;
    for (part, body) in [("input", invocation.question), ("output", answer.as_slice())] {
        if body.len() > LARGEST_INLINE {
            let key = format!("{hour}/data/{id}_{part}.json.gz");
            put(place, &key, body)?;
            record[part][format!("{part}BodyS3Path")] = format!("s3://{}/{key}", place.bucket).into();
        } else {
            record[part][format!("{part}BodyJson")] = serde_json::from_slice(body)?;
        }
    }
    let mut line = serde_json::to_vec(&record)?;
    line.push(b'\n');
    let name: String = time.chars().filter(char::is_ascii_alphanumeric).collect();
    put(place, &format!("{hour}/{name}_{id}.json.gz"), &line)
}

fn put(place: &RecordPlace, key: &str, bytes: &[u8]) -> io::Result<()> {
    let path = place.folder.join(key);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Whoever reads the folder finds whole files alone.
    let part = path.with_extension("part");
    let mut encoder = GzEncoder::new(fs::File::create(&part)?, Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()?;
    fs::rename(part, path)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn unpacked(folder: &std::path::Path, key: &str) -> Value {
        let mut text = String::new();
        let file = fs::File::open(folder.join(key)).unwrap_or_else(|error| panic!("{key}: {error}"));
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn written(question: &Value, metadata: Option<&str>) -> (tempfile::TempDir, Value) {
        let folder = tempfile::tempdir().unwrap();
        let place = RecordPlace {
            folder: folder.path().to_owned(),
            bucket: "logs".into(),
            prefix: "inv".into(),
            account: "123456789012".into(),
            region: "us-west-2".into(),
        };
        let mut headers = HeaderMap::new();
        if let Some(metadata) = metadata {
            headers.insert(METADATA, metadata.parse().unwrap());
        }
        let body = question.to_string().into_bytes();
        let answer = json!({"content": [{"type": "text", "text": "hello"}]});
        let invocation = Invocation {
            request_id: "r-1",
            operation: "InvokeModel",
            model_id: "us.anthropic.claude-haiku-5-5",
            headers: &headers,
            question: &body,
            answer: &answer,
            input_tokens: Some(3),
            output_tokens: Some(2),
        };
        write(&place, &invocation, UNIX_EPOCH + Duration::from_millis(1_795_251_600_123)).unwrap();
        let key = "inv/AWSLogs/123456789012/BedrockModelInvocationLogs/us-west-2/2026/11/21/09/20261121T090000123Z_r-1.json.gz";
        let record = unpacked(folder.path(), key);
        (folder, record)
    }

    #[test]
    fn a_record_holds_what_was_asked_and_answered() {
        let (_folder, record) = written(&json!({"messages": []}), Some(r#"{"caller":"team-a"}"#));
        assert_eq!(
            record,
            json!({
                "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-11-21T09:00:00.123Z",
                "accountId": "123456789012", "region": "us-west-2", "requestId": "r-1", "operation": "InvokeModel",
                "modelId": "us.anthropic.claude-haiku-5-5",
                "identity": {"arn": "arn:aws:iam::123456789012:user/local-unverified"},
                "requestMetadata": {"caller": "team-a"},
                "input": {"inputContentType": "application/json", "inputTokenCount": 3, "inputBodyJson": {"messages": []}},
                "output": {"outputContentType": "application/json", "outputTokenCount": 2,
                           "outputBodyJson": {"content": [{"type": "text", "text": "hello"}]}},
            })
        );
    }

    #[test]
    fn a_body_over_100_kb_is_an_object_of_its_own() {
        let question = json!({"prompt": "x".repeat(LARGEST_INLINE)});
        let (folder, record) = written(&question, None);
        let path = record["input"]["inputBodyS3Path"].as_str().unwrap();
        assert_eq!(record["input"].get("inputBodyJson"), None);
        assert!(record["output"].get("outputBodyJson").is_some());
        assert_eq!(unpacked(folder.path(), path.strip_prefix("s3://logs/").unwrap()), question);
        assert!(path.ends_with("/2026/11/21/09/data/r-1_input.json.gz"), "{path}");
    }

    #[test]
    fn metadata_that_is_no_object_is_left_out() {
        for metadata in [None, Some("no json"), Some("[1]"), Some("\"text\"")] {
            assert_eq!(written(&json!({}), metadata).1.get("requestMetadata"), None, "{metadata:?}");
        }
    }

    #[test]
    fn nothing_is_written_until_somebody_says_where_and_a_failure_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let records = Records::default();
        let body = Bytes::from_static(b"{}");
        assert_eq!(records.keep(&body), None);

        records.clone().write_to(RecordPlace {
            folder: file,
            bucket: "b".into(),
            prefix: String::new(),
            account: "1".into(),
            region: "r".into(),
        });
        assert_eq!(records.keep(&body), Some(body.clone()));
        records.write(&Invocation {
            request_id: "r-1",
            operation: "InvokeModel",
            model_id: "m",
            headers: &HeaderMap::new(),
            question: &body,
            answer: &json!({}),
            input_tokens: None,
            output_tokens: None,
        });
        assert!(records.problem().unwrap().starts_with("a record was not written to "));
    }
}
