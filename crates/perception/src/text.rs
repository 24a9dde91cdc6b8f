//! Reading a page: its lines, and which way up it lies.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use image::RgbImage;
use rten::{RunOptions, ThreadPool};

use crate::PerceptionError;
use crate::detector::Detector;
use crate::geometry::{Area, Corners, Turn};
use crate::recogniser::{Reading, Recogniser};

/// Below this a line is texture more often than text.
const LEAST_CONFIDENCE: f64 = 0.6;
/// A page read worse than this, or of which most lines are none, may lie another way up.
const GOOD_CONFIDENCE: f64 = 0.88;
/// What fills a machine readable zone is read without a doubt upside down, too.
const FILLERS_UPSIDE_DOWN: &str = ">>>>>";
/// A line so many times taller than wide runs from the top to the bottom.
const SIDEWAYS: f64 = 1.5;

/// A line that was read.
pub(crate) struct ReadLine {
    pub(crate) text: String,
    pub(crate) confidence: f64,
    /// Where its characters are in the picture; the first corner is where the text begins.
    pub(crate) corners: Corners,
    /// The same with the room around them, as the detector marks it.
    pub(crate) place: Corners,
}

/// A page's text, and how the page has to be turned for it to be upright.
pub(crate) struct Page {
    pub(crate) turn: Turn,
    pub(crate) lines: Vec<ReadLine>,
    /// Whether there was time for all of them.
    pub(crate) whole: bool,
}

/// Both models, and the threads that they run on.
pub(crate) struct TextReader {
    detector: Detector,
    recogniser: Recogniser,
    threads: Arc<ThreadPool>,
}

impl TextReader {
    pub(crate) fn load(weights: &Path, threads: NonZeroUsize) -> Result<Self, PerceptionError> {
        Ok(Self {
            detector: Detector::load(weights)?,
            recogniser: Recogniser::load(weights)?,
            threads: Arc::new(ThreadPool::with_num_threads(threads.get())),
        })
    }

    /// Reads a page, turned the way that reads best.
    pub(crate) fn read(&self, picture: &RgbImage, has_time: &dyn Fn() -> bool) -> Result<Page, PerceptionError> {
        let places = self.detector.find(picture, &self.options())?;
        if lie_sideways(&places) {
            // Upside down, a few lines may read well by chance: more is read the right way up.
            let [one, other] =
                [self.turned(picture, Turn::Quarter, has_time)?, self.turned(picture, Turn::ThreeQuarters, has_time)?];
            return Ok(one.or_more(other));
        }
        let (lines, whole) = self.lines(picture, &places, has_time)?;
        let page = Page { turn: Turn::None, lines, whole };
        let is_well_read = page.confidence() >= GOOD_CONFIDENCE
            && page.lines.len() * 2 >= places.len()
            && !page.lines.iter().any(|line| line.text.contains(FILLERS_UPSIDE_DOWN));
        if places.is_empty() || is_well_read || !whole {
            return Ok(page);
        }
        // Lines lie at the same places upside down: they tell which way up it is without a second search, which takes
        // longer than all of them where there are few.
        let upside_down: Vec<Corners> = places.iter().map(|[a, b, c, d]| [*c, *d, *a, *b]).collect();
        let (lines, whole) = self.lines(picture, &upside_down, has_time)?;
        let other = Page { turn: Turn::Half, lines, whole };
        if other.read() > page.read() {
            Ok(page.or_more(self.turned(picture, Turn::Half, has_time)?))
        } else {
            Ok(page)
        }
    }

    /// Reads the page after a turn: the detector marks lines best that lie as they are read.
    fn turned(&self, picture: &RgbImage, turn: Turn, has_time: &dyn Fn() -> bool) -> Result<Page, PerceptionError> {
        let turned = turn.picture(picture);
        let places = self.detector.find(&turned, &self.options())?;
        let (mut lines, whole) = self.lines(&turned, &places, has_time)?;
        let size = (f64::from(picture.width()), f64::from(picture.height()));
        for line in &mut lines {
            line.corners = line.corners.map(|corner| turn.undo(corner, size));
            line.place = line.place.map(|corner| turn.undo(corner, size));
        }
        Ok(Page { turn, lines, whole })
    }

    /// The lines at these places, and whether there was time for all.
    fn lines(
        &self,
        picture: &RgbImage,
        places: &[Corners],
        has_time: &dyn Fn() -> bool,
    ) -> Result<(Vec<ReadLine>, bool), PerceptionError> {
        let mut lines = Vec::new();
        for place in places {
            if !has_time() {
                return Ok((lines, false));
            }
            let mut place = *place;
            if is_tall(&place) {
                // Its text runs downward, as on the back of a book: it begins at the upper right.
                place.rotate_left(1);
            }
            let Reading { text, confidence, extent } = self.recogniser.read(picture, &place, &self.options())?;
            let text = text.trim();
            if confidence >= LEAST_CONFIDENCE && (text.chars().count() > 1 || is_word(text, confidence)) {
                let corners = extent.map_or(place, |extent| extent.within(&place));
                lines.push(ReadLine { text: text.to_owned(), confidence, corners, place });
            }
        }
        Ok((lines, true))
    }

    fn options(&self) -> RunOptions {
        RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)))
    }
}

impl Page {
    fn characters(&self) -> f64 {
        self.lines.iter().map(|line| characters(&line.text)).sum()
    }

    /// The confidences of all characters.
    fn read(&self) -> f64 {
        self.lines.iter().map(|line| line.confidence * characters(&line.text)).sum()
    }

    /// The mean confidence of all characters.
    fn confidence(&self) -> f64 {
        self.read() / self.characters().max(1.0)
    }

    /// This page, unless more was read of the other.
    fn or_more(self, other: Self) -> Self {
        if other.read() > self.read() { other } else { self }
    }
}

/// Whether one character is a word by itself, as those of Chinese and Japanese are that label a family name: 姓.
fn is_word(text: &str, confidence: f64) -> bool {
    confidence >= GOOD_CONFIDENCE && text.chars().all(|c| matches!(c, '\u{3400}'..='\u{9FFF}')) && !text.is_empty()
}

/// Letters and figures: a row of other signs looks the same upside down.
fn characters(text: &str) -> f64 {
    u32::try_from(text.chars().filter(|c| c.is_alphanumeric()).count()).map_or(1.0, f64::from)
}

/// Whether most of the text, by length, runs from the top to the bottom.
fn lie_sideways(places: &[Corners]) -> bool {
    let length = |corners: &Corners| {
        let area = Area::around(corners);
        area.width().max(area.height())
    };
    let total: f64 = places.iter().map(length).sum();
    let tall: f64 = places.iter().filter(|corners| is_tall(corners)).map(length).sum();
    tall > total / 2.0
}

fn is_tall(corners: &Corners) -> bool {
    let side = |a: usize, b: usize| (corners[a].x - corners[b].x).hypot(corners[a].y - corners[b].y);
    side(0, 3) >= side(0, 1) * SIDEWAYS
}
