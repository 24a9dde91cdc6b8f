//! The page of figures.

use maud::{Markup, html};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use warden_core::pii::{Category, Reason};

use crate::figures::{Count, DeadLetters, Figures, Interval, Step, Tally};
use crate::page::{
    Bar, Cell, Column, Columns, Frame, Line, Lines, Table, Tile, Tone, bars, count, dollars, percent, plural, seconds,
    section, tiles,
};

/// How many rows a list has at most; what is left out is said.
const ROWS: usize = 12;
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
        (tiles(&numbers(figures)))
        (section("What waits for you", true, &to_do(figures)))
        @if figures.verdicts.all() > 0 {
            (section(&format!("Uploads {}", per(figures)), true, &uploads(figures).markup()))
            (section("Verdicts", false, &verdicts(figures)))
            (section("What was done", false, &actions(figures)))
            (section("What was found", false, &listed("Objects in which something of a category was found", &figures.categories, Tone::Alarm, category)))
            (section("Why nobody could tell", false, &undetermined(figures)))
            @if !figures.uploaders.is_empty() { (section("Who uploads what is found", true, &uploaders(figures))) }
            @if !figures.found.is_empty() { (section("Found last", true, &found(figures))) }
        }
        @if figures.events > 0 {
            (section("Threat levels", false, &threat_levels(figures)))
            (section("Rules that matched", false, &listed("Events that a Sigma rule matched", &figures.rules, Tone::Plain, |_| "")))
        }
        @if !figures.models.is_empty() { (section("Spend on models", true, &spend(figures))) }
        @if figures.latency.is_some() { (section("How long an audit takes", true, &latency(figures).markup())) }
        @if !figures.backfills.is_empty() { (section("Backfills", true, &backfills(figures))) }
        @if !figures.restores.is_empty() { (section("Brought back", true, &restores(figures))) }
        @if !figures.failures.is_empty() { (section("Audits that failed", true, &failures(figures))) }
        (section("Dead letters", figures.silenced.is_empty(), &dead_letters(figures)))
        @if !figures.silenced.is_empty() {
            (section("Silenced mail", false, &listed("Alerts that an exception kept out of the mail", &figures.silenced, Tone::Muted, |_| "")))
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
        pii => format!(
            "{} held personal data or a secret.",
            capital(&format!("{} ({})", count(pii), percent(pii, judged)))
        ),
    };
    let doubt = match undetermined {
        0 => String::new(),
        1 => " Of one, nobody could tell.".to_owned(),
        many => format!(" Of {}, nobody could tell.", count(many)),
    };
    format!("{} {} judged. {found}{doubt}", count(judged), verb(judged))
}

fn foot(figures: &Figures) -> String {
    let keys = if figures.keys {
        "Keys of objects are shown in full: treat this page as what it tells of."
    } else {
        "Keys of objects are not shown in full; warden report --keys shows them."
    };
    format!(
        "Made by warden report of the ledger's records that were claimed in this time. {keys} It loads nothing, and runs nothing."
    )
}

