//! How the audit itself fares: levels and rules, money, time, and what failed.

use maud::{Markup, html};

use super::lists::{ROWS, left_out, listed, or_unknown, table};
use super::words::{axis, capital, columns, float, label, per};
use crate::figures::{Count, DeadLetters, Figures, Latency};
use crate::page::{Bar, Cell, Columns, Line, Lines, Tone, bars, count, dollars, seconds};

pub(super) fn threat_levels(figures: &Figures) -> Markup {
    let rows = figures.threat_levels.iter().map(|Count { name, count: number }| {
        let tone = match name.as_str() {
            "critical" | "high" => Tone::Alarm,
            "medium" => Tone::Doubt,
            _ => Tone::Calm,
        };
        Bar { label: capital(name), amount: float(*number), text: count(*number), tone, ..Bar::default() }
    });
    let rows: Vec<_> = rows.collect();
    html! { @if rows.is_empty() { p { "No audit came to its end." } } @else { (bars("Events by threat level", &rows)) } }
}

pub(super) fn rules(figures: &Figures) -> Markup {
    listed("Events that a Sigma rule matched", &figures.rules, Tone::Plain, |_| "")
}

pub(super) fn silenced(figures: &Figures) -> Markup {
    listed("Alerts that an exception kept out of the mail", &figures.silenced, Tone::Muted, |_| "")
}

pub(super) fn spend(figures: &Figures) -> Markup {
    let rows = figures.models.iter().map(|model| {
        vec![
            Cell::Text(model.model.clone()),
            Cell::Number(count(model.objects)),
            Cell::Number(count(model.input_tokens)),
            Cell::Number(count(model.output_tokens)),
            Cell::Number(model.cost_usd.map_or_else(|| "not known".to_owned(), dollars)),
        ]
    });
    let models = table(
        "What each model that judged objects was asked",
        &["Model", "Objects", "Tokens in", "Tokens out", "Cost"],
        rows,
    );
    let total = figures.cost_usd.unwrap_or_default();
    let chart = Columns {
        caption: format!("US dollars {} for the models that judge objects", per(figures)),
        alternative: format!(
            "Columns: US dollars {} for the models that judge objects. In all {}.",
            per(figures),
            dollars(total)
        ),
        axis: axis(figures).to_owned(),
        series: vec![("Cost".to_owned(), Tone::Plain)],
        columns: columns(figures, |interval| vec![interval.cost_usd]),
        format: dollars,
    };
    html! {
        @if figures.cost_usd.is_some() { (chart.markup()) } @else {
            p { "No record says what its model cost: no price of the model is known. The stack's parameter PiiDetectorTokenPrices names one." }
        }
        (models.markup())
    }
}

pub(super) fn latency(figures: &Figures) -> Lines {
    let line = |name: &str, tone, of: fn(&Latency) -> f64| Line {
        name: name.to_owned(),
        tone,
        amounts: figures.intervals.iter().map(|interval| interval.latency.as_ref().map(of)).collect(),
    };
    let words = figures.latency.map_or_else(String::new, |latency| {
        let Latencies { median, p99, longest } = Latencies::of(latency);
        format!(" Of all: median {median}, 99th percentile {p99}, longest {longest}.")
    });
    Lines {
        caption: format!(
            "From the start of an execution to its record, {}, of audits that came to their end.{words}",
            per(figures)
        ),
        alternative: format!("Lines: the median and the 99th percentile {}.{words}", per(figures)),
        axis: axis(figures).to_owned(),
        points: figures.intervals.iter().map(|interval| label(interval, figures)).collect(),
        lines: vec![
            line("99th percentile", Tone::Muted, |latency| latency.p99),
            line("Median", Tone::Plain, |latency| latency.median),
        ],
        format: seconds,
    }
}

struct Latencies {
    median: String,
    p99: String,
    longest: String,
}

impl Latencies {
    fn of(latency: Latency) -> Self {
        Self { median: seconds(latency.median), p99: seconds(latency.p99), longest: seconds(latency.longest) }
    }
}

pub(super) fn failures(figures: &Figures) -> Markup {
    let rows = figures.failures.iter().take(ROWS).map(|failure| {
        vec![
            Cell::Text(or_unknown(&failure.state)),
            Cell::Code(or_unknown(&failure.error)),
            Cell::Number(count(failure.events)),
        ]
    });
    let table = table("Where audits failed, and with which error", &["State", "Error", "Events"], rows);
    html! { (table.markup()) (left_out(figures.failures.len())) }
}

pub(super) fn dead_letters(figures: &Figures) -> Markup {
    match &figures.dead_letters {
        DeadLetters::Waiting(why) if why.is_empty() => html! { p { "No event waits in the queue." } },
        DeadLetters::Waiting(why) => {
            listed("Why events that wait now could not be delivered", why, Tone::Alarm, |_| "")
        }
        DeadLetters::Unread(why) => html! { p { "The queue could not be read: " bdi { (why) } } },
    }
}
