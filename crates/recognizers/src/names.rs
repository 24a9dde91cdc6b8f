//! Names that no label announces: by a title before them, by a traveller's way of
//! writing, or by a first name that people have.

use std::collections::HashSet;
use std::sync::LazyLock;

use fake::locales::{DE_DE, Data, EN, FR_FR, NL_NL, PT_BR, TR_TR};

use crate::values::{is_cjk, is_common, is_full_name, is_name, words};
use crate::{Entity, Evidence, Finding, Line, Validation};

const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "frau", "mme", "monsieur", "madame", "señor", "señora",
    "sr", "sra", "signor", "signora", "pan", "pani",
];

/// Titles that stand for nothing else.
const UNMISTAKABLE: &[&str] = &["mr", "mrs", "ms", "miss", "mx", "herr", "frau", "mme"];

/// Those greeted by "Dear" who are nobody in particular.
const ANYBODY: &str = "all colleague colleagues customer customers friend friends guest guests hiring madam member members \
    neighbour neighbours parent parents passenger passengers patient resident residents sir sirs student \
    students team traveller user valued visitor visitors";

/// Words of what people do, which stand beside their names.
const PEOPLE: &str = "accountant alumni analyst anniversary architect assistant attendees author authors baptism birthday \
    bride captain chair colleague colleagues coordinator delegates dentist designer developer director \
    employee employees engagement engineer families family founder funeral graduate graduates groom head \
    invited lawyer lecturer manager marriage married members nurse obituary officer organiser participants \
    partner physician president professor recruiter representative scientist secretary specialist staff \
    supervisor teacher technician therapist trainer treasurer undergraduate volunteers wedding winners";

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
pub(crate) fn find(lines: &[Line<'_>]) -> Vec<Finding> {
    let of_line = |(index, line): (usize, &Line<'_>)| {
        let confidence = of_text(line.text.trim())?;
        Some(Finding {
            entity: Entity::Person,
            confidence: confidence * line.confidence,
            validation: Validation::Context,
            evidence: Evidence::Likely,
            lines: vec![index],
        })
    };
    lines.iter().enumerate().filter_map(of_line).collect()
}

/// Whether a page speaks of people by what they do.
pub(crate) fn speak_of_people(lines: &[Line<'_>]) -> bool {
    let mut words = lines.iter().flat_map(|line| line.text.split(|c: char| !c.is_alphabetic()));
    words.any(|word| PEOPLE.split(' ').any(|known| known == word.to_lowercase()))
}

/// Whether a text is a name and nothing else, as far as one can tell.
pub(crate) fn is_name_alone(text: &str) -> bool {
    let text = text.trim_matches(|c: char| !c.is_alphabetic() && c != '.');
    let without_title =
        text.split_once([' ', '.']).filter(|(title, _)| TITLES.contains(&title.to_lowercase().as_str()));
    match without_title {
        Some((_, name)) => is_name(name.trim_start_matches(['.', ' '])),
        None => is_full_name(text) && begins_with_first_name(text),
    }
}

/// How sure it is that a text holds a name.
fn of_text(text: &str) -> Option<f64> {
    if is_travellers(text) || is_titled(text) {
        Some(0.8)
    } else if is_greeting(text) {
        Some(0.75)
    } else {
        // A first name that people have, and no more.
        (is_full_name(text) && begins_with_first_name(text)).then_some(0.4)
    }
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

/// `Dr. Oona Feldstrand`, or `for Mrs E. Feldstrand` inside a sentence.
fn is_titled(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.iter().enumerate().any(|(index, word)| {
        let title = word.trim_start_matches('(').trim_end_matches('.').to_lowercase();
        // "Dr" and "Sr" stand for other things too, when a name goes before.
        let begins = index == 0 || words[index - 1].ends_with([',', ':', ';']);
        let known = TITLES.contains(&title.as_str()) && (begins || UNMISTAKABLE.contains(&title.as_str()));
        let capital = |word: &&&str| word.chars().next().is_some_and(|c| c.is_uppercase() || is_cjk(c));
        let rest: Vec<&str> = words[index + 1..].iter().take(4).take_while(capital).copied().collect();
        let numbered =
            words.get(index + 1 + rest.len()).is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()));
        known && !rest.is_empty() && !numbered && is_name(&rest.join(" "))
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
                && !name.iter().any(|word| ANYBODY.split(' ').any(|known| known == word.to_lowercase()))
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
        for text in [
            "Dr. Oona Feldstrand",
            "Guest: Mr T. Verholt",
            "Dear Ms Lindqvarn,",
            "Mrs 佐藤 春香",
            "OKAFOR/DELPHINE MS",
            "Hi Anna!",
            "Parcel for Mrs E. Thackerville",
        ] {
            assert!(of_text(text).is_some_and(|confidence| confidence > 0.5), "{text}");
        }
    }

    #[test]
    fn a_first_name_alone_makes_a_weak_guess() {
        assert_eq!(of_text("Anna Kowalska").map(|confidence| confidence < 0.5), Some(true));
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
            "12 Mill Dr Eastmere",
        ] {
            assert!(of_text(text).is_none(), "{text}");
        }
    }
}
