//! Names, times and parts of the period, for people.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::figures::{Figures, Interval, Step};
use crate::page::Column;

/// A name that programs use, as words.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ").to_lowercase()
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[expect(clippy::cast_precision_loss, reason = "what is drawn needs few digits")]
pub(super) const fn float(number: u64) -> f64 {
    number as f64
}

/// "per day", for headings.
pub(super) fn per(figures: &Figures) -> &'static str {
    match figures.period.step() {
        Step::Minute => "per minute",
        Step::Hour => "per hour",
        Step::Day => "per day",
        Step::Week => "per week",
    }
}

pub(super) fn axis(figures: &Figures) -> &'static str {
    match figures.period.step() {
        Step::Minute => "Minute",
        Step::Hour => "Hour",
        Step::Day => "Day",
        Step::Week => "Week from",
    }
}

/// "on", before the label of a part of the period.
pub(super) fn within(figures: &Figures) -> &'static str {
    match figures.period.step() {
        Step::Minute | Step::Hour => "from",
        Step::Day => "on",
        Step::Week => "in the week from",
    }
}

pub(super) fn columns(figures: &Figures, amounts: impl Fn(&Interval) -> Vec<f64>) -> Vec<Column> {
    let column = |interval| Column { label: label(interval, figures), amounts: amounts(interval) };
    figures.intervals.iter().map(column).collect()
}

/// What stands below a part of the period.
pub(super) fn label(interval: &Interval, figures: &Figures) -> String {
    let Ok(at) = OffsetDateTime::parse(&interval.from, &Rfc3339) else { return interval.from.clone() };
    match figures.period.step() {
        Step::Minute | Step::Hour => format!("{} {:02}:{:02}", day(at), at.hour(), at.minute()),
        Step::Day | Step::Week => day(at),
    }
}

fn day(at: OffsetDateTime) -> String {
    format!("{} {}", at.day(), at.month().to_string().get(..3).unwrap_or_default())
}

pub(super) fn moment(at: OffsetDateTime) -> String {
    format!("{} {} {}, {:02}:{:02}", at.day(), at.month(), at.year(), at.hour(), at.minute())
}

pub(super) fn parsed(text: &str) -> String {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_or_else(|_| text.to_owned(), |at| format!("{} {:02}:{:02}", day(at), at.hour(), at.minute()))
}
