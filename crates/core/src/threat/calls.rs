//! Which calls a rule can match, read from its detection: what a rule is looked
//! up by, and what `EventBridge` has to let through for it.

use serde_norway::{Mapping, Value as Yaml};

use super::condition::Condition;

/// A name, or what it begins with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// This name.
    Is(String),
    /// Every name that begins so.
    Begins(String),
}

impl Name {
    /// Whether a text is meant, in any case of its letters, as Sigma compares.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        match self {
            Self::Is(name) => name.eq_ignore_ascii_case(text),
            Self::Begins(start) => {
                text.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
            }
        }
    }

    /// What both mean; `None` if nothing.
    fn and(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (_, Self::Is(name)) if self.fits(name) => Some(other.clone()),
            (Self::Is(name), _) if other.fits(name) => Some(self.clone()),
            (Self::Begins(_), Self::Begins(start)) if self.fits(start) => Some(other.clone()),
            (Self::Begins(start), Self::Begins(_)) if other.fits(start) => Some(self.clone()),
            _ => None,
        }
    }
}

/// Calls of some services by some names; `None` stands for any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// The services, as `eventSource` writes them.
    pub services: Option<Vec<Name>>,
    /// The calls, as `eventName` writes them.
    pub names: Option<Vec<Name>>,
}

impl Calls {
    fn and(&self, other: &Self) -> Option<Self> {
        let both = |one: &Option<Vec<Name>>, other: &Option<Vec<Name>>| match (one, other) {
            (None, names) | (names, None) => Some(names.clone()),
            (Some(one), Some(other)) => {
                let names: Vec<_> =
                    one.iter().flat_map(|one| other.iter().filter_map(|other| one.and(other))).collect();
                if names.is_empty() { None } else { Some(Some(names)) }
            }
        };
        Some(Self { services: both(&self.services, &other.services)?, names: both(&self.names, &other.names)? })
    }
}

/// The calls that a detection can match: each of the list, and at least those.
/// `None` if the detection cannot be read.
pub(crate) fn of_detection(detection: &Mapping) -> Option<Vec<Calls>> {
    let selections: Vec<(&str, &Yaml)> = detection
        .iter()
        .filter_map(|(name, selection)| Some((name.as_str()?, selection)))
        .filter(|(name, _)| *name != "condition")
        .collect();
    let names: Vec<&str> = selections.iter().map(|(name, _)| *name).collect();
    let condition = Condition::parse(detection.get("condition")?.as_str()?, &names).ok()?;
    let selections: Vec<Vec<Calls>> = selections.iter().map(|(_, selection)| of_selection(selection)).collect();
    Some(of_condition(&condition, &selections))
}

fn of_condition(condition: &Condition, selections: &[Vec<Calls>]) -> Vec<Calls> {
    match condition {
        Condition::Selection(at) => selections.get(*at).cloned().unwrap_or_else(any_call),
        // Where something must not hold, any call may remain.
        Condition::Not(_) => any_call(),
        Condition::Any(parts) => parts.iter().flat_map(|part| of_condition(part, selections)).collect(),
        Condition::All(parts) => {
            parts.iter().map(|part| of_condition(part, selections)).fold(any_call(), |before, next| {
                before.iter().flat_map(|one| next.iter().filter_map(|other| one.and(other))).collect()
            })
        }
    }
}

fn any_call() -> Vec<Calls> {
    vec![Calls::default()]
}

fn of_selection(selection: &Yaml) -> Vec<Calls> {
    match selection {
        Yaml::Mapping(tests) => vec![of_group(tests)],
        Yaml::Sequence(groups) => {
            groups.iter().map(|group| group.as_mapping().map_or_else(Calls::default, of_group)).collect()
        }
        _ => any_call(),
    }
}

fn of_group(tests: &Mapping) -> Calls {
    let mut calls = Calls::default();
    for (name, expected) in tests {
        let Some(name) = name.as_str() else { continue };
        let (field, modifiers) = name.split_once('|').unwrap_or((name, ""));
        let tested = match field {
            "eventSource" => &mut calls.services,
            "eventName" => &mut calls.names,
            _ => continue,
        };
        let listed = expected.as_sequence().map_or_else(|| std::slice::from_ref(expected), |values| values.as_slice());
        let meant: Option<Vec<Name>> =
            listed.iter().map(|value| value.as_str().and_then(|text| meant_by(text, modifiers))).collect();
        if tested.is_none() {
            *tested = meant;
        }
    }
    calls
}

/// What a test of a name means; `None` if that can be any name.
fn meant_by(text: &str, modifiers: &str) -> Option<Name> {
    let is_plain = |text: &str| !text.contains(['*', '?', '\\']);
    match modifiers {
        "" | "cased" if is_plain(text) => Some(Name::Is(text.to_owned())),
        "" | "cased" => {
            text.strip_suffix('*').filter(|start| is_plain(start)).map(|start| Name::Begins(start.to_owned()))
        }
        "startswith" if is_plain(text) => Some(Name::Begins(text.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calls as `service:name`, `-` for any.
    fn calls(detection: &str) -> Vec<String> {
        let show = |names: &Option<Vec<Name>>| match names {
            None => "-".to_owned(),
            Some(names) => {
                let names: Vec<_> = names
                    .iter()
                    .map(|name| match name {
                        Name::Is(name) => name.clone(),
                        Name::Begins(start) => format!("{start}*"),
                    })
                    .collect();
                names.join(",")
            }
        };
        let calls = of_detection(&serde_norway::from_str(detection).unwrap()).unwrap();
        calls.iter().map(|calls| format!("{}:{}", show(&calls.services), show(&calls.names))).collect()
    }

    #[test]
    fn the_calls_follow_the_condition() {
        for (detection, expected) in [
            ("{s: {eventSource: a, eventName: [X, Y]}, condition: s}", &["a:X,Y"][..]),
            ("{s: {eventSource: a, eventName: X, other: 1}, f: {eventName: X}, condition: s and not f}", &["a:X"]),
            ("{s: {eventSource: [a, b]}, t: {eventName: X}, condition: s and t}", &["a,b:X"]),
            (
                "{s: {eventSource: a, eventName: X}, t: {eventSource: b, eventName: Y}, condition: s or t}",
                &["a:X", "b:Y"],
            ),
            ("{s: {eventSource: a}, t: {eventName: X}, u: {eventName: Y}, condition: s and (t or u)}", &["a:X", "a:Y"]),
            (
                "{s: {eventSource: a}, t_1: {eventName: X}, t_2: {eventName: Y}, condition: s and 1 of t_*}",
                &["a:X", "a:Y"],
            ),
            ("{s: {eventSource: a, eventName: X}, t: {eventName: Y}, condition: s and t}", &[]),
            ("{s: [{eventName: X}, {eventSource: a}], condition: s}", &["-:X", "a:-"]),
            ("{s: {eventName|startswith: Update}, t: {eventName: [UpdateA, B]}, condition: s and t}", &["-:UpdateA"]),
            ("{s: {eventName: Up*}, t: {eventName|startswith: UpdateF}, condition: s and t}", &["-:UpdateF*"]),
            ("{s: {eventName|contains: Bucket}, condition: s}", &["-:-"]),
            ("{s: {eventName: '*Bucket*'}, condition: s}", &["-:-"]),
            ("{s: [word], condition: s}", &["-:-"]),
            ("{s: {userIdentity.type: Root}, condition: s}", &["-:-"]),
        ] {
            assert_eq!(calls(detection), expected, "{detection}");
        }
    }
}
