//! The `JSONata` expressions of a state.

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;

use super::fields::{QueryLanguage, StateType};
use super::jsonata::{self, Expr, Place};
use super::{Checker, child};
use crate::diagnostic::Code;

/// Fields that hold no expressions of the state itself.
const CONSTANT: [&str; 13] = [
    "Branches",
    "Catch",
    "Choices",
    "Comment",
    "Default",
    "End",
    "ItemProcessor",
    "Iterator",
    "Label",
    "Next",
    "QueryLanguage",
    "Retry",
    "Type",
];

impl Checker<'_> {
    /// Checks every expression of a state, its rules and its catchers.
    pub(super) fn expressions(&mut self, state: &Object<'_>, kind: StateType, language: QueryLanguage, location: &str) {
        if language != QueryLanguage::Jsonata {
            return;
        }
        let yields_result = matches!(kind, StateType::Task | StateType::Parallel | StateType::Map);
        for property in &state.properties {
            let name = property.name.as_str();
            let place = match name {
                "Output" | "Assign" if yields_result => Place::AfterSuccess,
                _ if CONSTANT.contains(&name) => continue,
                _ => Place::Before,
            };
            self.values(&property.value, place, &child(location, name));
        }
        for (field, place) in [("Choices", Place::Before), ("Catch", Place::AfterError)] {
            let handlers = state.get_array(field).map(|handlers| handlers.elements.as_slice()).unwrap_or_default();
            for (index, handler) in handlers.iter().enumerate() {
                let location = child(&child(location, field), &index.to_string());
                for name in ["Assign", "Output"] {
                    if let Some(property) = handler.as_object().and_then(|handler| handler.get(name)) {
                        self.values(&property.value, place, &child(&location, name));
                    }
                }
            }
        }
    }

    /// A rule's condition: a boolean, or an expression that may yield one.
    pub(super) fn condition(&mut self, rule: &Object<'_>, location: &str) {
        let location = child(location, "Condition");
        let Some(condition) = rule.get("Condition") else {
            return self.schema(rule, &location, "a rule needs a `Condition`");
        };
        match &condition.value {
            Value::BooleanLit(_) => {}
            Value::StringLit(text) => match inner(&text.value) {
                Some(Ok(expression)) => {
                    let found = self.expression(expression, Place::Before, &condition.value, &location);
                    if found.is_some_and(|expr| expr.is_never_boolean()) {
                        let message = "a condition must yield a boolean: compare it with something".to_owned();
                        self.report(Code::InvalidExpression, condition.value.start(), &location, message);
                    }
                }
                Some(Err(message)) => self.malformed(&condition.value, &location, message),
                None => self.schema(&condition.value, &location, "must be an expression, `{% … %}`, or a boolean"),
            },
            _ => self.schema(&condition.value, &location, "must be an expression, `{% … %}`, or a boolean"),
        }
    }

    /// Every string in a value, however deep.
    fn values(&mut self, value: &Value<'_>, place: Place, location: &str) {
        match value {
            Value::StringLit(text) => match inner(&text.value) {
                Some(Ok(expression)) => {
                    self.expression(expression, place, value, location);
                }
                Some(Err(message)) => self.malformed(value, location, message),
                None => {}
            },
            Value::Object(object) => {
                for property in &object.properties {
                    self.values(&property.value, place, &child(location, property.name.as_str()));
                }
            }
            Value::Array(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    self.values(element, place, &child(location, &index.to_string()));
                }
            }
            _ => {}
        }
    }

    fn expression(&mut self, text: &str, place: Place, value: &Value<'_>, location: &str) -> Option<Expr> {
        // What a placeholder stands for is put into the text before it is read as an expression.
        let text = text.replace("${", "  ");
        let parsed = jsonata::parse(&text);
        let problems = match &parsed {
            Ok(expr) => jsonata::problems(expr, place, &self.assigned),
            Err(problem) => vec![problem.clone()],
        };
        for problem in problems {
            let message = format!("{}, at character {} of the expression", problem.message, problem.at + 1);
            self.report(Code::InvalidExpression, value.start(), location, message);
        }
        parsed.ok()
    }

    fn malformed(&mut self, value: &Value<'_>, location: &str, message: &str) {
        self.report(Code::InvalidExpression, value.start(), location, message.to_owned());
    }
}

/// What stands between `{%` and `%}`; an error when only one of them is in its place, and nothing for plain text.
pub(super) fn inner(text: &str) -> Option<Result<&str, &'static str>> {
    if !text.trim().starts_with("{%") {
        return None;
    }
    let inner = text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}"));
    Some(inner.ok_or("an expression begins with `{%` and ends with `%}`, with nothing around them"))
}

#[cfg(test)]
mod tests {
    use crate::check::check;

