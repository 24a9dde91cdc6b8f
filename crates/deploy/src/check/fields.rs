//! Which fields a state may have, by its type and its query language.

use jsonc_parser::ast::{Object, ObjectProp};
use jsonc_parser::common::Ranged;

use super::{Checker, child};
use crate::diagnostic::Code;

/// What expressions and paths are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueryLanguage {
    JsonPath,
    Jsonata,
}

impl QueryLanguage {
    const fn name(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }
}

/// What a state does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StateType {
    Task,
    Pass,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

impl StateType {
    const ALL: [Self; 8] =
        [Self::Task, Self::Pass, Self::Choice, Self::Wait, Self::Succeed, Self::Fail, Self::Parallel, Self::Map];

    pub(super) fn of(state: &Object<'_>) -> Option<Self> {
        let name = state.get_string("Type")?;
        Self::ALL.into_iter().find(|kind| kind.name() == name.value)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Task => "Task",
            Self::Pass => "Pass",
            Self::Choice => "Choice",
            Self::Wait => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail => "Fail",
            Self::Parallel => "Parallel",
            Self::Map => "Map",
        }
    }
}

/// Names of fields, in groups that several kinds of state share.
pub(super) type Names = &'static [&'static [&'static str]];

/// The fields of something: those in either language, in `JSONPath` and in `JSONata`.
pub(super) struct Fields {
    pub(super) either: Names,
    pub(super) json_path: Names,
    pub(super) jsonata: Names,
}

const GOES_ON: &[&str] = &["Assign", "Next", "End"];
const HANDLES_ERRORS: &[&str] = &["Retry", "Catch"];
const PATHS: &[&str] = &["InputPath", "OutputPath"];
const PATHS_OF_WORK: &[&str] = &["Parameters", "ResultSelector", "ResultPath"];

const fn fields(kind: StateType) -> Fields {
    match kind {
        StateType::Task => Fields {
            either: &[&["Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"], HANDLES_ERRORS, GOES_ON],
            json_path: &[PATHS, PATHS_OF_WORK, &["TimeoutSecondsPath", "HeartbeatSecondsPath"]],
            jsonata: &[&["Arguments", "Output"]],
        },
        StateType::Pass => Fields {
            either: &[GOES_ON],
            json_path: &[PATHS, &["Parameters", "Result", "ResultPath"]],
            jsonata: &[&["Output"]],
        },
        StateType::Choice => {
            Fields { either: &[&["Choices", "Default", "Assign"]], json_path: &[PATHS], jsonata: &[&["Output"]] }
        }
        StateType::Wait => Fields {
            either: &[&["Seconds", "Timestamp"], GOES_ON],
            json_path: &[PATHS, &["SecondsPath", "TimestampPath"]],
            jsonata: &[&["Output"]],
        },
        StateType::Succeed => Fields { either: &[], json_path: &[PATHS], jsonata: &[&["Output"]] },
        StateType::Fail => {
            Fields { either: &[&["Error", "Cause"]], json_path: &[&["ErrorPath", "CausePath"]], jsonata: &[] }
        }
        StateType::Parallel => Fields {
            either: &[&["Branches"], HANDLES_ERRORS, GOES_ON],
            json_path: &[PATHS, PATHS_OF_WORK],
            jsonata: &[&["Arguments", "Output"]],
        },
        StateType::Map => Fields {
            either: &[
                &["ItemProcessor", "Iterator", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter"],
                &["MaxConcurrency", "ToleratedFailurePercentage", "ToleratedFailureCount", "Label"],
                HANDLES_ERRORS,
                GOES_ON,
            ],
            json_path: &[
                PATHS,
                PATHS_OF_WORK,
                &["ItemsPath", "MaxConcurrencyPath", "ToleratedFailurePercentagePath", "ToleratedFailureCountPath"],
            ],
            jsonata: &[&["Items", "Output"]],
        },
    }
}

/// What a state has itself or by its path, and not by both.
const EITHER_ITS_PATH: [&str; 7] = [
    "Error",
    "Cause",
    "TimeoutSeconds",
    "HeartbeatSeconds",
    "MaxConcurrency",
    "ToleratedFailurePercentage",
    "ToleratedFailureCount",
];

const RETRIER: Fields = Fields {
    either: &[&["ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"]],
    json_path: &[],
    jsonata: &[],
};
const CATCHER: Fields =
    Fields { either: &[&["ErrorEquals", "Next", "Assign"]], json_path: &[&["ResultPath"]], jsonata: &[&["Output"]] };

/// In `JSONPath`, a rule may have any of forty comparisons; they are not looked at.
const RULE: Fields =
    Fields { either: &[&["Next", "Assign"]], json_path: &[&["Variable"]], jsonata: &[&["Condition", "Output"]] };

const MACHINE: Fields = Fields {
    either: &[&["QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"]],
    json_path: &[],
    jsonata: &[],
};
const INNER_MACHINE: Fields =
    Fields { either: &[&["ProcessorConfig", "QueryLanguage", "StartAt", "States"]], json_path: &[], jsonata: &[] };

impl Checker<'_> {
    /// The query language of a state, or of a machine, within what is written in `around`.
    pub(super) fn query_language(
        &mut self,
        object: &Object<'_>,
        around: Option<QueryLanguage>,
        location: &str,
    ) -> QueryLanguage {
        let Some(field) = object.get("QueryLanguage") else {
            return around.unwrap_or(QueryLanguage::JsonPath);
        };
        let location = child(location, "QueryLanguage");
        match field.value.as_string_lit().map(|name| name.value.as_ref()) {
            Some("JSONata") => QueryLanguage::Jsonata,
            Some("JSONPath") => {
                if around == Some(QueryLanguage::Jsonata) {
                    self.schema(field, &location, "a state machine in JSONata has no states in JSONPath");
                }
                QueryLanguage::JsonPath
            }
            _ => {
                self.schema(field, &location, "must be `JSONata` or `JSONPath`");
                around.unwrap_or(QueryLanguage::JsonPath)
            }
        }
    }

    /// Whether a state has the fields of its type and language, and no others.
    pub(super) fn fields_of_state(
        &mut self,
        state: &Object<'_>,
        kind: StateType,
        language: QueryLanguage,
        location: &str,
    ) {
        let what = format!("a {} state", kind.name());
        self.known_fields(state, &what, &fields(kind), &["Type", "QueryLanguage"], language, location);
        self.paths(state, language, location);
    }

    pub(super) fn fields_of_retrier(&mut self, retrier: &Object<'_>, language: QueryLanguage, location: &str) {
        self.known_fields(retrier, "a retrier", &RETRIER, &[], language, location);
    }

    pub(super) fn fields_of_catcher(&mut self, catcher: &Object<'_>, language: QueryLanguage, location: &str) {
        self.known_fields(catcher, "a catcher", &CATCHER, &[], language, location);
        self.paths(catcher, language, location);
    }

    /// Whether a rule of a Choice state in `JSONata` has its fields and no others.
    pub(super) fn fields_of_rule(&mut self, rule: &Object<'_>, location: &str) {
        self.known_fields(rule, "a rule", &RULE, &[], QueryLanguage::Jsonata, location);
    }

    /// Whether the whole definition, or a branch or an item's processor, has its fields and no others.
    pub(super) fn fields_of_machine(&mut self, machine: &Object<'_>, language: QueryLanguage, location: &str) {
        let (what, known) = if location.is_empty() {
            ("a state machine", &MACHINE)
        } else {
            ("an inner state machine", &INNER_MACHINE)
        };
        self.known_fields(machine, what, known, &[], language, location);
        if let Some(config) = machine.get("ProcessorConfig") {
            self.processor_config(config, &child(location, "ProcessorConfig"));
        }
    }

    pub(super) fn known_fields(
        &mut self,
        object: &Object<'_>,
        what: &str,
        fields: &Fields,
        further: &[&str],
        language: QueryLanguage,
        location: &str,
    ) {
        let (own, other) = match language {
            QueryLanguage::JsonPath => (fields.json_path, (QueryLanguage::Jsonata, fields.jsonata)),
            QueryLanguage::Jsonata => (fields.jsonata, (QueryLanguage::JsonPath, fields.json_path)),
        };
        for property in &object.properties {
            let name = property.name.as_str();
            if name == "Assign" {
                self.assigned_names(property, language, &child(location, name));
            }
            let known = |names: Names| names.iter().any(|group| group.contains(&name));
            if name == "Comment" || known(fields.either) || known(own) || further.contains(&name) {
                continue;
            }
            let message = if known(other.1) {
                format!("`{name}` belongs to {}, and {what} here is in {}", other.0.name(), language.name())
            } else {
                format!("{what} has no field `{name}`")
            };
            self.schema(property, &child(location, name), &message);
        }
    }

    /// Whether variables are assigned by name, and have names that variables may have.
    fn assigned_names(&mut self, assign: &ObjectProp<'_>, language: QueryLanguage, location: &str) {
        let Some(variables) = assign.value.as_object() else {
            return self.schema(assign, location, "must be an object: a value for each variable");
        };
        for variable in &variables.properties {
            let written = variable.name.as_str();
            let name = if language == QueryLanguage::JsonPath { written.trim_end_matches(".$") } else { written };
            let begins_well = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
            let goes_on_well = name.chars().all(|char| char.is_alphanumeric() || char == '_');
            if name == "states" {
                self.schema(
                    variable,
                    &child(location, written),
                    "`states` is the name of what Step Functions hands in",
                );
            } else if !begins_well || !goes_on_well || name.chars().count() > 80 {
                let message = "a variable's name has 1 to 80 letters, digits and underscores, and begins with no digit";
                self.schema(variable, &child(location, written), message);
            }
        }
    }

    /// Fields that must be paths in `JSONPath`.
    fn paths(&mut self, object: &Object<'_>, language: QueryLanguage, location: &str) {
        if language != QueryLanguage::JsonPath {
            return;
        }
        for property in &object.properties {
            let name = property.name.as_str();
            let may_be_null = matches!(name, "InputPath" | "OutputPath" | "ResultPath");
            if !name.ends_with("Path") || may_be_null && property.value.as_null_keyword().is_some() {
                continue;
            }
            let whole = name.trim_end_matches("Path");
            if EITHER_ITS_PATH.contains(&whole) && object.get(whole).is_some() {
                self.schema(property, &child(location, name), &format!("stands beside `{whole}`: give one of the two"));
            }
            let path = property.value.as_string_lit().map(|path| path.value.as_ref());
            // `ErrorPath` and `CausePath` may be an intrinsic function too.
            if !path.is_some_and(|path| path.starts_with('$') || path.starts_with("States.")) {
                let message = "a path is a string that begins with `$`".to_owned();
                self.report(Code::SchemaValidationFailed, property.value.start(), &child(location, name), message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::check;

    fn findings(top: &str, state: &str) -> Vec<String> {
        let definition = format!(r#"{{{top}"StartAt": "A", "States": {{"A": {state}, "B": {{"Type": "Succeed"}}}}}}"#);
        check("f", &definition)
            .iter()
            .filter(|finding| !finding.message.starts_with("no state leads"))
            .map(|finding| format!("{}: {}", finding.location, finding.message))
            .collect()
    }

    const JSONATA: &str = r#""QueryLanguage": "JSONata", "#;

    #[test]
    fn a_variable_has_a_name_that_variables_may_have() {
        let long = format!(r#"{{"{}": 1}}"#, "x".repeat(81));
        let bad = "a variable's name has 1 to 80 letters, digits and underscores, and begins with no digit";
        for (top, assign, part) in [
            (JSONATA, r#"{"x": 1, "_y2": 2, "größe": 3}"#, None),
            ("", r#"{"x.$": "$.a", "y": 1}"#, None),
            (JSONATA, r#"{"states": 1}"#, Some("/Assign/states: `states` is")),
            (JSONATA, r#"{"my var": 1}"#, Some(bad)),
            (JSONATA, r#"{"1x": 1}"#, Some(bad)),
            (JSONATA, r#"{"x.$": 1}"#, Some(bad)),
            (JSONATA, r#"{"": 1}"#, Some(bad)),
            (JSONATA, &long, Some(bad)),
            (JSONATA, r#""{% 1 %}""#, Some("/Assign: must be an object")),
        ] {
            let found = findings(top, &format!(r#"{{"Type": "Pass", "End": true, "Assign": {assign}}}"#)).join("\n");
            assert_eq!(found.is_empty(), part.is_none(), "{assign}: {found}");
            assert!(found.contains(part.unwrap_or_default()), "{assign}: {found}");
        }
    }

    #[test]
    fn a_value_and_its_path_exclude_each_other() {
        let task = r#""Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": true"#;
        for (state, found) in [
            (
                r#"{"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}"#.to_owned(),
                Some("/States/A/ErrorPath: stands beside `Error`: give one of the two"),
            ),
            (
                format!(r#"{{{task}, "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"}}"#),
                Some("/States/A/TimeoutSecondsPath: stands beside `TimeoutSeconds`: give one of the two"),
            ),
            (r#"{"Type": "Fail", "Error": "E", "CausePath": "$.e"}"#.to_owned(), None),
            (format!(r#"{{{task}, "ResultPath": "$.x", "TimeoutSecondsPath": "$.t"}}"#), None),
        ] {
            assert_eq!(findings("", &state), found.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{state}");
        }
    }

    #[test]
    fn a_field_of_the_other_language_is_named() {
        let task = r#""Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": true"#;
        for (top, state, message) in [
            (
                JSONATA,
                format!(r#"{{{task}, "Parameters": {{}}}}"#),
                "/States/A/Parameters: `Parameters` belongs to JSONPath, and a Task state here is in JSONata",
            ),
            (
                JSONATA,
                format!(r#"{{{task}, "ResultPath": "$.x"}}"#),
                "/States/A/ResultPath: `ResultPath` belongs to JSONPath, and a Task state here is in JSONata",
            ),
            (
                JSONATA,
                r#"{"Type": "Pass", "End": true, "Result": 1}"#.into(),
                "/States/A/Result: `Result` belongs to JSONPath, and a Pass state here is in JSONata",
            ),
            (
                JSONATA,
                r#"{"Type": "Wait", "End": true, "SecondsPath": "$.x"}"#.into(),
                "/States/A/SecondsPath: `SecondsPath` belongs to JSONPath, and a Wait state here is in JSONata",
            ),
            (
                JSONATA,
                r#"{"Type": "Succeed", "InputPath": "$.x"}"#.into(),
                "/States/A/InputPath: `InputPath` belongs to JSONPath, and a Succeed state here is in JSONata",
            ),
            (
                JSONATA,
                format!(
                    r#"{{{task}, "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "B", "ResultPath": "$.x"}}]}}"#
                ),
                "/States/A/Catch/0/ResultPath: `ResultPath` belongs to JSONPath, and a catcher here is in JSONata",
            ),
            (
                "",
                format!(r#"{{{task}, "Arguments": {{}}}}"#),
                "/States/A/Arguments: `Arguments` belongs to JSONata, and a Task state here is in JSONPath",
            ),
            (
                "",
                r#"{"Type": "Pass", "End": true, "Output": {}}"#.into(),
                "/States/A/Output: `Output` belongs to JSONata, and a Pass state here is in JSONPath",
            ),
        ] {
            assert!(findings(top, &state).contains(&message.to_owned()), "{state}: {:#?}", findings(top, &state));
        }
    }

    #[test]
    fn a_field_that_nothing_has_is_named() {
        for (top, state, message) in [
            (
                "",
                r#"{"Type": "Pass", "End": true, "Resource": "arn:x"}"#,
                "/States/A/Resource: a Pass state has no field `Resource`",
            ),
            ("", r#"{"Type": "Succeed", "Next": "B"}"#, "/States/A/Next: a Succeed state has no field `Next`"),
            ("", r#"{"Type": "Fail", "End": true}"#, "/States/A/End: a Fail state has no field `End`"),
            (
                JSONATA,
                r#"{"Type": "Pass", "End": true, "Outputs": 1}"#,
                "/States/A/Outputs: a Pass state has no field `Outputs`",
            ),
            (r#""Timeout": 1, "#, r#"{"Type": "Succeed"}"#, "/Timeout: a state machine has no field `Timeout`"),
        ] {
            assert!(findings(top, state).contains(&message.to_owned()), "{state}: {:#?}", findings(top, state));
        }
    }

    #[test]
    fn a_state_may_choose_jsonata_where_the_machine_did_not_and_never_the_other_way() {
        let (jsonata, json_path) = (
            r#"{"Type": "Pass", "QueryLanguage": "JSONata", "End": true, "Output": {}}"#,
            r#"{"Type": "Pass", "QueryLanguage": "JSONPath", "End": true, "Result": {}}"#,
        );
        assert_eq!(findings("", jsonata), Vec::<String>::new());
        assert_eq!(findings(JSONATA, jsonata), Vec::<String>::new());
        assert_eq!(findings("", json_path), Vec::<String>::new());
        assert_eq!(
            findings(JSONATA, json_path),
            ["/States/A/QueryLanguage: a state machine in JSONata has no states in JSONPath"]
        );
        assert_eq!(
            findings("", r#"{"Type": "Succeed", "QueryLanguage": "jsonata"}"#),
            ["/States/A/QueryLanguage: must be `JSONata` or `JSONPath`"]
        );
    }

    #[test]
    fn a_path_begins_with_a_dollar() {
        for (field, value, sound) in [
            ("InputPath", "null", true),
            ("InputPath", r#""$.a""#, true),
            ("ResultPath", r#""$$.a""#, true),
            ("InputPath", r#""a""#, false),
            ("OutputPath", "7", false),
        ] {
            let state = format!(r#"{{"Type": "Pass", "End": true, "{field}": {value}}}"#);
            let expected = if sound {
                vec![]
            } else {
                vec![format!("/States/A/{field}: a path is a string that begins with `$`")]
            };
            assert_eq!(findings("", &state), expected, "{state}");
        }
    }
}
