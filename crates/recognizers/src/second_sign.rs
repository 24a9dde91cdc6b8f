//! What stands beside a number that does not say enough by itself.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::card_labels::{self, Says, words};
use crate::{Entity, Evidence, Finding, Line, SecondSign, labels, names, national, patterns};

const OF_SSNS: &[&str] = &["ssn", "socialsecurity", "socsec"];
/// What else speaks of such a number, as it is written in small letters.
const ABOUT_SSNS: &[&str] = &[
    "ss#",
    "ss no",
    "ssa no",
    "s.s.n",
    "s.s. n",
    "s.s.#",
    "social sec",
    "taxpayer",
    "tin:",
    "tin no",
    "recipient's tin",
    "recipient’s tin",
];
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
    let has_name = |within| people.iter().any(|name| is_near(finding, lines, &lines[*name], within));
    let of_its_kind = match finding.entity {
        Entity::CreditCard => return beside_card(finding, lines, || has_name(NEAR)),
        Entity::UsSsn => OF_SSNS,
        _ => OF_RRNS,
    };
    match of_national_number(finding, lines, of_its_kind, people) {
        Labelled::Its => return Some(SecondSign::Label),
        Labelled::Otherwise => return None,
        Labelled::Not => {}
    }
    let text = finding.lines.iter().map(|line| lines[*line].text).collect::<Vec<_>>().join(" ");
    // A number of an order may begin with a day as well.
    if finding.entity == Entity::KrRrn && !national::has_rrn_check_digit(&text) {
        return None;
    }
    has_name(BESIDE).then_some(SecondSign::Name)
}

/// How a number is labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Labelled {
    /// As what its form says that it is.
    Its,
    /// As something else, or by words that nobody knows: no name makes it somebody's.
    Otherwise,
    /// Not at all, or beside a name alone.
    Not,
}

/// How a national number is labelled: by the words before it in its own line, by what stands left of it, and by what
/// stands above. The nearest label counts. Its form alone says little, so that words that are neither its label nor
/// a name speak against it.
fn of_national_number(finding: &Finding, lines: &[Line<'_>], of_its_kind: &[&str], people: &[usize]) -> Labelled {
    let [own] = finding.lines.as_slice() else { return Labelled::Otherwise };
    let number = &lines[*own];
    let mut is_unclear = false;
    let mut judge = |says: Label| match says {
        Label::Its => Some(Labelled::Its),
        Label::Others => Some(Labelled::Otherwise),
        Label::Unclear => {
            is_unclear = true;
            None
        }
        Label::None => None,
    };
    let in_line: Vec<Label> = national::beside(finding.entity, number.text)
        .map(|(before, after)| {
            // `219-09-4417 (SSN)`
            let stands_first = !before.contains(char::is_alphabetic);
            if stands_first && is_label(after, of_its_kind) { Label::Its } else { own_label(before, of_its_kind) }
        })
        .collect();
    // Several numbers in one line are one finding: the one that is labelled counts.
    if in_line.contains(&Label::Its) {
        return Labelled::Its;
    }
    if let Some(labelled) = in_line.into_iter().find_map(&mut judge) {
        return labelled;
    }
    let others = || of_the_number_by_index(finding, lines).filter(|(index, _)| index != own);
    let has_letters = |line: &Line<'_>| line.text.contains(char::is_alphabetic);
    let is_above = |line: &Line<'_>| line.middle().1 < number.top;
    let left = others().filter(|(_, line)| !is_above(line) && has_letters(line));
    let left = left.max_by(|a, b| a.1.right.total_cmp(&b.1.right));
    let mut above: Vec<_> = others().filter(|(_, line)| is_above(line) && has_letters(line)).collect();
    above.sort_by(|a, b| b.1.bottom.total_cmp(&a.1.bottom));
    let around = left.into_iter().chain(above);
    let judged = around.map(|(index, line)| label_beside(line.text, of_its_kind, people.contains(&index)));
    match judged.into_iter().find_map(judge) {
        Some(labelled) => labelled,
        None if is_unclear => Labelled::Otherwise,
        None => Labelled::Not,
    }
}

/// What one text says of a national number beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Its,
    Others,
    Unclear,
    /// Nothing, a name, or that it is some number.
    None,
}

/// What the words before a number in its own line say of it.
fn own_label(before: &str, of_its_kind: &[&str]) -> Label {
    let last = last_part(before);
    if is_label(last, of_its_kind) {
        return Label::Its;
    }
    match label_of_another(last) {
        Label::Unclear if names::is_name_alone(before) => Label::None,
        label => label,
    }
}

