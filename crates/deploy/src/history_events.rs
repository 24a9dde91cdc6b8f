//! Recorded events of a history, for tests.

use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::builders::HistoryEventBuilder;
use aws_sdk_sfn::types::{
    EvaluationFailedEventDetails, ExecutionFailedEventDetails, HistoryEvent, HistoryEventType,
    StateEnteredEventDetails, StateExitedEventDetails, TaskFailedEventDetails,
};

/// 2026-11-01T10:00:00Z.
const BEGIN_MILLIS: i64 = 1_793_527_200_000;

/// A history in the making. Each event follows the one before.
pub(crate) struct Recording {
    pub(crate) events: Vec<HistoryEvent>,
}

impl Recording {
    pub(crate) fn new() -> Self {
        Self { events: Vec::new() }
    }

    pub(crate) fn plain(self, millis: i64, kind: HistoryEventType) -> Self {
        self.with(millis, kind, |event| event)
    }

    pub(crate) fn with(
        self,
        millis: i64,
        kind: HistoryEventType,
        details: impl FnOnce(HistoryEventBuilder) -> HistoryEventBuilder,
    ) -> Self {
        let previous = self.events.last().map_or(0, |event| event.id);
        self.with_previous(millis, previous, kind, details)
    }

    pub(crate) fn with_previous(
        mut self,
        millis: i64,
        previous: i64,
        kind: HistoryEventType,
        details: impl FnOnce(HistoryEventBuilder) -> HistoryEventBuilder,
    ) -> Self {
        let id = i64::try_from(self.events.len()).unwrap() + 1;
        let event = HistoryEvent::builder()
            .id(id)
            .previous_event_id(previous)
            .timestamp(DateTime::from_millis(BEGIN_MILLIS + millis))
            .r#type(kind);
        self.events.push(details(event).build().unwrap());
        self
    }

    pub(crate) fn task_failed(self, millis: i64, error: &str, cause: &str) -> Self {
        let details = TaskFailedEventDetails::builder()
            .resource_type("lambda")
            .resource("invoke")
            .error(error)
            .cause(cause)
            .build()
            .unwrap();
        self.with(millis, HistoryEventType::TaskFailed, |event| event.task_failed_event_details(details))
    }

    pub(crate) fn execution_failed(self, millis: i64, error: &str, cause: &str) -> Self {
        let details = ExecutionFailedEventDetails::builder().error(error).cause(cause).build();
        self.with(millis, HistoryEventType::ExecutionFailed, |event| event.execution_failed_event_details(details))
    }

    pub(crate) fn evaluation_failed(self, millis: i64, state: &str, error: &str, cause: &str) -> Self {
        let details = EvaluationFailedEventDetails::builder().state(state).error(error).cause(cause).build().unwrap();
        self.with(millis, HistoryEventType::EvaluationFailed, |event| event.evaluation_failed_event_details(details))
    }
}

pub(crate) fn entered(name: &str) -> impl FnOnce(HistoryEventBuilder) -> HistoryEventBuilder {
    let details = StateEnteredEventDetails::builder().name(name).build().unwrap();
    |event| event.state_entered_event_details(details)
}

pub(crate) fn exited(name: &str) -> impl FnOnce(HistoryEventBuilder) -> HistoryEventBuilder {
    let details = StateExitedEventDetails::builder().name(name).build().unwrap();
    |event| event.state_exited_event_details(details)
}
