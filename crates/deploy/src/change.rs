//! What applying would change in a state machine, for people to read: no calls here.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_sfn::types::LoggingConfiguration;
use serde::Serialize;
use serde_json::{Map, Value};
use similar::TextDiff;

use crate::Difference;
use crate::machine::{Current, Desired};

/// Lines around a change that are shown with it.
const CONTEXT: usize = 2;

/// A property that applying would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Which property differs.
    pub property: Difference,
    /// What it is; of a definition, nothing: see `parts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The parts of a definition that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<DefinitionPart>,
}

/// A part of a definition that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DefinitionPart {
    /// The state; `None` for what stands outside of the states.
    pub state: Option<String>,
    /// What would become of it.
    pub kind: PartKind,
    /// The lines of its JSON that differ, as a unified diff.
    pub diff: String,
}

/// What would become of a part of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// It is new.
    Added,
    /// It would go.
    Removed,
    /// It would become another.
    Changed,
}

/// The properties in which `current` differs from `desired`, with what they are and would be.
pub(crate) fn changes(
    differences: &[Difference],
    missing_tags: &BTreeMap<String, String>,
    desired: &Desired,
    current: &Current,
) -> Vec<Change> {
    let value = |property, from: String, to: String| Change { property, from: Some(from), to: Some(to), parts: vec![] };
    let mut changes: Vec<_> = differences
        .iter()
        .map(|property| match property {
            Difference::Definition => Change {
                property: Difference::Definition,
                from: None,
                to: None,
                parts: parts(&current.definition, &desired.definition),
            },
            Difference::Role => value(Difference::Role, current.role_arn.clone(), desired.role_arn.clone()),
            Difference::Logging => value(
                Difference::Logging,
                described_logging(current.logging.as_ref()),
                format!("level ERROR, without data, to {}", desired.log_group_arn),
            ),
            Difference::Tracing => value(Difference::Tracing, "off".into(), "on".into()),
            Difference::Tags => value(Difference::Tags, String::new(), String::new()),
        })
        .collect();
    if !missing_tags.is_empty() {
        let current = current.tags.clone().unwrap_or_default();
        let held: BTreeMap<_, _> = current.into_iter().filter(|(key, _)| missing_tags.contains_key(key)).collect();
        changes.push(value(Difference::Tags, described_tags(&held), described_tags(missing_tags)));
    }
    changes
}

