//! The demo's table: a line for each arrival, filled as its execution runs.

use console::{Alignment, measure_text_width, pad_str};
use serde::Serialize;
use warden_call_errors::printable;

use crate::scenario::Seen;

/// The table's columns.
const HEADER: [&str; 5] = ["what arrived", "verdict", "level", "action", "seconds"];
/// Between the columns.
const GAP: &str = "  ";
/// Between the states of a path.
const ARROW: &str = " → ";

/// How much of each arrival is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What became of it, on one line.
    #[default]
    Result,
    /// Below it, the states of its execution and the alert's subject.
    Path,
}

impl Detail {
    /// What `--verbose` asks for.
    #[must_use]
    pub const fn verbose(verbose: bool) -> Self {
        if verbose { Self::Path } else { Self::Result }
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What arrived.
    pub arrived: String,
    /// How far it is.
    pub state: RowState,
    /// The tasks that the execution entered so far.
    pub path: Vec<String>,
    /// The alert's verdict; `none` for what is not an upload.
    pub verdict: Option<String>,
    /// The alert's threat level.
    pub threat_level: Option<String>,
    /// What was done to the object.
    pub action: Option<String>,
    /// Whether the uploaded version can still be read.
    pub object_is_there: Option<bool>,
    /// The alert's subject.
    pub alert: Option<String>,
    /// From the arrival to the alert, in seconds.
    pub seconds: Option<f64>,
    /// What did not happen, or happened otherwise.
    pub mismatches: Vec<String>,
}

/// How far a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// Its turn has not come.
    Waiting,
    /// It has arrived, and its execution runs.
    Running,
    /// Every side effect happened.
    Right,
    /// Some did not.
    Wrong,
}

impl Row {
    /// A row whose turn has not come.
    #[must_use]
    pub fn waiting(arrived: &str) -> Self {
        Self {
            // A file may be called so that a terminal obeys it.
            arrived: printable(arrived),
            state: RowState::Waiting,
            path: Vec::new(),
            verdict: None,
            threat_level: None,
            action: None,
            object_is_there: None,
            alert: None,
            seconds: None,
            mismatches: Vec::new(),
        }
    }

    /// Fills in what has been seen by now.
    pub fn fill(&mut self, seen: &Seen, seconds: f64) {
        self.seconds = Some(seconds);
        if let Some(execution) = &seen.execution {
            self.path = execution.path();
            if execution.is_duplicate() {
                self.action = Some("duplicate".to_owned());
            }
        }
        if let Some(alert) = &seen.alert {
            let attribute = |name| alert.attribute(name).map(str::to_owned);
            self.verdict = attribute("verdict");
            self.threat_level = attribute("threat_level");
            self.action = attribute("action");
            self.alert = Some(alert.subject.clone());
        }
        self.object_is_there = seen.object_is_there;
    }

    /// The row is complete, right unless something is wrong.
    pub fn finish(&mut self, mismatches: Vec<String>) {
        self.state = if mismatches.is_empty() { RowState::Right } else { RowState::Wrong };
        self.mismatches = mismatches;
    }

    /// The row as it is told where nothing can be drawn over.
    #[must_use]
    pub fn line(&self, detail: Detail) -> String {
        let [arrived, verdict, level, action, seconds] = self.cells();
        let told = [("verdict ", verdict), ("level ", level), ("", action), ("", format!("{seconds} s"))];
        let told = told.into_iter().filter(|(_, told)| !told.is_empty()).map(|(name, told)| format!("{name}{told}"));
        let mut line = format!("{arrived}: {}", told.collect::<Vec<_>>().join(", "));
        for below in self.below(detail) {
            line.push('\n');
            line.push_str(&below);
        }
        line
    }

    fn cells(&self) -> [String; 5] {
        let mark = match self.state {
            RowState::Waiting => " ",
            RowState::Running => "▸",
            RowState::Right => "✓",
            RowState::Wrong => "✗",
        };
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        [
            format!("{mark} {}", self.arrived),
            text(&self.verdict),
            text(&self.threat_level),
            text(&self.action),
            self.seconds.map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
        ]
    }

    /// The lines below the row.
    fn below(&self, detail: Detail) -> Vec<String> {
        if detail == Detail::Result {
            return Vec::new();
        }
        let path = (!self.path.is_empty()).then(|| self.path.join(ARROW));
        path.iter().chain(&self.alert).map(|line| format!("    {line}")).collect()
    }
}

