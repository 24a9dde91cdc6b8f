//! Recorded events, out of the files in which people have them.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use warden_core::{Error, cloudtrail::Event, json::mended};

use crate::ReplayError;

/// How gzip begins.
const GZIP: &[u8] = b"\x1f\x8b";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The most bytes that a file unpacks to. `CloudTrail`'s are a few megabytes.
const MOST_BYTES: u64 = 256 << 20;

/// What lists of events are called: `CloudTrail`'s files and what Lambda is given, `lookup-events`, `receive-message`,
/// `filter-log-events` and `get-log-events`, subscriptions of logs, and `put-events`.
const LISTS: [&str; 6] = ["Records", "Events", "Messages", "events", "logEvents", "Entries"];
/// Where an event stands as JSON in a text: an entry of `lookup-events`, SQS's message as the CLI and as Lambda have it,
/// SNS's as it has it and as Lambda does, an event of `CloudWatch` Logs, and what `describe-execution` prints.
const TEXTS: [&str; 7] = ["/CloudTrailEvent", "/Body", "/body", "/Message", "/Sns/Message", "/message", "/input"];
/// What says beside `detail` how an event is to be audited. The bus takes `detail` alone.
const BESIDE: [&str; 2] = ["backfill", "action"];

/// A recorded event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The file that it comes from, as messages name it.
    pub file: String,
    /// EventBridge's `detail-type`, unchanged.
    pub detail_type: String,
    /// What `CloudTrail` calls it, such as `PutObject`.
    pub event_name: Option<String>,
    /// EventBridge's `detail`, unchanged, as JSON.
    pub detail: String,
}

impl RecordedEvent {
    /// The events of a file, plain or gzipped, one JSON document or one after the
    /// other: EventBridge events, bare `CloudTrail` records, `CloudTrail` log files,
    /// rows of a table of them with names in small letters, entries of `PutEvents`, what `cloudtrail lookup-events`, `sqs
    /// receive-message`, `logs get-log-events`, `logs filter-log-events` and `stepfunctions describe-execution` print, and
    /// messages of SQS and SNS, also as Lambda is given them. A digest file, which lies beside log files, holds none.
    ///
    /// # Errors
    /// When it holds anything else, or an event with what only an execution's input has.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Self>, ReplayError> {
        let not_json = |problem: String| ReplayError::NotJson { file: file.to_owned(), problem };
        let bytes = plain(bytes).map_err(|problem| not_json(problem.to_owned()))?;
        let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
        if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
            return Err(not_json("it is UTF-16. Save it as UTF-8".to_owned()));
        }
        if text.trim_ascii().is_empty() {
            return Err(not_json("it is empty".to_owned()));
        }
        let text = std::str::from_utf8(text).map_err(|_| not_json("it is not UTF-8. Save it as UTF-8".to_owned()))?;
        let mut events = Vec::new();
        let mut documents = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
        let mut begin = 0;
        while let Some(document) = documents.next() {
            document.map_err(|error| not_json(error.to_string()))?;
            let end = documents.byte_offset();
            // What log-summarizer reads is read here too: a record does not fail for one field, nor a file for one record.
            let document =
                serde_json::from_str(&mended(&text[begin..end])).map_err(|error| not_json(error.to_string()))?;
            begin = end;
            Self::collect(file, &document, &mut events)?;
        }
        Ok(events)
    }

    /// The events of a text.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(file: &str, text: &str) -> Result<Vec<Self>, ReplayError> {
        Self::read(file, text.as_bytes())
    }

    /// Whether the event's name, or its `detail-type`, is this, where `*` stands for
    /// any text. Capitals make no difference.
    #[must_use]
    pub fn is_called(&self, pattern: &str) -> bool {
        let pattern = pattern.to_lowercase();
        let names = self.event_name.as_ref().into_iter().chain([&self.detail_type]);
        names.into_iter().any(|name| fits(&pattern, &name.to_lowercase()))
    }

    fn collect(file: &str, value: &Value, events: &mut Vec<Self>) -> Result<(), ReplayError> {
        let list = |name: &&str| value.get(*name).and_then(Value::as_array);
        if let Some(values) = value.as_array().filter(|values| !values.is_empty()) {
            values.iter().try_for_each(|value| Self::collect(file, value, events))
        } else if let Some(listed) = LISTS.iter().find_map(list) {
            if listed.is_empty() && value.get("Records").is_some() {
                return Err(no_event(file, "its `Records` are empty"));
            }
            listed.iter().try_for_each(|listed| Self::collect(file, listed, events))
        } else if is_digest(value) {
            Ok(())
        } else if is_event(value) {
            events.push(Self::of(file, value)?);
            Ok(())
        } else if let Some(event) = value.get("DetailType").and_then(|kind| entry(kind, value)) {
            Self::collect(file, &event, events)
        } else if let Some(text) = TEXTS.iter().find_map(|path| value.pointer(path)?.as_str()) {
            let inner =
                serde_json::from_str(&mended(text)).map_err(|_| no_event(file, "what it lists holds no event"))?;
            Self::collect(file, &inner, events)
        } else {
            events.push(Self::of(file, value)?);
            Ok(())
        }
    }

    fn of(file: &str, value: &Value) -> Result<Self, ReplayError> {
        let (detail_type, detail) = match (value.get("detail-type"), value.get("detail")) {
            (Some(Value::String(kind)), Some(detail @ Value::Object(_))) => (kind.as_str(), detail),
            (Some(_), _) => {
                return Err(no_event(file, "its `detail-type` is not text, or its `detail` is not an object"));
            }
            (None, Some(_)) => return Err(no_event(file, "it lacks `detail-type`")),
            (None, None) => match Event::read(value) {
                Ok(_) => (detail_type_of(value), value),
                Err(Error::InvalidInput { field: "event", problem }) => {
                    return Err(no_event(file, format!("it {problem}")));
                }
                Err(Error::InvalidInput { field, problem }) => {
                    return Err(no_event(file, format!("its `{field}` {problem}")));
                }
                Err(error) => return Err(no_event(file, error.to_string())),
            },
        };
        let beside = BESIDE.iter().find(|name| value.get(**name).is_some_and(|beside| !beside.is_null()));
        if let Some(member) = beside {
            return Err(ReplayError::MoreThanAnEvent { file: file.to_owned(), member });
        }
        let name = field(detail, "eventName").or_else(|| field(detail.get("insightDetails")?, "eventName"));
        Ok(Self {
            file: file.to_owned(),
            detail_type: detail_type.to_owned(),
            event_name: name.map(str::to_owned),
            detail: detail.to_string(),
        })
    }
}

