//! What has to be covered in a copy that everybody may see.

use super::NotTried;
use crate::{
    image::Cover,
    pii::{Detection, MAX_FINDINGS, Policy},
};

/// What is to be covered of what was found: each finding that counts, but for those in the metadata, of which a copy has
/// none.
///
/// # Errors
/// [`NotTried::NoBox`] where something is known by its place alone, or not even that, and [`NotTried::TooMuchToMask`] where
/// more was found than is told.
pub fn covers(detection: &Detection, policy: &Policy) -> Result<Vec<Cover>, NotTried> {
    if detection.findings.len() >= MAX_FINDINGS {
        return Err(NotTried::TooMuchToMask);
    }
    let counting = detection.findings.iter().filter(|finding| policy.counts(finding));
    let (of_metadata, seen): (Vec<_>, Vec<_>) = counting.partition(|finding| finding.category.is_of_metadata());
    if of_metadata.is_empty() && seen.is_empty() {
        return Err(NotTried::NoBox);
    }
    let cover = |finding: &crate::pii::Finding| Some(Cover { page: finding.page, area: finding.r#box? });
    seen.into_iter().map(|finding| cover(finding).ok_or(NotTried::NoBox)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        image::Area,
        pii::{Category, Finding, Judgement, Place},
        ports::{ObjectFacts, ObjectRef},
    };

    const AREA: Area = Area { x: 10, y: 20, width: 30, height: 40 };

    fn found(category: Category) -> Finding {
        Finding::at(category, 1.0, AREA, (100, 100)).on(Some(2))
    }

    fn covered(findings: Vec<Finding>) -> Result<Vec<Cover>, NotTried> {
        let object = ObjectRef { bucket: "b".into(), key: "k".into(), version: None };
        let facts = ObjectFacts { version: Some("v1".into()), etag: None, size: Some(9), sha256: None };
        let detection = Detection::judged(object, facts, "image/png", Judgement::Pii(findings), None);
        covers(&detection, &Policy { allowed_categories: vec![Category::LicensePlate], ..Policy::default() })
    }

    #[test]
    fn everything_that_counts_is_covered_or_nothing_is() {
        let position = Finding::new(Category::LocationMetadata, 1.0, Place::Metadata);
        let plate = Finding::new(Category::LicensePlate, 1.0, Place::Top);
        let unplaced = Finding::new(Category::Face, 1.0, Place::Top);
        let cover = Cover { page: Some(2), area: AREA };
        for (findings, expected) in [
            (vec![found(Category::Person)], Ok(vec![cover])),
            (vec![found(Category::Person), found(Category::Face)], Ok(vec![cover, cover])),
            (vec![found(Category::Person), plate.clone()], Ok(vec![cover])),
            (vec![found(Category::Person), position.clone()], Ok(vec![cover])),
            (vec![position], Ok(Vec::new())),
            (vec![found(Category::Person), unplaced], Err(NotTried::NoBox)),
            (vec![], Err(NotTried::NoBox)),
            (vec![found(Category::Person); 60], Err(NotTried::TooMuchToMask)),
        ] {
            assert_eq!(covered(findings.clone()), expected, "{findings:?}");
        }
    }
}