/// The table, no line of it wider than `width` columns. What does not fit is cut: first a
/// long name, on a very narrow terminal the end of the line.
#[must_use]
pub fn render(rows: &[Row], width: u16, detail: Detail) -> String {
    let width = usize::from(width);
    let cells: Vec<_> = rows.iter().map(Row::cells).collect();
    let header = HEADER.map(str::to_owned);
    let mut widths = [0; HEADER.len()];
    for row in cells.iter().chain([&header]) {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = measure_text_width(cell).max(*widest);
        }
    }
    // A row's mark stands before its name; the header has none.
    widths[0] = widths[0].max(measure_text_width(HEADER[0]) + 2);
    let others: usize = widths[1..].iter().map(|column| column + GAP.len()).sum();
    widths[0] = widths[0].min(width.saturating_sub(others).max(measure_text_width(HEADER[0]) + 2));
    let line = |row: &[String; HEADER.len()]| {
        let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, width))| {
            let alignment = if at == HEADER.len() - 1 { Alignment::Right } else { Alignment::Left };
            pad_str(cell, width, alignment, Some("…"))
        });
        cells.collect::<Vec<_>>().join(GAP)
    };
    let mut header = header;
    header[0].insert_str(0, "  ");
    let mut lines = vec![line(&header), "─".repeat(widths[0] + others)];
    for (row, cells) in rows.iter().zip(&cells) {
        lines.push(line(cells));
        lines.extend(row.below(detail));
    }
    let cut = lines.iter().map(|line| console::truncate_str(line.trim_end(), width, "…").into_owned());
    cut.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deleted() -> Row {
        Row {
            state: RowState::Right,
            path: vec!["Summarize event".into(), "Detect PII".into(), "Delete version".into(), "Publish alert".into()],
            verdict: Some("pii".into()),
            threat_level: Some("high".into()),
            action: Some("deleted".into()),
            object_is_there: Some(false),
            alert: Some("[HIGH] Personal data found, version deleted: uploads/id-card.png".into()),
            seconds: Some(2.345),
            ..Row::waiting("an ID card")
        }
    }

    fn stopped() -> Row {
        Row {
            state: RowState::Right,
            path: vec!["Summarize event".into(), "Publish alert".into()],
            verdict: Some("none".into()),
            threat_level: Some("high".into()),
            action: Some("none".into()),
            alert: Some("[HIGH] [StopLogging][111122223333][Alice]".into()),
            seconds: Some(0.5),
            ..Row::waiting("the trail was stopped")
        }
    }

    #[test]
    fn the_table_tells_of_each_arrival_what_became_of_it() {
        let running = Row { state: RowState::Running, path: vec!["Summarize event".into()], ..Row::waiting("a chart") };
        let rows = [deleted(), stopped(), running, Row::waiting("a landscape")];
        insta::assert_snapshot!(render(&rows, 100, Detail::Result));
    }

    #[test]
    fn no_line_of_the_table_is_wider_than_the_terminal() {
        let long = Row { arrived: "a scan whose name is 신분증 and goes on and on ".repeat(4), ..deleted() };
        for width in [40, 60, 80, 100, 200] {
            let table = render(&[deleted(), stopped(), long.clone()], width, Detail::Path);
            let widest = table.lines().map(measure_text_width).max();
            assert!(widest.is_some_and(|widest| widest <= usize::from(width)), "{width}: {widest:?}\n{table}");
        }
    }

    #[test]
    fn every_arrival_is_one_line_unless_its_path_is_asked_for() {
        let rows = [deleted(), stopped()];
        assert_eq!(render(&rows, 100, Detail::Result).lines().count(), 2 + rows.len());
        insta::assert_snapshot!(render(&rows, 100, Detail::Path));
    }

    #[test]
    fn without_a_terminal_a_row_is_told_as_a_sentence() {
        insta::assert_snapshot!(deleted().line(Detail::Result), @"✓ an ID card: verdict pii, level high, deleted, 2.3 s");
        insta::assert_snapshot!(stopped().line(Detail::Path), @"
        ✓ the trail was stopped: verdict none, level high, none, 0.5 s
            Summarize event → Publish alert
            [HIGH] [StopLogging][111122223333][Alice]
        ");
    }

    #[test]
    fn a_row_with_a_mismatch_is_wrong() {
        let mut row = deleted();
        row.finish(vec!["the object version is still there".into()]);
        assert_eq!(row.state, RowState::Wrong);
        assert!(row.line(Detail::Result).starts_with("✗ an ID card"));
    }
}
