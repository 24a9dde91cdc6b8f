//! What can be checked of a definition without AWS: whether its states hang together, have the fields and numbers that
//! Step Functions takes, and hold expressions that can be read.
//!
//! The arguments of services, paths in `JSONPath` and the types that expressions yield are not looked at.

mod distributed_map;
mod error_equals;
mod expressions;
mod fields;
mod flow;
mod jsonata;
mod numbers;

use std::collections::{BTreeMap, BTreeSet};

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use self::fields::QueryLanguage;

use crate::Position;
use crate::diagnostic::{Code, Diagnostic};

/// The largest definition that Step Functions takes, in bytes: 1 MiB.
pub(crate) const MAX_DEFINITION_BYTES: usize = 1_048_576;
/// The longest name of a state, in characters.
const MAX_NAME: usize = 80;

/// Everything that is wrong with the definition `text`, in the order of the file.
pub(crate) fn check(file: &str, text: &str) -> Vec<Diagnostic> {
    let mut checker =
        Checker { file, text, names: BTreeSet::new(), assigned: BTreeSet::new(), diagnostics: Vec::new() };
    if text.len() > MAX_DEFINITION_BYTES {
        let message =
            format!("the definition has {} bytes, and Step Functions takes {MAX_DEFINITION_BYTES}", text.len());
        checker.report(Code::DefinitionTooLarge, 0, "", message);
    }
    match parse_to_ast(text, &CollectOptions::default(), &strict()) {
        Ok(parsed) => match parsed.value {
            Some(value) => {
                checker.duplicate_keys(&value, "");
                checker.variables(&value);
                match value.as_object() {
                    Some(machine) => checker.machine(machine, None, ""),
                    None => checker.schema(&value, "", "a definition is an object"),
                }
            }
            None => checker.report(Code::SchemaValidationFailed, 0, "", "the file is empty".into()),
        },
        Err(error) => {
            checker.report(Code::SchemaValidationFailed, error.range().start, "", error.kind().to_string());
        }
    }
    checker.diagnostics.sort_by_key(|diagnostic| diagnostic.at);
    checker.diagnostics
}

/// Where `location`, such as `/States/Detect PII/Next`, stands in the definition `text`:
/// the member itself, or the innermost around it that is there.
pub(crate) fn position_of(text: &str, location: &str) -> Position {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &strict()).ok().and_then(|parsed| parsed.value);
    let mut offset = parsed.as_ref().map_or(0, Ranged::start);
    let mut value = parsed.as_ref();
    for name in location.split('/').filter(|name| !name.is_empty()) {
        let name = name.replace("~1", "/").replace("~0", "~");
        value = match value {
            Some(Value::Object(object)) => object.get(&name).map(|member| {
                offset = member.start();
                &member.value
            }),
            Some(Value::Array(array)) => name
                .parse()
                .ok()
                .and_then(|index: usize| array.elements.get(index))
                .inspect(|element| offset = element.start()),
            _ => None,
        };
        if value.is_none() {
            break;
        }
    }
    Position::of(text, offset)
}

/// JSON alone, without the comments and commas that the parser would forgive.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

