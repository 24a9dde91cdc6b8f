//! The machine readable zone of passports, cards and visas.

use crate::{Entity, Evidence, Finding, Line, Validation, published};

/// The shortest line of a zone, less what OCR may lose.
const SHORTEST: usize = 26;

/// Finds the zone and what it holds.
pub(crate) fn find(lines: &[Line<'_>]) -> Vec<Finding> {
    let mut zone: Vec<usize> = (0..lines.len()).filter(|index| could_be_zone(lines[*index].text)).collect();
    zone.sort_by(|a, b| lines[*a].top.total_cmp(&lines[*b].top));
    let text: Vec<String> = zone.iter().map(|index| compact(lines[*index].text)).collect();
    if zone.is_empty() {
        return Vec::new();
    }
    let as_read = mrz::find_and_parse(&text.join("\n")).ok();
    // Where a reader lost fillers, or saw too many, check digits tell whether they are put right.
    let mended = || {
        let lines: Vec<String> = text.iter().map(|line| of_full_length(line)).collect();
        mrz::find_and_parse(&lines.join("\n")).ok().filter(mrz::MrzData::checksum_consistent)
    };
    // The line with the check digits says by itself what it is, where the one with the name was read in pieces, and so do
    // its own pieces.
    let by_second_line = |zone: &[usize]| {
        let whole = text.iter().find_map(|line| of_second_line(line));
        whole.or_else(|| {
            let pieces = pieces_of(lines);
            zone.iter().find_map(|index| of_second_line(&of_length(&row_of(&lines[*index], &pieces), LENGTHS[2])))
        })
    };
    let document = match as_read {
        Some(document) if document.checksum_consistent() => Some(document),
        as_read => mended().or(as_read).or_else(|| {
            let document = by_second_line(&zone)?;
            zone = (0..lines.len()).filter(|index| zone.contains(index) || is_piece(lines[*index].text)).collect();
            Some(document)
        }),
    };
    let Some(document) = document else { return Vec::new() };
    // A zone that fails its check digits is still no accident: nothing else is
    // written with fillers at such length.
    let (confidence, validation) =
        if document.checksum_consistent() { (0.98, Validation::Checksum) } else { (0.8, Validation::Format) };
    let evidence = if published::is_travel_document(&document.issuing_country, document.document_number.trim()) {
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

/// A passport by its second line alone, right by all its check digits.
fn of_second_line(line: &str) -> Option<mrz::MrzData> {
    let nationality = line.get(10..13).filter(|_| line.is_ascii() && line.len() == LENGTHS[2])?;
    let first = format!("{:<<44}", format!("P<{nationality}UNREAD<<UNREAD"));
    mrz::find_and_parse(&format!("{first}\n{line}")).ok().filter(mrz::MrzData::checksum_consistent)
}

/// The lines that may be pieces of a zone's, from left to right.
fn pieces_of<'a>(lines: &'a [Line<'a>]) -> Vec<&'a Line<'a>> {
    let mut pieces: Vec<_> = lines.iter().filter(|line| is_piece(line.text)).collect();
    pieces.sort_by(|a, b| a.left.total_cmp(&b.left));
    pieces
}

/// A line with the pieces that stand behind it in its row.
fn row_of(first: &Line<'_>, pieces: &[&Line<'_>]) -> String {
    let is_behind =
        |line: &&&Line<'_>| line.left >= first.right && (first.top..=first.bottom).contains(&line.middle().1);
    // Longer than any zone's, it is none.
    let row = pieces.iter().filter(is_behind).take(LENGTHS[2]).copied();
    std::iter::once(first).chain(row).map(|line| compact(line.text)).collect()
}

/// A line of a zone without what a reader puts between its characters.
fn compact(text: &str) -> String {
    text.replace([' ', '«', '《'], "")
}

/// Whether a line may be a piece of a zone's.
fn is_piece(text: &str) -> bool {
    text.contains("<<") && text.chars().all(|c| matches!(c, 'A'..='Z' | '0'..='9' | '<' | ' '))
}

/// How long the lines of a zone are.
const LENGTHS: [usize; 3] = [30, 36, 44];
/// Most fillers that are put right.
const MOST_WRONG: usize = 6;

/// A line as long as the nearest length there is.
fn of_full_length(line: &str) -> String {
    let length = line.chars().count();
    of_length(line, LENGTHS.into_iter().min_by_key(|known| known.abs_diff(length)).unwrap_or(length))
}

/// A line with as many fillers in its longest run as make it so long.
fn of_length(line: &str, full: usize) -> String {
    let chars: Vec<char> = line.chars().collect();
    let length = chars.len();
    let (mut longest, mut start) = (0..0, 0);
    for at in 0..=chars.len() {
        if chars.get(at) != Some(&'<') {
            if at - start > longest.len() {
                longest = start..at;
            }
            start = at + 1;
        }
    }
    if length.abs_diff(full) > MOST_WRONG || longest.len() < 3 {
        return line.to_owned();
    }
    let fillers = (longest.len() + full).saturating_sub(length);
    let (before, after) = (&chars[..longest.start], &chars[longest.end..]);
    before.iter().copied().chain(std::iter::repeat_n('<', fillers)).chain(after.iter().copied()).collect()
}

fn could_be_zone(text: &str) -> bool {
    let compact: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let fillers = compact.iter().filter(|c| matches!(c, '<' | '«' | '《')).count();
    let plain = |c: &char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '<' | '«' | '《');
    compact.len() >= SHORTEST && fillers >= 2 && compact.iter().filter(|c| plain(c)).count() * 10 >= compact.len() * 9
        || compact.len() >= SHORTEST && compact.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validation(lines: [&str; 2]) -> Option<Validation> {
        let lines = lines.map(|text| Line { text, confidence: 1.0, left: 0.0, top: 0.0, right: 100.0, bottom: 10.0 });
        find(&lines).first().map(|finding| finding.validation)
    }

    #[test]
    fn fillers_that_a_reader_lost_or_saw_twice_are_put_right_by_the_check_digits() {
        for (names, number, expected) in [
            (
                "P<NLDVERHOLT<<TOMAS<<<<<<<<<<<<<<<<<<<<<<<<<",
                "NX83920178NLD7511024M3103131<<<<<<<<<<<<<<06",
                Validation::Checksum,
            ),
            (
                "P<NLDVERHOLT<<TOMAS<<<<<<<<<<<<<<<<<<<<<",
                "NX83920178NLD7511024M3103131<<<<<<<<<<<<06",
                Validation::Checksum,
            ),
            (
                "P<NLDVERHOLT<<TOMAS<<<<<<<<<<<<<<<<<<<<<<<<<<<",
                "NX83920178NLD7511024M3103131<<<<<<<<<<<<<<<06",
                Validation::Checksum,
            ),
            (
                "P<NLDVERHOLT<<TOMAS<<<<<<<<<<<<<<<<<<<<<<<<<",
                "NX83920178NLD7511024M3103141<<<<<<<<<<<<<<06",
                Validation::Format,
            ),
        ] {
            assert_eq!(validation([names, number]), Some(expected), "{names} {number}");
        }
    }

    #[test]
    fn a_second_line_in_pieces_says_what_it_is() {
        let line = |text, left, right, top| Line { text, confidence: 1.0, left, right, top, bottom: top + 20.0 };
        let read = |number| {
            [
                line("P<NLDVER", 18.0, 114.0, 58.0),
                line(number, 15.0, 445.0, 100.0),
                line("<<<<<<06", 504.0, 601.0, 102.0),
                line("clean clean", 11.0, 639.0, 234.0),
            ]
        };
        let found = find(&read("NX83920178NLD7511024M3103131<<<<"));
        assert!(found.iter().all(|finding| finding.evidence == Evidence::DecidesAlone && finding.lines == [1, 2]));
        assert_eq!(found.len(), 3);
        assert_eq!(find(&read("NX83920178NLD7511024M3103141<<<<")).len(), 0);
    }
}
