//! The form that an answer must have, whether a schema or an example tells it.

use serde_json::Value;

use crate::bedrock::schema::resolve;

/// Deeper than any form that is not recursive by mistake.
const MOST_DEEP: usize = 32;

/// A form.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    Object(Vec<(String, Form)>),
    List(Box<Form>),
    Choice(Vec<Value>),
    Text,
    Number,
    Integer,
    Boolean,
    Null,
    /// What is known, or null.
    Nullable(Box<Form>),
    Any,
}

impl Form {
    /// The form that a JSON Schema asks for.
    pub(super) fn of_schema(schema: &Value) -> Self {
        of_schema(schema, schema, 0)
    }

    /// The form of the first example in a text: an object or a list of objects, as
    /// JSON, in which `...` may stand for any value and "or" between those of a choice.
    pub(super) fn of_example(text: &str) -> Option<Self> {
        text.match_indices(['{', '[']).find_map(|(at, _)| {
            let form = Example { rest: &text[at..] }.value(0)?;
            match &form {
                Self::Object(properties) if !properties.is_empty() => Some(form),
                Self::List(item) if matches!(**item, Self::Object(_)) => Some(form),
                _ => None,
            }
        })
    }
}

fn of_schema(root: &Value, schema: &Value, depth: usize) -> Form {
    // Accepted schemas are not recursive; a tool's is not checked.
    if depth > MOST_DEEP {
        return Form::Any;
    }
    let part = |schema: &Value| of_schema(root, schema, depth + 1);
    if let Some(target) = schema["$ref"].as_str().and_then(|reference| resolve(root, reference)) {
        return part(target);
    }
    if let Some(value) = schema.get("const") {
        return Form::Choice(vec![value.clone()]);
    }
    if let Some(values) = schema["enum"].as_array() {
        return Form::Choice(values.clone());
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().map(part).find(|part| *part != Form::Any).unwrap_or(Form::Any);
    }
    if let Some(parts) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        let mut forms: Vec<Form> = parts.iter().map(part).collect();
        let all = forms.len();
        forms.retain(|form| *form != Form::Null);
        let nullable = forms.len() < all;
        let choices: Option<Vec<Vec<Value>>> = forms
            .iter()
            .map(|form| match form {
                Form::Choice(values) => Some(values.clone()),
                _ => None,
            })
            .collect();
        let form = match choices {
            Some(choices) if !choices.is_empty() => Form::Choice(choices.concat()),
            _ => forms.into_iter().next().unwrap_or(Form::Null),
        };
        return if nullable { Form::Nullable(Box::new(form)) } else { form };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema["properties"].is_object() => vec!["object"],
        _ => vec![],
    };
    let form = match types.iter().find(|name| **name != "null") {
        Some(&"object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            Form::Object(properties.map(|(name, schema)| (name.clone(), part(schema))).collect())
        }
        Some(&"array") => Form::List(Box::new(part(&schema["items"]))),
        Some(&"string") => Form::Text,
        Some(&"number") => Form::Number,
        Some(&"integer") => Form::Integer,
        Some(&"boolean") => Form::Boolean,
        _ if types.contains(&"null") => return Form::Null,
        _ => return Form::Any,
    };
    if types.contains(&"null") { Form::Nullable(Box::new(form)) } else { form }
}

/// An example that is being read.
struct Example<'a> {
    rest: &'a str,
}

impl Example<'_> {
    /// A value and what else may stand there.
    fn value(&mut self, depth: usize) -> Option<Form> {
        if depth > MOST_DEEP {
            return None;
        }
        let (first, word) = self.single(depth)?;
        let mut words = vec![word];
        while self.takes("or") || self.takes("|") {
            words.push(self.single(depth)?.1);
        }
        let choices: Option<Vec<Value>> = if words.len() > 1 { words.into_iter().collect() } else { None };
        Some(choices.map_or(first, Form::Choice))
    }

    /// One value, and the text that it is if it is one.
    fn single(&mut self, depth: usize) -> Option<(Form, Option<Value>)> {
        if self.takes("...") || self.takes("…") {
            return Some((Form::Any, None));
        }
        if self.takes("{") {
            let mut properties = Vec::new();
            while !self.takes("}") {
                let Value::String(name) = self.scalar()? else { return None };
                if !self.takes(":") {
                    return None;
                }
                properties.push((name, self.value(depth + 1)?));
                self.takes(",");
            }
            return Some((Form::Object(properties), None));
        }
        if self.takes("[") {
            let mut item = None;
            while !self.takes("]") {
                let next = self.value(depth + 1)?;
                item.get_or_insert(next);
                self.takes(",");
            }
            return Some((Form::List(Box::new(item.unwrap_or(Form::Any))), None));
        }
        let value = self.scalar()?;
        let form = match &value {
            Value::String(_) => Form::Text,
            Value::Bool(_) => Form::Boolean,
            Value::Number(number) if number.is_f64() => Form::Number,
            Value::Number(_) => Form::Integer,
            _ => Form::Any,
        };
        Some((form, Some(value)))
    }

    /// A text, a number, true, false or null.
    fn scalar(&mut self) -> Option<Value> {
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        let value = stream.next()?.ok().filter(|value| !value.is_object() && !value.is_array())?;
        self.rest = &self.rest[stream.byte_offset()..];
        Some(value)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_becomes_a_form() {
        let form = Form::of_schema(&json!({
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
                "level": {"enum": ["low", "high", null]},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "one": {"anyOf": [{"const": 1}, {"const": 2}]},
            },
            "$defs": {"item": {"type": ["number", "null"]}},
        }));
        let nullable = |form| Form::Nullable(Box::new(form));
        let expected = [
            ("items", Form::List(Box::new(nullable(Form::Number)))),
            ("level", Form::Choice(vec![json!("low"), json!("high"), json!(null)])),
            ("note", nullable(Form::Text)),
            ("one", Form::Choice(vec![json!(1), json!(2)])),
        ];
        assert_eq!(form, Form::Object(expected.map(|(name, form)| (name.to_owned(), form)).to_vec()));
    }

    #[test]
    fn an_example_becomes_a_form() {
        let text = "Answer with {\"verdict\": \"pii\" or \"clean\", \"list\": [{\"sort\": ..., \"sure\": 0.5}, ...], \"n\": 3}!";
        let item = [("sort", Form::Any), ("sure", Form::Number)].map(|(name, form)| (name.to_owned(), form));
        let expected = [
            ("verdict", Form::Choice(vec![json!("pii"), json!("clean")])),
            ("list", Form::List(Box::new(Form::Object(item.to_vec())))),
            ("n", Form::Integer),
        ];
        assert_eq!(
            Form::of_example(text),
            Some(Form::Object(expected.map(|(name, form)| (name.to_owned(), form)).to_vec()))
        );
    }

    #[test]
    fn brackets_in_a_sentence_are_no_example() {
        for text in ["Write [Event][Account] as title.", "Use {braces} well", "a [1] b", "{", "{\"a\": ", "[[[[", "{}"]
        {
            assert_eq!(Form::of_example(text), None, "{text}");
        }
        assert_eq!(Form::of_example(&"[".repeat(100_000)), None);
    }
}
