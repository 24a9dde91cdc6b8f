//! What people and machines are told of an audited event.

mod chat;
mod console;
mod letter;
mod ocsf;
mod record;
mod told;
mod words;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{LedgerKey, text::one_line};
use crate::{pii::Verdict, threat::ThreatLevel};
pub use console::Links;
use letter::Letter;
pub use record::Record;
pub(super) use told::Source;
use told::Told;
pub use words::Language;

/// Most characters of a subject: SNS takes fewer than 100.
const MAX_SUBJECT_CHARS: usize = 99;
/// Most characters of any fact: a key has at most 1,024 bytes, a summary is the longest.
pub(super) const MAX_FACT_CHARS: usize = 4_000;
/// Most bytes of an alert with its record, alert-composer's longest answer. SNS takes 256 KB of a message, all protocols
/// together, and Step Functions 256 KiB of a state's output: this leaves half, for what else stands in it.
pub(crate) const MAX_ANSWER_BYTES: usize = 120_000;

/// What is published of an audited event, and what is kept of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// Printable ASCII, under 100 characters, as SNS wants it.
    pub subject: String,
    /// The letter for people. A fact fills one line, whatever it holds.
    pub message: String,
    /// A text for each protocol, as `sns:Publish` takes them with `MessageStructure`: a JSON object.
    pub protocols: String,
    /// What subscriptions filter by.
    pub attributes: Attributes,
    /// The same for machines: the execution's output.
    pub record: Record,
    /// The key of the event's record in the ledger, unless nobody could claim it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<LedgerKey>,
    /// What the ledger keeps under it, as attributes of `DynamoDB`.
    pub item: Map<String, Value>,
    /// Whether the audit could not go on.
    pub failed: bool,
}

/// The message's attributes, as `sns:Publish` takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attributes {
    /// `low`, `medium` or `high`.
    pub threat_level: Attribute,
    /// A [`Verdict`], or `none`.
    pub verdict: Attribute,
    /// A [`Taken`](super::Taken).
    pub action: Attribute,
    /// Whether the audit failed: `true` or `false`.
    pub failure: Attribute,
    /// Whether an exception silences mail and chat: `true` or `false`.
    pub silenced: Attribute,
    /// The categories of what was found, or `none`: a list, of which a filter takes any.
    pub category: Attribute,
    /// The account in which it happened, or `unknown`.
    pub account: Attribute,
    /// The Region in which it happened, or `unknown`.
    pub region: Attribute,
    /// What a message reports that is no alert of one event, such as `backfill`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Attribute>,
}

impl Attributes {
    /// Each with its name.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Attribute)> {
        let Self { threat_level, verdict, action, failure, silenced, category, account, region, report } = self;
        let each = [
            ("threat_level", threat_level),
            ("verdict", verdict),
            ("action", action),
            ("failure", failure),
            ("silenced", silenced),
            ("category", category),
            ("account", account),
            ("region", region),
        ];
        each.into_iter().chain(report.as_ref().map(|report| ("report", report)))
    }

    /// Those of a report of many events, which nothing silences.
    pub(crate) fn of_report(level: ThreatLevel, report: Attribute) -> Self {
        let none = || Attribute::new("none");
        Self {
            threat_level: Attribute::new(level.as_str()),
            verdict: none(),
            action: none(),
            failure: Attribute::new("false"),
            silenced: Attribute::new("false"),
            category: Attribute::list(&["none".to_owned()]),
            account: Attribute::new("unknown"),
            region: Attribute::new("unknown"),
            report: Some(report),
        }
    }
}

/// One attribute: a text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    data_type: &'static str,
    string_value: String,
}

impl Attribute {
    pub(crate) fn new(value: &str) -> Self {
        Self { data_type: "String", string_value: value.to_owned() }
    }

    fn list(values: &[String]) -> Self {
        Self { data_type: "String.Array", string_value: json!(values).to_string() }
    }

