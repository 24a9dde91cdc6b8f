//! What a value looks like: a person's name, a date, a number, an address.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that names of people do not hold: of companies, of places, of pages.
const NOT_OF_PEOPLE: &str = "access account address admin age agency air airport all and annual app april area association august \
    authority avenue bakery bank bar bay beach birth blood board boarding bridge building bus business cafe \
    camera campus card care cash category center centre change check church citizenship city class clinic \
    close club co code college committee company conference contact control corp corporation council country \
    county court customer daily dashboard data date day december delivery department description design desk \
    details development digital district document door downtown drive east edit education email emergency \
    employee end energy engineering entrance event exit expires expiry factory family farm fax february \
    ferry file finance first flight floor folder food for form foundation free friday garden gardens gate \
    gender general geschlecht gmbh government group guest guide hall harbour health height help here high \
    hill home hospital hotel hour hours house identity image in inc info information institute insurance \
    international invoice island issue issued item january july june kitchen lab laboratory lake lane \
    language last library license lighthouse limited line list llc local log login lounge ltd lunch mail \
    main management manager map march market media medical meeting member menu message ministry model monday \
    month monthly mountain museum name national nationality nationalité network new news no none north not \
    notes notice november number occupation october of office online only open order orders original page \
    parade park parking party pass passport password patient payment pharmacy phone photo photograph place \
    plan platform please point police policy pool port power press price private product products profile \
    program programme project public quarter queue railway rate receipt reception records region \
    registration relationship release remarks report republic request reserved restaurant results review \
    river road room rules safety sale sales saturday school science seat second section security select \
    september server service services settings sex sexe shop shopping sign signature site size society \
    software south special sports square staff stage start state station status stop store street student \
    studio study summary summer sunday supplies support system systems table tax team technology telephone \
    terminal terms test the theatre thursday ticket time title to today tool total tower town trade trail \
    train training transport travel tuesday type unavailable union unit university update user valid \
    validity valley value version view village visitor ward warehouse water way website wednesday week \
    weekly welcome west wifi winter with work workshop year your zone zoo";

static NOT_A_PERSON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| NOT_OF_PEOPLE.split_whitespace().collect());

/// Whether text could be one person's name, when a label already says that it is.
pub(crate) fn is_name(text: &str) -> bool {
    let words = words(text);
    (1..=5).contains(&words.len())
        && text.chars().filter(|c| c.is_alphabetic()).count() >= 2
        && words.iter().all(|word| is_name_word(word))
        && !words.iter().any(|word| is_common(word))
}

/// Whether text is shaped as first and last name are: it needs no label as strict.
pub(crate) fn is_full_name(text: &str) -> bool {
    let words = words(text);
    let long = |word: &&&str| word.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    let initials = text.contains('.') && words.iter().any(|word| long(&word));
    is_name(text)
        && (2..=4).contains(&words.len())
        && (words.iter().filter(long).count() >= 2 || initials)
        && words.iter().all(|word| word.chars().next().is_some_and(|c| c.is_uppercase() || is_cjk(c)))
        || is_cjk_name(text)
}

/// Whether a word is one that names do not hold.
pub(crate) fn is_common(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',']).to_lowercase();
    NOT_A_PERSON.contains(word.as_str())
}

/// The words of a name; a comma, a slash or a full stop ends one too.
pub(crate) fn words(text: &str) -> Vec<&str> {
    text.split([' ', ',', '/', '.', '<']).filter(|word| !word.is_empty()).collect()
}

fn is_name_word(word: &str) -> bool {
    word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '\u{2019}' | '-' | '`'))
}

fn is_cjk_name(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (2..=6).contains(&compact.chars().count()) && compact.chars().all(is_cjk)
}

pub(crate) fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}')
}

/// Whether text is a calendar date, in figures or with the month's name.
pub(crate) fn is_date(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if !(3..=8).contains(&digits) || text.chars().count() > 24 {
        return false;
    }
    let other: String = text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let month = MONTHS.iter().any(|month| other.contains(month));
    let in_figures = digits >= 6 && text.chars().any(|c| matches!(c, '/' | '-' | '.' | ' ')) || digits == 8;
    let cjk = text.contains('年') && text.contains('月');
    cjk || month || (other.is_empty() && in_figures)
}

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "mai", "jun", "jul", "aug", "aou", "aoû", "sep", "oct", "okt", "nov", "dec",
    "dez", "déc", "fév", "avr", "ene", "abr", "ago", "dic", "gen", "giu", "lug", "mär", "maj",
];

/// Whether text is the number of a document, a person or an account.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let length = text.chars().count();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '/' | '<');
    digits >= 4 && length <= 30 && text.chars().all(plain) && !is_amount(text)
}

