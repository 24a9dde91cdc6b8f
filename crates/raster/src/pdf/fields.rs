//! The fields of a form: whether what is written in them stands in the looks that are drawn.

use std::collections::HashMap;

use hayro::hayro_syntax::{
    content::{TypedIter, ops::TypedInstruction},
    object::{Array, Dict, Name, Object, Stream, String as PdfString, dict::keys},
    page::{Page, Resources},
};
use warden_core::image::Unreadable;

use super::page::{MAX_ANNOTATIONS, MAX_DEPTH, MAX_PARTS};

/// The flag of a field whose letters are shown as dots.
const PASSWORD: i64 = 1 << 13;

/// Whether what is written in the page's fields stands in looks that are drawn. Some programs leave
/// them to the reader to make, and keep those of the empty form.
///
/// # Errors
/// [`Unreadable::TooLarge`] for looks that are not read within bounds.
pub(super) fn are_shown(page: &Page<'_>) -> Result<bool, Unreadable> {
    let annotations = page.raw().get::<Array<'_>>(keys::ANNOTS);
    let left_to_the_reader = are_left_to_the_reader(page);
    let mut left = Left::default();
    for (index, annotation) in annotations.iter().flat_map(Array::iter::<Dict<'_>>).enumerate() {
        if index >= MAX_ANNOTATIONS {
            return Err(Unreadable::TooLarge);
        }
        let looks = annotation.get::<Dict<'_>>(keys::AP);
        let is_shown = match annotation.get::<Name<'_>>(keys::SUBTYPE).as_ref().map(Name::as_str) {
            Some("Widget") => match (inherited(&annotation, b"V", 0).and_then(Value::of), looks) {
                (Some(value), Some(looks)) => {
                    shows(&looks, &annotation, &value, left_to_the_reader, &mut left).ok_or(Unreadable::TooLarge)?
                }
                (value, _) => value.is_none(),
            },
            Some("FreeText") => looks.is_some(),
            _ => true,
        };
        if !is_shown {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the form says that its reader makes the looks of all fields anew.
fn are_left_to_the_reader(page: &Page<'_>) -> bool {
    let root = page.xref().get::<Dict<'_>>(page.xref().root_id());
    let form = root.and_then(|root| root.get::<Dict<'_>>(b"AcroForm"));
    form.is_some_and(|form| form.get::<bool>(b"NeedAppearances") == Some(true))
}

/// What a field, or the one that it belongs to, says by this key.
fn inherited<'a>(field: &Dict<'a>, key: &[u8], depth: usize) -> Option<Object<'a>> {
    field.get::<Object<'_>>(key).or_else(|| {
        let parent = field.get::<Dict<'_>>(b"Parent").filter(|_| depth < MAX_DEPTH)?;
        inherited(&parent, key, depth + 1)
    })
}

/// A text that somebody wrote or chose.
enum Value {
    Text(String),
    /// A long text, or several that were chosen.
    Other,
}

impl Value {
    fn of(value: Object<'_>) -> Option<Self> {
        match value {
            Object::String(text) => {
                let text = text_of(text.as_bytes());
                (!text.trim().is_empty()).then_some(Self::Text(text))
            }
            Object::Stream(_) | Object::Array(_) => Some(Self::Other),
            _ => None,
        }
    }
}

/// A text in one of the encodings of a document's own words. Of the oldest, letters without accents count.
fn text_of(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Whether a field's looks show its value: some text where the looks count as they are, and the value's
/// letters and digits where the reader makes them anew. `None` where nothing is left to be read.
fn shows(looks: &Dict<'_>, field: &Dict<'_>, value: &Value, left_to_the_reader: bool, left: &mut Left) -> Option<bool> {
    // A button has looks for each of its states.
    let Some(looks) = looks.get::<Stream<'_>>(b"N") else { return Some(looks.get::<Dict<'_>>(b"N").is_some()) };
    let mut shown = Shown::default();
    shown.add(&looks, left, 0)?;
    let is_dotted = matches!(inherited(field, b"Ff", 0), Some(Object::Number(flags)) if flags.as_i64() & PASSWORD != 0);
    Some(match value {
        Value::Text(text) if left_to_the_reader && !is_dotted => {
            shown.has(text) || chosen(field, text).is_some_and(|name| shown.has(&name))
        }
        _ => !shown.text.is_empty() || shown.numbers > 0 || (shown.more && !left_to_the_reader),
    })
}

/// The name under which a choice is shown.
fn chosen(field: &Dict<'_>, value: &str) -> Option<String> {
    let Some(Object::Array(choices)) = inherited(field, b"Opt", 0) else { return None };
    choices.iter::<Object<'_>>().take(MAX_PARTS).find_map(|choice| {
        let Object::Array(pair) = choice else { return None };
        let mut pair = pair.iter::<PdfString<'_>>();
        let is_it = text_of(pair.next()?.as_bytes()) == value;
        pair.next().filter(|_| is_it).map(|name| text_of(name.as_bytes()))
    })
}

/// What may still be read of the looks of a page's fields. They may draw each other many times over.
struct Left {
    drawings: usize,
    /// Bytes of drawings.
    read: usize,
    /// Bytes of text.
    text: usize,
}

impl Default for Left {
    fn default() -> Self {
        Self { drawings: MAX_ANNOTATIONS, read: 64 << 20, text: 1 << 20 }
    }
}

