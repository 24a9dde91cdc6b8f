//! Results as one page of HTML that stands alone.

mod misses;

use maud::{Markup, html};
use warden_report::page::{
    Bar, Cell, Frame, Line, Lines, Table, Tile, Tone, bars, count, dollars, plural, seconds, section, tiles,
};

use crate::{
    metrics::{OfCategory, Share, Tally},
    results::{OfJudge, Part, Results},
};

pub use misses::{Shown, misses};

const KIND: &str = "Evaluation";

/// The page of results, with what was missed.
#[must_use]
pub fn page(results: &Results, missed: &[Shown]) -> String {
    let judges = results.judges.iter().map(|judge| judge.name.as_str());
    let names: Vec<&str> = judges.chain(results.raters.iter().map(|rater| rater.name.as_str())).collect();
    let pictures = results.judges.first().map_or(0, pictures);
    let events =
        results.raters.first().map_or(0, |rater| rater.parts.values().map(|part| u64::from(part.right.of)).sum());
    let of = match (pictures, events) {
        (pictures, 0) => plural(pictures, "picture", "pictures"),
        (0, events) => plural(events, "event", "events"),
        (pictures, events) => {
            format!("{} and {}", plural(pictures, "picture", "pictures"), plural(events, "event", "events"))
        }
    };
    let frame = Frame {
        title: &results.set,
        kind: KIND,
        subtitle: &format!("{of}, judged by {}", names.join(" and by ")),
        lead: &lead(results),
        foot: "Made by warden-local evaluate. A range is the 95 % interval of Wilson's: in it the true share lies, if all pictures are \
               like these. The page loads nothing, and runs nothing.",
    };
    frame.page(&html! {
        @for judge in &results.judges { (tiles(&numbers(judge))) }
        @if !results.judges.is_empty() { (section("By part of the set", true, &parts(results).markup())) }
        @if !results.raters.is_empty() { (section("Threat levels", true, &levels(results).markup())) }
        @for judge in &results.judges {
            @for (name, part) in &judge.parts { (of_part(judge, name, part, results)) }
        }
        @for (heading, text, kind) in misses::KINDS {
            @let these: Vec<&Shown> = missed.iter().filter(|shown| shown.kind == *kind).collect();
            @if !these.is_empty() { (section(heading, true, &misses::gallery(text, &these))) }
        }
    })
}

