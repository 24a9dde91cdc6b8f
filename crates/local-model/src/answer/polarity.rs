//! Which of the words that a question offers says "yes, there is some", and which
//! says "no".

use serde_json::Value;

const YES: &[&str] = &[
    "yes",
    "true",
    "y",
    "1",
    "pii",
    "personal",
    "sensitive",
    "present",
    "found",
    "detected",
    "positive",
    "contains",
    "contain",
    "has",
    "included",
    "exists",
    "flagged",
    "flag",
    "unsafe",
    "private",
    "violation",
    "violating",
    "reject",
    "rejected",
    "block",
    "blocked",
    "delete",
    "remove",
    "quarantine",
    "confidential",
    "restricted",
    "dirty",
    "fail",
    "failed",
    "예",
    "네",
    "있음",
    "はい",
    "あり",
    "有",
];
const NO: &[&str] = &[
    "no",
    "false",
    "n",
    "0",
    "clean",
    "safe",
    "none",
    "negative",
    "absent",
    "clear",
    "ok",
    "okay",
    "pass",
    "passed",
    "free",
    "public",
    "allow",
    "allowed",
    "approve",
    "approved",
    "accept",
    "accepted",
    "keep",
    "kept",
    "nothing",
    "harmless",
    "benign",
    "insensitive",
    "impersonal",
    "아니오",
    "아니요",
    "없음",
    "いいえ",
    "なし",
    "無",
];
const NEUTRAL: &[&str] = &[
    "unknown",
    "undetermined",
    "unsure",
    "uncertain",
    "unclear",
    "maybe",
    "indeterminate",
    "inconclusive",
    "unable",
    "cannot",
    "other",
    "na",
];
const NEGATION: &[&str] = &["no", "not", "non", "without", "nothing", "free"];

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    Yes,
    No,
    Neutral,
}

/// What a word or a name of several words says, if it is one that says anything.
pub(super) fn of(word: &str) -> Option<Polarity> {
    let parts = super::fill::tokens(word);
    let is = |list: &[&str]| parts.iter().any(|part| list.contains(&part.as_str()));
    if is(NEUTRAL) {
        return Some(Polarity::Neutral);
    }
    // "no_pii", "not_detected", "pii_free": a negation beside what it denies.
    if parts.len() > 1 && is(NEGATION) {
        return Some(Polarity::No);
    }
    if is(NO) {
        return Some(Polarity::No);
    }
    is(YES).then_some(Polarity::Yes)
}

/// Which of some choices says what is true; `None` when nobody knows.
pub(super) fn choose(choices: &[Value], truth: Option<bool>) -> Option<&Value> {
    let wanted = match truth {
        Some(true) => Polarity::Yes,
        Some(false) => Polarity::No,
        None => Polarity::Neutral,
    };
    let says = |value: &&Value| match value {
        Value::String(word) => of(word) == Some(wanted),
        Value::Bool(flag) => truth == Some(*flag),
        _ => false,
    };
    choices.iter().find(says)
}

/// Whether some choices offer both a yes and a no.
pub(super) fn is_verdict(choices: &[Value]) -> bool {
    choose(choices, Some(true)).is_some() && choose(choices, Some(false)).is_some()
}

/// Whether a name asks for the opposite: what is true when there is none.
pub(super) fn is_inverted(name: &[String]) -> bool {
    const OPPOSITE: &[&str] =
        &["safe", "clean", "ok", "public", "allowed", "approved", "passed", "harmless", "shareable", "publishable"];
    name.iter().any(|part| OPPOSITE.contains(&part.as_str()))
        || (name.len() > 1 && name.iter().any(|part| matches!(part.as_str(), "no" | "without" | "free")))
}

/// "Yes" or "no" in the way an example says either.
pub(super) fn word_like(example: &str, truth: bool) -> String {
    const PAIRS: &[(&str, &str)] = &[
        ("yes", "no"),
        ("true", "false"),
        ("pii", "clean"),
        ("sensitive", "not sensitive"),
        ("unsafe", "safe"),
        ("found", "none"),
        ("detected", "not detected"),
        ("positive", "negative"),
        ("예", "아니오"),
        ("네", "아니요"),
        ("はい", "いいえ"),
    ];
    let lower = example.trim().to_lowercase();
    let pair = PAIRS
        .iter()
        .find(|(yes, no)| lower == *yes || lower == *no)
        .or_else(|| PAIRS.iter().find(|(yes, no)| [yes, no].iter().all(|word| lower.contains(**word))))
        .or_else(|| {
            PAIRS.iter().find(|(yes, no)| {
                [yes, no].iter().any(|word| super::skeleton::position_of_word(&lower, word).is_some())
            })
        });
    let (yes, no) = pair.copied().unwrap_or(("yes", "no"));
    let word = if truth { yes } else { no };
    let letters: Vec<char> = example.chars().filter(|c| c.is_alphabetic()).take(2).collect();
    match letters.as_slice() {
        [first, second] if first.is_uppercase() && second.is_uppercase() => word.to_uppercase(),
        [first, ..] if first.is_uppercase() && first.is_ascii() => {
            let mut chars = word.chars();
            chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_word_for_yes_and_the_word_for_no_are_told_apart() {
        for (yes, no) in [
            ("pii", "clean"),
            ("YES", "NO"),
            ("sensitive", "not_sensitive"),
            ("detected", "not-detected"),
            ("contains_pii", "no_pii"),
            ("unsafe", "safe"),
            ("FOUND", "NONE"),
            ("예", "아니오"),
            ("blocked", "allowed"),
        ] {
            let choices = [json!(no), json!(yes), json!("unknown")];
            assert_eq!(choose(&choices, Some(true)), Some(&json!(yes)));
            assert_eq!(choose(&choices, Some(false)), Some(&json!(no)));
            assert_eq!(choose(&choices, None), Some(&json!("unknown")));
        }
    }

    #[test]
    fn other_choices_are_no_verdict() {
        assert!(!is_verdict(&[json!("low"), json!("medium"), json!("high")]));
        assert!(!is_verdict(&[json!("face"), json!("name")]));
    }
}
