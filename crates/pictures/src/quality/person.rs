//! Somebody who does not exist.

use mrz::{Date, MrzDate, Sex, Td1Fields, Td3Fields, format_td1, format_td3};

use crate::dice::Dice;

use super::Language;

/// Somebody who does not exist, and the numbers that nobody has.
pub(crate) struct Person {
    pub(crate) language: Language,
    pub(crate) given: &'static str,
    pub(crate) family: &'static str,
    /// Year, month and day.
    born: (u32, u32, u32),
    pub(crate) street: String,
    pub(crate) town: String,
    pub(crate) mobile: String,
    pub(crate) email: String,
    pub(crate) iban: String,
    pub(crate) card: String,
    pub(crate) network: &'static str,
    pub(crate) passport: String,
    /// A national number in its country's form.
    pub(crate) national: String,
    female: bool,
    nationality: &'static str,
}

/// The machine readable zone of a person's document, by the fields that each kind of document has and those of its own.
macro_rules! zone {
    ($person:ident, $format:ident($fields:ident), expires: ($year:literal, $month:literal, $day:literal) $(, $own:ident: $value:expr)*) => {{
        let (surname, given_names) = $person.latin();
        $format(&$fields {
            issuing_country: $person.nationality.into(),
            nationality: $person.nationality.into(),
            document_number: $person.passport.clone(),
            surname,
            given_names,
            date_of_birth: $person.birth_date(),
            sex: $person.sex(),
            date_of_expiry: MrzDate::Calendar(Date::new($year, $month, $day)),
            $($own: $value,)*
            ..$fields::default()
        })
    }};
}

impl Person {
    pub(crate) fn made_up(dice: &mut Dice, language: Language) -> Self {
        let female = dice.roll(2) == 0;
        let given = dice.word(given(language, female));
        let family = dice.word(family(language));
        let born = (1_950 + pick(dice, 55), 1 + pick(dice, 12), 1 + pick(dice, 28));
        let house = 1 + dice.roll(120);
        let (street, town) = match language {
            Language::English => {
                let street = dice.word(&["Larkspur Row", "Quarry Bank", "Juniper Court", "Tannery Road", "Fen Lane"]);
                let town = dice.word(&["Eastmere", "Port Calder", "Marston", "Wexholm"]);
                (format!("{house} {street}"), format!("{town} {}", 2_000 + dice.roll(7_000)))
            }
            Language::German => {
                let street = dice.word(&["Lindenweg", "Amselstraße", "Am Mühlbach", "Bergstraße", "Gartenweg"]);
                let town = dice.word(&["Neustadt", "Altendorf", "Grünwalde", "Seebach"]);
                (format!("{street} {house}"), format!("{} {town}", 10_000 + dice.roll(89_000)))
            }
            Language::Spanish => {
                let street = dice.word(&["Calle del Pozo", "Calle Mayor", "Avenida del Prado", "Plaza Nueva"]);
                let town = dice.word(&["Villanueva", "Montealto", "Ribera", "Fuenteclara"]);
                (format!("{street} {house}"), format!("{} {town}", 10_000 + dice.roll(40_000)))
            }
            Language::Japanese => {
                let town =
                    dice.word(&["東京都世田谷区桜丘", "大阪府豊中市緑丘", "京都府宇治市木幡", "北海道札幌市中央区南"]);
                let block = format!("{town}{}-{}-{}", 1 + dice.roll(8), 1 + dice.roll(20), 1 + dice.roll(15));
                (block, format!("〒{}-{}", dice.figures(3), dice.figures(4)))
            }
            Language::Korean => {
                let street = dice.word(&["Haneul-ro", "Saebyeok-gil", "Namu-daero", "Baram-ro"]);
                let town = dice.word(&["Mapo-gu, Seoul", "Haeundae-gu, Busan", "Jung-gu, Daegu"]);
                (format!("{house} {street}"), format!("{town} {}", 10_000 + dice.roll(50_000)))
            }
        };
        let mobile = match language {
            Language::English => format!("+44 7700 9{}", dice.figures(5)),
            Language::German => format!("+49 151 {} {}", dice.figures(4), dice.figures(4)),
            Language::Spanish => format!("+34 6{} {} {}", dice.figures(2), dice.figures(3), dice.figures(3)),
            Language::Japanese => format!("090-{}-{}", dice.figures(4), dice.figures(4)),
            Language::Korean => format!("010-{}-{}", dice.figures(4), dice.figures(4)),
        };
        let mailbox = match language {
            Language::Japanese => format!("user.{}", dice.word(&["sakura", "haruto", "aoi", "riku"])),
            _ => format!("{}.{}", plain(given), plain(family)),
        };
        let (prefix, network) = [("4929", "VISA"), ("5312", "Mastercard"), ("4716", "VISA"), ("5487", "Mastercard")]
            [usize::try_from(dice.roll(4)).unwrap_or_default()];
        let national = match language {
            Language::English => {
                format!("{}-{}-{}", 301 + dice.roll(298), 11 + dice.roll(80), 1_001 + dice.roll(8_000))
            }
            Language::German => format!("L{}{}", dice.characters(5, b"0123456789CFGHJKLMNPRTVWXYZ"), dice.figures(3)),
            Language::Spanish => dni(dice),
            Language::Japanese => format!("{} {} {}", dice.figures(4), dice.figures(4), dice.figures(4)),
            Language::Korean => rrn(dice, born, female),
        };
        Self {
            language,
            given,
            family,
            born,
            street,
            town,
            mobile,
            email: format!(
                "{mailbox}@{}",
                dice.word(&["example.org", "example.net", "posteo.example", "mail.example"])
            ),
            iban: iban(dice, language),
            card: with_luhn(&format!("{prefix}{}", dice.figures(11))),
            network,
            passport: format!("{}{}", dice.characters(2, b"CFGHJKLNPRTVX"), dice.figures(7)),
            national,
            female,
            nationality: match language {
                Language::English => "GBR",
                Language::German => "D",
                Language::Spanish => "ESP",
                Language::Japanese => "JPN",
                Language::Korean => "KOR",
            },
        }
    }