/// Whether this is an event or a record itself, whatever else is in it.
fn is_event(value: &Value) -> bool {
    ["detail", "detail-type", "eventName", "eventname"].iter().any(|name| value.get(name).is_some())
}

/// The event of an entry of `PutEvents`.
fn entry(kind: &Value, entry: &Value) -> Option<Value> {
    let detail: Value = serde_json::from_str(&mended(entry.get("Detail")?.as_str()?)).ok()?;
    Some(json!({"detail-type": kind, "detail": detail}))
}

fn no_event(file: &str, problem: impl Into<String>) -> ReplayError {
    ReplayError::NoEvent { file: file.to_owned(), problem: problem.into() }
}

/// What a record says under a name of `CloudTrail`'s. Tables, such as Athena's, write it in small letters.
fn field<'a>(record: &'a Value, name: &str) -> Option<&'a str> {
    record.get(name).or_else(|| record.get(name.to_lowercase()))?.as_str()
}

/// The bytes themselves.
fn plain(bytes: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
    if !bytes.starts_with(GZIP) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(MOST_BYTES + 1).read_to_end(&mut unpacked);
    match read {
        Ok(_) if unpacked.len() as u64 > MOST_BYTES => Err("it unpacks to over 256 MiB"),
        Ok(_) => Ok(Cow::Owned(unpacked)),
        Err(_) => Err("it is gzip that cannot be unpacked, or was cut short"),
    }
}

/// Whether this is one of the files by which `CloudTrail`'s log files are proven.
fn is_digest(value: &Value) -> bool {
    value["digestEndTime"].is_string() && value["logFiles"].is_array()
}

/// The `detail-type` under which EventBridge delivers a `CloudTrail` record.
fn detail_type_of(record: &Value) -> &'static str {
    match field(record, "eventType") {
        Some("AwsConsoleSignIn") => "AWS Console Sign In via CloudTrail",
        Some("AwsServiceEvent") => "AWS Service Event via CloudTrail",
        Some("AwsCloudTrailInsight") => "AWS Insight via CloudTrail",
        _ => "AWS API Call via CloudTrail",
    }
}

