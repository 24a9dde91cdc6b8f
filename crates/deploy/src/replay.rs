//! Puts recorded events on the stack's replay bus, and finds what they start.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use aws_types::SdkConfig;
use serde_json::Value;
use tokio::time::Instant;

use crate::{CallError, Deployer, Error};

/// The source that the replay bus takes.
const SOURCE: &str = "warden.replay";
/// How many events one call takes.
const BATCH: usize = 10;
/// How often it is looked for an execution.
const PAUSE: Duration = Duration::from_secs(1);
/// How many executions are looked through.
const LISTED: i32 = 100;

/// Why events cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The text is not JSON.
    #[error("{file} is not JSON: {problem}")]
    NotJson {
        /// The file.
        file: String,
        /// Why not.
        problem: String,
    },
    /// The JSON is none of the shapes that a recorded event has.
    #[error(
        "{file} holds no recorded event: {problem}. An event has `detail-type` and `detail`, a CloudTrail record `eventName` and `eventSource`, a CloudTrail log file `Records`"
    )]
    NoEvent {
        /// The file.
        file: String,
        /// What it lacks.
        problem: &'static str,
    },
    /// The bus refused an event.
    #[error("the bus {bus} refused the event of {file}: {problem}")]
    Refused {
        /// The bus.
        bus: String,
        /// The file.
        file: String,
        /// Why.
        problem: String,
    },
}

/// A recorded event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The file that it comes from, as messages name it.
    pub file: String,
    /// EventBridge's `detail-type`, unchanged.
    pub detail_type: String,
    /// EventBridge's `detail`, unchanged, as JSON.
    pub detail: String,
}

/// An event that the bus took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The file that it comes from.
    pub file: String,
    /// The id that EventBridge gave it.
    pub event_id: String,
}

impl RecordedEvent {
    /// The events of a file: an EventBridge event, a bare CloudTrail record, or
    /// a CloudTrail log file with many.
    ///
    /// # Errors
    /// When it holds none.
    pub fn parse(file: &str, text: &str) -> Result<Vec<Self>, ReplayError> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| ReplayError::NotJson { file: file.to_owned(), problem: error.to_string() })?;
        let no_event = |problem| ReplayError::NoEvent { file: file.to_owned(), problem };
        let records = match value.get("Records") {
            Some(Value::Array(records)) if records.is_empty() => return Err(no_event("its `Records` are empty")),
            Some(Value::Array(records)) => records.iter().collect(),
            _ => vec![&value],
        };
        records.into_iter().map(|record| Self::of(file, record).map_err(no_event)).collect()
    }

    fn of(file: &str, value: &Value) -> Result<Self, &'static str> {
        let (detail_type, detail) = match (value.get("detail-type"), value.get("detail")) {
            (Some(Value::String(kind)), Some(detail @ Value::Object(_))) => (kind.as_str(), detail),
            (Some(_), _) => return Err("its `detail-type` is no text, or its `detail` no object"),
            (None, Some(_)) => return Err("it lacks `detail-type`"),
            (None, None) if value["eventName"].is_string() && value["eventSource"].is_string() => {
                (detail_type_of(value), value)
            }
            (None, None) => return Err("it lacks `detail`"),
        };
        Ok(Self { file: file.to_owned(), detail_type: detail_type.to_owned(), detail: detail.to_string() })
    }
}

/// The `detail-type` under which EventBridge delivers a CloudTrail record.
fn detail_type_of(record: &Value) -> &'static str {
    match record["eventType"].as_str() {
        Some("AwsConsoleSignIn") => "AWS Console Sign In via CloudTrail",
        Some("AwsServiceEvent") => "AWS Service Event via CloudTrail",
        Some("AwsCloudTrailInsight") => "AWS Insight via CloudTrail",
        _ => "AWS API Call via CloudTrail",
    }
}

/// Puts recorded events on a stack's replay bus.
#[derive(Clone, Debug)]
pub struct Replayer {
    events: aws_sdk_eventbridge::Client,
    deployer: Deployer,
}