/// Whether text is the number of a passport or an identity card. Germany's are nine letters and figures out of 27, often with
/// fewer than four figures.
pub(crate) fn is_document_number(text: &str) -> bool {
    const LETTERS: &str = "CFGHJKLMNPRTVWXYZ";
    let number: Vec<char> = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    // A check digit and the country may follow.
    let (nine, behind) = number.split_at(number.len().min(9));
    let is_german = nine.len() == 9
        && nine.iter().all(|c| c.is_ascii_digit() || LETTERS.contains(*c))
        && nine.iter().any(char::is_ascii_digit)
        && nine.first().is_some_and(char::is_ascii_alphabetic)
        && matches!(behind, [] | ['0'..='9' | 'D'] | ['0'..='9', 'D']);
    is_german || is_number(text)
}

/// Whether text is a personal number of Denmark: the day of birth, and four figures.
pub(crate) fn is_cpr(text: &str) -> bool {
    let figures: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let part = |range: std::ops::Range<usize>| figures.get(range).and_then(|part| part.parse::<u32>().ok());
    figures.len() == 10
        && figures.bytes().all(|byte| byte.is_ascii_digit())
        && part(0..2).is_some_and(|day| (1..=31).contains(&day))
        && part(2..4).is_some_and(|month| (1..=12).contains(&month))
}

fn is_amount(text: &str) -> bool {
    let (_, cents) = text.rsplit_once('.').unwrap_or_default();
    cents.len() == 2 && text.chars().filter(|c| *c == '.').count() == 1 && !text.contains('-')
}

/// Whether text is a telephone number, when a label already says that it is.
pub(crate) fn is_telephone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '.' | '(' | ')' | '/');
    (7..=15).contains(&digits) && text.chars().all(plain)
}

/// Whether text is a postal address, when a label already says that it is.
pub(crate) fn is_address(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let cjk = text.chars().filter(|c| is_cjk(*c)).count();
    let words = text.split_whitespace().count();
    let is_other_address = text.contains('@') || text.contains("://") || text.contains("www.");
    !is_other_address
        && (cjk >= 5 || (letters >= 4 && words >= 2 && (text.chars().any(|c| c.is_ascii_digit()) || words >= 3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_companies_and_places() {
        for name in ["MIRA JOLANTA", "Anna-Lena O'Hara", "OKAFOR/DELPHINE MS", "J. R. Feld", "山田太郎"] {
            assert!(is_full_name(name), "{name}");
        }
        for other in ["Tidewater Institute", "Meeting Room", "Port Calder", "Anna", "Hall 3", "open", "Rye loaf"] {
            assert!(!is_full_name(other), "{other}");
        }
    }

    #[test]
    fn dates_are_told_from_amounts_and_years() {
        for date in ["14 MAR 1988", "02/11/1975", "1988-03-14", "19880314", "7. Mai 1990", "1990年5月7日", "09 JUL 91"]
        {
            assert!(is_date(date), "{date}");
        }
        for other in ["1988", "12.50", "Room 314", "+44 7700 900318", ""] {
            assert!(!is_date(other), "{other}");
        }
    }

    #[test]
    fn document_numbers_are_told_from_amounts_and_words() {
        for number in ["NL-4471902-K", "L89890214", "PX 883 204 771"] {
            assert!(is_number(number), "{number}");
        }
        for other in ["1284.90", "12", "Confidential", "€ 12,345"] {
            assert!(!is_number(other), "{other}");
        }
    }

    #[test]
    fn documents_of_germany_may_have_few_figures() {
        for number in ["L8CTR1P3V", "C8CTR1P3V", "LZ6311T47", "T22000129", "L01X00T471", "L01X00T47 1D", "NX83920178"] {
            assert!(is_document_number(number), "{number}");
        }
        for other in ["CFGHJKLMN", "L8CTR1P3", "8CTR1P3VL", "L8CTO1P3V", "L8CTR1P3VXX", "verloren", "gültig", ""] {
            assert!(!is_document_number(other), "{other}");
        }
        for (number, right) in [("131052-4213", true), ("131052 4213", true), ("311352-4213", false), ("2026", false)] {
            assert_eq!(is_cpr(number), right, "{number}");
        }
    }

    #[test]
    fn postal_addresses_are_told_from_others() {
        for address in ["14 Larkspur Row", "3 Pilot Quay, Port Calder", "東京都千代田区丸の内"] {
            assert!(is_address(address), "{address}");
        }
        for other in ["127.0.0.1", "anna@example.org", "https://example.com/a b", "localhost"] {
            assert!(!is_address(other), "{other}");
        }
    }
}
