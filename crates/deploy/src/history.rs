//! An execution's history, state by state: no calls here.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType as Type};
use serde::Serialize;
use warden_call_errors::printable;

use crate::failure::ExecutionFailure;
use crate::time;

/// Something that happened in an execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// When, in RFC 3339.
    pub at: String,
    /// The number of the event in the history.
    pub id: i64,
    /// The state; `None` for what happened to the execution as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub what: Happening,
}

/// What may happen in an execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Happening {
    /// The execution began.
    Started,
    /// A failed execution was taken up again where it failed.
    Redriven,
    /// A state began.
    Entered,
    /// A state's task is tried again.
    Retried {
        /// Which try this is; the first retry is 2.
        attempt: usize,
    },
    /// A state's task, or an expression of it, failed. `Retry` and `Catch` decide what follows.
    Failed {
        /// The error and its cause.
        #[serde(flatten)]
        failure: ExecutionFailure,
    },
    /// A state ended that does something: Choice, Pass and Succeed states take no time.
    Left {
        /// How long it took, in seconds.
        seconds: f64,
    },
    /// The execution ended.
    Ended {
        /// Whether it succeeded.
        status: Ending,
        /// How long it took, in seconds.
        seconds: f64,
        /// Why, unless it succeeded.
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        failure: Option<ExecutionFailure>,
    },
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Ending {
    /// It reached its end.
    Succeeded,
    /// It failed.
    Failed,
    /// It took longer than the definition allows.
    TimedOut,
    /// Somebody stopped it.
    Aborted,
}

/// What happened in an execution, in order.
pub(crate) fn narrate(events: &[HistoryEvent]) -> Vec<Entry> {
    let by_id: HashMap<i64, &HistoryEvent> = events.iter().map(|event| (event.id, event)).collect();
    let mut attempts: HashMap<i64, usize> = HashMap::new();
    let begun = events.first().map(|event| event.timestamp);
    events
        .iter()
        .filter_map(|event| {
            let entered = entry_of(event, &by_id);
            let what = match &event.r#type {
                Type::ExecutionStarted => Happening::Started,
                Type::ExecutionRedriven => Happening::Redriven,
                Type::TaskScheduled | Type::LambdaFunctionScheduled | Type::ActivityScheduled => {
                    let attempt = attempts.entry(entered?.id).or_default();
                    *attempt += 1;
                    if *attempt == 1 {
                        return None;
                    }
                    Happening::Retried { attempt: *attempt }
                }
                _ if event.state_entered_event_details.is_some() => Happening::Entered,
                // These take no time.
                Type::ChoiceStateExited | Type::PassStateExited | Type::SucceedStateExited => return None,
                _ if event.state_exited_event_details.is_some() => Happening::Left {
                    seconds: entered.map_or(0.0, |entered| seconds(&entered.timestamp, &event.timestamp)),
                },
                _ => match (ending(event), failure(event)) {
                    (Some((status, failure)), _) => {
                        let seconds = begun.map_or(0.0, |begun| seconds(&begun, &event.timestamp));
                        Happening::Ended { status, seconds, failure }
                    }
                    (None, Some(failure)) => Happening::Failed { failure },
                    (None, None) => return None,
                },
            };
            let of_a_state = !matches!(what, Happening::Started | Happening::Redriven | Happening::Ended { .. });
            let state = if of_a_state { state(event, entered) } else { None };
            Some(Entry { at: time::rfc3339(&event.timestamp), id: event.id, state, what })
        })
        .collect()
}

/// The event with which the state of `event` began. Branches run side by side,
/// so that it need not be the one before.
fn entry_of<'e>(event: &'e HistoryEvent, by_id: &HashMap<i64, &'e HistoryEvent>) -> Option<&'e HistoryEvent> {
    let name = event.state_exited_event_details.as_ref().map(|details| details.name.as_str());
    let mut at = event;
    loop {
        let entered = at.state_entered_event_details.as_ref();
        if entered.is_some_and(|details| name.is_none_or(|name| details.name == name)) {
            return Some(at);
        }
        // An event that follows none was recorded after the one before it, by an
        // engine that keeps no branches apart.
        let previous = if at.previous_event_id == 0 { at.id - 1 } else { at.previous_event_id };
        // An event's number is greater than that of the one it follows.
        at = by_id.get(&previous).copied().filter(|previous| previous.id < at.id)?;
    }
}

fn state(event: &HistoryEvent, entered: Option<&HistoryEvent>) -> Option<String> {
    let of_expression = event.evaluation_failed_event_details.as_ref().map(|details| details.state.as_str());
    let of_exit = event.state_exited_event_details.as_ref().map(|details| details.name.as_str());
    let of_entry = entered.and_then(|entered| entered.state_entered_event_details.as_ref());
    of_expression.or(of_exit).or(of_entry.map(|details| details.name.as_str())).map(printable)
}