impl Replayer {
    /// A replayer with the credentials, Region and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { events: aws_sdk_eventbridge::Client::new(config), deployer: Deployer::new(config) }
    }

    /// Puts the events on the stack's replay bus, in their order.
    ///
    /// # Errors
    /// When the stack has no such bus, the bus refuses one, or a call fails.
    /// Events before that one have been put.
    pub async fn put(&self, stack: &str, events: &[RecordedEvent]) -> Result<Vec<Replayed>, Error> {
        let stack = self.deployer.stack(stack).await?;
        let bus = stack.output("ReplayBusName", "the replay of events")?;
        let mut replayed = Vec::with_capacity(events.len());
        for batch in events.chunks(BATCH) {
            let entries = batch.iter().map(|event| entry(bus, event)).collect();
            let answer = self
                .events
                .put_events()
                .set_entries(Some(entries))
                .send()
                .await
                .map_err(|error| CallError::new("events:PutEvents", &error))?;
            let answers = answer.entries.unwrap_or_default();
            for (at, event) in batch.iter().enumerate() {
                replayed.push(taken(bus, event, answers.get(at))?);
            }
        }
        Ok(replayed)
    }

    /// Waits until each event has started an execution, no longer than `limit`;
    /// the executions by the events' ids.
    ///
    /// # Errors
    /// When nothing was deployed, or a call fails.
    pub async fn executions(
        &self,
        stack: &str,
        replayed: &[Replayed],
        limit: Duration,
    ) -> Result<BTreeMap<String, String>, Error> {
        let machine_arn = self.deployer.stack(stack).await?.machine_arn()?;
        let begun = Instant::now();
        let mut inputs = BTreeMap::new();
        loop {
            for listed in self.deployer.newest_executions(&machine_arn, LISTED).await? {
                if let Entry::Vacant(unknown) = inputs.entry(listed.execution_arn) {
                    let described = self.deployer.describe(unknown.key()).await?;
                    unknown.insert(event_id(described.input.as_deref()));
                }
            }
            let found: BTreeMap<_, _> = replayed
                .iter()
                .filter_map(|event| {
                    let (arn, _) = inputs.iter().find(|(_, id)| id.as_ref() == Some(&event.event_id))?;
                    Some((event.event_id.clone(), arn.clone()))
                })
                .collect();
            if found.len() == replayed.len() || begun.elapsed() >= limit {
                return Ok(found);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn entry(bus: &str, event: &RecordedEvent) -> PutEventsRequestEntry {
    PutEventsRequestEntry::builder()
        .event_bus_name(bus)
        .source(SOURCE)
        .detail_type(&event.detail_type)
        .detail(&event.detail)
        .build()
}

fn taken(bus: &str, event: &RecordedEvent, answer: Option<&PutEventsResultEntry>) -> Result<Replayed, Error> {
    if let Some(event_id) = answer.and_then(|answer| answer.event_id.clone()) {
        return Ok(Replayed { file: event.file.clone(), event_id });
    }
    let problem = answer.and_then(|answer| answer.error_message.as_ref().or(answer.error_code.as_ref()));
    Err(ReplayError::Refused {
        bus: bus.to_owned(),
        file: event.file.clone(),
        problem: problem.map_or("it gave no reason", String::as_str).to_owned(),
    }
    .into())
}

/// The id of the event that an execution was started with.
fn event_id(input: Option<&str>) -> Option<String> {
    let input: Value = serde_json::from_str(input?).ok()?;
    Some(input.get("id")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_bare_records_and_log_files_are_events() {
        let record =
            |kind: &str| format!(r#"{{"eventName":"X","eventSource":"s3.amazonaws.com","eventType":"{kind}"}}"#);
        let cases = [
            (
                r#"{"source":"aws.s3","detail-type":"Object Created","detail":{"a":1}}"#.to_owned(),
                vec!["Object Created"],
            ),
            (record("AwsApiCall"), vec!["AWS API Call via CloudTrail"]),
            (record("AwsConsoleSignIn"), vec!["AWS Console Sign In via CloudTrail"]),
            (record("AwsServiceEvent"), vec!["AWS Service Event via CloudTrail"]),
            (
                format!(r#"{{"Records":[{},{}]}}"#, record("AwsApiCall"), record("AwsCloudTrailInsight")),
                vec!["AWS API Call via CloudTrail", "AWS Insight via CloudTrail"],
            ),
        ];
        for (text, kinds) in cases {
            let events = RecordedEvent::parse("e.json", &text).expect(&text);
            assert_eq!(events.iter().map(|event| event.detail_type.as_str()).collect::<Vec<_>>(), kinds);
        }
    }

    #[test]
    fn the_detail_is_passed_on_as_it_is() {
        let text = r#"{"detail-type":"T","detail":{"z":1,"a":{"key":"한 \u0000\"글"}}}"#;
        let events = RecordedEvent::parse("e.json", text).unwrap();
        let detail: Value = serde_json::from_str(&events[0].detail).unwrap();
        assert_eq!(detail, serde_json::json!({"z": 1, "a": {"key": "한 \u{0}\"글"}}));
    }

    #[test]
    fn what_is_no_event_says_what_it_lacks() {
        let cases = [
            ("{", "e.json is not JSON: "),
            ("[]", "e.json holds no recorded event: it lacks `detail`. An event has "),
            ("{}", "it lacks `detail`"),
            (r#"{"detail":{}}"#, "it lacks `detail-type`"),
            (r#"{"detail-type":"T"}"#, "its `detail-type` is no text, or its `detail` no object"),
            (r#"{"detail-type":"T","detail":"text"}"#, "its `detail` no object"),
            (r#"{"eventName":"X"}"#, "it lacks `detail`"),
            (r#"{"Records":[]}"#, "its `Records` are empty"),
            (r#"{"Records":[1]}"#, "it lacks `detail`"),
        ];
        for (text, part) in cases {
            let message = RecordedEvent::parse("e.json", text).expect_err(text).to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn an_execution_belongs_to_the_event_whose_id_its_input_has() {
        assert_eq!(event_id(Some(r#"{"id":"e-1"}"#)).as_deref(), Some("e-1"));
        for input in [None, Some(""), Some("{}"), Some(r#"{"id":1}"#), Some("[]")] {
            assert_eq!(event_id(input), None, "{input:?}");
        }
    }
}
