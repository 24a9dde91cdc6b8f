//! The fields of a form: whether what is written in them stands in the looks that are drawn.

use hayro::hayro_syntax::{
    content::{TypedIter, ops::TypedInstruction},
    object::{Array, Dict, Name, Object, Stream, String as PdfString, dict::keys},
    page::{Page, Resources},
};

use super::page::{MAX_DEPTH, MAX_PICTURES};

/// The flag of a field whose letters are shown as dots.
const PASSWORD: i64 = 1 << 13;

/// Whether what is written in the page's fields stands in looks that are drawn. Some programs leave
/// them to the reader to make, and keep those of the empty form.
pub(super) fn are_shown(page: &Page<'_>) -> bool {
    let Some(annotations) = page.raw().get::<Array<'_>>(keys::ANNOTS) else { return true };
    let left_to_the_reader = are_left_to_the_reader(page);
    annotations.iter::<Dict<'_>>().take(MAX_PICTURES).all(|annotation| {
        let looks = annotation.get::<Dict<'_>>(keys::AP);
        match annotation.get::<Name<'_>>(keys::SUBTYPE).as_ref().map(Name::as_str) {
            Some("Widget") => inherited(&annotation, b"V", 0)
                .and_then(Value::of)
                .is_none_or(|value| looks.is_some_and(|looks| shows(&looks, &annotation, &value, left_to_the_reader))),
            Some("FreeText") => looks.is_some(),
            _ => true,
        }
    })
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
/// letters and digits where the reader makes them anew.
fn shows(looks: &Dict<'_>, field: &Dict<'_>, value: &Value, left_to_the_reader: bool) -> bool {
    // A button has looks for each of its states.
    let Some(looks) = looks.get::<Stream<'_>>(b"N") else { return looks.get::<Dict<'_>>(b"N").is_some() };
    let mut shown = Shown::default();
    shown.add(&looks, 0);
    let is_dotted = matches!(inherited(field, b"Ff", 0), Some(Object::Number(flags)) if flags.as_i64() & PASSWORD != 0);
    match value {
        Value::Text(text) if left_to_the_reader && !is_dotted => {
            is_within(&[text], &shown.text) || chosen(field, text).is_some_and(|name| is_within(&[&name], &shown.text))
        }
        _ => !shown.text.is_empty() || (shown.more && !left_to_the_reader),
    }
}

/// The name under which a choice is shown.
fn chosen(field: &Dict<'_>, value: &str) -> Option<String> {
    let Some(Object::Array(choices)) = inherited(field, b"Opt", 0) else { return None };
    choices.iter::<Object<'_>>().take(MAX_PICTURES).find_map(|choice| {
        let Object::Array(pair) = choice else { return None };
        let mut pair = pair.iter::<PdfString<'_>>();
        let is_it = text_of(pair.next()?.as_bytes()) == value;
        pair.next().filter(|_| is_it).map(|name| text_of(name.as_bytes()))
    })
}

/// Whether the letters and digits of a text follow each other in what is shown, whatever stands between them. Of a
/// text that has none of the plainest, something has to be shown.
fn is_within(text: &[&str], shown: &[u8]) -> bool {
    let mut shown_signs = shown.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let mut signs = text.iter().flat_map(|text| text.bytes()).filter(u8::is_ascii_alphanumeric);
    !shown.is_empty() && signs.all(|sign| shown_signs.any(|shown| shown.eq_ignore_ascii_case(&sign)))
}

/// What some looks show.
#[derive(Default)]
struct Shown {
    /// The codes of their text, most of which are letters.
    text: Vec<u8>,
    /// Whether there is a picture, in which there may be a text.
    more: bool,
}

impl Shown {
    fn add(&mut self, looks: &Stream<'_>, depth: usize) {
        let Ok(data) = looks.decoded_data() else { return };
        let resources = Resources::new(looks.dict().get::<Dict<'_>>(keys::RESOURCES).unwrap_or_default());
        let mut instructions = TypedIter::new(&data);
        while let Some(instruction) = instructions.next() {
            match instruction {
                TypedInstruction::ShowText(text) => self.text.extend(text.0.as_bytes()),
                TypedInstruction::NextLineAndShowText(text) => self.text.extend(text.0.as_bytes()),
                TypedInstruction::ShowTextWithParameters(text) => self.text.extend(text.2.as_bytes()),
                TypedInstruction::ShowTexts(texts) => texts.0.iter::<Object<'_>>().for_each(|part| {
                    if let Object::String(text) = part {
                        self.text.extend(text.as_bytes());
                    }
                }),
                TypedInstruction::InlineImage(_) => self.more = true,
                TypedInstruction::XObject(name) => match resources.get_x_object(name.0) {
                    Some(form) if depth < MAX_DEPTH && is_form(&form) => self.add(&form, depth + 1),
                    _ => self.more = true,
                },
                _ => {}
            }
        }
    }
}

fn is_form(stream: &Stream<'_>) -> bool {
    stream.dict().get::<Name<'_>>(keys::SUBTYPE).is_some_and(|kind| kind.as_str() == "Form")
}
