//! Recorded events, out of the files in which people have them.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use crate::ReplayError;

/// How gzip begins.
const GZIP: &[u8] = b"\x1f\x8b";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The most bytes that a file unpacks to. `CloudTrail`'s are a few megabytes.
const MOST_BYTES: u64 = 256 << 20;

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
    /// rows of a table of them with names in small letters, and what `cloudtrail lookup-events`, `sqs
    /// receive-message`, `logs get-log-events` and `logs filter-log-events` print. A digest file, which lies
    /// beside log files, holds none.
    ///
    /// # Errors
    /// When it holds anything else.
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
        let mut events = Vec::new();
        for document in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
            let document = document.map_err(|error| not_json(error.to_string()))?;
            Self::collect(file, &document, &mut events)
                .map_err(|problem| ReplayError::NoEvent { file: file.to_owned(), problem })?;
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

    fn collect(file: &str, value: &Value, events: &mut Vec<Self>) -> Result<(), &'static str> {
        let list = |name: &str| value.get(name).and_then(Value::as_array);
        if let Some(values) = value.as_array().filter(|values| !values.is_empty()) {
            values.iter().try_for_each(|value| Self::collect(file, value, events))
        } else if let Some(records) = list("Records") {
            if records.is_empty() {
                return Err("its `Records` are empty");
            }
            records.iter().try_for_each(|record| Self::collect(file, record, events))
        } else if let Some(found) = list("Events") {
            found.iter().try_for_each(|event| Self::collect_text(file, &event["CloudTrailEvent"], events))
        } else if let Some(messages) = list("Messages") {
            messages.iter().try_for_each(|message| Self::collect_text(file, &message["Body"], events))
        } else if let Some(logged) = list("events").or_else(|| list("logEvents")) {
            logged.iter().try_for_each(|event| Self::collect_text(file, &event["message"], events))
        } else if value["QueryResultRows"].is_array() {
            Err("it is the answer of a query in CloudTrail Lake. Save each row as an object of its columns")
        } else if is_digest(value) {
            Ok(())
        } else {
            events.push(Self::of(file, value)?);
            Ok(())
        }
    }

    /// An event that stands as JSON in a text.
    fn collect_text(file: &str, text: &Value, events: &mut Vec<Self>) -> Result<(), &'static str> {
        let inner = text.as_str().and_then(|text| serde_json::from_str(text).ok());
        Self::collect(file, &inner.ok_or("what it lists holds no event")?, events)
    }

    fn of(file: &str, value: &Value) -> Result<Self, &'static str> {
        let (detail_type, detail) = match (value.get("detail-type"), value.get("detail")) {
            (Some(Value::String(kind)), Some(detail @ Value::Object(_))) => (kind.as_str(), detail),
            (Some(_), _) => return Err("its `detail-type` is not text, or its `detail` is not an object"),
            (None, Some(_)) => return Err("it lacks `detail-type`"),
            (None, None) if field(value, "eventName").is_some() && field(value, "eventSource").is_some() => {
                // S3's own notifications have these fields too, and are no record.
                if field(value, "eventSource").is_some_and(|source| source.starts_with("aws:")) {
                    return Err("it is a notification of S3's own");
                }
                (detail_type_of(value), value)
            }
            (None, None) => return Err("it lacks `detail`"),
        };
        Ok(Self {
            file: file.to_owned(),
            detail_type: detail_type.to_owned(),
            event_name: field(detail, "eventName").map(str::to_owned),
            detail: detail.to_string(),
        })
    }
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
    fn what_is_no_event_says_what_it_lacks() {
        let cut = gzip(&record("AwsApiCall").to_string());
        let cases: [(&[u8], &str); 19] = [
            (b"{", "e.json is not JSON: "),
            (b"", "e.json is not JSON: it is empty"),
            (b"\xef\xbb\xbf\n", "e.json is not JSON: it is empty"),
            (b"\xff\xfe{\0}\0", "e.json is not JSON: it is UTF-16. Save it as UTF-8"),
            (&cut[..cut.len() - 9], "e.json is not JSON: it is gzip that cannot be unpacked, or was cut short"),
            (b"{\"detail-type\":\"T\",\"detail\":{}}\n{", "e.json is not JSON: "),
            (b"[]", "e.json holds no recorded event: it lacks `detail`. An event has "),
            (b"{}", "it lacks `detail`"),
            (br#"{"detail":{}}"#, "it lacks `detail-type`"),
            (br#"{"detail-type":"T"}"#, "its `detail-type` is not text, or its `detail` is not an object"),
            (br#"{"detail-type":"T","detail":"text"}"#, "or its `detail` is not an object"),
            (br#"{"eventName":"X"}"#, "it lacks `detail`"),
            (br#"{"Records":[]}"#, "its `Records` are empty"),
            (br#"{"Records":[1]}"#, "it lacks `detail`"),
            (br#"{"Messages":[{"Body":"text"}]}"#, "what it lists holds no event"),
            (br#"{"events":[{"message":"started"}]}"#, "what it lists holds no event"),
            (br#"{"QueryResultRows":[[{"eventName":"X"}]]}"#, "it is the answer of a query in CloudTrail Lake"),
            (br#"{"eventname":"ObjectCreated:Put","eventsource":"aws:s3"}"#, "it is a notification of S3's own"),
            (
                br#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}]}"#,
                "it is a notification of S3's own",
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
