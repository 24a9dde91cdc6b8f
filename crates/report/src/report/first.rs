//! What is read first: the numbers, and what waits for somebody.

use maud::{Markup, html};

use crate::figures::{DeadLetters, Figures, Tally};
use crate::page::{Tile, Tone, count, dollars, percent, plural, seconds};

pub(super) fn numbers(figures: &Figures) -> Vec<Tile> {
    let Tally { pii, undetermined, .. } = figures.verdicts;
    let judged = figures.verdicts.all();
    let tone = |number: u64, tone| if number > 0 { tone } else { Tone::Muted };
    let tile = |label: &str, value: String, note: String, tone| Tile { label: label.to_owned(), value, note, tone };
    let cost = match figures.cost_usd {
        None if figures.models.is_empty() => dollars(0.0),
        None => "not known".to_owned(),
        Some(usd) => dollars(usd),
    };
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let each = figures
        .cost_usd
        .filter(|_| judged > 0)
        .map(|usd| format!("{} for a thousand", dollars(usd * 1000.0 / judged as f64)));
    let took = figures.latency.map_or_else(|| "–".to_owned(), |latency| seconds(latency.median));
    let slowest = figures.latency.map(|latency| format!("99 of 100 within {}", seconds(latency.p99)));
    vec![
        tile("Uploads judged", count(judged), format!("of {}", plural(figures.events, "event", "events")), Tone::Calm),
        tile(
            "Personal data or secrets",
            count(pii),
            format!("{} of uploads", percent(pii, judged)),
            tone(pii, Tone::Alarm),
        ),
        tile(
            "Undetermined",
            count(undetermined),
            format!("{} of uploads", percent(undetermined, judged)),
            tone(undetermined, Tone::Doubt),
        ),
        tile(
            "Audits that failed",
            count(figures.failed()),
            "each can be replayed".to_owned(),
            tone(figures.failed(), Tone::Alarm),
        ),
        tile("Spend on models", cost, each.unwrap_or_default(), Tone::Muted),
        tile("Median time", took, slowest.unwrap_or_default(), Tone::Muted),
        tile("Brought back", count(figures.restores.len() as u64), "out of quarantine".to_owned(), Tone::Muted),
        match &figures.dead_letters {
            DeadLetters::Waiting(why) => {
                let waiting = why.iter().map(|why| why.count).sum();
                tile("Dead letters", count(waiting), "wait in the queue now".to_owned(), tone(waiting, Tone::Alarm))
            }
            DeadLetters::Unread(_) => tile("Dead letters", "not known".to_owned(), String::new(), Tone::Doubt),
        },
    ]
}

/// What somebody should look at, and by which command.
pub(super) fn to_do(figures: &Figures) -> Markup {
    let stack = shell(&figures.stack);
    let still_there = figures.unacted.pii;
    let other_unacted = figures.unacted.all() - still_there;
    let (dead, unread) = match &figures.dead_letters {
        DeadLetters::Waiting(why) => (why.iter().map(|why| why.count).sum(), 0),
        DeadLetters::Unread(_) => (0, 1),
    };
    let undetermined = figures.verdicts.undetermined;
    let all = [
        (
            still_there,
            Tone::Alarm,
            format!(
                "{} could not be acted on and may still be there.",
                plural(still_there, "object with personal data", "objects with personal data")
            ),
            format!("warden ledger find --stack {stack} --status failed --verdict pii"),
        ),
        (
            other_unacted,
            Tone::Doubt,
            format!(
                "{} in which no personal data was found could not be tagged or moved as the policy says.",
                plural(other_unacted, "object", "objects")
            ),
            format!("warden ledger find --stack {stack} --status failed"),
        ),
        (
            figures.failed(),
            Tone::Alarm,
            format!(
                "{} failed. Replay the events once what failed them is mended.",
                plural(figures.failed(), "audit", "audits")
            ),
            format!("warden ledger find --stack {stack} --status failed"),
        ),
        (
            dead,
            Tone::Alarm,
            format!("{} could not be delivered.", plural(dead, "event", "events")),
            format!("warden deadletters list --stack {stack}"),
        ),
        (
            figures.never_ended,
            Tone::Alarm,
            format!(
                "{} claimed more than an hour before and never came to an end.",
                plural(figures.never_ended, "event was", "events were")
            ),
            format!("warden ledger find --stack {stack} --status claimed"),
        ),
        (
            figures.reopened,
            Tone::Doubt,
            format!("{} reopened, and not replayed since.", plural(figures.reopened, "event was", "events were")),
            format!("warden ledger find --stack {stack} --status failed"),
        ),
        (
            undetermined,
            Tone::Doubt,
            format!("{} could not be judged. Somebody should look.", plural(undetermined, "upload", "uploads")),
            format!("warden ledger find --stack {stack} --verdict undetermined"),
        ),
        (
            unread,
            Tone::Doubt,
            "Whether events wait in the dead-letter queue is not known.".to_owned(),
            format!("warden deadletters list --stack {stack}"),
        ),
        (
            figures.unreadable,
            Tone::Doubt,
            format!(
                "{} by another version and not counted.",
                plural(figures.unreadable, "record was written", "records were written")
            ),
            String::new(),
        ),
    ];
    let open: Vec<_> = all.into_iter().filter(|(number, ..)| *number > 0).collect();
    html! {
        @if open.is_empty() { p { "Nothing." } } @else {
            ul.todo {
                @for (_, tone, text, command) in &open {
                    li.alarm[*tone == Tone::Alarm] { (text) @if !command.is_empty() { code { (command) } } }
                }
            }
        }
    }
}

/// A stack's name in a command: AWS lets it have nothing that a shell would read, and a page may be asked of anything.
pub(super) fn shell(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:/.".contains(&byte);
    if !name.is_empty() && name.bytes().all(plain) { name.to_owned() } else { "STACK".to_owned() }
}
