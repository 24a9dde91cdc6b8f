//! Numbers for people.

/// A whole number, its thousands apart.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of something, such as "1 upload" and "1,200 uploads".
#[must_use]
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// US dollars: cents where there are dollars, and else as many places as the first digits need.
#[must_use]
pub fn dollars(usd: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of money, and not below zero")]
    let cents = (usd.max(0.0) * 100.0).round() as u64;
    match usd {
        usd if usd >= 1.0 => format!("${}.{:02}", count(cents / 100), cents % 100),
        usd if usd >= 0.01 => format!("${usd:.3}"),
        usd if usd >= 0.000_001 => format!("${usd:.6}"),
        _ => "$0".to_owned(),
    }
}

/// Seconds, or minutes where they are many.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    if seconds >= 120.0 { format!("{:.1} min", seconds / 60.0) } else { format!("{seconds:.1} s") }
}

/// What part of a whole something is. None of nothing.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0%".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let percent = part as f64 * 100.0 / whole as f64;
    match percent {
        0.0 => "0%".to_owned(),
        percent if percent < 0.1 => "under 0.1%".to_owned(),
        percent if percent < 10.0 => format!("{percent:.1}%"),
        percent => format!("{percent:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(count(number), text);
        }
        for (usd, text) in [
            (0.0, "$0"),
            (0.000_016_5, "$0.000017"),
            (0.25, "$0.250"),
            (1.5, "$1.50"),
            (1_234.567, "$1,234.57"),
            (0.999_9, "$1.000"),
            (2.999, "$3.00"),
        ] {
            assert_eq!(dollars(usd), text);
        }
        for (part, whole, text) in
            [(0, 0, "0%"), (0, 9, "0%"), (1, 3_000, "under 0.1%"), (1, 16, "6.2%"), (2, 3, "67%"), (3, 3, "100%")]
        {
            assert_eq!(percent(part, whole), text);
        }
        assert_eq!((seconds(4.25), seconds(3_000.0)), ("4.2 s".to_owned(), "50.0 min".to_owned()));
        assert_eq!(
            (plural(1, "upload", "uploads"), plural(2, "upload", "uploads")),
            ("1 upload".into(), "2 uploads".into())
        );
    }
}
