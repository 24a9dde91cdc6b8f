//! How long states wait and how often they try again.

use std::ops::RangeInclusive;

use aws_sdk_sfn::primitives::{DateTime, DateTimeFormat};
use jsonc_parser::ast::{Object, Value};

use super::fields::QueryLanguage;
use super::{Checker, child, is_expression};

/// The longest time that Step Functions takes, in seconds: three years and two months.
const MAX_SECONDS: i64 = 99_999_999;
/// The longest time between two tries, in seconds: a year.
const MAX_DELAY_SECONDS: i64 = 31_622_400;

impl Checker<'_> {
    /// A Wait state waits in exactly one way.
    pub(super) fn wait(&mut self, state: &Object<'_>, language: QueryLanguage, location: &str) {
        let ways = ["Seconds", "Timestamp", "SecondsPath", "TimestampPath"];
        if ways.iter().filter(|way| state.get(way).is_some()).count() != 1 {
            self.schema(state, location, "a Wait state needs either `Seconds` or `Timestamp`, or one of their paths");
        }
        self.whole(state, "Seconds", 0..=MAX_SECONDS, language, location);
        if let Some(field) = state.get("Timestamp")
            && !is_expression(&field.value, language)
            && !field.value.as_string_lit().is_some_and(|text| is_timestamp(&text.value))
        {
            let message = "must be a time with its zone, such as `2026-11-26T09:00:00Z`";
            self.schema(&field.value, &child(location, "Timestamp"), message);
        }
    }

    /// `TimeoutSeconds` and `HeartbeatSeconds`.
    pub(super) fn timeouts(&mut self, state: &Object<'_>, language: QueryLanguage, location: &str) {
        let timeout = self.whole(state, "TimeoutSeconds", 1..=MAX_SECONDS, language, location);
        let heartbeat = self.whole(state, "HeartbeatSeconds", 1..=MAX_SECONDS, language, location);
        if let (Some(timeout), Some(heartbeat), Some(field)) = (timeout, heartbeat, state.get("HeartbeatSeconds"))
            && heartbeat >= timeout
        {
            self.schema(field, &child(location, "HeartbeatSeconds"), "must be smaller than `TimeoutSeconds`");
        }
    }

    /// How many items of a Map state are worked on at once, and how many may fail.
    pub(super) fn tolerances(&mut self, state: &Object<'_>, language: QueryLanguage, location: &str) {
        self.whole(state, "MaxConcurrency", 0..=i64::MAX, language, location);
        self.whole(state, "ToleratedFailureCount", 0..=i64::MAX, language, location);
        if let Some(field) = state.get("ToleratedFailurePercentage")
            && !is_expression(&field.value, language)
            && !number(&field.value).is_some_and(|percent| (0.0..=100.0).contains(&percent))
        {
            let location = child(location, "ToleratedFailurePercentage");
            self.schema(&field.value, &location, "must be a number from 0 to 100");
        }
    }

    /// When a retrier tries again.
    pub(super) fn retrier(&mut self, retrier: &Object<'_>, location: &str) {
        // No field of a retrier may be an expression.
        let language = QueryLanguage::JsonPath;
        let interval = self.whole(retrier, "IntervalSeconds", 1..=MAX_SECONDS, language, location);
        self.whole(retrier, "MaxAttempts", 0..=MAX_SECONDS, language, location);
        let longest = self.whole(retrier, "MaxDelaySeconds", 1..=MAX_DELAY_SECONDS, language, location);
        if let (Some(longest), Some(field)) = (longest, retrier.get("MaxDelaySeconds"))
            && longest <= interval.unwrap_or(1)
        {
            self.schema(field, &child(location, "MaxDelaySeconds"), "must be greater than `IntervalSeconds`");
        }
        if let Some(field) = retrier.get("BackoffRate")
            && !number(&field.value).is_some_and(|rate| rate >= 1.0)
        {
            self.schema(&field.value, &child(location, "BackoffRate"), "must be a number, 1.0 or greater");
        }
        if let Some(field) = retrier.get("JitterStrategy")
            && !field.value.as_string_lit().is_some_and(|name| matches!(name.value.as_ref(), "FULL" | "NONE"))
        {
            self.schema(&field.value, &child(location, "JitterStrategy"), "must be `FULL` or `NONE`");
        }
    }

    /// The whole number of a field, if it has one; what is no such number is reported.
    pub(super) fn whole(
        &mut self,
        object: &Object<'_>,
        field: &str,
        range: RangeInclusive<i64>,
        language: QueryLanguage,
        location: &str,
    ) -> Option<i64> {
        let value = &object.get(field)?.value;
        if is_expression(value, language) {
            return None;
        }
        let found = value.as_number_lit().and_then(|number| number.value.parse().ok());
        if found.is_some_and(|found| range.contains(&found)) {
            return found;
        }
        let (least, most) = range.into_inner();
        let message = if most == i64::MAX {
            format!("must be a whole number, {least} or greater")
        } else {
            format!("must be a whole number from {least} to {most}")
        };
        self.schema(value, &child(location, field), &message);
        None
    }
}

