//! JSON as it comes from outside, which a strict reader refuses for one field.
//!
//! | in the text | mended |
//! |---|---|
//! | half of a surrogate pair, `"\ud83d"` | U+FFFD |
//! | a number too large for a float, `1e400` | its text, `"1e400"` |
//! | `NaN`, `Infinity`, `-Infinity`, as Python writes them | `null` |
//! | objects and lists nested deeper than [`DEEPEST`] | their JSON text |

use std::borrow::Cow;

/// How deep objects and lists may be nested. `serde_json` reads 127 levels, and
/// an event may be wrapped again on its way.
const DEEPEST: usize = 100;

/// What Python writes for numbers that JSON has no form for.
const NO_NUMBERS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// The text with everything mended that a strict reader refuses. Of what is no
/// JSON by its form it makes no JSON.
#[must_use]
pub fn mended(text: &str) -> Cow<'_, str> {
    let mut mended = Mended { text, kept_to: 0, out: String::new() };
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        if let Some(word) = no_number(&bytes[at..]) {
            mended.replace(at, at + word.len(), "null");
            at += word.len();
            continue;
        }
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

/// Which of the words for no number stands at the beginning.
fn no_number(bytes: &[u8]) -> Option<&'static str> {
    let word = NO_NUMBERS.into_iter().find(|word| bytes.starts_with(word.as_bytes()))?;
    bytes.get(word.len()).is_none_or(|next| !next.is_ascii_alphanumeric()).then_some(word)
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
    let [b'\\', b'u', b'd' | b'D', third, last @ ..] = bytes.get(at..at + 6)? else { return None };
    if !last.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
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
    bytes.len()
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
    fn what_a_strict_reader_refuses_is_mended_where_it_stands() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        for (text, expected) in [
            (r#"{"a": "x \ud83d", "b": 1}"#, json!({"a": "x \u{fffd}", "b": 1})),
            (r#"{"\udc00": "\ude00\ud83d!"}"#, json!({"\u{fffd}": "\u{fffd}\u{fffd}!"})),
            (r#"{"a": "\ud83d\ud83d\ude00"}"#, json!({"a": "\u{fffd}😀"})),
            (r#"{"a": [1e400, -1E999, 2]}"#, json!({"a": ["1e400", "-1E999", 2]})),
            (r#"{"a": [NaN, -Infinity,Infinity], "b": -1}"#, json!({"a": [null, null, null], "b": -1})),
            (r#"{"NaN": "Infinity, \"NaN"}"#, json!({"NaN": "Infinity, \"NaN"})),
        ] {
            assert_eq!(serde_json::from_str::<Value>(&mended(text)).unwrap(), expected, "{text}");
        }
        for levels in [99, 100, 101, 126, 127, 128, 5_000] {
            let text = format!("{{\"name\": \"StopLogging\", \"deep\": {}}}", deep(levels));
            let value: Value = serde_json::from_str(&mended(&text)).unwrap();
            assert_eq!(value["name"], "StopLogging", "{levels} levels");
        }
    }

    #[test]
    fn what_is_nested_too_deep_stays_as_its_text() {
        let text = format!("{}{{\"a\":\n\"\\\"b\"}}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        let mut value: Value = serde_json::from_str(&mended(&text)).unwrap();
        for _ in 0..DEEPEST {
            value = value[0].take();
        }
        assert_eq!(value, r#"{"a": "\"b"}"#);
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for text in ["NaNs", "[NaN1]", "Infinit", "{\"a\": nan}", "{", "\"\\uzzzz\"", "\"", "\"\\", "[-]"] {
            assert!(serde_json::from_str::<Value>(&mended(text)).is_err(), "{text}");
        }
        for end in ["\"\\", "\"\\ud83d", "{\"é\\"] {
            let deep = format!("{}{end}", "[".repeat(DEEPEST + 1));
            assert!(serde_json::from_str::<Value>(&mended(&deep)).is_err(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_looked_at(text in r#"[\[{]{0,120}([\[{}\]"\\udNI0-9eé:,-]|Infinity|\\ud8){0,40}"#) {
            let _ = mended(&text);
        }
    }
}
