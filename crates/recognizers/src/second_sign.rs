//! What stands beside a number that does not say enough by itself.

use std::sync::LazyLock;

use regex::Regex;

use crate::{Entity, Evidence, Finding, Line, SecondSign, labels, national, patterns};

/// Labels of a payment card's number, in small letters and figures alone.
const OF_CARDS: &[&str] = &[
    "cardnumber",
    "cardno",
    "creditcard",
    "debitcard",
    "paymentcard",
    "cardnr",
    "kartennummer",
    "kreditkarte",
    "kreditkartennummer",
    "númerodetarjeta",
    "numerodetarjeta",
    "numérodecarte",
    "numerodecarte",
    "numerodellacarta",
    "カード番号",
    "クレジットカード",
    "信用卡",
    "银行卡",
];
const OF_SSNS: &[&str] = &["ssn", "socialsecurity", "socsec"];
/// What else speaks of such a number, as it is written in small letters.
const ABOUT_SSNS: &[&str] = &["ss#", "ss no", "s.s.n", "s.s. n", "s.s.#", "social sec", "taxpayer", "tin:", "tin no"];
const OF_RRNS: &[&str] = &[
    "rrn",
    "residentregistration",
    "residentno",
    "residentnumber",
    "jumin",
    "alienregistration",
    "주민등록",
    "주민번호",
];

/// Labels of numbers that are something else, whatever their check digit says, in small letters and figures alone.
const OF_OTHERS: &[&str] = &[
    "invoice",
    "serial",
    "voucher",
    "coupon",
    "loyalty",
    "membership",
    "library",
    "bonus",
    "transit",
    "simcard",
    "iccid",
    "imei",
    "batch",
    "ticket",
    "booking",
    "shipment",
    "parcel",
    "consignment",
    "transaction",
    "receipt",
    "bestell",
    "rechnung",
    "artikel",
    "sendung",
    "kundenkarte",
    "pedido",
    "factura",
    "注文",
    "伝票",
    "品番",
];
/// Those that other words hold, as `Charlotte` and `apartment` do: they stand as words of their own, with one of the
/// ends below or without.
const WORDS_OF_OTHERS: &[&str] = &[
    "order",
    "track",
    "tracking",
    "part",
    "sku",
    "article",
    "item",
    "product",
    "reference",
    "gift",
    "member",
    "lot",
    "model",
];
const SHORT_FOR_OTHERS: &[&str] = &["pn", "sn", "mpn", "upc", "ean", "gtin", "ref", "refno", "catno", "po", "pono"];
const ENDS_OF_OTHERS: &[&str] = &["", "s", "no", "nr", "num", "number", "nummer", "id", "code", "card"];

/// A month and a year.
static EXPIRY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^0-9/.-])(?:0[1-9]|1[0-2]) ?/ ?(?:20)?[2-4][0-9](?:$|[^0-9/.-])").ok());

/// How far away, in heights of the number's line, an expiry, a network's name or a name may stand.
const NEAR: f64 = 8.0;
const BESIDE: f64 = 3.5;
/// How long the line with a network's name may be, in characters.
const LONGEST_NETWORK: usize = 40;
/// Shorter labels are words of their own: others end and begin with them, such as "class no.".
const SHORT_LABEL: usize = 3;

