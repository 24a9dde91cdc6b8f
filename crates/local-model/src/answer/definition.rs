//! What a prompt says of the properties of its example, beside the example.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::fill::tokens;
use super::polarity;
use super::shape::{Kind, Shape};
use super::skeleton::{self, position_of_word};

/// Adds to an example what the rest of the text says about its properties: a list
/// of definitions ("- level: one of …"), or choices quoted near a property's name.
pub(super) fn apply(mut shape: Shape, text: &str) -> Shape {
    match &mut shape.kind {
        Kind::Object(properties) => {
            for (name, part) in properties {
                let inner = std::mem::take(part);
                *part = apply(inner, text);
                define(name, part, text);
            }
        }
        Kind::List(item) => **item = apply(std::mem::take(item), text),
        _ => {}
    }
    shape
}

fn define(name: &str, part: &mut Shape, text: &str) {
    if !matches!(part.kind, Kind::Any | Kind::Text) {
        return;
    }
    if let Some(definition) = definition_of(text, name) {
        let kind = defined_kind(definition);
        part.hint = if part.hint.is_empty() { definition.to_owned() } else { format!("{} {definition}", part.hint) };
        if kind != Kind::Text || part.kind == Kind::Any {
            part.kind = kind;
        }
    } else if part.kind == Kind::Any {
        part.kind = kind_by_name(name);
    } else if polarity::of(&part.hint).is_some()
        && let Some(choices) = choices_named(text, name, &part.hint)
    {
        part.kind = Kind::Choice(choices);
    }
}

/// What a line that begins with a property's name says about it.
fn definition_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let line = line.trim_start_matches([' ', '\t', '-', '*', '\u{2022}']).trim_start_matches(['"', '`', '\'', '*']);
        let rest = line.strip_prefix(name)?.trim_start_matches(['"', '`', '\'', '*', ' ']);
        let definition =
            rest.strip_prefix([':', '=', '\u{2013}', '\u{2014}', '-']).or_else(|| rest.strip_prefix("is "))?.trim();
        (!definition.is_empty() && !definition.starts_with(['{', '['])).then_some(definition)
    })
}

static RANGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:from|between)\s+0(?:\.0)?\s*(?:to|and)\s*(?:1|100)\b|\b0(?:\.0)?\s*(?:-|\u{2013}|\.\.)\s*1(?:\.0)?\b|\ba number\b").ok()
});

/// What kind of value a definition tells of.
fn defined_kind(definition: &str) -> Kind {
    let lower = definition.to_lowercase();
    if let Some(listed) = ["one of", "either"].iter().find_map(|lead| lower.find(lead).map(|at| at + lead.len())) {
        // As the text spells them; small letters may have another length elsewhere.
        let list = definition.get(listed..).unwrap_or_default().trim_start_matches(':');
        let sentence = list.split_once(". ").map_or(list, |(first, _)| first).trim_end_matches('.');
        let separated = sentence.replace(" or ", ", ").replace(" | ", ", ");
        let choices: Vec<Value> = separated
            .split([',', ';'])
            .map(|word| word.trim().trim_matches(['"', '\'', '`', '(', ')', '\u{201C}', '\u{201D}']))
            .filter(|word| !word.is_empty() && word.chars().count() <= 40)
            .map(Value::from)
            .collect();
        if choices.len() > 1 {
            return Kind::Choice(choices);
        }
    }
    if RANGE.as_ref().is_some_and(|range| range.is_match(definition)) {
        return Kind::Number;
    }
    let mut quoted: Vec<Value> = Vec::new();
    for word in QUOTED.as_ref().map(|words| words.captures_iter(definition)).into_iter().flatten() {
        let value = word.get(1).map_or(Value::Null, |word| Value::from(word.as_str()));
        if !quoted.contains(&value) {
            quoted.push(value);
        }
    }
    if quoted.len() > 1 {
        return Kind::Choice(quoted);
    }
    match skeleton::of_text(definition).kind {
        kind @ (Kind::Boolean | Kind::Choice(_)) => kind,
        _ if position_of_word(&lower, "integer").is_some() || lower.contains("how many") => Kind::Integer,
        _ if lower.starts_with("list of") || lower.starts_with("array of") => {
            Kind::List(Box::new(Shape::of(Kind::Text)))
        }
        _ => Kind::Text,
    }
}

/// What kind of value a name alone suggests.
fn kind_by_name(name: &str) -> Kind {
    let words = tokens(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(&["confidence", "score", "probability", "certainty", "likelihood"]) {
        Kind::Number
    } else if has(&["count", "total", "x", "y", "left", "top", "right", "bottom", "width", "height"]) {
        Kind::Integer
    } else if words.first().is_some_and(|word| ["is", "has", "contains", "should", "was"].contains(&word.as_str())) {
        Kind::Boolean
    } else {
        Kind::Text
    }
}

static QUOTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("[\"'`\u{201C}\u{2018}]([\\w-]{1,24})[\"'`\u{201D}\u{2019}]").ok());

/// The quoted words that stand near a property's name and say yes and no.
fn choices_named(text: &str, name: &str, example: &str) -> Option<Vec<Value>> {
    let quoted = QUOTED.as_ref()?;
    let mut choices = vec![Value::from(example)];
    for (at, _) in text.match_indices(name) {
        let end = text[at..].char_indices().nth(200).map_or(text.len(), |(offset, _)| at + offset);
        for word in quoted.captures_iter(&text[at..end]).filter_map(|found| found.get(1)) {
            let value = Value::from(word.as_str());
            if polarity::of(word.as_str()).is_some() && word.as_str() != name && !choices.contains(&value) {
                choices.push(value);
            }
        }
    }
    (choices.len() > 1 && polarity::is_verdict(&choices)).then_some(choices)
}
