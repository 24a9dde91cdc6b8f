//! Numbers that countries give to people: their form, and their check digits where
//! they have any.

use std::sync::LazyLock;

use regex::Regex;

use crate::checks::{digits, verhoeff, weighted};
use crate::{Entity, Evidence, Validation, published};

/// A number of one country.
struct Number {
    entity: Entity,
    confidence: f64,
    form: Regex,
    /// Whether its check digits are right, if it has any.
    check: Option<fn(&str) -> bool>,
}

static NUMBERS: LazyLock<Vec<Number>> = LazyLock::new(|| {
    let number = |entity, confidence, form: &str, check: Option<fn(&str) -> bool>| {
        // Other scripts have figures of their own, which no check counts with. Each form
        // is tried by the tests below.
        Regex::new(&form.replace(r"\d", "[0-9]")).ok().map(|form| Number { entity, confidence, form, check })
    };
    [
        number(Entity::UsSsn, 0.85, r"\b\d{3}-\d{2}-\d{4}\b", Some(is_ssn)),
        number(Entity::UkNino, 0.8, r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", None),
        // Born on this day, in which century and of which sex: check digits ended in 2020.
        number(Entity::KrRrn, 0.95, r"\b\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]) ?[-–] ?[1-8]\d{6}\b", None),
        number(Entity::EsNie, 0.8, r"\b[XYZ]-?\d{7}-?[A-Z]\b", Some(is_nie)),
        number(Entity::ItFiscalCode, 0.85, r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b", Some(is_fiscal_code)),
        number(Entity::SgNricFin, 0.85, r"\b[STFGM]\d{7}[A-Z]\b", Some(is_nric)),
        number(Entity::FiPersonalIdentityCode, 0.85, r"\b\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]\b", Some(is_hetu)),
        number(Entity::BrCpf, 0.85, r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b", Some(is_cpf)),
        number(Entity::CnRic, 0.85, r"\b[1-9]\d{5}(?:19|20)\d{9}[\dX]\b", Some(is_ric)),
        number(Entity::MxCurp, 0.85, r"\b[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d\b", Some(is_curp)),
        // Switzerland's AHV number, and France's NIR.
        number(Entity::Id, 0.85, r"\b756[. ]\d{4}[. ]\d{4}[. ]\d{2}\b", Some(is_ahv)),
        number(
            Entity::Id,
            0.8,
            r"\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b",
            Some(is_nir),
        ),
        number(Entity::InAadhaar, 0.6, r"\b[2-9]\d{3} \d{4} \d{4}\b", Some(|text| verhoeff(&digits(text)))),
    ]
    .into_iter()
    .flatten()
    .collect()
});

/// The national numbers in a text, with how sure each is.
pub(crate) fn find(text: &str) -> Vec<(Entity, f64, Validation, Evidence)> {
    let text = text.to_uppercase();
    let found = |number: &Number| {
        let is_piece = |start, end| {
            continues(&text, start, end) || number.entity == Entity::InAadhaar && goes_on_in_groups(&text, start, end)
        };
        let all = number.form.find_iter(&text).filter(|found| !is_piece(found.start(), found.end()));
        let right = all.filter(|found| number.check.is_none_or(|check| check(found.as_str())));
        let evidence = right.map(|found| evidence(number.entity, found.as_str())).min()?;
        Some((number.entity, number.confidence, validation(number), evidence))
    };
    NUMBERS.iter().filter_map(found).collect()
}

/// What stands before and behind each number of one kind in a text, up to the next number of four figures or more.
/// Those that are published are left out.
pub(crate) fn beside(entity: Entity, text: &str) -> impl Iterator<Item = (&str, &str)> {
    let found = NUMBERS.iter().filter(move |number| number.entity == entity).flat_map(|number| {
        number.form.find_iter(text).filter(|found| evidence(number.entity, found.as_str()) != Evidence::Published)
    });
    let is_value = |word: &&str| word.bytes().filter(u8::is_ascii_digit).count() >= 4;
    found.map(move |found| {
        let (before, after) = (&text[..found.start()], &text[found.end()..]);
        let last =
            before.split_whitespace().rfind(is_value).and_then(|word| before.rfind(word).map(|at| at + word.len()));
        let next = after.split_whitespace().find(is_value).and_then(|word| after.find(word));
        (
            before.get(last.unwrap_or(0)..).unwrap_or_default(),
            after.get(..next.unwrap_or(after.len())).unwrap_or_default(),
        )
    })
}

/// A number of Korea or the United States shows by its form alone what it is; those with a check digit pass it by
/// chance once in ten.
fn evidence(entity: Entity, value: &str) -> Evidence {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    match entity {
        Entity::UsSsn if published::is_ssn(&digits) => Evidence::Published,
        Entity::KrRrn if published::is_rrn(&digits) => Evidence::Published,
        Entity::UsSsn | Entity::KrRrn => Evidence::NeedsSecondSign(None),
        _ => Evidence::Likely,
    }
}

fn validation(number: &Number) -> Validation {
    // A social security number has forbidden figures, and no check digit.
    match number.check {
        Some(_) if number.entity != Entity::UsSsn => Validation::Checksum,
        _ => Validation::Format,
    }
}

/// Whether figures go on before or after a match: then it is a piece of a longer
/// number.
pub(crate) fn continues(text: &str, start: usize, end: usize) -> bool {
    let goes_on = |mut outward: Box<dyn Iterator<Item = char> + '_>| {
        outward.next() == Some('-') && outward.next().is_some_and(|c| c.is_ascii_digit())
    };
    goes_on(Box::new(text[..start].chars().rev())) || goes_on(Box::new(text[end..].chars()))
}

/// Whether a match is a part of a longer row of groups: of the number of a card or a parcel. A date beside it is no
/// group.
fn goes_on_in_groups(text: &str, start: usize, end: usize) -> bool {
    let is_group = |word: &str| matches!(word.len(), 3 | 4) && word.bytes().all(|byte| byte.is_ascii_digit());
    let before = text[..start].strip_suffix(' ').and_then(|before| before.rsplit(char::is_whitespace).next());
    let after = text[end..].strip_prefix(' ').and_then(|after| after.split(char::is_whitespace).next());
    before.is_some_and(is_group) || after.is_some_and(is_group)
}

/// Whether a text holds a resident registration number with the check digit that those had until October 2020.
pub(crate) fn has_rrn_check_digit(text: &str) -> bool {
    let is_right = |number: &str| {
        let digits = digits(number);
        let sum = weighted(&digits, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
        digits.len() == 13 && digits[12] == (11 - sum % 11) % 10
    };
    let numbers = NUMBERS.iter().filter(|number| number.entity == Entity::KrRrn);
    numbers.flat_map(|number| number.form.find_iter(text)).any(|found| is_right(found.as_str()))
}

fn is_ssn(text: &str) -> bool {
    let (area, rest) = text.split_at(3);
    !matches!(area, "000" | "666") && !area.starts_with('9') && &rest[1..3] != "00" && &rest[4..] != "0000"
}

/// Whether text is the number of a Spaniard's or a foreigner's card in Spain, right by its letter.
pub(crate) fn is_dni_or_nie(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).collect::<String>().to_uppercase();
    let figures = compact.strip_prefix(['X', 'Y', 'Z']).map_or(8, |_| 7);
    let middle = compact.trim_start_matches(['X', 'Y', 'Z']).trim_end_matches(|c: char| c.is_ascii_uppercase());
    compact.len() == 9 && middle.len() == figures && middle.bytes().all(|c| c.is_ascii_digit()) && is_nie(&compact)
}

fn is_nie(text: &str) -> bool {
    let compact = text.replace('-', "").replacen('X', "0", 1).replacen('Y', "1", 1).replacen('Z', "2", 1);
    let number = digits(compact.get(..8).unwrap_or_default()).iter().fold(0, |number, digit| number * 10 + digit);
    letter("TRWAGMYFPDXBNJZSQVHLCKE", number % 23) == text.chars().next_back()
}

fn is_hetu(text: &str) -> bool {
    let number = digits(&[&text[..6], &text[7..10]].concat()).iter().fold(0, |number, digit| number * 10 + digit);
    letter("0123456789ABCDEFHJKLMNPRSTUVWXY", number % 31) == text.chars().next_back()
}

fn is_nric(text: &str) -> bool {
    let sum = weighted(&digits(text), &[2, 7, 6, 5, 4, 3, 2]);
    let (letters, offset) = match text.chars().next() {
        Some('S') => ("JZIHGFEDCBA", 0),
        Some('T') => ("JZIHGFEDCBA", 4),
        Some('F') => ("XWUTRQPNMLK", 0),
        Some('G') => ("XWUTRQPNMLK", 4),
        _ => ("KLJNPQRTUWX", 3),
    };
    letter(letters, (sum + offset) % 11) == text.chars().next_back()
}

fn is_cpf(text: &str) -> bool {
    let digits = digits(text);
    let check = |count: u32| {
        let weights: Vec<u32> = (2..=count + 1).rev().collect();
        weighted(&digits, &weights) * 10 % 11 % 10
    };
    !digits.iter().all(|digit| *digit == digits[0]) && digits.ends_with(&[check(9), check(10)])
}

fn is_ric(text: &str) -> bool {
    let sum = weighted(&digits(&text[..17]), &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    letter("10X98765432", sum % 11) == text.chars().next_back()
}

fn is_curp(text: &str) -> bool {
    const ORDER: &str = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ";
    let value = |c: char| ORDER.chars().position(|known| known == c).and_then(|at| u32::try_from(at).ok());
    let values: Vec<u32> = text.chars().filter_map(value).collect();
    let weights: Vec<u32> = (2..=18).rev().collect();
    values.last() == Some(&((10 - weighted(&values[..17], &weights) % 10) % 10))
}

fn is_fiscal_code(text: &str) -> bool {
    /// What a letter or the figure of the same place counts for on odd places.
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let place = |c: char| c.to_digit(10).unwrap_or_else(|| u32::from(c).saturating_sub(u32::from('A')));
    let sum: u32 = text
        .chars()
        .take(15)
        .enumerate()
        .map(|(at, c)| if at % 2 == 0 { ODD[place(c) as usize % 26] } else { place(c) })
        .sum();
    letter("ABCDEFGHIJKLMNOPQRSTUVWXYZ", sum % 26) == text.chars().next_back()
}

fn is_ahv(text: &str) -> bool {
    weighted(&digits(text), &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

fn is_nir(text: &str) -> bool {
    // Corsica's departments count as numbers of their own.
    let compact = text.replace(' ', "").replace("2A", "19").replace("2B", "18");
    let (number, key) = compact.split_at_checked(13).unwrap_or_default();
    let rest = digits(number).iter().fold(0, |rest, digit| (rest * 10 + digit) % 97);
    number.len() == 13 && key.parse() == Ok(97 - rest)
}

fn letter(letters: &str, at: u32) -> Option<char> {
    letters.chars().nth(at as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_known_and_its_near_miss_is_not() {
        for (entity, right, wrong) in [
            (Entity::UsSsn, "219-09-4417", "666-09-4417"),
            (Entity::UkNino, "AB 12 34 56 C", "QQ 12 34 56 C"),
            (Entity::KrRrn, "880314-2345678", "881314-2345678"),
            (Entity::EsNie, "X1234567L", "X1234567M"),
            (Entity::ItFiscalCode, "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
            (Entity::SgNricFin, "S1234567D", "S1234567E"),
            (Entity::FiPersonalIdentityCode, "131052-308T", "131052-308U"),
            (Entity::BrCpf, "529.982.247-25", "529.982.247-26"),
            (Entity::CnRic, "11010519491231002X", "110105194912310021"),
            (Entity::MxCurp, "HEGG560427MVZRRL04", "HEGG560427MVZRRL05"),
            (Entity::InAadhaar, "4991 1866 5246", "4991 1866 5247"),
            (Entity::Id, "756.9217.0769.85", "756.9217.0769.86"),
            (Entity::Id, "756 9217 0769 85", "757 9217 0769 85"),
            (Entity::Id, "2 69 05 49 588 157 80", "2 69 05 49 588 157 81"),
            (Entity::Id, "269054958815780", "269134958815780"),
            (Entity::Id, "1 85 05 2A 588 157 59", "1 85 05 2A 588 157 60"),
        ] {
            let kinds = |text: &str| find(text).into_iter().map(|(entity, ..)| entity).collect::<Vec<_>>();
            assert_eq!(kinds(&format!("No. {right}, valid")), [entity], "{right}");
            assert_eq!(kinds(wrong), [], "{wrong}");
            assert_eq!(kinds(&format!("7-{right}")), [], "a piece of a longer number");
        }
    }

    #[test]
    fn an_aadhaar_number_is_no_part_of_a_longer_row_of_groups() {
        for (line, is_found) in [
            ("4991 1866 5246 0017", false),
            ("1203 4991 1866 5246", false),
            ("4991 1866 5246 003", false),
            ("4991 1866 5246 0017 valid", false),
            ("4991 1866 5246 15/08/1990", true),
            ("15/08/1990 4991 1866 5246", true),
            ("4991 1866 5246 1990-08-15", true),
            ("4991 1866 5246 15 Aug 1990", true),
        ] {
            let found = find(line).iter().any(|(entity, ..)| *entity == Entity::InAadhaar);
            assert_eq!(found, is_found, "{line}");
        }
    }

    #[test]
    fn a_card_of_spain_is_known_by_its_letter() {
        for (number, right) in [
            ("12345678Z", true),
            ("12.345.678-z", true),
            ("X1234567L", true),
            ("12345678A", false),
            ("B12345678", false),
            ("1234567Z", false),
            ("XX234567L", false),
            ("Straße 12", false),
            ("", false),
        ] {
            assert_eq!(is_dni_or_nie(number), right, "{number}");
        }
    }
}
