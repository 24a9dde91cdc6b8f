//! What became of an event, for machines: the execution's output, and what queues and functions get.
//!
//! `docs/alert.schema.json` is its schema.

use serde::Serialize;
use serde_json::Value;

use super::{
    Links,
    letter::Letter,
    told::{MAX_CATEGORY_CHARS, MAX_TOLD, Told},
    words::Language,
};
use crate::{audit::text::one_line, image::Area, threat::ThreatLevel};

/// What became of an event. Names of S3 stand as they are; never a value of personal data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// What happened, in a few words of English.
    pub headline: String,
    /// The same in each delivery of the event.
    pub event_id: Option<String>,
    /// `[event][account][identity]`.
    pub event_title: Option<String>,
    /// When it happened.
    pub event_time: Option<String>,
    /// The account in which it happened.
    pub account: Option<String>,
    /// The Region in which it happened.
    pub region: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// Where it came from.
    pub source_ip: Option<String>,
    /// What happened, for people.
    pub summarize: Option<String>,
    /// `low`, `medium` or `high`.
    pub threat_level: &'static str,
    /// The rules that matched.
    pub matched_rules: Vec<MatchedRule>,
    /// A [`Verdict`](crate::pii::Verdict), or `none`.
    pub verdict: &'static str,
    /// Why nobody can tell, or why nothing was done.
    pub reason: Option<String>,
    /// What was found.
    pub findings: Vec<Found>,
    /// What was done: a [`Taken`](crate::audit::Taken).
    pub action: &'static str,
    /// The bucket.
    pub s3_bucket: Option<String>,
    /// The key.
    pub s3_key: Option<String>,
    /// The version that was judged, or that the event names.
    pub s3_version_id: Option<String>,
    /// The entity tag of the bytes that were judged.
    pub etag: Option<String>,
    /// Their number.
    pub size: Option<u64>,
    /// What they are.
    pub media_type: Option<String>,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: Option<String>,
    /// The id of the model that judged them.
    pub model: Option<String>,
    /// The state that failed for good.
    pub failed_in: Option<String>,
    /// The name of its error.
    pub error: Option<String>,
    /// Why the summary was made without the model.
    pub summarize_error: Option<String>,
    /// Whether the ledger could be written when the event came.
    pub in_ledger: bool,
    /// The exception that silences its mail.
    pub silenced_by: Option<String>,
    /// The backfill whose report tells of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backfill: Option<String>,
    /// What the model's answer cost, in US dollars, as estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The copy in which what was found is covered: `s3://bucket/key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clean_copy: Option<String>,
    /// The command that brings the object back.
    pub restore: Option<String>,
    /// The execution's ARN.
    pub execution: Option<String>,
    /// Pages of the console.
    pub links: Links,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatchedRule {
    /// Its id.
    pub id: Option<String>,
    /// What it looks for.
    pub title: String,
    /// The least level it sets.
    pub level: &'static str,
}

/// What was found, never its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// A [`Category`](crate::pii::Category).
    pub category: String,
    /// How sure it is, 0 to 1.
    pub confidence: Option<f64>,
    /// Where in the picture.
    pub r#where: Option<String>,
    /// The rectangle around it, in pixels of the picture as it is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#box: Option<Area>,
    /// The page, frame or picture that it is on, of a file with several; counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

/// What machines get of an event: the record, the letter, and the same in the forms of others.
#[derive(Serialize)]
pub(super) struct ForMachines<'a> {
    #[serde(flatten)]
    pub record: &'a Record,
    /// The letter, for a ticket's text.
    pub text: &'a str,
    /// The finding as OCSF has it.
    pub ocsf: Value,
    /// The notification of a chat.
    pub chat: Value,
}

impl Record {
    pub(super) fn new(told: &Told<'_>) -> Self {
        let source = told.source;
        let fact = |fact: &Option<String>| told.fact(fact.as_deref());
        let (facts, outcome, failure) = (source.facts, source.outcome, source.progress.failure());
        let object = told.judged.map(|judged| &judged.object);
        let of_object = |part: fn(&crate::audit::JudgedBytes) -> Option<&str>| told.fact(object.and_then(part));
        let english = Told::new(super::Source { language: Language::English, ..source }, told.most);
        Self {
            headline: Letter::new(&english).headline(),
            event_id: fact(&facts.event_id),
            event_title: fact(&facts.event_title),
            event_time: fact(&facts.event_time),
            account: told.account.clone(),
            region: told.region.map(str::to_owned),
            actor: fact(&facts.actor),
            source_ip: fact(&facts.source_ip),
            summarize: fact(&facts.summarize),
            threat_level: outcome.threat_level.as_str(),
            matched_rules: facts
                .matched_rules
                .iter()
                .take(MAX_TOLD)
                .map(|rule| MatchedRule {
                    id: fact(&rule.id),
                    title: one_line(&rule.title, 200),
                    level: ThreatLevel::as_str(rule.level),
                })
                .collect(),
            verdict: told.verdict,
            reason: fact(&outcome.reason),
            findings: told
                .judged
                .into_iter()
                .flat_map(|judged| judged.findings.iter().take(MAX_TOLD))
                .map(|finding| Found {
                    category: one_line(&finding.category, MAX_CATEGORY_CHARS),
                    confidence: finding.confidence,
                    r#where: finding.r#where.as_deref().map(|place| one_line(place, 100)),
                    r#box: finding.r#box,
                    page: finding.page,
                })
                .collect(),
            action: outcome.action.as_str(),
            s3_bucket: told.name(told.bucket()),
            s3_key: told.name(told.key()),
            s3_version_id: told.name(told.version),
            etag: of_object(|object| object.etag.as_deref()),
            size: object.and_then(|object| object.size),
            media_type: of_object(|object| object.media_type.as_deref()),
            sha256: of_object(|object| object.sha256.as_deref()),
            model: told.fact(told.judged.and_then(|judged| Some(judged.model.as_ref()?.id.as_str()))),
            failed_in: failure.and(fact(&source.progress.failed_in)),
            error: failure.and_then(|failure| fact(&failure.error)),
            summarize_error: fact(&source.progress.summarize_error),
            in_ledger: !source.unclaimed,
            silenced_by: source.silenced_by.map(|by| by.name.clone()),
            backfill: source.backfill.map(str::to_owned),
            cost_usd: source.cost_usd,
            clean_copy: told
                .clean_copy()
                .map(|copy| format!("s3://{}/{}", copy.bucket, told.name(Some(&copy.key)).unwrap_or_default())),
            restore: told.restore.clone(),
            execution: told.fact(source.execution),
            links: told.links.clone(),
        }
    }
}
