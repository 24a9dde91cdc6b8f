//! The error names that a `Retry` or `Catch` may wait for.

use warden_core::ErrorName;

/// Reserved by the Amazon States Language.
const STATES: [&str; 17] = [
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
];

/// Of functions that ended without an answer of their own.
const LAMBDA_RUNTIME: [&str; 4] = ["Lambda.Unknown", "Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"];

/// Whether anything is known to report an error called `name`: Step Functions,
/// the Lambda runtime, an AWS service or one of this project's functions.
pub(crate) fn is_known(name: &str) -> bool {
    STATES.contains(&name)
        || LAMBDA_RUNTIME.contains(&name)
        || is_service_exception(name)
        || ErrorName::ALL.iter().any(|known| known.as_str() == name)
}

/// Whether `name` has the form `Service.SomeException`, in which Step Functions
/// reports what a service's API refused, such as `S3.NoSuchKeyException`.
fn is_service_exception(name: &str) -> bool {
    let is_pascal_case = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric())
    };
    name.split_once('.').is_some_and(|(service, exception)| {
        service != "States" && is_pascal_case(service) && is_pascal_case(exception) && exception.ends_with("Exception")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_functions_step_functions_lambda_and_services_are_known() {
        let functions = ErrorName::ALL.map(ErrorName::as_str);
        let others = [
            "States.ALL",
            "States.Timeout",
            "Sandbox.Timedout",
            "Lambda.TooManyRequestsException",
            "S3.NoSuchKeyException",
            "Sns.SnsException",
        ];
        for name in functions.into_iter().chain(others) {
            assert!(is_known(name), "{name}");
        }
    }

    #[test]
    fn misspelt_names_are_not() {
        for name in [
            "",
            "ModelThrotled",
            "modelthrottled",
            "States.Timedout",
            "States.ThrottlingException",
            "Lambda.ServiceExeption",
            "lambda.ServiceException",
            "S3.",
            "Exception",
        ] {
            assert!(!is_known(name), "{name}");
        }
    }
}
