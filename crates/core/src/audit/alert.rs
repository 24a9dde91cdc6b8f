//! What people and machines are told of an audited event.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{ErrorOutput, Facts, Judged, Outcome, Progress, execution, text::one_line};
use crate::pii::{Category, Verdict};

/// Most characters of a subject: SNS takes fewer than 100.
const MAX_SUBJECT_CHARS: usize = 99;
/// Findings and rules told in one alert.
const MAX_TOLD: usize = 20;
/// Most characters of a failure's cause.
const MAX_CAUSE_CHARS: usize = 2_000;
/// Most characters of any other fact: a key has at most 1,024 bytes, a summary
/// is the longest.
const MAX_FACT_CHARS: usize = 4_000;

/// What is published of an audited event: alert-composer's answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// Printable ASCII, under 100 characters, as SNS wants it.
    pub subject: String,
    /// The text for people. A fact fills one line, whatever it holds.
    pub message: String,
    /// What subscriptions filter by.
    pub attributes: Attributes,
    /// The same for machines: the execution's output.
    pub record: Record,
    /// What the ledger keeps, as a `DynamoDB` item.
    pub item: Map<String, Value>,
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
}

/// One attribute: a text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    data_type: &'static str,
    string_value: &'static str,
}

impl Attribute {
    const fn new(value: &'static str) -> Self {
        Self { data_type: "String", string_value: value }
    }

    /// The attribute's value.
    #[must_use]
    pub const fn value(&self) -> &'static str {
        self.string_value
    }
}

/// What became of an event, for machines. Names of S3 stand as they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// The same in each delivery of the event.
    pub event_id: Option<String>,
    /// `[event][account][identity]`.
    pub event_title: Option<String>,
    /// When it happened.
    pub event_time: Option<String>,
    /// `low`, `medium` or `high`.
    pub threat_level: &'static str,
    /// A [`Verdict`], or `none`.
    pub verdict: &'static str,
    /// Why nobody can tell, or why nothing was done.
    pub reason: Option<String>,
    /// What was done.
    pub action: &'static str,
    /// The bucket.
    pub s3_bucket: Option<String>,
    /// The key.
    pub s3_key: Option<String>,
    /// The version that was judged, or that the event names.
    pub s3_version_id: Option<String>,
    /// The state that failed for good.
    pub failed_in: Option<String>,
    /// The name of its error.
    pub error: Option<String>,
}

impl Alert {
    pub(super) fn new(
        progress: &Progress,
        facts: &Facts,
        outcome: &Outcome,
        execution: Option<&str>,
        unclaimed: bool,
        item: Map<String, Value>,
    ) -> Self {
        let verdict = outcome.verdict.map_or("none", Verdict::as_str);
        // A judgement that did not count, or was about another object, is not told.
        let judged = progress.detection.as_ref().filter(|_| outcome.verdict.is_some());
        let version = judged.and_then(|judged| judged.object.version.as_ref()).or(facts.s3_version_id.as_ref());
        let told = Told { progress, facts, outcome, verdict, judged, version, execution, unclaimed };
        Self {
            subject: told.subject(),
            message: told.message(),
            attributes: Attributes {
                threat_level: Attribute::new(outcome.threat_level.as_str()),
                verdict: Attribute::new(verdict),
                action: Attribute::new(outcome.action.as_str()),
                failure: Attribute::new(if progress.failure().is_some() { "true" } else { "false" }),
            },
            record: Record {
                event_id: shown(facts.event_id.as_deref()),
                event_title: shown(facts.event_title.as_deref()),
                event_time: shown(facts.event_time.as_deref()),
                threat_level: outcome.threat_level.as_str(),
                verdict,
                reason: shown(outcome.reason.as_deref()),
                action: outcome.action.as_str(),
                s3_bucket: facts.s3_bucket.clone(),
                s3_key: facts.s3_key.clone(),
                s3_version_id: version.cloned(),
                failed_in: progress.failure().and(shown(progress.failed_in.as_deref())),
                error: progress.failure().and_then(|failure| shown(failure.error.as_deref())),
            },
            item,
        }
    }
}

/// Everything that an alert tells.
struct Told<'a> {
    progress: &'a Progress,
    facts: &'a Facts,
    outcome: &'a Outcome,
    verdict: &'static str,
    judged: Option<&'a Judged>,
    version: Option<&'a String>,
    execution: Option<&'a str>,
    unclaimed: bool,
}

