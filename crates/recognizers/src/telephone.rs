//! Telephone numbers.

use std::sync::LazyLock;

use regex::Regex;

use crate::national::continues;

/// Telephones that people carry: the ranges that Korea, Japan and the United Kingdom
/// keep for them.
static MOBILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?:^|[^\d-])(?:01[016-9]|0[789]0)[- .]\d{3,4}[- .]\d{4}(?:$|[^\d-])|(?:^|[^\d-])07\d{3}[ -]?\d{6}(?:$|[^\d-])",
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
    MOBILE.as_ref().is_some_and(|mobile| mobile.is_match(text))
}

/// Whether a text holds a number that is written as telephones are.
pub(crate) fn holds_written(text: &str) -> bool {
    let numbers = WRITTEN.as_ref().map(|written| written.find_iter(text)).into_iter().flatten();
    numbers.into_iter().any(|number| {
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
        for (number, mobile) in
            [("010-2345-6789", true), ("07700 900318", true), ("02-312-4567", false), ("1010-2345-6789", false)]
        {
            assert_eq!(holds_mobile(number), mobile, "{number}");
        }
    }
}
