//! The part of JSON Schema that structured output understands.

use serde_json::{Map, Value};

/// Keywords that a schema may not hold.
const UNSUPPORTED: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "not",
    "if",
];

/// Deeper than any schema that is not recursive by mistake.
const MAX_DEPTH: usize = 64;

/// Looks for what makes Bedrock refuse a schema.
///
/// # Errors
///
/// What is wrong with it, in words for the message.
pub(crate) fn check(schema: &Value) -> Result<(), String> {
    visit(schema, schema, &mut Vec::new(), 0)
}

fn visit<'a>(root: &'a Value, schema: &'a Value, references: &mut Vec<&'a str>, depth: usize) -> Result<(), String> {
    let Value::Object(map) = schema else {
        return Err("a schema must be an object".to_owned());
    };
    if depth > MAX_DEPTH {
        return Err("Recursive schemas are not supported".to_owned());
    }
    if let Some(keyword) = UNSUPPORTED.iter().find(|keyword| map.contains_key(**keyword)) {
        let of = map.get("type").and_then(Value::as_str).unwrap_or("schema");
        return Err(format!("For '{of}' type, property '{keyword}' is not supported"));
    }
    if map.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 1) {
        return Err("For 'array' type, 'minItems' values other than 0 or 1 are not supported".to_owned());
    }
    if is_object(map) && map.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err("For 'object' type, 'additionalProperties' must be explicitly set to false".to_owned());
    }
    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
        let target = resolve(root, reference).ok_or("External or unknown $ref is not supported")?;
        if references.contains(&reference) {
            return Err("Recursive schemas are not supported".to_owned());
        }
        references.push(reference);
        visit(root, target, references, depth + 1)?;
        references.pop();
    }
    let properties = map.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let alternatives = ["anyOf", "allOf"].iter().filter_map(|key| map.get(*key)?.as_array()).flatten();
    for part in properties.chain(alternatives).chain(map.get("items")) {
        visit(root, part, references, depth + 1)?;
    }
    Ok(())
}

/// The schema that an internal reference points at.
pub(crate) fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}

fn is_object(map: &Map<String, Value>) -> bool {
    match map.get("type") {
        Some(Value::String(name)) => name == "object",
        Some(Value::Array(names)) => names.iter().any(|name| name == "object"),
        _ => map.contains_key("properties"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plain_schema_with_references_passes() {
        let schema = json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "verdict": {"type": "string", "enum": ["a", "b"]},
                "first": {"$ref": "#/$defs/item"},
                "second": {"$ref": "#/$defs/item"},
                "list": {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "null"}, {"type": "number"}]}},
            },
            "$defs": {"item": {"type": "object", "additionalProperties": false, "properties": {}}},
        });
        assert_eq!(check(&schema), Ok(()));
    }

    #[test]
    fn what_structured_output_does_not_know_is_refused() {
        let object =
            |properties: Value| json!({"type": "object", "additionalProperties": false, "properties": properties});
        for (schema, message) in [
            (json!([]), "must be an object"),
            (json!({"type": "object", "properties": {}}), "additionalProperties"),
            (json!({"type": "object", "additionalProperties": true}), "additionalProperties"),
            (object(json!({"n": {"type": "number", "minimum": 0}})), "'minimum' is not supported"),
            (object(json!({"s": {"type": "string", "maxLength": 9}})), "'maxLength' is not supported"),
            (object(json!({"a": {"type": "array", "minItems": 2, "items": {"type": "null"}}})), "minItems"),
            (object(json!({"r": {"$ref": "other.json"}})), "$ref"),
            (object(json!({"r": {"$ref": "#"}})), "Recursive"),
        ] {
            let refused = check(&schema).unwrap_err();
            assert!(refused.contains(message), "{message}: {refused}");
        }
    }
}
