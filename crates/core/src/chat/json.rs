//! JSON as models write it: a text that was cut inside a character, or inside
//! one's escape, is read with U+FFFD in its place.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// Reads JSON; `None` for what is none, or of another shape.
pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok().or_else(|| {
        let text = String::from_utf8_lossy(json);
        serde_json::from_str(&with_whole_escapes(&text)).ok()
    })
}

/// The same JSON with `\ufffd` for each half of a surrogate pair that lacks the other.
fn with_whole_escapes(json: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let (kept, length) = match unit(escape) {
            Some(0xd800..=0xdbff) if matches!(escape.get(6..).and_then(unit), Some(0xdc00..=0xdfff)) => {
                (&escape[..12], 12)
            }
            Some(0xd800..=0xdfff) => ("\\ufffd", 6),
            Some(_) => (&escape[..6], 6),
            // The backslash, and what it escapes: it may be another.
            None => {
                let length = escape.chars().take(2).map(char::len_utf8).sum();
                (&escape[..length], length)
            }
        };
        mended.push_str(kept);
        rest = &escape[length..];
    }
    if mended.is_empty() {
        return Cow::Borrowed(json);
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}

/// The UTF-16 unit that an escape at the beginning stands for.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_is_read_as_one_that_nobody_knows() {
        for (json, expected) in [
            (&br#""\ud83d\ude42""#[..], Some("🙂")),
            (br#""x\ud83d""#, Some("x\u{fffd}")),
            (br#""\ude42y""#, Some("\u{fffd}y")),
            (br#""\ud83d\ud83d\ude42""#, Some("\u{fffd}🙂")),
            (br#""\ude42\ud83d""#, Some("\u{fffd}\u{fffd}")),
            (br#""\uD83D\n\u0041""#, Some("\u{fffd}\nA")),
            (br#""\\ud83d \ud83d""#, Some("\\ud83d \u{fffd}")),
            (b"\"\xec\x95 \\ud83d\"", Some("\u{fffd} \u{fffd}")),
            (br#""\ud83""#, None),
            (br#""\u+83d""#, None),
            (br#""\"#, None),
            ("\"\\🙂".as_bytes(), None),
            (b"text", None),
        ] {
            assert_eq!(read::<String>(json).as_deref(), expected, "{}", String::from_utf8_lossy(json));
        }
    }
}
