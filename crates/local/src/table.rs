//! The demo's table: a row for each scenario, filled as its execution runs.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;

use crate::scenario::Seen;

/// The table's columns.
const HEADER: [&str; 6] = ["what arrived", "path", "verdict, level", "action, object", "alert received", "seconds"];
/// A line below the header, and no others.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
/// Between the states of a path.
const ARROW: &str = " → ";

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What arrived.
    pub arrived: String,
    /// How far it is.
    pub state: RowState,
    /// The tasks that the execution entered so far.
    pub path: Vec<String>,
    /// The alert's verdict; `none` for what is no upload.
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
            arrived: arrived.to_owned(),
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

    /// The row on one line, for where nothing can be drawn over.
    #[must_use]
    pub fn line(&self) -> String {
        let [arrived, path, judged, action, alert, seconds] = self.cells();
        format!("{arrived}: {path}; {judged}; action {action}; alert {alert:?}; {seconds} s")
    }

    fn cells(&self) -> [String; 6] {
        let mark = match self.state {
            RowState::Waiting => " ",
            RowState::Running => "▸",
            RowState::Right => "✓",
            RowState::Wrong => "✗",
        };
        let judged = match (self.verdict.as_deref(), self.threat_level.as_deref()) {
            (None | Some("none"), level) => level.unwrap_or_default().to_owned(),
            (Some(verdict), level) => format!("{verdict}, {}", level.unwrap_or("unknown")),
        };
        let mut action = self.action.clone().unwrap_or_default();
        match self.object_is_there {
            None => {}
            Some(true) => action.push_str(", still there"),
            Some(false) => action.push_str(", gone"),
        }
        [
            format!("{mark} {}", self.arrived),
            self.path.join(ARROW),
            judged,
            action,
            self.alert.clone().unwrap_or_default(),
            self.seconds.map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
        ]
    }
}

/// The table, as wide as the terminal.
#[must_use]
pub fn render(rows: &[Row], width: u16) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(HEADER);
    table.add_rows(rows.iter().map(Row::cells));
    if let Some(seconds) = table.column_mut(HEADER.len() - 1) {
        seconds.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
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
        insta::assert_snapshot!(render(&rows, 120));
    }

    #[test]
    fn no_line_of_the_table_is_wider_than_the_terminal() {
        for width in [60, 80, 100, 200] {
            let table = render(&[deleted(), stopped()], width);
            let widest = table.lines().map(console::measure_text_width).max();
            assert!(widest.is_some_and(|widest| widest <= usize::from(width)), "{width}: {widest:?}\n{table}");
        }
    }

    #[test]
    fn without_a_terminal_a_row_is_one_line() {
        insta::assert_snapshot!(deleted().line(), @r#"✓ an ID card: Summarize event → Detect PII → Delete version → Publish alert; pii, high; action deleted, gone; alert "[HIGH] Personal data found, version deleted: uploads/id-card.png"; 2.3 s"#);
        insta::assert_snapshot!(stopped().line(), @r#"✓ the trail was stopped: Summarize event → Publish alert; high; action none; alert "[HIGH] [StopLogging][111122223333][Alice]"; 0.5 s"#);
    }

    #[test]
    fn a_row_with_a_mismatch_is_wrong() {
        let mut row = deleted();
        row.finish(vec!["the object version is still there".into()]);
        assert_eq!(row.state, RowState::Wrong);
        assert!(row.line().starts_with("✗ an ID card"));
    }
}