    pub(crate) fn full(&self) -> String {
        match self.language {
            Language::Japanese | Language::Korean => format!("{} {}", self.family, self.given),
            _ => format!("{} {}", self.given, self.family),
        }
    }

    /// In Latin letters, as passports and tickets have it.
    pub(crate) fn latin(&self) -> (String, String) {
        let latin = |name: &str, instead: &[&str]| match self.language {
            Language::Japanese => {
                let at = name.chars().map(|c| c as usize).sum::<usize>() % instead.len().max(1);
                instead.get(at).copied().unwrap_or_default().to_owned()
            }
            _ => plain(name).to_uppercase(),
        };
        (
            latin(self.family, &["SATO", "TANAKA", "KIMURA", "HAYASHI", "NAKAGAWA"]),
            latin(self.given, &["HARUKA", "AOI", "REN", "KENJI", "YUMI"]),
        )
    }

    pub(crate) fn birth(&self) -> String {
        let (year, month, day) = self.born;
        match self.language {
            Language::English => {
                let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
                format!("{day:02} {} {year}", months.get(month as usize - 1).copied().unwrap_or("JAN"))
            }
            Language::German => format!("{day:02}.{month:02}.{year}"),
            Language::Spanish => format!("{day:02}/{month:02}/{year}"),
            Language::Japanese => format!("{year}年{month}月{day}日"),
            Language::Korean => format!("{year}-{month:02}-{day:02}"),
        }
    }

    fn birth_date(&self) -> MrzDate {
        let (year, month, day) = self.born;
        MrzDate::Calendar(Date::new(i32::try_from(year).unwrap_or(1980), month, day))
    }

    const fn sex(&self) -> Sex {
        if self.female { Sex::Female } else { Sex::Male }
    }

    /// The machine readable zone of a passport.
    pub(crate) fn passport_zone(&self) -> String {
        zone!(self, format_td3(Td3Fields), expires: (2_031, 3, 13))
    }

    /// The machine readable zone of a card.
    pub(crate) fn card_zone(&self) -> String {
        zone!(self, format_td1(Td1Fields), expires: (2_030, 9, 2), document_code: "I".into())
    }

    /// The card's number in groups of four.
    pub(crate) fn card_in_groups(&self) -> String {
        in_groups(&self.card)
    }
}

/// A number without its last figure, completed by its check digit.
pub(crate) fn with_luhn(number: &str) -> String {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, figure)| {
            let figure = u32::from(figure - b'0');
            let counted = if at % 2 == 0 { figure * 2 } else { figure };
            counted / 10 + counted % 10
        })
        .sum();
    format!("{number}{}", (10 - sum % 10) % 10)
}

pub(crate) fn in_groups(number: &str) -> String {
    let groups: Vec<String> =
        number.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join(" ")
}

fn pick(dice: &mut Dice, below: u64) -> u32 {
    u32::try_from(dice.roll(below)).unwrap_or_default()
}

