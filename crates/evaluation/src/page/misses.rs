//! What was missed, as its pictures.

use std::io::Cursor;

use base64_simd::STANDARD;
use image::{ImageReader, codecs::jpeg::JpegEncoder, imageops::FilterType};
use maud::{Markup, html};
use warden_core::image::Area;
use warden_pictures::canvas::JapaneseFont;

use crate::{
    cases::CaseError,
    results::{Miss, Results, miss},
    run::Record,
};

/// How large a picture is shown at most, in pixels.
const LARGEST: u32 = 560;
/// How many pictures of a kind are shown, over all judges. More are only counted.
const MOST: usize = 60;
const QUALITY: u8 = 60;

/// Kinds of misses: their heading, what they are.
pub(super) const KINDS: &[(&str, &str, Miss)] = &[
    ("Overlooked", "Personal data or a secret that nothing speaks for.", Miss::Overlooked),
    ("Flagged for nothing", "Something speaks for personal data, and there is none.", Miss::Wrong),
    ("Right in part", "Something of it was not found by its category, or was found that is not there.", Miss::InPart),
];

/// A picture that was missed, as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What is wrong.
    pub kind: Miss,
    /// Who judged.
    judge: Option<String>,
    name: String,
    about: String,
    size: (u32, u32),
    /// As a JPEG; nothing where it cannot be decoded.
    jpeg: Vec<u8>,
    wanted: Vec<(String, Option<Area>)>,
    told: Vec<(String, Option<Area>)>,
    /// How many there are of its kind and part, where it stands for more.
    more: usize,
}

/// What was missed, by each judge in the order of `results`.
///
/// # Errors
/// When a picture cannot be read any more.
pub fn misses(
    results: &Results,
    records: &[Vec<Record>],
    japanese: Option<&JapaneseFont>,
) -> Result<Vec<Shown>, CaseError> {
    let mut shown = Vec::new();
    for (judge, records) in results.judges.iter().zip(records) {
        for (_, _, kind) in KINDS {
            let these: Vec<&Record> = records.iter().filter(|record| miss(record) == Some(*kind)).collect();
            let most = MOST / results.judges.len().max(1);
            for record in these.iter().take(most) {
                let more = if these.len() > most { these.len() - most } else { 0 };
                let judge = (results.judges.len() > 1).then(|| judge.name.clone());
                shown.push(Shown { judge, more, ..show(*kind, record, japanese)? });
            }
        }
    }
    Ok(shown)
}

fn show(kind: Miss, record: &Record, japanese: Option<&JapaneseFont>) -> Result<Shown, CaseError> {
    let (label, bytes) = record.case.load(japanese)?;
    let (size, jpeg) = small(&bytes).unwrap_or_default();
    let wanted = label.findings.iter().flatten().filter(|finding| !finding.optional);
    let about =
        [&label.part, label.language.as_deref().unwrap_or_default(), label.taken.as_deref().unwrap_or_default()]
            .into_iter()
            .filter(|text| !text.is_empty())
            .map(str::to_owned);
    let reason = record.judged.reason.iter().cloned();
    Ok(Shown {
        kind,
        judge: None,
        name: label.file.clone(),
        about: about.chain(reason).collect::<Vec<_>>().join(", "),
        size,
        jpeg,
        wanted: wanted.map(|finding| (finding.category.as_str().to_owned(), finding.r#box)).collect(),
        told: record.judged.told.iter().map(|told| (told.category.to_owned(), told.r#box)).collect(),
        more: 0,
    })
}

/// The picture's own size, and a small copy of it.
fn small(bytes: &[u8]) -> Option<((u32, u32), Vec<u8>)> {
    let picture = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.decode().ok()?;
    let size = (picture.width(), picture.height());
    let small =
        if size.0.max(size.1) > LARGEST { picture.resize(LARGEST, LARGEST, FilterType::Triangle) } else { picture };
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&small.into_rgb8()).ok()?;
    Some((size, jpeg))
}

/// Pictures side by side, with what is there and what was told on them.
pub(super) fn gallery(text: &str, shown: &[&Shown]) -> Markup {
    let more = shown.iter().map(|shown| shown.more).max().unwrap_or_default();
    html! {
        p {
            (text) " Solid: what is there. Dashed: what was found."
            @if more > 0 { " " (more) " more are only counted." }
        }
        ul.pictures {
            @for shown in shown {
                li {
                    @if !shown.jpeg.is_empty() {
                        svg role="img" aria-label=(alternative(shown)) viewBox={ "0 0 " (shown.size.0) " " (shown.size.1) } {
                            image width=(shown.size.0) height=(shown.size.1)
                                href={ "data:image/jpeg;base64," (STANDARD.encode_to_string(&shown.jpeg)) } {}
                            @for (_, area) in &shown.wanted { @if let Some(area) = area { (rectangle("there", *area)) } }
                            @for (_, area) in &shown.told { @if let Some(area) = area { (rectangle("told", *area)) } }
                        }
                    }
                    p { bdi { (shown.name) } span.note { (shown.about) @if let Some(judge) = &shown.judge { ", " (judge) } } }
                    p.note { "There: " (listed(&shown.wanted)) }
                    p.note { "Told: " (listed(&shown.told)) }
                }
            }
        }
    }
}

fn rectangle(class: &str, area: Area) -> Markup {
    html! { rect class=(class) x=(area.x) y=(area.y) width=(area.width) height=(area.height) {} }
}

fn listed(things: &[(String, Option<Area>)]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in things {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn alternative(shown: &Shown) -> String {
    format!("The picture {}. There: {}. Told: {}.", shown.name, listed(&shown.wanted), listed(&shown.told))
}
