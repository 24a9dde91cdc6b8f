//! The set that quality is measured on: documents, cards, forms, screenshots, labels, posters and scenery in five languages,
//! with and without personal data.
//!
//! It has two halves by what draws them. Recognizers are mended by what the tuned half shows, and measured on the
//! reported half.

mod dressing;
mod person;
mod reported;
mod sheet;
mod tuned;
mod words;

use crate::{Format, Labelled, canvas::JapaneseFont, dice::Dice};

use self::{dressing::Dressing, person::Person, sheet::Sheet};

/// How many pictures each generator draws.
const OF_EACH: usize = 22;
/// How many pictures there are.
pub const PICTURES: usize = (tuned::GENERATORS.len() + reported::GENERATORS.len()) * OF_EACH;

/// A half of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What recognizers are mended by.
    Tuned,
    /// What quality is measured on.
    Reported,
}

impl Half {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tuned => "tuned",
            Self::Reported => "reported",
        }
    }
}

/// A language, as far as a picture needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
    Spanish,
    Japanese,
    /// In Latin letters, with Korean numbers: what reads text reads no Hangul.
    Korean,
}

impl Language {
    const ALL: [Self; 5] = [Self::English, Self::German, Self::Spanish, Self::Japanese, Self::Korean];

    const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::Japanese => "ja",
            Self::Korean => "ko",
        }
    }
}

/// What draws pictures of one kind.
pub(crate) struct Generator {
    name: &'static str,
    /// With personal data or without.
    draw: fn(&mut Dice, &Person, bool, Option<&JapaneseFont>) -> Sheet,
}

/// The half that the picture of a number belongs to.
#[must_use]
pub const fn half(number: usize) -> Half {
    if number / OF_EACH < tuned::GENERATORS.len() { Half::Tuned } else { Half::Reported }
}

/// The picture of this number below [`PICTURES`]. Without a font for Japanese, what is Japanese is drawn in English.
#[must_use]
pub fn picture(number: usize, japanese: Option<&JapaneseFont>) -> Labelled {
    let (kind, variant) = (number / OF_EACH, number % OF_EACH);
    let generator = match kind.checked_sub(tuned::GENERATORS.len()) {
        None => &tuned::GENERATORS[kind],
        Some(kind) => &reported::GENERATORS[kind % reported::GENERATORS.len()],
    };
    let mut dice = Dice::apart(number as u64);
    let language = match Language::ALL[(variant + kind) % Language::ALL.len()] {
        Language::Japanese if japanese.is_none() => Language::English,
        language => language,
    };
    let dressing = Dressing::ALL[(variant + kind) % Dressing::ALL.len()];
    let personal = variant % 3 != 2;
    let person = Person::made_up(&mut dice, language);
    let sheet = (generator.draw)(&mut dice, &person, personal, japanese);
    let (picture, truths) = dressing.put_on(sheet, &mut dice);
    let format = match variant % 7 {
        0 | 4 => Format::Png,
        1 | 5 => Format::Jpeg(85),
        2 => Format::Jpeg(55),
        3 => Format::WebP,
        _ => Format::Gif,
    };
    Labelled {
        name: format!("{}-{variant:02}", generator.name.replace(' ', "-")),
        picture,
        format,
        generator: generator.name,
        language: language.as_str(),
        taken: dressing.as_str(),
        attack: None,
        personal: truths.iter().any(|truth| truth.expected),
        truths,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_large_enough_and_the_same_each_time() {
        const { assert!(PICTURES >= 600) }
        for number in (0..PICTURES).step_by(101) {
            let (one, other) = (picture(number, None), picture(number, None));
            assert_eq!(one.truths, other.truths, "{number}");
            assert!(one.picture == other.picture, "{number}");
            assert_eq!(half(number) == Half::Tuned, number < PICTURES / 2, "{number}");
        }
    }

    #[test]
    fn what_is_in_a_picture_lies_within_it() {
        for number in (0..PICTURES).step_by(29) {
            let labelled = picture(number, None);
            let (width, height) = labelled.picture.dimensions();
            for truth in &labelled.truths {
                let area = truth.area.unwrap();
                assert!(area.x + area.width <= width && area.y + area.height <= height, "{}: {truth:?}", labelled.name);
                assert!(area.width >= 4 && area.height >= 4, "{}: {truth:?}", labelled.name);
            }
        }
    }

    #[test]
    fn a_third_of_the_pictures_hold_nothing_personal() {
        let personal = (0..PICTURES).step_by(5).filter(|number| picture(*number, None).personal).count();
        let all = PICTURES.div_ceil(5);
        assert!((all / 2..all * 3 / 4).contains(&personal), "{personal} of {all}");
    }
}
