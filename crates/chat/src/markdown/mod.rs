//! Markdown for a terminal, as it comes: what can be decided is written at once,
//! what may still become a mark is held back until it is one or is not. Nothing
//! is written twice, and of the text nothing is left out.
//!
//! Headings, lists, quotations, rules, fenced code, bold, italic, struck-through
//! text and code are shown; tables, links and all else stay as they were written.

mod inline;

use anstyle::{AnsiColor, Effects, Style};

use inline::inline;

use crate::wrap::Wrap;

/// How code looks.
const CODE: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan)));
/// How marks look that are kept.
const MARK: Style = Style::new().effects(Effects::DIMMED);
/// How headings look; the first is underlined too.
const HEADING: Style = Style::new().effects(Effects::BOLD);

/// Turns Markdown into text for a terminal.
pub(crate) struct Renderer {
    /// What came and is not decided.
    held: String,
    at_line_start: bool,
    fence: Option<Fence>,
    /// How the line looks where nothing else is said.
    line: Style,
    /// Whether the line is one of a table.
    is_table: bool,
    /// Where lines end that are longer than the terminal is wide.
    wrap: Wrap,
    /// What was written before, which decides whether an underscore is a mark.
    previous: char,
}

/// An open block of code.
#[derive(Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
}

/// What the beginning of a line is.
enum Block {
    /// Not decided yet.
    Undecided,
    /// So many bytes are replaced by this, and text follows.
    Begins(usize, String, Style),
    /// The line is this, all of it.
    Line(String),
}

impl Default for Renderer {
    fn default() -> Self {
        Self {
            held: String::new(),
            at_line_start: true,
            fence: None,
            line: Style::new(),
            previous: '\n',
            is_table: false,
            wrap: Wrap::at(None),
        }
    }
}

impl Renderer {
    /// A renderer for a terminal of so many columns.
    pub(crate) fn for_columns(columns: Option<usize>) -> Self {
        Self { wrap: Wrap::at(columns), ..Self::default() }
    }

    /// What can be shown with this text.
    pub(crate) fn push(&mut self, text: &str) -> String {
        self.held.push_str(text);
        self.render(false)
    }

    /// What was held back, when no more comes.
    pub(crate) fn finish(&mut self) -> String {
        let mut out = self.render(true);
        self.wrap.finish(&mut out);
        out
    }

    fn render(&mut self, last: bool) -> String {
        let mut out = String::new();
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        while let Some((line, after)) = rest.split_once('\n') {
            self.wrapped(line, true, &mut out);
            self.wrap.push("\n", false, &mut out);
            (self.at_line_start, self.line, self.previous) = (true, Style::new(), '\n');
            rest = after;
        }
        let shown = self.wrapped(rest, last, &mut out);
        rest[shown..].clone_into(&mut self.held);
        out
    }

    /// The same as [`Self::text`], on lines that end between words. Code stays as it is, and so do tables.
    fn wrapped(&mut self, text: &str, complete: bool, out: &mut String) -> usize {
        let was_code = self.fence.is_some();
        let mut written = String::new();
        let shown = self.text(text, complete, &mut written);
        let stays = was_code || self.fence.is_some() || self.is_table;
        self.wrap.push(&written, stays, out);
        shown
    }

    /// Writes what can be decided of a line, of which this is all when it is
    /// complete; how many bytes that were.
    fn text(&mut self, text: &str, complete: bool, out: &mut String) -> usize {
        let mut shown = 0;
        if self.at_line_start {
            if text.is_empty() {
                return 0;
            }
            self.is_table = text.trim_start().starts_with('|');
            match self.block(text, complete) {
                Block::Undecided => return 0,
                Block::Line(line) => {
                    out.push_str(&line);
                    return text.len();
                }
                Block::Begins(length, with, style) => {
                    out.push_str(&with);
                    (shown, self.line) = (length, style);
                }
            }
            self.at_line_start = false;
        }
        if self.fence.is_some() {
            write(out, CODE, &text[shown..]);
            return text.len();
        }
        shown + inline(&text[shown..], self.line, &mut self.previous, complete, out)
    }

