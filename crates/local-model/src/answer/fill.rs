//! Filling a form with what is known.

use serde_json::{Map, Value};

use super::facts::{Fact, Facts, asks_for, words};
use super::form::Form;

/// A value of this form.
pub(super) fn fill(form: &Form, facts: &Facts) -> Value {
    value(form, None, facts)
}

/// A value of this form, from the fact that its name asks for. What stands around it
/// is known too: a form may gather facts under names of its own.
fn value(form: &Form, fact: Option<&Fact>, around: &Facts) -> Value {
    match form {
        Form::Object(properties) => {
            let of = |(name, form): &(String, Form)| (name.clone(), value(form, around.named(name), around));
            match fact {
                Some(Fact::Things(things)) if !things.is_empty() => fill(form, &things[0]),
                _ => Value::Object(properties.iter().map(of).collect::<Map<_, _>>()),
            }
        }
        Form::List(item) => list(item, fact, around),
        Form::Nullable(form) => fact.map_or(Value::Null, |_| value(form, fact, around)),
        Form::Choice(choices) => choose(choices, fact.or_else(|| around.named("verdict"))),
        Form::Boolean => Value::Bool(fact.or_else(|| around.named("verdict")).is_some_and(truth)),
        Form::Number => number(fact).into(),
        #[expect(clippy::cast_possible_truncation, reason = "pixels and counts are small")]
        Form::Integer => (number(fact).round() as i64).into(),
        Form::Text => text(fact.or_else(|| around.named("reason"))).into(),
        Form::Null => Value::Null,
        Form::Any => match fact {
            Some(Fact::Truth(truth)) => Value::Bool(*truth),
            Some(Fact::Number(_)) => number(fact).into(),
            Some(Fact::Text(_)) => text(fact).into(),
            _ => Value::Null,
        },
    }
}

fn list(item: &Form, fact: Option<&Fact>, around: &Facts) -> Value {
    let fact = fact.filter(|fact| matches!(fact, Fact::Things(_) | Fact::Numbers(_))).or_else(|| {
        // What is read has a text and no category; what is found has one.
        let asks = |fact| matches!(item, Form::Object(parts) if parts.iter().any(|(name, _)| asks_for(name, fact)));
        let labels = asks("label") && !asks("category");
        around.named(if labels { "objects" } else { "findings" }).or_else(|| around.named("box"))
    });
    match (fact, item) {
        (Some(Fact::Numbers(numbers)), _) => {
            numbers.iter().map(|number| value(item, Some(&Fact::Number(*number)), around)).collect()
        }
        (Some(Fact::Things(things)), Form::Object(_)) => things.iter().map(|thing| fill(item, thing)).collect(),
        // A list of words names each kind once.
        (Some(Fact::Things(things)), _) => {
            let mut kinds: Vec<Value> = Vec::new();
            for thing in things {
                let kind = value(item, thing.named("category"), thing);
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            kinds.into()
        }
        _ => Value::Array(Vec::new()),
    }
}

fn text(fact: Option<&Fact>) -> String {
    match fact {
        Some(Fact::Text(text)) => text.clone(),
        Some(Fact::Number(number)) => number.to_string(),
        Some(Fact::Truth(true)) => "yes".to_owned(),
        Some(Fact::Truth(false)) => "no".to_owned(),
        Some(Fact::Things(things)) => {
            things.iter().map(|thing| text(thing.named("category"))).collect::<Vec<_>>().join(", ")
        }
        Some(Fact::Numbers(_)) | None => String::new(),
    }
}

fn number(fact: Option<&Fact>) -> f64 {
    match fact {
        Some(Fact::Number(number)) => *number,
        Some(Fact::Things(things)) => u32::try_from(things.len()).map_or(0.0, f64::from),
        Some(Fact::Truth(true)) => 1.0,
        _ => 0.0,
    }
}

fn truth(fact: &Fact) -> bool {
    match fact {
        Fact::Truth(truth) => *truth,
        Fact::Text(text) => !text.is_empty(),
        Fact::Number(number) => *number > 0.0,
        Fact::Things(things) => !things.is_empty(),
        Fact::Numbers(numbers) => !numbers.is_empty(),
    }
}

/// Words of choices that say that there is something, and that there is nothing.
const YES: &[&str] = &["pii", "yes", "true", "personal", "sensitive", "contains", "found", "unsafe", "high"];
const NO: &[&str] = &["clean", "no", "not", "false", "none", "safe", "low"];
/// Words of choices for what has none of its own.
const OTHER: &[&str] = &["other", "unknown", "undetermined"];

/// Other words for what is found, as choices may name it.
const KINDS: &[(&str, &[&str])] = &[
    ("PERSON", &["name"]),
    ("EMAIL_ADDRESS", &["email", "contact"]),
    ("PHONE_NUMBER", &["phone", "contact"]),
    ("CREDIT_CARD", &["card", "financial"]),
    ("IBAN_CODE", &["iban", "bank", "financial"]),
    ("PASSPORT", &["passport"]),
    ("US_PASSPORT", &["passport"]),
    ("DRIVER_LICENSE", &["driver", "licence", "license"]),
    ("DATE_TIME", &["birth", "dob", "date"]),
    ("LOCATION", &["address", "location"]),
    ("FACE", &["face", "portrait"]),
    ("center", &["centre", "middle"]),
];

fn choose(choices: &[Value], fact: Option<&Fact>) -> Value {
    let holds = |wanted: &[&str]| {
        choices.iter().find(|choice| {
            choice.as_str().is_some_and(|choice| words(choice).iter().any(|word| wanted.contains(&word.as_str())))
        })
    };
    let exactly =
        |wanted: &str| choices.iter().find(|choice| choice.as_str().is_some_and(|c| words(c) == words(wanted)));
    let chosen = match fact {
        Some(Fact::Text(text)) => exactly(text).or_else(|| {
            let kinds = KINDS.iter().find(|(kind, _)| kind == text).map(|(_, words)| *words);
            // A number that a country gives has no word of its own.
            let kinds = kinds.unwrap_or(&["national", "government", "id", "identification"]);
            kinds.iter().find_map(|word| holds(&[word]))
        }),
        // A denial may stand beside what it denies: "no_pii".
        Some(Fact::Truth(truth)) => choices.iter().find(|choice| match choice {
            Value::Bool(choice) => choice == truth,
            Value::String(choice) => {
                let words = words(choice);
                let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
                if *truth { has(YES) && !has(NO) } else { has(NO) }
            }
            _ => false,
        }),
        Some(Fact::Things(things)) if !things.is_empty() => {
            return choose(choices, things[0].named("category"));
        }
        _ => None,
    };
    chosen.or_else(|| holds(OTHER)).or_else(|| choices.first()).cloned().unwrap_or_default()
}
