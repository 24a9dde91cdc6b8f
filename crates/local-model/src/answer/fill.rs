//! Filling a form with what is known, by the names of its parts.

use serde_json::{Map, Value};

use super::polarity;
use super::shape::{Kind, Shape};

/// Where in a form a value stands: the names from the outside in, each in words.
pub(super) type Path = Vec<Vec<String>>;

/// What a form can be filled with. Every question may go unanswered,
/// and does unless the answer is known.
pub(super) trait Knowledge {
    /// A text for this place.
    fn text(&self, _path: &Path, _hint: &str) -> Option<String> {
        None
    }
    /// Whether what this place asks is so.
    fn truth(&self, _path: &Path, _hint: &str) -> Option<bool> {
        None
    }
    /// A number for this place.
    fn number(&self, _path: &Path, _hint: &str) -> Option<f64> {
        None
    }
    /// A level on a scale, 0 to 1, if this place asks for one.
    fn level(&self, _path: &Path) -> Option<f64> {
        None
    }
    /// Which of some choices that are neither a verdict nor a scale.
    fn choice(&self, _path: &Path, _choices: &[Value]) -> Option<Value> {
        None
    }
    /// What a list at this place lists.
    fn items(&self, _path: &Path, _item: &Shape) -> Vec<Box<dyn Knowledge + '_>> {
        Vec::new()
    }
}

/// A value of this shape.
pub(super) fn fill(shape: &Shape, path: &Path, known: &dyn Knowledge) -> Value {
    match &shape.kind {
        Kind::Object(properties) => {
            let entry = |(name, part): &(String, Shape)| {
                let mut inner = path.clone();
                inner.push(tokens(name));
                (name.clone(), fill(part, &inner, known))
            };
            Value::Object(properties.iter().map(entry).collect::<Map<_, _>>())
        }
        Kind::List(item) => {
            let items = known.items(path, item);
            Value::Array(items.iter().map(|one| fill(item, path, one.as_ref())).collect())
        }
        Kind::Choice(choices) => choose(choices, shape, path, known),
        Kind::Boolean => match known.truth(path, &shape.hint) {
            Some(truth) => Value::Bool(truth),
            None if shape.nullable => Value::Null,
            None => Value::Bool(false),
        },
        Kind::Number => match known.number(path, &shape.hint) {
            Some(number) => Value::from((number * 1e4).round() / 1e4),
            None if shape.nullable => Value::Null,
            None => Value::from(0.0),
        },
        Kind::Integer => match known.number(path, &shape.hint) {
            #[expect(clippy::cast_possible_truncation, reason = "pixels and counts are far smaller")]
            Some(number) => Value::from(scaled(number, path).round() as i64),
            None if shape.nullable => Value::Null,
            None => Value::from(0),
        },
        Kind::Text | Kind::Any => match known.text(path, &shape.hint) {
            Some(text) => Value::String(text),
            // An example's `null` tells no type: anything may stand there.
            None if shape.nullable || shape.kind == Kind::Any => Value::Null,
            None => Value::String(String::new()),
        },
        Kind::Null => known.text(path, &shape.hint).map_or(Value::Null, Value::String),
    }
}

/// A share that is asked for as a whole number is meant in percent.
fn scaled(number: f64, path: &Path) -> f64 {
    let share = has(path, &["confidence", "score", "probability", "certainty", "likelihood"]);
    if share && number <= 1.0 { number * 100.0 } else { number }
}

fn choose(choices: &[Value], shape: &Shape, path: &Path, known: &dyn Knowledge) -> Value {
    let picked = if let [only] = choices {
        Some(only.clone())
    } else if polarity::is_verdict(choices) {
        polarity::choose(choices, known.truth(path, &shape.hint)).cloned()
    } else if let Some(scale) = scale(choices) {
        known.level(path).map(|level| step(&scale, level))
    } else {
        known.choice(path, choices)
    };
    match picked {
        Some(value) => value,
        None if shape.nullable => Value::Null,
        // Something must stand there: what says least.
        None => polarity::choose(choices, None)
            .or_else(|| polarity::choose(choices, Some(false)))
            .or_else(|| choices.first())
            .cloned()
            .unwrap_or(Value::Null),
    }
}

