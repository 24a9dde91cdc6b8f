//! An audited event, as the state machine passes it on.
//!
//! Facts come from the record, in code. The model adds a text for people and
//! may raise the threat level; whatever it answers, it names no target and
//! lowers nothing.

use serde::{Deserialize, Serialize};

use super::{JudgeDocuments, LedgerKey, text};
use crate::{
    cloudtrail::{Event, UploadsToJudge},
    threat::{Floor, MatchedRule, ThreatLevel},
};

mod asked;
mod excerpt;
mod opinion;
mod prompt;

pub use asked::SummarizeWithModel;
pub use opinion::Opinion;
pub use prompt::{prompt, question};

/// Most characters of a summary.
pub const MAX_SUMMARY_CHARS: usize = 2_000;

/// An audited event. The field names are those that callers have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// `[event][account][identity]`, on one line.
    pub event_title: String,
    /// What happened, for people.
    pub summarize: String,
    /// How bad it is: the floor, or what the model raised it to.
    pub threat_level: ThreatLevel,
    /// The bucket of an S3 call.
    pub s3_bucket: Option<String>,
    /// The key of an S3 call, exactly as it is.
    pub s3_key: Option<String>,
    /// Whether an object was written that may be an image.
    pub is_image_upload: bool,
    /// Whether that object is to be opened and judged.
    pub judge: bool,
    /// What the extension of an uploaded image claims it is: a hint.
    pub media_type: Option<String>,
    /// The same in each delivery of the event.
    pub event_id: Option<String>,
    /// The version that was written.
    pub s3_version_id: Option<String>,
    /// The least level, set by rules.
    pub threat_floor: ThreatLevel,
    /// The rules that set it.
    pub matched_rules: Vec<MatchedRule>,
    /// Who did it.
    pub actor: Option<String>,
    /// Where it came from.
    pub source_ip: Option<String>,
    /// When it happened.
    pub event_time: Option<String>,
    /// The account in which it happened.
    pub account: Option<String>,
    /// The Region in which it happened.
    pub region: Option<String>,
    /// The backfill whose report tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<String>,
    /// The key of the record that was claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<LedgerKey>,
    /// Whether the event was to be claimed and could not be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unclaimed: bool,
}

/// Puts together what the record says, what the rules say and what the model
/// says. Without the model the text is made from the record.
#[must_use]
pub fn conclude(
    event: &Event<'_>,
    floor: Floor,
    uploads: UploadsToJudge,
    documents: JudgeDocuments,
    opinion: Option<Opinion>,
) -> Summary {
    let Opinion { summary, threat_level } = opinion.unwrap_or_default();
    let summarize = summary
        .map(|summary| text::one_line(&summary, MAX_SUMMARY_CHARS))
        .filter(|summary| !summary.is_empty())
        .unwrap_or_else(|| from_the_record(event, &floor));
    let is_image_upload = event.may_be_image_upload(uploads);
    let shown = |field: &Option<String>, most| field.as_deref().map(|field| text::one_line(field, most));

    Summary {
        event_title: title(event),
        summarize,
        threat_level: threat_level.map_or(floor.level, |level| level.max(floor.level)),
        s3_bucket: event.bucket.clone(),
        s3_key: event.key.clone(),
        is_image_upload,
        judge: is_image_upload && event.key.as_deref().is_none_or(|key| documents.opens(key)),
        media_type: event.media_type().filter(|_| is_image_upload).map(str::to_owned),
        event_id: shown(&event.id, 128),
        s3_version_id: event.version.clone(),
        threat_floor: floor.level,
        matched_rules: floor.matched_rules,
        actor: shown(&event.actor, 500),
        source_ip: shown(&event.source_ip, 255),
        event_time: shown(&event.time, 64),
        account: shown(&event.account, 64),
        region: shown(&event.region, 64),
        backfill: None,
        claim: None,
        unclaimed: false,
    }
}

/// `[event][account][identity]`, with nothing in it that breaks the form.
fn title(event: &Event<'_>) -> String {
    let part = |field: Option<&str>| {
        let field = text::one_line(field.unwrap_or_default(), 100).replace('[', "(").replace(']', ")");
        if field.is_empty() { "unknown".to_owned() } else { field }
    };
    format!("[{}][{}][{}]", part(Some(&event.name)), part(event.account.as_deref()), part(event.identity.as_deref()))
}

/// A summary without a model: plain, and never missing.
fn from_the_record(event: &Event<'_>, floor: &Floor) -> String {
    let field = |field: &str| text::one_line(field, 300);
    let mut sentence = field(&event.name);
    for (word, value) in [("on", &event.service), ("by", &event.actor), ("from", &event.source_ip), ("at", &event.time)]
    {
        if let Some(value) = value {
            sentence = format!("{sentence} {word} {}", field(value));
        }
    }
    if let Some(code) = &event.error_code {
        sentence = format!("{sentence}, which failed with {}", field(code));
    }
    let mut sentences = vec![sentence];
    match (&event.bucket, &event.key) {
        (Some(bucket), Some(key)) => sentences.push(format!("Object: s3://{}/{}", field(bucket), field(key))),
        (Some(bucket), None) => sentences.push(format!("Bucket: {}", field(bucket))),
        _ => {}
    }
    if !floor.matched_rules.is_empty() {
        let titles: Vec<_> = floor.matched_rules.iter().map(|rule| field(&rule.title)).collect();
        sentences.push(format!("Matched rules: {}", titles.join("; ")));
    }
    sentences.push("Written from the record alone, without a model".to_owned());
    text::one_line(&(sentences.join(". ") + "."), MAX_SUMMARY_CHARS)
}

#[cfg(test)]
mod tests;
