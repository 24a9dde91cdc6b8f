//! What is read of an image in code: its barcodes, its text, the faces in it. None of it can be talked out of
//! what it reads.

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, Instant},
};

use warden_core::{
    Error,
    image::{Area, ImageFormat, Unreadable, jpeg},
    pii::{Category, Finding, Floor},
};
use warden_lambda::metrics;
use warden_perception::{Perception, PerceptionError, Sight, geometry, weights};
use warden_raster::{Code, CodesUnread, Overview, Reading, Shown, Text};
use warden_recognizers::{Entity, Line, code};

use crate::deadline::Deadline;

/// Least confidence of a face that the model is not to overlook. Below, one in ten is a pattern.
const LEAST_FACE: f64 = 0.9;

/// What code found in a file.
#[derive(Default)]
pub(crate) struct Looked {
    pub(crate) floor: Floor,
    /// Whether something that is read in code could not be looked at.
    pub(crate) overlooked: bool,
    /// Why there may be more in a picture that a model takes as it is than was looked at.
    pub(crate) unread: Option<Unreadable>,
}

impl Looked {
    /// Nothing was found, because nothing could be read.
    pub(crate) fn failed(trouble: &Trouble) -> Self {
        tell(trouble);
        Self { overlooked: true, ..Self::default() }
    }
}

/// What is read in code.
#[derive(Default)]
pub struct Reader {
    /// Whether barcodes are.
    pub barcodes: bool,
    /// What reads text and finds faces, if anything does.
    pub text: Option<TextReader>,
}

impl Reader {
    pub(crate) const fn reading(&self) -> Reading {
        Reading { codes: self.barcodes, texts: true, overviews: self.text.is_some() }
    }

    /// What is found in an image that a model takes as it is. One that is damaged is not clean on the model's word alone;
    /// nor is a JPEG in a coding that few programs read. Another that is not read here is left to the model.
    pub(crate) fn look_at(&self, bytes: &[u8], format: ImageFormat, until: Deadline) -> Looked {
        match warden_raster::read(bytes, format, self.reading()) {
            Ok(shown) => Looked { unread: shown.unread, ..self.look(&shown, until) },
            Err(why) if why == Unreadable::Damaged || is_rare(bytes, format) => {
                Looked { unread: Some(why), overlooked: true, ..Looked::default() }
            }
            Err(why) if self.text.is_some() => Looked::failed(&Trouble::Unreadable(why)),
            // It is as unreadable the next time.
            Err(_) => Looked::default(),
        }
    }

    /// What is found in what a file shows. Whatever fails on the way is told, and is no verdict.
    pub(crate) fn look(&self, shown: &Shown, until: Deadline) -> Looked {
        let mut floor = Floor::default();
        let mut trouble = shown.codes_unread.map(Trouble::CodesUnread);
        for code in &shown.codes {
            match guarded(|| in_code(code)) {
                Ok(found) => floor.deciding.extend(found),
                Err(panicked) => trouble = Some(panicked),
            }
        }
        for page in &shown.texts {
            if until.left().is_zero() {
                trouble = Some(Trouble::TimeIsOver);
                break;
            }
            match guarded(|| in_text(page)) {
                Ok(found) => floor.deciding.extend(found),
                Err(panicked) => trouble = Some(panicked),
            }
        }
        if let Some(text) = &self.text {
            // Half of the time that is left is the model's.
            let until = Instant::now() + text.time.min(until.left() / 2);
            trouble = shown.without_overview.map(Trouble::Unreadable).or(trouble);
            for overview in &shown.overviews {
                match text.look(overview, until) {
                    Ok((mut found, whole)) => {
                        // What a document says itself is seen on its pages, too.
                        found.deciding.retain(|found| !floor.deciding.iter().any(|known| is_same(known, found)));
                        floor.add(found);
                        if !whole {
                            trouble = Some(Trouble::TimeIsOver);
                            break;
                        }
                    }
                    Err(failed) => trouble = Some(failed),
                }
            }
        }
        if let Some(trouble) = &trouble {
            tell(trouble);
        }
        Looked { floor, overlooked: trouble.is_some(), unread: None }
    }
}

fn is_rare(bytes: &[u8], format: ImageFormat) -> bool {
    format == ImageFormat::Jpeg && jpeg::is_rarely_coded(bytes) == Some(true)
}

fn tell(trouble: &Trouble) {
    tracing::warn!(error = %trouble, "not everything is read in code");
    if trouble.is_failure() {
        metrics::floor_failed();
    }
}

