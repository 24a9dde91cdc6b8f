//! Values that show by their form and check digits what they are.

use std::ops::Range;
use std::sync::LazyLock;

use iban::Iban;
use regex::Regex;

use crate::checks::{digits, luhn};
use crate::{Entity, Evidence, Finding, Line, Validation, national, published, telephone};

/// Mailboxes that belong to no one person.
const ROLES: &str = "abuse accounts admin billing booking bookings careers contact enquiries feedback hello help helpdesk hr \
    info invoices jobs legal mail marketing no-reply noreply office orders postmaster press privacy \
    reception reservations root sales security service shop support team webmaster";

/// Groups of figures that may be a card's number, with all that stands in one row with it.
static GROUPS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[0-9]+(?:[ -][0-9]+)*").ok());
/// How an account's number begins: its country and its check digits.
static IBAN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b[A-Z]{2}[0-9]{2}").ok());
static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b([a-z0-9][a-z0-9._%+-]*)\s*[@＠]\s*[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b").ok()
});

/// Finds values by their form.
pub(crate) fn find(lines: &[Line<'_>]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = lines.iter().enumerate().flat_map(|(index, line)| in_line(index, line)).collect();
    for row in rows(lines).into_iter().filter(|row| row.len() > 1) {
        let joined = in_row(&row, lines);
        // What stands in one of its lines is there already, and not in what stands beside it.
        let known = |one: &Finding| {
            findings.iter().any(|other| other.entity == one.entity && one.lines.contains(&other.lines[0]))
        };
        let joined: Vec<Finding> = joined.filter(|finding| !known(finding)).collect();
        findings.extend(joined);
    }
    findings
}

/// A long number may be read in pieces: its check digits hold them together. It stands in those pieces alone, and not
/// in a label beside them.
fn in_row(row: &[usize], lines: &[Line<'_>]) -> impl Iterator<Item = Finding> {
    let text = row.iter().map(|index| lines[*index].text).collect::<Vec<_>>().join(" ");
    let mut end = 0;
    let places: Vec<(usize, Range<usize>)> = row
        .iter()
        .map(|index| {
            let start = end;
            end += lines[*index].text.len() + 1;
            (*index, start..end)
        })
        .collect();
    with_check_digits(&text).into_iter().map(move |found| {
        let holds =
            |(_, place): &&(usize, Range<usize>)| place.start < found.place.end && found.place.start < place.end;
        let pieces: Vec<usize> = places.iter().filter(holds).map(|(index, _)| *index).collect();
        let sure = pieces.iter().map(|index| lines[*index].confidence).fold(1.0, f64::min);
        Finding {
            entity: found.entity,
            confidence: found.confidence * sure,
            validation: Validation::Checksum,
            evidence: found.evidence,
            lines: pieces,
        }
    })
}

fn in_line(index: usize, line: &Line<'_>) -> impl Iterator<Item = Finding> {
    let text = line.text;
    let checked = with_check_digits(text);
    let rest = without_accounts(text, &checked);
    let checked =
        checked.into_iter().map(|found| (found.entity, found.confidence, Validation::Checksum, found.evidence));
    let likely = |entity, confidence| (entity, confidence, Validation::Format, Evidence::Likely);
    let email = holds_email(text).then_some(likely(Entity::EmailAddress, 0.9));
    // A shop prints a telephone number too, so one counts only beside other evidence,
    // unless it is of the kind that people carry.
    let telephone =
        if telephone::holds_mobile(text) { Some(0.6) } else { telephone::holds_written(text).then_some(0.35) };
    let telephone = telephone.map(|confidence| likely(Entity::PhoneNumber, confidence));
    let sure = line.confidence;
    let found = checked.chain(national::find(&rest)).chain(email).chain(telephone);
    found.map(move |(entity, confidence, validation, evidence)| Finding {
        entity,
        confidence: confidence * sure,
        validation,
        evidence,
        lines: vec![index],
    })
}

/// A text without the accounts that were found in it: their figures may pass for another number's.
fn without_accounts(text: &str, found: &[Checked]) -> String {
    let mut rest = text.to_owned();
    for account in found.iter().filter(|found| found.entity == Entity::IbanCode) {
        rest.replace_range(account.place.clone(), &" ".repeat(account.place.len()));
    }
    rest
}

/// A number with check digits, and where in its text it stands, in bytes.
struct Checked {
    entity: Entity,
    confidence: f64,
    evidence: Evidence,
    place: Range<usize>,
}

fn with_check_digits(text: &str) -> Vec<Checked> {
    let mut found: Vec<Checked> = ibans(text)
        .map(|(evidence, place)| Checked { entity: Entity::IbanCode, confidence: 0.8, evidence, place })
        .collect();
    // They may pass for a card's as well.
    let in_account = |card: &Card| {
        found.iter().any(|account| account.place.start <= card.place.start && card.place.end <= account.place.end)
    };
    let cards: Vec<Checked> = cards(text)
        .filter(|card| !in_account(card))
        .map(|card| Checked {
            entity: Entity::CreditCard,
            confidence: 0.95,
            evidence: card.evidence(),
            place: card.place,
        })
        .collect();
    found.extend(cards);
    found
}

/// The number of a payment card, right by its check digit.
pub(crate) struct Card {
    digits: Vec<u32>,
    /// How many figures stand together.
    groups: Vec<usize>,
    /// Where in its text it stands, in bytes.
    place: Range<usize>,
}

impl Card {
    /// Whether it is written in the groups that cards have.
    pub(crate) fn is_grouped(&self) -> bool {
        matches!(self.groups.as_slice(), [4, 4, 4, 4] | [4, 6, 5 | 4] | [4, 4, 4, 4, 3])
    }

    /// Where in its text it stands, in bytes.
    pub(crate) fn place(&self) -> Range<usize> {
        self.place.clone()
    }

    /// The network whose numbers begin so, as cards and pages write its name.
    pub(crate) const fn network(&self) -> &'static [&'static str] {
        match self.digits.as_slice() {
            [4, ..] => &["visa"],
            [5 | 2, ..] => &["mastercard", "master card", "maestro"],
            [3, 4 | 7, ..] => &["american express", "amex"],
            [3, 5, ..] => &["jcb"],
            [3, ..] => &["diners"],
            [6, 2, ..] => &["unionpay", "union pay"],
            _ => &["discover", "maestro"],
        }
    }

    fn evidence(&self) -> Evidence {
        if published::is_card(&self.digits) { Evidence::Published } else { Evidence::NeedsSecondSign(None) }
    }
}

/// The numbers of payment cards in a text.
pub(crate) fn cards(text: &str) -> impl Iterator<Item = Card> {
    let rows = GROUPS.as_ref().map(|groups| groups.find_iter(text)).into_iter().flatten();
    rows.filter_map(|row| {
        let touches = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let before = text[..row.start()].chars().next_back();
        // A plus begins a telephone's number.
        if touches(before) || before == Some('+') || touches(text[row.end()..].chars().next()) {
            return None;
        }
        let mut at = row.start();
        let groups: Vec<Range<usize>> = row
            .as_str()
            .split([' ', '-'])
            .map(|group| {
                let start = at;
                at += group.len() + 1;
                start..start + group.len()
            })
            .collect();
        card_among(&groups, text)
    })
}

/// The number of a card among groups of figures. What belongs to a date, a time or an amount is none of its groups;
/// where the rest has the groups of a card, neither is what counts it before it, nor its check value behind it.
fn card_among(groups: &[Range<usize>], text: &str) -> Option<Card> {
    let goes_on = |outward: &mut dyn Iterator<Item = char>| {
        matches!(outward.next(), Some('/' | '.' | ',' | ':')) && outward.next().is_some_and(|c| c.is_ascii_digit())
    };
    let (first, last) = (groups.first()?, groups.last()?);
    let from = usize::from(goes_on(&mut text[..first.start].chars().rev()));
    let to = groups.len() - usize::from(goes_on(&mut text[last.end..].chars()));
    let own = groups.get(from..to).unwrap_or_default();
    let counted = own.split_first().filter(|(first, _)| first.len() <= 2).map(|(_, rest)| rest);
    let without_check_value = |part: &[Range<usize>]| {
        let of_amex = part.len() == 4 && part[1].len() == 6;
        part.last().is_some_and(|last| last.len() == if of_amex { 4 } else { 3 }).then(|| part.len() - 1)
    };
    let parts = [counted, Some(own)].into_iter().flatten();
    // Cards of UnionPay have 19 figures as often as 16, others hardly ever.
    let is_long = |part: &[Range<usize>]| part.first().is_some_and(|first| text[first.start..].starts_with("62"));
    let in_parts = parts.flat_map(|part| {
        let mut ends = [without_check_value(part), Some(part.len())];
        if is_long(part) {
            ends.reverse();
        }
        ends.map(|end| part.get(..end?))
    });
    let has_groups = |card: &Card| card.is_grouped() || card.groups.len() == 1;
    in_parts
        .flatten()
        .find_map(|part| card(part, text).filter(|card| part.len() == own.len() || has_groups(card)))
        .or_else(|| card(groups, text))
}

/// Groups of figures as a card's number, if they are one.
fn card(groups: &[Range<usize>], text: &str) -> Option<Card> {
    let (start, end) = (groups.first()?.start, groups.last()?.end);
    let digits = digits(&text[start..end]);
    let is_card = issuers_length(&digits).is_some_and(|length| length.contains(&digits.len()))
        && luhn(&digits)
        && !national::continues(text, start, end);
    is_card.then(|| Card { digits, groups: groups.iter().map(ExactSizeIterator::len).collect(), place: start..end })
}

/// How many figures the cards of an issuer have, by the figures they begin with.
fn issuers_length(digits: &[u32]) -> Option<std::ops::RangeInclusive<usize>> {
    let first = |count: usize| digits.iter().take(count).fold(0, |number, digit| number * 10 + digit);
    match (first(2), first(4)) {
        (40..=49, _) => Some(13..=19),
        (51..=55, _) | (_, 2221..=2720) => Some(16..=16),
        (34 | 37, _) => Some(15..=15),
        (36 | 38 | 39, _) | (_, 3000..=3059) => Some(14..=16),
        (35 | 60 | 62 | 64 | 65, _) => Some(16..=19),
        (50 | 56..=58 | 63 | 67, _) => Some(13..=19),
        _ => None,
    }
}

/// What the accounts in a text say, and where in it they stand, in bytes. Each length that a number may have is tried:
/// what follows it on the line is not part of it.
fn ibans(text: &str) -> impl Iterator<Item = (Evidence, Range<usize>)> {
    let starts = IBAN.as_ref().map(|start| start.find_iter(text)).into_iter().flatten();
    let mut behind = 0;
    starts.filter_map(move |start| {
        // Another may follow, and what begins as one may stand before it.
        let start = Some(start.start()).filter(|start| *start >= behind)?;
        let is_of_none = |c: char| !matches!(c, ' ' | 'A'..='Z' | '0'..='9');
        let found = text[start..].split(is_of_none).next().unwrap_or_default();
        let compact: String = found.chars().filter(|c| *c != ' ').collect();
        let mut parts = (15..=compact.len().min(34)).filter_map(|length| compact.get(..length));
        let account = parts.find(|part| part.parse::<Iban>().is_ok())?;
        let evidence = if published::is_iban(account) {
            Evidence::Published
        } else if stands_alone(found, account.len()) && !may_be_a_label(account, text) {
            Evidence::DecidesAlone
        } else {
            Evidence::Likely
        };
        let (last, _) = found.char_indices().filter(|(_, c)| *c != ' ').nth(account.len() - 1)?;
        behind = start + last + 1;
        Some((evidence, start..behind))
    })
}

/// Whether an account's number ends where a word does, and is in groups of four. Readers lose spaces between them.
fn stands_alone(text: &str, length: usize) -> bool {
    let count = |counted: &mut usize, word: &str| {
        *counted += word.len();
        Some(*counted)
    };
    let ends: Vec<usize> = text.split(' ').scan(0, count).collect();
    ends.contains(&length) && ends.iter().take_while(|end| **end < length).all(|end| end.is_multiple_of(4))
}

/// `No.` before a number looks like Norway, whose numbers are the shortest.
fn may_be_a_label(account: &str, text: &str) -> bool {
    account.starts_with("NO") && !text.to_ascii_uppercase().contains("IBAN")
}

/// An address of a person; OCR puts spaces around its sign.
fn holds_email(text: &str) -> bool {
    let addresses = EMAIL.as_ref().map(|email| email.captures_iter(text)).into_iter().flatten();
    addresses.filter_map(|address| address.get(1)).any(|mailbox| {
        let before = text[..mailbox.start()].rsplit(char::is_whitespace).next().unwrap_or_default();
        let mailbox = mailbox.as_str().to_lowercase();
        // Before the machine in the address of a service stands who signs in there, and with what.
        let signs_in = before.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '?']));
        !signs_in && !ROLES.split(' ').any(|role| role == mailbox)
    })
}

