//! What people and programs read: results on standard output, all else on standard error.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;
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

/// Prints a result.
pub(crate) fn result(format: Format, text: &str, data: &impl Serialize) -> anyhow::Result<()> {
    clear_passing();
    let mut out = anstream::stdout().lock();
    match format {
        Format::Text => writeln!(out, "{text}")?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, data)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Prints a text for people.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(anstream::stdout().lock(), "{text}")?)
}

/// JSON in which no terminal finds anything to obey: what a text holds of that is escaped.
pub(crate) fn harmless(json: &str) -> String {
    let mut harmless = String::with_capacity(json.len());
    for c in json.chars() {
        // Outside texts, JSON has no control character but the line's end.
        if c == '\n' || warden_call_errors::printable(c.encode_utf8(&mut [0; 4])).starts_with(c) {
            harmless.push(c);
        } else {
            // Writing to a text does not fail.
            let _ = write!(harmless, "\\u{:04x}", u32::from(c));
        }
    }
    harmless
}

/// Prints something beside the result.
pub(crate) fn note(text: &str) {
    clear_passing();
    // With standard error closed there is nowhere left to report.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Prints one of many results as it comes.
pub(crate) fn line(format: Format, line: &str, data: &impl Serialize) -> anyhow::Result<()> {
    match format {
        Format::Text => text(line),
        Format::Json => text(&serde_json::to_string(data)?),
    }
}

/// What happened in an execution, coloured by what it means.
pub(crate) fn painted(entry: &Entry) -> String {
    let style = match &entry.what {
        Happening::Failed { .. } => colour(AnsiColor::Yellow),
        Happening::Ended { status: Ending::Succeeded, .. } => colour(AnsiColor::Green),
        Happening::Ended { .. } => colour(AnsiColor::Red),
        Happening::Left { .. } => Style::new().dimmed(),
        _ => Style::new(),
    };
    format!("{style}{entry}{style:#}")
}

/// What was found, coloured by how grave it is.
pub(crate) fn painted_finding(finding: &Finding) -> String {
    let style = match finding.level {
        Level::Ok => Style::new(),
        Level::Warning => colour(AnsiColor::Yellow),
        Level::Failure => colour(AnsiColor::Red),
    };
    format!("{style}{finding}{style:#}")
}

/// A diff with what comes in green and what goes in red.
pub(crate) fn painted_diff(text: &str) -> String {
    let painted = text.lines().map(|line| {
        let style = match line.trim_start().chars().next() {
            Some('+') => colour(AnsiColor::Green),
            Some('-') => colour(AnsiColor::Red),
            _ => Style::new(),
        };
        format!("{style}{line}{style:#}")
    });
    painted.collect::<Vec<_>>().join("\n")
}

fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into()))
}

/// Prints why the command failed.
pub(crate) fn error(error: &anyhow::Error) {
    clear_passing();
    let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    // With standard error closed there is nowhere left to report.
    let _ = writeln!(anstream::stderr().lock(), "{style}error:{style:#} {error:#}");
}

/// Prints what is going on in place of the last such line, where somebody may be watching.
pub(crate) fn passing(text: &str) {
    if io::stderr().is_terminal() {
        let style = Style::new().dimmed();
        clear_passing();
        let mut err = anstream::stderr().lock();
        let _ = write!(err, "{style}{text}{style:#}");
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
        let _ = writeln!(anstream::stderr().lock(), "{style}{text}{style:#}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_nothing_that_a_terminal_obeys_and_says_the_same() {
        let value = serde_json::json!({"text": "한 \u{1b}[31m \u{9b}31m \u{7f} \u{202e}x\n\"\\ 😀"});
        let harmless = harmless(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&harmless).unwrap(), value);
        assert!(harmless.contains("한") && harmless.contains("😀") && harmless.contains("\\u009b31m"), "{harmless}");
        assert!(harmless.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{harmless:?}");
    }
}
