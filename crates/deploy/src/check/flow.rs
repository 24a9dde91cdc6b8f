//! Where a state leads.

use jsonc_parser::ast::{Object, StringLit, Value};
use jsonc_parser::common::Ranged;

use super::fields::{QueryLanguage, StateType};
use super::{Checker, child};

/// Where a state leads.
pub(super) struct Flow<'a> {
    /// The states it may hand over to.
    pub(super) targets: Vec<Target<'a>>,
    /// Whether an execution may end in it.
    pub(super) ends: bool,
}

/// A state that another names as the one that follows.
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    pub(super) offset: usize,
    pub(super) location: String,
}

impl Checker<'_> {
    /// Checks one state, and the machines inside it, and returns where it leads.
    pub(super) fn state<'a>(
        &mut self,
        state: &'a Object<'_>,
        around: Option<QueryLanguage>,
        location: &str,
    ) -> Flow<'a> {
        let mut flow = Flow { targets: Vec::new(), ends: false };
        let Some(kind) = StateType::of(state) else {
            self.schema(state, location, "`Type` must be Task, Pass, Choice, Wait, Succeed, Fail, Parallel or Map");
            return flow;
        };
        let language = self.query_language(state, around, location);
        self.fields_of_state(state, kind, language, location);
        self.expressions(state, kind, language, location);
        if let StateType::Task | StateType::Parallel | StateType::Map = kind {
            self.retry_and_catch(state, language, location, &mut flow);
        }
        match kind {
            StateType::Choice => self.choices(state, language, location, &mut flow),
            StateType::Succeed | StateType::Fail => flow.ends = true,
            _ => self.next_or_end(state, location, &mut flow),
        }
        match kind {
            StateType::Wait => self.wait(state, language, location),
            StateType::Task => {
                self.resource(state, location);
                self.timeouts(state, language, location);
            }
            StateType::Parallel => self.branches(state, language, location),
            StateType::Map => {
                self.tolerances(state, language, location);
                self.item_processor(state, language, location);
                self.distributed_map(state, language, location);
            }
            _ => {}
        }
        flow
    }

    /// What a Task does: an ARN, or a placeholder that stands for one.
    fn resource(&mut self, state: &Object<'_>, location: &str) {
        let location = child(location, "Resource");
        let Some(resource) = state.get("Resource") else {
            return self.schema(state, &location, "a Task state needs `Resource`, the ARN of what it does");
        };
        let is_arn = |text: &str| text.starts_with("${") || text.starts_with("arn:") && text.split(':').count() >= 6;
        if !resource.value.as_string_lit().is_some_and(|text| is_arn(&text.value)) {
            let message = "must be an ARN, such as `arn:aws:states:::lambda:invoke`, and is not an expression";
            self.schema(&resource.value, &location, message);
        }
    }

    fn next_or_end<'a>(&mut self, state: &'a Object<'_>, location: &str, flow: &mut Flow<'a>) {
        let end = state.get_boolean("End").is_some_and(|end| end.value);
        let next = state.get_string("Next");
        if end == next.is_some() {
            self.schema(state, location, "needs either `Next`, the name of a state, or `\"End\": true`");
        }
        flow.ends |= end;
        flow.targets.extend(next.map(|next| target(next, child(location, "Next"))));
    }

    fn choices<'a>(&mut self, state: &'a Object<'_>, language: QueryLanguage, location: &str, flow: &mut Flow<'a>) {
        let rules_location = child(location, "Choices");
        match state.get_array("Choices").filter(|rules| !rules.elements.is_empty()) {
            Some(rules) => {
                for (index, rule) in rules.elements.iter().enumerate() {
                    let location = child(&rules_location, &index.to_string());
                    self.next_of(rule, &location, "a rule of a Choice state", flow);
                    if let Some(rule) = rule.as_object() {
                        self.rule(rule, language, &location);
                    }
                }
            }
            None => self.schema(state, location, "a Choice state needs `Choices`, an array with a rule or more"),
        }
        let default = state.get_string("Default");
        flow.targets.extend(default.map(|default| target(default, child(location, "Default"))));
    }

    /// What a rule of a Choice state asks.
    fn rule(&mut self, rule: &Object<'_>, language: QueryLanguage, location: &str) {
        if language == QueryLanguage::Jsonata {
            self.fields_of_rule(rule, location);
            self.condition(rule, location);
        } else if rule.get("Condition").is_some() {
            self.schema(rule, &child(location, "Condition"), "`Condition` belongs to JSONata");
        } else if !["And", "Or", "Not", "Variable"].iter().any(|field| rule.get(field).is_some()) {
            self.schema(rule, location, "a rule needs `Variable` and what to compare it with, or `And`, `Or`, `Not`");
        }
    }

    fn retry_and_catch<'a>(
        &mut self,
        state: &'a Object<'_>,
        language: QueryLanguage,
        location: &str,
        flow: &mut Flow<'a>,
    ) {
        for field in ["Retry", "Catch"] {
            let Some(property) = state.get(field) else {
                continue;
            };
            let location = child(location, field);
            let Some(handlers) = property.value.as_array() else {
                self.schema(property, &location, "must be an array");
                continue;
            };
            self.error_equals(handlers, &location);
            for (index, handler) in handlers.elements.iter().enumerate() {
                let location = child(&location, &index.to_string());
                if field == "Catch" {
                    self.next_of(handler, &location, "a catcher", flow);
                }
                match handler.as_object() {
                    Some(catcher) if field == "Catch" => self.fields_of_catcher(catcher, language, &location),
                    Some(retrier) => {
                        self.fields_of_retrier(retrier, language, &location);
                        self.retrier(retrier, &location);
                    }
                    None => {}
                }
            }
        }
    }

    fn next_of<'a>(&mut self, value: &'a Value<'_>, location: &str, what: &str, flow: &mut Flow<'a>) {
        match value.as_object().and_then(|object| object.get_string("Next")) {
            Some(next) => flow.targets.push(target(next, child(location, "Next"))),
            None => self.schema(value, location, &format!("{what} needs `Next`, the name of a state")),
        }
    }

    fn branches(&mut self, state: &Object<'_>, language: QueryLanguage, location: &str) {
        let branches_location = child(location, "Branches");
        let Some(branches) = state.get_array("Branches").filter(|branches| !branches.elements.is_empty()) else {
            return self.schema(state, location, "a Parallel state needs `Branches`, an array with a branch or more");
        };
        for (index, branch) in branches.elements.iter().enumerate() {
            let location = child(&branches_location, &index.to_string());
            match branch.as_object() {
                Some(machine) => self.machine(machine, Some(language), &location),
                None => self.schema(branch, &location, "a branch is an object"),
            }
        }
    }

    fn item_processor(&mut self, state: &Object<'_>, language: QueryLanguage, location: &str) {
        // `Iterator` is the older name, still accepted.
        let field = if state.get("ItemProcessor").is_some() { "ItemProcessor" } else { "Iterator" };
        match state.get_object(field) {
            Some(machine) => self.machine(machine, Some(language), &child(location, field)),
            None => self.schema(state, location, "a Map state needs `ItemProcessor`, an object"),
        }
    }
}

