//! The detection of a rule, held against the fields of a record.
//!
//! The engine holds one value against one test. What it leaves to its caller
//! stands here: names with several values, tests for
//! null, numbers and booleans that the record writes as text.

use serde_norway::{Mapping, Value as Yaml};
use sigma_rust::{Event, Rule};

use super::{
    condition::Condition,
    fields::{self, Fields},
};

/// The condition of a rule and the selections it speaks of.
pub(super) struct RuleDetection {
    selections: Vec<Selection>,
    condition: Condition,
}

/// What is wrong with a detection.
#[derive(Debug)]
pub(super) struct Problem {
    /// The name in the rule's text at which it is wrong.
    pub(super) at: String,
    /// What is wrong there.
    pub(super) text: String,
}

impl Problem {
    fn new(at: &str, text: impl Into<String>) -> Self {
        Self { at: at.to_owned(), text: text.into() }
    }
}

enum Selection {
    /// One of the groups holds.
    Groups(Vec<Group>),
    /// One of the words stands somewhere in the record.
    Keywords(Box<Rule>),
}

/// Tests of which each holds.
type Group = Vec<Test>;

/// A field of a record, and what is expected of it.
struct Test {
    field: String,
    /// Whether it holds for a record without the field.
    holds_if_absent: bool,
    /// Other fields that it is compared with.
    compared_with: Vec<String>,
    /// What the engine decides; `None` for a field that must be absent.
    expected: Option<Rule>,
}

impl RuleDetection {
    /// Reads the `detection` of a rule.
    pub(super) fn parse(detection: &Mapping) -> Result<Self, Problem> {
        let condition = match detection.get("condition") {
            Some(Yaml::String(condition)) => condition,
            Some(_) => return Err(Problem::new("condition", "condition must be one text")),
            None => return Err(Problem::new("detection", "condition is missing")),
        };
        if detection.contains_key("timeframe") {
            return Err(Problem::new("timeframe", "timeframe: events are judged one by one"));
        }

        let (mut names, mut selections) = (Vec::new(), Vec::new());
        for (name, selection) in detection {
            let Some(name) = name.as_str() else {
                return Err(Problem::new("detection", "the name of a selection must be a text"));
            };
            if name != "condition" {
                names.push(name);
                selections.push(Selection::parse(name, selection)?);
            }
        }
        let condition = Condition::parse(condition, &names).map_err(|problem| Problem::new("condition", problem))?;
        Ok(Self { selections, condition })
    }

    /// Whether a record has what the rule looks for.
    pub(super) fn matches(&self, fields: &Fields) -> bool {
        self.condition.holds(&|at| self.selections.get(at).is_some_and(|selection| selection.holds(fields)))
    }
}

impl Selection {
    fn parse(name: &str, selection: &Yaml) -> Result<Self, Problem> {
        match selection {
            Yaml::Mapping(tests) => Ok(Self::Groups(vec![group(tests)?])),
            Yaml::Sequence(items) if items.iter().any(Yaml::is_mapping) => {
                let groups = items.iter().map(|item| match item {
                    Yaml::Mapping(tests) => group(tests),
                    _ => Err(Problem::new(name, format!("{name} mixes words and fields"))),
                });
                Ok(Self::Groups(groups.collect::<Result<_, _>>()?))
            }
            Yaml::Sequence(words) => {
                // A word may stand anywhere in a value.
                let words = words.iter().map(|word| text_of_scalar(word).map(|word| Yaml::from(format!("*{word}*"))));
                let words = words
                    .collect::<Option<Vec<_>>>()
                    .filter(|words| !words.is_empty())
                    .ok_or_else(|| Problem::new(name, format!("{name} must list words or fields")))?;
                let selection = [("s".into(), Yaml::Sequence(words)), ("condition".into(), "s".into())];
                rule(selection.into_iter().collect())
                    .map(|rule| Self::Keywords(Box::new(rule)))
                    .map_err(|error| Problem::new(name, error))
            }
            _ => Err(Problem::new(name, format!("{name} must be fields with values, or a list"))),
        }
    }

    fn holds(&self, fields: &Fields) -> bool {
        match self {
            Self::Groups(groups) => groups.iter().any(|group| group.iter().all(|test| test.holds(fields))),
            Self::Keywords(words) => words.is_match(&fields.event()),
        }
    }
}

fn group(tests: &Mapping) -> Result<Group, Problem> {
    tests.iter().map(|(name, expected)| Test::parse(name, expected)).collect()
}

