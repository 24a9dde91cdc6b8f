//! What stands inside a line.

use anstyle::Style;

use super::{CODE, write};

/// How far the end of a mark is looked for, in bytes: text that begins with a
/// lonely mark must not wait for the end of its line.
const REACH: usize = 480;

/// What a mark turns out to be.
enum Mark {
    /// Not decided yet.
    Undecided,
    /// So many bytes of text.
    Text(usize),
    /// A mark of one byte that says that the next character is text.
    Escape(usize),
    /// So many bytes of mark, then code up to here, then as many again.
    Code(usize, usize),
    /// The same with text of another style.
    Styled(usize, usize, Style),
}

/// Writes what can be decided; how many bytes that were.
pub(super) fn inline(text: &str, style: Style, previous: &mut char, complete: bool, out: &mut String) -> usize {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let plain = rest.find(['`', '*', '_', '~', '\\']).unwrap_or(rest.len());
        let length = if plain > 0 {
            write(out, style, &rest[..plain]);
            plain
        } else {
            match mark(rest, style, *previous, complete) {
                Mark::Undecided => break,
                Mark::Text(length) => {
                    write(out, style, &rest[..length]);
                    length
                }
                Mark::Escape(length) => {
                    write(out, style, &rest[1..=length]);
                    1 + length
                }
                Mark::Code(mark, end) => {
                    write(out, CODE.effects(style.get_effects()), unpadded(&rest[mark..end]));
                    end + mark
                }
                Mark::Styled(mark, end, inner) => {
                    inline(&rest[mark..end], inner, &mut ' ', true, out);
                    end + mark
                }
            }
        };
        at += length;
        *previous = text[..at].chars().next_back().unwrap_or(*previous);
    }
    at
}

fn mark(rest: &str, style: Style, previous: char, complete: bool) -> Mark {
    let reach = rest.floor_char_boundary(REACH);
    let (rest, complete) = (&rest[..reach], complete || rest.len() >= REACH);
    let bytes = rest.as_bytes();
    let run = run_at(bytes, 0);
    if run == rest.len() && !complete {
        return Mark::Undecided;
    }
    match bytes[0] {
        b'\\' => match rest[1..].chars().next() {
            Some(c) if c.is_ascii_punctuation() => Mark::Escape(1),
            _ => Mark::Text(1),
        },
        b'`' => match code_end(rest, 0, complete) {
            End::Undecided => Mark::Undecided,
            End::None => Mark::Text(run),
            End::At(end) => Mark::Code(run, end),
        },
        mark => {
            let emphasis = match (mark, run) {
                (b'*' | b'_', 1) => style.italic(),
                (b'*' | b'_', 2) => style.bold(),
                (b'*' | b'_', 3) => style.bold().italic(),
                (b'~', 2) => style.strikethrough(),
                _ => return Mark::Text(run),
            };
            let opens = rest[run..].chars().next().is_some_and(|next| !next.is_whitespace())
                && !(mark == b'_' && previous.is_alphanumeric());
            if !opens {
                return Mark::Text(run);
            }
            match emphasis_end(rest, mark, run, complete) {
                End::Undecided => Mark::Undecided,
                End::None => Mark::Text(run),
                End::At(end) => Mark::Styled(run, end, emphasis),
            }
        }
    }
}

/// Where what a mark began ends.
enum End {
    Undecided,
    None,
    At(usize),
}

/// How many of the byte at `at` stand there in a row. A backslash stands for itself.
fn run_at(bytes: &[u8], at: usize) -> usize {
    if bytes[at] == b'\\' {
        return 1;
    }
    bytes[at..].iter().take_while(|byte| **byte == bytes[at]).count()
}

/// The end of the code that the backticks at `begin` open: as many backticks again.
fn code_end(rest: &str, begin: usize, complete: bool) -> End {
    let bytes = rest.as_bytes();
    let length = run_at(bytes, begin);
    let mut at = begin + length;
    while at < bytes.len() {
        if bytes[at] != b'`' {
            at += 1;
            continue;
        }
        let run = run_at(bytes, at);
        if at + run == bytes.len() && !complete {
            return End::Undecided;
        }
        if run == length {
            return End::At(at);
        }
        at += run;
    }
    if complete { End::None } else { End::Undecided }
}

/// The end of emphasis: as many marks again after something that is not a space.
fn emphasis_end(rest: &str, mark: u8, length: usize, complete: bool) -> End {
    let bytes = rest.as_bytes();
    let mut at = length;
    while at < bytes.len() {
        let run = run_at(bytes, at);
        match bytes[at] {
            b'\\' => {
                at += 1 + rest[at + 1..].chars().next().map_or(0, char::len_utf8);
            }
            b'`' => match code_end(rest, at, complete) {
                End::Undecided => return End::Undecided,
                End::None => at += run,
                End::At(end) => at = end + run,
            },
            byte if byte == mark => {
                if at + run == bytes.len() && !complete {
                    return End::Undecided;
                }
                let after_text = rest[..at].chars().next_back().is_some_and(|before| !before.is_whitespace());
                let before_word = rest[at + run..].chars().next().is_some_and(char::is_alphanumeric);
                if run == length && at > length && after_text && !(mark == b'_' && before_word) {
                    return End::At(at);
                }
                at += run;
            }
            _ => at += 1,
        }
    }
    if complete { End::None } else { End::Undecided }
}

/// Code that begins and ends with a space holds them for its backticks' sake.
fn unpadded(code: &str) -> &str {
    let inner = code.strip_prefix(' ').and_then(|code| code.strip_suffix(' '));
    inner.filter(|inner| !inner.trim().is_empty()).unwrap_or(code)
}