const SCALES: &[(&str, f64)] = &[
    ("none", 0.0),
    ("informational", 0.05),
    ("info", 0.05),
    ("minimal", 0.1),
    ("low", 0.2),
    ("minor", 0.2),
    ("medium", 0.5),
    ("moderate", 0.5),
    ("warning", 0.5),
    ("high", 0.8),
    ("major", 0.8),
    ("severe", 0.9),
    ("critical", 1.0),
];

/// The choices as steps of one scale, if that is what they are.
fn scale(choices: &[Value]) -> Option<Vec<(f64, &Value)>> {
    let step = |value: &'_ Value| {
        let word = value.as_str()?.to_lowercase();
        SCALES.iter().find(|(name, _)| *name == word).map(|(_, height)| *height)
    };
    let steps: Option<Vec<(f64, &Value)>> = choices.iter().map(|value| Some((step(value)?, value))).collect();
    steps.filter(|steps| steps.len() > 1)
}

fn step(scale: &[(f64, &Value)], level: f64) -> Value {
    let distance = |step: &&(f64, &Value)| (step.0 - level).abs();
    let nearest = scale.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    nearest.map_or(Value::Null, |(_, value)| (*value).clone())
}

/// The words of a name, in small letters: `s3Bucket_name` has three.
pub(super) fn tokens(name: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut after_small = false;
    let mut open = false;
    for c in name.chars() {
        if c.is_alphanumeric() {
            if !open || (c.is_uppercase() && after_small) {
                tokens.push(String::new());
            }
            if let Some(token) = tokens.last_mut() {
                token.extend(c.to_lowercase());
            }
        }
        open = c.is_alphanumeric();
        after_small = c.is_lowercase() || c.is_ascii_digit();
    }
    tokens
}

/// Whether the innermost name holds one of these words.
pub(super) fn named(path: &Path, words: &[&str]) -> bool {
    path.last().is_some_and(|name| name.iter().any(|token| words.contains(&token.as_str())))
}

/// Whether any name on the way holds one of these words.
pub(super) fn has(path: &Path, words: &[&str]) -> bool {
    path.iter().flatten().any(|token| words.contains(&token.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(tokens("isImageUpload"), ["is", "image", "upload"]);
        assert_eq!(tokens("s3_bucket-name"), ["s3", "bucket", "name"]);
        assert_eq!(tokens("TopLeft"), ["top", "left"]);
        assert_eq!(tokens("YES"), ["yes"]);
        assert_eq!(tokens("PII"), ["pii"]);
    }

    /// Knows nothing at all.
    struct Nothing;

    impl Knowledge for Nothing {
        fn text(&self, _: &Path, _: &str) -> Option<String> {
            None
        }
        fn truth(&self, _: &Path, _: &str) -> Option<bool> {
            None
        }
        fn number(&self, _: &Path, _: &str) -> Option<f64> {
            None
        }
        fn level(&self, _: &Path) -> Option<f64> {
            None
        }
        fn choice(&self, _: &Path, _: &[Value]) -> Option<Value> {
            None
        }
        fn items(&self, _: &Path, _: &Shape) -> Vec<Box<dyn Knowledge + '_>> {
            Vec::new()
        }
    }

    #[test]
    fn a_form_is_kept_even_when_nothing_is_known() {
        let shape = Shape::from_schema(&json!({
            "type": "object",
            "properties": {
                "verdict": {"enum": ["pii", "clean", "unsure"]},
                "level": {"enum": ["low", "high"]},
                "note": {"type": "string"},
                "key": {"type": ["string", "null"]},
                "count": {"type": "integer"},
                "flag": {"type": "boolean"},
                "list": {"type": "array", "items": {"type": "string"}},
            },
        }));
        assert_eq!(
            fill(&shape, &Path::new(), &Nothing),
            json!({"verdict": "unsure", "level": "low", "note": "", "key": null, "count": 0, "flag": false, "list": []}),
        );
    }

    #[test]
    fn the_nearest_step_of_a_scale_is_taken() {
        let choices = [json!("LOW"), json!("MEDIUM"), json!("HIGH")];
        let steps = scale(&choices).unwrap();
        assert_eq!(step(&steps, 1.0), json!("HIGH"));
        assert_eq!(step(&steps, 0.45), json!("MEDIUM"));
        assert_eq!(step(&steps, 0.0), json!("LOW"));
    }
}