struct Checker<'t> {
    file: &'t str,
    text: &'t str,
    /// The states so far, those of branches and items too.
    names: BTreeSet<String>,
    /// The variables that any state assigns.
    assigned: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// The whole definition, a branch of a Parallel state or the processor of a Map state, within a machine in the
    /// language `around`.
    fn machine(&mut self, machine: &Object<'_>, around: Option<QueryLanguage>, location: &str) {
        let language = self.query_language(machine, around, location);
        self.fields_of_machine(machine, language, location);
        self.whole(machine, "TimeoutSeconds", 1..=99_999_999, QueryLanguage::JsonPath, location);
        let Some(states) = machine.get_object("States").filter(|states| !states.properties.is_empty()) else {
            return self.schema(machine, location, "a state machine needs `States`, an object with a state or more");
        };
        let before = self.diagnostics.len();
        let within = child(location, "States");
        let mut transitions = BTreeMap::new();
        for property in &states.properties {
            let name = property.name.as_str();
            let state_at = child(&within, name);
            self.name(property, &state_at);
            match property.value.as_object() {
                Some(state) => {
                    transitions.insert(name, self.state(state, Some(language), &state_at));
                }
                None => self.schema(property, &state_at, "a state is an object"),
            }
        }
        let known = |name: &str| states.get(name).is_some();
        for target in transitions.values().flat_map(|flow| &flow.targets) {
            if !known(target.name) {
                self.missing_target(target.name, target.offset, &target.location);
            }
        }
        let Some(start) = machine.get_string("StartAt") else {
            let message = "a state machine needs `StartAt`, the name of a state";
            return self.schema(machine, location, message);
        };
        if !known(&start.value) {
            self.missing_target(&start.value, start.start(), &child(location, "StartAt"));
        }
        // One broken transition would make all that follows it look unreachable.
        let broken = |diagnostic: &Diagnostic| {
            matches!(diagnostic.code, Code::SchemaValidationFailed | Code::MissingTransitionTarget)
        };
        if !self.diagnostics[before..].iter().any(broken) {
            self.reachability(states, &transitions, &start.value, &within);
        }
    }

    /// A state's name is short, and no other state's, in whichever branch.
    fn name(&mut self, state: &ObjectProp<'_>, location: &str) {
        let name = state.name.as_str();
        let length = name.chars().count();
        if !(1..=MAX_NAME).contains(&length) {
            let message = format!("the name of a state has 1 to {MAX_NAME} characters, and this one {length}");
            self.report(Code::SchemaValidationFailed, state.start(), location, message);
        }
        // Twice in one object is a duplicate key, and reported as one.
        if !self.names.insert(name.to_owned()) && !self.diagnostics.iter().any(|found| found.location == location) {
            let message = format!("another state is called `{name}`, and names are unique in the whole definition");
            self.report(Code::DuplicateStateName, state.start(), location, message);
        }
    }

    /// Notes every variable that a state, a rule or a catcher assigns.
    fn variables(&mut self, value: &Value<'_>) {
        match value {
            Value::Object(object) => {
                for ObjectProp { name, value, .. } in &object.properties {
                    if let (Some(assigned), "Assign") = (value.as_object(), name.as_str()) {
                        let names = assigned.properties.iter().map(|property| property.name.as_str());
                        self.assigned.extend(names.map(|name| name.trim_end_matches(".$").to_owned()));
                    }
                    self.variables(value);
                }
            }
            Value::Array(array) => array.elements.iter().for_each(|element| self.variables(element)),
            _ => {}
        }
    }

    /// Whether every state can be reached, and an end from the start.
    fn reachability(
        &mut self,
        states: &Object<'_>,
        transitions: &BTreeMap<&str, flow::Flow<'_>>,
        start: &str,
        location: &str,
    ) {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            if let Some(flow) = transitions.get(name).filter(|_| reached.insert(name)) {
                open.extend(flow.targets.iter().map(|target| target.name));
            }
        }
        for property in &states.properties {
            let name = property.name.as_str();
            if !reached.contains(name) {
                let message = format!("no state leads to `{name}`");
                self.report(Code::UnreachableState, property.start(), &child(location, name), message);
            }
        }
        if !reached.iter().any(|name| transitions.get(name).is_some_and(|flow| flow.ends)) {
            let message = "no execution can end: no state that is reached is Succeed, Fail or has `\"End\": true`";
            self.report(Code::NoTerminalState, states.start(), location, message.into());
        }
    }

    /// JSON readers take the last of two equal keys and forget the first, silently.
    fn duplicate_keys(&mut self, value: &Value<'_>, location: &str) {
        match value {
            Value::Object(object) => {
                let mut seen = BTreeSet::new();
                for ObjectProp { name, value, range } in &object.properties {
                    let location = child(location, name.as_str());
                    if !seen.insert(name.as_str().to_owned()) {
                        let message = format!("`{}` appears twice in one object", name.as_str());
                        self.report(Code::DuplicateKey, range.start, &location, message);
                    }
                    self.duplicate_keys(value, &location);
                }
            }
            Value::Array(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    self.duplicate_keys(element, &child(location, &index.to_string()));
                }
            }
            _ => {}
        }
    }

    fn missing_target(&mut self, name: &str, offset: usize, location: &str) {
        let message = format!("there is no state `{name}` here");
        self.report(Code::MissingTransitionTarget, offset, location, message);
    }

    fn schema(&mut self, node: &impl Ranged, location: &str, message: &str) {
        self.report(Code::SchemaValidationFailed, node.start(), location, message.to_owned());
    }

    fn report(&mut self, code: Code, offset: usize, location: &str, message: String) {
        let location = if location.is_empty() { "/" } else { location }.to_owned();
        let at = Position::of(self.text, offset);
        self.diagnostics.push(Diagnostic { code, message, location, file: self.file.to_owned(), at });
    }
}

