//! What is known of bytes that were judged before.
//!
//! The verdict on a picture is kept in the ledger by the SHA-256 of its bytes and by who judged it, and answers for the same
//! bytes without a call of the model. Undetermined verdicts are never cached. Where somebody brought an object of the same
//! bytes back from quarantine, the verdict is in doubt: the model is asked again each time.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Category, Finding, Judgement, Place};
use crate::image::Area;

/// The record of bytes that says that an object of them was brought back from quarantine.
pub const RESTORED: &str = "restored";
/// Where `warden selftest` uploads: what is there tries the model, too.
pub const TRIALS: &str = "warden-selftest/";

/// The partition of the ledger in which verdicts on bytes are. No bucket has a space in its name.
#[must_use]
pub fn partition(sha256: &str) -> String {
    format!("bytes {sha256}")
}

/// A judgement as it is kept; none of what nobody could tell.
#[must_use]
pub fn kept(judgement: &Judgement) -> Option<String> {
    let (verdict, findings) = match judgement {
        Judgement::Pii(findings) => ("pii", findings),
        Judgement::Clean(findings) => ("clean", findings),
        Judgement::Undetermined(_) | Judgement::Disputed(_) => return None,
    };
    Some(json!({"verdict": verdict, "findings": findings}).to_string())
}

/// The judgement that these records of the same bytes hold of whoever judges as `judged_by` does. None where there is
/// none, where it cannot be read, and where an object of the bytes was brought back.
#[must_use]
pub fn judgement(records: &[Value], judged_by: &str) -> Option<Judgement> {
    let of = |event: &str| records.iter().find(|record| record["event"] == event);
    if of(RESTORED).is_some() {
        return None;
    }
    let kept: Kept = serde_json::from_str(of(judged_by)?["judgement"].as_str()?).ok()?;
    let findings = kept.findings.into_iter().map(KeptFinding::read).collect::<Option<Vec<_>>>()?;
    match kept.verdict.as_str() {
        "pii" => Some(Judgement::Pii(findings)),
        "clean" => Some(Judgement::Clean(findings)),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Kept {
    verdict: String,
    findings: Vec<KeptFinding>,
}

#[derive(Deserialize)]
struct KeptFinding {
    category: String,
    confidence: f64,
    r#where: String,
    r#box: Option<Area>,
    page: Option<u32>,
}

impl KeptFinding {
    fn read(self) -> Option<Finding> {
        let Self { category, confidence, r#where, r#box, page } = self;
        let (category, r#where) = (Category::named(&category)?, Place::named(&r#where)?);
        Some(Finding { category, confidence, r#where, r#box, page })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pii::Reason;

    fn findings() -> Vec<Finding> {
        let area = Area { x: 1, y: 2, width: 30, height: 40 };
        vec![
            Finding::at(Category::IbanCode, 0.9, area, (100, 100)).on(Some(2)),
            Finding::new(Category::Face, 1.0, Place::TopLeft),
        ]
    }

    #[test]
    fn what_was_judged_is_known_to_whoever_judges_the_same_way() {
        for judgement_then in [Judgement::Pii(findings()), Judgement::Clean(findings()), Judgement::Clean(vec![])] {
            let record = json!({"event": "by-1", "judgement": kept(&judgement_then)});
            let records = [record, json!({"event": "by-2", "judgement": "{}"})];
            assert_eq!(judgement(&records, "by-1"), Some(judgement_then));
            assert_eq!(judgement(&records, "by-3"), None);
        }
    }

    #[test]
    fn doubt_is_not_kept_and_a_verdict_in_doubt_is_not_taken() {
        assert_eq!(kept(&Judgement::Undetermined(Reason::ImageRejected)), None);
        assert_eq!(kept(&Judgement::Disputed(findings())), None);
        let known = json!({"event": "by-1", "judgement": kept(&Judgement::Pii(findings()))});
        assert_eq!(judgement(&[known, json!({"event": RESTORED})], "by-1"), None);
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        for text in [
            "",
            "clean",
            r#"{"verdict": "clean"}"#,
            r#"{"verdict": "perhaps", "findings": []}"#,
            r#"{"verdict": "pii", "findings": [{"category": "NAME", "confidence": 1, "where": "top"}]}"#,
            r#"{"verdict": "pii", "findings": [{"category": "FACE", "confidence": 1, "where": "moon"}]}"#,
        ] {
            assert_eq!(judgement(&[json!({"event": "by-1", "judgement": text})], "by-1"), None, "{text}");
        }
        assert_eq!(judgement(&[json!({"event": "by-1"})], "by-1"), None);
    }
}
