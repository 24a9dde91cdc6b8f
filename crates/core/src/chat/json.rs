//! JSON as models and their containers write it: a text that was cut inside a character, or inside
//! one's escape, is read with U+FFFD in its place, a number that JSON has no form for as null.

use serde::de::DeserializeOwned;

use crate::json::mended;

/// Reads JSON; `None` for what is none, or of another shape.
pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok().or_else(|| {
        let text = String::from_utf8_lossy(json);
        serde_json::from_str(&mended(&text)).ok()
    })
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
