//! Values that a label names: "Surname", "DOB", "ID No", beside them or below.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Finding;
use super::values::{is_address, is_date, is_full_name, is_name, is_number, is_telephone};
use crate::perception::Line;

/// What a label asks for.
struct Label {
    entity: &'static str,
    confidence: f64,
    /// What to call it when a finding is explained.
    name: &'static str,
    /// Whether its value may follow on the same line without a colon.
    inline: bool,
    accepts: fn(&str) -> bool,
    /// Its spellings, in small letters and figures alone.
    spellings: &'static str,
}

const LABELS: &[Label] = &[
    Label {
        entity: "PERSON",
        confidence: 0.9,
        name: "a name's label",
        inline: true,
        accepts: is_name,
        spellings: "surname surnames lastname familyname givenname givennames firstname firstnames forename \
            forenames middlename fullname maidenname nameinfull legalname nom nomdefamille prenom prenoms \
            prénom prénoms nachname familienname geburtsname vorname vornamen apellido apellidos nombre \
            nombres cognome sobrenome achternaam voornaam voornamen nazwisko imie imiona imię efternavn \
            fornavn efternamn förnamn etternavn sukunimi etunimet shimei seimei namae ireum seongmyeong 姓名 \
            氏名 名前 お名前 本名 フリガナ",
    },
    Label {
        entity: "PERSON",
        confidence: 0.85,
        name: "a person's label",
        inline: false,
        accepts: is_name,
        spellings: "passengername nameofpassenger patientname patname ptname nameofpatient studentname employeename \
            customername clientname guestname applicantname nameofapplicant attendeename visitorname \
            membername cardholdername nameoncard accountholder accountname holdersname nameofholder \
            fathersname mothersname nextofkin emergencycontact contactperson policyholder beneficiary \
            cardholder insuredperson nameoftheholder leadpassenger leadguest titulaire inhaber karteninhaber \
            kontoinhaber mynameis awardedto presentedto grantedto certifythat certifiesthat conferredupon \
            hellomynameis familymember spouse",
    },
    Label {
        entity: "PERSON",
        confidence: 0.75,
        name: "a person's label",
        inline: false,
        accepts: is_full_name,
        spellings: "name yourname passenger passengers patient student employee customer client guest applicant \
            attendee visitor member holder driver owner tenant recipient sender attn attention billto \
            billedto shipto soldto deliverto deliveredto preparedfor issuedto proudlypresentedto \
            ispresentedto isawardedto thiscertifiesthat thisistocertifythat signedby contact from to nome \
            traveller traveler naam namn navn nimi doctor physician gp subscriber addressee consignee payee \
            payto paytotheorderof participant candidate resident",
    },
    Label {
        entity: "DATE_TIME",
        confidence: 0.9,
        name: "a birth date's label",
        inline: true,
        accepts: is_date,
        spellings: "dob dateofbirth birthdate birthday birthdateofbirth born bornon datedenaissance neele néele néle \
            nele geburtsdatum geborenam geburtstag fechadenacimiento datadinascita datadenascimento \
            geboortedatum dataurodzenia fødselsdato födelsedatum syntymäaika 生年月日 出生日期 出生 seinengappi \
            saengnyeonworil patientdob",
    },
    Label {
        entity: "ID",
        confidence: 0.8,
        name: "an identity number's label",
        inline: true,
        accepts: is_number,
        spellings: "idno idnumber idnr idcardno idcardnumber identityno identitynumber identitycardno \
            identificationno identificationnumber nationalid nationalidno nationalidnumber \
            nationalidentitynumber documentno documentnumber docno personalno personalnumber personalidno \
            personalidentificationnumber citizenid taxid taxpayerid tin studentid studentno studentnumber \
            employeeid employeeno employeenumber staffid staffno memberid memberno membernumber membershipno \
            membershipnumber patientid patientno patientnumber mrn medicalrecordno medicalrecordnumber \
            hospitalno insuranceno insurancenumber insuranceid policyno policynumber healthcardno \
            healthinsuranceno voterid residentregistrationno residentregistrationnumber residentno rrn jumin \
            juminbeonho alienregistrationno registrationnumber mynumber kojinbango matriculationno permitno \
            residencepermitno ausweisnummer dokumentnummer personnummer pesel dni nie cpf codicefiscale bsn \
            個人番号 公民身份号码 身份证号 证件号码 旅券番号",
    },
    Label {
        entity: "PASSPORT",
        confidence: 0.9,
        name: "a passport number's label",
        inline: true,
        accepts: is_number,
        spellings: "passportno passportnumber passportnr passport nodupasseport passnr reisepassnr",
    },
    Label {
        entity: "DRIVER_LICENSE",
        confidence: 0.85,
        name: "a driving licence's label",
        inline: true,
        accepts: is_number,
        spellings: "dlno dlnumber dl driverlicense driverlicenseno driverslicense driverslicenseno \
            driverslicensenumber drivinglicence drivinglicenceno drivinglicencenumber licenceno \
            licencenumber licenseno licensenumber 免許証番号",
    },
    Label {
        entity: "US_SSN",
        confidence: 0.9,
        name: "a social security number's label",
        inline: true,
        accepts: is_number,
        spellings: "ssn socialsecurity socialsecurityno socialsecuritynumber",
    },
    Label {
        entity: "UK_NINO",
        confidence: 0.85,
        name: "a national insurance number's label",
        inline: true,
        accepts: is_number,
        spellings: "nationalinsuranceno nationalinsurancenumber nino nino.",
    },
    Label {
        entity: "UK_NHS",
        confidence: 0.85,
        name: "an NHS number's label",
        inline: true,
        accepts: is_number,
        spellings: "nhsno nhsnumber",
    },
    Label {
        entity: "ID",
        confidence: 0.4,
        name: "an account's label",
        inline: false,
        accepts: is_number,
        spellings: "id accountno accountnumber accountnr customerno customernumber customerid clientid clientno \
            kontonummer kundennummer bookingreference frequentflyer cardno userid",
    },
    Label {
        entity: "PHONE_NUMBER",
        confidence: 0.8,
        name: "a private telephone's label",
        inline: true,
        accepts: is_telephone,
        spellings: "mobile mobileno mobilenumber mobilephone cell cellphone cellno handy handynummer whatsapp \
            homephone hometelephone emergencyphone emergencycontact contactno contactnumber yourphone \
            phonenumber telephonenumber daytimephone portable móvil celular hp 携帯 携帯電話",
    },
    Label {
        entity: "LOCATION",
        confidence: 0.8,
        name: "a private address's label",
        inline: false,
        accepts: is_address,
        spellings: "homeaddress residentialaddress residenceaddress residence permanentaddress currentaddress \
            billingaddress shippingaddress deliveryaddress mailingaddress streetaddress postaladdress \
            patientaddress youraddress wohnort wohnanschrift domicile domicilio residenza 住所 現住所 住址 jusho \
            juso genjusho",
    },
    Label {
        entity: "LOCATION",
        confidence: 0.4,
        name: "an address's label",
        inline: false,
        accepts: is_address,
        spellings: "address addr adresse anschrift direccion dirección indirizzo endereço adres",
    },
];

