//! What people see while something runs. Nothing else in this crate writes to
//! the terminal.
//!
//! Progress goes to standard error, results to standard output, so that a
//! result can be piped on.

use std::io::{self, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use console::Term;

/// How often a long step says where it is when it is not on a terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// The longest detail that is printed where nothing can be drawn over.
const PLAIN_DETAIL: usize = 100;

/// Where progress and results are written.
#[derive(Debug)]
pub struct Console {
    progress: Option<Term>,
    results: Term,
}

impl Console {
    /// Progress on standard error, results on standard output.
    #[must_use]
    pub fn standard() -> Self {
        Self { progress: Some(Term::stderr()), results: Term::stdout() }
    }

    /// Results alone.
    #[must_use]
    pub fn quiet() -> Self {
        Self { progress: None, results: Term::stdout() }
    }

    /// One line of progress, in place of what is drawn.
    pub fn say(&self, line: &str) {
        if let Some(term) = &self.progress {
            // Whoever closed standard error does not want to read this.
            if term.is_term() {
                let _ = term.clear_line();
            }
            let _ = term.write_line(line);
        }
    }

    /// Whether progress can be drawn over.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.progress.as_ref().is_some_and(Term::is_term)
    }

    /// Something that took a while is done.
    pub fn done(&self, title: &str, took: Duration) {
        self.say(&done_line(title, took));
    }

    /// Something that takes a while.
    #[must_use]
    pub fn step(&self, title: &str) -> Step<'_> {
        Step::begin(self, title, self.progress.as_ref().filter(|term| term.is_term()))
    }

    /// The same beside another program that draws its own progress.
    #[must_use]
    pub fn step_beside(&self, title: &str) -> Step<'_> {
        Step::begin(self, title, None)
    }

    /// A result, as it is.
    pub fn result(&self, text: &str) {
        let _ = self.print(text);
    }

    /// A result that must not be lost.
    ///
    /// # Errors
    /// When standard output does not take it.
    pub fn print(&self, text: &str) -> io::Result<()> {
        let mut out = &self.results;
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// The terminal that results are drawn on, if it can be redrawn.
    #[must_use]
    pub fn canvas(&self) -> Option<&Term> {
        self.results.is_term().then_some(&self.results)
    }
}

/// Something that takes a while. Says that it is done only when it is.
#[derive(Debug)]
pub struct Step<'a> {
    console: &'a Console,
    /// Where its progress is drawn over itself. Elsewhere it is told in lines.
    canvas: Option<&'a Term>,
    title: String,
    begun: Instant,
    told: Mutex<Option<Instant>>,
}

impl<'a> Step<'a> {
    fn begin(console: &'a Console, title: &str, canvas: Option<&'a Term>) -> Self {
        let step = Self { console, canvas, title: title.to_owned(), begun: Instant::now(), told: Mutex::new(None) };
        if canvas.is_none() {
            console.say(&format!("   {title} ..."));
        }
        step.draw("");
        step
    }

    /// What the step does right now.
    pub fn detail(&self, text: &str) {
        if self.canvas.is_some() {
            self.draw(text);
            return;
        }
        let Ok(mut told) = self.told.lock() else { return };
        if told.unwrap_or(self.begun).elapsed() >= PLAIN_INTERVAL {
            *told = Some(Instant::now());
            self.console.say(&format!("     {}", console::truncate_str(text, PLAIN_DETAIL, "…")));
        }
    }

    /// The step is done.
    pub fn done(self) {
        self.console.done(&self.title, self.begun.elapsed());
    }

    fn draw(&self, detail: &str) {
        let Some(term) = self.canvas else { return };
        let width = usize::from(term.size().1).saturating_sub(1);
        let line = format!("   {} ... {detail}", self.title);
        let _ = term.clear_line();
        let _ = term.write_str(&console::truncate_str(&line, width, "…"));
    }
}

impl Drop for Step<'_> {
    /// A step that failed leaves its line, so that the error stands below it.
    fn drop(&mut self) {
        if let Some(term) = self.canvas {
            let _ = term.clear_line();
        }
    }
}

fn done_line(title: &str, took: Duration) -> String {
    format!(" ✓ {title} ({:.1} s)", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_step_says_what_it_was_and_how_long_it_took() {
        assert_eq!(done_line("starting the engine", Duration::from_millis(1_260)), " ✓ starting the engine (1.3 s)");
    }
}
