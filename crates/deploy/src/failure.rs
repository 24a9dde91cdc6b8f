//! What an execution's error means, in words.

use serde::Serialize;
use serde_json::Value;
use warden_call_errors::printable;

/// The longest cause that is shown; a stack trace tells nobody more.
const LONGEST_CAUSE: usize = 500;

/// An error of a state or an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExecutionFailure {
    /// The error's name, which `Retry` and `Catch` go by.
    pub error: String,
    /// What reported it said.
    pub cause: Option<String>,
    /// What an error of this name means, if that is known.
    pub meaning: Option<&'static str>,
}

impl ExecutionFailure {
    pub(crate) fn new(error: Option<&str>, cause: Option<&str>) -> Self {
        let error = error.filter(|error| !error.is_empty()).unwrap_or("unknown error");
        Self {
            error: printable(error),
            cause: cause.map(cause_in_words).filter(|cause| !cause.is_empty()),
            meaning: meaning(error),
        }
    }
}

impl std::fmt::Display for ExecutionFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.error)?;
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        self.meaning.map_or(Ok(()), |meaning| write!(f, " ({meaning})"))
    }
}

/// The message of a cause: Lambda wraps it in JSON, with a stack trace.
fn cause_in_words(cause: &str) -> String {
    let message = match serde_json::from_str(cause) {
        Ok(Value::Object(mut fields)) => match fields.remove("errorMessage") {
            Some(Value::String(message)) => message,
            _ => cause.to_owned(),
        },
        _ => cause.to_owned(),
    };
    let shown = printable(message.trim());
    match shown.char_indices().nth(LONGEST_CAUSE) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

fn meaning(error: &str) -> Option<&'static str> {
    Some(match error {
        "InvalidInput" => "the function does not take such an event",
        "ObjectNotFound" => "the object or its bucket does not exist",
        "ObjectChanged" => "the object was replaced while it was read",
        "AccessDenied" => "a role may not read the object or use the model: see its policy",
        "StoreUnavailable" => "S3 is slow or failing",
        "LedgerBusy" => "the object is being restored, or the ledger is throttled",
        "ServiceUnavailable" => "a service of AWS has trouble of its own",
        "ModelThrottled" => "Bedrock's quota is used up: wait, or raise it",
        "ModelTimeout" => "the model did not answer in time",
        "ModelUnavailable" => "Bedrock has trouble of its own",
        "ModelOutputInvalid" => "the model answered what cannot be used",
        "Undetermined" => "the object cannot be judged",
        "Internal" => "the function has a bug or a wrong setting: see its log",
        "States.Timeout" | "States.HeartbeatTimeout" | "Sandbox.Timedout" => "it took longer than is allowed",
        "States.Permissions" => "the state machine's role may not do that",
        "States.DataLimitExceeded" => "a result was larger than 256 KiB",
        "States.QueryEvaluationError" => "an expression of the definition failed",
        "States.NoChoiceMatched" => "no choice held, and there is no default",
        "States.Runtime" => "the definition could not be carried out",
        "Lambda.TooManyRequestsException" => "the function's concurrency is used up",
        "Lambda.ResourceNotFoundException" => "the function or its alias does not exist: deploy the template",
        "Lambda.Unknown" | "Runtime.ExitError" => "the function died without an answer: see its log",
        "Runtime.OutOfMemory" => "the function needs more memory",
        "Lambda.ServiceException" | "Lambda.AWSLambdaException" | "Lambda.SdkClientException" => {
            "Lambda has trouble of its own"
        }
        "SNS.NotFoundException" | "Sns.NotFoundException" => "the topic does not exist: deploy the template",
        "KMS.AccessDeniedException" => "the state machine's role may not use the key",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use warden_core::ErrorName;

    use super::*;

    #[test]
    fn every_error_of_the_functions_has_a_meaning() {
        for name in ErrorName::ALL {
            assert!(meaning(name.as_str()).is_some(), "{}", name.as_str());
        }
    }

    #[test]
    fn a_failure_reads_as_name_cause_and_meaning() {
        let lambda = r#"{"errorType":"ModelTimeout","errorMessage":"no answer after 60 s","stackTrace":["a","b"]}"#;
        let cases = [
            (
                Some("ModelTimeout"),
                Some(lambda),
                "ModelTimeout: no answer after 60 s (the model did not answer in time)",
            ),
            (Some("States.Timeout"), None, "States.Timeout (it took longer than is allowed)"),
            (Some("S3.S3Exception"), Some("Access Denied"), "S3.S3Exception: Access Denied"),
            (Some("X"), Some(r#"{"other": 1}"#), r#"X: {"other": 1}"#),
            (Some(""), Some(" "), "unknown error"),
            (None, None, "unknown error"),
        ];
        for (error, cause, words) in cases {
            assert_eq!(ExecutionFailure::new(error, cause).to_string(), words);
        }
    }

    #[test]
    fn a_cause_is_one_short_line_that_no_terminal_obeys() {
        let failure = ExecutionFailure::new(Some("X\x1b[31m"), Some("a\nb\x1b]0;title\x07\u{202e}c"));
        assert_eq!(failure.to_string(), "X [31m: a b ]0;title  c");
        let long = ExecutionFailure::new(Some("X"), Some(&"한".repeat(LONGEST_CAUSE + 1)));
        assert_eq!(long.cause.map(|cause| cause.chars().count()), Some(LONGEST_CAUSE + 1));
    }
}
