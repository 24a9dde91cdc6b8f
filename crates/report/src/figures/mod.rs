//! What is counted of a period.

mod counted;
mod counts;
mod entry;
mod key;
mod latency;
mod period;

use serde::Serialize;
use serde_json::{Map, Value};

use counted::Counted;
pub use counts::Count;
use counts::Counts;
use entry::{Entry, Verdict};
pub use latency::Latency;
pub use period::{Period, Step};

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The stack, for the title and for commands.
    pub stack: String,
    /// The period in which events were claimed.
    pub period: Period,
    /// Whether keys of objects are shown in full. They may say whose picture it is.
    pub keys: bool,
    /// What waits in the dead-letter queue.
    pub dead_letters: DeadLetters,
}

/// What is known of the dead-letter queue. It has no part in the period: it is what waits now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetters {
    /// Why each event that waits there could not be delivered.
    Waiting(Vec<Count>),
    /// It could not be read, and why.
    Unread(String),
}

impl DeadLetters {
    /// Those that were received, by why each could not be delivered.
    #[must_use]
    pub fn waiting<'a>(reasons: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut counts = Counts::default();
        for reason in reasons {
            counts.add(reason.unwrap_or("no reason given"));
        }
        Self::Waiting(counts.largest_first())
    }
}

/// What became of the events of a period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The stack.
    pub stack: String,
    /// The period in which the events were claimed.
    pub period: Period,
    /// Whether keys are shown in full.
    pub keys: bool,
    /// How many events have a record, those under way included.
    pub events: u64,
    /// Records that hold something that no record of this version does; they are not counted anywhere else.
    pub unreadable: u64,
    /// What was said of all objects that were judged.
    pub verdicts: Tally,
    /// The same in parts of the period, the oldest first.
    pub intervals: Vec<Interval>,
    /// How many objects held something of each category.
    pub categories: Vec<Count>,
    /// What was done to objects that were judged.
    pub actions: Vec<Count>,
    /// What was said of objects to which something was to be done, and could not be.
    pub unacted: Tally,
    /// What was brought back out of quarantine, the newest first.
    pub restores: Vec<Restore>,
    /// How many events each rule matched.
    pub rules: Vec<Count>,
    /// How many events had each threat level, the gravest first.
    pub threat_levels: Vec<Count>,
    /// Who uploaded what personal data was found in, or nobody could judge.
    pub uploaders: Vec<Uploader>,
    /// What each model was asked.
    pub models: Vec<ModelUse>,
    /// What the models that judged cost, in US dollars; none where no record says.
    pub cost_usd: Option<f64>,
    /// How long audits took that came to their end.
    pub latency: Option<Latency>,
    /// Why nobody could tell.
    pub undetermined: Vec<Count>,
    /// Where audits failed, and with what.
    pub failures: Vec<Failure>,
    /// Events that were reopened, and that no replay has taken up since.
    pub reopened: u64,
    /// Events that were claimed an hour or longer before the period's end, and never came to theirs.
    pub never_ended: u64,
    /// Backfills, the largest first. Their objects count everywhere else, too.
    pub backfills: Vec<Backfill>,
    /// Exceptions, and how many mails each silenced.
    pub silenced: Vec<Count>,
    /// In which objects personal data was found, the newest first; at most 10.
    pub found: Vec<Found>,
    /// What waits in the dead-letter queue.
    pub dead_letters: DeadLetters,
}

/// How many objects got each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// They hold personal data, or a secret.
    pub pii: u64,
    /// Nobody could tell.
    pub undetermined: u64,
    /// They hold none.
    pub clean: u64,
    /// They are no images.
    pub not_image: u64,
    /// They were gone before they were read.
    pub gone: u64,
}

/// A part of the period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// When it begins, RFC 3339.
    pub from: String,
    /// What was said of objects.
    pub verdicts: Tally,
    /// What the models that judged cost, in US dollars.
    pub cost_usd: f64,
    /// How long audits took that came to their end.
    pub latency: Option<Latency>,
}

/// Something that was brought back out of quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restore {
    /// When, RFC 3339.
    pub at: String,
    /// What.
    pub object: String,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Somebody who uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uploader {
    /// Who.
    pub actor: String,
    /// What was said of their uploads.
    pub verdicts: Tally,
    /// What was found in them.
    pub categories: Vec<Count>,
}

/// What became of the objects of a backfill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backfill {
    /// Its id.
    pub id: String,
    /// What was said of its objects.
    pub verdicts: Tally,
    /// How many of its audits failed.
    pub failed: u64,
}

/// What a model was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ModelUse {
    /// The model's id.
    pub model: String,
    /// How many objects it judged.
    pub objects: u64,
    /// Tokens into it.
    pub input_tokens: u64,
    /// Tokens out of it.
    pub output_tokens: u64,
    /// What they cost, in US dollars; none where no record says.
    pub cost_usd: Option<f64>,
}

/// Audits that failed alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Failure {
    /// The state in which they failed.
    pub state: String,
    /// The error's name.
    pub error: String,
    /// How many they are.
    pub events: u64,
}

/// An object in which personal data was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// When it was reported, RFC 3339.
    pub at: String,
    /// The object; its key in full only if that was asked for.
    pub object: String,
    /// The event's id, by which `warden ledger show` finds its record.
    pub event: String,
    /// What was found.
    pub categories: Vec<String>,
    /// What was done.
    pub action: String,
}

impl Tally {
    /// All that got a verdict.
    #[must_use]
    pub const fn all(self) -> u64 {
        self.pii + self.undetermined + self.clean + self.not_image + self.gone
    }

    const fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pii => self.pii += 1,
            Verdict::Undetermined => self.undetermined += 1,
            Verdict::Clean => self.clean += 1,
            Verdict::NotImage => self.not_image += 1,
            Verdict::Gone => self.gone += 1,
            Verdict::None => {}
        }
    }
}

/// Figures while records are counted: it holds none of them.
pub struct Counting<'a> {
    asked: &'a Asked,
    counted: Counted,
}

impl<'a> Counting<'a> {
    /// No records yet.
    #[must_use]
    pub fn new(asked: &'a Asked) -> Self {
        Self { asked, counted: Counted::new(&asked.period) }
    }

    /// Counts a record of the ledger, if it was claimed in the period that is asked for.
    pub fn add(&mut self, record: &Map<String, Value>) {
        match Entry::read(record) {
            Some(entry) => self.counted.add(&entry, self.asked),
            None => self.counted.unreadable += 1,
        }
    }

    /// The figures of those that were counted.
    #[must_use]
    pub fn figures(self) -> Figures {
        self.counted.figures(self.asked)
    }
}

impl Figures {
    /// Counts the records of the ledger that were claimed in the period that is asked for.
    #[must_use]
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Map<String, Value>>, asked: &Asked) -> Self {
        let mut counting = Counting::new(asked);
        for record in records {
            counting.add(record);
        }
        counting.figures()
    }

    /// How many audits failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.iter().map(|failure| failure.events).sum()
    }
}
