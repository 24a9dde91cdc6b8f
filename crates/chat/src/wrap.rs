//! Lines that end between words, as text comes. A word is held back until it is
//! whole, so that nothing is written twice.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How a terminal counts a tab.
const TAB: usize = 8;

/// Where a line is, on a terminal of so many columns.
#[derive(Default)]
pub(crate) struct Wrap {
    /// None for a line without end.
    columns: Option<usize>,
    column: usize,
    /// Where the lines that continue this one begin: under the text of a list.
    indent: usize,
    /// Whether the line is blank but for its mark so far.
    at_start: bool,
    /// Spaces that are written before the next word, if it is on the same line.
    spaces: String,
    /// The word that is not whole, with the styles inside it.
    word: String,
}

impl Wrap {
    /// Lines of at most so many columns.
    pub(crate) fn at(columns: Option<usize>) -> Self {
        Self { columns, at_start: true, ..Self::default() }
    }

    /// Writes what is decided with this text. A text that stays as it is, such as
    /// code, is broken by the terminal alone.
    pub(crate) fn push(&mut self, text: &str, stays: bool, out: &mut String) {
        if self.columns.is_none() {
            out.push_str(text);
            return;
        }
        if stays {
            self.end_word(out);
            self.write_spaces(out);
            out.push_str(text);
            let last = text.rsplit('\n').next().unwrap_or_default();
            let begun = if last.len() == text.len() { self.column } else { 0 };
            (self.column, self.indent) = (begun + width(last), 0);
            return;
        }
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let (piece, after) = rest.split_at(style_length(rest).unwrap_or(c.len_utf8()));
            rest = after;
            match c {
                '\n' => self.end_line(out),
                ' ' | '\t' => {
                    self.end_word(out);
                    self.spaces.push(c);
                }
                _ => {
                    self.word.push_str(piece);
                    // Chinese and Japanese have no spaces: each character is a word.
                    if is_a_word(c) {
                        self.end_word(out);
                    }
                }
            }
        }
        // A word that fills a line is broken anywhere.
        if self.columns.is_some_and(|columns| width(&self.word) > columns) {
            self.end_word(out);
        }
    }

    /// Writes what was held back.
    pub(crate) fn finish(&mut self, out: &mut String) {
        self.end_word(out);
        self.write_spaces(out);
    }

    fn end_line(&mut self, out: &mut String) {
        self.finish(out);
        out.push('\n');
        (self.column, self.indent, self.at_start) = (0, 0, true);
    }

    fn end_word(&mut self, out: &mut String) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let columns = self.columns.unwrap_or(usize::MAX);
        let wide = width(&word);
        let fits = |column: usize| column + wide <= columns;
        let after_spaces = self.after_spaces();
        if !fits(after_spaces) && self.column > self.indent && !self.at_start {
            let indent = self.indent.min(columns / 2);
            self.spaces.clear();
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            self.column = indent;
        }
        self.write_spaces(out);
        out.push_str(&word);
        self.column += wide;
        if self.at_start {
            // A list's mark moves the text after it.
            if without_styles(&word) == "•" {
                self.indent = self.column + 1;
            } else if wide > 0 {
                self.at_start = false;
            }
        }
        if self.column > columns {
            self.column = (self.column - 1) % columns + 1;
        }
    }

    fn write_spaces(&mut self, out: &mut String) {
        self.column = self.after_spaces();
        out.push_str(&self.spaces);
        if self.at_start {
            self.indent = self.indent.max(self.column);
        }
        self.spaces.clear();
    }

    fn after_spaces(&self) -> usize {
        self.spaces.chars().fold(self.column, |column, space| match space {
            '\t' => (column / TAB + 1) * TAB,
            _ => column + 1,
        })
    }
}

/// How long a style at the beginning is.
fn style_length(text: &str) -> Option<usize> {
    text.starts_with("\x1b[").then(|| text.find('m').map_or(text.len(), |end| end + 1))
}

