//! Questions whose answer is one word of two.

use super::skeleton::position_of_word;

/// The two words of which the answer must be one.
pub(super) fn pair(text: &str, lower: &str) -> Option<(String, String)> {
    const PAIRS: &[(&str, &str)] = &[
        ("true", "false"),
        ("yes", "no"),
        ("pii", "clean"),
        ("sensitive", "safe"),
        ("unsafe", "safe"),
        ("예", "아니오"),
        ("네", "아니요"),
        ("はい", "いいえ"),
    ];
    let strict = [
        "only",
        "just",
        "one word",
        "single word",
        "exactly",
        "nothing else",
        "boolean",
        "no explanation",
        "no other",
        "either",
        "respond with",
        "reply with",
        "answer with",
        "answer yes",
        "return",
        "만 ",
        "한 단어",
        "だけ",
        "のみ",
    ];
    if !strict.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let near = |(so, not): &(&str, &str)| {
        let so = if so.is_ascii() { position_of_word(lower, so) } else { lower.find(so) }?;
        let not = if not.is_ascii() { position_of_word(lower, not) } else { lower.find(not) }?;
        (so.abs_diff(not) <= 400).then_some((so, not))
    };
    let (pair, (at_so, at_not)) = PAIRS.iter().find_map(|pair| near(pair).map(|at| (pair, at)))?;
    // As the request spells them; small letters may have another length elsewhere.
    let spelled = |word: &str, at: usize| {
        let original = text.get(at..at + word.len()).filter(|original| original.eq_ignore_ascii_case(word));
        original.unwrap_or(word).to_owned()
    };
    let (so, not) = (spelled(pair.0, at_so), spelled(pair.1, at_not));
    if is_swapped(lower, at_so, at_not) { Some((not, so)) } else { Some((so, not)) }
}

/// Whether the first word is asked for when there is nothing: "true if the image is
/// free of …", "false if it contains …".
fn is_swapped(lower: &str, at_so: usize, at_not: usize) -> bool {
    let clause = |from: usize, other: usize| {
        let end = if other > from { other } else { lower.len() };
        let stop = lower[from..end].find(['.', '\n', ';']).map_or(end, |offset| from + offset);
        &lower[from..stop]
    };
    let is_condition =
        |clause: &str| ["if", "when", "means", "for"].iter().any(|word| position_of_word(clause, word).is_some());
    let denies = |clause: &str| {
        ["no", "not", "without", "free of", "safe", "clean", "none", "nothing", "absent"]
            .iter()
            .any(|word| position_of_word(clause, word).is_some())
            || clause.contains("n't")
    };
    let (so, not) = (clause(at_so, at_not), clause(at_not, at_so));
    // The words themselves may deny ("no"): what follows them counts.
    let after = |clause: &str| {
        clause.split_once(|c: char| !c.is_alphanumeric()).map(|(_, rest)| rest.to_owned()).unwrap_or_default()
    };
    let (so, not) = (after(so), after(not));
    if is_condition(&so) {
        denies(&so)
    } else {
        is_condition(&not) && !denies(&not) && position_of_word(&not, "otherwise").is_none_or(|at| at >= 4)
    }
}
