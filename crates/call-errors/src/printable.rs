//! Text that no terminal obeys.

/// On one line, and without what a terminal would obey: a cause may quote a
/// key that a stranger chose.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_becomes_a_space() {
        assert_eq!(printable("a\nb\x1b]0;title\x07\u{202e}c\u{2028}d\u{2066}e"), "a b ]0;title  c d e");
        assert_eq!(printable("사람 é 👋🏽"), "사람 é 👋🏽");
    }
}