static BY_SPELLING: LazyLock<HashMap<&'static str, &'static Label>> = LazyLock::new(|| {
    let spelled = |label: &'static Label| label.spellings.split_whitespace().map(move |spelling| (spelling, label));
    LABELS.iter().flat_map(spelled).collect()
});

/// The most words a label has.
const MOST_WORDS: usize = 6;

/// Finds labelled values.
pub(super) fn find(lines: &[Line]) -> Vec<Finding> {
    lines.iter().filter_map(|line| labelled_within(line).or_else(|| labelled_by(line, lines))).collect()
}

/// A label and its value on one line.
fn labelled_within(line: &Line) -> Option<Finding> {
    if let Some((head, value)) = line.text.split_once([':', '：']) {
        let value = value.trim();
        let label = label(head)?;
        return (label.accepts)(value).then(|| finding(label, line));
    }
    let words: Vec<&str> = line.text.split_whitespace().collect();
    (1..words.len().min(MOST_WORDS + 1)).rev().find_map(|count| {
        let label = label(&words[..count].join(" "))?;
        let value = words[count..].join(" ");
        (label.inline && (label.accepts)(&value) && self::label(&value).is_none()).then(|| finding(label, line))
    })
}

/// A label alone on its line, and its value on another.
fn labelled_by(line: &Line, lines: &[Line]) -> Option<Finding> {
    let label = label(line.text.trim_end_matches([':', '：', ' ']))?;
    let value = |other: &&Line| {
        let text = other.text.trim();
        self::label(text).is_none() && (label.accepts)(text)
    };
    let beside = nearest_beside(line, lines).filter(value);
    beside.or_else(|| nearest_below(line, lines).filter(value)).map(|value| finding(label, value))
}

