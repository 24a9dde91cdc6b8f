//! Makes text written by strangers fit to be shown on one line.

/// One line of at most `most` characters, with no control character and none
/// that hides or reorders its neighbours. White space of any kind becomes one space.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most));
    let mut length = 0;
    let words = text.split(|char: char| char.is_whitespace() || char.is_control());
    for word in words {
        let mut word = word.chars().filter(|char| !is_invisible(*char)).peekable();
        if word.peek().is_none() {
            continue;
        }
        let space = (!line.is_empty()).then_some(' ');
        for char in space.into_iter().chain(word) {
            if length == most {
                line.pop();
                line.push('…');
                return line;
            }
            line.push(char);
            length += 1;
        }
    }
    line
}

/// Characters without a shape of their own: soft hyphens, joiners, marks of
/// writing direction, tags.
fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_shown_is_one_line_without_hidden_characters() {
        let cases = [
            ("plain", "plain"),
            ("  two \t words\r\n", "two words"),
            ("line\u{2028}separator", "line separator"),
            ("bell\u{7}null\u{0}end", "bell null end"),
            ("\u{1b}[31mred", "[31mred"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("zero\u{200b}width", "zerowidth"),
            ("한글 😀", "한글 😀"),
            ("\u{200b} \u{7}", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(one_line(text, 100), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_too_long_ends_in_a_mark() {
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
        assert_eq!(one_line("가나다라", 3), "가나…");
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_short_line(text in any::<String>(), most in 1usize..50) {
            let line = one_line(&text, most);
            prop_assert!(line.chars().count() <= most);
            prop_assert!(!line.chars().any(|char| char.is_control() || is_invisible(char)));
            prop_assert_eq!(line.trim(), line.as_str());
        }
    }
}
