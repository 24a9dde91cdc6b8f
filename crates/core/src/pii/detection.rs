//! What is said about one object: pii-detector's answer.

use serde::{Serialize, Serializer};

use super::{Finding, Judgement, Reason};
use crate::{
    bedrock::Usage,
    image::{ImageFormat, Unreadable},
    named::named,
    ports::{ObjectFacts, ObjectRef},
};

/// Findings told of one image, those that count first.
pub const MAX_FINDINGS: usize = 50;

named! {
    /// The verdict on one object.
    pub enum Verdict {
        Pii = "pii": "the image holds personal data",
        Clean = "clean": "the image holds no personal data",
        Undetermined = "undetermined": "nobody can tell",
        NotImage = "not_image": "the object is not an image, and nothing claimed that it was one",
        Gone = "gone": "the object was gone before it was judged",
    }
}

/// What is said about one object: pii-detector's answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detection {
    /// The verdict.
    pub verdict: Verdict,
    /// `true` for pii, `false` for clean, `null` when nobody looked or could tell.
    pub pii_detected: Option<bool>,
    /// Why nobody can tell.
    pub reason: Option<Reason>,
    /// What was found, never its value. No more than [`MAX_FINDINGS`] of it are written.
    #[serde(serialize_with = "first")]
    pub findings: Vec<Finding>,
    /// The object that was read, and nothing else may be removed.
    pub object: JudgedObject,
    /// The model that was asked, if one was.
    pub model: Option<ModelUse>,
    /// Whether the verdict is that of the same bytes, which were judged before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub judged_before: bool,
}

/// What is decided of an object takes all findings into account. Those that are told are bounded.
fn first<S: Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    findings[..findings.len().min(MAX_FINDINGS)].serialize(serializer)
}

/// The object that a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JudgedObject {
    /// Bucket name, as requested.
    pub bucket: String,
    /// Key, as requested.
    pub key: String,
    /// The version that was read, when naming it pins these bytes for good.
    pub version: Option<String>,
    /// The entity tag of what was read.
    pub etag: Option<String>,
    /// Length in bytes.
    pub size: Option<u64>,
    /// What the bytes are, as far as that is known.
    pub media_type: Option<&'static str>,
    /// SHA-256 of its bytes, in hexadecimal digits, where they were read to their end.
    pub sha256: Option<String>,
    /// Whether it is the version `null` of a bucket that keeps versions, which the next upload without them takes the place of.
    #[serde(skip)]
    pub is_null_version: bool,
}

/// What a verdict cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelUse {
    /// The id that was called.
    pub id: String,
    /// Tokens, request and answer.
    #[serde(flatten)]
    pub usage: Usage,
    /// Milliseconds from request to answer, over all requests.
    pub latency_ms: u64,
}

impl ModelUse {
    /// What this and another call to the same model cost together.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            usage: self.usage.plus(other.usage),
            latency_ms: self.latency_ms.saturating_add(other.latency_ms),
            ..self
        }
    }
}

/// The version id of objects that are older than their bucket's versioning. It
/// is overwritten in place while versioning is suspended, so it pins nothing.
pub const NULL_VERSION: &str = "null";

impl Detection {
    /// An object that is not there any more.
    #[must_use]
    pub fn gone(object: ObjectRef) -> Self {
        let judged = JudgedObject {
            bucket: object.bucket,
            key: object.key,
            version: object.version,
            etag: None,
            size: None,
            media_type: None,
            sha256: None,
            is_null_version: false,
        };
        Self::without_model(Verdict::Gone, None, judged)
    }

    /// An object that is no image, and that nothing called one.
    #[must_use]
    pub fn not_image(object: ObjectRef, facts: ObjectFacts) -> Self {
        Self::without_model(Verdict::NotImage, None, judged_object(object, facts))
    }

    /// An object that nobody can judge.
    #[must_use]
    pub fn unreadable(object: ObjectRef, facts: ObjectFacts, why: Unreadable, format: Option<ImageFormat>) -> Self {
        let object = JudgedObject { media_type: format.map(ImageFormat::media_type), ..judged_object(object, facts) };
        Self::without_model(Verdict::Undetermined, Some(why.into()), object)
    }

    /// An image that was judged.
    ///
    /// Personal data in an object that neither a version nor an entity tag pins
    /// is undetermined: removing it could remove something else.
    #[must_use]
    pub fn judged(
        object: ObjectRef,
        facts: ObjectFacts,
        media_type: &'static str,
        judgement: Judgement,
        model: Option<ModelUse>,
    ) -> Self {
        let object = JudgedObject { media_type: Some(media_type), ..judged_object(object, facts) };
        let pinned = object.version.is_some() || (object.etag.is_some() && !object.is_null_version);
        let (verdict, reason, findings) = match judgement {
            Judgement::Pii(findings) if pinned => (Verdict::Pii, None, findings),
            Judgement::Pii(findings) => (Verdict::Undetermined, Some(Reason::VersionNotPinned), findings),
            Judgement::Clean(findings) => (Verdict::Clean, None, findings),
            Judgement::Undetermined(reason) => (Verdict::Undetermined, Some(reason), Vec::new()),
            Judgement::Disputed(findings) => (Verdict::Undetermined, Some(Reason::Disagreement), findings),
        };
        Self { findings, model, ..Self::without_model(verdict, reason, object) }
    }

    fn without_model(verdict: Verdict, reason: Option<Reason>, object: JudgedObject) -> Self {
        let pii_detected = match verdict {
            Verdict::Pii => Some(true),
            Verdict::Clean => Some(false),
            Verdict::Undetermined | Verdict::NotImage | Verdict::Gone => None,
        };
        Self { verdict, pii_detected, reason, findings: Vec::new(), object, model: None, judged_before: false }
    }
}

fn judged_object(object: ObjectRef, facts: ObjectFacts) -> JudgedObject {
    JudgedObject {
        is_null_version: facts.version.as_deref() == Some(NULL_VERSION),
        bucket: object.bucket,
        key: object.key,
        version: facts.version.filter(|version| version != NULL_VERSION),
        etag: facts.etag,
        size: facts.size,
        media_type: None,
        sha256: facts.sha256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pii::{Category, Place};

    #[test]
    fn personal_data_that_nothing_pins_is_undetermined() {
        let facts = |version: Option<&str>, etag: Option<&str>| ObjectFacts {
            version: version.map(Into::into),
            etag: etag.map(Into::into),
            size: Some(9),
            sha256: None,
        };
        let object = ObjectRef { bucket: "b".into(), key: "k".into(), version: None };
        let cost = ModelUse { id: "m".into(), usage: Usage::default(), latency_ms: 1 };
        let face = Finding::new(Category::Face, 0.9, Place::TopLeft);
        for (facts, verdict, version) in [
            (facts(Some("v1"), Some("\"e\"")), Verdict::Pii, Some("v1")),
            (facts(Some("v1"), None), Verdict::Pii, Some("v1")),
            (facts(None, Some("\"e\"")), Verdict::Pii, None),
            (facts(None, None), Verdict::Undetermined, None),
            (facts(Some("null"), Some("\"e\"")), Verdict::Undetermined, None),
        ] {
            let judgement = Judgement::Pii(vec![face.clone()]);
            let detection =
                Detection::judged(object.clone(), facts.clone(), "image/png", judgement, Some(cost.clone()));
            assert_eq!(detection.verdict, verdict, "{facts:?}");
            assert_eq!(detection.object.version.as_deref(), version, "{facts:?}");
            assert_eq!(detection.findings, std::slice::from_ref(&face));
        }
    }
}
