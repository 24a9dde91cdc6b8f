//! Which personal data stands in what was seen. Entities are named as in Presidio
//! where it has a name for them.
//!
//! Evidence is of two kinds: some speaks for itself (a card number with its check
//! digit, a labelled date of birth, a face), some only beside other evidence (a
//! telephone number: whose?).

mod labels;
mod licence;
mod names;
mod patterns;
mod travel_document;
mod values;

use crate::perception::geometry::{Area, Corners};
use crate::perception::{Line, Sight};

/// From here on a finding counts.
const THRESHOLD: f64 = 0.5;
/// What a weak finding gains when something beside it names a person.
const COMPANY: f64 = 0.25;

/// A piece of personal data. It holds what kind it is and where, never its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    pub(crate) entity: &'static str,
    /// 0 to 1.
    pub(crate) confidence: f64,
    pub(crate) corners: Corners,
    /// What it stands beside or how it was recognised, in words of our own.
    pub(crate) evidence: &'static str,
}

/// Finds the personal data in one image, the surest first.
pub(crate) fn find(sight: &Sight) -> Vec<Finding> {
    let mut findings: Vec<Finding> = sight
        .faces
        .iter()
        .map(|face| Finding { entity: "FACE", confidence: face.confidence, corners: face.corners, evidence: "a face" })
        .collect();
    findings.extend(travel_document::find(&sight.lines));
    findings.extend(labels::find(&sight.lines));
    findings.extend(licence::find(&sight.lines));
    findings.extend(patterns::find(&sight.lines));
    findings.extend(names::find(&sight.lines));
    weigh_together(&mut findings, &sight.lines);
    findings.retain(|finding| finding.confidence >= THRESHOLD);
    findings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    without_repetition(findings)
}

/// Weak evidence gains by company: a number beside a name is that person's, and a
/// name is a person's beside an address, a number, a face, or words about people.
fn weigh_together(findings: &mut [Finding], lines: &[Line]) {
    let strong = |finding: &Finding| finding.confidence >= THRESHOLD;
    let named = findings.iter().any(|finding| matches!(finding.entity, "PERSON" | "FACE") && strong(finding));
    let likely_named = findings.iter().any(|finding| finding.entity == "PERSON");
    let about_people = names::speak_of_people(lines);
    let reachable = findings.iter().any(|finding| {
        matches!(finding.entity, "EMAIL_ADDRESS" | "PHONE_NUMBER" | "LOCATION" | "FACE" | "ID" | "DATE_TIME")
    });
    for finding in findings.iter_mut().filter(|finding| !strong(finding)) {
        let supported = match finding.entity {
            "PERSON" => reachable || about_people,
            _ => named || (likely_named && reachable),
        };
        if supported {
            finding.confidence += COMPANY;
        }
    }
}

/// One finding of a kind a place, the surest; what is another number is no
/// telephone number.
fn without_repetition(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let place = Area::around(&finding.corners).middle();
        let repeated = kept.iter().any(|other| {
            let area = Area::around(&other.corners);
            (other.entity == finding.entity || (finding.entity == "PHONE_NUMBER" && other.entity != "PERSON"))
                && (area.left..=area.right).contains(&place.x)
                && (area.top..=area.bottom).contains(&place.y)
        });
        if !repeated {
            kept.push(finding);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
