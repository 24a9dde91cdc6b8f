//! The error names that retriers and catchers wait for.

use jsonc_parser::ast::{Array, StringLit};
use jsonc_parser::common::Ranged;

use super::{Checker, child};
use crate::diagnostic::Code;

const ALL: &str = "States.ALL";

/// The names that begin with `States.`, which the Amazon States Language keeps for itself.
const RESERVED: [&str; 17] = [
    ALL,
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

impl Checker<'_> {
    /// Checks the `ErrorEquals` of each of a state's retriers or catchers.
    pub(super) fn error_equals(&mut self, handlers: &Array<'_>, location: &str) {
        let last = handlers.elements.len().saturating_sub(1);
        for (index, handler) in handlers.elements.iter().enumerate() {
            let location = child(&child(location, &index.to_string()), "ErrorEquals");
            let names = handler
                .as_object()
                .and_then(|handler| handler.get_array("ErrorEquals"))
                .filter(|names| !names.elements.is_empty());
            let Some(names) = names else {
                self.schema(handler, &location, "must be an array with an error name or more");
                continue;
            };
            for (position, name) in names.elements.iter().enumerate() {
                let location = child(&location, &position.to_string());
                match name.as_string_lit() {
                    Some(name) => {
                        self.error_name(name, &location, names.elements.len(), index == last);
                    }
                    None => self.schema(name, &location, "an error name is a string"),
                }
            }
        }
    }

    fn error_name(&mut self, name: &StringLit<'_>, location: &str, beside: usize, in_last: bool) {
        if name.value == ALL && (beside > 1 || !in_last) {
            let message = format!("`{ALL}` must stand alone, in the last retrier or catcher");
            self.report(Code::MisplacedErrorName, name.start(), location, message);
        }
        // Any other name may be a function's own.
        if name.value.starts_with("States.") && !RESERVED.contains(&name.value.as_ref()) {
            let message = format!("Step Functions reports no error called `{}`", name.value);
            self.report(Code::UnknownErrorName, name.start(), location, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::check;

    fn findings(retriers: &str) -> Vec<String> {
        let definition = format!(
            r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":"arn:aws:states:::sns:publish","End":true,"Retry":{retriers}}}}}}}"#
        );
        check("f", &definition).iter().map(|finding| format!("{}: {}", finding.location, finding.message)).collect()
    }

    #[test]
    fn a_name_that_step_functions_keeps_for_itself_must_be_one_of_its_own() {
        assert_eq!(
            findings(r#"[{"ErrorEquals":["States.Timeout"]},{"ErrorEquals":["Own","States.Timedout"]}]"#),
            ["/States/A/Retry/1/ErrorEquals/1: Step Functions reports no error called `States.Timedout`"]
        );
    }

    #[test]
    fn a_function_may_report_errors_by_names_of_its_own() {
        let names = r#"["OrderRejected", "lambda.x", "S3.NoSuchKeyException", "com.example.Failed", "한글"]"#;
        assert_eq!(findings(&format!(r#"[{{"ErrorEquals":{names}}}]"#)), Vec::<String>::new());
    }

    #[test]
    fn the_wildcard_stands_alone_and_last() {
        let misplaced = "`States.ALL` must stand alone, in the last retrier or catcher";
        assert_eq!(
            findings(r#"[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["Known"]}]"#),
            [format!("/States/A/Retry/0/ErrorEquals/0: {misplaced}")]
        );
        assert_eq!(
            findings(r#"[{"ErrorEquals":["Known","States.ALL"]}]"#),
            [format!("/States/A/Retry/0/ErrorEquals/1: {misplaced}")]
        );
    }

    #[test]
    fn names_are_strings_in_an_array() {
        for retriers in [r"[{}]", r#"[{"ErrorEquals":[]}]"#, r#"[{"ErrorEquals":"X"}]"#, "[7]"] {
            assert_eq!(
                findings(retriers),
                ["/States/A/Retry/0/ErrorEquals: must be an array with an error name or more"],
                "{retriers}"
            );
        }
        assert_eq!(
            findings(r#"[{"ErrorEquals":[7]}]"#),
            ["/States/A/Retry/0/ErrorEquals/0: an error name is a string"]
        );
    }
}
