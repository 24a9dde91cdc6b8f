//! Lists and tables that are cut where they grow long.

use maud::{Markup, html};

use super::words::float;
use crate::figures::Count;
use crate::page::{Bar, Cell, Table, Tone, bars, count, plural};

/// How many rows a list has at most; what is left out is said.
pub(super) const ROWS: usize = 12;

/// Counts as bars, the first of them, with what their names mean.
pub(super) fn listed(caption: &str, counts: &[Count], tone: Tone, meaning: fn(&str) -> &'static str) -> Markup {
    let rows = counts.iter().take(ROWS).map(|one| Bar {
        label: one.name.clone(),
        note: meaning(&one.name).to_owned(),
        amount: float(one.count),
        text: count(one.count),
        tone,
    });
    let rows: Vec<_> = rows.collect();
    html! {
        @if rows.is_empty() { p { "Nothing." } } @else { (bars(caption, &rows)) }
        (left_out(counts.len()))
    }
}

pub(super) fn left_out(all: usize) -> Markup {
    html! { @if all > ROWS { p.note { (plural((all - ROWS) as u64, "more is", "more are")) " not shown; --output json has all." } } }
}

pub(super) fn table(caption: &str, columns: &[&str], rows: impl Iterator<Item = Vec<Cell>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { caption: caption.to_owned(), columns, rows: rows.collect() }
}

/// Who did something: of an ARN what comes after the account, above the whole.
pub(super) fn actor(arn: &str) -> Cell {
    match arn.rsplit_once(':') {
        Some((_, name)) if arn.starts_with("arn:") && !name.is_empty() => {
            Cell::Detailed(name.to_owned(), arn.to_owned())
        }
        _ => Cell::Text(or_unknown(arn)),
    }
}

pub(super) fn or_unknown(text: &str) -> String {
    if text.is_empty() { "unknown".to_owned() } else { text.to_owned() }
}
