//! Personal data and secrets in lines of text: what kind it is, where it stands, and how it was
//! validated, never its value. Entities are named as in Presidio where it has a name.
//!
//! Some evidence makes a finding by itself (a card number with its check digit, a labelled date of birth), some
//! only beside other evidence (a telephone number: whose?). How much a finding says to somebody who doubts it is
//! its [`Evidence`].
//!
//! ```
//! use warden_recognizers::{Entity, Line, Validation, find};
//!
//! let line = Line { text: "4111 1111 1111 1111", confidence: 0.98, left: 40.0, top: 20.0, right: 400.0, bottom: 50.0 };
//! let found = find(&[line], 0);
//! assert_eq!((found[0].entity, found[0].validation), (Entity::CreditCard, Validation::Checksum));
//! ```

mod card_labels;
mod checks;
pub mod code;
mod entity;
mod evidence;
mod labels;
mod licence;
mod line;
mod names;
mod national;
mod patterns;
mod published;
mod second_sign;
mod secrets;
mod telephone;
mod travel_document;
mod values;

pub use entity::Entity;
pub use evidence::{Evidence, SecondSign};
pub use line::Line;

/// From here on a finding counts.
const THRESHOLD: f64 = 0.5;
/// What a weak finding gains when something beside it names a person.
const COMPANY: f64 = 0.25;

/// A piece of personal data, or a secret. It holds what kind it is and where, never its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What kind it is.
    pub entity: Entity,
    /// How sure it is, from 0.5 to 1.
    pub confidence: f64,
    /// How it was validated.
    pub validation: Validation,
    /// How much it says by itself.
    pub evidence: Evidence,
    /// The lines that it stands in, by their index.
    pub lines: Vec<usize>,
}

impl Finding {
    fn shares_a_line(&self, other: &Self) -> bool {
        self.lines.iter().any(|line| other.lines.contains(line))
    }
}

/// How a finding was validated, from the strongest evidence to the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validation {
    /// Its check digits are right.
    Checksum,
    /// It is written as its kind is, and hardly anything else.
    Format,
    /// What stands beside it says so: a label, a title, words about people.
    Context,
}

/// Finds the personal data and the secrets in the lines of one page with so many `faces`, the surest
/// first.
#[must_use]
pub fn find(lines: &[Line<'_>], faces: usize) -> Vec<Finding> {
    let mut findings = travel_document::find(lines);
    findings.extend(labels::find(lines));
    findings.extend(licence::find(lines));
    findings.extend(patterns::find(lines));
    findings.extend(names::find(lines));
    findings.extend(secrets::find(lines));
    weigh_together(&mut findings, lines, faces > 0);
    second_sign::look_for(&mut findings, lines, faces > 0);
    findings.retain(|finding| finding.confidence >= THRESHOLD);
    findings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    without_repetition(without_what_is_published(findings))
}

/// Weak evidence gains by company: a number beside a name is that person's, and a
/// name is a person's beside an address, a number, a face, or words about people.
fn weigh_together(findings: &mut [Finding], lines: &[Line<'_>], face: bool) {
    let strong = |finding: &Finding| finding.confidence >= THRESHOLD;
    let likely_named = findings.iter().any(|finding| finding.entity == Entity::Person);
    let named = face || findings.iter().any(|finding| finding.entity == Entity::Person && strong(finding));
    let about_people = names::speak_of_people(lines);
    let reachable = face
        || findings.iter().any(|finding| {
            matches!(
                finding.entity,
                Entity::EmailAddress | Entity::PhoneNumber | Entity::Location | Entity::Id | Entity::DateTime
            )
        });
    for finding in findings.iter_mut().filter(|finding| !strong(finding)) {
        let supported = match finding.entity {
            Entity::Person => reachable || about_people,
            _ => named || (likely_named && reachable),
        };
        if supported {
            finding.confidence += COMPANY;
        }
    }
}

/// Keeps one finding of each entity on a line: the surest, which comes first. A telephone number is dropped where the
/// line holds another kind of number, and so is a number known only by its label; a date does not drop the latter.
fn without_repetition(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let repeated = kept.iter_mut().find(|other| {
            let same = other.entity == finding.entity
                || (finding.entity == Entity::PhoneNumber && is_number(other.entity))
                || (is_known_by_label(&finding) && is_number(other.entity) && other.entity != Entity::DateTime);
            same && other.shares_a_line(&finding)
        });
        match repeated {
            // A label and a form may both know it, each by evidence of its own.
            Some(known) if known.entity == finding.entity => {
                known.evidence = known.evidence.min(finding.evidence);
                known.lines.extend(finding.lines);
                known.lines.sort_unstable();
                known.lines.dedup();
            }
            Some(_) => {}
            None => kept.push(finding),
        }
    }
    kept
}

fn is_known_by_label(finding: &Finding) -> bool {
    finding.entity == Entity::Id && finding.validation == Validation::Context
}

const fn is_number(entity: Entity) -> bool {
    !matches!(entity, Entity::Person | Entity::Location | Entity::EmailAddress | Entity::Secret)
}

/// What else was taken for a number where a published one stands is that number.
fn without_what_is_published(mut findings: Vec<Finding>) -> Vec<Finding> {
    let published: Vec<Finding> =
        findings.iter().filter(|finding| finding.evidence == Evidence::Published).cloned().collect();
    for finding in findings.iter_mut().filter(|finding| is_number(finding.entity) && !finding.evidence.decides()) {
        if published.iter().any(|known| known.shares_a_line(finding)) {
            finding.evidence = Evidence::Published;
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_that_is_known_in_two_ways_stands_in_the_lines_of_both() {
        let secret = |evidence, lines: &[usize]| Finding {
            entity: Entity::Secret,
            confidence: 0.9,
            validation: Validation::Format,
            evidence,
            lines: lines.to_vec(),
        };
        let kept = without_repetition(vec![
            secret(Evidence::Likely, &[3]),
            secret(Evidence::DecidesAlone, &[2, 3, 4]),
            secret(Evidence::Likely, &[7]),
        ]);
        assert_eq!(kept, [secret(Evidence::DecidesAlone, &[2, 3, 4]), secret(Evidence::Likely, &[7])]);
    }
}
