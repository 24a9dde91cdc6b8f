//! What a label says of the number that it stands beside: a payment card's, another's, or neither.

use crate::labels;

/// What words before or above a number say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// It is a payment card's.
    Card,
    /// It is something else's.
    Other,
    /// It is some number, or has to do with a payment: what stands near must say that it is a card's.
    Number,
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
const OTHER_CARDS: &str = "access boarding bonus bus calling citizen club collector customer discount employee \
    entry fuel gas gift green health healthcare hospital id identification identity insurance key library loyalty medical \
    medicaid medicare member membership metro myki national nectar octopus opal oyster parking patient petrol phone points rail registration report residence \
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
    // Vouchers, and cards of points and of trains: they are valid until some month as well.
    "gutschein",
    "promocode",
    "promotion",
    "coupon",
    "cupón",
    "cupon",
    "voucher",
    "chèquecadeau",
    "chequecadeau",
    "bondachat",
    "buonoregalo",
    "cadeaubon",
    "produktschlüssel",
    "productkey",
    "licencekey",
    "licensekey",
    "impfzertifikat",
    "carteavantage",
    "cartejeune",
    "navigo",
    "paysafe",
    "クーポン",
    "ギフト券",
    "商品券",
    "回数券",
    "診察券",
    "ポイントカード",
    "优惠券",
    "優惠券",
    "礼品卡",
    "禮品卡",
    "쿠폰",
    "상품권",
    "포인트카드",
    "会員カード",
    "在留カード",
    "ギフトカード",
    "会员卡",
    "회원카드",
];
/// What stands before `karte` where it is a card to pay with.
const BEFORE_KARTE: &[&str] =
    &["", "kredit", "bank", "debit", "giro", "geld", "zahl", "zahlungs", "firmen", "visa", "ec"];

/// Words of a card, and of what is printed with it: a label that holds one is not another number's by its end alone.
const ABOUT_CARDS: &str = "card cards cardholder karteninhaber karte tarjeta carte carta cartão cartao kaart kort visa mastercard maestro american amex \
    jcb diners unionpay pan";
/// The same, but notes, mandates and parcels are labelled with them as well.
const PERHAPS_ABOUT_CARDS: &str =
    "credit debit kredit crédito débito credito debito crédit débit master express discover electron";
/// Networks, by words that nobody's account with somebody else is called by.
const NETWORKS: &str = "visa mastercard maestro american amex jcb diners unionpay";
/// Words that cards and receipts print before a number.
const BESIDE_CARDS: &str = "acct bank bancaria bancaire bleue by card cards chip classic club contactless cvc cvv gold holder \
    number international is my no paid pay payment platinum prepaid purchase sale swiped the with world your business";
/// Words for a number, whose ever it is.
const NUMBERS: &str = "no nr num number nummer numéro número numero n nº";
/// Words for a payment, and for what it was made with.
const PAYMENTS: &str = "payment paid pay zahlung zahlungsart zahlungsmittel bezahlt pago pagado paiement payé pagamento pagato \
    betaling betaald betaalmethode";
const MEANS: &str = "by with via using method zahlungsart zahlungsmittel mit forma método metodo medio con moyen mode par avec \
    betaalmethode met";