/// Whether a value is an expression, so that its value is not known yet.
fn is_expression(value: &Value<'_>, language: QueryLanguage) -> bool {
    language == QueryLanguage::Jsonata
        && value.as_string_lit().is_some_and(|text| expressions::inner(&text.value).is_some())
}

/// The location of a member, escaped as JSON Pointer asks.
fn child(location: &str, name: &str) -> String {
    format!("{location}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(definition: &str) -> Vec<String> {
        check("f", definition).iter().map(ToString::to_string).collect()
    }

    /// A machine of the given states, beginning with `A`.
    fn machine(states: &str) -> String {
        format!(r#"{{"QueryLanguage": "JSONata", "StartAt": "A", "States": {{{states}}}}}"#)
    }

    #[test]
    fn a_sound_machine_with_every_type_of_state_has_no_findings() {
        let definition = machine(
            r#"
            "A": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "B",
                  "Retry": [{"ErrorEquals": ["ModelThrottled"]}, {"ErrorEquals": ["States.ALL"]}],
                  "Catch": [{"ErrorEquals": ["ModelThrottled"], "Next": "F"}, {"ErrorEquals": ["States.ALL"], "Next": "G"}]},
            "B": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "C"}], "Default": "D"},
            "C": {"Type": "Wait", "Seconds": 1, "Next": "D"},
            "D": {"Type": "Parallel", "Next": "E", "Branches": [
                  {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}]},
            "E": {"Type": "Map", "End": true, "ItemProcessor":
                  {"StartAt": "Y", "States": {"Y": {"Type": "Succeed"}}}},
            "F": {"Type": "Pass", "Next": "G"},
            "G": {"Type": "Fail"}"#,
        );
        assert_eq!(findings(&definition), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_target_must_exist() {
        let cases = [
            (r#"{"StartAt": "Z", "States": {"A": {"Type": "Succeed"}}}"#.to_owned(), "/StartAt"),
            (machine(r#""A": {"Type": "Pass", "Next": "Z"}"#), "/States/A/Next"),
            (
                machine(
                    r#""A": {"Type": "Task", "Resource": "${DetectorArn}", "End": true,
                        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]}"#,
                ),
                "/States/A/Catch/0/Next",
            ),
            (
                machine(
                    r#""A": {"Type": "Choice", "Choices": [{"Condition": true, "Next": "B"}, {"Condition": true, "Next": "Z"}]},
                       "B": {"Type": "Succeed"}"#,
                ),
                "/States/A/Choices/1/Next",
            ),
            (
                machine(
                    r#""A": {"Type": "Choice", "Choices": [{"Condition": true, "Next": "B"}], "Default": "Z"},
                       "B": {"Type": "Succeed"}"#,
                ),
                "/States/A/Default",
            ),
            (
                machine(
                    r#""A": {"Type": "Map", "End": true, "ItemProcessor":
                        {"StartAt": "Z", "States": {"Y": {"Type": "Succeed"}}}}"#,
                ),
                "/States/A/ItemProcessor/StartAt",
            ),
        ];
        for (definition, location) in cases {
            let found = findings(&definition);
            assert_eq!(found.len(), 1, "{found:#?}");
            let expected = format!(" {location}: there is no state `Z` here [MISSING_TRANSITION_TARGET]");
            assert!(found[0].ends_with(&expected), "{found:#?}");
        }
    }

    #[test]
    fn a_finding_points_at_file_line_and_column() {
        let definition = "{\"StartAt\": \"A\",\n \"States\": {\n  \"A\": {\"Type\": \"Pass\", \"Next\": \"B\"}}}";
        assert_eq!(
            findings(definition),
            ["f:3:33: /States/A/Next: there is no state `B` here [MISSING_TRANSITION_TARGET]"]
        );
    }

    #[test]
    fn a_location_is_found_or_the_innermost_around_it() {
        let text = "{\"StartAt\": \"A\",\n \"States\": {\n  \"A/1\": {\"Type\": \"Pass\",\n   \"Catch\": [1, {\"Next\": \"B\"}]}}}";
        let cases = [
            ("/", "1:1"),
            ("", "1:1"),
            ("/StartAt", "1:2"),
            ("/States/A~11", "3:3"),
            ("/States/A~11/Type", "3:11"),
            ("/States/A~11/Catch/1/Next", "4:18"),
            ("/States/A~11/Gone", "3:3"),
            ("/States/A~11/Catch/7", "4:4"),
            ("nonsense", "1:1"),
        ];
        for (location, at) in cases {
            assert_eq!(position_of(text, location).to_string(), at, "{location}");
        }
        assert_eq!(position_of("not JSON", "/States").to_string(), "1:1");
    }

    #[test]
    fn a_branch_cannot_leave_for_a_state_outside() {
        let definition = machine(
            r#""A": {"Type": "Parallel", "Next": "B", "Branches": [
                 {"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "B"}}}]}, "B": {"Type": "Succeed"}"#,
        );
        assert!(findings(&definition)[0].contains("/States/A/Branches/0/States/X/Next: there is no state `B` here"));
    }

    #[test]
    fn an_orphan_and_an_endless_machine_are_found() {
        let orphan = machine(r#""A": {"Type": "Succeed"}, "B/2": {"Type": "Pass", "Next": "A"}"#);
        assert_eq!(findings(&orphan), ["f:1:83: /States/B~12: no state leads to `B/2` [UNREACHABLE_STATE]"]);

        let endless =
            machine(r#""A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Wait", "Seconds": 1, "Next": "A"}"#);
        assert_eq!(
            findings(&endless),
            [
                r#"f:1:56: /States: no execution can end: no state that is reached is Succeed, Fail or has `"End": true` [NO_TERMINAL_STATE]"#
            ]
        );
    }

    #[test]
    fn a_name_that_stands_twice_is_found() {
        let definition = machine(r#""A": {"Type": "Succeed"}, "A": {"Type": "Succeed"}"#);
        assert_eq!(findings(&definition), ["f:1:83: /States/A: `A` appears twice in one object [DUPLICATE_KEY]"]);
    }

    #[test]
    fn a_name_is_short_and_stands_once_in_the_whole_definition() {
        let named = |name: &str| format!(r#"{{"StartAt": "{name}", "States": {{"{name}": {{"Type": "Succeed"}}}}}}"#);
        assert_eq!(findings(&named(&"한".repeat(80))), Vec::<String>::new());
        for (name, length) in [("N".repeat(81), 81), (String::new(), 0)] {
            let message = format!("the name of a state has 1 to 80 characters, and this one {length}");
            assert!(findings(&named(&name))[0].contains(&message), "{:#?}", findings(&named(&name)));
        }

        let branch = |name: &str| format!(r#"{{"StartAt": "{name}", "States": {{"{name}": {{"Type": "Succeed"}}}}}}"#);
        let branches = |first: &str, second: &str| {
            let (first, second) = (branch(first), branch(second));
            machine(&format!(r#""A": {{"Type": "Parallel", "End": true, "Branches": [{first}, {second}]}}"#))
        };
        assert_eq!(findings(&branches("X", "Y")), Vec::<String>::new());
        for (definition, location) in [
            (branches("X", "X"), "/States/A/Branches/1/States/X"),
            (branches("A", "Y"), "/States/A/Branches/0/States/A"),
        ] {
            let found = findings(&definition);
            assert_eq!(found.len(), 1, "{found:#?}");
            assert!(found[0].contains(location) && found[0].ends_with("[DUPLICATE_STATE_NAME]"), "{found:#?}");
        }
    }

    #[test]
    fn a_definition_over_a_mebibyte_is_refused() {
        let padded = |bytes: usize| {
            let around = machine(r#""A": {"Type": "Succeed", "Comment": ""}"#).len();
            machine(&format!(r#""A": {{"Type": "Succeed", "Comment": "{}"}}"#, " ".repeat(bytes - around)))
        };
        assert_eq!(findings(&padded(MAX_DEFINITION_BYTES)), Vec::<String>::new());
        assert_eq!(
            findings(&padded(MAX_DEFINITION_BYTES + 1)),
            ["f:1:1: the definition has 1048577 bytes, and Step Functions takes 1048576 [DEFINITION_TOO_LARGE]"]
        );
    }

    #[test]
    fn what_is_no_machine_is_said() {
        let cases = [
            ("[]", "f:1:1: a definition is an object"),
            ("{}", "f:1:1: a state machine needs `States`, an object with a state or more"),
            (
                r#"{"States": {"A": {"Type": "Succeed"}}}"#,
                "f:1:1: a state machine needs `StartAt`, the name of a state",
            ),
            (r#"{"StartAt": "A", "States": {"A": 1}}"#, "/States/A: a state is an object"),
        ];
        for (definition, message) in cases {
            let found = findings(definition);
            assert!(found.iter().any(|line| line.contains(message)), "{definition}: {found:#?}");
        }
    }
}