/// The lines that stand on one row, from left to right, by their index.
fn rows(lines: &[Line<'_>]) -> Vec<Vec<usize>> {
    let mut sorted: Vec<usize> = (0..lines.len()).collect();
    sorted.sort_by(|a, b| lines[*a].middle().1.total_cmp(&lines[*b].middle().1));
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for index in sorted {
        let line = &lines[index];
        let same = rows.last_mut().filter(|row| {
            let first = row.first().map(|first| &lines[*first]);
            first.is_some_and(|first| (first.middle().1 - line.middle().1).abs() < first.height() / 2.0)
        });
        match same {
            Some(row) => row.push(index),
            None => rows.push(vec![index]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| lines[*a].left.total_cmp(&lines[*b].left));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cards_number_has_an_issuer_a_length_and_a_check_digit() {
        for card in ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "Card: 6011111111111117."] {
            assert!(cards(card).next().is_some(), "{card}");
        }
        for other in [
            "4111 1111 1111 1112",
            "411111111111111",
            "7111 1111 1111 1113",
            "A4111111111111111",
            "4111 1111 1111 1111 9",
            "12-4111111111111111",
            "+4111 1111 1111 1111",
            "0000 0000 0000 0000",
            "4929 6071 0392 7747 12",
            "4929 6071 0392 7747 0417",
            "4929 6071 0392 7747 0417 12/27",
            "123 4929 6071 0392 7747",
            "12-4929 6071 0392 7747",
            "4929-6071-0392-7747-123",
            "+49 4929 6071 0392 7747",
            "4929 6071 0392 7747 12a",
            "7 4929 6071 0392 7747 0417 12",
            "DE 44 4929 6071 0392 7747 31",
            "49296071 03927747 123",
        ] {
            assert!(cards(other).next().is_none(), "{other}");
        }
    }

    #[test]
    fn a_cards_number_is_known_beside_what_cards_and_receipts_print_with_it() {
        let (visa, amex) = ("4929 6071 0392 7747", "3714 496353 98431");
        for (number, row) in [
            (visa, "# 12/27"),
            (visa, "# 12/2027"),
            (visa, "12/27 #"),
            (visa, "12/2027 #"),
            (visa, "# 123"),
            (visa, "# 12/27 123"),
            (visa, "No. 2 #"),
            (visa, "12. #"),
            (visa, "10 # 12/27"),
            (visa, "2 # 123"),
            (visa, "# 12.50 EUR"),
            (visa, "10:41 #"),
            (visa, "#/1"),
            // The first 16 have a right check digit as well.
            ("6225 8831 0472 9657 303", "#"),
            ("4929-6071-0392-7747", "# 12/27"),
            ("4929607103927747", "# 12/27"),
            ("4929607103927747", "12/27 # 123"),
            (amex, "# 12/27"),
            (amex, "# 1234"),
            (amex, "1 # 12/27"),
        ] {
            let row = row.replace('#', number);
            let found: Vec<_> = cards(&row).collect();
            assert_eq!(found.len(), 1, "{row}");
            assert_eq!(found[0].digits, digits(number), "{row}");
        }
    }

    #[test]
    fn an_account_is_known_whatever_follows_it() {
        let account = "DE44 5001 0517 5407 3249 31";
        let text = format!("{account} BIC ABCDEFGH");
        assert_eq!(ibans(&text).next(), Some((Evidence::DecidesAlone, 0..account.len())));
        for (text, count) in [
            (format!("RF18 5390 0754 7034 IBAN {account}"), 1),
            (format!("{account} GB11 BARC 2004 0187 3149 25"), 2),
            ("DE4450010517540732493".to_owned(), 0),
        ] {
            assert_eq!(ibans(&text).count(), count, "{text}");
        }
        for other in ["DE89 3704 0044 0532 0130 01", "DE89", "AB12 CDEF GHIJ KLMN"] {
            assert_eq!(ibans(other).next(), None, "{other}");
        }
    }

    #[test]
    fn a_mailbox_of_everybody_is_nobodys_address() {
        for address in ["mira.c@example.org", "mira @ example.org", "at MIRA@EXAMPLE.ORG."] {
            assert!(holds_email(address), "{address}");
        }
        for other in [
            "info@example.org",
            "postgres://app:s3cr3t@db.example.org/app",
            "you@",
            "@example.org",
            "a@b",
            "mira at example.org",
        ] {
            assert!(!holds_email(other), "{other}");
        }
    }
}