fn target<'a>(name: &'a StringLit<'_>, location: String) -> Target<'a> {
    Target { name: &name.value, offset: name.start(), location }
}

#[cfg(test)]
mod tests {
    use crate::check::check;

    #[test]
    fn a_state_that_leads_nowhere_or_has_no_type_is_found() {
        let needs_next = "needs either `Next`, the name of a state, or `\"End\": true`";
        let cases = [
            (r#"{"Type": "Pass"}"#, needs_next),
            (r#"{"Type": "Pass", "Next": "B", "End": true}"#, needs_next),
            (r#"{"Type": "Task", "End": false}"#, needs_next),
            (r#"{"Type": "Task", "End": true, "Catch": [{"ErrorEquals": ["States.ALL"]}]}"#, "a catcher needs `Next`"),
            (r#"{"Type": "Task", "End": true, "Retry": {}}"#, "must be an array"),
            (r#"{"Type": "Choice"}"#, "a Choice state needs `Choices`"),
            (r#"{"Type": "Choice", "Choices": []}"#, "a Choice state needs `Choices`"),
            (r#"{"Type": "Choice", "Choices": [{}], "Default": "B"}"#, "a rule of a Choice state needs `Next`"),
            (r#"{"Type": "Choice", "Choices": [{"Next": "B"}]}"#, "a rule needs `Variable`"),
            (r#"{"Type": "Choice", "Choices": [{"Next": "B", "Condition": true}]}"#, "`Condition` belongs to JSONata"),
            (r#"{"Type": "Task", "End": true}"#, "a Task state needs `Resource`"),
            (r#"{"Type": "Task", "End": true, "Resource": "lambda"}"#, "must be an ARN"),
            (r#"{"Type": "Task", "End": true, "Resource": "{% 'arn:aws:states:::sns:publish' %}"}"#, "must be an ARN"),
            (r#"{"Type": "Parallel", "End": true}"#, "a Parallel state needs `Branches`"),
            (r#"{"Type": "Parallel", "End": true, "Branches": [1]}"#, "a branch is an object"),
            (r#"{"Type": "Map", "End": true}"#, "a Map state needs `ItemProcessor`"),
            (r#"{"Type": "Tsk", "End": true}"#, "`Type` must be Task, Pass,"),
            (r#"{"End": true}"#, "`Type` must be Task, Pass,"),
        ];
        for (state, message) in cases {
            let definition = format!(r#"{{"StartAt": "A", "States": {{"A": {state}, "B": {{"Type": "Succeed"}}}}}}"#);
            let found = check("f", &definition);
            assert!(
                found.iter().any(|finding| finding.message.starts_with(message)
                    && finding.location.starts_with("/States/A")
                    && finding.code.as_str() == "SCHEMA_VALIDATION_FAILED"),
                "{state}: {found:#?}"
            );
        }
    }
}
