//! Driving licences whose fields have numbers instead of labels: 1 and 2 are the
//! names, 3 is the birth, 5 is the licence's number.

use super::Finding;
use super::labels::key;
use super::values::{is_date, is_name, is_number};
use crate::perception::Line;

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
pub(super) fn find(lines: &[Line]) -> Vec<Finding> {
    let heading = |line: &Line| HEADINGS.iter().any(|heading| key(&line.text).contains(heading));
    if !lines.iter().any(heading) {
        return Vec::new();
    }
    lines
        .iter()
        .filter_map(|line| {
            let entity = of_field(&line.text)?;
            Some(Finding {
                entity,
                confidence: 0.85 * line.confidence,
                corners: line.corners,
                evidence: "a licence's numbered field",
            })
        })
        .collect()
}

fn of_field(text: &str) -> Option<&'static str> {
    let number = text.chars().next()?;
    let value = text.get(1..)?.trim_start_matches('.').trim();
    let first = value.split_whitespace().next().unwrap_or_default();
    match number {
        '1' | '2' if is_name(value) => Some("PERSON"),
        '3' if is_date(value) || is_date(first) => Some("DATE_TIME"),
        '5' if is_number(value) => Some("DRIVER_LICENSE"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_fields_are_known_by_their_numbers() {
        for (text, entity) in [
            ("1. TREMAINE", Some("PERSON")),
            ("2.ISOLDE KATE", Some("PERSON")),
            ("3. 22.09.1979 EASTMERE", Some("DATE_TIME")),
            ("5. TREMA 709229 IK9AB", Some("DRIVER_LICENSE")),
            ("4a. 01.04.2022", None),
            ("9. AM/A/B1", None),
            ("", None),
        ] {
            assert_eq!(of_field(text), entity, "{text}");
        }
    }
}
