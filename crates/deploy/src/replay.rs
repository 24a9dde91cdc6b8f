//! Puts recorded events on the stack's replay bus, and finds what they start.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_types::SdkConfig;
use serde_json::{Value, json};
use warden_call_errors::CallError;
use warden_control_plane::{Call, ControlPlane, Service};

use crate::{Deployer, Error, RecordedEvent};

/// The source that the replay bus takes.
const SOURCE: &str = "warden.replay";
/// How many events one call takes, and how many bytes of them.
const BATCH: usize = 10;
const BATCH_BYTES: usize = 256 << 10;
/// What is counted of an event besides its texts, generously.
const ENTRY_BYTES: usize = 1 << 10;

/// Why events cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The text is not JSON.
    #[error("{file} is not JSON: {problem}")]
    NotJson {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The JSON has none of the shapes of a recorded event.
    #[error(
        "{file} holds no recorded event: {problem}. An event has `detail-type` and `detail`, a CloudTrail record `eventName` and `eventSource`, a CloudTrail log file `Records`"
    )]
    NoEvent {
        /// The file.
        file: String,
        /// What it lacks.
        problem: String,
    },
    /// The event is the input of an execution, with what a bus does not pass on.
    #[error(
        "{file} is more than an event: `{member}` beside its `detail` says how it is to be audited, as in the input of an audit that a backfill or a sweep started. A replay would leave that out, and act by the policy. `warden backfill resume ID` audits again what failed in a backfill; `warden deploy start --event FILE` takes this input as it is"
    )]
    MoreThanAnEvent {
        /// The file.
        file: String,
        /// The member.
        member: &'static str,
    },
    /// The bus refused an event.
    #[error("the bus {bus} refused the event of {file}: {problem}")]
    Refused {
        /// The bus.
        bus: String,
        /// The file.
        file: String,
        /// What EventBridge says, by its error code.
        problem: String,
    },
}

/// An event that the bus took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The file that it comes from.
    pub file: String,
    /// The id that EventBridge gave it.
    pub event_id: String,
}

/// Puts recorded events on a stack's replay bus.
#[derive(Clone, Debug)]
pub struct Replayer {
    events: ControlPlane,
    deployer: Deployer,
}

impl Replayer {
    /// A replayer with the credentials, Region and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { events: ControlPlane::new(config, Service::EVENT_BRIDGE), deployer: Deployer::new(config) }
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
        for batch in batches(events) {
            let entries: Vec<_> = batch.iter().map(|event| entry(bus, event)).collect();
            let call = Call::rpc("AWSEvents.PutEvents", &json!({"Entries": entries}));
            let answer = self.events.call(call).await.map_err(|error| CallError::new("events:PutEvents", &error))?;
            for (at, event) in batch.iter().enumerate() {
                replayed.push(taken(bus, event, &answer["Entries"][at])?);
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
        let wanted = replayed.iter().map(|event| event.event_id.clone());
        self.deployer.started_by(&machine_arn, wanted, event_id, limit).await
    }
}

/// The events in their order, as many at a time as one call takes.
fn batches(events: &[RecordedEvent]) -> Vec<&[RecordedEvent]> {
    let mut batches = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (at, event) in events.iter().enumerate() {
        let size = event.detail.len() + event.detail_type.len() + ENTRY_BYTES;
        if at > begin && (at - begin == BATCH || bytes + size > BATCH_BYTES) {
            batches.push(&events[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += size;
    }
    if begin < events.len() {
        batches.push(&events[begin..]);
    }
    batches
}

fn entry(bus: &str, event: &RecordedEvent) -> Value {
    json!({"EventBusName": bus, "Source": SOURCE, "DetailType": event.detail_type, "Detail": event.detail})
}

fn taken(bus: &str, event: &RecordedEvent, answer: &Value) -> Result<Replayed, Error> {
    if let Some(event_id) = answer["EventId"].as_str() {
        return Ok(Replayed { file: event.file.clone(), event_id: event_id.to_owned() });
    }
    let problem = answer["ErrorMessage"].as_str().or_else(|| answer["ErrorCode"].as_str());
    Err(ReplayError::Refused {
        bus: bus.to_owned(),
        file: event.file.clone(),
        problem: problem.unwrap_or("it gave no reason").to_owned(),
    }
    .into())
}

/// The id of the event that an execution was started with.
fn event_id(input: &Value) -> Option<String> {
    Some(input.get("id")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_is_neither_too_many_events_nor_too_large() {
        let event = |bytes: usize| RecordedEvent {
            file: String::new(),
            detail_type: String::new(),
            event_name: None,
            detail: "x".repeat(bytes),
        };
        for (sizes, expected) in [
            (vec![1; 25], vec![10, 10, 5]),
            (vec![100_000; 5], vec![2, 2, 1]),
            (vec![300_000, 1, 1], vec![1, 2]),
            (vec![1, 300_000, 1], vec![1, 1, 1]),
            (vec![], vec![]),
        ] {
            let events: Vec<_> = sizes.iter().map(|bytes| event(*bytes)).collect();
            let found: Vec<_> = batches(&events).iter().map(|batch| batch.len()).collect();
            assert_eq!(found, expected, "{sizes:?}");
        }
    }

    #[test]
    fn an_execution_belongs_to_the_event_whose_id_its_input_has() {
        assert_eq!(event_id(&json!({"id": "e-1"})).as_deref(), Some("e-1"));
        for input in [json!(null), json!({}), json!({"id": 1}), json!([])] {
            assert_eq!(event_id(&input), None, "{input:?}");
        }
    }
}
