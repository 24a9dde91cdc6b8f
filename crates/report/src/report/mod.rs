//! The page of figures.

mod first;
mod lists;
mod objects;
mod operation;
mod words;

use maud::html;

use crate::figures::{Figures, Tally};
use crate::page::{Frame, count, percent, plural, section, tiles};
use words::{moment, per};

const KIND: &str = "Security audit report";

/// One page of HTML that shows the figures of a period. It stands alone: no script, no network.
#[must_use]
pub fn report(figures: &Figures) -> String {
    let (since, until) = (figures.period.since(), figures.period.until());
    let frame = Frame {
        title: &figures.stack,
        kind: KIND,
        subtitle: &format!("{} to {}, UTC", moment(since), moment(until)),
        lead: &lead(figures),
        foot: &foot(figures),
    };
    frame.page(&html! {
        (tiles(&first::numbers(figures)))
        (section("What waits for you", true, &first::to_do(figures)))
        @if figures.verdicts.all() > 0 {
            (section(&format!("Uploads {}", per(figures)), true, &objects::uploads(figures).markup()))
            (section("Verdicts", false, &objects::verdicts(figures)))
            (section("What was done", false, &objects::actions(figures)))
            (section("What was found", false, &objects::categories(figures)))
            (section("Why nobody could tell", false, &objects::undetermined(figures)))
            @if !figures.uploaders.is_empty() { (section("Who uploads what is found", true, &objects::uploaders(figures))) }
            @if !figures.found.is_empty() { (section("Found last", true, &objects::found(figures))) }
        }
        @if figures.events > 0 {
            (section("Threat levels", false, &operation::threat_levels(figures)))
            (section("Rules that matched", false, &operation::rules(figures)))
        }
        @if !figures.models.is_empty() { (section("Spend on models", true, &operation::spend(figures))) }
        @if figures.latency.is_some() { (section("How long an audit takes", true, &operation::latency(figures).markup())) }
        @if !figures.backfills.is_empty() { (section("Backfills", true, &objects::backfills(figures))) }
        @if !figures.restores.is_empty() { (section("Brought back", true, &objects::restores(figures))) }
        @if !figures.failures.is_empty() { (section("Audits that failed", true, &operation::failures(figures))) }
        (section("Dead letters", figures.silenced.is_empty(), &operation::dead_letters(figures)))
        @if !figures.silenced.is_empty() {
            (section("Silenced mail", false, &operation::silenced(figures)))
        }
    })
}

/// The whole in a sentence or two.
fn lead(figures: &Figures) -> String {
    let Tally { pii, undetermined, .. } = figures.verdicts;
    let judged = figures.verdicts.all();
    if figures.events == 0 {
        return "No event was audited in this time.".to_owned();
    }
    if judged == 0 {
        let events = plural(figures.events, "event was", "events were");
        return format!("{events} audited. None was an upload that is judged.");
    }
    let verb = |number| if number == 1 { "upload was" } else { "uploads were" };
    let found = match pii {
        0 => "None held personal data or a secret.".to_owned(),
        pii => format!("{} ({}) held personal data or a secret.", count(pii), percent(pii, judged)),
    };
    let doubt = match undetermined {
        0 => String::new(),
        1 => " One could not be judged.".to_owned(),
        many => format!(" {} could not be judged.", count(many)),
    };
    format!("{} {} judged. {found}{doubt}", count(judged), verb(judged))
}

fn foot(figures: &Figures) -> String {
    let keys = if figures.keys {
        "Keys of objects are shown in full: treat this page as you would treat the objects."
    } else {
        "Keys of objects are not shown in full; warden report --keys shows them."
    };
    format!(
        "Made by warden report of the ledger's records that were claimed in this time. {keys} It loads nothing, and runs nothing."
    )
}