fn finding(label: &Label, value: &Line) -> Finding {
    Finding {
        entity: label.entity,
        confidence: label.confidence * value.confidence,
        corners: value.corners,
        evidence: label.name,
    }
}

/// What leads up to a name at the end of a sentence of any length.
const LEADS: &[&str] =
    &["awarded to", "presented to", "granted to", "certify that", "certifies that", "conferred upon", "my name is"];

/// The label that `text` is, alone or as one of several languages' ("Surname / Nom").
fn label(text: &str) -> Option<&'static Label> {
    if text.split_whitespace().count() > MOST_WORDS * 2 {
        return None;
    }
    let known = |part: &str| BY_SPELLING.get(key(part).as_str()).copied();
    let lower = text.trim_end_matches([':', ' ']).to_lowercase();
    if let Some(lead) = LEADS.iter().find(|lead| lower.ends_with(**lead)) {
        return known(lead);
    }
    known(text).or_else(|| text.split(['/', '|', '(', ')', '•', '·']).find_map(known))
}

/// A label's letters and figures in small; what numbers a field is left out ("4d.").
pub(super) fn key(text: &str) -> String {
    let text = text.trim();
    let numbered = text.split_once(['.', ')']).filter(|(number, rest)| {
        number.len() <= 2 && number.starts_with(|c: char| c.is_ascii_digit()) && !rest.trim().is_empty()
    });
    let text = numbered.map_or(text, |(_, rest)| rest);
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The first line to the right on the same row.
fn nearest_beside<'a>(label: &Line, lines: &'a [Line]) -> Option<&'a Line> {
    let row = &label.upright;
    lines
        .iter()
        .filter(|other| {
            let middle = other.upright.middle().y;
            other.upright.left >= row.right - row.height() / 2.0
                && (row.top - row.height() * 0.3..=row.bottom + row.height() * 0.3).contains(&middle)
        })
        .min_by(|a, b| a.upright.left.total_cmp(&b.upright.left))
}

/// The first line below that begins where the label does or stands under it.
fn nearest_below<'a>(label: &Line, lines: &'a [Line]) -> Option<&'a Line> {
    let above = &label.upright;
    lines
        .iter()
        .filter(|other| {
            let gap = other.upright.top - above.bottom;
            let tall = above.height().max(other.upright.height());
            let begins_there = (other.upright.left - above.left).abs() <= 2.0 * tall;
            let stands_under = (other.upright.left..=other.upright.right).contains(&above.middle().x);
            other.upright.middle().y > above.bottom && gap <= 1.6 * tall && (begins_there || stands_under)
        })
        .min_by(|a, b| a.upright.top.total_cmp(&b.upright.top))
}