fn number(value: &Value<'_>) -> Option<f64> {
    value.as_number_lit()?.value.parse().ok()
}

fn is_timestamp(text: &str) -> bool {
    text.contains('T') && DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset).is_ok()
}

#[cfg(test)]
mod tests {
    use crate::check::check;

    fn findings(state: &str) -> Vec<String> {
        let definition =
            format!(r#"{{"QueryLanguage": "JSONata", "StartAt": "A", "States": {{"A": {{{state}, "End": true}}}}}}"#);
        check("f", &definition).iter().map(|found| format!("{}: {}", found.location, found.message)).collect()
    }

    #[test]
    fn a_wait_is_a_time_that_step_functions_can_wait() {
        let seconds = "/States/A/Seconds: must be a whole number from 0 to 99999999";
        let timestamp = "/States/A/Timestamp: must be a time with its zone, such as `2026-11-26T09:00:00Z`";
        let either = "/States/A: a Wait state needs either `Seconds` or `Timestamp`, or one of their paths";
        for (fields, expected) in [
            (r#""Seconds": 0"#, vec![]),
            (r#""Seconds": 99999999"#, vec![]),
            (r#""Seconds": "{% $states.input.wait %}""#, vec![]),
            (r#""Timestamp": "2026-11-26T09:00:00Z""#, vec![]),
            (r#""Timestamp": "2026-11-26T09:00:00.5+09:00""#, vec![]),
            (r#""Timestamp": "{% $states.input.at %}""#, vec![]),
            (r#""Seconds": -1"#, vec![seconds]),
            (r#""Seconds": 100000000"#, vec![seconds]),
            (r#""Seconds": 1.5"#, vec![seconds]),
            (r#""Seconds": "10""#, vec![seconds]),
            (r#""Seconds": 99999999999999999999"#, vec![seconds]),
            (r#""Timestamp": "tomorrow""#, vec![timestamp]),
            (r#""Timestamp": "2026-11-26""#, vec![timestamp]),
            (r#""Timestamp": 5"#, vec![timestamp]),
            (r#""Comment": """#, vec![either]),
            (r#""Seconds": 1, "Timestamp": "2026-11-26T09:00:00Z""#, vec![either]),
        ] {
            assert_eq!(findings(&format!(r#""Type": "Wait", {fields}"#)), expected, "{fields}");
        }
    }

    #[test]
    fn a_task_has_time() {
        let whole = |field: &str| format!("/States/A/{field}: must be a whole number from 1 to 99999999");
        for (fields, expected) in [
            (r#""TimeoutSeconds": 10, "HeartbeatSeconds": 9"#, vec![]),
            (r#""TimeoutSeconds": "{% $states.input.t %}""#, vec![]),
            (r#""TimeoutSeconds": 0"#, vec![whole("TimeoutSeconds")]),
            (r#""TimeoutSeconds": -5"#, vec![whole("TimeoutSeconds")]),
            (r#""HeartbeatSeconds": true"#, vec![whole("HeartbeatSeconds")]),
            (
                r#""TimeoutSeconds": 10, "HeartbeatSeconds": 10"#,
                vec!["/States/A/HeartbeatSeconds: must be smaller than `TimeoutSeconds`".to_owned()],
            ),
        ] {
            let state = format!(r#""Type": "Task", "Resource": "arn:aws:states:::sns:publish", {fields}"#);
            assert_eq!(findings(&state), expected, "{fields}");
        }
    }

    #[test]
    fn a_retrier_waits_and_tries_within_bounds() {
        for (fields, expected) in [
            (
                r#""IntervalSeconds": 1, "MaxAttempts": 0, "BackoffRate": 1, "MaxDelaySeconds": 2, "JitterStrategy": "FULL""#,
                "",
            ),
            (r#""IntervalSeconds": 0"#, "IntervalSeconds: must be a whole number from 1 to 99999999"),
            (r#""IntervalSeconds": "{% 1 %}""#, "IntervalSeconds: must be a whole number from 1 to 99999999"),
            (r#""MaxAttempts": -1"#, "MaxAttempts: must be a whole number from 0 to 99999999"),
            (r#""BackoffRate": 0.5"#, "BackoffRate: must be a number, 1.0 or greater"),
            (r#""MaxDelaySeconds": 31622401"#, "MaxDelaySeconds: must be a whole number from 1 to 31622400"),
            (
                r#""IntervalSeconds": 5, "MaxDelaySeconds": 5"#,
                "MaxDelaySeconds: must be greater than `IntervalSeconds`",
            ),
            (r#""JitterStrategy": "HALF""#, "JitterStrategy: must be `FULL` or `NONE`"),
            (r#""Interval": 1"#, "Interval: a retrier has no field `Interval`"),
        ] {
            let state = format!(
                r#""Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Retry": [{{"ErrorEquals": ["X"], {fields}}}]"#
            );
            let expected: Vec<_> =
                (!expected.is_empty()).then(|| format!("/States/A/Retry/0/{expected}")).into_iter().collect();
            assert_eq!(findings(&state), expected, "{fields}");
        }
    }
}
