//! What AWS said of something, or why nothing is known.

use serde::de::DeserializeOwned;
use serde_json::Value;
use warden_call_errors::CallError;

use crate::finding::{Area, Finding};

/// What AWS said of something, or why nothing is known.
pub(crate) type Fact<T> = Result<T, Unknown>;

/// Why nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The caller may not ask.
    Denied { action: &'static str },
    /// There is no such thing.
    Absent { action: &'static str },
    /// Whoever answers for AWS does not know the operation.
    NotOffered { action: &'static str },
    /// The call came to nothing.
    Failed { problem: String },
}

/// What services call an operation that they do not know.
const NOT_OFFERED: [&str; 7] = [
    "InvalidAction",
    "NotImplemented",
    "UnknownOperation",
    "UnknownOperationException",
    "UnknownService",
    "UnsupportedOperation",
    "UnsupportedOperationException",
];
/// The HTTP statuses with which an engine answers what it does not know, without a word.
const NO_SUCH_CALL: [&str; 4] = ["400", "404", "405", "501"];
/// What services call something that is not there.
const ABSENT: [&str; 11] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchResourceException",
    "NotFound",
    "NotFoundException",
    "QueueDoesNotExist",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
    "TrailNotFoundException",
];

impl Unknown {
    pub(crate) fn of(action: &'static str, error: &CallError) -> Self {
        match error {
            CallError::Denied { .. } => Self::Denied { action },
            CallError::Refused { code, .. } if ABSENT.contains(&code.as_str()) => Self::Absent { action },
            CallError::Refused { code, .. } if NOT_OFFERED.contains(&code.as_str()) => Self::NotOffered { action },
            // A local engine hands what it does not know to its S3.
            CallError::NotAws { problem, .. } if NO_SUCH_CALL.iter().any(|status| problem.contains(status)) => {
                Self::NotOffered { action }
            }
            other => Self::Failed { problem: other.to_string() },
        }
    }

    /// The warning that `what` was not looked at.
    pub(crate) fn finding(&self, area: Area, what: &str) -> Finding {
        match self {
            Self::Denied { action } => Finding::warning(
                area,
                format!("{what} could not be looked at: your credentials may not call {action}"),
                format!("Allow {action}: docs/deploy.md, \"Rights\", lists what warden needs"),
            ),
            Self::Absent { action } => Finding::warning(
                area,
                format!("{what} could not be looked at: {action} finds nothing"),
                "Deploy the template again, or look whether somebody removed it by hand",
            ),
            Self::NotOffered { action } => Finding::warning(
                area,
                format!("{what} could not be looked at: whoever answers here does not know {action}"),
                "A local engine lacks it; of AWS, check the endpoint URL",
            ),
            Self::Failed { problem } => Finding::warning(
                area,
                format!("{what} could not be looked at: {problem}"),
                "Then run `warden doctor` again",
            ),
        }
    }
}

/// An answer in the form that is needed.
pub(crate) fn read<T: DeserializeOwned>(action: &'static str, answer: Value) -> Fact<T> {
    serde_json::from_value(answer)
        .map_err(|error| Unknown::Failed { problem: format!("{action} answered something unexpected ({error})") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_call_is_a_warning_that_names_the_action_whatever_the_reason() {
        let action = "kms:DescribeKey";
        let refused = |code: &str| CallError::Refused { action, code: code.into(), message: "no".into() };
        for (error, unknown) in [
            (CallError::Denied { action, message: "no".into() }, Unknown::Denied { action }),
            (refused("NotFoundException"), Unknown::Absent { action }),
            (refused("UnknownOperationException"), Unknown::NotOffered { action }),
            (CallError::NotAws { action, problem: "HTTP status 404".into() }, Unknown::NotOffered { action }),
            (
                CallError::NotAws { action, problem: "HTTP status 502".into() },
                Unknown::Failed {
                    problem: "kms:DescribeKey got an answer that is not from AWS (HTTP status 502). Check the endpoint URL and any proxy".into(),
                },
            ),
            (refused("Odd"), Unknown::Failed { problem: "kms:DescribeKey failed: no (Odd)".into() }),
        ] {
            let found = Unknown::of(action, &error);
            assert_eq!(found, unknown);
            let finding = found.finding(Area::Keys, "the key");
            assert_eq!(finding.level, crate::Level::Warning);
            assert!(finding.said.starts_with("the key could not be looked at: "), "{finding}");
            assert!(finding.said.contains(action), "{finding}");
        }
    }
}
