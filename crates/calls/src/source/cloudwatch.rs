//! Records in CloudWatch Logs.

use aws_sdk_cloudwatchlogs::Client;
use warden_call_errors::CallError;

use crate::collector::Collector;
use crate::{Error, Query};

const FILTER_LOG_EVENTS: &str = "logs:FilterLogEvents";

/// What Bedrock writes to see whether it may.
const PERMISSION_CHECK: &str = "Permissions are correctly set for Amazon Bedrock logs";

/// Reads the records of the asked time.
pub(crate) async fn read(
    client: &Client,
    group: &str,
    query: &Query,
    collector: &mut Collector<'_>,
) -> Result<(), Error> {
    let filter = &query.filter;
    let request = client
        .filter_log_events()
        .log_group_name(group)
        // The time of an event is near the record's own, which decides.
        .set_start_time(filter.since.map(|since| since.minus_an_hour().millis()))
        .set_end_time(filter.until.map(|until| until.plus_an_hour().millis()));
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(FILTER_LOG_EVENTS, &error))?;
        for event in page.events.unwrap_or_default() {
            let stream = event.log_stream_name.unwrap_or_default();
            let id = event.event_id.unwrap_or_default();
            let place = format!("{group} {stream} event {id}");
            match event.message {
                Some(message) if message.trim_start().starts_with(PERMISSION_CHECK) => {}
                Some(message) => collector.bytes(&place, None, message.as_bytes()),
                None => collector.unread(place, "the event has no message".to_owned()),
            }
        }
    }
    Ok(())
}
