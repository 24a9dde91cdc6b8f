//! What a label says of the number that it stands beside: a payment card's, another's, or neither.

use crate::labels;

/// What words before or above a number say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// It is a payment card's.
    Card,
    /// It is something else's.
    Other,
    /// Words that are no label of a number that anybody knows.
    Unclear,
    /// Nothing, or nothing but what cards and receipts print.
    Nothing,
}

/// Labels of a payment card's number, in small letters and figures alone.
const OF_CARDS: &[&str] = &[
    "cardnumber",
    "cardno",
    "cardnr",
    "creditcard",
    "debitcard",
    "paymentcard",
    "kartennummer",
    "kartennr",
    "kreditkarte",
    "númerodetarjeta",
    "numerodetarjeta",
    "númerodelatarjeta",
    "numerodelatarjeta",
    "nºtarjeta",
    "nºdetarjeta",
    "tarjetadecrédito",
    "tarjetadecredito",
    "tarjetadedébito",
    "tarjetadedebito",
    "numérodecarte",
    "numerodecarte",
    "numérodelacarte",
    "cartebancaire",
    "cartedecrédit",
    "numerodellacarta",
    "cartadicredito",
    "númerodocartão",
    "numerodocartao",
    "cartãodecrédito",
    "creditkaart",
    "kreditkort",
    "カード番号",
    "クレジットカード",
    "信用卡",
    "银行卡",
    "신용카드",
    "카드번호",
];

/// Words that stand before `card` where it is a card to pay with.
const BEFORE_CARDS: &str = "a add amex and bank billing business by charge company corporate credit debit digit diners discover \
    electron enter express from full gold jcb maestro master mastercard my new of old on or our paid payment platinum \
    prepaid primary saved the this union unionpay virtual visa with your";
/// Cards of other kinds, by the word before `card`.
const OTHER_CARDS: &str = "access bonus bus calling citizen club collector customer discount employee \
    entry fuel gas gift green health healthcare hospital id identification identity insurance key library loyalty medical \
    medicaid medicare member membership national parking patient petrol phone points rail registration report residence \
    residency resident rewards reward room savings score security sim social staff store student swipe telephone toll \
    transit transport travel voter";
/// The same where it is one word, in small letters and figures alone.
const OTHER_CARDS_IN_ONE: &[&str] = &[
    "bahncard",
    "railcard",
    "cartedidentité",
    "cartedefidélité",
    "cartefidélité",
    "cartevitale",
    "cartecadeau",
    "cartedeséjour",
    "carteétudiant",
    "cartagiovani",
    "cartadidentità",
    "cartafedeltà",
    "tarjetasanitaria",
    "tarjetaregalo",
    "tarjetaderegalo",
    "tarjetadefidel",
    "tarjetadesocio",
    "tarjetadeidentidad",
    "tarjetaderesidencia",
    "tarjetacliente",
    "tarjetadecliente",
    "tarjetadetransporte",
    "会員カード",
    "ポイントカード",
    "在留カード",
    "ギフトカード",
    "会员卡",
    "회원카드",
];
/// What stands before `karte` where it is a card to pay with.
const BEFORE_KARTE: &[&str] =
    &["", "kredit", "bank", "debit", "giro", "geld", "zahl", "zahlungs", "firmen", "visa", "ec"];

/// Words of a card, and of what is printed with it: a label that holds one is not another number's by its end alone.
const ABOUT_CARDS: &str = "card cards karte tarjeta carte carta cartão cartao kaart kort credit debit kredit crédito débito visa \
    mastercard master maestro american express amex jcb diners discover unionpay pan electron";
/// Words that cards and receipts print before a number.
const BESIDE_CARDS: &str = "acct bank bancaria bancaire by card cards chip classic club contactless cvc cvv electron gold holder \
    number international is my no paid pay payment platinum prepaid purchase sale swiped the with world your business";
pub(crate) const EXPIRY_WORDS: &[&str] = &[
    "exp",
    "expires",
    "expiry",
    "expiration",
    "expire",
    "valid",
    "thru",
    "good through",
    "gültig",
    "gueltig",
    "ablaufdatum",
    "caduca",
    "caducidad",
    "vence",
    "vencimiento",
    "válida hasta",
    "valida hasta",
    "validade",
    "válido até",
    "expira",
    "expiración",
    "expire à fin",
    "date d'expiration",
    "scade",
    "scadenza",
    "geldig",
    "有効期限",
    "有効期間",
    "有效期",
    "유효기간",
];

/// How labels of numbers end.
const ENDS: &[&str] = &[
    "no", "nos", "nr", "num", "number", "nummer", "numéro", "número", "numero", "n", "nº", "n°", "id", "code", "ref",
    "pin", "serial",
];
const ENDS_OF_WORDS: &[&str] =
    &["nummer", "number", "nr", "code", "kennung", "zeichen", "番号", "コード", "编号", "号码", "번호"];
/// What numbers that are no card's belong to, as words of their own with one of those ends or without, and as the
/// beginning of a longer one.
const OTHERS: &str = "account acct asset awb badge barcode booking case certificate claim client contract customer device dossier \
    employee file guarantee invoice licence license matter meter passenger patient permit policy post registration \
    reading reservation shipment student subscriber subscription user warranty waybill";
const BEGINNINGS_OF_OTHERS: &[&str] = &[
    "kunde",
    "konto",
    "vertrag",
    "vorgang",
    "aktenz",
    "zähler",
    "zaehler",
    "police",
    "versicher",
    "schaden",
    "fracht",
    "gerät",
    "cliente",
    "cuenta",
    "contrato",
    "póliza",
    "poliza",
    "expediente",
    "reserva",
    "compte",
    "contrat",
    "réservation",
    "契約",
    "顧客",
    "お客様",
    "口座",
    "会員",
    "予約",
    "証券",
    "合同",
    "客户",
    "账号",
    "계좌",
    "고객",
];