/// An account's number in the form of a country, with its check digits.
fn iban(dice: &mut Dice, language: Language) -> String {
    let (country, account) = match language {
        Language::German | Language::Japanese | Language::Korean => ("DE", dice.figures(18)),
        Language::Spanish => ("ES", dice.figures(20)),
        Language::English => ("GB", format!("{}{}", dice.characters(4, b"ABCDKLMNPRSTW"), dice.figures(14))),
    };
    let rest = format!("{account}{country}00").bytes().fold(0_u32, |rest, c| match c {
        b'0'..=b'9' => (rest * 10 + u32::from(c - b'0')) % 97,
        _ => (rest * 100 + u32::from(c - b'A') + 10) % 97,
    });
    in_groups(&format!("{country}{:02}{account}", 98 - rest))
}

/// A resident registration number with the check digit that it had until 2020.
fn rrn(dice: &mut Dice, (year, month, day): (u32, u32, u32), female: bool) -> String {
    let sex = if year < 2_000 { 1 } else { 3 } + u32::from(female);
    let number = format!("{:02}{month:02}{day:02}{sex}{}", year % 100, dice.figures(5));
    let weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    let sum: u32 = number.bytes().zip(weights).map(|(figure, weight)| u32::from(figure - b'0') * weight).sum();
    format!("{}-{}{}", &number[..6], &number[6..], (11 - sum % 11) % 10)
}

fn dni(dice: &mut Dice) -> String {
    let number = 20_000_000 + dice.roll(50_000_000);
    let letter = b"TRWAGMYFPDXBNJZSQVHLCKE"[usize::try_from(number % 23).unwrap_or_default()];
    format!("{number}{}", char::from(letter))
}

/// In small letters without marks, as mailboxes have it.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|c| match c {
            'á' | 'ä' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' | 'ö' => 'o',
            'ú' | 'ü' => 'u',
            'ñ' => 'n',
            'ß' => 's',
            c => c,
        })
        .filter(char::is_ascii_alphabetic)
        .collect()
}

const fn given(language: Language, female: bool) -> &'static [&'static str] {
    match (language, female) {
        (Language::English, true) => &["Alice", "Beatrice", "Harriet", "Priya", "Imogen", "Delphine"],
        (Language::English, false) => &["Malcolm", "Gideon", "Oskar", "Callum", "Rafael", "Desmond"],
        (Language::German, true) => &["Annette", "Katharina", "Ursula", "Mareike", "Jutta"],
        (Language::German, false) => &["Korbinian", "Matthias", "Jürgen", "Lukas", "Henrik"],
        (Language::Spanish, true) => &["Lucía", "Carmen", "Pilar", "Inés", "Rosario"],
        (Language::Spanish, false) => &["Javier", "Álvaro", "Íñigo", "Mateo", "Ramón"],
        (Language::Japanese, true) => &["春香", "美咲", "陽子", "結衣"],
        (Language::Japanese, false) => &["健一", "大輔", "拓也", "翔太"],
        (Language::Korean, true) => &["Ji-woo", "Seo-yeon", "Min-ji", "Ha-eun"],
        (Language::Korean, false) => &["Min-jun", "Seo-jun", "Do-yoon", "Ji-ho"],
    }
}

const fn family(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => &["Ashworth", "Hollander", "Tindale", "Stonebridge", "Okafor", "Venning", "Pell"],
        Language::German => &["Brandtner", "Vogelsang", "Hoffmeister", "Schäfer", "Lindemann"],
        Language::Spanish => &["Quintanilla", "Herrera", "Ibáñez", "Navarro", "Castellano"],
        Language::Japanese => &["佐藤", "高橋", "渡辺", "小林", "山本"],
        Language::Korean => &["Kim", "Park", "Choi", "Jung", "Kang"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_check_digits_of_their_kind() {
        assert_eq!(with_luhn("411111111111111"), "4111111111111111");
        assert_eq!(in_groups("DE89370400440532013000"), "DE89 3704 0044 0532 0130 00");
        let mut dice = Dice::apart(7);
        for language in Language::ALL {
            let person = Person::made_up(&mut dice, language);
            let rest = |text: &str| {
                let compact: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
                let turned = format!("{}{}", &compact[4..], &compact[..4]);
                turned.bytes().fold(0_u32, |rest, c| match c {
                    b'0'..=b'9' => (rest * 10 + u32::from(c - b'0')) % 97,
                    _ => (rest * 100 + u32::from(c - b'A') + 10) % 97,
                })
            };
            assert_eq!(rest(&person.iban), 1, "{}", person.iban);
            assert_eq!(with_luhn(&person.card[..15]), person.card);
            assert_eq!(person.passport_zone().lines().map(str::len).collect::<Vec<_>>(), [44, 44]);
            assert_eq!(person.card_zone().lines().map(str::len).collect::<Vec<_>>(), [30, 30, 30]);
        }
    }
}
