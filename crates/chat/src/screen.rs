//! Where answers and messages are written: answers on standard output, all else
//! on standard error unless a conversation is held.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use terminal_size::{Height, Width, terminal_size_of};

use crate::markdown::Renderer;
use crate::visible::visible;
use crate::wrap::Wrap;

/// On fewer columns lines end anywhere: few words would fit.
const NARROWEST: usize = 20;
const ERASE_LINE: &str = "\r\x1b[K";

/// Shows an answer as it comes.
pub(crate) enum Show {
    /// On a terminal, with Markdown shown.
    Rendered(Renderer),
    /// On a terminal, as it is written.
    Written(Wrap),
    /// To a program: every byte as it is.
    Raw,
}

impl Show {
    /// What suits standard output.
    pub(crate) fn on_standard_output(markdown: bool) -> Self {
        if !io::stdout().is_terminal() {
            return Self::Raw;
        }
        // Without colours only the marks distinguish bold from plain.
        let colours = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let columns = columns(terminal_size_of(io::stdout()));
        if markdown && colours {
            Self::Rendered(Renderer::for_columns(columns))
        } else {
            Self::Written(Wrap::at(columns))
        }
    }

    /// What is to be written with this text.
    pub(crate) fn push(&mut self, text: &str) -> String {
        match self {
            Self::Rendered(renderer) => renderer.push(&visible(text)),
            Self::Written(wrap) => {
                let mut out = String::new();
                wrap.push(&visible(text), false, &mut out);
                out
            }
            Self::Raw => text.to_owned(),
        }
    }

    /// What is to be written when no more comes.
    pub(crate) fn finish(&mut self) -> String {
        match self {
            Self::Rendered(renderer) => renderer.finish(),
            Self::Written(wrap) => {
                let mut out = String::new();
                wrap.finish(&mut out);
                out
            }
            Self::Raw => String::new(),
        }
    }
}

/// Writes a piece of an answer, and makes it seen at once. Nobody reads any
/// more when this fails.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Whether messages may be coloured or a line written over.
pub(crate) fn is_live() -> bool {
    io::stderr().is_terminal()
}

/// Writes a message.
pub(crate) fn say(text: &str) {
    let (mut wrap, mut wrapped) = (Wrap::at(columns(terminal_size_of(io::stderr()))), String::new());
    wrap.push(text, false, &mut wrapped);
    wrap.finish(&mut wrapped);
    // With standard error closed there is nowhere left to report.
    let _ = writeln!(anstream::stderr().lock(), "{wrapped}");
}

/// How many columns a terminal has, if it has enough for lines to end between words.
fn columns(size: Option<(Width, Height)>) -> Option<usize> {
    size.map(|(width, _)| usize::from(width.0)).filter(|columns| *columns >= NARROWEST)
}

/// Writes a message that matters little.
pub(crate) fn note(text: &str) {
    let style = Style::new().dimmed();
    say(&format!("{style}{text}{style:#}"));
}

/// Writes that an answer is not whole.
pub(crate) fn cut(text: &str) {
    let style = colour(AnsiColor::Yellow);
    say(&format!("{style}cut:{style:#} {text}"));
}

/// Writes why something failed.
pub(crate) fn error(text: &str) {
    let style = colour(AnsiColor::Red);
    say(&format!("{style}error:{style:#} {text}"));
}

/// Writes that the answer is waited for, over what was said about it before.
pub(crate) fn waiting(time: Duration) {
    if is_live() {
        let style = Style::new().dimmed();
        let mut err = io::stderr().lock();
        let _ = write!(err, "{ERASE_LINE}{style}waiting for the model … {} s{style:#}", time.as_secs());
        let _ = err.flush();
    }
}

/// Takes back what `waiting` wrote.
pub(crate) fn waited() {
    if is_live() {
        let mut err = io::stderr().lock();
        let _ = err.write_all(ERASE_LINE.as_bytes());
        let _ = err.flush();
    }
}

fn colour(colour: AnsiColor) -> Style {
    Style::new().bold().fg_color(Some(colour.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_commands_a_terminal_and_a_program_gets_every_byte() {
        let text = "\x1b]0;owned\x07 **b** \x1b[2J";
        let through = |mut show: Show| show.push(text) + &show.finish();
        let rendered = through(Show::Rendered(Renderer::default()));
        assert_eq!(rendered, "␛]0;owned␇ \x1b[1mb\x1b[0m ␛[2J");
        assert_eq!(through(Show::Written(Wrap::at(Some(80)))), "␛]0;owned␇ **b** ␛[2J");
        assert_eq!(through(Show::Raw), text);
    }
}
