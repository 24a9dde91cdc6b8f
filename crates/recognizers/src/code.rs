//! Personal data and secrets in what a barcode says. A barcode is written by a machine to a standard,
//! so its content is known by its form, in full, or not at all: addresses of web pages, product
//! numbers, tickets and texts say nothing of a person.

use std::collections::BTreeSet;

use iban::{Iban, IbanLike};

use crate::{Entity, Validation, published, values::is_name};

/// Finds what the text of one barcode holds, by the standard that it follows:
///
/// * boarding passes (IATA, resolution 792: BCBP),
/// * driving licences and identity cards of North America (AAMVA),
/// * visiting cards (vCard, MECARD, BIZCARD),
/// * payments to an account (EPC069-12, Swiss QR-bill, SPD, UPN QR, HUB-3, bank URI), by their IBAN,
/// * secrets of one-time passwords (otpauth URI).
///
/// ```
/// use warden_recognizers::{Entity, Validation, code};
///
/// let found = code::find("MECARD:N:Owen,Sean;TEL:+12125551212;;");
/// assert_eq!(found, [(Entity::Person, Validation::Format), (Entity::PhoneNumber, Validation::Format)]);
/// assert!(code::find("https://example.com/menu").is_empty());
/// ```
#[must_use]
pub fn find(text: &str) -> Vec<(Entity, Validation)> {
    let by_form = |entities: Vec<Entity>| entities.into_iter().map(|entity| (entity, Validation::Format)).collect();
    None.or_else(|| boarding_pass(text).map(by_form))
        .or_else(|| licence(text).map(by_form))
        .or_else(|| visiting_card(text).map(by_form))
        .or_else(|| payment(text).then(|| vec![(Entity::IbanCode, Validation::Checksum)]))
        .or_else(|| one_time_password(text).then(|| vec![(Entity::Secret, Validation::Format)]))
        .unwrap_or_default()
}

/// Characters of a boarding pass before its first leg, and of a leg's fields that each has.
const BEFORE_LEGS: usize = 23;
const LEG: usize = 37;

/// A boarding pass: a name, and one to four legs from airport to airport, each as long as it says.
fn boarding_pass(text: &str) -> Option<Vec<Entity>> {
    let legs = match text.as_bytes() {
        [b'M', legs @ b'1'..=b'4', ..] if text.is_ascii() => usize::from(legs - b'0'),
        _ => return None,
    };
    let name = text.get(2..22)?.trim_end();
    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || matches!(c, ' ' | '/' | '-' | '\'' | '.'));
    if !is_name || !matches!(text.as_bytes().get(22)?, b'E' | b'L' | b' ') {
        return None;
    }
    let mut start = BEFORE_LEGS;
    for _ in 0..legs {
        let leg = text.get(start..start + LEG)?;
        if !is_leg(leg) {
            return None;
        }
        // What may follow is counted in hexadecimal digits.
        start += LEG + usize::from_str_radix(&leg[35..], 16).ok()?;
    }
    // Readers drop spaces at the end.
    (start <= text.len() + 20).then(|| vec![Entity::Person])
}

/// A leg: booking, from, to, carrier, flight, day of the year, class, seat, number, status, length.
fn is_leg(leg: &str) -> bool {
    let alphanumeric = |range: std::ops::Range<usize>| {
        leg[range].bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ')
    };
    let day = leg[21..24].trim();
    let is_day = day.is_empty() || day.parse().is_ok_and(|day: u16| (1..=366).contains(&day));
    alphanumeric(0..7)
        && leg[7..13].bytes().all(|b| b.is_ascii_uppercase())
        && alphanumeric(13..16)
        && !leg[13..16].trim().is_empty()
        && leg[16..20].trim().bytes().all(|b| b.is_ascii_digit())
        && is_day
        && alphanumeric(24..34)
}

