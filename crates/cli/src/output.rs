//! What people and programs read: results on standard output, all else on standard error.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;

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

/// Prints why the command failed.
pub(crate) fn error(error: &anyhow::Error) {
    let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    // With standard error closed there is nobody left to tell.
    let _ = writeln!(anstream::stderr().lock(), "{style}error:{style:#} {error:#}");
}

/// Prints what is going on, where somebody may be watching.
pub(crate) fn progress(text: &str) {
    if io::stderr().is_terminal() {
        let style = Style::new().dimmed();
        let _ = writeln!(anstream::stderr().lock(), "{style}{text}{style:#}");
    }
}
