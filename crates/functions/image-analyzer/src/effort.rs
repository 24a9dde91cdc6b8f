//! How many checks a schema makes of a value, before they are made.
//!
//! Schemas refer to one another, so a few lines of them may stand for more checks than there is time for. They are
//! counted as a validator makes them, but those of the same schema on the same value once: what counts many does not take
//! long to count. Where it is not plain what a reference means, everything that it could mean counts.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// How deep checks may be in one another.
const MAX_DEPTH: usize = 500;
/// What a reference names that no caller's schema holds: the specification's own schemas.
const SPECIFICATION: &str = "json-schema.org/";

/// A schema of which checks are counted.
pub(crate) struct Effort<'a> {
    /// Schemas that have an address of their own, with its last part.
    addressed: Vec<(&'a str, &'a Value)>,
    /// Schemas that have a name to be referred to by.
    named: Vec<(&'a str, &'a Value)>,
    /// By the places of a schema and a value; none while it is counted.
    counted: HashMap<(usize, usize), Option<u64>>,
}

impl<'a> Effort<'a> {
    /// Of a schema that is called `name` where it does not say so itself.
    pub(crate) fn of(schema: &'a Value, name: &'a str) -> Self {
        let mut effort =
            Self { addressed: vec![(last_part(name), schema)], named: Vec::new(), counted: HashMap::new() };
        effort.find_names(schema);
        effort
    }

    /// How many checks are made of a value; the highest number where they would not end.
    pub(crate) fn checks(&mut self, value: &'a Value) -> u64 {
        self.counted.clear();
        let root = self.addressed[0].1;
        self.count(root, value, MAX_DEPTH)
    }

    fn find_names(&mut self, part: &'a Value) {
        if let Value::Object(keywords) = part {
            for keyword in ["$id", "id", "$anchor", "$dynamicAnchor"] {
                match keywords.get(keyword).and_then(Value::as_str) {
                    Some(name) if keyword.ends_with("nchor") => self.named.push((name, part)),
                    // So older drafts name a part.
                    Some(name) if name.starts_with('#') => self.named.push((&name[1..], part)),
                    Some(address) => self.addressed.push((last_part(address), part)),
                    None => {}
                }
            }
        }
        children(part).for_each(|child| self.find_names(child));
    }

    fn count(&mut self, schema: &'a Value, value: &'a Value, depth: usize) -> u64 {
        let Value::Object(keywords) = schema else { return 1 };
        let place = (std::ptr::from_ref(schema).addr(), std::ptr::from_ref(value).addr());
        match self.counted.get(&place) {
            Some(Some(known)) => return *known,
            // A schema that asks the same of the same value again.
            Some(None) => return u64::MAX,
            None if depth == 0 => return u64::MAX,
            None => {}
        }
        self.counted.insert(place, None);
        let mut sum: u64 = 1;
        for (keyword, part) in keywords {
            for (schema, value) in self.checks_of(keyword, part, value) {
                sum = sum.saturating_add(self.count(schema, value, depth - 1));
            }
        }
        self.counted.insert(place, Some(sum));
        sum
    }

    /// Which schemas a keyword holds against which values.
    fn checks_of(&self, keyword: &str, part: &'a Value, value: &'a Value) -> Vec<(&'a Value, &'a Value)> {
        match keyword {
            "$ref" | "$dynamicRef" | "$recursiveRef" => {
                self.meant(part.as_str().unwrap_or_default()).into_iter().map(|schema| (schema, value)).collect()
            }
            "not" | "if" | "then" | "else" => vec![(part, value)],
            "allOf" | "anyOf" | "oneOf" | "dependentSchemas" | "dependencies" => {
                children(part).map(|schema| (schema, value)).collect()
            }
            "properties" => {
                let named = part.as_object().into_iter().flatten();
                named.filter_map(|(name, schema)| Some((schema, value.get(name)?))).collect()
            }
            "prefixItems" => children(part).zip(children(value)).collect(),
            "items" if part.is_array() => children(part).zip(children(value)).collect(),
            "patternProperties" => {
                children(part).flat_map(|schema| children(value).map(move |child| (schema, child))).collect()
            }
            "items"
            | "additionalItems"
            | "unevaluatedItems"
            | "contains"
            | "additionalProperties"
            | "unevaluatedProperties"
            | "propertyNames" => children(value).map(|child| (part, child)).collect(),
            _ => Vec::new(),
        }
    }