/// A driving licence or an identity card: a header with its issuer's number, and fields of three letters.
fn licence(text: &str) -> Option<Vec<Entity>> {
    let head: String = text.chars().take(16).collect();
    let issuer_at = ["ANSI ", "AAMVA"].iter().find_map(|word| Some(head.find(word)? + word.len()))?;
    let after = text.get(issuer_at..)?;
    let is_header = text.starts_with('@') && after.len() > 20 && after.bytes().take(8).all(|b| b.is_ascii_digit());
    if !is_header {
        return None;
    }
    // The header ends in the first subfile's designator: its type, where it begins, how long it is.
    let designator = ["DL", "ID", "EN"].iter().find_map(|kind| {
        let place = after.get(8..14)?.find(kind)? + 8;
        after.get(place + 2..place + 10)?.bytes().all(|b| b.is_ascii_digit()).then_some((*kind, place + 10))
    });
    let (kind, end) = designator?;
    let fields: Vec<(&str, &str)> = after[end..]
        .split(['\n', '\r'])
        // The first field stands behind the subfile's type.
        .map(|line| line.find(kind).filter(|_| !is_field(line)).map_or(line, |at| &line[at + 2..]))
        .filter(|line| is_field(line))
        .map(|line| (&line[..3], line[3..].trim()))
        .collect();
    let value = |name: &str| fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
    let says = |names: &[&str]| names.iter().any(|name| value(name).is_some_and(|value| value.len() > 1));
    let number = match (kind, value("DCG")) {
        ("ID", _) => Entity::Id,
        (_, Some("CAN" | "MEX")) => Entity::DriverLicense,
        _ => Entity::UsDriverLicense,
    };
    let is_date = |date: &str| date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    let found: Vec<Entity> = [
        (Entity::Person, says(&["DCS", "DAA", "DAB", "DAC", "DCT"])),
        (Entity::DateTime, value("DBB").is_some_and(is_date)),
        (number, says(&["DAQ"])),
        (Entity::Location, says(&["DAG", "DAL"])),
    ]
    .into_iter()
    .filter_map(|(entity, is_told)| is_told.then_some(entity))
    .collect();
    // A number of nobody would be none of a card that was issued.
    (found.contains(&number) && found.len() > 1).then_some(found)
}

fn is_field(line: &str) -> bool {
    matches!(line.as_bytes(), [b'D', b'A'..=b'D', b'A'..=b'Z', _, ..]) && line.is_char_boundary(3)
}

/// A visiting card of a person who can be reached.
fn visiting_card(text: &str) -> Option<Vec<Entity>> {
    let unfolded = unfolded(text.trim());
    let fields = if starts_with(&unfolded, "BEGIN:VCARD") {
        vcard(&unfolded)?
    } else {
        let is_kind = |kind: &str| ["MECARD", "BIZCARD"].iter().any(|known| kind.eq_ignore_ascii_case(known));
        let (_, fields) = text.trim().split_once(':').filter(|(kind, _)| is_kind(kind))?;
        if !fields.ends_with(';') {
            return None;
        }
        unescaped(fields, &[';']).filter_map(|field| field.split_once(':')).map(|(k, v)| (k, v.trim())).collect()
    };
    let values = |names: &'static [&'static str]| values(&fields, names);
    let is_word = |value: &str| value.chars().any(char::is_alphanumeric);
    if !names_a_person(&fields) {
        return None;
    }
    let digits = |value: &str| value.chars().filter(char::is_ascii_digit).count();
    let found: Vec<Entity> = [
        (Entity::Person, true),
        (Entity::PhoneNumber, values(&["TEL", "TEL-AV", "B", "T", "M"]).any(|value| digits(value) >= 6)),
        (Entity::EmailAddress, values(&["EMAIL", "E"]).any(|value| value.contains('@'))),
        (Entity::Location, values(&["ADR", "A"]).any(is_word)),
        (Entity::DateTime, values(&["BDAY"]).any(|value| digits(value) >= 4)),
    ]
    .into_iter()
    .filter_map(|(entity, is_told)| is_told.then_some(entity))
    .collect();
    (found.len() > 1).then_some(found)
}

/// A vCard with one field in each line. Lines end in any of three ways, and a long one goes on behind a space or a tab.
fn unfolded(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) && !line.trim().contains(':') => last.push_str(&line[1..]),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

/// The fields of a vCard that comes to its end, without their groups and parameters.
fn vcard(text: &str) -> Option<Vec<(&str, &str)>> {
    let end = text.lines().next_back()?.trim();
    end.eq_ignore_ascii_case("END:VCARD").then(|| {
        text.lines()
            .filter_map(|line| line.trim().split_once(':'))
            .map(|(name, value)| (name.split(';').next().unwrap_or(name), value.trim()))
            .map(|(name, value)| (name.rsplit('.').next().unwrap_or(name), value))
            .collect()
    })
}