    fn findings(states: &str) -> Vec<String> {
        let definition = format!(r#"{{"QueryLanguage": "JSONata", "StartAt": "A", "States": {{{states}}}}}"#);
        check("f", &definition).iter().map(|found| format!("{}: {}", found.location, found.message)).collect()
    }

    #[test]
    fn an_expression_is_found_wherever_a_state_has_one() {
        let bad = "{% 1 + %}";
        let problem = "it ends where a value should stand, at character 6 of the expression";
        let task = r#""Type": "Task", "Resource": "arn:aws:states:::sns:publish""#;
        for (state, location) in [
            (format!(r#"{{"Type": "Pass", "End": true, "Output": "{bad}"}}"#), "/States/A/Output"),
            (format!(r#"{{"Type": "Pass", "End": true, "Assign": {{"x": ["{bad}"]}}}}"#), "/States/A/Assign/x/0"),
            (format!(r#"{{"Type": "Wait", "End": true, "Seconds": "{bad}"}}"#), "/States/A/Seconds"),
            (format!(r#"{{"Type": "Fail", "Cause": "{bad}"}}"#), "/States/A/Cause"),
            (format!(r#"{{{task}, "End": true, "Arguments": {{"a": {{"b": "{bad}"}}}}}}"#), "/States/A/Arguments/a/b"),
            (format!(r#"{{{task}, "End": true, "TimeoutSeconds": "{bad}"}}"#), "/States/A/TimeoutSeconds"),
            (
                format!(
                    r#"{{{task}, "End": true, "Catch": [{{"ErrorEquals": ["X"], "Next": "A", "Output": "{bad}"}}]}}"#
                ),
                "/States/A/Catch/0/Output",
            ),
            (
                format!(
                    r#"{{"Type": "Choice", "Choices": [{{"Condition": "{bad}", "Next": "B"}}]}}, "B": {{"Type": "Succeed"}}"#
                ),
                "/States/A/Choices/0/Condition",
            ),
            (
                format!(
                    r#"{{"Type": "Map", "End": true, "Items": "{bad}", "ItemProcessor": {{"StartAt": "B", "States": {{"B": {{"Type": "Succeed"}}}}}}}}"#
                ),
                "/States/A/Items",
            ),
            (
                format!(
                    r#"{{"Type": "Map", "End": true, "ItemProcessor": {{"StartAt": "B", "States": {{"B": {{"Type": "Succeed", "Output": "{bad}"}}}}}}}}"#
                ),
                "/States/A/ItemProcessor/States/B/Output",
            ),
        ] {
            assert_eq!(findings(&format!(r#""A": {state}"#)), [format!("{location}: {problem}")], "{state}");
        }
    }

    #[test]
    fn an_expression_stands_alone_in_its_string() {
        let alone = "an expression begins with `{%` and ends with `%}`, with nothing around them";
        for (text, expected) in [
            ("{% 1 %}", vec![]),
            ("{%1%}", vec![]),
            ("plain", vec![]),
            ("id-{% $states.input.id %}", vec![]),
            (" {% 1 %}", vec![format!("/States/A/Output: {alone}")]),
            ("{% 1 %} ", vec![format!("/States/A/Output: {alone}")]),
            ("{% 1", vec![format!("/States/A/Output: {alone}")]),
            ("{%}", vec![format!("/States/A/Output: {alone}")]),
        ] {
            let state = format!(r#""A": {{"Type": "Pass", "End": true, "Output": "{text}"}}"#);
            assert_eq!(findings(&state), expected, "{text}");
        }
    }

    #[test]
    fn a_condition_can_be_a_boolean() {
        let refused = "must be an expression, `{% … %}`, or a boolean";
        let never = "a condition must yield a boolean: compare it with something";
        for (condition, expected) in [
            (r#""{% $states.input.a = 1 %}""#, None),
            (r#""{% $states.input.a %}""#, None),
            (r#""{% $boolean(1) and true %}""#, None),
            ("true", None),
            (r#""true""#, Some(refused)),
            ("1", Some(refused)),
            (r#""{% 1 + 1 %}""#, Some(never)),
            (r#""{% $states.input.a & 'x' %}""#, Some(never)),
            (r#""{% $states.input.a ? 1 : true %}""#, Some(never)),
        ] {
            let states = format!(
                r#""A": {{"Type": "Choice", "Choices": [{{"Condition": {condition}, "Next": "B"}}], "Default": "B"}}, "B": {{"Type": "Succeed"}}"#
            );
            let expected: Vec<_> =
                expected.iter().map(|message| format!("/States/A/Choices/0/Condition: {message}")).collect();
            assert_eq!(findings(&states), expected, "{condition}");
        }
        let without = r#""A": {"Type": "Choice", "Choices": [{"Next": "B"}]}, "B": {"Type": "Succeed"}"#;
        assert_eq!(findings(without), ["/States/A/Choices/0/Condition: a rule needs a `Condition`"]);
    }

    #[test]
    fn what_is_assigned_anywhere_is_known_everywhere() {
        let states = r#"
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Output": "{% $x + $y %}", "End": true}"#;
        let message = "/States/B/Output: no state assigns `$y`, at character 7 of the expression";
        assert_eq!(findings(states), [message]);
    }

    #[test]
    fn a_placeholder_in_an_expression_is_text() {
        let state = r#""A": {"Type": "Pass", "Output": "{% '${AlertTopicArn}' & 'x' %}", "End": true}"#;
        assert_eq!(findings(state), Vec::<String>::new());
    }

    #[test]
    fn in_jsonpath_nothing_is_an_expression() {
        let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "{% 1 + %}", "End": true}}}"#;
        assert_eq!(check("f", definition).len(), 0);
    }
}
