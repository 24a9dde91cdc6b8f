//! Values that show by their shape and check digits what they are.

use std::sync::LazyLock;

use iban::Iban;
use presidio_analyzer::{EntityRecognizer, PatternRecognizer, PhoneRecognizer, country, predefined};
use regex::Regex;

use super::Finding;
use crate::perception::Line;
use crate::perception::geometry::{Area, Corners};

/// Telephones that people carry: the ranges that countries keep for them.
static MOBILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\d-])(?:01[016-9]|0[789]0)[- .]\d{3,4}[- .]\d{4}(?:$|[^\d-])|(?:^|[^\d-])07\d{3}[ -]?\d{6}(?:$|[^\d-])").ok()
});

/// Mailboxes that belong to no one person.
const ROLES: &str = "abuse accounts admin billing booking bookings careers contact enquiries feedback hello help helpdesk hr \
    info invoices jobs legal mail marketing no-reply noreply office orders postmaster press privacy \
    reception reservations root sales security service shop support team webmaster";

/// What a pattern that has no check digit must still look like: Presidio's own
/// patterns take bare figures, which a page is full of.
struct Checked {
    recogniser: PatternRecognizer,
    entity: &'static str,
    confidence: f64,
    shape: Option<Regex>,
}

static CHECKED: LazyLock<Vec<Checked>> = LazyLock::new(|| {
    let checked = |recogniser, entity, confidence, shape: Option<&str>| Checked {
        recogniser,
        entity,
        confidence,
        shape: shape.and_then(|shape| Regex::new(shape).ok()),
    };
    vec![
        checked(predefined::us_ssn(), "US_SSN", 0.85, Some(r"^\d{3}-\d{2}-\d{4}$")),
        checked(country::uk_nino(), "UK_NINO", 0.8, Some(r"(?i)^[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]$")),
        checked(country::es_nie(), "ES_NIE", 0.8, None),
        checked(country::it_fiscal_code(), "IT_FISCAL_CODE", 0.85, None),
        checked(country::sg_nric(), "SG_NRIC_FIN", 0.85, None),
        checked(country::fi_hetu(), "FI_PERSONAL_IDENTITY_CODE", 0.85, None),
        checked(country::br_cpf(), "BR_CPF", 0.85, Some(r"^\d{3}\.\d{3}\.\d{3}-\d{2}$")),
        checked(country::cn_ric(), "CN_RIC", 0.85, None),
        checked(country::mx_curp(), "MX_CURP", 0.85, None),
        checked(country::in_aadhaar(), "IN_AADHAAR", 0.6, Some(r"^\d{4} \d{4} \d{4}$")),
    ]
});

static CARD: LazyLock<PatternRecognizer> = LazyLock::new(predefined::credit_card);
static EMAIL: LazyLock<PatternRecognizer> = LazyLock::new(predefined::email);
static PHONE: LazyLock<PhoneRecognizer> = LazyLock::new(PhoneRecognizer::default);
/// Born on this day, in which century and of which sex: check digits ended in 2020.
static KOREAN_RESIDENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]) ?[-–] ?[1-8]\d{6}\b").ok());
static IBAN_START: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b[A-Z]{2}\d{2}[ A-Z0-9]{11,}").ok());
/// Spaces that OCR puts around the signs of an address.
static LOOSE_SIGN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\s*([@＠])\s*").ok());

/// Finds values by their shape.
pub(super) fn find(lines: &[Line]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for line in lines {
        findings.extend(in_line(line));
    }
    // A long number may be read in pieces: its check digits hold the row together.
    for row in rows(lines).iter().filter(|row| row.len() > 1) {
        let text = row.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" ");
        let points: Vec<_> = row.iter().flat_map(|line| line.corners).collect();
        let sure = row.iter().map(|line| line.confidence).fold(1.0, f64::min);
        findings.extend(with_check_digits(&text, Area::around(&points).corners(), sure));
    }
    findings.extend(lines.iter().filter_map(telephone));
    findings
}

fn in_line(line: &Line) -> Vec<Finding> {
    let mut findings = with_check_digits(&line.text, line.corners, line.confidence);
    let finding = |entity, confidence: f64, evidence| Finding {
        entity,
        confidence: confidence * line.confidence,
        corners: line.corners,
        evidence,
    };
    for checked in CHECKED.iter() {
        let found = matches(&checked.recogniser, checked.entity, &line.text);
        if found.iter().any(|value| checked.shape.as_ref().is_none_or(|shape| shape.is_match(value))) {
            findings.push(finding(checked.entity, checked.confidence, "the form of a national number"));
        }
    }
    if KOREAN_RESIDENT.as_ref().is_some_and(|number| number.is_match(&line.text)) {
        findings.push(finding("KR_RRN", 0.95, "the form of a resident registration number"));
    }
    let text = LOOSE_SIGN.as_ref().map_or(line.text.as_str().into(), |sign| sign.replace_all(&line.text, "@"));
    if matches(&*EMAIL, "EMAIL_ADDRESS", &text).iter().any(|address| !is_role(address)) {
        findings.push(finding("EMAIL_ADDRESS", 0.9, "the form of an e-mail address"));
    }
    findings
}