fn ending(event: &HistoryEvent) -> Option<(Ending, Option<ExecutionFailure>)> {
    Some(match &event.r#type {
        Type::ExecutionSucceeded => (Ending::Succeeded, None),
        Type::ExecutionFailed => {
            let details = event.execution_failed_event_details.as_ref();
            (Ending::Failed, details.map(|details| ExecutionFailure::new(details.error(), details.cause())))
        }
        Type::ExecutionTimedOut => {
            let details = event.execution_timed_out_event_details.as_ref();
            let error = details.and_then(|details| details.error()).unwrap_or("States.Timeout");
            (Ending::TimedOut, Some(ExecutionFailure::new(Some(error), details.and_then(|details| details.cause()))))
        }
        Type::ExecutionAborted => {
            let details = event.execution_aborted_event_details.as_ref();
            let said = details.filter(|details| details.error().is_some() || details.cause().is_some());
            (Ending::Aborted, said.map(|details| ExecutionFailure::new(details.error(), details.cause())))
        }
        _ => return None,
    })
}

fn failure(event: &HistoryEvent) -> Option<ExecutionFailure> {
    /// The failure of whichever kind of details the event has.
    macro_rules! first_of {
        ($($details:ident),* $(,)?) => {
            $(if let Some(details) = &event.$details {
                return Some(ExecutionFailure::new(details.error(), details.cause()));
            })*
        };
    }
    first_of!(
        task_failed_event_details,
        task_start_failed_event_details,
        task_submit_failed_event_details,
        lambda_function_failed_event_details,
        lambda_function_schedule_failed_event_details,
        lambda_function_start_failed_event_details,
        activity_failed_event_details,
        activity_schedule_failed_event_details,
        evaluation_failed_event_details,
        map_run_failed_event_details,
    );
    let timed_out = match &event.r#type {
        Type::TaskTimedOut => {
            event.task_timed_out_event_details.as_ref().map(|details| (details.error(), details.cause()))
        }
        Type::LambdaFunctionTimedOut => {
            event.lambda_function_timed_out_event_details.as_ref().map(|details| (details.error(), details.cause()))
        }
        Type::ActivityTimedOut => {
            event.activity_timed_out_event_details.as_ref().map(|details| (details.error(), details.cause()))
        }
        _ => return None,
    };
    let (error, cause) = timed_out.unwrap_or_default();
    Some(ExecutionFailure::new(error.or(Some("States.Timeout")), cause))
}

pub(crate) fn seconds(from: &DateTime, to: &DateTime) -> f64 {
    time::between(from, to).as_secs_f64()
}

impl Entry {
    /// Whether the execution ended with this, and how.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        match self.what {
            Happening::Ended { status, .. } => Some(status),
            _ => None,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Aborted => "was stopped",
        })
    }
}

/// One line: the time of day in UTC, and what happened.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12} ", clock(&self.at))?;
        let state = self.state.as_deref().unwrap_or("a state");
        let words = |seconds: &f64| time::in_words(Duration::from_secs_f64(seconds.max(0.0)));
        match &self.what {
            Happening::Started => f.write_str("started"),
            Happening::Redriven => f.write_str("taken up again"),
            Happening::Entered => f.write_str(state),
            Happening::Retried { attempt } => write!(f, "  {state}: try {attempt}"),
            Happening::Failed { failure } => write!(f, "  {state}: {failure}"),
            Happening::Left { seconds } => write!(f, "  {state}: done in {}", words(seconds)),
            Happening::Ended { status, seconds, failure: None } => write!(f, "{status} after {}", words(seconds)),
            Happening::Ended { status, seconds, failure: Some(failure) } => {
                write!(f, "{status} after {}: {failure}", words(seconds))
            }
        }
    }
}

