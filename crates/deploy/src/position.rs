//! Where in a text a byte stands, as editors count.

use std::fmt;

use serde::Serialize;

/// A line and a column, both from 1, as editors count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl Position {
    /// The position of the character at byte `offset` of `text`.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_columns_count_characters() {
        let text = "a\n한글x\n";
        let at = |needle| Position::of(text, text.find(needle).unwrap()).to_string();
        assert_eq!(at("a"), "1:1");
        assert_eq!(at("한"), "2:1");
        assert_eq!(at("x"), "2:3");
        assert_eq!(Position::of(text, text.len()).to_string(), "3:1");
    }
}
