//! The form that an answer must have, whether a schema or an example told it.

use serde_json::Value;

use crate::bedrock::schema::resolve;

/// A form. Its hint is what was said about it: a description, or an example's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    pub(crate) hint: String,
    pub(crate) nullable: bool,
}

/// What kind of value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Kind {
    Object(Vec<(String, Shape)>),
    List(Box<Shape>),
    Choice(Vec<Value>),
    Text,
    Number,
    Integer,
    Boolean,
    Null,
    #[default]
    Any,
}

impl Shape {
    pub(crate) fn of(kind: Kind) -> Self {
        Self { kind, hint: String::new(), nullable: false }
    }

    pub(crate) fn hinted(kind: Kind, hint: impl Into<String>) -> Self {
        Self { kind, hint: hint.into(), nullable: false }
    }

    /// The form that a JSON Schema asks for.
    pub(crate) fn from_schema(schema: &Value) -> Self {
        of_schema(schema, schema, 0)
    }

    /// What two examples of one form have in common, and what either adds.
    pub(crate) fn merged(self, other: Self) -> Self {
        let hint = match (self.hint.is_empty(), other.hint.is_empty() || other.hint == self.hint) {
            (_, true) => self.hint.clone(),
            (true, false) => other.hint.clone(),
            (false, false) => format!("{} {}", self.hint, other.hint),
        };
        let nullable = self.nullable || other.nullable || self.kind == Kind::Null || other.kind == Kind::Null;
        let kind = match (self.kind, other.kind) {
            (Kind::Any | Kind::Null, theirs) => theirs,
            (Kind::Object(mut ours), Kind::Object(theirs)) => {
                for (name, shape) in theirs {
                    match ours.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = std::mem::take(known).merged(shape),
                        None => ours.push((name, shape)),
                    }
                }
                Kind::Object(ours)
            }
            (Kind::List(ours), Kind::List(theirs)) => Kind::List(Box::new(ours.merged(*theirs))),
            (Kind::Choice(mut ours), Kind::Choice(theirs)) => {
                let new: Vec<Value> = theirs.into_iter().filter(|value| !ours.contains(value)).collect();
                ours.extend(new);
                Kind::Choice(ours)
            }
            // Two examples with different single words show two of the choices.
            (Kind::Text, Kind::Text) if is_word(&self.hint) && is_word(&other.hint) && self.hint != other.hint => {
                Kind::Choice(vec![Value::from(self.hint), Value::from(other.hint)])
            }
            (Kind::Choice(mut choices), Kind::Text) if is_word(&other.hint) => {
                if !choices.contains(&Value::from(other.hint.as_str())) {
                    choices.push(Value::from(other.hint));
                }
                Kind::Choice(choices)
            }
            (Kind::Number, Kind::Integer) | (Kind::Integer, Kind::Number) => Kind::Number,
            (ours, _) => ours,
        };
        Self { kind, hint, nullable }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= 24
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

fn of_schema(root: &Value, schema: &Value, depth: usize) -> Shape {
    let hint = ["title", "description"].iter().filter_map(|key| schema[*key].as_str()).collect::<Vec<_>>().join(". ");
    let mut shape = Shape::hinted(Kind::Any, hint);
    // Accepted schemas are not recursive; a tool's is not checked.
    if depth > 32 {
        return shape;
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|reference| resolve(root, reference)) {
        let target = of_schema(root, target, depth + 1);
        let hint = if shape.hint.is_empty() { target.hint } else { shape.hint };
        return Shape { hint, ..target };
    }
    if let Some(value) = schema.get("const") {
        shape.kind = Kind::Choice(vec![value.clone()]);
        return shape;
    }
    if let Some(values) = schema["enum"].as_array() {
        shape.nullable = values.contains(&Value::Null);
        shape.kind = Kind::Choice(values.iter().filter(|value| !value.is_null()).cloned().collect());
        return shape;
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let merged = parts.iter().map(|part| of_schema(root, part, depth + 1)).reduce(Shape::merged);
        return merged.unwrap_or(shape);
    }
    if let Some(parts) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        let mut parts: Vec<Shape> = parts.iter().map(|part| of_schema(root, part, depth + 1)).collect();
        let before = parts.len();
        parts.retain(|part| part.kind != Kind::Null);
        shape.nullable = parts.len() < before || parts.iter().any(|part| part.nullable);
        let consts = parts.iter().map(|part| match &part.kind {
            Kind::Choice(values) => Some(values.clone()),
            _ => None,
        });
        shape.kind = match consts.collect::<Option<Vec<_>>>() {
            Some(choices) if !choices.is_empty() => Kind::Choice(choices.concat()),
            _ => parts.into_iter().next().map_or(Kind::Null, |part| part.kind),
        };
        return shape;
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema["properties"].is_object() => vec!["object"],
        _ => vec![],
    };
    shape.nullable = names.contains(&"null");
    shape.kind = match names.iter().find(|name| **name != "null") {
        Some(&"object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            Kind::Object(properties.map(|(name, part)| (name.clone(), of_schema(root, part, depth + 1))).collect())
        }
        Some(&"array") => Kind::List(Box::new(of_schema(root, &schema["items"], depth + 1))),
        Some(&"string") => Kind::Text,
        Some(&"number") => Kind::Number,
        Some(&"integer") => Kind::Integer,
        Some(&"boolean") => Kind::Boolean,
        None if shape.nullable => Kind::Null,
        _ => Kind::Any,
    };
    shape
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_becomes_a_shape() {
        let shape = Shape::from_schema(&json!({
            "type": "object",
            "properties": {
                "level": {"enum": ["low", "high", null]},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
            },
            "$defs": {"item": {"type": ["number", "null"], "description": "A share"}},
        }));
        let Kind::Object(properties) = shape.kind else { panic!("no object") };
        let by_name = |name: &str| properties.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(by_name("level").kind, Kind::Choice(vec![json!("low"), json!("high")]));
        assert!(by_name("level").nullable);
        assert_eq!((by_name("note").kind, by_name("note").nullable), (Kind::Text, true));
        let Kind::List(item) = by_name("items").kind else { panic!("no list") };
        assert_eq!((item.kind, item.hint.as_str()), (Kind::Number, "A share"));
    }

    #[test]
    fn two_examples_show_two_choices() {
        let example = |word: &str| Shape::of(Kind::Object(vec![("verdict".into(), Shape::hinted(Kind::Text, word))]));
        let merged = example("clean").merged(example("dirty"));
        let Kind::Object(properties) = merged.kind else { panic!("no object") };
        assert_eq!(properties[0].1.kind, Kind::Choice(vec![json!("clean"), json!("dirty")]));
    }
}