impl Test {
    fn parse(name: &Yaml, expected: &Yaml) -> Result<Self, Problem> {
        let Some(name) = name.as_str() else {
            return Err(Problem::new("detection", "the name of a field must be a text"));
        };
        let (field, modifiers) = name.split_once('|').unwrap_or((name, ""));
        let mut modifiers: Vec<_> = modifiers.split('|').filter(|modifier| !modifier.is_empty()).collect();
        let has = |wanted: &str, modifiers: &[&str]| modifiers.contains(&wanted);

        let listed = match expected {
            Yaml::Sequence(values) => values.clone(),
            value => vec![value.clone()],
        };
        let (nulls, mut values): (Vec<_>, Vec<_>) = listed.into_iter().partition(Yaml::is_null);
        if nulls.is_empty() && values.is_empty() {
            return Err(Problem::new(name, format!("{name} lists no value")));
        }

        if has("expand", &modifiers) {
            let text = format!("{name} has placeholders; write the values that they stand for, without |expand");
            return Err(Problem::new(name, text));
        }
        // The engine takes a number for another value than its digits, which is what a record may hold.
        let is_typed = ["exists", "gt", "gte", "lt", "lte"].iter().any(|typed| has(typed, &modifiers));
        if !is_typed {
            for value in &mut values {
                if let Some(text) = text_of_scalar(value) {
                    *value = text.into();
                }
            }
        }
        // The engine knows no flags of regular expressions but in the expression.
        if has("re", &modifiers) {
            let flags: String = modifiers.iter().copied().filter(|flag| matches!(*flag, "i" | "m" | "s")).collect();
            modifiers.retain(|modifier| !matches!(*modifier, "i" | "m" | "s"));
            for value in &mut values {
                if let (Some(text), false) = (value.as_str(), flags.is_empty()) {
                    *value = format!("(?{flags}){text}").into();
                }
            }
        }
        let compared_with = if has("fieldref", &modifiers) {
            values.iter().filter_map(Yaml::as_str).map(str::to_owned).collect()
        } else {
            Vec::new()
        };

        let holds_if_absent =
            !nulls.is_empty() || (has("exists", &modifiers) && values.first().and_then(Yaml::as_bool) == Some(false));
        let expected = if values.is_empty() {
            None
        } else {
            let name = [field].into_iter().chain(modifiers).collect::<Vec<_>>().join("|");
            let selection = mapping([(name.as_str(), Yaml::Sequence(values))]);
            let detection = [("s".into(), selection), ("condition".into(), "s".into())].into_iter().collect();
            Some(rule(detection).map_err(|error| Problem::new(&name, error))?)
        };
        Ok(Self { field: field.to_owned(), holds_if_absent, compared_with, expected })
    }

    fn holds(&self, fields: &Fields) -> bool {
        let values = fields.values(&self.field);
        if values.is_empty() {
            return self.holds_if_absent;
        }
        let Some(expected) = &self.expected else { return false };
        let with = |others: &[(&String, &serde_json::Value)]| {
            values.iter().any(|value| {
                let mut event = Event::new();
                for (name, other) in others {
                    fields::insert(&mut event, String::clone(name), other);
                }
                fields::insert(&mut event, self.field.clone(), value);
                expected.is_match(&event)
            })
        };
        if self.compared_with.is_empty() {
            with(&[])
        } else {
            self.compared_with.iter().any(|other| fields.values(other).iter().any(|value| with(&[(other, value)])))
        }
    }
}

/// A rule of the engine with this detection.
fn rule(detection: Mapping) -> Result<Rule, String> {
    let rule =
        mapping([("title", "rule".into()), ("logsource", Mapping::new().into()), ("detection", detection.into())]);
    serde_norway::from_value(rule).map_err(|error| error.to_string())
}

fn mapping<const N: usize>(members: [(&str, Yaml); N]) -> Yaml {
    members.into_iter().map(|(name, value)| (Yaml::from(name), value)).collect::<Mapping>().into()
}