/// The values of the fields of a visiting card that have one of these names.
fn values<'a>(fields: &[(&str, &'a str)], names: &'static [&'static str]) -> impl Iterator<Item = &'a str> {
    fields
        .iter()
        .filter(move |(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)))
        .map(|(_, value)| *value)
}

/// Words that the name of a company ends with, which say what it is by law.
const LEGAL_FORMS: &str =
    "ab ag aps bv corp corporation gmbh inc incorporated kg limited llc llp ltd nv oy oyj plc pty sarl srl ug";
const LEGAL_FORMS_IN_WORDS: &[&str] = &["株式会社", "有限会社", "合同会社", "有限公司", "주식회사", "(주)"];

/// Whether a visiting card is a person's. Shops and companies have some too: with no name but the company's, in
/// any of the fields, or with a word that says so.
fn names_a_person(fields: &[(&str, &str)]) -> bool {
    let values = |names: &'static [&'static str]| values(fields, names);
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect::<BTreeSet<_>>()
    };
    let is_said = values(&["KIND", "X-ADDRESSBOOKSERVER-KIND"]).any(|kind| !kind.eq_ignore_ascii_case("individual"))
        || values(&["X-ABSHOWAS"]).any(|shown| shown.eq_ignore_ascii_case("company"));
    // A department may follow.
    let companies: Vec<_> = values(&["ORG", "C"])
        .filter_map(|company| unescaped(company, &[';']).next())
        .map(words)
        .filter(|company| !company.is_empty())
        .collect();
    let parts: Vec<&str> = values(&["N"])
        .flat_map(|name| unescaped(name, &[';', ',']))
        .chain(values(&["X"]))
        .filter(|part| !words(part).is_empty())
        .collect();
    let named = parts.join(" ");
    let is_companys = |name: &str| companies.contains(&words(name));
    let has_legal_form = |name: &str| {
        words(name).iter().any(|word| LEGAL_FORMS.split(' ').any(|form| form == word))
            || LEGAL_FORMS_IN_WORDS.iter().any(|form| name.contains(form))
    };
    // What is shown of somebody with a family and a given name may say where they work.
    let shows_company = |name: &str| is_companys(name) || parts.len() < 2 && has_legal_form(name);
    if is_said || is_companys(&named) || has_legal_form(&named) || values(&["FN"]).any(shows_company) {
        return false;
    }
    let may_be_a_persons = |name: &str| {
        let words = words(name);
        is_name(name) && !companies.iter().any(|company| company.is_subset(&words) || words.is_subset(company))
    };
    match parts.len() {
        0 => values(&["N"]).next().is_none() && values(&["FN"]).any(may_be_a_persons),
        1 => may_be_a_persons(&named),
        _ => true,
    }
}

/// What stands between separators that no backslash goes before.
fn unescaped<'a>(text: &'a str, separators: &'static [char]) -> impl Iterator<Item = &'a str> {
    let mut escaped = false;
    text.split(move |c: char| {
        let separates = separators.contains(&c) && !escaped;
        escaped = c == '\\' && !escaped;
        separates
    })
}

/// A payment to an account, whose check digits are right and that is no published example.
fn payment(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_payment = match lines.as_slice() {
        ["BCD", "001" | "002", _, "SCT" | "INST", ..] | ["SPC", "0200", "1", ..] | ["UPNQR" | "HRVHUB30", ..] => true,
        _ => starts_with(text, "SPD*1.0*") || starts_with(text, "bank://"),
    };
    is_payment
        && text
            .split(['\n', '\r', '*', '&', '=', ':', '+'])
            .filter_map(|field| field.trim().parse::<Iban>().ok())
            .any(|iban| !published::is_iban(iban.electronic_str()))
}