    fn block(&mut self, line: &str, complete: bool) -> Block {
        let text = line.trim_start_matches([' ', '\t']);
        let indent = &line[..line.len() - text.len()];
        if let Some(fence) = self.fence {
            let length = text.chars().take_while(|c| *c == fence.mark).count();
            let closes = text[length..].trim_end_matches([' ', '\t']).is_empty();
            return match (closes, complete) {
                (true, false) => Block::Undecided,
                (true, true) if length >= fence.length => {
                    self.fence = None;
                    Block::Line(styled(MARK, line))
                }
                _ => Block::Begins(0, String::new(), Style::new()),
            };
        }
        let Some(first) = text.chars().next() else {
            return if complete { Block::Line(line.to_owned()) } else { Block::Undecided };
        };
        let run = text.chars().take_while(|c| *c == first).count();
        let after = &text[run * first.len_utf8()..];
        match first {
            '`' | '~' if run < 3 && after.is_empty() && !complete => Block::Undecided,
            '`' | '~' if run >= 3 && !(first == '`' && after.contains('`')) => {
                if !complete {
                    return Block::Undecided;
                }
                self.fence = Some(Fence { mark: first, length: run });
                self.at_line_start = true;
                Block::Line(styled(MARK, line))
            }
            '#' if run <= 6 && after.is_empty() && !complete => Block::Undecided,
            '#' if run <= 6 && after.starts_with(' ') => {
                let style = if run == 1 { HEADING.underline() } else { HEADING };
                Block::Begins(indent.len() + run + 1, String::new(), style)
            }
            '-' | '*' | '_' | '+' if text.chars().all(|c| c == first || c == ' ') && !complete => Block::Undecided,
            '-' | '*' | '_' if is_rule(text, first) => Block::Line(styled(MARK, &"─".repeat(24))),
            '-' | '*' | '+' if run == 1 && after.starts_with(' ') => {
                Block::Begins(indent.len() + 2, format!("{indent}• "), Style::new())
            }
            '>' if after.is_empty() && !complete => Block::Undecided,
            '>' => {
                let bars = "│ ".repeat(run);
                let length = indent.len() + run + usize::from(after.starts_with(' '));
                Block::Begins(length, styled(MARK, &bars), Style::new())
            }
            _ => Block::Begins(indent.len(), indent.to_owned(), Style::new()),
        }
    }
}

/// Whether a line is a rule: three or more of one mark, and nothing else.
fn is_rule(text: &str, mark: char) -> bool {
    text.chars().all(|c| c == mark || c == ' ') && text.chars().filter(|c| *c == mark).count() >= 3
}

fn styled(style: Style, text: &str) -> String {
    let mut out = String::new();
    write(&mut out, style, text);
    out
}