/// Takes so much of what is left, where there is so much.
fn take(left: &mut usize, much: usize) -> Option<()> {
    *left = left.checked_sub(much)?;
    Some(())
}

/// What a code stands for.
#[derive(Clone, Copy)]
enum Sign {
    Letter(u8),
    /// One that only the font knows.
    Glyph,
}

/// How a font's codes stand for letters.
enum Coding {
    /// The plainest letters are themselves.
    Letters,
    /// Some codes stand for others, or for a glyph.
    Named(HashMap<u8, Sign>),
    /// Numbers of glyphs, of two bytes each.
    Numbers,
}

impl Coding {
    fn of(font: &Dict<'_>) -> Self {
        if font.get::<Name<'_>>(keys::SUBTYPE).is_some_and(|kind| kind.as_str() == "Type0") {
            return Self::Numbers;
        }
        let encoding = font.get::<Dict<'_>>(b"Encoding");
        let Some(differences) = encoding.and_then(|encoding| encoding.get::<Array<'_>>(b"Differences")) else {
            return Self::Letters;
        };
        let (mut names, mut code) = (HashMap::new(), 0);
        for difference in differences.iter::<Object<'_>>().take(MAX_PARTS) {
            match difference {
                Object::Number(first) => code = first.as_i64(),
                Object::Name(name) => {
                    if let (Ok(code), Some(letter)) = (u8::try_from(code), named(name.as_str())) {
                        names.insert(code, letter);
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
        Self::Named(names)
    }
}

/// The letter, digit or numbered glyph of this name; `None` for other signs.
fn named(name: &str) -> Option<Sign> {
    const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    match name.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(Sign::Letter(*letter)),
        name if name.iter().any(u8::is_ascii_digit) => Some(Sign::Glyph),
        _ => (b'0'..).zip(DIGITS).find(|(_, digit)| *digit == name).map(|(digit, _)| Sign::Letter(digit)),
    }
}

/// What some looks show.
#[derive(Default)]
struct Shown {
    /// The codes of their text, most of which are letters.
    text: Vec<u8>,
    /// How many more signs there are whose letters only the font knows.
    numbers: usize,
    /// Whether there is a picture, in which there may be a text.
    more: bool,
}

impl Shown {
    /// Whether the letters and digits of a text follow each other in what is shown, whatever stands between them, or
    /// may do so. Of a text that has none of the plainest, something has to be shown.
    fn has(&self, text: &str) -> bool {
        let mut shown_signs = self.text.iter().filter(|byte| byte.is_ascii_alphanumeric());
        let mut signs = text.bytes().filter(u8::is_ascii_alphanumeric);
        let is_read =
            !self.text.is_empty() && signs.all(|sign| shown_signs.any(|shown| shown.eq_ignore_ascii_case(&sign)));
        is_read || self.numbers >= text.chars().filter(|sign| !sign.is_whitespace()).count()
    }

    /// Adds what a drawing shows; `None` where nothing is left to be read.
    fn add(&mut self, looks: &Stream<'_>, left: &mut Left, depth: usize) -> Option<()> {
        take(&mut left.drawings, 1)?;
        let Ok(data) = looks.decoded_data() else { return Some(()) };
        take(&mut left.read, data.len())?;
        let resources = Resources::new(looks.dict().get::<Dict<'_>>(keys::RESOURCES).unwrap_or_default());
        let mut coding = Coding::Letters;
        let mut instructions = TypedIter::new(&data);
        while let Some(instruction) = instructions.next() {
            match instruction {
                TypedInstruction::TextFont(font) => {
                    coding = resources.get_font(font.0).map_or(Coding::Letters, |font| Coding::of(&font));
                }
                TypedInstruction::ShowText(text) => self.write(text.0.as_bytes(), &coding, left)?,
                TypedInstruction::NextLineAndShowText(text) => self.write(text.0.as_bytes(), &coding, left)?,
                TypedInstruction::ShowTextWithParameters(text) => self.write(text.2.as_bytes(), &coding, left)?,
                TypedInstruction::ShowTexts(texts) => {
                    for part in texts.0.iter::<Object<'_>>() {
                        if let Object::String(text) = part {
                            self.write(text.as_bytes(), &coding, left)?;
                        }
                    }
                }
                TypedInstruction::InlineImage(_) => self.more = true,
                TypedInstruction::XObject(name) => match resources.get_x_object(name.0) {
                    Some(form) if depth < MAX_DEPTH && is_form(&form) => self.add(&form, left, depth + 1)?,
                    _ => self.more = true,
                },
                _ => {}
            }
        }
        Some(())
    }

    fn write(&mut self, codes: &[u8], coding: &Coding, left: &mut Left) -> Option<()> {
        take(&mut left.text, codes.len())?;
        match coding {
            Coding::Letters => self.text.extend(codes),
            Coding::Named(names) => {
                let signs = codes.iter().map(|code| names.get(code).copied().unwrap_or(Sign::Letter(*code)));
                for sign in signs {
                    match sign {
                        Sign::Letter(letter) => self.text.push(letter),
                        Sign::Glyph => self.numbers += 1,
                    }
                }
            }
            Coding::Numbers => {
                self.text.extend(codes);
                self.numbers += codes.len() / 2;
            }
        }
        Some(())
    }
}

fn is_form(stream: &Stream<'_>) -> bool {
    stream.dict().get::<Name<'_>>(keys::SUBTYPE).is_some_and(|kind| kind.as_str() == "Form")
}
