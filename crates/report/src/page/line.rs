//! Amounts along an axis, as lines.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::figure::{Figure, ends};
use super::{Cell, Table, Tone, scale};

/// Lines over the same points.
#[derive(Clone, Debug)]
pub struct Lines {
    /// What it shows.
    pub caption: String,
    /// The same in words, with what stands out.
    pub alternative: String,
    /// What a point stands for, such as "Day".
    pub axis: String,
    /// The points, evenly from left to right.
    pub points: Vec<String>,
    /// The lines.
    pub lines: Vec<Line>,
    /// How an amount is written.
    pub format: fn(f64) -> String,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it shows.
    pub name: String,
    /// Its colour.
    pub tone: Tone,
    /// The amount at each point; where there is none, the line is broken.
    pub amounts: Vec<Option<f64>>,
}

impl Lines {
    /// The chart.
    #[must_use]
    pub fn markup(&self) -> Markup {
        let most = self.lines.iter().flat_map(|line| &line.amounts).flatten().copied().fold(0.0, f64::max);
        let end = scale::end(most);
        let labels: Vec<_> = self.points.iter().map(String::as_str).collect();
        let figure = Figure {
            caption: &self.caption,
            alternative: &self.alternative,
            legend: self.lines.iter().map(|line| (line.name.as_str(), line.tone)).collect(),
            vertical: [end, end / 2.0, 0.0].map(self.format).to_vec(),
            horizontal: ends(&labels),
            table: self.table(),
        };
        figure.markup(&html! {
            @for line in &self.lines { path class={ "line " (line.tone.class()) } d=(self.path(line, end)) {} }
        })
    }

    /// The line's path. A point between two gaps is a stroke without length, which round ends make a dot.
    fn path(&self, line: &Line, end: f64) -> String {
        #[expect(clippy::cast_precision_loss, reason = "points that are looked at are few")]
        let (pitch, at) = (1000.0 / self.points.len().max(1) as f64, |index: usize| index as f64);
        let mut path = String::new();
        let mut drawn = false;
        for (index, amount) in line.amounts.iter().enumerate() {
            if let Some(amount) = amount {
                let (x, y) = ((at(index) + 0.5) * pitch, 100.0 - amount * 100.0 / end);
                // Writing to a text does not fail.
                let _ = if drawn { write!(path, "L{x:.1} {y:.1}") } else { write!(path, "M{x:.1} {y:.1}h0") };
            }
            drawn = amount.is_some();
        }
        path
    }

    fn table(&self) -> Table {
        let amount = |line: &Line, at: usize| match line.amounts.get(at).copied().flatten() {
            Some(amount) => Cell::Number((self.format)(amount)),
            None => Cell::Number("–".to_owned()),
        };
        let rows = self.points.iter().enumerate().map(|(at, point)| {
            std::iter::once(Cell::Text(point.clone())).chain(self.lines.iter().map(|line| amount(line, at))).collect()
        });
        let names = self.lines.iter().map(|line| line.name.clone());
        Table {
            caption: self.caption.clone(),
            columns: std::iter::once(self.axis.clone()).chain(names).collect(),
            rows: rows.collect(),
        }
    }
}
