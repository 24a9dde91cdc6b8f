//! Which findings count.

use super::{Category, Finding, Judgement};

/// Which findings count as personal data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Least confidence of a finding that counts.
    pub minimum_confidence: f64,
    /// Categories whose findings do not count.
    pub allowed_categories: Vec<Category>,
}

impl Policy {
    /// The judgement by what counts. A finding that does not count is still
    /// told, and does not make an image one with personal data by itself. Where
    /// the model says personal data and does not say what, that counts.
    #[must_use]
    pub fn apply(&self, judgement: Judgement) -> Judgement {
        let counts = |finding: &Finding| {
            finding.confidence >= self.minimum_confidence && !self.allowed_categories.contains(&finding.category)
        };
        match judgement {
            Judgement::Pii(mut findings) => {
                findings.sort_by_key(|finding| !counts(finding));
                if findings.is_empty() || findings.first().is_some_and(counts) {
                    Judgement::Pii(findings)
                } else {
                    Judgement::Clean(findings)
                }
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pii::{Place, Reason};

    fn found(category: Category, confidence: f64) -> Finding {
        Finding { category, confidence, r#where: Place::Top }
    }

    #[test]
    fn findings_that_do_not_count_are_told_and_make_no_verdict() {
        let policy = Policy { minimum_confidence: 0.5, allowed_categories: vec![Category::LicensePlate] };
        let (sure, doubtful, allowed) =
            (found(Category::Face, 0.5), found(Category::Face, 0.49), found(Category::LicensePlate, 1.0));
        let both = || vec![doubtful.clone(), allowed.clone()];
        for (judgement, expected) in [
            (Judgement::Pii(vec![sure.clone()]), Judgement::Pii(vec![sure.clone()])),
            (Judgement::Pii(both()), Judgement::Clean(both())),
            (Judgement::Pii(vec![allowed.clone(), sure.clone()]), Judgement::Pii(vec![sure.clone(), allowed.clone()])),
            (Judgement::Pii(vec![]), Judgement::Pii(vec![])),
            (Judgement::Clean(vec![]), Judgement::Clean(vec![])),
            (Judgement::Undetermined(Reason::ImageRejected), Judgement::Undetermined(Reason::ImageRejected)),
        ] {
            assert_eq!(policy.apply(judgement.clone()), expected, "{judgement:?}");
        }
        assert_eq!(
            Policy::default().apply(Judgement::Pii(vec![found(Category::Face, 0.0)])),
            Judgement::Pii(vec![found(Category::Face, 0.0)])
        );
    }
}
