//! The machine readable zone of passports, cards and visas.

use crate::{Entity, Evidence, Finding, Line, Validation, published};

/// The shortest line of a zone, less what OCR may lose.
const SHORTEST: usize = 26;

/// Finds the zone and what it holds.
pub(crate) fn find(lines: &[Line<'_>]) -> Vec<Finding> {
    let mut zone: Vec<usize> = (0..lines.len()).filter(|index| could_be_zone(lines[*index].text)).collect();
    zone.sort_by(|a, b| lines[*a].top.total_cmp(&lines[*b].top));
    let text: Vec<String> = zone.iter().map(|index| lines[*index].text.replace([' ', '«', '《'], "")).collect();
    if zone.is_empty() {
        return Vec::new();
    }
    let Ok(document) = mrz::find_and_parse(&text.join("\n")) else {
        return Vec::new();
    };
    // A zone that fails its check digits is still no accident: nothing else is
    // written with fillers at such length.
    let (confidence, validation) =
        if document.checksum_consistent() { (0.98, Validation::Checksum) } else { (0.8, Validation::Format) };
    let evidence = if published::is_travel_document(document.document_number.trim()) {
        Evidence::Published
    } else if validation == Validation::Checksum && !document.damaged_recovery {
        Evidence::DecidesAlone
    } else {
        Evidence::Likely
    };
    let number = match (document.document_type.as_bytes().first(), document.issuing_country.as_str()) {
        (Some(b'P'), "USA") => Entity::UsPassport,
        (Some(b'P'), _) => Entity::Passport,
        _ => Entity::Id,
    };
    [Entity::Person, Entity::DateTime, number]
        .into_iter()
        .map(|entity| Finding { entity, confidence, validation, evidence, lines: zone.clone() })
        .collect()
}

fn could_be_zone(text: &str) -> bool {
    let compact: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let fillers = compact.iter().filter(|c| matches!(c, '<' | '«' | '《')).count();
    let plain = |c: &char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '<' | '«' | '《');
    compact.len() >= SHORTEST && fillers >= 2 && compact.iter().filter(|c| plain(c)).count() * 10 >= compact.len() * 9
        || compact.len() >= SHORTEST && compact.iter().all(plain)
}
