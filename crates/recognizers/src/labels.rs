//! Values that a label names: "Surname", "DOB", "ID No", beside them or below.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::national::is_dni_or_nie;
use crate::values::{is_address, is_cpr, is_date, is_document_number, is_full_name, is_name, is_number, is_telephone};
use crate::{Entity, Evidence, Finding, Line, Validation};

/// What a label asks for.
struct Label {
    entity: Entity,
    confidence: f64,
    /// Whether its value may follow on the same line without a colon.
    inline: bool,
    accepts: fn(&str) -> bool,
    /// Its spellings, in small letters and figures alone.
    spellings: &'static str,
}

const LABELS: &[Label] = &[
    Label {
        entity: Entity::Person,
        confidence: 0.9,
        inline: true,
        accepts: is_name,
        spellings: "surname surnames lastname familyname givenname givennames firstname firstnames forename \
            forenames middlename fullname maidenname nameinfull legalname nom nomdefamille prenom prenoms \
            prénom prénoms nachname familienname geburtsname vorname vornamen apellido apellidos nombre \
            nombres cognome sobrenome achternaam voornaam voornamen nazwisko imie imiona imię efternavn \
            fornavn efternamn förnamn etternavn sukunimi etunimet shimei seimei namae ireum seongmyeong 姓名 \
            氏名 名前 お名前 ご氏名 御氏名 本名 フリガナ ふりがな 姓 名 苗字 名字 せい めい 氏 nombreyapellidos \
            apellidosynombre apellidosynombres nombresyapellidos nombrecompleto primerapellido segundoapellido \
            nombredepila namevorname vornamename vorundnachname vorundzuname vornamennamen namevornamen nachnamevorname \
            nomprenom nometprénom zuname rufname taufname vollständigername",
    },
    Label {
        entity: Entity::Person,
        confidence: 0.85,
        inline: false,
        accepts: is_name,
        spellings: "passengername nameofpassenger patientname patname ptname nameofpatient studentname employeename \
            customername clientname guestname applicantname nameofapplicant attendeename visitorname \
            membername cardholdername nameoncard accountholder accountname holdersname nameofholder \
            fathersname mothersname nextofkin emergencycontact contactperson policyholder beneficiary \
            cardholder insuredperson nameoftheholder leadpassenger leadguest titulaire inhaber karteninhaber \
            kontoinhaber mynameis awardedto presentedto grantedto certifythat certifiesthat conferredupon \
            hellomynameis familymember spouse namedesgastes gastname namedespatienten namederpatientin namedespassagiers \
            namedesreisenden namedesinhabers namedeskontoinhabers namedesversicherten namedesmitglieds namedeskunden \
            namedesempfängers namedesantragstellers namedesmieters namedesschülers nombredelhuésped nombredelhuesped \
            nombredelpaciente nombredelpasajero nombredeltitular nombredelcliente nombredelempleado nombredelalumno \
            nombredelsolicitante nombredeldestinatario nombredelasegurado nombredelviajero titulardelacuenta \
            titulardelatarjeta versicherungsnehmer kontoinhaberin 宿泊者名 宿泊者氏名 患者氏名 患者名 乗客名 搭乗者名 会員氏名 会員名 口座名義 \
            名義人 契約者名 契約者氏名 申込者氏名 申請者氏名 受取人 届出人 お客様名 お客様氏名 カード名義 カード名義人 保護者氏名",
    },
    Label {
        entity: Entity::Person,
        confidence: 0.75,
        inline: false,
        accepts: is_full_name,
        spellings: "name yourname passenger passengers patient student employee customer client guest applicant \
            attendee visitor member holder driver owner tenant recipient sender attn attention billto \
            billedto shipto soldto deliverto deliveredto preparedfor issuedto proudlypresentedto \
            ispresentedto isawardedto thiscertifiesthat thisistocertifythat signedby contact from to nome \
            traveller traveler naam namn navn nimi doctor physician gp subscriber addressee consignee payee \
            payto paytotheorderof participant candidate resident gast fahrgast patientin empfänger absender versicherter \
            titular huésped pasajero paciente destinatario remitente firmadopor",
    },
    Label {
        entity: Entity::DateTime,
        confidence: 0.9,
        inline: true,
        accepts: is_date,
        spellings: "dob dateofbirth birthdate birthday birthdateofbirth born bornon datedenaissance neele néele néle \
            nele geburtsdatum geborenam geburtstag fechadenacimiento datadinascita datadenascimento \
            geboortedatum dataurodzenia fødselsdato födelsedatum syntymäaika 生年月日 出生日期 出生 seinengappi \
            saengnyeonworil patientdob birthdt dayofbirth dateofbirthday geburtstagundort geburtsdatumundort gebdatum geb \
            gebam geboren tagdergeburt nacimiento fnacimiento fdenacimiento fecnacimiento fechanac fnac nacidoel nacidael \
            natoil natail dateofbirthddmmyyyy 誕生日 生年月日西暦 お誕生日 ご生年月日 出生年月日 出生日",
    },
    Label {
        entity: Entity::Id,
        confidence: 0.8,
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
            residencepermitno personnummer personalnummer personalnr mitarbeiternummer mitarbeiternr \
            matrikelnummer matrikelnr mitgliedsnummer mitgliedsnr versichertennummer versichertennr \
            versicherungsnummer versicherungsnr krankenversicherungsnummer sozialversicherungsnummer svnummer svnr \
            steuerid steueridentifikationsnummer identifikationsnummer patientennummer pesel dni nie \
            dninie dninif nºdni ndedni númerodedni numerodedni ndedocumento nºdedocumento númerodedocumento \
            numerodedocumento documentodeidentidad númerodeidentidad numerodeidentidad cédula cedula nºdeafiliación \
            ndeafiliación númerodeafiliación nºdesocio ndesocio númerodesocio seguridadsocial nsegsocial nºseguridadsocial nseguridadsocial \
            númerodeseguridadsocial numerodeseguridadsocial númerodelaseguridadsocial nºdelaseguridadsocial \
            nºsegsocial nuss curp cpf \
            codicefiscale bsn 個人番号 マイナンバー 身分証番号 会員番号 社員番号 職員番号 学籍番号 学生番号 患者番号 診察券番号 \
            保険証番号 被保険者番号 基礎年金番号 在留カード番号 公民身份号码 身份证号 证件号码",
    },
    Label {
        entity: Entity::Id,
        confidence: 0.8,
        inline: true,
        accepts: is_document_number,
        spellings: "ausweisnummer ausweisnr personalausweis personalausweisnr personalausweisnummer dokumentnummer \
            dokumentennummer",
    },
    Label {
        entity: Entity::Id,
        confidence: 0.8,
        inline: true,
        accepts: is_cpr,
        spellings: "cpr cprnr cprno cprnummer",
    },
    // Companies have one as well, of another form.
    Label { entity: Entity::Id, confidence: 0.8, inline: true, accepts: is_dni_or_nie, spellings: "nif nºnif nifnie" },
    Label {
        entity: Entity::Passport,
        confidence: 0.9,
        inline: true,
        accepts: is_document_number,
        spellings: "passportno passportnumber passportnr passport nodupasseport nºdupasseport numérodepasseport passnr \
            passnummer reisepass reisepassnr reisepassnummer nummerdespasses npasaporte nºpasaporte ndepasaporte \
            nºdepasaporte nodepasaporte pasaporte pasaporteno pasaporten pasaportenº númerodepasaporte \
            numerodepasaporte númeropasaporte パスポート番号 旅券番号 旅券no パスポートno 护照号 护照号码",
    },
    Label {
        entity: Entity::DriverLicense,
        confidence: 0.85,
        inline: true,
        accepts: is_number,
        spellings: "dlno dlnumber dl driverlicense driverlicenseno driverslicense driverslicenseno \
            driverslicensenumber drivinglicence drivinglicenceno drivinglicencenumber licenceno \
            licencenumber licenseno licensenumber 免許証番号 면허번호 운전면허번호 운전면허증번호",
    },
    Label {
        entity: Entity::UsSsn,
        confidence: 0.9,
        inline: true,
        accepts: is_number,
        spellings: "ssn socialsecurity socialsecurityno socialsecuritynumber",
    },
    Label {
        entity: Entity::UkNino,
        confidence: 0.85,
        inline: true,
        accepts: is_number,
        spellings: "nationalinsuranceno nationalinsurancenumber nino nino.",
    },
    Label { entity: Entity::UkNhs, confidence: 0.85, inline: true, accepts: is_number, spellings: "nhsno nhsnumber" },
    Label {
        entity: Entity::Id,
        confidence: 0.4,
        inline: false,
        accepts: is_number,
        spellings: "id accountno accountnumber accountnr customerno customernumber customerid clientid clientno \
            kontonummer kundennummer kundennr númerodecliente nºdecliente お客様番号 顧客番号 bookingreference frequentflyer cardno userid",
    },
    Label {
        entity: Entity::PhoneNumber,
        confidence: 0.8,
        inline: true,
        accepts: is_telephone,
        spellings: "mobile mobileno mobilenumber mobilephone cell cellphone cellno handy handynummer whatsapp \
            homephone hometelephone emergencyphone emergencycontact contactno contactnumber yourphone \
            phonenumber telephonenumber daytimephone portable móvil celular hp mobil mobilnummer mobiltelefon \
            handynr rufnummer privattelefon telefonprivat telefonmobil mobiltel notfallkontakt teléfonomóvil telefonomovil \
            telmóvil telmovil nºdemóvil ndemóvil númerodemóvil númerodeteléfono numerodetelefono teléfonodecontacto \
            teléfonoparticular teléfonopersonal tlfmóvil 携帯 携帯電話 携帯番号 携帯電話番号 電話番号 お電話番号 ご連絡先 連絡先 \
            緊急連絡先 自宅電話 自宅電話番号",
    },
    Label {
        entity: Entity::Location,
        confidence: 0.8,
        inline: false,
        accepts: is_address,
        spellings: "homeaddress residentialaddress residenceaddress residence permanentaddress currentaddress \
            billingaddress shippingaddress deliveryaddress mailingaddress streetaddress postaladdress \
            patientaddress youraddress wohnort wohnanschrift wohnadresse wohnhaftin hauptwohnsitz wohnsitz privatanschrift \
            privatadresse heimatadresse lieferadresse lieferanschrift rechnungsadresse rechnungsanschrift postanschrift \
            domicile domicilio domicilioactual domicilioparticular direcciónparticular direccionparticular \
            direccióndeenvío direcciondeenvio direccióndefacturación direccióndeentrega direcciónpostal lugarderesidencia \
            residenciahabitual residenza 住所 ご住所 御住所 現住所 居住地 自宅住所 お届け先 お届け先住所 配送先住所 請求先住所 本籍 住址 jusho \
            juso genjusho",
    },
    Label {
        entity: Entity::Location,
        confidence: 0.4,
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
pub(crate) fn find(lines: &[Line<'_>]) -> Vec<Finding> {
    let of_line = |(index, line): (usize, &Line<'_>)| {
        let (label, value) = match labelled_within(line.text) {
            Some(label) => (label, index),
            None => labelled_by(index, lines)?,
        };
        Some(Finding {
            entity: label.entity,
            confidence: label.confidence * lines[value].confidence,
            validation: Validation::Context,
            evidence: Evidence::Likely,
            lines: vec![value],
        })
    };
    lines.iter().enumerate().filter_map(of_line).collect()
}

/// The label of a value on the same line.
fn labelled_within(text: &str) -> Option<&'static Label> {
    if let Some((head, value)) = text.split_once([':', '：']) {
        return label(head).filter(|label| (label.accepts)(value.trim()));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    (1..words.len().min(MOST_WORDS + 1)).rev().find_map(|count| {
        let label = label(&words[..count].join(" "))?;
        let value = words[count..].join(" ");
        // "Nombre y apellidos" is a label whose first word is one too.
        let begins_small = value.starts_with(char::is_lowercase);
        (label.inline && !begins_small && (label.accepts)(&value) && self::label(&value).is_none()).then_some(label)
    })
}

/// A label alone on its line, and the line of its value.
fn labelled_by(index: usize, lines: &[Line<'_>]) -> Option<(&'static Label, usize)> {
    let line = &lines[index];
    let label = label(line.text.trim_end_matches([':', '：', ' ']))?;
    let is_value = |other: &usize| {
        let text = lines[*other].text.trim();
        self::label(text).is_none() && (label.accepts)(text)
    };
    let beside = nearest_beside(line, lines).filter(is_value);
    Some((label, beside.or_else(|| nearest_below(line, lines).filter(is_value))?))
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
    known(text).or_else(|| text.split(['/', '|', '(', ')', '•', '·', ',', '・', '（', '）']).find_map(known))
}

/// A label's letters and figures in small; what numbers a field is left out ("4d.").
pub(crate) fn key(text: &str) -> String {
    let text = text.trim();
    let numbered = text.split_once(['.', ')']).filter(|(number, rest)| {
        number.len() <= 2 && number.starts_with(|c: char| c.is_ascii_digit()) && !rest.trim().is_empty()
    });
    let text = numbered.map_or(text, |(_, rest)| rest);
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The first line to the right on the same row.
fn nearest_beside(label: &Line<'_>, lines: &[Line<'_>]) -> Option<usize> {
    let row = label.top - label.height() * 0.3..=label.bottom + label.height() * 0.3;
    let stands_beside = |(_, other): &(usize, &Line<'_>)| {
        other.left >= label.right - label.height() / 2.0 && row.contains(&other.middle().1)
    };
    let beside = lines.iter().enumerate().filter(stands_beside);
    beside.min_by(|a, b| a.1.left.total_cmp(&b.1.left)).map(|(index, _)| index)
}

/// The first line below that begins where the label does or stands under it.
fn nearest_below(label: &Line<'_>, lines: &[Line<'_>]) -> Option<usize> {
    let stands_below = |(_, other): &(usize, &Line<'_>)| {
        let tall = label.height().max(other.height());
        let begins_there = (other.left - label.left).abs() <= 2.0 * tall;
        let stands_under = (other.left..=other.right).contains(&label.middle().0);
        other.middle().1 > label.bottom && other.top - label.bottom <= 1.6 * tall && (begins_there || stands_under)
    };
    let below = lines.iter().enumerate().filter(stands_below);
    below.min_by(|a, b| a.1.top.total_cmp(&b.1.top)).map(|(index, _)| index)
}