/// What the words before a number say of it, or those that stand alone left of it or above it.
pub(crate) fn says(text: &str) -> Says {
    if is_other_card(text) {
        return Says::Other;
    }
    if is_card(text) {
        return Says::Card;
    }
    let words: Vec<String> = words(text).map(str::to_lowercase).collect();
    let about_cards = words.iter().any(|word| is_one_of(ABOUT_CARDS, word));
    if words.iter().any(|word| is_others(word)) || !about_cards && ends_as_label(text, &words) {
        return Says::Other;
    }
    let is_known = |word: &String| {
        is_one_of(ABOUT_CARDS, word) || is_one_of(BESIDE_CARDS, word) || EXPIRY_WORDS.contains(&word.as_str())
    };
    if words.iter().all(|word| word.chars().count() == 1 || is_known(word)) || about_cards {
        Says::Nothing
    } else {
        Says::Unclear
    }
}

/// Whether a text is the label of a payment card's number.
fn is_card(text: &str) -> bool {
    let key = labels::key(text);
    let first_words = ["pan", "cardpan", "panno", "pannumber", "pannr"];
    first_words.contains(&key.as_str())
        || OF_CARDS.iter().any(|label| key.contains(label))
            && qualifiers(text).all(|word| is_one_of(BEFORE_CARDS, &word))
}

/// Whether a text names a card of another kind.
pub(crate) fn is_other_card(text: &str) -> bool {
    let key = labels::key(text);
    let is_other_karte = |word: &str| {
        let word = word.to_lowercase();
        let kind = ["karte", "karten", "kartennummer", "kartennr"].iter().find_map(|end| word.strip_suffix(end));
        kind.is_some_and(|kind| !BEFORE_KARTE.contains(&kind.trim_end_matches('-')))
    };
    OTHER_CARDS_IN_ONE.iter().any(|other| key.contains(other))
        || words(text).any(is_other_karte)
        || qualifiers(text).any(|word| is_one_of(OTHER_CARDS, &word))
}

/// What stands right before each `card` of a text, in small letters.
fn qualifiers(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, ' ' | '-' | '\'' | '’'));
    parts.flat_map(|part| {
        let words: Vec<String> = words(part).map(str::to_lowercase).collect();
        let before = |at: usize, word: &str| {
            let place = word.find("card")?;
            let own = &word[..place];
            let known = matches!(&word[place + 4..], "" | "s" | "no" | "nr" | "number" | "numbers");
            if !known {
                None
            } else if own.is_empty() {
                words[..at].last().cloned()
            } else {
                Some(own.to_owned())
            }
        };
        words.iter().enumerate().filter_map(|(at, word)| before(at, word)).collect::<Vec<_>>()
    })
}

fn is_others(word: &str) -> bool {
    let is_word = OTHERS.split_whitespace().any(|known| {
        let end = word.strip_prefix(known);
        end.is_some_and(|end| end.is_empty() || end == "s" || ENDS.contains(&end))
    });
    is_word || BEGINNINGS_OF_OTHERS.iter().any(|beginning| word.starts_with(beginning))
}

/// Whether a text ends as labels of numbers do: `… no.`, `…nummer`, `… #`, `…:`.
fn ends_as_label(text: &str, words: &[String]) -> bool {
    let text = text.trim_end();
    let by_sign = text.ends_with([':', '：', '#', '№', 'º', '°']);
    let by_word = words
        .last()
        .is_some_and(|last| ENDS.contains(&last.as_str()) || ENDS_OF_WORDS.iter().any(|end| last.ends_with(end)));
    by_sign || by_word
}

/// The words of a text. Where no space is left, a capital begins one: `YourOrderNo`.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).flat_map(|letters| {
        let begins = |(at, pair): (usize, (char, char))| (pair.0.is_lowercase() && pair.1.is_uppercase()).then_some(at);
        let pairs = letters.char_indices().skip(1).map(|(at, _)| at).zip(letters.chars().zip(letters.chars().skip(1)));
        let ends = pairs.filter_map(begins).chain([letters.len()]);
        ends.scan(0, |start, end| Some(&letters[std::mem::replace(start, end)..end]))
    })
}

/// What a page says of cards in general stands beside a network's name in small letters, or is one of these.
const GENERAL: &str = "accept accepted accepting accepts akzeptieren akzeptiert aceptamos acceptons accettiamo checkout here \
    secure verified welcome we wir";

/// Whether a line with a network's name may stand on a card or on a receipt of one: the names of a bank and of the
/// kind of card are written with capitals.
pub(crate) fn is_printed_network(text: &str) -> bool {
    words(text).all(|word| {
        let small = word.to_lowercase();
        let is_known =
            is_one_of(ABOUT_CARDS, &small) || is_one_of(BESIDE_CARDS, &small) || is_one_of(BEFORE_CARDS, &small);
        !is_one_of(GENERAL, &small) && (is_known || !word.starts_with(char::is_lowercase))
    })
}

/// Whether a line of a month and a year holds nothing but it, and what cards print with it.
pub(crate) fn is_bare_date(text: &str) -> bool {
    words(text).all(|word| matches!(word.to_lowercase().as_str(), "cvv" | "cvc" | "mm" | "yy" | "from"))
}

fn is_one_of(all: &str, word: &str) -> bool {
    all.split_whitespace().any(|known| known == word)
}