fn described_tags(tags: &BTreeMap<String, String>) -> String {
    if tags.is_empty() {
        return "none".into();
    }
    tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

fn described_logging(logging: Option<&LoggingConfiguration>) -> String {
    let Some((logging, level)) = logging.and_then(|logging| Some((logging, logging.level()?.as_str()))) else {
        return "off".into();
    };
    let data = if logging.include_execution_data() { "with data" } else { "without data" };
    let groups: Vec<_> = logging
        .destinations()
        .iter()
        .filter_map(|to| to.cloud_watch_logs_log_group().and_then(|group| group.log_group_arn()))
        .collect();
    let groups = if groups.is_empty() { "nowhere".into() } else { groups.join(", ") };
    format!("level {level}, {data}, to {groups}")
}

/// The states that differ, in alphabetical order, after what stands around them.
fn parts(current: &str, desired: &str) -> Vec<DefinitionPart> {
    let (mut around_now, states_now) = split(current);
    let (around_then, states_then) = split(desired);
    // What is not a JSON object at all has no states to compare.
    if around_now.is_empty() && states_now.is_empty() {
        around_now.insert("(not a JSON object)".into(), Value::from(current));
    }
    let names: std::collections::BTreeSet<_> = states_now.keys().chain(states_then.keys()).collect();
    let around = part(None, Some(&Value::Object(around_now)), Some(&Value::Object(around_then)));
    let states = names
        .into_iter()
        .filter_map(|name| part(Some(name.clone()), states_now.get(name.as_str()), states_then.get(name.as_str())));
    around.into_iter().chain(states).collect()
}

/// A definition's own fields, and its states.
fn split(definition: &str) -> (Map<String, Value>, Map<String, Value>) {
    let mut around = match serde_json::from_str(definition) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let states = match around.remove("States") {
        Some(Value::Object(states)) => states,
        _ => Map::new(),
    };
    (around, states)
}

fn part(state: Option<String>, now: Option<&Value>, then: Option<&Value>) -> Option<DefinitionPart> {
    let kind = match (now, then) {
        (None, Some(_)) => PartKind::Added,
        (Some(_), None) => PartKind::Removed,
        (now, then) if now == then => return None,
        _ => PartKind::Changed,
    };
    let now = now.map(|now| then.map_or_else(|| now.clone(), |then| in_order_of(now, then)));
    let text = |value: Option<&Value>| value.map(|value| format!("{value:#}\n")).unwrap_or_default();
    let (now, then) = (text(now.as_ref()), text(then));
    let diff = TextDiff::from_lines(&now, &then);
    let hunks: Vec<_> =
        diff.unified_diff().context_radius(CONTEXT).iter_hunks().map(|hunk| lines_of(&hunk.to_string())).collect();
    Some(DefinitionPart { state, kind, diff: hunks.join("\n…\n") })
}

/// `value` with its keys in the order that they have in `model`: the order of keys is not a change.
fn in_order_of(value: &Value, model: &Value) -> Value {
    match (value, model) {
        (Value::Object(fields), Value::Object(model)) => {
            let known = model.iter().filter_map(|(key, model)| Some((key, in_order_of(fields.get(key)?, model))));
            let others = fields.iter().filter(|(key, _)| !model.contains_key(*key));
            known.chain(others.map(|(key, value)| (key, value.clone()))).map(|(k, v)| (k.clone(), v)).collect()
        }
        (Value::Array(items), Value::Array(models)) => {
            let ordered = items.iter().enumerate().map(|(at, item)| in_order_of(item, models.get(at).unwrap_or(item)));
            ordered.collect()
        }
        _ => value.clone(),
    }
}

/// A hunk without its header: line numbers of canonical JSON mean nothing to a reader.
fn lines_of(hunk: &str) -> String {
    let lines: Vec<_> = hunk.lines().filter(|line| !line.starts_with("@@")).collect();
    lines.join("\n")
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.property.as_str())?;
        if let (Some(from), Some(to)) = (&self.from, &self.to) {
            write!(f, "\n  - {from}\n  + {to}")?;
        }
        for part in &self.parts {
            match &part.state {
                Some(state) => write!(f, "\n  state `{state}` {}:", part.kind)?,
                None => write!(f, "\n  around the states {}:", part.kind)?,
            }
            for line in part.diff.lines() {
                write!(f, "\n    {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = r#"{"StartAt": "A", "States": {
        "A": {"Next": "B", "TimeoutSeconds": 60, "Type": "Task"}, "B": {"Type": "Succeed"}, "C": {"Type": "Fail"}}}"#;

    fn shown(desired: &str) -> Vec<String> {
        parts(NOW, desired)
            .iter()
            .map(|part| format!("{} {}\n{}", part.state.as_deref().unwrap_or("-"), part.kind, part.diff))
            .collect()
    }

    #[test]
    fn each_state_that_differs_is_shown_with_the_lines_that_do() {
        let cases: [(&str, &[&str]); 5] = [
            (NOW, &[]),
            (
                r#"{"StartAt": "A", "States": {
                    "A": {"Next": "B", "TimeoutSeconds": 90, "Type": "Task"}, "B": {"Type": "Succeed"}, "C": {"Type": "Fail"}}}"#,
                &[
                    "A changed\n {\n   \"Next\": \"B\",\n-  \"TimeoutSeconds\": 60,\n+  \"TimeoutSeconds\": 90,\n   \"Type\": \"Task\"\n }",
                ],
            ),
            (
                r#"{"StartAt": "B", "States": {
                    "A": {"Type": "Task", "TimeoutSeconds": 60, "Next": "B"}, "B": {"Type": "Succeed"}, "C": {"Type": "Fail"}}}"#,
                &["- changed\n {\n-  \"StartAt\": \"A\"\n+  \"StartAt\": \"B\"\n }"],
            ),
            (
                r#"{"StartAt": "A", "States": {
                    "A": {"Next": "B", "TimeoutSeconds": 60, "Type": "Task"}, "B": {"Type": "Succeed"}}}"#,
                &["C removed\n-{\n-  \"Type\": \"Fail\"\n-}"],
            ),
            (
                r#"{"StartAt": "A", "States": {"D": {"Type": "Pass"},
                    "A": {"Next": "B", "TimeoutSeconds": 60, "Type": "Task"}, "B": {"Type": "Succeed"}, "C": {"Type": "Fail"}}}"#,
                &["D added\n+{\n+  \"Type\": \"Pass\"\n+}"],
            ),
        ];
        for (desired, expected) in cases {
            assert_eq!(shown(desired), expected, "{desired}");
        }
    }

    #[test]
    fn a_machine_whose_definition_cannot_be_read_is_replaced_as_a_whole() {
        let parts = parts("{", r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#);
        let kinds: Vec<_> = parts.iter().map(|part| (part.state.as_deref(), part.kind)).collect();
        assert_eq!(kinds, [(None, PartKind::Changed), (Some("A"), PartKind::Added)]);
    }

    #[test]
    fn a_change_is_printed_with_what_is_and_what_would_be() {
        let change = Change {
            property: Difference::Role,
            from: Some("arn:old".into()),
            to: Some("arn:new".into()),
            parts: Vec::new(),
        };
        assert_eq!(change.to_string(), "role:\n  - arn:old\n  + arn:new");
        let change = Change {
            property: Difference::Definition,
            from: None,
            to: None,
            parts: parts(NOW, &NOW.replace("60", "90")),
        };
        assert!(change.to_string().starts_with("definition:\n  state `A` changed:\n     {\n"), "{change}");
    }

    #[test]
    fn tags_are_listed_by_name() {
        let tags = BTreeMap::from([("team".to_owned(), "audit".to_owned()), ("env".into(), "prod".into())]);
        assert_eq!(described_tags(&tags), "env=prod, team=audit");
        assert_eq!(described_tags(&BTreeMap::new()), "none");
    }
}
