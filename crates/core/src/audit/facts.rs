//! What the functions answered, as far as an alert tells it.

use serde::{Deserialize, Serialize};

use super::{Action, LedgerKey, NotTried, lenient};
use crate::{image::Area, pii::Verdict, threat::ThreatLevel};

/// What is known of an event: log-summarizer's answer, or what stands in for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// `[event][account][identity]`.
    #[serde(deserialize_with = "lenient::text")]
    pub event_title: Option<String>,
    /// What happened, for people.
    #[serde(deserialize_with = "lenient::text")]
    pub summarize: Option<String>,
    /// How bad it is.
    #[serde(deserialize_with = "lenient::or_default")]
    pub threat_level: Option<ThreatLevel>,
    /// The rules that set the least level.
    #[serde(deserialize_with = "lenient::list")]
    pub matched_rules: Vec<Rule>,
    /// Whether an object was written that may be an image.
    #[serde(deserialize_with = "lenient::or_default")]
    pub is_image_upload: bool,
    /// Whether it is to be judged; a summary from before this was told has none.
    #[serde(deserialize_with = "lenient::or_default")]
    pub judge: Option<bool>,
    /// The bucket of an S3 call.
    #[serde(deserialize_with = "lenient::text")]
    pub s3_bucket: Option<String>,
    /// The key of an S3 call.
    #[serde(deserialize_with = "lenient::text")]
    pub s3_key: Option<String>,
    /// The version that was written.
    #[serde(deserialize_with = "lenient::text")]
    pub s3_version_id: Option<String>,
    /// Who did it.
    #[serde(deserialize_with = "lenient::text")]
    pub actor: Option<String>,
    /// Where it came from.
    #[serde(deserialize_with = "lenient::text")]
    pub source_ip: Option<String>,
    /// When it happened.
    #[serde(deserialize_with = "lenient::text")]
    pub event_time: Option<String>,
    /// The same in each delivery of the event.
    #[serde(deserialize_with = "lenient::text")]
    pub event_id: Option<String>,
    /// The account in which it happened.
    #[serde(deserialize_with = "lenient::text")]
    pub account: Option<String>,
    /// The Region in which it happened.
    #[serde(deserialize_with = "lenient::text")]
    pub region: Option<String>,
    /// The key of the record that was claimed.
    #[serde(deserialize_with = "lenient::or_default")]
    pub claim: Option<LedgerKey>,
    /// Whether the event could not be claimed.
    #[serde(deserialize_with = "lenient::or_default")]
    pub unclaimed: bool,
}

impl Facts {
    /// Whether there is an object to judge.
    #[must_use]
    pub fn is_to_be_judged(&self) -> bool {
        self.judge.unwrap_or(self.is_image_upload)
    }
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Rule {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// What it looks for.
    pub title: String,
    /// The least level it sets.
    pub level: ThreatLevel,
}

/// What pii-detector answered.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Judged {
    /// The verdict; `None` for one that there is not.
    #[serde(deserialize_with = "lenient::verdict")]
    pub verdict: Option<Verdict>,
    /// Why nobody can tell.
    #[serde(deserialize_with = "lenient::text")]
    pub reason: Option<String>,
    /// What was found, never its value.
    #[serde(deserialize_with = "lenient::list")]
    pub findings: Vec<JudgedFinding>,
    /// The object that was read.
    #[serde(deserialize_with = "lenient::or_default")]
    pub object: JudgedBytes,
    /// The model that was asked, if one was.
    #[serde(deserialize_with = "lenient::or_default")]
    pub model: Option<AskedModel>,
    /// What the policy wants done.
    #[serde(deserialize_with = "lenient::or_default")]
    pub action: Action,
    /// Why it did not want what is set.
    #[serde(deserialize_with = "lenient::or_default")]
    pub not_tried: Option<NotTried>,
    /// How bad what was found is at least, where that is less than personal data is.
    #[serde(deserialize_with = "lenient::or_default")]
    pub threat_level: Option<ThreatLevel>,
    /// Whether the verdict is that of the same bytes, which were judged before.
    #[serde(deserialize_with = "lenient::or_default")]
    pub judged_before: bool,
    /// Whether somebody was told within the hour that the day's budget is spent.
    #[serde(deserialize_with = "lenient::or_default")]
    pub told_before: bool,
    /// The copy in which what was found is covered.
    #[serde(deserialize_with = "lenient::or_default")]
    pub clean_copy: Option<CleanCopy>,
}

/// A copy of an object in which what was found is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanCopy {
    /// The bucket for such copies.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

/// Something personal that was found.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct JudgedFinding {
    /// What it is.
    pub category: String,
    /// How sure it is, 0 to 1.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub confidence: Option<f64>,
    /// Where it is.
    #[serde(default, deserialize_with = "lenient::text")]
    pub r#where: Option<String>,
    /// The rectangle around it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub r#box: Option<Area>,
    /// The page, frame or picture that it is on.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub page: Option<u32>,
}

/// What pins and describes the bytes that were judged. Which object they are is read
/// from the event, never from this answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JudgedBytes {
    /// Its version, where naming it pins the bytes.
    #[serde(deserialize_with = "lenient::text")]
    pub version: Option<String>,
    /// Its entity tag.
    #[serde(deserialize_with = "lenient::text")]
    pub etag: Option<String>,
    /// Its length in bytes.
    #[serde(deserialize_with = "lenient::or_default")]
    pub size: Option<u64>,
    /// What its bytes are.
    #[serde(deserialize_with = "lenient::text")]
    pub media_type: Option<String>,
    /// SHA-256 of its bytes, in hexadecimal digits.
    #[serde(deserialize_with = "lenient::text")]
    pub sha256: Option<String>,
}

/// The model that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AskedModel {
    /// The id that was called.
    pub id: String,
    /// Tokens of the requests.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub input_tokens: Option<u64>,
    /// Tokens of the answers.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub output_tokens: Option<u64>,
}