fn levels(results: &Results) -> Table {
    let rows = results.raters.iter().flat_map(|rater| {
        rater.parts.iter().map(|(name, part)| {
            let mut row =
                vec![Cell::Detailed(name.clone(), rater.name.clone()), Cell::Number(count(part.right.of.into()))];
            row.extend([part.right, part.below, part.above].map(told));
            row
        })
    });
    Table {
        caption: "Events by the level that they are to have: rated below, nobody may hear of one; above, somebody is woken for nothing"
            .to_owned(),
        columns: ["Part", "Events", "Right", "Below", "Above"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn pictures(judge: &OfJudge) -> u64 {
    judge.parts.values().map(|part| u64::from(part.pictures)).sum()
}

/// What is measured on: the part that nothing was tuned on, if there is one.
fn measured(judge: &OfJudge) -> Option<(&str, &Part)> {
    let known = judge.parts.get_key_value("reported").or_else(|| judge.parts.first_key_value());
    known.map(|(name, part)| (name.as_str(), part))
}

fn lead(results: &Results) -> String {
    let sentences = results.judges.iter().filter_map(|judge| {
        let (name, part) = measured(judge)?;
        let of = |share: Share| share.value().map_or_else(|| "–".to_owned(), |value| format!("{:.0} %", value * 100.0));
        Some(format!(
            "{}: of the pictures with personal data in “{name}” it flags {}; of what it flags, {} hold some.",
            judge.name,
            of(part.all.recall),
            of(part.all.precision)
        ))
    });
    let of_events = results.raters.iter().map(|rater| {
        let (right, all) =
            rater.parts.values().fold((0, 0), |(right, all), part| (right + part.right.hits, all + part.right.of));
        format!(
            "{} give {} of {} events the level that they are to have.",
            rater.name,
            count(right.into()),
            count(all.into())
        )
    });
    sentences.chain(of_events).collect::<Vec<_>>().join(" ")
}

fn numbers(judge: &OfJudge) -> Vec<Tile> {
    let tile = |label: &str, value: String, note: String, tone| Tile { label: label.to_owned(), value, note, tone };
    let Some((name, part)) = measured(judge) else { return Vec::new() };
    let of = |label: &str, share: Share, aim: f64| {
        let tone = match share.value() {
            Some(value) if value < aim => Tone::Doubt,
            Some(_) => Tone::Calm,
            None => Tone::Muted,
        };
        tile(label, value(share), format!("{}, aim {aim:.2}; {}", interval(share), name), tone)
    };
    let cost = judge.cost_usd.map_or_else(|| "–".to_owned(), dollars);
    let tokens = format!("{} tokens in, {} out", count(judge.input_tokens), count(judge.output_tokens));
    vec![
        of(&format!("Recall, {}", judge.name), part.all.recall, 0.8),
        of("Precision", part.all.precision, 0.95),
        of("Rectangles", part.findings.boxes, 0.9),
        tile("Undetermined", value(part.all.undetermined), interval(part.all.undetermined), Tone::Muted),
        of("Precision of what is decided", part.all.decided_precision, 1.0),
        tile(
            "Recall of what is decided",
            value(part.all.decided_recall),
            interval(part.all.decided_recall),
            Tone::Muted,
        ),
        tile(
            "Median time",
            seconds(judge.latency.median),
            format!("95 of 100 within {}", seconds(judge.latency.p95)),
            Tone::Muted,
        ),
        tile("Cost", cost, tokens, Tone::Muted),
    ]
}

fn parts(results: &Results) -> Table {
    let rows = results.judges.iter().flat_map(|judge| {
        judge.parts.iter().map(|(name, part)| {
            let mut row =
                vec![Cell::Detailed(name.clone(), judge.name.clone()), Cell::Number(count(part.pictures.into()))];
            row.extend(of_tally(part.all));
            row
        })
    });
    Table { caption: "All pictures of a part".to_owned(), columns: columns("Part"), rows: rows.collect() }
}

fn columns(first: &str) -> Vec<String> {
    [first, "Pictures", "Recall", "Precision", "Decided: recall", "Decided: precision", "Undetermined"]
        .map(str::to_owned)
        .to_vec()
}

fn of_tally(tally: Tally) -> Vec<Cell> {
    let shares = [tally.recall, tally.precision, tally.decided_recall, tally.decided_precision, tally.undetermined];
    shares.into_iter().map(told).collect()
}

fn told(share: Share) -> Cell {
    if share.of == 0 { Cell::Text("–".to_owned()) } else { Cell::Detailed(value(share), interval(share)) }
}

fn value(share: Share) -> String {
    share.value().map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}

fn interval(share: Share) -> String {
    share
        .interval()
        .map_or_else(String::new, |(low, high)| format!("{low:.2} to {high:.2}, {} of {}", share.hits, share.of))
}

fn of_part(judge: &OfJudge, name: &str, part: &Part, results: &Results) -> Markup {
    let whose = if results.judges.len() > 1 { format!("{name}, {}", judge.name) } else { name.to_owned() };
    html! {
        @if !part.categories.is_empty() { (section(&format!("Categories: {whose}"), true, &categories(part).markup())) }
        @if part.curve.len() > 1 && part.pictures > 20 { (section(&format!("Confidence: {whose}"), true, &curve(part).markup())) }
        @for (dimension, values) in &part.by {
            @if values.len() > 1 {
                (section(&format!("{}: {whose}", heading(dimension)), false, &bars(
                    "Share of pictures with personal data that are flagged",
                    &values.iter().map(|(value, tally)| bar(value, *tally)).collect::<Vec<_>>(),
                )))
            }
        }
    }
}

fn heading(dimension: &str) -> &str {
    match dimension {
        "kind" => "Kinds",
        "format" => "Formats",
        "language" => "Languages",
        "taken" => "How they were taken",
        "attack" => "Where orders stand",
        other => other,
    }
}

fn bar(name: &str, tally: Tally) -> Bar {
    let wrong = tally.precision.of - tally.precision.hits;
    let note = match (tally.recall.of, wrong) {
        (0, 0) => "none with personal data".to_owned(),
        (_, 0) => interval(tally.recall),
        _ => format!("{}; {} flagged for nothing", interval(tally.recall), count(wrong.into())),
    };
    Bar {
        label: name.to_owned(),
        note,
        amount: tally.recall.value().unwrap_or_default(),
        text: value(tally.recall),
        tone: if wrong > 0 { Tone::Doubt } else { Tone::Calm },
    }
}

fn categories(part: &Part) -> Table {
    let row = |name: &str, counted: &OfCategory| {
        vec![Cell::Text(name.to_owned()), told(counted.recall), told(counted.precision), told(counted.boxes)]
    };
    let mut rows = vec![row("all", &part.findings)];
    rows.extend(part.categories.iter().map(|(name, counted)| row(name, counted)));
    Table {
        caption: "Findings by what they are: of what is there, how much was told; of what was told, how much is there; of rectangles, \
                  how many are half one with the true one, or more"
            .to_owned(),
        columns: ["Category", "Recall", "Precision", "Rectangles"].map(str::to_owned).to_vec(),
        rows,
    }
}

fn curve(part: &Part) -> Lines {
    let line = |name: &str, tone, of: fn(&crate::results::Point) -> Share| Line {
        name: name.to_owned(),
        tone,
        amounts: part.curve.iter().map(|point| of(point).value()).collect(),
    };
    let half = part.curve.iter().find(|point| point.confidence >= 0.9);
    let alternative = half.map_or_else(String::new, |point| {
        format!("At a confidence of 0.9, recall is {} and precision {}.", value(point.recall), value(point.precision))
    });
    Lines {
        caption: "Recall and precision by the least confidence that counts (MINIMUM_CONFIDENCE)".to_owned(),
        alternative,
        axis: "Confidence".to_owned(),
        points: part.curve.iter().map(|point| format!("{:.2}", point.confidence)).collect(),
        lines: vec![
            line("Recall", Tone::Calm, |point| point.recall),
            line("Precision", Tone::Doubt, |point| point.precision),
        ],
        format: |share| format!("{share:.2}"),
    }
}
