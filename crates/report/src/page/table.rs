//! Tables that become lists on a narrow screen.

use maud::{Markup, html};

/// How long a text is at most that stays on one line.
const SHORT: usize = 16;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A text, and a longer one below it.
    Detailed(String, String),
    /// A number, which stands at the right.
    Number(String),
    /// What is typed or looked up as it stands.
    Code(String),
}

/// A table below its caption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// The columns' names.
    pub columns: Vec<String>,
    /// Its rows. Each has a cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The table. The roles are said because a list has none of a table's of its own.
    #[must_use]
    pub fn markup(&self) -> Markup {
        let numeric = |at: usize| self.rows.first().is_some_and(|row| matches!(row.get(at), Some(Cell::Number(_))));
        html! {
            table.data role="table" {
                caption { (self.caption) }
                thead role="rowgroup" {
                    tr role="row" {
                        @for (at, column) in self.columns.iter().enumerate() {
                            th.number[numeric(at)] role="columnheader" scope="col" { (column) }
                        }
                    }
                }
                tbody role="rowgroup" {
                    @for row in &self.rows {
                        tr role="row" {
                            @for (cell, column) in row.iter().zip(&self.columns) {
                                td.number[matches!(cell, Cell::Number(_))] role="cell" data-column=(column) { (cell.markup()) }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Cell {
    fn markup(&self) -> Markup {
        html! {
            @match self {
                // Isolated, so that no text turns the direction of what follows it.
                Self::Text(text) => bdi.short[text.chars().count() <= SHORT] { (text) },
                Self::Detailed(text, detail) => span { bdi { (text) } span.note { bdi { (detail) } } },
                Self::Number(number) => (number),
                Self::Code(code) => code { bdi { (code) } },
            }
        }
    }
}
