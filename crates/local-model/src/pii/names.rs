//! Names that no label announces: by a title before them, by a traveller's way of
//! writing, or by a first name that people have.

use std::collections::HashSet;
use std::sync::LazyLock;

use fake::locales::{DE_DE, Data, EN, FR_FR, NL_NL, PT_BR, TR_TR};

use super::Finding;
use super::values::{is_common, is_full_name, is_name, words};
use crate::perception::Line;

const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "frau", "mme", "monsieur", "madame", "señor", "señora",
    "sr", "sra", "signor", "signora", "pan", "pani",
];

/// Those greeted by "Dear" who are nobody in particular.
const ANYBODY: &[&str] = &[
    "all",
    "colleague",
    "colleagues",
    "customer",
    "customers",
    "friend",
    "friends",
    "guest",
    "guests",
    "hiring",
    "madam",
    "member",
    "members",
    "neighbour",
    "neighbours",
    "parent",
    "parents",
    "passenger",
    "passengers",
    "patient",
    "resident",
    "residents",
    "sir",
    "sirs",
    "student",
    "students",
    "team",
    "traveller",
    "user",
    "valued",
    "visitor",
    "visitors",
];

/// First names, in small letters, less the words that pages are full of.
static FIRST_NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    [EN::NAME_FIRST_NAME, DE_DE::NAME_FIRST_NAME, FR_FR::NAME_FIRST_NAME, NL_NL::NAME_FIRST_NAME]
        .into_iter()
        .chain([PT_BR::NAME_FIRST_NAME, TR_TR::NAME_FIRST_NAME])
        .flatten()
        .map(|name| name.to_lowercase())
        .filter(|name| name.chars().count() > 2 && !is_common(name))
        .collect()
});

/// Finds names by how they stand.
pub(super) fn find(lines: &[Line]) -> Vec<Finding> {
    lines
        .iter()
        .filter_map(|line| {
            let (confidence, evidence) = of_text(line.text.trim())?;
            Some(Finding {
                entity: "PERSON",
                confidence: confidence * line.confidence,
                corners: line.corners,
                evidence,
            })
        })
        .collect()
}

fn of_text(text: &str) -> Option<(f64, &'static str)> {
    if is_travellers(text) {
        return Some((0.8, "a traveller's name as tickets write it"));
    }
    if is_titled(text) {
        return Some((0.8, "a title before a name"));
    }
    if is_greeting(text) {
        return Some((0.75, "a greeting by name"));
    }
    if is_full_name(text) && begins_with_first_name(text) {
        return Some((0.4, "a first name that people have"));
    }
    None
}

/// `OKAFOR/DELPHINE MS`
fn is_travellers(text: &str) -> bool {
    let Some((last, rest)) = text.split_once('/') else {
        return false;
    };
    let rest: Vec<&str> = rest.split_whitespace().collect();
    let title = rest.last().is_some_and(|word| ["MR", "MRS", "MS", "MISS", "MSTR", "DR"].contains(word));
    let given = rest.first().is_some_and(|word| FIRST_NAMES.contains(&word.to_lowercase()));
    let capital = |word: &str| word.chars().count() > 1 && word.chars().all(char::is_uppercase);
    is_name(text) && capital(last.trim()) && rest.iter().all(|word| capital(word)) && (title || given)
}

/// `Dr. Oona Feldstrand`, at the beginning of a line or after a comma or colon.
fn is_titled(text: &str) -> bool {
    text.split([',', ':', ';']).any(|part| {
        let mut words = part.split_whitespace().peekable();
        let title = words.next().map(|word| word.trim_end_matches('.').to_lowercase());
        let known = title.is_some_and(|title| TITLES.contains(&title.as_str()));
        let rest: Vec<&str> = words.take(4).collect();
        known
            && !rest.is_empty()
            && rest.iter().all(|word| word.chars().next().is_some_and(char::is_uppercase))
            && is_name(&rest.join(" "))
    })
}

fn is_greeting(text: &str) -> bool {
    let mut words = text.trim_end_matches([',', '!', ':']).split_whitespace();
    let greeting = words.next().map(str::to_lowercase);
    let name = words.collect::<Vec<_>>();
    let known = name.first().is_some_and(|word| FIRST_NAMES.contains(&word.to_lowercase()));
    match greeting.as_deref() {
        Some("dear") => {
            (1..=3).contains(&name.len())
                && is_name(&name.join(" "))
                && !name.iter().any(|word| ANYBODY.contains(&word.to_lowercase().as_str()))
        }
        Some("hi" | "hello" | "hallo" | "bonjour" | "hola") => name.len() == 1 && known,
        _ => false,
    }
}

fn begins_with_first_name(text: &str) -> bool {
    words(text).first().is_some_and(|word| FIRST_NAMES.contains(&word.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_title_greeting_or_ticket() {
        for text in
            ["Dr. Oona Feldstrand", "Guest: Mr T. Verholt", "Dear Ms Lindqvarn,", "OKAFOR/DELPHINE MS", "Hi Anna!"]
        {
            assert!(of_text(text).is_some_and(|(confidence, _)| confidence > 0.5), "{text}");
        }
    }

    #[test]
    fn a_first_name_alone_makes_a_weak_guess() {
        assert_eq!(of_text("Anna Kowalska").map(|(confidence, _)| confidence < 0.5), Some(true));
    }

    #[test]
    fn places_greetings_of_anybody_and_products_are_no_names() {
        for text in [
            "Dear Sir or Madam",
            "Dear Customer",
            "Hello World",
            "Victoria Station",
            "Dr. Martens Store",
            "TCP/IP",
            "READ/WRITE",
            "Summer Sale",
            "Florence Museum",
            "Mr Coffee Machine 3000",
        ] {
            assert!(of_text(text).is_none(), "{text}");
        }
    }
}