/// Looks for the second sign of each finding that needs one. A social security number has no check digit, and many a
/// part's number has its form: it is dropped where its label says that it is something else, and on a page that
/// speaks neither of such numbers nor of anybody.
pub(crate) fn look_for(findings: &mut Vec<Finding>, lines: &[Line<'_>], face: bool) {
    let people: Vec<usize> = findings
        .iter()
        .filter(|finding| finding.entity == Entity::Person && finding.confidence >= crate::THRESHOLD)
        .flat_map(|finding| finding.lines.iter().copied())
        .collect();
    for finding in findings.iter_mut().filter(|finding| finding.evidence == Evidence::NeedsSecondSign(None)) {
        finding.evidence = Evidence::NeedsSecondSign(beside(finding, lines, &people));
    }
    let may_be_somebodys = face || !people.is_empty() || lines.iter().any(|line| speaks_of_ssns(line.text));
    findings.retain(|finding| {
        finding.entity != Entity::UsSsn
            || finding.evidence != Evidence::NeedsSecondSign(None)
            || may_be_somebodys && (is_labelled(finding, lines, OF_SSNS) || !is_anothers(finding, lines))
    });
}

fn beside(finding: &Finding, lines: &[Line<'_>], people: &[usize]) -> Option<SecondSign> {
    if is_anothers(finding, lines) {
        return None;
    }
    let of_its_kind = match finding.entity {
        Entity::CreditCard => OF_CARDS,
        Entity::UsSsn => OF_SSNS,
        _ => OF_RRNS,
    };
    if is_labelled(finding, lines, of_its_kind) {
        return Some(SecondSign::Label);
    }
    let has_name = |within| people.iter().any(|name| is_near(finding, lines, &lines[*name], within));
    let text = finding.lines.iter().map(|line| lines[*line].text).collect::<Vec<_>>().join(" ");
    match finding.entity {
        // A row of a table is many numbers, not one in pieces.
        Entity::CreditCard if finding.lines.len() > 1 => return None,
        Entity::CreditCard => {}
        // A number of an order may begin with a day as well.
        Entity::KrRrn if !national::has_rrn_check_digit(&text) => return None,
        _ => return has_name(BESIDE).then_some(SecondSign::Name),
    }
    let grouped = patterns::cards(&text).find(patterns::Card::is_grouped)?;
    let mut near = lines.iter().filter(|line| is_near(finding, lines, line, NEAR));
    let is_network = |line: &Line<'_>| {
        // Some are words of every day: on a card the name stands alone.
        line.text.chars().count() <= LONGEST_NETWORK && grouped.network().iter().any(|name| has_words(line.text, name))
    };
    if near.clone().any(is_network) {
        return Some(SecondSign::Issuer);
    }
    if near.any(|line| EXPIRY.as_ref().is_some_and(|expiry| expiry.is_match(line.text))) {
        return Some(SecondSign::Expiry);
    }
    has_name(NEAR).then_some(SecondSign::Name)
}

/// Whether a text holds one of these labels.
fn is_label(text: &str, labels: &[&str]) -> bool {
    let key = labels::key(text);
    labels.iter().any(|label| if label.len() <= SHORT_LABEL { has_words(text, label) } else { key.contains(label) })
}

/// Whether a text speaks of social security numbers, however that is spelled.
fn speaks_of_ssns(text: &str) -> bool {
    is_label(text, OF_SSNS) || ABOUT_SSNS.iter().any(|words| has_words(text, words))
}

/// Whether a number has one of these labels.
fn is_labelled(finding: &Finding, lines: &[Line<'_>], labels: &[&str]) -> bool {
    of_the_number(finding, lines).any(|line| is_label(line.text, labels))
}

/// Whether a number is labelled as something else.
fn is_anothers(finding: &Finding, lines: &[Line<'_>]) -> bool {
    of_the_number(finding, lines).any(|label| names_another(label.text))
}

/// Whether a text labels a number as something else.
fn names_another(text: &str) -> bool {
    let key = labels::key(text);
    let is_word = |word: &str| {
        let word = word.to_lowercase();
        WORDS_OF_OTHERS.iter().any(|known| word.strip_prefix(known).is_some_and(|end| ENDS_OF_OTHERS.contains(&end)))
    };
    // `P/N` is one word; a P.O. box is part of somebody's address.
    let is_short = |word: &str| {
        let key_of_word = labels::key(word);
        let short = key_of_word.trim_end_matches(char::is_numeric);
        SHORT_FOR_OTHERS.contains(&short) && !(short == "po" && key.contains("pobox"))
    };
    OF_OTHERS.iter().any(|other| key.contains(other))
        || words(text).any(is_word)
        || text.split_whitespace().any(is_short)
}

/// The words of a text. Where no space is left, a capital begins one: `YourOrderNo`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic()).flat_map(|letters| {
        let begins = |(at, pair): (usize, (char, char))| (pair.0.is_lowercase() && pair.1.is_uppercase()).then_some(at);
        let pairs = letters.char_indices().skip(1).map(|(at, _)| at).zip(letters.chars().zip(letters.chars().skip(1)));
        let ends = pairs.filter_map(begins).chain([letters.len()]);
        ends.scan(0, |start, end| Some(&letters[std::mem::replace(start, end)..end]))
    })
}

/// Whether words stand in a text as words of their own.
fn has_words(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(words).any(|(start, _)| {
        let goes_on = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        !goes_on(text[..start].chars().next_back()) && !goes_on(text[start + words.len()..].chars().next())
    })
}

/// The lines that may label a number: its own, what stands left of it, and what stands right above.
fn of_the_number<'a>(finding: &Finding, lines: &'a [Line<'a>]) -> impl Iterator<Item = &'a Line<'a>> {
    let own: Vec<usize> = finding.lines.clone();
    let number: Vec<Line<'a>> = own.iter().map(|index| lines[*index]).collect();
    lines.iter().enumerate().filter_map(move |(index, line)| {
        let labels = number.iter().any(|number| {
            let row = number.top - number.height() * 0.3..=number.bottom + number.height() * 0.3;
            let left = line.right <= number.left + number.height() && row.contains(&line.middle().1);
            let gap = number.top - line.bottom;
            let above = (-0.5 * number.height()..=1.6 * number.height()).contains(&gap)
                && line.middle().1 < number.top
                && line.left < number.right
                && line.right > number.left;
            left || above
        });
        (own.contains(&index) || labels).then_some(line)
    })
}

/// Whether a line stands so many heights above, below or beside a finding at most.
fn is_near(finding: &Finding, lines: &[Line<'_>], line: &Line<'_>, heights: f64) -> bool {
    finding.lines.iter().map(|index| &lines[*index]).any(|number| {
        let most = heights * number.height().max(line.height());
        let beside = (line.left - number.right).max(number.left - line.right);
        (number.middle().1 - line.middle().1).abs() <= most && beside <= most
    })
}