/// `10:00:00.12` of `2026-11-01T10:00:00.12Z`.
fn clock(at: &str) -> &str {
    at.split_once('T').map_or(at, |(_, time)| time.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::history_events::{Recording, entered, exited};

    fn lines(recording: &Recording) -> Vec<String> {
        narrate(&recording.events).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_history_reads_state_by_state_with_tries_and_errors() {
        let recording = Recording::new()
            .plain(0, Type::ExecutionStarted)
            .with(10, Type::TaskStateEntered, entered("Detect PII"))
            .plain(20, Type::TaskScheduled)
            .task_failed(
                1_500,
                "ModelThrottled",
                r#"{"errorType":"ModelThrottled","errorMessage":"Too many requests"}"#,
            )
            .plain(11_500, Type::TaskScheduled)
            .plain(13_000, Type::TaskSucceeded)
            .with(13_010, Type::TaskStateExited, exited("Detect PII"))
            .with(13_020, Type::ChoiceStateEntered, entered("Verdict?"))
            .with(13_030, Type::ChoiceStateExited, exited("Verdict?"))
            .plain(13_040, Type::ExecutionSucceeded);
        assert_eq!(
            lines(&recording),
            [
                "10:00:00     started",
                "10:00:00.01  Detect PII",
                "10:00:01.5     Detect PII: ModelThrottled: Too many requests (Bedrock's quota is used up: wait, or raise it)",
                "10:00:11.5     Detect PII: try 2",
                "10:00:13.01    Detect PII: done in 13.0 s",
                "10:00:13.02  Verdict?",
                "10:00:13.04  succeeded after 13.0 s",
            ]
        );
    }

    #[test]
    fn every_way_to_end_is_told_with_its_cause() {
        let cases = [
            (Recording::new().plain(0, Type::ExecutionSucceeded), "succeeded after 0 ms"),
            (
                Recording::new().execution_failed(0, "Internal", "Detect PII: out of memory"),
                "failed after 0 ms: Internal: Detect PII: out of memory (the function has a bug or a wrong setting: see its log)",
            ),
            (
                Recording::new().plain(0, Type::ExecutionTimedOut),
                "timed out after 0 ms: States.Timeout (it took longer than is allowed)",
            ),
            (Recording::new().plain(0, Type::ExecutionAborted), "was stopped after 0 ms"),
        ];
        for (recording, expected) in cases {
            assert_eq!(lines(&recording), [format!("10:00:00     {expected}")]);
        }
    }

    #[test]
    fn a_task_that_timed_out_and_an_expression_that_failed_are_failures_of_their_states() {
        let recording = Recording::new()
            .with(0, Type::TaskStateEntered, entered("Publish alert"))
            .plain(0, Type::TaskScheduled)
            .plain(0, Type::TaskTimedOut)
            .evaluation_failed(0, "Publish alert", "States.QueryEvaluationError", "no such variable");
        assert_eq!(
            lines(&recording)[1..],
            [
                "10:00:00       Publish alert: States.Timeout (it took longer than is allowed)",
                "10:00:00       Publish alert: States.QueryEvaluationError: no such variable (an expression of the definition failed)",
            ]
        );
    }

    #[test]
    fn branches_side_by_side_keep_their_tasks_apart() {
        let recording = Recording::new()
            .with(0, Type::TaskStateEntered, entered("Left"))
            .with_previous(0, 0, Type::TaskStateEntered, entered("Right"))
            .with_previous(0, 1, Type::TaskScheduled, |event| event)
            .with_previous(0, 2, Type::TaskScheduled, |event| event)
            .with_previous(900, 3, Type::TaskStateExited, exited("Left"));
        assert_eq!(
            lines(&recording),
            ["10:00:00     Left", "10:00:00     Right", "10:00:00.9     Left: done in 900 ms"]
        );
    }

    #[test]
    fn a_history_without_references_is_read_in_its_order() {
        let recording = Recording::new()
            .with_previous(0, 0, Type::TaskStateEntered, entered("A"))
            .with_previous(0, 0, Type::TaskScheduled, |event| event)
            .with_previous(900, 0, Type::TaskStateExited, exited("A"));
        assert_eq!(lines(&recording), ["10:00:00     A", "10:00:00.9     A: done in 900 ms"]);
    }

    #[test]
    fn a_history_that_refers_to_itself_or_to_nothing_ends() {
        let recording = Recording::new().with_previous(0, 1, Type::TaskScheduled, |event| event).with_previous(
            0,
            99,
            Type::TaskStateExited,
            exited("A"),
        );
        assert_eq!(lines(&recording), ["10:00:00       A: done in 0 ms"]);
    }

    #[test]
    fn programs_get_the_event_its_state_and_its_failure_as_fields() {
        let recording = Recording::new().with(0, Type::TaskStateEntered, entered("Detect PII")).task_failed(
            0,
            "ModelTimeout",
            "slow",
        );
        assert_eq!(
            serde_json::to_value(narrate(&recording.events)).unwrap(),
            json!([
                {"at": "2026-11-01T10:00:00Z", "id": 1, "state": "Detect PII", "event": "entered"},
                {"at": "2026-11-01T10:00:00Z", "id": 2, "state": "Detect PII", "event": "failed",
                 "error": "ModelTimeout", "cause": "slow", "meaning": "the model did not answer in time"},
            ])
        );
    }
}
