//! What was found in a picture in code, and what it is worth beside a model's word: a floor that the model adds to
//! and never takes away from.

use super::{Finding, Judgement, Policy, judgement::merged};
use crate::named::named;

named! {
    /// The verdict when code finds likely personal data and the model finds none.
    pub enum OnDisagreement {
        Undetermined = "undetermined": "nobody can tell: it is kept and reported",
        Pii = "pii": "it holds personal data",
        Clean = "clean": "the model's word counts, and what was found is reported",
    }
}

// The table that makes the enum has no room for a default.
#[allow(clippy::derivable_impls)]
impl Default for OnDisagreement {
    fn default() -> Self {
        Self::Undetermined
    }
}

/// What code found in an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Floor {
    /// What is beyond doubt.
    pub deciding: Vec<Finding>,
    /// What is likely.
    pub likely: Vec<Finding>,
}

impl Floor {
    /// Adds what was found in another part of the image.
    pub fn add(&mut self, other: Self) {
        self.deciding.extend(other.deciding);
        self.likely.extend(other.likely);
    }

    /// The judgement that needs no model, if there is one: something beyond doubt counts.
    #[must_use]
    pub fn decided(&self, policy: &Policy) -> Option<Judgement> {
        let all = || merged(self.deciding.iter().chain(&self.likely).cloned());
        self.deciding.iter().any(|finding| policy.counts(finding)).then(|| policy.apply(Judgement::Pii(all())))
    }

    /// The model's judgement, by what counts already, and what it becomes by the floor. A finding that does not count
    /// is told at most.
    #[must_use]
    pub fn under(self, model: Judgement, policy: &Policy, on_disagreement: OnDisagreement) -> Judgement {
        if let Some(decided) = self.decided(policy) {
            return model.and(decided);
        }
        let found = merged(self.deciding.into_iter().chain(self.likely));
        let counts = found.iter().any(|finding| policy.counts(finding));
        let sorted = |findings| match policy.apply(Judgement::Pii(findings)) {
            Judgement::Pii(findings) | Judgement::Clean(findings) | Judgement::Disputed(findings) => findings,
            Judgement::Undetermined(_) => Vec::new(),
        };
        match model {
            Judgement::Clean(told) if counts => {
                let findings = sorted(merged(told.into_iter().chain(found)));
                match on_disagreement {
                    OnDisagreement::Undetermined => Judgement::Disputed(findings),
                    OnDisagreement::Pii => Judgement::Pii(findings),
                    OnDisagreement::Clean => Judgement::Clean(findings),
                }
            }
            model => model.and(Judgement::Clean(found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        image::Area,
        pii::{Category, Place, Reason},
    };

    fn found(category: Category) -> Finding {
        Finding::at(category, 0.9, Area { x: 10, y: 20, width: 300, height: 40 }, (900, 500))
    }

    fn floor(deciding: &[Category], likely: &[Category]) -> Floor {
        let all = |categories: &[Category]| categories.iter().copied().map(found).collect();
        Floor { deciding: all(deciding), likely: all(likely) }
    }

    #[test]
    fn what_is_beyond_doubt_decides_before_the_model_is_asked() {
        let policy = Policy::default();
        let iban = floor(&[Category::IbanCode], &[Category::Person]);
        let decided = Judgement::Pii(vec![found(Category::IbanCode), found(Category::Person)]);
        assert_eq!(iban.decided(&policy), Some(decided));
        assert_eq!(floor(&[], &[Category::Person]).decided(&policy), None);
        let allowed = Policy { allowed_categories: vec![Category::IbanCode], ..Policy::default() };
        assert_eq!(iban.decided(&allowed), None);
    }

    #[test]
    fn a_model_adds_to_the_floor_and_takes_nothing_away() {
        let (face, email) = (Finding::new(Category::Face, 0.8, Place::Right), found(Category::EmailAddress));
        let (pii, clean) = (Judgement::Pii(vec![face.clone()]), Judgement::Clean(Vec::new()));
        let unknown = Judgement::Undetermined(Reason::ImageRejected);
        let disputed = Judgement::Disputed(vec![email.clone()]);
        for (floor, model, expected) in [
            (floor(&[], &[]), clean.clone(), clean.clone()),
            (floor(&[], &[]), pii.clone(), pii.clone()),
            (floor(&[], &[Category::EmailAddress]), clean.clone(), disputed),
            (floor(&[], &[Category::EmailAddress]), pii, Judgement::Pii(vec![face, email.clone()])),
            (floor(&[], &[Category::EmailAddress]), unknown.clone(), unknown.clone()),
            (floor(&[Category::EmailAddress], &[]), clean, Judgement::Pii(vec![email.clone()])),
            (floor(&[Category::EmailAddress], &[]), unknown, Judgement::Pii(vec![email])),
        ] {
            let name = format!("{floor:?} under {model:?}");
            assert_eq!(floor.under(model, &Policy::default(), OnDisagreement::default()), expected, "{name}");
        }
    }

    #[test]
    fn a_setting_says_what_a_disagreement_is() {
        let email = || vec![found(Category::EmailAddress)];
        for (on_disagreement, expected) in [
            (OnDisagreement::Undetermined, Judgement::Disputed(email())),
            (OnDisagreement::Pii, Judgement::Pii(email())),
            (OnDisagreement::Clean, Judgement::Clean(email())),
        ] {
            let floor = floor(&[], &[Category::EmailAddress]);
            assert_eq!(floor.under(Judgement::Clean(Vec::new()), &Policy::default(), on_disagreement), expected);
        }
    }

    #[test]
    fn what_does_not_count_is_told_and_disputes_nothing() {
        let policy = Policy { allowed_categories: vec![Category::Face], ..Policy::default() };
        let clean =
            floor(&[], &[Category::Face]).under(Judgement::Clean(Vec::new()), &policy, OnDisagreement::default());
        assert_eq!(clean, Judgement::Clean(vec![found(Category::Face)]));
        let doubted = Policy { minimum_confidence: 0.95, ..Policy::default() };
        let clean = floor(&[], &[Category::Face]).under(Judgement::Clean(Vec::new()), &doubted, OnDisagreement::Pii);
        assert_eq!(clean, Judgement::Clean(vec![found(Category::Face)]));
    }

    #[test]
    fn what_the_model_found_takes_the_box_of_what_code_found_at_its_place() {
        let of_model = Finding::new(Category::EmailAddress, 1.0, Place::TopLeft);
        let boxed = Finding { confidence: 1.0, ..found(Category::EmailAddress) };
        let floor = floor(&[], &[Category::EmailAddress]);
        let told = floor.under(Judgement::Pii(vec![of_model]), &Policy::default(), OnDisagreement::default());
        assert_eq!(told, Judgement::Pii(vec![boxed]));
    }
}