/// Why something was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Perception(#[from] PerceptionError),
    #[error("the picture cannot be decoded: {0}")]
    Unreadable(Unreadable),
    #[error("{}", match .0 {
        CodesUnread::Cut => "the search for barcodes did not come to its end",
        CodesUnread::Most => "a picture has as many barcodes as are ever read, and may have more",
    })]
    CodesUnread(CodesUnread),
    #[error("the image could not be read once more: {}", .0.name().as_str())]
    NotReadAgain(Error),
    #[error("the time for it is over")]
    TimeIsOver,
    #[error("what reads it panicked")]
    Panicked,
    #[error("RecognizerWeightsMissing: {} lacks {}; images are judged by the model alone", folder.display(), files.join(" and "))]
    WeightsMissing { folder: PathBuf, files: Vec<&'static str> },
}

impl Trouble {
    /// Whether something failed that should not. A sheet of labels may have more barcodes than are read.
    const fn is_failure(&self) -> bool {
        !matches!(self, Self::CodesUnread(CodesUnread::Most))
    }
}

/// What reads a file that somebody made ends with an error where it panics, and not the function.
fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, Trouble> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| Trouble::Panicked)
}

/// What a barcode says, which follows its standard in full or is not known at all.
fn in_code(Code { text, area, whole, page }: &Code) -> Vec<Finding> {
    let at = |entity| Finding::at(category(entity), 1.0, *area, *whole).on(*page);
    code::find(text).into_iter().map(|(entity, _)| at(entity)).collect()
}

/// What the text of a document's page holds beyond doubt. The rest is for who sees it.
fn in_text(page: &[Text]) -> Vec<Finding> {
    let lines: Vec<Line<'_>> = page
        .iter()
        .map(|Text { text, sides: [left, top, right, bottom], .. }| Line {
            text,
            confidence: 1.0,
            left: *left,
            top: *top,
            right: *right,
            bottom: *bottom,
        })
        .collect();
    let deciding = warden_recognizers::find(&lines, 0).into_iter().filter(|found| found.evidence.decides());
    let finding = |found: warden_recognizers::Finding| {
        let texts = || found.lines.iter().map(|line| &page[*line]);
        let area = texts().map(|text| text.area).reduce(Area::around)?;
        let Text { whole, page, .. } = texts().next()?;
        Some(Finding::at(category(found.entity), 1.0, area, *whole).on(*page))
    };
    deciding.filter_map(finding).collect()
}

/// Whether two findings are of one thing that was read twice.
fn is_same(one: &Finding, other: &Finding) -> bool {
    one.category == other.category
        && one.page == other.page
        && one.r#box.zip(other.r#box).is_some_and(|(one, other)| one.touches(other))
}

/// Reads text and finds faces. Its models are loaded with the first picture, so that the function starts as fast as
/// without them.
pub struct TextReader {
    weights: PathBuf,
    time: Duration,
    perception: OnceLock<Perception>,
}

impl TextReader {
    /// One that has its models in this folder, and so much time for all pictures of a file.
    #[must_use]
    pub const fn new(weights: PathBuf, time: Duration) -> Self {
        Self { weights, time, perception: OnceLock::new() }
    }

    /// Tells at once, not with the first picture, what is missing of its models. Pictures are then judged by the
    /// model alone.
    pub fn tell_what_is_missing(&self) {
        let files = weights::missing_in(&self.weights);
        if !files.is_empty() {
            tell(&Trouble::WeightsMissing { folder: self.weights.clone(), files });
        }
    }

    /// What is found in a picture until some moment, and whether there was time for all of it.
    fn look(&self, overview: &Overview, until: Instant) -> Result<(Floor, bool), Trouble> {
        if Instant::now() >= until {
            return Ok((Floor::default(), false));
        }
        guarded(|| {
            let picture = overview.picture().map_err(Trouble::Unreadable)?;
            let sight = self.perception()?.look_while(&picture, &|| Instant::now() < until)?;
            Ok((found_in(&sight, overview), sight.whole))
        })?
    }

    fn perception(&self) -> Result<&Perception, PerceptionError> {
        if let Some(perception) = self.perception.get() {
            return Ok(perception);
        }
        let loaded = Perception::load(&self.weights, NonZeroUsize::MIN)?;
        Ok(self.perception.get_or_init(|| loaded))
    }
}