fn text_of_scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    fn matches(record: &Value, detection: &str) -> bool {
        let detection = serde_norway::from_str(detection).unwrap();
        RuleDetection::parse(&detection).unwrap().matches(&Fields::of(record.as_object().unwrap(), Map::new()))
    }

    #[test]
    fn each_kind_of_test_holds_as_sigma_says() {
        let record = json!({
            "eventName": "CreateUser", "userAgent": "aws-cli/2.31.0 Python", "sourceIPAddress": "10.1.2.3",
            "errorCode": null, "readOnly": false, "mfa": "false", "port": 22, "bytes": 5_000,
            "regions": ["eu-west-1", "us-east-1"], "ports": [22, 443], "who": "Alice", "target": ["Bob", "Alice"],
        });
        for detection in [
            "{s: {eventName: createuser}, condition: s}",
            "{s: {eventName: [DeleteUser, CreateUser]}, condition: s}",
            "{s: {eventName: Create*}, condition: s}",
            "{s: {eventName|startswith: [Delete, Create]}, condition: s}",
            "{s: {userAgent|contains|all: [aws-cli, Python]}, condition: s}",
            "{s: {userAgent|re: '^aws-cli/\\d'}, condition: s}",
            "{s: {userAgent|re|i: '^AWS-CLI'}, condition: s}",
            "{s: {sourceIPAddress|cidr: [192.168.0.0/16, 10.0.0.0/8]}, condition: s}",
            "{s: {errorCode: null}, condition: s}",
            "{s: {missing: [null, '']}, condition: s}",
            "{s: {eventName: [null, CreateUser]}, condition: s}",
            "{s: {readOnly: 'false'}, condition: s}",
            "{s: {mfa: false}, condition: s}",
            "{s: {port: '22'}, condition: s}",
            "{s: {bytes|gte: 5000}, condition: s}",
            "{s: {regions: us-east-1}, condition: s}",
            "{s: {regions|startswith: eu-}, condition: s}",
            "{s: {ports: 443}, condition: s}",
            "{s: {ports|gt: 400}, condition: s}",
            "{s: {target|fieldref: who}, condition: s}",
            "{s: [python, unheard], condition: s}",
            "{s: [{eventName: A}, {eventName: CreateUser, port: 22}], condition: s}",
            "{selection_a: {port: 22}, selection_b: {port: 23}, condition: 1 of selection_*}",
            "{selection_a: {port: 22}, selection_b: {mfa: 'false'}, condition: all of selection_*}",
            "{a: {port: 22}, b: {port: 23}, condition: 1 of them}",
            "{s: {port: 22}, filter: {who: Bob}, condition: s and not filter}",
            "{s: {port: 22}, filter_a: {who: Bob}, filter_b: {mfa: x}, condition: s and not 1 of filter*}",
        ] {
            assert!(matches(&record, detection), "{detection}");
        }
        for detection in [
            "{s: {eventName|cased: createuser}, condition: s}",
            "{s: {eventName: [null, A]}, condition: s}",
            "{s: {eventName: null}, condition: s}",
            "{s: {userAgent|contains|all: [aws-cli, Boto]}, condition: s}",
            "{s: {userAgent|re: '^AWS'}, condition: s}",
            "{s: {missing: '*'}, condition: s}",
            "{s: {missing|fieldref: who}, condition: s}",
            "{s: {who|fieldref: missing}, condition: s}",
            "{s: {ports: 4}, condition: s}",
            "{s: {regions: [us-west-2, us-east]}, condition: s}",
            "{s: {sourceIPAddress|cidr: 10.2.0.0/16}, condition: s}",
            "{s: {port: 22}, filter: {who: Alice}, condition: s and not filter}",
            "{selection_a: {port: 22}, selection_b: {port: 23}, condition: all of selection_*}",
            "{s: [unheard], condition: s}",
        ] {
            assert!(!matches(&record, detection), "{detection}");
        }
    }

    #[test]
    fn what_can_never_match_is_a_problem_at_its_place() {
        for (detection, at, text) in [
            ("{s: {a: b}}", "detection", "condition is missing"),
            ("{s: {a: b}, condition: [s, s]}", "condition", "one text"),
            ("{s: {a: b}, condition: s | count() > 5}", "condition", "one by one"),
            ("{s: {a: b}, timeframe: 5m, condition: s}", "timeframe", "one by one"),
            ("{s: {a: b}, condition: 1 of selection*}", "condition", "\"selection*\", which matches no selection"),
            ("{s: {a: b}, condition: s and t}", "condition", "t"),
            ("{s: {a: []}, condition: s}", "a", "no value"),
            ("{s: [], condition: s}", "s", "must list"),
            ("{s: text, condition: s}", "s", "must be fields"),
            ("{s: [word, {a: b}], condition: s}", "s", "mixes"),
            ("{s: {a|sounds_like: b}, condition: s}", "a|sounds_like", "sounds_like"),
            ("{s: {a|re: '('}, condition: s}", "a|re", "regular expression"),
        ] {
            let problem = RuleDetection::parse(&serde_norway::from_str(detection).unwrap()).err().unwrap();
            assert_eq!(problem.at, at, "{detection}: {}", problem.text);
            assert!(problem.text.contains(text), "{detection}: {}", problem.text);
        }
    }
}