fn with_check_digits(text: &str, corners: Corners, sure: f64) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |entity, confidence: f64| {
        findings.push(Finding { entity, confidence: confidence * sure, corners, evidence: "its check digits" });
    };
    let is_card = |number: &String| {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        card_validate::Validate::from(&digits).is_ok()
    };
    if matches(&*CARD, "CREDIT_CARD", text).iter().any(is_card) {
        add("CREDIT_CARD", 0.95);
    }
    if holds_iban(text) {
        add("IBAN_CODE", 0.8);
    }
    findings
}

/// Tries each length that an account number may have: what follows it on the line
/// is not part of it.
fn holds_iban(text: &str) -> bool {
    let starts = IBAN_START.as_ref().map(|start| start.find_iter(text)).into_iter().flatten();
    starts.into_iter().any(|found| {
        let compact: String = found.as_str().chars().filter(|c| !c.is_whitespace()).collect();
        (15..=compact.len().min(34))
            .any(|length| compact.get(..length).is_some_and(|part| part.parse::<Iban>().is_ok()))
    })
}

fn is_role(address: &str) -> bool {
    let mailbox = address.split('@').next().unwrap_or_default().to_lowercase();
    ROLES.split(' ').any(|role| role == mailbox)
}

/// A telephone number without a private one's label: a shop prints one too, so it
/// counts only beside other evidence.
fn telephone(line: &Line) -> Option<Finding> {
    let carried = MOBILE.as_ref().is_some_and(|mobile| mobile.is_match(&line.text));
    let found = matches(&*PHONE, "PHONE_NUMBER", &line.text);
    let (confidence, evidence) = if carried {
        (0.6, "the form of a mobile telephone number")
    } else if found.iter().any(|number| is_written_as_telephone(number)) {
        (0.35, "the form of a telephone number")
    } else {
        return None;
    };
    Some(Finding { entity: "PHONE_NUMBER", confidence: confidence * line.confidence, corners: line.corners, evidence })
}

/// Whether a number is grouped as telephones are, and is no bare run of figures.
fn is_written_as_telephone(number: &str) -> bool {
    let number = number.trim();
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let groups = number.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).count();
    let dotted_quad = number.chars().filter(|c| *c == '.').count() == 3 && groups == 4;
    (8..=15).contains(&digits)
        && !dotted_quad
        && (number.starts_with(['+', '(']) || (number.starts_with('0') && groups > 1) || groups >= 3)
}

fn matches(recogniser: &dyn EntityRecognizer, entity: &str, text: &str) -> Vec<String> {
    let found = recogniser.analyze(text, &[entity.to_owned()], None);
    found
        .iter()
        .filter(|found| !continues(text, found.start, found.end))
        .filter_map(|found| text.get(found.start..found.end))
        .map(str::to_owned)
        .collect()
}

/// Whether figures go on before or after a match: then it is a piece of a longer
/// number.
fn continues(text: &str, start: usize, end: usize) -> bool {
    let joined = |mut outward: std::iter::Peekable<&mut dyn Iterator<Item = char>>| {
        outward.next_if(|c| *c == '-').is_some() && outward.next().is_some_and(|c| c.is_ascii_digit())
    };
    let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else {
        return false;
    };
    let before: &mut dyn Iterator<Item = char> = &mut before.chars().rev();
    let after: &mut dyn Iterator<Item = char> = &mut after.chars();
    joined(before.peekable()) || joined(after.peekable())
}

/// Lines that stand on one row, from left to right.
fn rows(lines: &[Line]) -> Vec<Vec<&Line>> {
    let mut sorted: Vec<&Line> = lines.iter().collect();
    sorted.sort_by(|a, b| a.upright.middle().y.total_cmp(&b.upright.middle().y));
    let mut rows: Vec<Vec<&Line>> = Vec::new();
    for line in sorted {
        let same = rows.last_mut().filter(|row| {
            row.first().is_some_and(|first| {
                (first.upright.middle().y - line.upright.middle().y).abs() < first.upright.height() / 2.0
            })
        });
        match same {
            Some(row) => row.push(line),
            None => rows.push(vec![line]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.upright.left.total_cmp(&b.upright.left));
    }
    rows
}