impl Told<'_> {
    fn subject(&self) -> String {
        let title = self.facts.event_title.as_deref().unwrap_or("unknown event");
        let news = match self.outcome.headline {
            None => title.to_owned(),
            Some(headline) => format!("{headline}: {}", self.facts.s3_key.as_deref().unwrap_or(title)),
        };
        let level = self.outcome.threat_level.as_str().to_uppercase();
        printable(&format!("[{level}] {news}"))
    }

    fn message(&self) -> String {
        let paragraphs = [self.news(), self.event(), self.object(), self.judgement(), self.execution()];
        let paragraphs: Vec<_> =
            paragraphs.into_iter().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect();
        paragraphs.join("\n\n")
    }

    fn news(&self) -> Vec<String> {
        let mut lines = vec![
            format!("Threat level: {}", self.outcome.threat_level.as_str()),
            format!("What happened: {}", self.outcome.headline.unwrap_or("an event worth looking at")),
            format!("Action: {}", self.outcome.action.meaning()),
        ];
        if let Some(why) = self.judged.and_then(|judged| judged.not_tried) {
            lines.push(format!("Not done: {}", why.sentence()));
        }
        if self.unclaimed {
            lines.push(
                "The ledger could not be written: the event has no record, and is told again if it is delivered again"
                    .to_owned(),
            );
        }
        if let Some(failure) = self.progress.failure() {
            let state = self.progress.failed_in.as_deref().unwrap_or("an unknown state");
            let error = failure.error.as_deref().unwrap_or("an unknown error");
            lines.push(one_line(&format!("Failed in: {state}, with {error}"), 400));
            lines.extend(line("Cause", failure.message().as_deref(), MAX_CAUSE_CHARS));
        }
        lines
    }

    fn event(&self) -> Vec<String> {
        let facts = self.facts;
        let fact = |name, value: &Option<String>| line(name, value.as_deref(), MAX_FACT_CHARS);
        let rules: Vec<_> = facts
            .matched_rules
            .iter()
            .take(MAX_TOLD)
            .map(|rule| format!("{} ({})", one_line(&rule.title, 200), rule.level.as_str()))
            .collect();
        let without_model =
            self.progress.summarize_error.as_deref().map(|error| {
                one_line(&format!("Summarised without the model: Summarize event failed with {error}"), 400)
            });
        [
            fact("Event", &facts.event_title),
            fact("Summary", &facts.summarize),
            without_model,
            line("Matched rules", Some(&rules.join(", ")), MAX_FACT_CHARS),
            fact("Actor", &facts.actor),
            fact("Source IP", &facts.source_ip),
            fact("Time", &facts.event_time),
            fact("Event id", &facts.event_id),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn object(&self) -> Vec<String> {
        let fact = |name, value: Option<&str>| line(name, value, MAX_FACT_CHARS);
        let object = self.judged.map(|judged| &judged.object);
        let size = object.and_then(|object| {
            let size = format!("{} bytes", object.size?);
            Some(object.media_type.as_ref().map_or(size.clone(), |media_type| format!("{size}, {media_type}")))
        });
        [
            fact("Bucket", self.facts.s3_bucket.as_deref()),
            fact("Key", self.facts.s3_key.as_deref()),
            fact("Version", self.version.map(String::as_str)),
            fact("ETag", object.and_then(|object| object.etag.as_deref())),
            fact("Size", size.as_deref()),
            fact("Model", self.judged.and_then(|judged| Some(judged.model.as_ref()?.id.as_str()))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn judgement(&self) -> Vec<String> {
        let Some(judged) = self.judged else { return Vec::new() };
        let mut lines = vec![format!("Verdict: {}", self.verdict)];
        lines.extend(line("Reason", self.outcome.reason.as_deref(), 100));
        lines.extend(judged.findings.iter().take(MAX_TOLD).map(|finding| {
            let confidence = finding.confidence.map(|confidence| format!(", confidence {confidence}"));
            let place = finding.r#where.as_deref().map(|place| format!(", {place}"));
            let text = [Some(finding.category.clone()), confidence, place].into_iter().flatten().collect::<String>();
            one_line(&format!("Finding: {text}"), 400)
        }));
        match judged.findings.len().saturating_sub(MAX_TOLD) {
            0 => {}
            more => lines.push(format!("and {more} more")),
        }
        if judged.findings.iter().any(|finding| finding.category == Category::Secret.as_str()) {
            lines.push("What to do: rotate every secret that it shows. Whoever saw the picture may have it".to_owned());
        }
        lines
    }

    fn execution(&self) -> Vec<String> {
        let Some(arn) = self.execution else { return Vec::new() };
        let (name, page) = execution::name_and_page(arn);
        [Some(format!("Execution: {name}")), page].into_iter().flatten().map(|text| one_line(&text, 600)).collect()
    }
}

impl ErrorOutput {
    /// The cause for people: of a function's answer its message alone.
    fn message(&self) -> Option<String> {
        let cause = self.cause.as_deref()?;
        let answer: Option<Value> = serde_json::from_str(cause).ok();
        Some(
            answer
                .and_then(|answer| Some(answer.get("errorMessage")?.as_str()?.to_owned()))
                .unwrap_or(cause.to_owned()),
        )
    }
}

/// A fact on its line; none for a fact that is unknown.
fn line(name: &str, fact: Option<&str>, most: usize) -> Option<String> {
    let fact = one_line(fact?, most);
    if fact.is_empty() { None } else { Some(format!("{name}: {fact}")) }
}

/// A fact as it may be shown; none for one that is unknown.
pub(super) fn shown(fact: Option<&str>) -> Option<String> {
    Some(one_line(fact?, MAX_FACT_CHARS)).filter(|fact| !fact.is_empty())
}

/// Printable ASCII, cut to what SNS takes; `?` for a run of anything else.
fn printable(text: &str) -> String {
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