/// What was seen of a picture, by what it says.
fn found_in(sight: &Sight, overview: &Overview) -> Floor {
    let lines: Vec<Line<'_>> = sight
        .lines
        .iter()
        .map(|line| {
            let geometry::Area { left, top, right, bottom } = line.upright;
            Line { text: &line.text, confidence: line.confidence, left, top, right, bottom }
        })
        .collect();
    let at = |category, confidence, points: &[geometry::Point]| {
        let area =
            pixels(geometry::Area::around(points)).within((sight.width, sight.height), overview.area, overview.whole);
        Finding::at(category, confidence, area, overview.whole).on(overview.page)
    };
    let mut floor = Floor::default();
    for found in warden_recognizers::find(&lines, sight.faces.len()) {
        let points: Vec<_> = found.lines.iter().flat_map(|line| sight.lines[*line].corners).collect();
        if found.evidence.decides() {
            floor.deciding.push(at(category(found.entity), 1.0, &points));
        } else if found.evidence.counts() {
            floor.likely.push(at(category(found.entity), found.confidence, &points));
        }
    }
    let faces = sight.faces.iter().filter(|face| face.confidence >= LEAST_FACE);
    floor.likely.extend(faces.map(|face| at(Category::Face, face.confidence, &face.corners)));
    floor
}

/// An area in whole pixels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pictures have fewer pixels than u32 counts, and none left of their edge"
)]
fn pixels(area: geometry::Area) -> Area {
    let (x, y) = (area.left.floor().max(0.0), area.top.floor().max(0.0));
    let (width, height) = ((area.right.ceil() - x).max(1.0), (area.bottom.ceil() - y).max(1.0));
    Area { x: x as u32, y: y as u32, width: width as u32, height: height as u32 }
}

const fn category(entity: Entity) -> Category {
    match entity {
        Entity::Person => Category::Person,
        Entity::DateTime => Category::DateTime,
        Entity::Location => Category::Location,
        Entity::EmailAddress => Category::EmailAddress,
        Entity::PhoneNumber => Category::PhoneNumber,
        Entity::CreditCard => Category::CreditCard,
        Entity::IbanCode => Category::IbanCode,
        Entity::Passport => Category::Passport,
        Entity::UsPassport => Category::UsPassport,
        Entity::UsDriverLicense => Category::UsDriverLicense,
        Entity::UsSsn => Category::UsSsn,
        Entity::KrRrn => Category::KrRrn,
        Entity::Secret => Category::Secret,
        Entity::DriverLicense
        | Entity::Id
        | Entity::UkNino
        | Entity::UkNhs
        | Entity::EsNie
        | Entity::ItFiscalCode
        | Entity::SgNricFin
        | Entity::FiPersonalIdentityCode
        | Entity::BrCpf
        | Entity::CnRic
        | Entity::MxCurp
        | Entity::InAadhaar => Category::NationalId,
        _ => Category::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_panics_is_trouble_and_no_end_of_the_function() {
        let trouble = guarded(|| -> Vec<Finding> { panic!("as a reader may") }).err();
        assert!(trouble.is_some_and(|trouble| trouble.is_failure()));
        assert_eq!(guarded(|| 1).ok(), Some(1));
    }

    #[test]
    fn a_code_of_any_text_is_read() {
        let reader = Reader { barcodes: true, text: None };
        for text in ["M1AAAAAAAAAAAAAAAAAAAA", "M1", "@", ""] {
            let area = Area { x: 0, y: 0, width: 20, height: 20 };
            let codes = vec![Code { text: text.to_owned(), area, whole: (40, 40), page: None }];
            let looked = reader.look(&Shown { codes, ..Shown::default() }, Deadline::within(Duration::from_secs(1)));
            assert!(!looked.overlooked && looked.floor.deciding.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_sheet_of_labels_may_hold_more_codes_than_are_read_and_nothing_failed() {
        let reader = Reader { barcodes: true, text: None };
        for (codes_unread, overlooked) in
            [(None, false), (Some(CodesUnread::Cut), true), (Some(CodesUnread::Most), true)]
        {
            let shown = Shown { codes_unread, ..Shown::default() };
            let looked = reader.look(&shown, Deadline::within(Duration::from_secs(1)));
            assert_eq!(looked.overlooked, overlooked, "{codes_unread:?}");
        }
        for (why, is_failure, text) in [
            (CodesUnread::Cut, true, "the search for barcodes did not come to its end"),
            (CodesUnread::Most, false, "a picture has as many barcodes as are ever read, and may have more"),
        ] {
            let trouble = Trouble::CodesUnread(why);
            assert_eq!((trouble.is_failure(), trouble.to_string().as_str()), (is_failure, text));
        }
    }
}
