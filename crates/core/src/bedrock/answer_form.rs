//! The form of an answer, told in a question where no JSON Schema is sent that enforces it.

use serde_json::Value;

/// Deepest nesting that is told.
const MAX_DEPTH: usize = 16;

/// The end of a question that asks for an answer of this schema.
pub(super) fn told(schema: &Value) -> String {
    format!("\nAnswer with one JSON object and nothing else:\n{}", example(schema, MAX_DEPTH))
}

/// An answer with its choices written out, such as `{"verdict": "pii" or "clean", "findings": [...]}`.
fn example(schema: &Value, depth: usize) -> String {
    let part = |schema: &Value| example(schema, depth - 1);
    if depth == 0 {
        return "...".to_owned();
    }
    if let Some(choices) = schema["enum"].as_array() {
        return choices.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    if let Some(properties) = schema["properties"].as_object() {
        // In the order in which they are required, which is that of who wrote the schema.
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let required: Vec<_> = required.filter(|name| properties.contains_key(*name)).collect();
        let others = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
        let members = required.iter().copied().chain(others);
        let members = members.map(|name| format!("{}: {}", Value::from(name), part(&properties[name])));
        return format!("{{{}}}", members.collect::<Vec<_>>().join(", "));
    }
    match schema.get("items") {
        Some(items) => format!("[{}]", part(items)),
        None => "...".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_told_by_an_example_of_its_answer() {
        let item = json!({"type": "object", "properties": {"b": {"enum": ["x", 1]}, "a": {"type": "number"}},
            "required": ["b", "a"]});
        for (schema, form) in [
            (json!({"type": "string"}), "..."),
            (json!({"const": 2}), "2"),
            (json!({"type": "array"}), "..."),
            (json!({"type": "object", "properties": {}}), "{}"),
            (
                json!({"properties": {"z": {"items": item}, "q\"": {}}}),
                r#"{"q\"": ..., "z": [{"b": "x" or 1, "a": ...}]}"#,
            ),
        ] {
            assert_eq!(told(&schema), format!("\nAnswer with one JSON object and nothing else:\n{form}"));
        }
        let deep = (0..40).fold(json!({}), |inner, _| json!({"items": inner}));
        assert!(told(&deep).ends_with(&format!("{}...{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))));
    }
}