/// Whether a text is what a pattern describes.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(begin) else { return false };
    let mut parts: Vec<_> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        // The first place leaves most to the parts that follow.
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;

    use super::*;

    fn record(kind: &str) -> Value {
        json!({"eventName": "X", "eventSource": "s3.amazonaws.com", "eventType": kind})
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn events_are_found_in_every_form_in_which_people_have_them() {
        let call = "AWS API Call via CloudTrail";
        let api_call = record("AwsApiCall");
        let envelope = json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {"a": 1}});
        let log = json!({"Records": [api_call, record("AwsCloudTrailInsight")]});
        let cases = [
            (envelope.to_string(), vec!["Object Created"]),
            (api_call.to_string(), vec![call]),
            (record("AwsConsoleSignIn").to_string(), vec!["AWS Console Sign In via CloudTrail"]),
            (record("AwsServiceEvent").to_string(), vec!["AWS Service Event via CloudTrail"]),
            (log.to_string(), vec![call, "AWS Insight via CloudTrail"]),
            (
                format!("{envelope}\n{api_call}\r\n\n{log}\n"),
                vec!["Object Created", call, call, "AWS Insight via CloudTrail"],
            ),
            (format!("{envelope:#}\n{api_call:#}"), vec!["Object Created", call]),
            (json!([envelope, api_call]).to_string(), vec!["Object Created", call]),
            (json!({"Events": [{"EventName": "X", "CloudTrailEvent": api_call.to_string()}]}).to_string(), vec![call]),
            (
                json!({"Messages": [{"Body": envelope.to_string()}, {"Body": api_call.to_string()}]}).to_string(),
                vec!["Object Created", call],
            ),
            (
                json!({"events": [{"timestamp": 1, "message": api_call.to_string()}], "nextForwardToken": "f/1"}).to_string(),
                vec![call],
            ),
            (json!({"logEvents": [{"message": record("AwsConsoleSignIn").to_string()}]}).to_string(), vec![
                "AWS Console Sign In via CloudTrail",
            ]),
            (
                json!({"eventname": "ConsoleLogin", "eventsource": "signin.amazonaws.com", "eventtype": "AwsConsoleSignIn"})
                    .to_string(),
                vec!["AWS Console Sign In via CloudTrail"],
            ),
            (json!({"digestStartTime": "a", "digestEndTime": "b", "logFiles": []}).to_string(), vec![]),
            // An Insights record has its names one level deeper.
            (
                json!({"eventType": "AwsCloudTrailInsight", "insightDetails": {"eventName": "RunInstances"}}).to_string(),
                vec!["AWS Insight via CloudTrail"],
            ),
            // What wraps one for another service.
            (json!({"CloudTrailEvent": api_call.to_string()}).to_string(), vec![call]),
            (json!({"Records": [{"body": envelope.to_string(), "eventSource": "aws:sqs"}]}).to_string(), vec!["Object Created"]),
            (
                json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": api_call.to_string()}}]}).to_string(),
                vec![call],
            ),
            (json!({"Type": "Notification", "Message": envelope.to_string()}).to_string(), vec!["Object Created"]),
            (
                json!({"Messages": [{"Body": json!({"Type": "Notification", "Message": log.to_string()}).to_string()}]})
                    .to_string(),
                vec![call, "AWS Insight via CloudTrail"],
            ),
            (
                json!({"Entries": [{"Source": "warden.replay", "DetailType": call, "Detail": api_call.to_string()}]})
                    .to_string(),
                vec![call],
            ),
            (json!([{"DetailType": "Object Created", "Detail": "{\"a\": 1}"}]).to_string(), vec!["Object Created"]),
            (
                json!({"executionArn": "a", "status": "FAILED", "input": envelope.to_string()}).to_string(),
                vec!["Object Created"],
            ),
        ];
        for (text, kinds) in cases {
            for bytes in [
                text.clone().into_bytes(),
                format!("\u{feff}{text}").into_bytes(),
                gzip(&text),
                [gzip(&text), gzip("\n")].concat(),
            ] {
                let events = RecordedEvent::read("e.json", &bytes).expect(&text);
                assert_eq!(events.iter().map(|event| event.detail_type.as_str()).collect::<Vec<_>>(), kinds, "{text}");
            }
        }
    }

    #[test]
    fn the_detail_is_passed_on_as_it_is() {
        let text = r#"{"detail-type":"T","detail":{"z":1,"a":{"key":"한 \u0000\"글"}}}"#;
        let events = RecordedEvent::parse("e.json", text).unwrap();
        let detail: Value = serde_json::from_str(&events[0].detail).unwrap();
        assert_eq!(detail, json!({"z": 1, "a": {"key": "한 \u{0}\"글"}}));
    }

    #[test]
    fn a_file_is_read_though_one_field_of_one_record_cannot_be() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for odd in [r#""x \ud83d""#, "1e400", &deep] {
            let odd = format!(r#"{{"eventName": "Odd", "eventSource": "s3.amazonaws.com", "a": {odd}}}"#);
            let good = r#"{"eventName": "Good", "eventSource": "s3.amazonaws.com"}"#;
            for text in [
                format!(r#"{{"Records": [{odd}, {good}]}}"#),
                format!("{odd}\n{good}"),
                format!(r"[{}, {good}]", json!({"Body": odd})),
            ] {
                let events = RecordedEvent::parse("e.json", &text).expect(&text);
                let names: Vec<_> = events.iter().map(|event| event.event_name.as_deref()).collect();
                assert_eq!(names, [Some("Odd"), Some("Good")], "{text}");
                assert!(serde_json::from_str::<Value>(&events[0].detail).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn what_an_event_does_not_say_but_an_execution_is_told_is_not_left_out() {
        let event = json!({"version": "0", "id": "v1", "detail-type": "Object Created", "detail": {"action": "none"}});
        let with = |name: &str, value: Value| {
            let mut event = event.clone();
            event[name] = value;
            event
        };
        for input in
            [with("backfill", json!("b-20261127T100000Z-000")), with("action", json!("none")), with("action", json!(1))]
        {
            for text in
                [input.to_string(), json!([event, input]).to_string(), json!({"input": input.to_string()}).to_string()]
            {
                let error = RecordedEvent::parse("e.json", &text).expect_err(&text).to_string();
                assert!(error.contains("warden deploy start"), "{error}");
                assert!(!error.contains("holds no recorded event"), "{error}");
            }
        }
        for input in
            [event.clone(), with("backfill", Value::Null), with("again", json!(true)), with("replay-name", json!("r"))]
        {
            assert_eq!(RecordedEvent::parse("e.json", &input.to_string()).map(|events| events.len()), Ok(1), "{input}");
        }
    }

    #[test]
    fn what_is_no_event_says_what_it_lacks() {
        let cut = gzip(&record("AwsApiCall").to_string());
        let cases: [(&[u8], &str); 27] = [
            (b"{", "e.json is not JSON: "),
            (b"", "e.json is not JSON: it is empty"),
            (b"\xef\xbb\xbf\n", "e.json is not JSON: it is empty"),
            (b"\xff\xfe{\0}\0", "e.json is not JSON: it is UTF-16. Save it as UTF-8"),
            (&cut[..cut.len() - 9], "e.json is not JSON: it is gzip that cannot be unpacked, or was cut short"),
            (b"{\"detail-type\":\"T\",\"detail\":{}}\n{", "e.json is not JSON: "),
            (b"\"\xff\"", "e.json is not JSON: it is not UTF-8"),
            (b"[]", "e.json holds no recorded event: it is an array, not a JSON object"),
            (b"{}", "e.json holds no recorded event: its `eventName` is missing"),
            (br#"{"detail":{}}"#, "it lacks `detail-type`"),
            (br#"{"detail-type":"T"}"#, "its `detail-type` is not text, or its `detail` is not an object"),
            (br#"{"detail-type":"T","detail":"text"}"#, "or its `detail` is not an object"),
            (br#"{"eventName":7}"#, "its `eventName` is a number, not a string"),
            (br#"{"Records":[]}"#, "its `Records` are empty"),
            (br#"{"Records":[1]}"#, "it is a number, not a JSON object"),
            (br#"{"Messages":[{"Body":"text"}]}"#, "what it lists holds no event"),
            (br#"{"events":[{"message":"started"}]}"#, "what it lists holds no event"),
            (br#"{"QueryResultRows":[[{"eventName":"X"}]]}"#, "it holds rows of a query in CloudTrail Lake"),
            (br#"{"awslogs":{"data":"H4sI"}}"#, "it is a message of a CloudWatch Logs subscription"),
            (br#"{"Type":"Notification","Message":"text"}"#, "what it lists holds no event"),
            (br#"{"Sns":{}}"#, "it is a message of SNS"),
            (br#"{"DetailType":"T","Detail":"text"}"#, "it is an entry of PutEvents"),
            (br#"{"executionArn":"a","status":"FAILED"}"#, "it is what DescribeExecution answers"),
            (br#"{"class_uid":6003}"#, "it is an event of Security Lake"),
            (
                br#"{"eventName":"X","userIdentity":"{type=Root}"}"#,
                "its `userIdentity` is a text that begins like JSON",
            ),
            (br#"{"eventname":"ObjectCreated:Put","eventsource":"aws:s3"}"#, "is a record of S3's own notification"),
            (
                br#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}]}"#,
                "is a record of S3's own notification",
            ),
        ];
        for (bytes, part) in cases {
            let text = String::from_utf8_lossy(bytes);
            let message = RecordedEvent::read("e.json", bytes).expect_err(&text).to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn an_event_is_called_by_its_name_or_its_detail_type() {
        let event = |name: &str| RecordedEvent {
            file: String::new(),
            detail_type: "AWS API Call via CloudTrail".into(),
            event_name: Some(name.into()),
            detail: String::new(),
        };
        for (pattern, is_called) in [
            ("PutObject", true),
            ("putobject", true),
            ("Put*", true),
            ("*Object", true),
            ("P*O*t", true),
            ("*", true),
            ("AWS API Call*", true),
            ("Put", false),
            ("*Put", false),
            ("PutObject*PutObject", false),
            ("*ct*ct", false),
            ("", false),
        ] {
            assert_eq!(event("PutObject").is_called(pattern), is_called, "{pattern}");
        }
    }
}