fn numbers(figures: &Figures) -> Vec<Tile> {
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
fn to_do(figures: &Figures) -> Markup {
    let stack = shell(&figures.stack);
    let still_there = figures
        .actions
        .iter()
        .filter(|action| action.name.ends_with("_failed"))
        .map(|action| action.count)
        .sum::<u64>();
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
            format!("{} could start no execution.", plural(dead, "event", "events")),
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

/// A verdict's name, colour and number.
type Shown = (&'static str, Tone, fn(&Tally) -> u64);

/// The verdicts in the order in which they are shown.
const VERDICTS: [Shown; 4] = [
    ("Personal data or a secret", Tone::Alarm, |tally| tally.pii),
    ("Undetermined", Tone::Doubt, |tally| tally.undetermined),
    ("Clean", Tone::Calm, |tally| tally.clean),
    ("No image, or gone", Tone::Muted, |tally| tally.not_image + tally.gone),
];

fn uploads(figures: &Figures) -> Columns {
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

fn columns(figures: &Figures, amounts: impl Fn(&Interval) -> Vec<f64>) -> Vec<Column> {
    let column = |interval| Column { label: label(interval, figures), amounts: amounts(interval) };
    figures.intervals.iter().map(column).collect()
}

fn verdicts(figures: &Figures) -> Markup {
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

fn actions(figures: &Figures) -> Markup {
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

fn undetermined(figures: &Figures) -> Markup {
    html! {
        (listed("Reasons of undetermined verdicts", &figures.undetermined, Tone::Doubt, reason))
        @if !figures.undetermined.is_empty() { p.note { "Each is explained in docs/errors.md." } }
    }
}

fn threat_levels(figures: &Figures) -> Markup {
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

/// What a category of findings is.
fn category(name: &str) -> &'static str {
    Category::named(name).map_or("", Category::meaning)
}

/// What a reason for an undetermined verdict means.
fn reason(name: &str) -> &'static str {
    Reason::all().find(|reason| reason.as_str() == name).map_or("", Reason::meaning)
}

/// Counts as bars, the first of them, with what their names mean.
fn listed(caption: &str, counts: &[Count], tone: Tone, meaning: fn(&str) -> &'static str) -> Markup {
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

fn left_out(all: usize) -> Markup {
    html! { @if all > ROWS { p.note { (plural((all - ROWS) as u64, "more is", "more are")) " not shown; --output json has all." } } }
}

fn uploaders(figures: &Figures) -> Markup {
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

fn found(figures: &Figures) -> Markup {
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

fn spend(figures: &Figures) -> Markup {
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
            p { "No record says what its model cost: the stack's parameter PiiDetectorTokenPrices is not set." }
        }
        (models.markup())
    }
}

fn latency(figures: &Figures) -> Lines {
    let line = |name: &str, tone, of: fn(&crate::figures::Latency) -> f64| Line {
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
    fn of(latency: crate::figures::Latency) -> Self {
        Self { median: seconds(latency.median), p99: seconds(latency.p99), longest: seconds(latency.longest) }
    }
}

fn backfills(figures: &Figures) -> Markup {
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

fn restores(figures: &Figures) -> Markup {
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

fn failures(figures: &Figures) -> Markup {
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

fn dead_letters(figures: &Figures) -> Markup {
    match &figures.dead_letters {
        DeadLetters::Waiting(why) if why.is_empty() => html! { p { "No event waits in the queue." } },
        DeadLetters::Waiting(why) => {
            listed("Why events that wait now could start no execution", why, Tone::Alarm, |_| "")
        }
        DeadLetters::Unread(why) => html! { p { "The queue could not be read: " bdi { (why) } } },
    }
}

fn table(caption: &str, columns: &[&str], rows: impl Iterator<Item = Vec<Cell>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { caption: caption.to_owned(), columns, rows: rows.collect() }
}

/// Who did something: of an ARN what comes after the account, above the whole.
fn actor(arn: &str) -> Cell {
    match arn.rsplit_once(':') {
        Some((_, name)) if arn.starts_with("arn:") && !name.is_empty() => {
            Cell::Detailed(name.to_owned(), arn.to_owned())
        }
        _ => Cell::Text(or_unknown(arn)),
    }
}

fn or_unknown(text: &str) -> String {
    if text.is_empty() { "unknown".to_owned() } else { text.to_owned() }
}

/// A name that programs use, as words.
fn words(name: &str) -> String {
    name.replace('_', " ").to_lowercase()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A stack's name in a command: AWS lets it have nothing that a shell would read, and a page may be asked of anything.
fn shell(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:/.".contains(&byte);
    if !name.is_empty() && name.bytes().all(plain) { name.to_owned() } else { "STACK".to_owned() }
}

#[expect(clippy::cast_precision_loss, reason = "what is drawn needs few digits")]
const fn float(number: u64) -> f64 {
    number as f64
}

/// "per day", for headings.
fn per(figures: &Figures) -> &'static str {
    match figures.period.step() {
        Step::Minute => "per minute",
        Step::Hour => "per hour",
        Step::Day => "per day",
        Step::Week => "per week",
    }
}

fn axis(figures: &Figures) -> &'static str {
    match figures.period.step() {
        Step::Minute => "Minute",
        Step::Hour => "Hour",
        Step::Day => "Day",
        Step::Week => "Week from",
    }
}

/// "on", before the label of a part of the period.
fn within(figures: &Figures) -> &'static str {
    match figures.period.step() {
        Step::Minute | Step::Hour => "from",
        Step::Day => "on",
        Step::Week => "in the week from",
    }
}

/// What stands below a part of the period.
fn label(interval: &Interval, figures: &Figures) -> String {
    let Ok(at) = OffsetDateTime::parse(&interval.from, &Rfc3339) else { return interval.from.clone() };
    match figures.period.step() {
        Step::Minute | Step::Hour => format!("{} {:02}:{:02}", day(at), at.hour(), at.minute()),
        Step::Day | Step::Week => day(at),
    }
}

fn day(at: OffsetDateTime) -> String {
    format!("{} {}", at.day(), at.month().to_string().get(..3).unwrap_or_default())
}

fn moment(at: OffsetDateTime) -> String {
    format!("{} {} {}, {:02}:{:02}", at.day(), at.month(), at.year(), at.hour(), at.minute())
}

fn parsed(text: &str) -> String {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_or_else(|_| text.to_owned(), |at| format!("{} {:02}:{:02}", day(at), at.hour(), at.minute()))
}
