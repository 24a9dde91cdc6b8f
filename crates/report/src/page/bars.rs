//! Amounts side by side, as a table with a bar in each row.

use maud::{Markup, html};

use super::Tone;

/// A row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// What is counted.
    pub label: String,
    /// What it means, below the label.
    pub note: String,
    /// How long the bar is, in whatever unit the others have too.
    pub amount: f64,
    /// The amount for people.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
}

/// A table of bars below its caption.
#[must_use]
pub fn bars(caption: &str, rows: &[Bar]) -> Markup {
    let most = rows.iter().map(|row| row.amount).fold(0.0, f64::max);
    let width = |row: &Bar| if most > 0.0 { format!("{:.2}%", row.amount * 100.0 / most) } else { "0%".to_owned() };
    html! {
        table.bars {
            caption { (caption) }
            thead.hidden { tr { th scope="col" { "Name" } th scope="col" { "Amount" } } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" {
                            bdi { (row.label) }
                            @if !row.note.is_empty() { span.note { bdi { (row.note) } } }
                            svg class={ "bar " (row.tone.class()) } aria-hidden="true" width="100%" height="8" {
                                rect.track width="100%" height="8" rx="4" {}
                                rect width=(width(row)) height="8" rx="4" {}
                            }
                        }
                        td { (row.text) }
                    }
                }
            }
        }
    }
}
