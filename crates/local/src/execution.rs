//! An execution of the state machine, read from its history.

use std::collections::BTreeSet;

use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use serde_json::Value;

/// What the engine answers with when it has nothing real to answer with.
const MOCKS: [&str; 2] = ["Mock response", "[ministack mock"];

/// The tasks that claim an event: those of one that was seen before.
const CLAIMING: [&str; 2] = ["Summarize event", "Summarize without the model"];

/// What an execution did so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// The event that it was started with.
    pub input: Value,
    /// Whether it still runs, and how it ended.
    pub status: ExecutionStatus,
    /// How long it has run, in seconds, if it has ended.
    pub seconds: Option<f64>,
    /// The tasks it entered, in their order.
    pub tasks: Vec<Task>,
    /// The ids of the messages that it published.
    pub message_ids: BTreeSet<String>,
    /// Whether an answer of the engine's own was taken for a real one.
    pub mocked: bool,
    /// Whether it went on without a claim of its event.
    pub unclaimed: bool,
}

/// A task state that an execution entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The state's name.
    pub name: String,
    /// How often it was tried.
    pub tries: usize,
    /// The error names of the tries that failed.
    pub errors: Vec<String>,
}

impl Task {
    /// Whether it claims the event.
    #[must_use]
    pub fn claims(&self) -> bool {
        CLAIMING.contains(&self.name.as_str())
    }
}

impl Execution {
    /// Whether it has ended, well or not.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.status != ExecutionStatus::Running
    }

    /// Whether it ended at its claim, since its event was seen before.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.status == ExecutionStatus::Succeeded && !self.tasks.is_empty() && self.tasks.iter().all(Task::claims)
    }

    /// The tasks, each with how often it was tried if that was more than once.
    #[must_use]
    pub fn path(&self) -> Vec<String> {
        let name = |task: &Task| match task.tries {
            0 | 1 => task.name.clone(),
            tries => format!("{} ×{tries}", task.name),
        };
        self.tasks.iter().map(name).collect()
    }

    /// The task of that name, if the execution entered it.
    #[must_use]
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// Reads what happened from the events of a history.
    pub(crate) fn add_history(&mut self, events: &[HistoryEvent]) {
        for event in events {
            let kind = event.r#type.as_str();
            let entered = event.state_entered_event_details.as_ref().filter(|_| kind == "TaskStateEntered");
            if let Some(entered) = entered {
                self.tasks.push(Task { name: entered.name.clone(), tries: 0, errors: Vec::new() });
            }
            if let Some(task) = self.tasks.last_mut() {
                match kind {
                    "TaskScheduled" => task.tries += 1,
                    "TaskFailed" => {
                        let failed = event.task_failed_event_details.as_ref();
                        task.errors.push(failed.and_then(|failed| failed.error.clone()).unwrap_or_default());
                    }
                    "TaskTimedOut" => task.errors.push("States.Timeout".to_owned()),
                    _ => {}
                }
            }
            if let Some(output) = event.task_succeeded_event_details.as_ref().and_then(|task| task.output.as_deref()) {
                self.mocked |= is_mocked(output);
                let output: Value = serde_json::from_str(output).unwrap_or_default();
                self.unclaimed |= output["Payload"]["unclaimed"] == true;
                self.message_ids.extend(message_id(&output));
            }
        }
    }
}

/// Whether a text is an answer of the engine's own making.
#[must_use]
pub fn is_mocked(text: &str) -> bool {
    MOCKS.iter().any(|mock| text.contains(mock))
}

/// The id that SNS gave a message, from a task's output: the machine's own, or alert-composer's.
fn message_id(output: &Value) -> Option<String> {
    let id = output.get("MessageId").or_else(|| output.pointer("/Payload/message_id"))?;
    id.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::primitives::DateTime;
    use aws_sdk_sfn::types::builders::HistoryEventBuilder;
    use aws_sdk_sfn::types::{
        HistoryEventType, StateEnteredEventDetails, TaskFailedEventDetails, TaskScheduledEventDetails,
        TaskSucceededEventDetails,
    };

    use super::*;

    fn event(kind: HistoryEventType, with: impl FnOnce(HistoryEventBuilder) -> HistoryEventBuilder) -> HistoryEvent {
        with(HistoryEvent::builder().id(1).timestamp(DateTime::from_secs(0)).r#type(kind)).build().unwrap()
    }

    fn entered(kind: HistoryEventType, name: &str) -> HistoryEvent {
        let details = StateEnteredEventDetails::builder().name(name).build().unwrap();
        event(kind, |event| event.state_entered_event_details(details))
    }

    fn scheduled() -> HistoryEvent {
        let details = TaskScheduledEventDetails::builder()
            .resource_type("lambda")
            .resource("invoke")
            .region("us-west-2")
            .parameters("{}")
            .build()
            .unwrap();
        event(HistoryEventType::TaskScheduled, |event| event.task_scheduled_event_details(details))
    }

    fn failed(error: &str) -> HistoryEvent {
        let details =
            TaskFailedEventDetails::builder().resource_type("lambda").resource("invoke").error(error).build().unwrap();
        event(HistoryEventType::TaskFailed, |event| event.task_failed_event_details(details))
    }

    fn succeeded(output: &str) -> HistoryEvent {
        let details = TaskSucceededEventDetails::builder()
            .resource_type("sns")
            .resource("publish")
            .output(output)
            .build()
            .unwrap();
        event(HistoryEventType::TaskSucceeded, |event| event.task_succeeded_event_details(details))
    }

    fn after(events: &[HistoryEvent]) -> Execution {
        let mut execution = Execution {
            arn: "arn".into(),
            input: Value::Null,
            status: ExecutionStatus::Running,
            seconds: None,
            tasks: Vec::new(),
            message_ids: BTreeSet::new(),
            mocked: false,
            unclaimed: false,
        };
        execution.add_history(events);
        execution
    }

    #[test]
    #[expect(clippy::large_stack_arrays, reason = "the SDK's events are large, and a test has room")]
    fn the_path_names_tasks_and_their_tries_and_leaves_out_choices() {
        let execution = after(&[
            entered(HistoryEventType::TaskStateEntered, "Summarize event"),
            scheduled(),
            succeeded("{}"),
            entered(HistoryEventType::ChoiceStateEntered, "Image upload?"),
            entered(HistoryEventType::TaskStateEntered, "Detect PII"),
            scheduled(),
            failed("ModelThrottled"),
            scheduled(),
            succeeded("{}"),
            entered(HistoryEventType::TaskStateEntered, "Publish alert"),
            scheduled(),
            succeeded(r#"{"Payload": {"message_id": "m-0"}}"#),
            succeeded(r#"{"MessageId": "m-1"}"#),
        ]);
        assert_eq!(execution.path(), ["Summarize event", "Detect PII ×2", "Publish alert"]);
        assert_eq!(execution.task("Detect PII").unwrap().errors, ["ModelThrottled"]);
        assert_eq!(execution.message_ids, BTreeSet::from(["m-0", "m-1"].map(str::to_owned)));
        assert!(!execution.mocked);
    }

    #[test]
    fn an_answer_of_the_engines_own_is_noticed() {
        let mock = succeeded(r#"{"Payload": {"body": "Mock response - no code deployed"}}"#);
        assert!(after(&[mock]).mocked);
    }
}
