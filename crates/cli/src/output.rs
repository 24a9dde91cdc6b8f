//! What people and programs read: results on standard output, all else on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;
use warden_call_errors::{printable_json, printable_lines};
use warden_deploy::{Ending, Entry, Happening};
use warden_doctor::{Finding, Level};

/// Whether the last line on the terminal is one that passes.
static PASSING: AtomicBool = AtomicBool::new(false);

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON document
    Json,
}

/// What is printed: nothing in it commands a terminal but colours that were chosen here. A stranger chooses an object's key,
/// and AWS and the model repeat what strangers wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown(String);

impl Shown {
    /// On lines that are each in one style.
    fn painted(text: &str, style: impl Fn(&str) -> Style) -> Self {
        let paint = |line: &str| {
            let style = style(line);
            format!("{style}{line}{style:#}")
        };
        Self(printable_lines(text).lines().map(paint).collect::<Vec<_>>().join("\n"))
    }

    /// The same behind another text.
    pub(crate) fn after(self, before: &str) -> Self {
        Self(printable_lines(before) + &self.0)
    }
}

impl<T: AsRef<str>> From<T> for Shown {
    fn from(text: T) -> Self {
        Self(printable_lines(text.as_ref()))
    }
}

/// Prints a result.
pub(crate) fn result(format: Format, text: impl Into<Shown>, data: &impl Serialize) -> anyhow::Result<()> {
    clear_passing();
    match format {
        Format::Text => self::text(text),
        Format::Json => json(data),
    }
}

/// Prints a text for people.
pub(crate) fn text(text: impl Into<Shown>) -> anyhow::Result<()> {
    Ok(writeln!(anstream::stdout().lock(), "{}", text.into().0)?)
}

/// Prints a document for programs, which somebody may look at on a terminal.
pub(crate) fn json(data: &impl Serialize) -> anyhow::Result<()> {
    Ok(writeln!(anstream::stdout().lock(), "{}", printable_json(&serde_json::to_string_pretty(data)?))?)
}

/// Prints something beside the result.
pub(crate) fn note(text: &str) {
    clear_passing();
    // With standard error closed there is nowhere left to report.
    let _ = writeln!(anstream::stderr().lock(), "{}", printable_lines(text));
}

/// Prints one of many results as it comes.
pub(crate) fn line(format: Format, line: impl Into<Shown>, data: &impl Serialize) -> anyhow::Result<()> {
    match format {
        Format::Text => text(line),
        Format::Json => Ok(writeln!(anstream::stdout().lock(), "{}", printable_json(&serde_json::to_string(data)?))?),
    }
}

/// What happened in an execution, coloured by what it means.
pub(crate) fn painted(entry: &Entry) -> Shown {
    let style = match &entry.what {
        Happening::Failed { .. } => colour(AnsiColor::Yellow),
        Happening::Ended { status: Ending::Succeeded, .. } => colour(AnsiColor::Green),
        Happening::Ended { .. } => colour(AnsiColor::Red),
        Happening::Left { .. } => Style::new().dimmed(),
        _ => Style::new(),
    };
    Shown::painted(&entry.to_string(), |_| style)
}

/// What was found, coloured by how grave it is.
pub(crate) fn painted_finding(finding: &Finding) -> Shown {
    let style = match finding.level {
        Level::Ok => Style::new(),
        Level::Warning => colour(AnsiColor::Yellow),
        Level::Failure => colour(AnsiColor::Red),
    };
    Shown::painted(&finding.to_string(), |_| style)
}

/// A diff with what comes in green and what goes in red.
pub(crate) fn painted_diff(text: &str) -> Shown {
    Shown::painted(text, |line| match line.trim_start().chars().next() {
        Some('+') => colour(AnsiColor::Green),
        Some('-') => colour(AnsiColor::Red),
        _ => Style::new(),
    })
}

fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into()))
}

/// Prints why the command failed.
pub(crate) fn error(error: &anyhow::Error) {
    clear_passing();
    let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    // With standard error closed there is nowhere left to report.
    let _ = writeln!(anstream::stderr().lock(), "{style}error:{style:#} {}", printable_lines(&with_causes(error)));
}

/// An error with those causes that it does not name itself.
fn with_causes(error: &anyhow::Error) -> String {
    error
        .chain()
        .skip(1)
        .map(ToString::to_string)
        .fold(error.to_string(), |told, cause| if told.contains(&cause) { told } else { format!("{told}: {cause}") })
}

/// Whether a command failed because nobody reads what it prints.
pub(crate) fn is_unread(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints what is going on in place of the last such line, where somebody may be watching.
pub(crate) fn passing(text: &str) {
    if io::stderr().is_terminal() {
        let style = Style::new().dimmed();
        clear_passing();
        let mut err = anstream::stderr().lock();
        let columns = terminal_size::terminal_size_of(io::stderr()).map_or(usize::MAX, |(columns, _)| columns.0.into());
        // A line that wraps could not be taken away whole.
        let line: String = printable_lines(text).chars().take(columns.saturating_sub(1)).collect();
        let _ = write!(err, "{style}{line}{style:#}");
        let _ = err.flush();
        PASSING.store(true, Ordering::Relaxed);
    }
}

/// Takes such a line away, so that what follows begins at the margin.
fn clear_passing() {
    if PASSING.swap(false, Ordering::Relaxed) {
        let _ = write!(anstream::stderr().lock(), "\r\x1b[K");
    }
}

/// Prints what is going on, where somebody may be watching.
pub(crate) fn progress(text: &str) {
    clear_passing();
    if io::stderr().is_terminal() {
        let style = Style::new().dimmed();
        let _ = writeln!(anstream::stderr().lock(), "{style}{}{style:#}", printable_lines(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_printed_commands_a_terminal_but_the_colours_chosen_here() {
        let obeyed = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}";
        assert_eq!(Shown::from(format!("a{obeyed}\nb")).0, "a ]0;x  2J \nb");
        let style = colour(AnsiColor::Red);
        let painted = Shown::painted(&format!("c{obeyed}\nd"), |_| style).after(&format!("{obeyed}b "));
        assert_eq!(painted.0, format!(" ]0;x  2J b {style}c ]0;x  2J {style:#}\n{style}d{style:#}"));
    }

    #[test]
    fn an_error_tells_each_cause_once() {
        let gone = || io::Error::new(io::ErrorKind::NotFound, "no such file");
        for (error, told) in [
            (anyhow::Error::new(gone()).context("keys.txt cannot be read"), "keys.txt cannot be read: no such file"),
            (anyhow::Error::new(gone()).context("keys.txt: no such file"), "keys.txt: no such file"),
        ] {
            assert_eq!(with_causes(&error), told);
        }
    }

    #[test]
    fn what_nobody_reads_is_told_from_what_fails() {
        let error = |kind| anyhow::Error::new(io::Error::from(kind)).context("printing");
        assert!(is_unread(&error(io::ErrorKind::BrokenPipe)) && !is_unread(&error(io::ErrorKind::StorageFull)));
    }
}
