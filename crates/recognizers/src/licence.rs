//! Driving licences whose fields have numbers instead of labels: 1 and 2 are the
//! names, 3 is the birth, 5 is the licence's number.

use crate::labels::key;
use crate::values::{is_date, is_name, is_number};
use crate::{Entity, Evidence, Finding, Line, Validation};

const HEADINGS: &[&str] = &[
    "drivinglicence",
    "drivinglicense",
    "driverlicense",
    "driverslicense",
    "driverlicence",
    "permisdeconduire",
    "führerschein",
    "patentedeguida",
    "permisodeconducción",
    "permisodeconduccion",
    "rijbewijs",
    "prawojazdy",
];

/// Finds numbered fields, if a heading says what they number.
pub(crate) fn find(lines: &[Line<'_>]) -> Vec<Finding> {
    let heading = |line: &Line<'_>| HEADINGS.iter().any(|heading| key(line.text).contains(heading));
    if !lines.iter().any(heading) {
        return Vec::new();
    }
    let of_line = |(index, line): (usize, &Line<'_>)| {
        let entity = of_field(line.text)?;
        Some(Finding {
            entity,
            confidence: 0.85 * line.confidence,
            validation: Validation::Context,
            evidence: Evidence::Likely,
            lines: vec![index],
        })
    };
    lines.iter().enumerate().filter_map(of_line).collect()
}

fn of_field(text: &str) -> Option<Entity> {
    let number = text.chars().next()?;
    let value = text.get(1..)?.trim_start_matches('.').trim();
    let first = value.split_whitespace().next().unwrap_or_default();
    match number {
        '1' | '2' if is_name(value) => Some(Entity::Person),
        '3' if is_date(value) || is_date(first) => Some(Entity::DateTime),
        '5' if is_number(value) => Some(Entity::DriverLicense),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_fields_are_known_by_their_numbers() {
        for (text, entity) in [
            ("1. TREMAINE", Some(Entity::Person)),
            ("2.ISOLDE KATE", Some(Entity::Person)),
            ("3. 22.09.1979 EASTMERE", Some(Entity::DateTime)),
            ("5. TREMA 709229 IK9AB", Some(Entity::DriverLicense)),
            ("4a. 01.04.2022", None),
            ("9. AM/A/B1", None),
            ("", None),
        ] {
            assert_eq!(of_field(text), entity, "{text}");
        }
    }
}
