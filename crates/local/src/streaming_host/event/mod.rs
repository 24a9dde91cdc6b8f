//! The events that a request becomes, by what stands before the function.

pub(super) mod function_url;
pub(super) mod rest_api;

use std::collections::BTreeMap;

use axum::http::HeaderMap;

/// The largest event that Lambda takes.
pub(super) const MAX_EVENT: usize = 6_291_456;

/// The headers by their names, those of one name as one.
fn joined(headers: &HeaderMap) -> BTreeMap<&str, String> {
    let mut joined = BTreeMap::<&str, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str())
            .and_modify(|values| values.extend([",", &value]))
            .or_insert_with(|| value.to_string());
    }
    joined
}

/// A header's value; empty if it is missing or not text.
fn header<'a>(headers: &'a HeaderMap, name: &axum::http::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}
