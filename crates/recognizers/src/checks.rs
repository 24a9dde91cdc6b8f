//! Check digits.

/// Whether the last of these digits is right by Luhn's rule.
pub(crate) fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(at, digit)| if at % 2 == 1 { doubled(*digit) } else { *digit }).sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// Whether the last of these digits is right by Verhoeff's rule.
pub(crate) fn verhoeff(digits: &[u32]) -> bool {
    /// Multiplication in the group of the symmetries of a pentagon.
    fn times(a: u32, b: u32) -> u32 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => (a + b) % 5 + 5,
            (false, true) => (a + 5 - b) % 5 + 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    /// What a digit becomes with each step to the left.
    const MOVED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let moved = |digit: u32, steps: usize| (0..steps % 8).fold(digit, |digit, _| MOVED[digit as usize % 10]);
    digits.iter().rev().enumerate().fold(0, |check, (at, digit)| times(check, moved(*digit, at))) == 0
}

/// The sum of the digits, each times its weight.
pub(crate) fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

pub(crate) fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_digit_is_noticed() {
        for (check, right) in [
            (luhn as fn(&[u32]) -> bool, "4111111111111111"),
            (luhn, "378282246310005"),
            (verhoeff, "2363"),
            (verhoeff, "499118665246"),
        ] {
            let right = digits(right);
            assert!(check(&right), "{right:?}");
            for at in 0..right.len() {
                let mut wrong = right.clone();
                wrong[at] = (wrong[at] + 1) % 10;
                assert!(!check(&wrong), "{wrong:?}");
            }
        }
        assert!(!luhn(&[]));
    }
}