    fn meant(&self, reference: &str) -> Vec<&'a Value> {
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if address.contains(SPECIFICATION) {
            return Vec::new();
        }
        let fits = |known: &str| address.is_empty() || known == last_part(address);
        let mut within: Vec<_> = self.addressed.iter().filter(|(known, _)| fits(known)).collect();
        if within.is_empty() {
            within = self.addressed.iter().collect();
        }
        let fragment = percent_decode_str(fragment).decode_utf8_lossy();
        let mut meant: Vec<_> = if fragment.is_empty() || fragment.starts_with('/') {
            within.into_iter().filter_map(|(_, schema)| schema.pointer(&fragment)).collect()
        } else {
            self.named.iter().filter(|(name, _)| *name == fragment).map(|(_, schema)| *schema).collect()
        };
        // A schema may have two names.
        let mut met = HashSet::new();
        meant.retain(|schema| met.insert(std::ptr::from_ref(*schema).addr()));
        meant
    }
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(fields) => Box::new(fields.values()),
        _ => Box::new(std::iter::empty()),
    }
}

fn last_part(address: &str) -> &str {
    let address = address.split('#').next().unwrap_or(address);
    address.rsplit(['/', ':']).next().unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checks(schema: &Value, value: &Value) -> u64 {
        Effort::of(schema, "schema:caller").checks(value)
    }

    /// Each definition refers to the one before twice.
    fn doubling(levels: u32, refer: impl Fn(u32) -> Value) -> Value {
        let twice = |level| json!({"$id": format!("d{level}"), "$anchor": format!("d{level}"), "allOf": [refer(level - 1), refer(level - 1)]});
        let mut definitions: serde_json::Map<_, _> =
            (1..levels).map(|level| (format!("d{level}"), twice(level))).collect();
        definitions.insert("d0".to_owned(), json!({"$id": "d0", "$anchor": "d0", "type": "object"}));
        json!({"$defs": definitions, "allOf": [refer(levels - 1)]})
    }

    #[test]
    fn a_reference_counts_for_what_it_stands_for_however_it_is_written() {
        let ways: [fn(u32) -> Value; 7] = [
            |level| json!({"$ref": format!("#/$defs/d{level}")}),
            |level| json!({"$ref": format!("#/%24defs/d%3{level}")}),
            |level| json!({"$ref": format!("schema:caller#/$defs/d{level}")}),
            |level| json!({"$ref": format!("#d{level}")}),
            |level| json!({"$dynamicRef": format!("#d{level}")}),
            |level| json!({"$ref": format!("d{level}")}),
            |level| json!({"anyOf": [{"$ref": format!("./x/../d{level}")}]}),
        ];
        for refer in ways {
            let schema = doubling(10, refer);
            assert!(checks(&schema, &json!({})) >= 1 << 9, "{schema}");
        }
        assert!(checks(&doubling(60, |level| json!({"$ref": format!("#/$defs/d{level}")})), &json!({})) > 1 << 50);
    }

    #[test]
    fn a_schema_that_refers_to_itself_counts_by_the_value() {
        let one = json!({"$id": "https://example.com/tree.json", "properties": {"parts": {"items": {"$ref": "#"}}}});
        let two = json!({"allOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}]});
        let nested = |levels| (0..levels).fold(json!({}), |inner, _| json!({"a": inner, "parts": [inner]}));
        assert!(checks(&one, &nested(8)) < 1000);
        assert!(checks(&two, &nested(8)) > 1 << 8);
        for endless in [json!({"$ref": "#"}), json!({"anyOf": [{"not": {"$ref": "#"}}]})] {
            assert_eq!(checks(&endless, &json!({})), u64::MAX);
        }
    }

    #[test]
    fn a_plain_schema_counts_little() {
        let schema = json!({"type": "object", "required": ["labels"], "properties": {
            "labels": {"type": "array", "items": {"$ref": "#/$defs/label"}}, "title": {"type": "string"}},
            "$defs": {"label": {"type": "object", "properties": {"name": {"type": "string"}, "sure": {"type": "number"}}}}});
        let labels: Vec<_> = (0..100).map(|at| json!({"name": at.to_string(), "sure": 1})).collect();
        assert!(checks(&schema, &json!({"labels": labels, "title": "t"})) < 500);
    }
}