fn without_styles(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Columns of a text. Terminals disagree about joined emoji: the wider counts.
fn width(text: &str) -> usize {
    let text = without_styles(text);
    let one_by_one = text.chars().filter_map(char::width).sum();
    text.width().max(one_by_one)
}

/// Whether a character is of a script whose lines may end after any: wide, and
/// neither Hangul, which has spaces, nor an emoji, which may be joined to the next.
fn is_a_word(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
        || matches!(c, '、' | '。' | '，' | '！' | '？')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrapped(text: &str, columns: usize) -> String {
        let mut wrap = Wrap::at(Some(columns));
        let mut out = String::new();
        wrap.push(text, false, &mut out);
        wrap.finish(&mut out);
        out
    }

    #[test]
    fn lines_end_between_words() {
        for (text, expected) in [
            ("one two three", "one two\nthree"),
            ("one  two   three", "one  two\nthree"),
            ("exactly10 b", "exactly10\nb"),
            ("0123456789 b", "0123456789\nb"),
            ("0123456789\nb", "0123456789\nb"),
            ("a 0123456789abc b", "a\n0123456789abc b"),
            ("one\n\n  two three four", "one\n\n  two\n  three\n  four"),
            ("안녕하세요 반갑습니다 네", "안녕하세요\n반갑습니다\n네"),
            ("漢字漢字漢字漢字", "漢字漢字漢\n字漢字"),
            ("hi 👋🏽 hello 👋", "hi 👋🏽\nhello 👋"),
            ("• one two three\n  • four five", "• one two\n  three\n  • four\n    five"),
            ("\x1b[1mone\x1b[0m two \x1b[3mthree\x1b[0m", "\x1b[1mone\x1b[0m two\n\x1b[3mthree\x1b[0m"),
            ("a\tb c", "a\tb\nc"),
            ("trailing  ", "trailing  "),
        ] {
            assert_eq!(wrapped(text, 10), expected, "{text:?}");
        }
    }

    #[test]
    fn a_word_is_shown_when_it_is_whole_and_code_at_once() {
        let mut wrap = Wrap::at(Some(10));
        let mut shown = |text: &str, stays: bool| {
            let mut out = String::new();
            wrap.push(text, stays, &mut out);
            out
        };
        for (text, stays, expected) in [
            ("one t", false, "one"),
            ("wo", false, ""),
            (" three", false, " two"),
            ("\n", false, "\nthree\n"),
            ("let a_long_line = 1;", true, "let a_long_line = 1;"),
            ("\n", false, "\n"),
        ] {
            assert_eq!(shown(text, stays), expected, "{text:?}");
        }
    }

    #[test]
    fn without_a_width_every_byte_stays() {
        let (mut wrap, mut out) = (Wrap::at(None), String::new());
        wrap.push("one two", false, &mut out);
        assert_eq!(out, "one two");
    }

    proptest! {
        #[test]
        fn no_line_is_longer_and_no_text_is_lost(text in "([a-z]{1,7}|가나|漢|👋| |\n){0,60}", cuts in prop::collection::vec(0_usize..200, 0..6)) {
            let expected = wrapped(&text, 10);
            let mut cuts: Vec<_> = cuts.into_iter().filter(|at| text.is_char_boundary(*at)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let (mut wrap, mut out) = (Wrap::at(Some(10)), String::new());
            cuts.windows(2).for_each(|cut| wrap.push(&text[cut[0]..cut[1]], false, &mut out));
            wrap.finish(&mut out);
            let words = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(words(&out), words(&text));
            let has_long_word = text.split_whitespace().any(|word| width(word) > 10);
            if !has_long_word {
                prop_assert_eq!(&out, &expected);
                // A word after an indent may be longer than what is left of its line, and is broken anywhere.
                let fits = |line: &&str| {
                    let text = line.trim_start();
                    let first = text.split(' ').next().unwrap_or_default();
                    width(line) - width(text) + width(first) <= 10
                };
                for line in out.lines().filter(fits) {
                    prop_assert!(width(line.trim_end()) <= 10, "{:?}", line);
                }
            }
        }
    }
}
