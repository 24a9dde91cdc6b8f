//! Whether an image holds personal data: the question, the judgement, the verdict.

mod category;
mod detection;
mod floor;
mod holds;
mod judgement;
pub mod known;
mod place;
mod policy;
mod question;
mod reason;

pub use category::Category;
pub use detection::{Detection, JudgedObject, MAX_FINDINGS, ModelUse, NULL_VERSION, Verdict};
pub use floor::{Floor, OnDisagreement};
pub use holds::Enough;
pub(crate) use holds::Holds;
pub use judgement::{Finding, Judgement, judge};
pub use place::Place;
pub use policy::Policy;
pub use question::question;
pub use reason::Reason;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::named::table;

    #[test]
    fn the_documents_list_every_reason_category_and_place() {
        let errors = include_str!("../../../../docs/errors.md");
        let reasons: Vec<_> = table(errors, "## Why a verdict is").into_iter().map(|(name, _)| name).collect();
        assert_eq!(reasons, Reason::all().map(Reason::as_str).collect::<Vec<_>>());

        let findings = include_str!("../../../../docs/findings.md");
        let categories: Vec<_> = Category::ALL.iter().map(|known| (known.as_str(), known.meaning())).collect();
        assert_eq!(table(findings, "## Categories"), categories);
        let places: Vec<_> = Place::ALL.iter().map(|known| (known.as_str(), known.meaning())).collect();
        assert_eq!(table(findings, "## Places"), places);
    }
}
