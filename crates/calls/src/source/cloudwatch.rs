//! Records in CloudWatch Logs.

use serde::Deserialize;
use serde_json::json;
use warden_call_errors::CallError;
use warden_control_plane::{Call, ControlPlane};

use crate::collector::Collector;
use crate::{Error, Query};

const FILTER_LOG_EVENTS: &str = "logs:FilterLogEvents";

/// What Bedrock writes to see whether it may.
const PERMISSION_CHECK: &str = "Permissions are correctly set for Amazon Bedrock logs";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<LogEvent>,
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LogEvent {
    log_stream_name: String,
    event_id: String,
    message: Option<String>,
}

/// Reads the records of the asked time.
pub(crate) async fn read(
    logs: &ControlPlane,
    group: &str,
    query: &Query,
    collector: &mut Collector<'_>,
) -> Result<(), Error> {
    let filter = &query.filter;
    let mut asked = json!({"logGroupName": group});
    // The time of an event is near the record's own, which decides.
    if let Some(since) = filter.since {
        asked["startTime"] = since.minus_an_hour().millis().into();
    }
    if let Some(until) = filter.until {
        asked["endTime"] = until.plus_an_hour().millis().into();
    }
    loop {
        let answer = logs.call(Call::rpc("Logs_20140328.FilterLogEvents", &asked)).await;
        let answer = answer.map_err(|error| CallError::new(FILTER_LOG_EVENTS, &error))?;
        let page: Page = serde_json::from_value(answer).map_err(|_| CallError::NotAws {
            action: FILTER_LOG_EVENTS,
            problem: "a page of events is none".to_owned(),
        })?;
        for LogEvent { log_stream_name, event_id, message } in page.events {
            let place = format!("{group} {log_stream_name} event {event_id}");
            match message {
                Some(message) if message.trim_start().starts_with(PERMISSION_CHECK) => {}
                Some(message) => collector.bytes(&place, None, message.as_bytes()),
                None => collector.unread(place, "the event has no message".to_owned()),
            }
        }
        match page.next_token {
            Some(token) if asked["nextToken"] != token.as_str() => asked["nextToken"] = token.into(),
            _ => return Ok(()),
        }
    }
}
