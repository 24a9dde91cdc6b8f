//! A payload as it comes, made into JSON that can be read: what a strict reader
//! refuses is mended where it stands, so that an event does not fail for one field.
//!
//! | in the payload | handed on |
//! |---|---|
//! | half of a surrogate pair, `"\ud83d"` | U+FFFD |
//! | a number too large for a float, `1e400` | its text, `"1e400"` |
//! | a byte order mark before it | nothing |
//! | objects and lists nested deeper than [`DEEPEST`] | their JSON text |
//! | what is not JSON | the string `"not JSON"`, which no function takes |

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::IgnoredAny;

/// What some editors write before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Stands in for a payload that is not JSON.
const NOT_JSON: &[u8] = br#""not JSON""#;

/// How deep objects and lists may be nested. `serde_json` reads 127 levels, and
/// an event may be wrapped again on its way.
const DEEPEST: usize = 100;

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

/// The text with everything mended that a strict reader refuses. It must be JSON by its form.
fn mended(text: &str) -> Cow<'_, str> {
    let mut mended = Mended { text, kept_to: 0, out: String::new() };
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'"' => mend_string(&mut mended, at),
            b'-' | b'0'..=b'9' => {
                let end = number_end(bytes, at);
                let number = &text[at..end];
                if number.parse::<f64>().is_ok_and(f64::is_infinite) {
                    mended.replace(at, end, &format!("\"{number}\""));
                }
                end
            }
            b'{' | b'[' if depth == DEEPEST => {
                let end = value_end(bytes, at);
                let quoted = text[at..end].replace('\\', "\\\\").replace('"', "\\\"");
                // Between values JSON may break lines, and a string may not.
                let quoted: String = quoted.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
                mended.replace(at, end, &format!("\"{quoted}\""));
                end
            }
            b'{' | b'[' => {
                depth += 1;
                at + 1
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at + 1
            }
            _ => at + 1,
        };
    }
    mended.finish()
}

/// Mends the escapes of the string that begins at `start`; where it ends.
fn mend_string(mended: &mut Mended<'_>, start: usize) -> usize {
    let bytes = mended.text.as_bytes();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => match (surrogate(bytes, at), surrogate(bytes, at + 6)) {
                (Some(Half::First), Some(Half::Second)) => at += 12,
                (Some(_), _) => {
                    mended.replace(at, at + 6, "\\ufffd");
                    at += 6;
                }
                (None, _) => at += 2,
            },
            _ => at += 1,
        }
    }
    at
}

enum Half {
    First,
    Second,
}

/// The half of a surrogate pair whose escape stands here.
fn surrogate(bytes: &[u8], at: usize) -> Option<Half> {
    let [b'\\', b'u', b'd' | b'D', third, _, _] = bytes.get(at..at + 6)? else { return None };
    match third {
        b'8' | b'9' | b'a' | b'b' | b'A' | b'B' => Some(Half::First),
        b'c'..=b'f' | b'C'..=b'F' => Some(Half::Second),
        _ => None,
    }
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    bytes.iter().skip(start).position(|byte| !is_part(byte)).map_or(bytes.len(), |length| start + length)
}

/// Where the object or list that begins at `start` ends.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth, mut in_string) = (start, 0_usize, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    at
}

/// A text some parts of which are replaced.
struct Mended<'a> {
    text: &'a str,
    kept_to: usize,
    out: String,
}

impl<'a> Mended<'a> {
    fn replace(&mut self, from: usize, to: usize, by: &str) {
        self.out.push_str(&self.text[self.kept_to..from]);
        self.out.push_str(by);
        self.kept_to = to;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.kept_to == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(&self.text[self.kept_to..]);
        Cow::Owned(self.out)
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
    fn what_a_strict_reader_refuses_is_mended_where_it_stands() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let cases = [
            (r#"{"a": "x \ud83d", "b": 1}"#.to_owned(), json!({"a": "x \u{fffd}", "b": 1})),
            (r#"{"\udc00": "\ude00\ud83d!"}"#.to_owned(), json!({"\u{fffd}": "\u{fffd}\u{fffd}!"})),
            (r#"{"a": "\ud83d\ud83d\ude00"}"#.to_owned(), json!({"a": "\u{fffd}😀"})),
            (r#"{"a": [1e400, -1E999, 2]}"#.to_owned(), json!({"a": ["1e400", "-1E999", 2]})),
            ("\u{feff}{\"a\": 1}".to_owned(), json!({"a": 1})),
            ("\u{feff}{\"a\": 1e400}".to_owned(), json!({"a": "1e400"})),
        ];
        for (payload, expected) in cases {
            let kept = readable(Bytes::from(payload.clone()));
            assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap(), expected, "{payload}");
        }
        for levels in [99, 100, 101, 126, 127, 128, 5_000] {
            let kept = readable(Bytes::from(format!("{{\"name\": \"StopLogging\", \"deep\": {}}}", deep(levels))));
            let value: Value = serde_json::from_slice(&kept).unwrap();
            assert_eq!(value["name"], "StopLogging", "{levels} levels");
        }
    }

    #[test]
    fn what_is_nested_too_deep_stays_as_its_text() {
        let payload = format!("{}{{\"a\":\n\"\\\"b\"}}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        let kept = readable(Bytes::from(payload));
        let mut value: Value = serde_json::from_slice(&kept).unwrap();
        for _ in 0..DEEPEST {
            value = value[0].take();
        }
        assert_eq!(value, r#"{"a": "\"b"}"#);
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
