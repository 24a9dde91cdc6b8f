//! Which findings count.

use super::{Category, Finding, Judgement};

/// Which findings count as personal data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Least confidence of a finding that counts.
    pub minimum_confidence: f64,
    /// Categories whose findings do not count.
    pub allowed_categories: Vec<Category>,
    /// Whether the name of who made or owns a picture counts. Most cameras and
    /// programs write one: alone it is told, and decides nothing.
    pub authorship_counts: bool,
}

impl Policy {
    /// Whether a finding makes an image one with personal data.
    pub(crate) fn counts(&self, finding: &Finding) -> bool {
        finding.confidence >= self.minimum_confidence
            && !self.allowed_categories.contains(&finding.category)
            && (self.authorship_counts || finding.category != Category::AuthorshipMetadata)
    }

    /// The judgement by what counts. A finding that does not count is still
    /// told, and does not make an image one with personal data by itself. Where
    /// the model says personal data and does not say what, that counts.
    #[must_use]
    pub fn apply(&self, judgement: Judgement) -> Judgement {
        match judgement {
            Judgement::Pii(mut findings) => {
                findings.sort_by_key(|finding| !self.counts(finding));
                if findings.is_empty() || findings.first().is_some_and(|finding| self.counts(finding)) {
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
        Finding::new(category, confidence, Place::Top)
    }

    #[test]
    fn findings_that_do_not_count_are_told_and_make_no_verdict() {
        let policy =
            Policy { minimum_confidence: 0.5, allowed_categories: vec![Category::LicensePlate], ..Policy::default() };
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

    #[test]
    fn authorship_alone_decides_only_where_a_setting_says_so() {
        let (author, face) = (found(Category::AuthorshipMetadata, 1.0), found(Category::Face, 1.0));
        let apply = |authorship_counts, findings: &[Finding]| {
            Policy { authorship_counts, ..Policy::default() }.apply(Judgement::Pii(findings.to_vec()))
        };
        assert_eq!(apply(false, std::slice::from_ref(&author)), Judgement::Clean(vec![author.clone()]));
        assert_eq!(apply(true, std::slice::from_ref(&author)), Judgement::Pii(vec![author.clone()]));
        assert_eq!(apply(false, &[author.clone(), face.clone()]), Judgement::Pii(vec![face, author]));
    }
}
