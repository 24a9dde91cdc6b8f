//! Text of others on our terminal: what would command the terminal is shown
//! instead of obeyed.

use std::borrow::Cow;

/// A text whose control characters have become visible, line breaks and tabs
/// apart. A carriage return, which would let a line overwrite itself, is left out.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| shown(c) == Some(c)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter_map(shown).collect())
}

/// The same on one line that is not endless.
pub(crate) fn visible_line(text: &str) -> String {
    const MOST: usize = 300;
    let line = visible(text).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn shown(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(c),
        '\r' => None,
        // U+2400 and on are the pictures of these characters, in their order.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)),
        '\x7f' => Some('\u{2421}'),
        // C1 controls.
        '\u{80}'..='\u{9f}' => Some(char::REPLACEMENT_CHARACTER),
        c if turns_text(c) => Some(char::REPLACEMENT_CHARACTER),
        _ => Some(c),
    }
}

/// Whether a character turns the direction of the text around it.
pub(crate) const fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_shown() {
        for (text, shown) in [
            ("안녕, é 👋🏽\n\tok", "안녕, é 👋🏽\n\tok"),
            ("\x1b[2J\x1b]0;title\x07", "␛[2J␛]0;title␇"),
            ("a\rb\r\nc", "ab\nc"),
            ("\u{9b}31m\x7f", "\u{fffd}31m␡"),
            ("abc\u{202e}fed", "abc\u{fffd}fed"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_line_is_one_and_ends() {
        assert_eq!(visible_line(" a\n\n b\x1b "), "a b␛");
        assert_eq!(visible_line(&"가".repeat(400)).chars().count(), 301);
    }
}