/// The secret that one-time passwords are made of, if it is no published example.
fn one_time_password(text: &str) -> bool {
    let parameter = |name: &str| {
        let (_, parameters) = text.split_once('?')?;
        parameters
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    let is_long = |value: &str, letter: fn(&u8) -> bool| value.len() >= 16 && value.as_bytes().iter().all(letter);
    let base32 = |b: &u8| b.is_ascii_alphabetic() || (b'2'..=b'7').contains(b) || *b == b'=';
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'%' | b'-' | b'_');
    if starts_with(text, "otpauth://") {
        // Some are shown in groups, as people type them.
        parameter("secret").is_some_and(|(_, secret)| {
            let secret = secret.replace("%20", "").replace("%3D", "=").replace("%3d", "=").replace([' ', '+', '-'], "");
            is_long(&secret, base32) && !published::is_seed(&secret)
        })
    } else {
        starts_with(text, "otpauth-migration://") && parameter("data").is_some_and(|(_, data)| is_long(data, base64))
    }
}

fn starts_with(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LICENCE: &str = "@\n\u{1e}\rANSI 636000090002DL00410278ZV03190008DLDAQT64235789\nDCSSAMPLE\nDDEN\nDACMICHAEL\nDDFN\n\
        DBD06062019\nDBB06061986\nDAG2300 WEST BROAD STREET\nDAIRICHMOND\nDAJVA\nDAK232690000  \nDCGUSA\rZVZVA01\r";

    fn entities(text: &str) -> Vec<Entity> {
        find(text).into_iter().map(|(entity, _)| entity).collect()
    }

    #[test]
    fn a_boarding_pass_names_its_passenger() {
        for (case, text) in [
            ("of one leg", "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 100"),
            ("with more of the airline", "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 106>60000"),
            (
                "with a signature",
                "M1EWING/SHAUN MR       1A11A1 BNESYDQF 0551 107Y26J 0037 100^100GIWVC5EH7JNT684FVNJ91W2QA4DV",
            ),
            (
                "of two legs",
                "M2DESMARAIS/LUC       EABC123 YULFRAAC 0834 326J001A0025 10BABCDEFGHIJKDEF456 FRAGVALH 3664 327C012C0002 100",
            ),
            ("of an infant without a seat", "M1KOCH/IDA             XYZ789 OSLCPHSK 0864 332YINF 0067 100"),
            (
                "whose spaces at the end were dropped",
                "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 10A>60000",
            ),
        ] {
            assert_eq!(find(text), [(Entity::Person, Validation::Format)], "{case}");
        }
        for (case, text) in [
            ("cut", "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A"),
            ("cut behind its name", "M1DESMARAIS/LUC       "),
            ("a word of capitals", "M1AAAAAAAAAAAAAAAAAAAA"),
            ("a day that no year has", "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 400F001A0025 100"),
            ("no airports", "M1DESMARAIS/LUC       EABC123 123456AC 0834 226F001A0025 100"),
            ("two legs announced, one told", "M2DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 100"),
            ("no name", "M1                    EABC123 YULFRAAC 0834 226F001A0025 100"),
            ("a part number", "M1-DESMARAIS-0834-226F-001A-0025-100-ABC-000-111-222-333-444"),
        ] {
            assert_eq!(find(text), [], "{case}");
        }
    }

    #[test]
    fn a_text_that_is_cut_anywhere_or_holds_other_letters_is_read_to_its_end() {
        for text in [
            "M2DESMARAIS/LUC       EABC123 YULFRAAC 0834 326J001A0025 10BABCDEFGHIJKDEF456 FRAGVALH 3664 327C012C0002 100",
            LICENCE,
            "@\n\u{1e}\rAAMVA6360010102DL00390187ZN02260032DLDAQ123456789\nDAAPUBLIC,JOHN,Q\nDBB19570704\n",
            "BEGIN:VCARD\nVERSION:3.0\nitem1.N;X=Y:Lindqvarn;Oona;;;\nTEL:+46 70 123 45 67\nEND:VCARD",
            "MECARD:N:Owen\\;,Sean;TEL:+12125551212;EMAIL:srowen@example.com;;",
            "BCD\n002\n1\nSCT\nBFSWDE33BER\nWikimedia\nDE33100205000001194700\nEUR123.45",
            "otpauth://totp/Example:alice@example.com?secret=QX7NTK2MZ5WRDH4V&issuer=Example",
            "otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6",
        ] {
            for (at, letter) in text.char_indices() {
                let (before, after) = (&text[..at], &text[at + letter.len_utf8()..]);
                for variant in [before.to_owned(), [before, "Ä", after].concat(), [before, after].concat()] {
                    assert!(find(&variant).len() <= 5, "{variant}");
                }
            }
        }
    }

    #[test]
    fn a_licence_tells_who_when_where_and_its_number() {
        let person = [Entity::Person, Entity::DateTime, Entity::UsDriverLicense, Entity::Location];
        assert_eq!(entities(LICENCE), person);
        assert_eq!(entities(&LICENCE.replace("ANSI ", "AAMVA")), person, "as before 2003");
        assert_eq!(entities(&LICENCE.replace("DCGUSA", "DCGCAN"))[2], Entity::DriverLicense);
        assert_eq!(entities(&LICENCE.replace("DL0041", "ID0041").replace("DLDAQ", "IDDAQ"))[2], Entity::Id);
        let first = "@\n\u{1e}\rAAMVA6360010102DL00390187ZN02260032DLDAQ123456789\nDAAPUBLIC,JOHN,Q\nDAG123 MAIN STREET\nDBB19570704\n";
        assert_eq!(entities(first), person, "a name in one field, and a date that begins with the year");
        for (case, text) in [
            ("no header", &LICENCE[24..]),
            ("a header alone", &LICENCE[..31]),
            ("no subfile", &LICENCE.replace("DL0041", "XX0041")),
            ("no number", &LICENCE.replace("DLDAQT64235789", "DL")),
            ("an issuer without a number", &LICENCE.replace("636000", "ABCDEF")),
        ] {
            assert_eq!(find(text), [], "{case}");
        }
    }

    #[test]
    fn a_visiting_card_is_a_persons_who_can_be_reached() {
        let (person, phone, mail) = (Entity::Person, Entity::PhoneNumber, Entity::EmailAddress);
        for (text, expected) in [
            (
                "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lindqvarn;Oona;;;\r\nTEL;TYPE=CELL:+46 70 123 45 67\r\nEND:VCARD\r\n",
                vec![person, phone],
            ),
            (
                "BEGIN:VCARD\nVERSION:4.0\nFN:Oona Lindqvarn\nitem1.EMAIL:oona@lindqvarn.example\nEND:VCARD",
                vec![person, mail],
            ),
            (
                "begin:vcard\nversion:2.1\nn;charset=utf-8:Lindqvarn;Oona\nadr:;;12 Mill Lane;Eastmere\nend:vcard",
                vec![person, Entity::Location],
            ),
            ("MECARD:N:Owen,Sean;TEL:+12125551212;EMAIL:srowen@example.com;;", vec![person, phone, mail]),
            (
                "BIZCARD:N:Sean;X:Owen;T:Engineer;C:Example;A:76 9th Avenue;B:+12125551212;E:srowen@example.com;;",
                vec![person, phone, mail, Entity::Location],
            ),
            ("MECARD:N:Oona Lindqvarn;TEL:+12125551212;;", vec![person, phone]),
            ("mecard:n:Lindqvarn,Oona;tel:+12125551212;;", vec![person, phone]),
            ("BEGIN:VCARD\rVERSION:3.0\rN:Lindqvarn;Oona;;;\rTEL:+4612345678\rEND:VCARD\r", vec![person, phone]),
            (
                "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lindq\r\n varn;Oona;;;\r\nTEL;TYPE=CELL:\r\n +4612345678\r\nEND:VCARD",
                vec![person, phone],
            ),
            ("BEGIN:VCARD\n VERSION:3.0\n N:Lindqvarn;Oona;;;\n TEL:+4612345678\n END:VCARD", vec![person, phone]),
            (
                "BEGIN:VCARD\nVERSION:3.0\nN:Hill;Oona;;;\nFN:Oona Hill\nORG:Hill Design;Sales\nTEL:+4612345678\nEND:VCARD",
                vec![person, phone],
            ),
            (
                "BEGIN:VCARD\nVERSION:4.0\nKIND:individual\nFN:Oona Lindqvarn\nORG:Example\nTEL:+4612345678\nEND:VCARD",
                vec![person, phone],
            ),
            ("BEGIN:VCARD\nVERSION:4.0\nFN:Oona Lindqvarn\nORG:;\nTEL:+4612345678\nEND:VCARD", vec![person, phone]),
            (
                "BEGIN:VCARD\nVERSION:3.0\nN:Lindqvarn;Oona;;;\nFN:Oona Lindqvarn (Acme GmbH)\nTEL:+4612345678\nEND:VCARD",
                vec![person, phone],
            ),
            // A name alone, a number alone, and one that does not come to its end.
            ("BEGIN:VCARD\nVERSION:3.0\nN:Lindqvarn;Oona\nEND:VCARD", vec![]),
            ("BEGIN:VCARD\nVERSION:3.0\nTEL:+4612345678\nEND:VCARD", vec![]),
            ("BEGIN:VCARD\nVERSION:3.0\nN:Lindqvarn;Oona\nTEL:+4612345678", vec![]),
            ("MECARD:N:Owen,Sean;TEL:+1212555", vec![]),
        ] {
            assert_eq!(entities(text), expected, "{text}");
        }
    }

    #[test]
    fn a_visiting_card_of_a_company_is_nobodys() {
        for fields in [
            "N:;;;;\nFN:Example Ltd\nORG:Example Ltd",
            "N:;;;;\nFN:Acme Inc.\nORG:Acme Inc.;",
            "N:;;;;\nFN:Acme\nORG:Acme;Sales",
            "FN:Acme Widgets\nORG:Acme Widgets;",
            "FN:Acme Widgets\nORG:ACME;Widgets",
            "FN:Acme\nORG:Acme Widgets",
            "FN:Acme\\, Widgets\nORG:Acme Widgets",
            "N:;Acme Widgets;;;\nORG:Acme Widgets",
            "N:Acme Widgets;;;;\nORG:Acme Widgets\\; Sons;",
            "N:Widgets;Acme;;;\nFN:Acme Widgets\nORG:Acme Widgets",
            "N:Widgets;Acme;;;\nFN:Acme Widgets\nX-ABShowAs:COMPANY",
            "N:;Acme Ltd;;;",
            "N:Acme\\, Inc.;;;;",
            "N:Inc.;Acme;;;",
            "N:Hotel Seeblick;;;;",
            "FN:Müller Bau GmbH",
            "FN:株式会社山田商店",
            "FN:3M",
            "KIND:org\nFN:Example",
            "item1.X-ABShowAs:COMPANY\nN:Example;;;;",
            "X-ADDRESSBOOKSERVER-KIND:group\nN:Example;;;;",
        ] {
            let card = format!("BEGIN:VCARD\nVERSION:3.0\n{fields}\nTEL:+4612345678\nEND:VCARD");
            assert_eq!(find(&card), [], "{card}");
        }
        for card in [
            "MECARD:N:Acme Ltd;TEL:+12125551212;;",
            "MECARD:N:Acme, Inc.;TEL:+12125551212;;",
            "MECARD:N:Acme Widgets;ORG:Acme Widgets;TEL:+12125551212;;",
            "BIZCARD:N:Acme;X:Widgets;C:Acme Widgets;B:+12125551212;;",
        ] {
            assert_eq!(find(card), [], "{card}");
        }
    }

    #[test]
    fn a_payment_holds_an_account_whose_check_digits_are_right() {
        for text in [
            "BCD\n002\n1\nSCT\nBFSWDE33BER\nWikimedia\nDE33100205000001194700\nEUR123.45\n\n\nSpende",
            "BCD\r\n001\r\n1\r\nSCT\r\nBFSWDE33BER\r\nWikimedia\r\nDE33 1002 0500 0001 1947 00\r\nEUR1",
            "SPC\r\n0200\r\n1\r\nCH4431999123000889012\r\nS\r\nRobert Schneider AG\r\nEPD",
            "SPD*1.0*ACC:CZ5855000000001265098001+RZBCCZPP*AM:480.55*CC:CZK",
            "HRVHUB30\nEUR\n000000000012355\nPERO PERIC\nULICA 1\n10000 ZAGREB\nHR7423400091110087461\nHR01",
            "UPNQR\n\n\n\n\nJanez Novak\nUlica 1\n1000 Ljubljana\n00000001000\n\n\nCOST\nNajem\n\nSI56020170014356205\n",
            "bank://singlepaymentsepa?name=A&iban=DE33100205000001194700&amount=1",
        ] {
            assert_eq!(find(text), [(Entity::IbanCode, Validation::Checksum)], "{text}");
            let digits = ["DE33", "CH44", "CZ58", "HR74", "SI56"];
            let one_wrong =
                digits.iter().fold(text.to_owned(), |text, digits| text.replace(digits, &format!("{}7", &digits[..3])));
            assert_eq!(find(&one_wrong), [], "{one_wrong}");
        }
        for text in [
            "BCD\n002\n1\nSCT\n\nErika Mustermann\nDE89370400440532013000\nEUR1",
            "BCD\n002\n1\nSCT\n\nErika Mustermann\nDE89 3704 0044 0532 0130 00\nEUR1",
            "HRVHUB30\nEUR\n000000000012355\nPERO PERIC\nULICA 1\n10000 ZAGREB\nHR1210010051863000160\nHR01",
            "SPC\r\n0200\r\n1\r\nCH9300762011623852957\r\nS\r\nRobert Schneider AG\r\nEPD",
            "SPD*1.0*ACC:CZ6508000000192000145399*AM:480.55*CC:CZK",
            "bank://singlepaymentsepa?name=A&iban=DE89370400440532013000&amount=1",
        ] {
            assert_eq!(find(text), [], "an example: {text}");
        }
        let beside = "BCD\n002\n1\nSCT\n\nA\nDE33100205000001194700\nEUR1\n\n\nlike DE89370400440532013000";
        assert_eq!(find(beside), [(Entity::IbanCode, Validation::Checksum)]);
        // An account number beside no payment is somebody's text.
        assert_eq!(find("DE33100205000001194700"), []);
    }

    #[test]
    fn a_seed_of_one_time_passwords_is_a_secret() {
        for (text, is_secret) in [
            ("otpauth://totp/Example:alice@example.com?secret=QX7NTK2MZ5WRDH4V&issuer=Example", true),
            ("otpauth://hotp/Example?counter=0&secret=qx7ntk2mz5wrdh4v", true),
            ("otpauth://totp/Example?secret=QX7N%20TK2M%20Z5WR%20DH4V&issuer=Example", true),
            ("otpauth://totp/Example?secret=QX7N+TK2M+Z5WR+DH4V", true),
            ("otpauth://totp/Example?secret=qx7n-tk2m-z5wr-dh4v", true),
            ("otpauth://totp/Example?secret=QX7NTK2MZ5WRDH4VQA%3D%3D", true),
            ("otpauth://totp/Example?secret=JBSW%20Y3DP%20EHPK%203PXP", false),
            ("otpauth://totp/Example:alice@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example", false),
            ("otpauth://hotp/Example?counter=0&secret=jbswy3dpehpk3pxp", false),
            ("otpauth://totp/Example?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ&issuer=ACME%20Co", false),
            ("otpauth://totp/Example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====", false),
            ("otpauth://totp/Example?secret=AAAAAAAAAAAAAAAA", false),
            ("otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6", true),
            ("otpauth://totp/Example?issuer=Example", false),
            ("otpauth://totp/Example?secret=short", false),
            ("https://example.com/?secret=JBSWY3DPEHPK3PXP", false),
        ] {
            assert_eq!(entities(text), if is_secret { vec![Entity::Secret] } else { vec![] }, "{text}");
        }
    }

    #[test]
    fn what_else_barcodes_say_is_nobodys() {
        for text in [
            "",
            "https://example.com/menu?table=12",
            "4006381333931",
            "(01)09501101530003(17)250101(10)AB-123",
            "WIFI:T:WPA;S:guests;P:welcome2026;;",
            "TICKET 0042 SECTION M1 ROW 7",
            "mailto:info@example.com",
            "tel:+12125551212",
            "geo:48.8582,2.2945",
            "BEGIN:VEVENT\nSUMMARY:Launch\nEND:VEVENT",
            "M1",
            "@",
            "ÄÖÜ ANSI ÄÖÜ",
            "日本語のテキスト",
        ] {
            assert_eq!(find(text), [], "{text}");
        }
    }
}
