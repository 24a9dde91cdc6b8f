//! The machine readable zone of passports, cards and visas.

use super::Finding;
use crate::perception::Line;
use crate::perception::geometry::Area;

/// The shortest line of a zone, less what OCR may lose.
const SHORTEST: usize = 26;

/// Finds the zone and what it holds.
pub(super) fn find(lines: &[Line]) -> Vec<Finding> {
    let mut zone: Vec<&Line> = lines.iter().filter(|line| could_be_zone(&line.text)).collect();
    if zone.is_empty() {
        return Vec::new();
    }
    zone.sort_by(|a, b| a.upright.top.total_cmp(&b.upright.top));
    let text: Vec<String> = zone.iter().map(|line| line.text.replace([' ', '«', '《'], "")).collect();
    let Ok(document) = mrz::find_and_parse(&text.join("\n")) else {
        return Vec::new();
    };
    // A zone that fails its check digits is still no accident: nothing else is
    // written with fillers at such length.
    let confidence = if document.checksum_consistent() { 0.98 } else { 0.8 };
    let points: Vec<_> = zone.iter().flat_map(|line| line.corners).collect();
    let corners = Area::around(&points).corners();
    let number = match (document.document_type.as_bytes().first(), document.issuing_country.as_str()) {
        (Some(b'P'), "USA") => "US_PASSPORT",
        (Some(b'P'), _) => "PASSPORT",
        _ => "ID",
    };
    ["PERSON", "DATE_TIME", number]
        .into_iter()
        .map(|entity| Finding { entity, confidence, corners, evidence: "a machine readable zone" })
        .collect()
}

fn could_be_zone(text: &str) -> bool {
    let compact: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let fillers = compact.iter().filter(|c| matches!(c, '<' | '«' | '《')).count();
    let plain = |c: &char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '<' | '«' | '《');
    compact.len() >= SHORTEST && fillers >= 2 && compact.iter().filter(|c| plain(c)).count() * 10 >= compact.len() * 9
        || compact.len() >= SHORTEST && compact.iter().all(plain)
}
