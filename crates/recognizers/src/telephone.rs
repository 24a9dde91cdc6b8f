//! Telephone numbers.

use std::sync::LazyLock;

use regex::Regex;

use crate::national::continues;

/// Telephones that people carry, by the ranges that countries keep for them: as Korea, Japan, the United Kingdom, Germany
/// and France write them at home, and as many write them with their code.
static MOBILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        &[
            r"(?:^|[^\d-])(?:01[016-9]|0[789]0)[- .]\d{3,4}[- .]\d{4}(?:$|[^\d-])",
            r"(?:^|[^\d-])07\d{3}[ -]?\d{6}(?:$|[^\d-])",
            r"(?:^|[^\d-])01(?:5\d|6[023]|7\d)\d?[ /-]\d{3,4}[ -]?\d{3,4}(?:$|[^\d-])",
            r"(?:^|[^\d.-])0[67](?:[ .]\d\d){4}(?:$|[^\d.-])",
            // With the code of: the United Kingdom and Switzerland, Germany, Spain and France, Italy, Austria and the
            // Netherlands, Japan, Korea, China, India, Portugal, Brazil.
            r"\+ ?(?:4[14] ?(?:\(0\) ?)?7[1-9]|49 ?(?:\(0\) ?)?1[567]|3[34] ?(?:\(0\) ?)?[67]|39 ?3|43 ?(?:\(0\) ?)?6[5-9]|31 ?(?:\(0\) ?)?6|81[ -]?(?:\(0\) ?)?[789]0|82[ -]?(?:\(0\) ?)?10|86[ -]?1[3-9]|91[ -]?[6-9]|351 ?9[1236]|55 ?\(?\d\d\)? ?9)[\d ./-]{5,}\d",
        ]
        .join("|"),
    )
    .ok()
});

/// Figures in the groups that a telephone is written in: with the country's code, with
/// the area's in brackets, with a leading zero, or as North America does.
static WRITTEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\+[1-9]\d{0,2}[ .(/-]{0,2}\d[\d ().-]{5,}\d|\(\+?\d{2,5}\) ?\d[\d .-]{4,}\d|\b0\d{1,4}[ /.-]\d[\d /.-]{3,}\d\b|\b[2-9]\d{2}[ .-][2-9]\d{2}[ .-]\d{4}\b",
    )
    .ok()
});

/// Dates are written in such groups too.
static DATE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:\d{1,2}[./ -]\d{1,2}[./ -]\d{2,4}|\d{4}[./ -]\d{1,2}[./ -]\d{1,2})\b").ok());

/// Whether a text holds the number of a telephone that somebody carries.
pub(crate) fn holds_mobile(text: &str) -> bool {
    let mut numbers = MOBILE.as_ref().map(|mobile| mobile.find_iter(text)).into_iter().flatten();
    numbers.any(|number| {
        let digits = number.as_str().chars().filter(char::is_ascii_digit).count();
        (10..=15).contains(&digits) && !continues(text, number.start(), number.end())
    })
}

/// Whether a text holds a number that is written as telephones are.
pub(crate) fn holds_written(text: &str) -> bool {
    let mut numbers = WRITTEN.as_ref().map(|written| written.find_iter(text)).into_iter().flatten();
    numbers.any(|number| {
        let said = number.as_str();
        let digits = said.chars().filter(char::is_ascii_digit).count();
        let dotted_quad = said.chars().filter(|c| *c == '.').count() == 3;
        (9..=15).contains(&digits)
            && !dotted_quad
            && !DATE.as_ref().is_some_and(|date| date.is_match(said))
            && !continues(text, number.start(), number.end())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_is_known_by_how_it_is_written() {
        for number in [
            "+44 7700 900318",
            "+1 (212) 555-0147",
            "Tel. (415) 555-0132",
            "02-312-4567",
            "0171/123456",
            "call 0800 555 0199",
            "415.555.0132",
            "+82 2-312-4567",
        ] {
            assert!(holds_written(number), "{number}");
        }
    }

    #[test]
    fn dates_addresses_of_machines_and_other_numbers_are_none() {
        for other in [
            "02.10. 2026 840.00",
            "03-07-1962",
            "192.168.10.24",
            "127.0.0.1:8080",
            "8842-113-99-0417",
            "740 118 220",
            "4 006381 333931",
            "06:10 06:40 07:10",
            "9400 1118 9922 3818",
            "2026-11-21 09:41:07",
        ] {
            assert!(!holds_written(other), "{other}");
        }
    }

    #[test]
    fn a_mobile_telephone_is_told_from_one_that_stands() {
        for (number, mobile) in [
            ("010-2345-6789", true),
            ("07700 900318", true),
            ("+44 7700 900318", true),
            ("+49 151 2345 6789", true),
            ("0151 23456789", true),
            ("+34 612 345 678", true),
            ("06 12 34 56 78", true),
            ("+81 90-1234-5678", true),
            ("02-312-4567", false),
            ("1010-2345-6789", false),
            ("+44 20 7946 0018", false),
            ("+49 30 123456", false),
            ("06.10. 07.10. 08.10.", false),
        ] {
            assert_eq!(holds_mobile(number), mobile, "{number}");
        }
    }
}
