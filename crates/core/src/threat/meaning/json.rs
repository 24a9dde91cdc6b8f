//! Finding one's way in a request whose fields may be of any shape.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// How often JSON may have been written into a text again.
const MOST_LAYERS: usize = 3;

/// A member of an object, its name in any case of its letters.
pub(super) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(member, _)| member.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The object or list that a text holds as JSON, be it in quotation marks again,
/// encoded for a URL or behind a byte order mark.
pub(super) fn inside(text: &str) -> Option<Value> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..MOST_LAYERS {
        let bare = text.trim_start_matches('\u{feff}').trim();
        let decoded = bare.starts_with('%').then(|| percent_decode_str(bare).decode_utf8()).transpose().ok()?;
        let bare = decoded.as_deref().map_or(bare, str::trim);
        if !bare.starts_with(['{', '[', '"']) {
            return None;
        }
        match serde_json::from_str(bare).ok()? {
            Value::String(inner) => text = Cow::Owned(inner),
            value => return Some(value),
        }
    }
    None
}

/// A value, or each of a list of them.
pub(super) fn each(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        value => std::slice::from_ref(value),
    }
}

/// The objects at a path, through lists.
pub(super) fn members<'a>(value: &'a Value, path: &[&str]) -> Vec<&'a Map<String, Value>> {
    let mut found: Vec<&Value> = each(value).iter().collect();
    for name in path {
        found = found.into_iter().filter_map(|value| member(value, name)).flat_map(each).collect();
    }
    found.into_iter().filter_map(Value::as_object).collect()
}

/// Whether a member of an object is written as this text.
pub(super) fn is(value: &Value, name: &str, text: &str) -> bool {
    member(value, name).is_some_and(|found| written(found).eq_ignore_ascii_case(text))
}

/// A text, or the JSON of any other value: `false` and `"false"` are written alike.
pub(super) fn written(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

/// Every text below a value.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Every whole number below a value, those among them that are written as text.
pub(super) fn numbers(value: &Value) -> Vec<i64> {
    match value {
        Value::Number(number) => number.as_i64().into_iter().collect(),
        Value::String(text) => text.trim().parse().into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Object(members) => members.values().flat_map(numbers).collect(),
        _ => Vec::new(),
    }
}
