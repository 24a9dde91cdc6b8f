//! Text that no terminal obeys, and no spreadsheet.

use std::fmt::Write as _;

/// What makes a spreadsheet take a text for a formula, full-width forms included.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// On one line, and without what a terminal would obey: a cause may quote a
/// key that a stranger chose.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_obeyed(c) { ' ' } else { c }).collect()
}

/// The same on as many lines as there are: for a text that is made of several, each value in it on one.
#[must_use]
pub fn printable_lines(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_obeyed(c) { ' ' } else { c }).collect()
}

/// JSON in which no terminal finds anything to obey: what a text holds of that is escaped.
#[must_use]
pub fn printable_json(json: &str) -> String {
    let mut harmless = String::with_capacity(json.len());
    for c in json.chars() {
        // Outside texts, JSON has no control character but the line's end.
        if c == '\n' || !is_obeyed(c) {
            harmless.push(c);
        } else {
            // Writing to a text does not fail.
            let _ = write!(harmless, "\\u{:04x}", u32::from(c));
        }
    }
    harmless
}

/// A cell that no spreadsheet takes for a formula: one that looks like it begins with an apostrophe.
#[must_use]
pub fn spreadsheet_cell(text: &str) -> String {
    let text = printable(text);
    let is_formula = text.trim_start().starts_with(FORMULA) && text != "-";
    if is_formula { format!("'{text}") } else { text }
}

/// Whether a terminal does something else with a character than to show it where it stands.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_becomes_a_space() {
        assert_eq!(printable("a\nb\x1b]0;title\x07\u{202e}c\u{2028}d\u{2066}e"), "a b ]0;title  c d e");
        assert_eq!(printable("사람 é 👋🏽"), "사람 é 👋🏽");
        assert_eq!(printable_lines("a\n\u{9b}31mb\r\n"), "a\n 31mb \n");
    }

    #[test]
    fn json_holds_nothing_that_a_terminal_obeys_and_says_the_same() {
        let value = serde_json::json!({"text": "한 \u{1b}[31m \u{9b}31m \u{7f} \u{202e}x\n\"\\ 😀"});
        let harmless = printable_json(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&harmless).unwrap(), value);
        assert!(harmless.contains("한") && harmless.contains("😀") && harmless.contains("\\u009b31m"), "{harmless}");
        assert!(harmless.chars().all(|c| c == '\n' || !is_obeyed(c)), "{harmless:?}");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("", ""),
            ("-", "-"),
            ("Hello", "Hello"),
            ("=HYPERLINK(\"https://example.com\")", "'=HYPERLINK(\"https://example.com\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"),
            ("\t=1", "' =1"),
            (" \r\n=1", "'   =1"),
            ("a=1", "a=1"),
            ("a\r\n=1", "a  =1"),
            ("\u{1b}[31m", " [31m"),
        ] {
            assert_eq!(spreadsheet_cell(text), written, "{text:?}");
        }
    }
}
