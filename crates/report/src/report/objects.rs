//! What was said of objects, what was done to them, and who uploaded them.

use maud::{Markup, html};
use warden_core::pii::{Category, Reason};

use super::lists::{ROWS, actor, left_out, listed, table};
use super::words::{axis, capital, columns, float, label, parsed, per, within, words};
use crate::figures::{Count, Figures, Tally};
use crate::page::{Bar, Cell, Columns, Tone, bars, count, percent};

/// A verdict's name, colour and number.
type Shown = (&'static str, Tone, fn(&Tally) -> u64);

/// The verdicts in the order in which they are shown.
const VERDICTS: [Shown; 4] = [
    ("Personal data or a secret", Tone::Alarm, |tally| tally.pii),
    ("Undetermined", Tone::Doubt, |tally| tally.undetermined),
    ("Clean", Tone::Calm, |tally| tally.clean),
    ("No image, or gone", Tone::Muted, |tally| tally.not_image + tally.gone),
];

pub(super) fn uploads(figures: &Figures) -> Columns {
    let busiest = figures.intervals.iter().max_by_key(|interval| interval.verdicts.all());
    let busiest = busiest.map_or_else(String::new, |busiest| {
        format!(" Most were judged {} {}: {}.", within(figures), label(busiest, figures), count(busiest.verdicts.all()))
    });
    let totals = VERDICTS.map(|(name, _, of)| format!("{}: {}", name, count(of(&figures.verdicts)))).join(", ");
    Columns {
        caption: "Objects that were judged, by verdict".to_owned(),
        alternative: format!("Columns: objects judged {}, by verdict. In all {totals}.{busiest}", per(figures)),
        axis: axis(figures).to_owned(),
        series: VERDICTS.map(|(name, tone, _)| (name.to_owned(), tone)).to_vec(),
        columns: columns(figures, |interval| VERDICTS.map(|(_, _, of)| float(of(&interval.verdicts))).to_vec()),
        format: |amount| if amount.fract() > 0.0 { String::new() } else { format!("{amount:.0}") },
    }
}

pub(super) fn verdicts(figures: &Figures) -> Markup {
    let Tally { not_image, gone, .. } = figures.verdicts;
    let note = |name: &str| match name {
        "No image, or gone" if gone > 0 => {
            format!("{} no images, {} gone before they were read", count(not_image), count(gone))
        }
        _ => String::new(),
    };
    let rows = VERDICTS.iter().map(|(name, tone, of)| {
        let number = of(&figures.verdicts);
        let text = format!("{}, {}", count(number), percent(number, figures.verdicts.all()));
        Bar { label: (*name).to_owned(), note: note(name), amount: float(number), text, tone: *tone }
    });
    bars("What was said of the objects", &rows.collect::<Vec<_>>())
}

pub(super) fn actions(figures: &Figures) -> Markup {
    let rows = figures.actions.iter().map(|Count { name, count: number }| {
        let (tone, note) = match name.as_str() {
            "deleted" => (Tone::Alarm, "the version that was judged, for good"),
            "quarantined" => (Tone::Alarm, "can be brought back"),
            "tagged" => (Tone::Calm, "the verdict is a tag of the object"),
            "kept" => (Tone::Calm, ""),
            "none" => (Tone::Muted, "there was nothing to do"),
            _ => (Tone::Doubt, "the object may still be as it was"),
        };
        Bar { label: capital(&words(name)), note: note.to_owned(), amount: float(*number), text: count(*number), tone }
    });
    bars("What became of the objects", &rows.collect::<Vec<_>>())
}

pub(super) fn categories(figures: &Figures) -> Markup {
    listed("Objects in which something of a category was found", &figures.categories, Tone::Alarm, category)
}

/// What a category of findings is.
fn category(name: &str) -> &'static str {
    Category::named(name).map_or("", Category::meaning)
}

pub(super) fn found(figures: &Figures) -> Markup {
    let rows = figures.found.iter().map(|found| {
        vec![
            Cell::Text(parsed(&found.at)),
            Cell::Detailed(found.object.clone(), format!("event {}", found.event)),
            Cell::Text(found.categories.join(", ")),
            Cell::Text(words(&found.action)),
        ]
    });
    let caption =
        "The newest objects that held personal data or a secret; warden ledger show has the record of an event's id";
    table(caption, &["When", "Object", "What", "Done"], rows).markup()
}

/// What a reason for an undetermined verdict means.
fn reason(name: &str) -> &'static str {
    Reason::all().find(|reason| reason.as_str() == name).map_or("", Reason::meaning)
}

pub(super) fn undetermined(figures: &Figures) -> Markup {
    html! {
        (listed("Reasons of undetermined verdicts", &figures.undetermined, Tone::Doubt, reason))
        @if !figures.undetermined.is_empty() { p.note { "Each is explained in docs/errors.md." } }
    }
}

pub(super) fn uploaders(figures: &Figures) -> Markup {
    let rows = figures.uploaders.iter().take(ROWS).map(|uploader| {
        let categories: Vec<_> = uploader.categories.iter().take(3).map(|one| one.name.as_str()).collect();
        vec![
            actor(&uploader.actor),
            Cell::Number(count(uploader.verdicts.all())),
            Cell::Number(count(uploader.verdicts.pii)),
            Cell::Number(percent(uploader.verdicts.pii, uploader.verdicts.all())),
            Cell::Number(count(uploader.verdicts.undetermined)),
            Cell::Text(if categories.is_empty() { "–".to_owned() } else { categories.join(", ") }),
        ]
    });
    let table = table(
        "Those in whose uploads something was found, or which nobody could judge",
        &["Who", "Uploads", "Found in", "Share", "Undetermined", "Mostly"],
        rows,
    );
    html! { (table.markup()) (left_out(figures.uploaders.len())) }
}

pub(super) fn restores(figures: &Figures) -> Markup {
    let rows = figures.restores.iter().take(ROWS).map(|restore| {
        vec![
            Cell::Text(parsed(&restore.at)),
            Cell::Text(restore.object.clone()),
            actor(&restore.by),
            Cell::Text(restore.reason.clone()),
        ]
    });
    let table = table(
        "Objects that were brought back out of quarantine, the newest first",
        &["When", "Object", "By", "Why"],
        rows,
    );
    html! { (table.markup()) (left_out(figures.restores.len())) }
}

pub(super) fn backfills(figures: &Figures) -> Markup {
    let rows = figures.backfills.iter().take(ROWS).map(|backfill| {
        let Tally { pii, undetermined, .. } = backfill.verdicts;
        vec![
            Cell::Code(backfill.id.clone()),
            Cell::Number(count(backfill.verdicts.all())),
            Cell::Number(count(pii)),
            Cell::Number(count(undetermined)),
            Cell::Number(count(backfill.failed)),
        ]
    });
    let columns = ["Backfill", "Judged", "Found in", "Undetermined", "Failed"];
    let table =
        table("What became of the objects of each backfill; they count in all of the above, too", &columns, rows);
    html! { (table.markup()) (left_out(figures.backfills.len())) }
}