/// Words that a label of a payment may hold besides.
const BESIDE_PAYMENTS: &str = "details information info the my your de di";
pub(crate) const EXPIRY_WORDS: &[&str] = &[
    "exp",
    "expires",
    "expiry",
    "expiration",
    "expire",
    "expdate",
    "valid",
    "thru",
    "good through",
    "until end",
    "gültig",
    "gueltig",
    "ablaufdatum",
    "verfall",
    "verfalldatum",
    "verfallsdatum",
    "caduca",
    "caducidad",
    "vence",
    "vencimiento",
    "venc",
    "vto",
    "válida hasta",
    "valida hasta",
    "válido hasta",
    "valido hasta",
    "validade",
    "válido até",
    "expira",
    "expiración",
    "expire à fin",
    "date d'expiration",
    "date d’expiration",
    "valable",
    "validité",
    "scade",
    "scadenza",
    "geldig",
    "vervaldatum",
    "gyldig",
    "giltig",
    "udløb",
    "udløbsdato",
    "utløpsdato",
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
    employee file guarantee invoice licence license matter meter nectar passenger patient permit policy post promo \
    registration pasmo icoca reading reservation shipment student subscriber subscription suica user warranty waybill";
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

/// Words of lines on a receipt that stand around the card's number and have values of their own.
const ON_RECEIPTS: &str = "aid amount approval auth authorisation authorization cashier check clerk guest guests merchant mid operator \
    register server stan station store subtotal table tax terminal tid till tip total trace vat";
/// Whose a receipt is, in small letters and figures alone.
const COPIES: &[&str] = &[
    "customercopy",
    "customerscopy",
    "clientcopy",
    "kundenbeleg",
    "kundenkopie",
    "copieclient",
    "exemplaireclient",
    "copiacliente",
    "copiaparaelcliente",
    "viacliente",
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
    if is_account_with_network(&words) || COPIES.contains(&labels::key(text).as_str()) {
        return Says::Nothing;
    }
    let about_cards = words.iter().any(|word| is_one_of(ABOUT_CARDS, word));
    if words.iter().any(|word| is_others(word)) {
        return Says::Other;
    }
    if !about_cards && ends_as_label(text, &words) {
        return of_any_number(&words);
    }
    let is_known = |word: &String| {
        [ABOUT_CARDS, PERHAPS_ABOUT_CARDS, BESIDE_CARDS].iter().any(|all| is_one_of(all, word)) || is_expiry(word)
    };
    // `Oyster card`: of whom a card is that is none of those to pay with, nobody knows.
    let is_payment_card = || qualifiers(text).all(|word| is_one_of(BEFORE_CARDS, &word));
    if words.iter().all(|word| word.chars().count() == 1 || is_known(word)) || about_cards && is_payment_card() {
        Says::Nothing
    } else {
        Says::Unclear
    }
}

/// What a label says that does not name a card: `No.:`, `Payment method:`.
fn of_any_number(words: &[String]) -> Says {
    let among = |lists: &[&str], word: &str| lists.iter().any(|all| is_one_of(all, word));
    let all = |lists: &[&str]| words.iter().all(|word| among(lists, word) || is_expiry(word));
    let any = |list: &str| words.iter().any(|word| is_one_of(list, word));
    let is_number = all(&[NUMBERS, PERHAPS_ABOUT_CARDS]) && (any(NUMBERS) || any(PERHAPS_ABOUT_CARDS));
    let is_payment = all(&[PAYMENTS, MEANS, BESIDE_PAYMENTS]) && any(PAYMENTS);
    if is_payment && any(MEANS) {
        Says::Nothing
    } else if is_payment || is_number || words.is_empty() {
        Says::Number
    } else {
        Says::Other
    }
}

/// Whether a label is an account's with a network of cards, which is the card's number: `VISA ACCT:`.
fn is_account_with_network(words: &[String]) -> bool {
    let known = [ABOUT_CARDS, PERHAPS_ABOUT_CARDS, NUMBERS, "acct account"];
    words.iter().any(|word| is_one_of(NETWORKS, word))
        && words.iter().all(|word| known.iter().any(|all| is_one_of(all, word)))
}

fn is_expiry(word: &str) -> bool {
    EXPIRY_WORDS.contains(&word)
}

/// Whether a line is one of a receipt's that stand around the card's number: `TERMINAL ID`, `TOTAL`.
pub(crate) fn is_on_receipts(text: &str) -> bool {
    let words: Vec<String> = words(text).map(str::to_lowercase).collect();
    words.iter().any(|word| is_one_of(ON_RECEIPTS, word)) && !words.iter().any(|word| is_others(word))
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

/// Whether words before a number are a sentence's. Fewer are a label, in whatever language.
pub(crate) fn is_sentence(text: &str) -> bool {
    const LEAST: usize = 4;
    words(text).nth(LEAST - 1).is_some()
}

/// Whether a text says that something is a number, and nothing of whose.
pub(crate) fn is_label_of_any_number(text: &str) -> bool {
    let mut words = words(text).peekable();
    words.peek().is_some() && words.all(|word| is_one_of(NUMBERS, &word.to_lowercase()))
}

/// Whether a line holds no word but the name that visas of travellers have as well.
pub(crate) fn is_visa_alone(text: &str) -> bool {
    words(text).all(|word| word.eq_ignore_ascii_case("visa"))
}

/// Words for the figures on a card that no other number has.
pub(crate) const SECURITY_CODES: &[&str] =
    &["cvv", "cvc", "cvv2", "cvc2", "cvn", "prüfziffer", "セキュリティコード", "安全码"];

/// Whether a text is the label of some number by its end.
pub(crate) fn is_label(text: &str) -> bool {
    ends_as_label(text, &words(text).map(str::to_lowercase).collect::<Vec<_>>())
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

/// Words for a card and its kind in Romance languages, and the small ones between them.
const ROMANCE_CARDS: &str = "tarjeta carte carta cartão cartao crédito débito credito debito crédit débit";
const ROMANCE_PARTICLES: &str = "de di du da do del della";

/// Whether a line with a network's name may stand on a card or on a receipt of one: the names of a bank and of the
/// kind of card are written with capitals.
pub(crate) fn is_printed_network(text: &str) -> bool {
    let names_card = words(text).any(|word| is_one_of(ROMANCE_CARDS, &word.to_lowercase()));
    words(text).all(|word| {
        let small = word.to_lowercase();
        let known = [ABOUT_CARDS, PERHAPS_ABOUT_CARDS, BESIDE_CARDS, BEFORE_CARDS];
        // `Número de visa` is a traveller's.
        let is_known =
            known.iter().any(|all| is_one_of(all, &small)) || names_card && is_one_of(ROMANCE_PARTICLES, &small);
        !is_one_of(GENERAL, &small) && (is_known || !word.starts_with(char::is_lowercase))
    })
}

/// What cards print with a month and a year.
const BESIDE_MONTHS: &str = "cvv cvc mm yy aa jj from month year monat jahr mes año mois année mese anno mês ano bis ende t m fin \
    hasta";

/// Whether a line of a month and a year holds nothing but it, and what cards print with it.
pub(crate) fn is_bare_date(text: &str) -> bool {
    words(text).all(|word| is_one_of(BESIDE_MONTHS, &word.to_lowercase()))
}

fn is_one_of(all: &str, word: &str) -> bool {
    all.split_whitespace().any(|known| known == word)
}
