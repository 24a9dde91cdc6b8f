//! Amounts over time, in columns.

use maud::{Markup, html};

use super::figure::{Figure, ends};
use super::{Cell, Table, Tone, scale};

/// Columns side by side, each of as many parts as there are series.
#[derive(Clone, Debug)]
pub struct Columns {
    /// What it shows.
    pub caption: String,
    /// The same in words, with what stands out.
    pub alternative: String,
    /// What a column stands for, such as "Day".
    pub axis: String,
    /// The parts of each column, the lowest first.
    pub series: Vec<(String, Tone)>,
    /// The columns, from left to right.
    pub columns: Vec<Column>,
    /// How an amount is written.
    pub format: fn(f64) -> String,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What it stands for.
    pub label: String,
    /// How high its parts are, the lowest first.
    pub amounts: Vec<f64>,
}

impl Columns {
    /// The chart.
    #[must_use]
    pub fn markup(&self) -> Markup {
        let most = self.columns.iter().map(|column| column.amounts.iter().sum()).fold(0.0, f64::max);
        let end = scale::end(most);
        let labels: Vec<_> = self.columns.iter().map(|column| column.label.as_str()).collect();
        let figure = Figure {
            caption: &self.caption,
            alternative: &self.alternative,
            legend: self.series.iter().map(|(name, tone)| (name.as_str(), *tone)).collect(),
            vertical: [end, end / 2.0, 0.0].map(self.format).to_vec(),
            horizontal: ends(&labels),
            table: self.table(),
        };
        figure.markup(&self.drawing(end))
    }

    fn drawing(&self, end: f64) -> Markup {
        #[expect(clippy::cast_precision_loss, reason = "columns that are looked at are few")]
        let (pitch, at) = (1000.0 / self.columns.len().max(1) as f64, |index: usize| index as f64);
        // One or two columns alone are no walls.
        let width = (pitch * 0.78).min(60.0);
        html! {
            @for (index, column) in self.columns.iter().enumerate() {
                g {
                    title { (self.told(column)) }
                    // The whole height, so that low columns can be pointed at.
                    rect.hover x=(place(at(index) * pitch)) y="0" width=(place(pitch)) height="100" {}
                    @for (tone, low, amount) in self.parts(column) {
                        rect class=(tone.class()) x=(place(at(index) * pitch + (pitch - width) / 2.0))
                            y=(place(100.0 - (low + amount) * 100.0 / end)) width=(place(width)) height=(place(amount * 100.0 / end)) {}
                    }
                }
            }
        }
    }

    /// The parts of a column that can be seen: their colours, where they begin, and how high they are.
    fn parts(&self, column: &Column) -> Vec<(Tone, f64, f64)> {
        let mut low = 0.0;
        let mut parts = Vec::new();
        for ((_, tone), amount) in self.series.iter().zip(&column.amounts) {
            if *amount > 0.0 {
                parts.push((*tone, low, *amount));
            }
            low += amount;
        }
        parts
    }

    fn told(&self, column: &Column) -> String {
        let amounts = self.series.iter().zip(&column.amounts).filter(|(_, amount)| **amount > 0.0);
        let amounts: Vec<_> =
            amounts.map(|((name, _), amount)| format!("{name}: {}", (self.format)(*amount))).collect();
        let amounts = if amounts.is_empty() { "nothing".to_owned() } else { amounts.join(", ") };
        format!("{}: {amounts}", column.label)
    }

    fn table(&self) -> Table {
        let rows = self.columns.iter().map(|column| {
            let amounts = column.amounts.iter().map(|amount| Cell::Number((self.format)(*amount)));
            std::iter::once(Cell::Text(column.label.clone())).chain(amounts).collect()
        });
        let names = self.series.iter().map(|(name, _)| name.clone());
        Table {
            caption: self.caption.clone(),
            columns: std::iter::once(self.axis.clone()).chain(names).collect(),
            rows: rows.collect(),
        }
    }
}

/// A place on the chart, to a tenth of a thousandth of its width.
fn place(at: f64) -> String {
    let text = format!("{at:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}
