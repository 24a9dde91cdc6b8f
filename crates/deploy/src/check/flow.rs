//! Where a state leads.

use jsonc_parser::ast::{Object, StringLit, Value};
use jsonc_parser::common::Ranged;

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
    /// Checks one state, and the machines inside it, and tells where it leads.
    pub(super) fn state<'a>(&mut self, state: &'a Object<'_>, location: &str) -> Flow<'a> {
        let mut flow = Flow { targets: Vec::new(), ends: false };
        match state.get_string("Type").map(|kind| kind.value.as_ref()) {
            Some("Pass" | "Wait") => self.next_or_end(state, location, &mut flow),
            Some("Task") => {
                self.next_or_end(state, location, &mut flow);
                self.retry_and_catch(state, location, &mut flow);
            }
            Some("Parallel") => {
                self.next_or_end(state, location, &mut flow);
                self.retry_and_catch(state, location, &mut flow);
                self.branches(state, location);
            }
            Some("Map") => {
                self.next_or_end(state, location, &mut flow);
                self.retry_and_catch(state, location, &mut flow);
                self.item_processor(state, location);
            }
            Some("Choice") => self.choices(state, location, &mut flow),
            Some("Succeed" | "Fail") => flow.ends = true,
            _ => {
                self.schema(state, location, "`Type` must be Task, Pass, Choice, Wait, Succeed, Fail, Parallel or Map");
            }
        }
        flow
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

    fn choices<'a>(&mut self, state: &'a Object<'_>, location: &str, flow: &mut Flow<'a>) {
        let rules_location = child(location, "Choices");
        match state.get_array("Choices").filter(|rules| !rules.elements.is_empty()) {
            Some(rules) => {
                for (index, rule) in rules.elements.iter().enumerate() {
                    let location = child(&rules_location, &index.to_string());
                    self.next_of(rule, &location, "a rule of a Choice state", flow);
                }
            }
            None => self.schema(state, location, "a Choice state needs `Choices`, an array with a rule or more"),
        }
        let default = state.get_string("Default");
        flow.targets.extend(default.map(|default| target(default, child(location, "Default"))));
    }

    fn retry_and_catch<'a>(&mut self, state: &'a Object<'_>, location: &str, flow: &mut Flow<'a>) {
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
            if field == "Catch" {
                for (index, catcher) in handlers.elements.iter().enumerate() {
                    self.next_of(catcher, &child(&location, &index.to_string()), "a catcher", flow);
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

    fn branches(&mut self, state: &Object<'_>, location: &str) {
        let branches_location = child(location, "Branches");
        let Some(branches) = state.get_array("Branches").filter(|branches| !branches.elements.is_empty()) else {
            return self.schema(state, location, "a Parallel state needs `Branches`, an array with a branch or more");
        };
        for (index, branch) in branches.elements.iter().enumerate() {
            let location = child(&branches_location, &index.to_string());
            match branch.as_object() {
                Some(machine) => self.machine(machine, &location),
                None => self.schema(branch, &location, "a branch is an object"),
            }
        }
    }

    fn item_processor(&mut self, state: &Object<'_>, location: &str) {
        // `Iterator` is the older name, still accepted.
        let field = if state.get("ItemProcessor").is_some() { "ItemProcessor" } else { "Iterator" };
        match state.get_object(field) {
            Some(machine) => self.machine(machine, &child(location, field)),
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
            (r#"{"Type": "Parallel", "End": true}"#, "a Parallel state needs `Branches`"),
            (r#"{"Type": "Parallel", "End": true, "Branches": [1]}"#, "a branch is an object"),
            (r#"{"Type": "Map", "End": true}"#, "a Map state needs `ItemProcessor`"),
            (r#"{"Type": "Tsk", "End": true}"#, "`Type` must be Task, Pass,"),
            (r#"{"End": true}"#, "`Type` must be Task, Pass,"),
        ];
        for (state, message) in cases {
            let definition = format!(r#"{{"StartAt": "A", "States": {{"A": {state}, "B": {{"Type": "Succeed"}}}}}}"#);
            let found = check("f", &definition, |_| true);
            assert!(
                found.iter().any(|finding| finding.message.starts_with(message)
                    && finding.location.starts_with("/States/A")
                    && finding.code.as_str() == "SCHEMA_VALIDATION_FAILED"),
                "{state}: {found:#?}"
            );
        }
    }
}
