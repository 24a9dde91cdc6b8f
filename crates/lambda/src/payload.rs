//! A payload as it comes, made into JSON that can be read: what a strict reader
//! refuses is [mended](warden_core::json::mended) where it stands, so that an
//! event does not fail for one field. A byte order mark before it is left out,
//! and what is not JSON becomes the string `"not JSON"`, which no function takes.

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::IgnoredAny;
use warden_core::json::mended;

/// What some editors write before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Stands in for a payload that is not JSON.
const NOT_JSON: &[u8] = br#""not JSON""#;

/// The payload as JSON that every reader reads. The runtime would fail any
/// other under the name of a Rust type, before a handler sees it.
pub(crate) fn readable(payload: Bytes) -> Bytes {
    let payload = if payload.starts_with(BYTE_ORDER_MARK) { payload.slice(BYTE_ORDER_MARK.len()..) } else { payload };
    let Ok(text) = std::str::from_utf8(&payload) else { return Bytes::from_static(NOT_JSON) };
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Bytes::from_static(NOT_JSON);
    }
    match mended(text) {
        Cow::Borrowed(_) => payload,
        Cow::Owned(mended) => Bytes::from(mended),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_passes_untouched_and_what_is_none_becomes_a_json_string() {
        for (payload, passes) in [
            (&b"{\"a\": 1}"[..], true),
            (b"[]", true),
            (b"null", true),
            (b"-1.5e10", true),
            (br#"{"pair": "\ud83d\uDE00", "escapes": "\"\\ud83d\\\\"}"#, true),
            (b"", false),
            (b"{", false),
            (b"{} {}", false),
            (b"key=value", false),
            (b"\"\xff\"", false),
            (b"\"\\uzzzz\"", false),
        ] {
            let kept = readable(Bytes::copy_from_slice(payload));
            assert_eq!(kept == payload, passes, "{payload:?}");
            assert!(serde_json::from_slice::<Value>(&kept).is_ok(), "{payload:?}");
        }
    }

    #[test]
    fn what_a_strict_reader_refuses_is_handed_on_mended() {
        for (payload, expected) in [
            (r#"{"a": "x \ud83d", "b": 1e400}"#, json!({"a": "x \u{fffd}", "b": "1e400"})),
            ("\u{feff}{\"a\": 1}", json!({"a": 1})),
            ("\u{feff}{\"a\": 1e400}", json!({"a": "1e400"})),
            (r#"{"a": NaN}"#, json!("not JSON")),
        ] {
            let kept = readable(Bytes::from(payload));
            assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap(), expected, "{payload}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_json_by_its_form_can_be_read(
            text in r#"(\{"[a-z]{0,3}": |\[)?("(\\u[dD][89a-f][0-9a-f]{2}|\\u00e9|\\"|é|x){0,5}"|-?[1-9][0-9]{0,3}([eE][+-]?[0-9]{1,4})?|\[\[\]\])(\}|\])?"#
        ) {
            let kept = readable(Bytes::from(text.clone()));
            prop_assert!(serde_json::from_slice::<Value>(&kept).is_ok(), "{}", text);
        }
    }
}