    /// The name of the value's type, as SNS knows it.
    #[must_use]
    pub const fn data_type(&self) -> &str {
        self.data_type
    }

    /// The attribute's value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.string_value
    }
}

impl Alert {
    /// Facts are cut further where the whole would be too large.
    pub(super) fn new(source: Source<'_>, item: Map<String, Value>) -> Self {
        let mut alert = Self::within(source, MAX_FACT_CHARS, item);
        for most in [1_000, 200, 50] {
            if serde_json::to_vec(&alert).is_ok_and(|answer| answer.len() <= MAX_ANSWER_BYTES) {
                break;
            }
            alert = Self::within(source, most, alert.item);
        }
        alert
    }

    fn within(source: Source<'_>, most: usize, item: Map<String, Value>) -> Self {
        let told = Told::new(source, most);
        let record = Record::new(&told);
        let subject = subject(&told, &record);
        let message = Letter::new(&told).text();
        let machines = record::ForMachines {
            record: &record,
            text: &message,
            ocsf: ocsf::finding(&told, &record),
            chat: chat::notification(&told, &record, &subject),
        };
        // Nothing in it fails to be written: every key is a text.
        let machines = serde_json::to_string(&machines).unwrap_or_default();
        // Machines take the default: it stands once, and facts need not be cut for copies of it.
        let protocols = json!({"default": machines, "email": message, "sms": subject});
        Self {
            subject,
            message,
            protocols: protocols.to_string(),
            attributes: attributes(&told),
            record,
            key: None,
            item,
            failed: told.failed(),
        }
    }
}

/// In English, whatever the language: it is ASCII.
fn subject(told: &Told<'_>, record: &Record) -> String {
    let facts = told.source.facts;
    let title = facts.event_title.as_deref().unwrap_or("unknown event");
    let news = match told.source.outcome.headline {
        None => title.to_owned(),
        Some(_) => format!("{}: {}", record.headline, facts.s3_key.as_deref().unwrap_or(title)),
    };
    subject_of(&format!("[{}] {news}", record.threat_level.to_uppercase()))
}

fn attributes(told: &Told<'_>) -> Attributes {
    let outcome = told.source.outcome;
    let flag = |flag| Attribute::new(if flag { "true" } else { "false" });
    let known = |text: Option<&str>| Attribute::new(text.filter(|text| !text.is_empty()).unwrap_or("unknown"));
    let (categories, none) = (told.categories(), ["none".to_owned()]);
    Attributes {
        threat_level: Attribute::new(outcome.threat_level.as_str()),
        verdict: Attribute::new(outcome.verdict.map_or("none", Verdict::as_str)),
        action: Attribute::new(outcome.action.as_str()),
        failure: flag(told.failed()),
        // What a backfill finds is told in its report, and that the budget is spent once an hour.
        silenced: flag(told.source.silenced_by.is_some() || told.source.backfill.is_some() || told.is_told_before()),
        category: Attribute::list(if categories.is_empty() { &none } else { &categories }),
        account: known(told.account.as_deref()),
        region: known(told.region),
        report: None,
    }
}

/// A fact as it may be shown; none for one that is unknown.
pub(super) fn shown(fact: Option<&str>) -> Option<String> {
    Some(one_line(fact?, MAX_FACT_CHARS)).filter(|fact| !fact.is_empty())
}

/// Printable ASCII, cut to what SNS takes; `?` for a run of anything else.
pub(crate) fn subject_of(text: &str) -> String {
    let mut subject = String::with_capacity(MAX_SUBJECT_CHARS);
    let mut replaced = false;
    for char in text.chars() {
        let is_printable = matches!(char, ' '..='~');
        match (is_printable, replaced) {
            (true, _) => subject.push(char),
            (false, false) => subject.push('?'),
            (false, true) => {}
        }
        replaced = !is_printable;
        if subject.len() == MAX_SUBJECT_CHARS {
            break;
        }
    }
    subject
}