fn write(out: &mut String, style: Style, text: &str) {
    if text.is_empty() || style.is_plain() {
        out.push_str(text);
    } else {
        out.extend([&style.render().to_string(), text, &style.render_reset().to_string()]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The whole, with the styles by their names: `<b>` for bold, and so on.
    fn shown(markdown: &str) -> String {
        let mut renderer = Renderer::default();
        let shown = renderer.push(markdown) + &renderer.finish();
        [
            ("\x1b[1m", "<b>"),
            ("\x1b[2m", "<dim>"),
            ("\x1b[3m", "<i>"),
            ("\x1b[4m", "<u>"),
            ("\x1b[9m", "<s>"),
            ("\x1b[36m", "<code>"),
            ("\x1b[0m", "</>"),
        ]
        .iter()
        .fold(shown, |text, (escape, name)| text.replace(escape, name))
    }

    #[test]
    fn what_is_marked_is_shown_and_the_rest_stays() {
        for (markdown, expected) in [
            ("plain text", "plain text"),
            ("**안녕** and *so* on", "<b>안녕</> and <i>so</> on"),
            ("__bold__ _it_ ***both***", "<b>bold</> <i>it</> <b><i>both</>"),
            ("**bold *both* bold**", "<b>bold </><b><i>both</><b> bold</>"),
            ("snake_case_name, 2 * 3 * 4, a*b", "snake_case_name, 2 * 3 * 4, a*b"),
            ("~~gone~~ ~here~", "<s>gone</> ~here~"),
            ("use `a * b` and ``c ` d``", "use <code>a * b</> and <code>c ` d</>"),
            ("**see `**` there**", "<b>see </><b><code>**</><b> there</>"),
            (r"\*not\* 2\n", r"*not* 2\n"),
            ("an open ` stays, **too", "an open ` stays, **too"),
            ("# Big *it*\ntext", "<b><u>Big </><b><i><u>it</>\ntext"),
            ("### Small\n", "<b>Small</>\n"),
            ("#no heading", "#no heading"),
            ("- one\n  * two **b**\n+ three", "• one\n  • two <b>b</>\n• three"),
            ("-not a list\n1. one", "-not a list\n1. one"),
            ("*it* begins\n**b** too", "<i>it</> begins\n<b>b</> too"),
            ("> quoted\n>> twice", "<dim>│ </>quoted\n<dim>│ │ </>twice"),
            ("a\n\n---\n* * *\nb", "a\n\n<dim>────────────────────────</>\n<dim>────────────────────────</>\nb"),
            (
                "```rust\n# not **a** heading\n  ```\nafter *x*",
                "<dim>```rust</>\n<code># not **a** heading</>\n<dim>  ```</>\nafter <i>x</>",
            ),
            ("~~~\n```\n~~~\nx", "<dim>~~~</>\n<code>```</>\n<dim>~~~</>\nx"),
            ("```inline``` code", "<code>inline</> code"),
            ("```\nnever closed", "<dim>```</>\n<code>never closed</>"),
            ("| a | **b** |\n|---|---|", "| a | <b>b</> |\n|---|---|"),
            ("[text](https://a.example/x_y_z)", "[text](https://a.example/x_y_z)"),
        ] {
            assert_eq!(shown(markdown), expected, "{markdown:?}");
        }
    }

    #[test]
    fn text_is_shown_as_soon_as_it_is_decided() {
        let mut renderer = Renderer::default();
        for (text, shown) in [
            ("He", "He"),
            ("llo ", "llo "),
            ("*", ""),
            ("*bo", ""),
            ("ld*", ""),
            ("* and", "\x1b[1mbold\x1b[0m and"),
            ("\n", "\n"),
            ("#", ""),
            ("# T", "\x1b[1mT\x1b[0m"),
            ("itle", "\x1b[1mitle\x1b[0m"),
            ("\n``", "\n"),
            ("`\nfn", "\x1b[2m```\x1b[0m\n\x1b[36mfn\x1b[0m"),
        ] {
            assert_eq!(renderer.push(text), shown, "{text:?}");
        }
    }

    #[test]
    fn lines_end_between_words_and_code_and_tables_stay() {
        let mut renderer = Renderer::for_columns(Some(12));
        let text = "**bold words** go on\n- a list of words\n```\nlet a = some_function(1);\n```\n| a long | table row |\nthe end is here";
        let shown = renderer.push(text) + &renderer.finish();
        assert_eq!(
            without_styles(&shown),
            "bold words\ngo on\n• a list of\n  words\n```\nlet a = some_function(1);\n```\n| a long | table row |\nthe end is\nhere"
        );
    }

    #[test]
    fn a_mark_without_its_end_does_not_hold_text_back_for_long() {
        let mut renderer = Renderer::default();
        let text = format!("*{}", "가나다 ".repeat(200));
        let shown = renderer.push(&text);
        assert!(shown.len() > text.len() - 32, "{} of {} bytes", shown.len(), text.len());
    }

    fn without_styles(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn however_it_is_cut_the_same_is_shown(markdown in "([-*_`~#>+\\\\ \n]|ab|가|1\\.){0,60}", cuts in prop::collection::vec(0_usize..200, 0..6)) {
            let mut whole = Renderer::default();
            let expected = whole.push(&markdown) + &whole.finish();

            let mut cuts: Vec<_> = cuts.into_iter().filter(|at| markdown.is_char_boundary(*at)).collect();
            cuts.extend([0, markdown.len()]);
            cuts.sort_unstable();
            let mut renderer = Renderer::default();
            let mut shown: String = cuts.windows(2).map(|cut| renderer.push(&markdown[cut[0]..cut[1]])).collect();
            shown.push_str(&renderer.finish());
            // A style may be written again where a text was cut.
            prop_assert_eq!(styled(&shown), styled(&expected));
        }

        #[test]
        fn no_text_is_lost_or_repeated(markdown in "([-*_`~#>+\\\\ \n]|ab|가|1\\.){0,60}") {
            let mut renderer = Renderer::default();
            let shown = without_styles(&(renderer.push(&markdown) + &renderer.finish()));
            let text = |text: &str| text.chars().filter(|c| c.is_alphanumeric() || *c == '\n').collect::<String>();
            prop_assert_eq!(text(&shown), text(&markdown));
        }
    }

    /// Each character with the styles that it is shown in, and the styles that are left on.
    fn styled(text: &str) -> (Vec<(char, BTreeSet<&str>)>, BTreeSet<&str>) {
        let (mut characters, mut styles, mut rest) = (Vec::new(), BTreeSet::new(), text);
        while let Some(character) = rest.chars().next() {
            match rest.strip_prefix("\x1b[").and_then(|code| code.split_once('m')) {
                Some(("0", after)) => {
                    styles.clear();
                    rest = after;
                }
                Some((code, after)) => {
                    styles.insert(code);
                    rest = after;
                }
                None => {
                    characters.push((character, styles.clone()));
                    rest = &rest[character.len_utf8()..];
                }
            }
        }
        (characters, styles)
    }

    #[test]
    fn a_heading_that_is_cut_inside_a_word_keeps_both_its_styles() {
        let mut renderer = Renderer::default();
        let shown = renderer.push("# a") + &renderer.push("b_~--") + &renderer.finish();
        let styles = BTreeSet::from(["1", "4"]);
        let (characters, left_on) = styled(&shown);
        assert!(characters.iter().all(|(_, shown_in)| *shown_in == styles) && left_on.is_empty(), "{shown:?}");
        assert_eq!(without_styles(&shown), "ab_~--");
    }
}