/// The last part of a text with letters in it.
fn last_part(text: &str) -> &str {
    text.split([',', ';', '|']).rfind(|part| part.contains(char::is_alphabetic)).unwrap_or_default()
}

/// What a line left of a number or above it says of it. A line that has a value of its own does not label another's.
fn label_beside(text: &str, of_its_kind: &[&str], names_somebody: bool) -> Label {
    let last = last_part(text);
    if is_label(text, of_its_kind) && !has_value(text) {
        let is_others = !is_label(last, of_its_kind) && label_of_another(last) == Label::Others;
        return if is_others { Label::Others } else { Label::Its };
    }
    if names_somebody && !card_labels::is_label(text) { Label::None } else { label_of_another(text) }
}

/// Whether a text holds a value of its own.
fn has_value(text: &str) -> bool {
    text.split_whitespace().any(|word| word.bytes().filter(u8::is_ascii_digit).count() >= 4)
}

/// What a text says that is no label of a national number. Labels of SSNs in other words do not make one somebody's,
/// and do not speak against it.
fn label_of_another(text: &str) -> Label {
    let last = last_part(text);
    if !has_value(text) && ABOUT_SSNS.iter().any(|words| has_words(last, words)) {
        return Label::None;
    }
    match card_labels::says(text) {
        Says::Card | Says::Other => Label::Others,
        Says::Number => Label::None,
        // Forms number their fields with letters.
        Says::Unclear | Says::Nothing if words(text).all(|word| word.chars().count() == 1) => Label::None,
        Says::Unclear | Says::Nothing => Label::Unclear,
    }
}

/// The second sign of a payment card. Much else passes its check digit: what labels the number as anything but a
/// card's speaks against it, whatever else stands near.
fn beside_card(finding: &Finding, lines: &[Line<'_>], has_name: impl Fn() -> bool) -> Option<SecondSign> {
    if of_the_number(finding, lines).any(|line| card_labels::is_other_card(line.text)) {
        return None;
    }
    let nearest = labels_of_card(finding, lines);
    if nearest.contains(&Says::Card) {
        return Some(SecondSign::Label);
    }
    if nearest.contains(&Says::Other) {
        return None;
    }
    if of_the_number(finding, lines).any(|line| card_labels::says(line.text) == Says::Card) {
        return Some(SecondSign::Label);
    }
    // A row of a table is many numbers, not one in pieces.
    let [own] = finding.lines.as_slice() else { return None };
    let own = &lines[*own];
    let grouped = patterns::cards(own.text).find(patterns::Card::is_grouped)?;
    let near: Vec<&Line<'_>> = lines.iter().filter(|line| is_near(finding, lines, line, NEAR)).collect();
    let before = own.text.get(..grouped.place().start).unwrap_or_default();
    // A sentence may hold it, or a label in any language: then a word must say that this is how long a card is valid.
    let said = card_labels::says(before);
    let is_some_number = said == Says::Number || nearest.contains(&Says::Number);
    let is_clear = said != Says::Unclear && !is_some_number;
    // The line above may say whose: `Policy`, and `No.:` below it.
    if is_some_number && of_the_number(finding, lines).any(|line| says_below(line, lines) == Says::Other) {
        return None;
    }
    let is_network = |line: &&Line<'_>| {
        // Some are words of every day: on a card the name stands alone.
        line.text.chars().count() <= LONGEST_NETWORK
            && grouped.network().iter().any(|name| has_words(line.text, name))
            && card_labels::is_printed_network(line.text)
    };
    // Where any number may stand, the network's name stands right by it.
    let is_by = |line: &&Line<'_>| is_clear || is_some_number && is_near(finding, lines, line, BESIDE);
    let expires = near.iter().any(|line| is_expiry(own, line, &near, grouped.place(), is_clear));
    // A traveller's visa has a number, too.
    let may_be_a_travellers = card_labels::is_label_of_any_number(before) && !expires;
    let is_cards =
        |line: &&Line<'_>| is_network(line) && !(may_be_a_travellers && card_labels::is_visa_alone(line.text));
    if near.iter().any(|line| is_by(line) && is_cards(line)) {
        return Some(SecondSign::Issuer);
    }
    // Vouchers and tickets are valid until some month as well, and their labels are many.
    let is_labelled = said == Says::Unclear && !card_labels::is_sentence(before);
    let holds_code = |line: &&Line<'_>| card_labels::SECURITY_CODES.iter().any(|word| has_words(line.text, word));
    if expires && (!is_labelled || near.iter().any(|line| is_network(line) || holds_code(line))) {
        return Some(SecondSign::Expiry);
    }
    (is_clear && has_name()).then_some(SecondSign::Name)
}

