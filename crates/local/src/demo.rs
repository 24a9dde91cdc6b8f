//! The demo: a few uploads and events, and what became of each.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use crate::audit::{Audit, AuditError};
use crate::follow::{self, Sent};
use crate::output::Console;
use crate::scenario::{Scenario, own_image};
use crate::table::{self, Detail, Row, RowState};

/// The width of a table that no terminal limits.
const PLAIN_WIDTH: u16 = 100;

/// Why a file of the user's cannot be uploaded.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// There is no such file.
    #[error("{0} does not exist. Name files that are there")]
    Missing(PathBuf),
    /// It is a folder.
    #[error("{0} is a folder. Name the files in it, such as {0}/*.jpg")]
    Folder(PathBuf),
    /// It cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// What became of every scenario.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Whether every side effect happened.
    pub right: bool,
    /// A row for each scenario.
    pub rows: Vec<Row>,
}

/// Scenarios for the user's own files, which are looked at before anything is
/// installed, built or started.
///
/// # Errors
/// When one is missing, a folder, or cannot be read.
pub fn own_images(files: &[PathBuf]) -> Result<Vec<Scenario>, ImageError> {
    let images = files.iter().enumerate();
    images.map(|(at, file)| readable(file).map(|()| own_image(at + 1, file))).collect()
}

fn readable(file: &Path) -> Result<(), ImageError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ImageError::Missing(file.to_owned()),
        _ => ImageError::Unreadable { path: file.to_owned(), source },
    };
    if fs::metadata(file).map_err(unreadable)?.is_dir() {
        return Err(ImageError::Folder(file.to_owned()));
    }
    fs::File::open(file).map(|_| ()).map_err(unreadable)
}

/// Runs the scenarios, two at once unless one needs what came before it, and shows each as it goes.
///
/// # Errors
/// When the system does not answer. A side effect that did not happen is no
/// error: its row says so.
pub async fn run(
    audit: &Audit,
    scenarios: &[Scenario],
    console: &Console,
    shown: Option<Detail>,
) -> Result<Outcome, AuditError> {
    let rows: Vec<_> = scenarios.iter().map(|scenario| Row::waiting(&scenario.title)).collect();
    let canvas = RefCell::new(Canvas { console, shown, drawn: 0, rows });
    canvas.borrow_mut().draw();
    let waiting = RefCell::new(scenarios.iter().enumerate());
    let one_after_the_other = async || -> Result<(), AuditError> {
        let mut before = None;
        loop {
            let Some((at, scenario)) = waiting.borrow_mut().next() else { return Ok(()) };
            canvas.borrow_mut().update(at, |row| row.state = RowState::Running);
            let begun = Instant::now();
            let sent = follow::send(audit, &scenario.arrival, before.as_ref()).await?;
            let seen = follow::follow(audit, &sent, |seen| {
                canvas.borrow_mut().update(at, |row| row.fill(seen, begun.elapsed().as_secs_f64()));
            })
            .await?;
            if let Sent::Upload(upload) = sent {
                before = Some(upload);
            }
            let mut canvas = canvas.borrow_mut();
            canvas.update(at, |row| row.finish(scenario.expected.mismatches(&seen)));
            canvas.tell(at);
        }
    };
    if scenarios.iter().any(|scenario| scenario.arrival.follows_another()) {
        one_after_the_other().await?;
    } else {
        tokio::try_join!(one_after_the_other(), one_after_the_other())?;
    }
    let mut canvas = canvas.into_inner();
    canvas.finish();
    let rows = canvas.rows;
    Ok(Outcome { right: rows.iter().all(|row| row.state == RowState::Right), rows })
}

/// The sentences at the end: what was wrong, or that nothing was.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    if outcome.right {
        return format!(
            "All {} arrivals had the side effects that they should have.\n\
             On AWS, `warden selftest` tries a deployed audit with two pictures, and `warden doctor` says what it lacks: docs/deploy.md",
            outcome.rows.len()
        );
    }
    let wrong = outcome.rows.iter().filter(|row| !row.mismatches.is_empty());
    let lines: Vec<_> = wrong.map(|row| format!("{}: {}", row.arrived, row.mismatches.join("; "))).collect();
    format!("Not as it should be:\n{}", lines.join("\n"))
}

/// Draws the table over itself on a terminal. Elsewhere a line is told for
/// each row, and the table at the end.
struct Canvas<'a> {
    console: &'a Console,
    /// How much of each arrival; `None` shows nothing.
    shown: Option<Detail>,
    /// How many lines are drawn.
    drawn: usize,
    rows: Vec<Row>,
}

impl Canvas<'_> {
    fn update(&mut self, at: usize, change: impl FnOnce(&mut Row)) {
        change(&mut self.rows[at]);
        self.draw();
    }

    fn draw(&mut self) {
        let (Some(detail), Some(term)) = (self.shown, self.console.canvas()) else { return };
        let (height, width) = term.size();
        let height = usize::from(height).saturating_sub(1);
        let mut table = table::render(&self.rows, width, detail);
        if table.lines().count() > height {
            // What does not fit cannot be drawn over. What waits is left out,
            // so that what runs comes last.
            let mut begun: Vec<_> = self.rows.iter().filter(|row| row.state != RowState::Waiting).cloned().collect();
            begun.sort_by_key(|row| row.state == RowState::Running);
            table = table::render(&begun, width, detail);
        }
        let lines: Vec<_> = table.lines().collect();
        let visible = &lines[lines.len().saturating_sub(height)..];
        // A terminal that went away is noticed by whoever reads it.
        let _ = term.clear_last_lines(self.drawn);
        let _ = term.write_line(&visible.join("\n"));
        self.drawn = visible.len();
    }

    fn tell(&self, at: usize) {
        if let (Some(detail), None) = (self.shown, self.console.canvas()) {
            self.console.say(&self.rows[at].line(detail));
        }
    }

    fn finish(&mut self) {
        let Some(detail) = self.shown else { return };
        let Some(term) = self.console.canvas() else {
            self.console.result(&table::render(&self.rows, PLAIN_WIDTH, detail));
            return;
        };
        // Whole, though it may be taller than the terminal.
        let _ = term.clear_last_lines(self.drawn);
        let _ = term.write_line(&table::render(&self.rows, term.size().1, detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_uploaded_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.png");
        let message = own_images(std::slice::from_ref(&missing)).unwrap_err().to_string();
        assert_eq!(message, format!("{} does not exist. Name files that are there", missing.display()));

        let message = own_images(&[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(message.contains("is a folder. Name the files in it"), "{message}");
    }

    #[test]
    fn what_went_wrong_is_named_at_the_end() {
        let mut wrong = Row::waiting("an ID card");
        wrong.finish(vec!["no alert was received".into(), "the object version is still there".into()]);
        let mut right = Row::waiting("a chart");
        right.finish(Vec::new());

        let outcome = Outcome { right: false, rows: vec![right.clone(), wrong] };
        assert_eq!(
            summary(&outcome),
            "Not as it should be:\nan ID card: no alert was received; the object version is still there"
        );
        let outcome = Outcome { right: true, rows: vec![right] };
        let summary = summary(&outcome);
        assert!(summary.starts_with("All 1 arrivals had the side effects that they should have.\n"), "{summary}");
        assert!(summary.contains("`warden selftest`"), "{summary}");
    }
}