/// Whether a line near a card's number holds the month until which it is valid: beside a word for it, or alone right
/// of the number or below it.
fn is_expiry(number: &Line<'_>, line: &Line<'_>, near: &[&Line<'_>], place: Range<usize>, may_be_bare: bool) -> bool {
    if !EXPIRY.as_ref().is_some_and(|expiry| expiry.is_match(line.text)) {
        return false;
    }
    let is_own = std::ptr::eq(line, number);
    let speaks = |line: &Line<'_>| card_labels::EXPIRY_WORDS.iter().any(|word| has_words(line.text, word));
    // On cards the words stand in small letters left of the month or above it.
    let is_said = || {
        near.iter().any(|other| {
            let beside = (line.left - other.right).max(other.left - line.right);
            let above = line.middle().1 - other.middle().1;
            let most = 3.0 * line.height().max(other.height());
            speaks(other) && !std::ptr::eq(*other, number) && beside <= most && (-0.5 * most..=most).contains(&above)
        })
    };
    let is_beside = || {
        let overlaps = line.left < number.right + number.height() && line.right > number.left - number.height();
        let below = (0.0..=BESIDE * number.height()).contains(&(line.middle().1 - number.middle().1)) && overlaps;
        let row = number.top - number.height() * 0.3..=number.bottom + number.height() * 0.3;
        below || line.left >= number.right - number.height() && row.contains(&line.middle().1)
    };
    let is_bare = || {
        let behind = number.text.get(place.end..).unwrap_or_default();
        if is_own { card_labels::is_bare_date(behind) } else { card_labels::is_bare_date(line.text) && is_beside() }
    };
    speaks(line) || may_be_bare && is_bare() || card_labels::is_bare_date(line.text) && is_said()
}

/// What the labels of a card's number say: the words before it in its own line, or else what stands left of it, or
/// else above.
fn labels_of_card(finding: &Finding, lines: &[Line<'_>]) -> Vec<Says> {
    let has_letters = |text: &&str| text.chars().any(char::is_alphabetic);
    let own = finding.lines.iter().map(|index| lines[*index].text);
    let before: Vec<&str> = own
        .map(|text| patterns::cards(text).next().and_then(|card| text.get(..card.place().start)).unwrap_or(text))
        .filter(has_letters)
        .collect();
    if !before.is_empty() {
        return before.into_iter().map(card_labels::says).collect();
    }
    let own: Vec<&Line<'_>> = finding.lines.iter().map(|index| &lines[*index]).collect();
    let others = || of_the_number(finding, lines).filter(|line| !own.iter().any(|own| std::ptr::eq(*own, *line)));
    let is_above = |line: &&Line<'_>| own.iter().all(|own| line.middle().1 < own.top);
    let left = others().filter(|line| !is_above(line) && has_letters(&line.text));
    if let Some(nearest) = left.max_by(|a, b| a.right.total_cmp(&b.right)) {
        return vec![card_labels::says(nearest.text)];
    }
    others().filter(|line| has_letters(&line.text)).map(|line| says_below(line, lines)).collect()
}

/// What a line says of a number below it. One of a receipt's with a value of its own does not say whose the number is.
fn says_below(line: &Line<'_>, lines: &[Line<'_>]) -> Says {
    match card_labels::says(line.text) {
        Says::Other if has_value_on_receipt(line, lines) => Says::Number,
        says => says,
    }
}

/// Whether a line is one of a receipt's whose own value stands behind it, so that it labels nothing below.
fn has_value_on_receipt(label: &Line<'_>, lines: &[Line<'_>]) -> bool {
    let has_figures = |text: &str| text.chars().filter(char::is_ascii_digit).count() >= 2;
    let behind = label.text.rfind(char::is_alphabetic).and_then(|last| label.text.get(last..)).unwrap_or_default();
    let row = label.top..=label.bottom;
    let mut right = lines.iter().filter(|line| line.left >= label.right && row.contains(&line.middle().1));
    card_labels::is_on_receipts(label.text) && (has_figures(behind) || right.any(|line| has_figures(line.text)))
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
    of_the_number_by_index(finding, lines).map(|(_, line)| line)
}

fn of_the_number_by_index<'a>(finding: &Finding, lines: &'a [Line<'a>]) -> impl Iterator<Item = (usize, &'a Line<'a>)> {
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
        (own.contains(&index) || labels).then_some((index, line))
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
