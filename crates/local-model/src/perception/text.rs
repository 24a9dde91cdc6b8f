//! Reading text: an OCR engine, and which way up the page is.

use std::path::Path;
use std::thread::available_parallelism;

use image::DynamicImage;
use pure_onnx_ocr::{OcrEngine, OcrEngineBuilder, OcrError};

use super::geometry::{Area, Corners, Point, Turn};
use crate::weights::Files;

/// Below this a line is texture more often than text.
const LEAST_CONFIDENCE: f32 = 0.6;
/// A page read worse than this may lie on its side.
const GOOD_CONFIDENCE: f64 = 0.88;
/// Compiled plans that are kept, by input shape: each keeps weights of its own. Four
/// recogniser plans make an image take a fifth longer than sixteen do, and sixteen
/// take 200 MB more than four.
const DETECTOR_PLANS: usize = 1;
const RECOGNISER_PLANS: usize = 8;

/// A line of text on the page as it lies upright.
#[derive(Clone)]
pub(crate) struct UprightLine {
    pub(crate) text: String,
    pub(crate) confidence: f64,
    pub(crate) corners: Corners,
}

/// A page's text, and how the page was turned to read it.
pub(crate) struct Page {
    pub(crate) turn: Turn,
    pub(crate) lines: Vec<UprightLine>,
}

/// The engine with its models.
pub(crate) struct TextReader(OcrEngine);

impl TextReader {
    pub(crate) fn load(weights: &Path) -> Result<Self, OcrError> {
        let files = Files::of(weights);
        let engine = OcrEngineBuilder::new()
            .det_model_path(files.detector)
            .rec_model_path(files.recogniser)
            .dictionary_path(files.dictionary)
            .plan_cache_capacity(DETECTOR_PLANS, RECOGNISER_PLANS)
            .inference_threads(available_parallelism().map_or(1, std::num::NonZero::get))
            .build()?;
        Ok(Self(engine))
    }

    /// Reads a page, turning it when that reads better.
    pub(crate) fn read(&self, image: &DynamicImage) -> Result<Page, OcrError> {
        let mut best = Page { turn: Turn::None, lines: self.lines(image)? };
        let turns: &[Turn] = if best.lines.is_empty() {
            &[]
        } else if upright_share(&best.lines) < 0.5 {
            &[Turn::Quarter, Turn::ThreeQuarters]
        } else if confidence(&best.lines) < GOOD_CONFIDENCE {
            &[Turn::Half, Turn::Quarter, Turn::ThreeQuarters]
        } else {
            &[]
        };
        for turn in turns {
            let lines = self.lines(&turn.apply(image))?;
            if quality(&lines) > quality(&best.lines) {
                best = Page { turn: *turn, lines };
            }
            if quality(&best.lines) > 0.95 {
                break;
            }
        }
        Ok(best)
    }

    fn lines(&self, image: &DynamicImage) -> Result<Vec<UprightLine>, OcrError> {
        let found = self.0.run_from_image(image)?;
        let lines = found.into_iter().filter_map(|found| {
            let text = found.text.trim().to_owned();
            let mut points = found.bounding_box.exterior().points().map(|point| Point { x: point.x(), y: point.y() });
            let corners = [points.next()?, points.next()?, points.next()?, points.next()?];
            let legible = found.confidence >= LEAST_CONFIDENCE && text.chars().count() > 1;
            legible.then(|| UprightLine { text, confidence: f64::from(found.confidence), corners })
        });
        Ok(lines.collect())
    }
}

fn weight(line: &UprightLine) -> f64 {
    u32::try_from(line.text.chars().count()).map_or(1.0, f64::from)
}

/// The mean confidence of all characters.
fn confidence(lines: &[UprightLine]) -> f64 {
    let total: f64 = lines.iter().map(weight).sum();
    lines.iter().map(|line| line.confidence * weight(line)).sum::<f64>() / total.max(1.0)
}

/// Which share of the characters stands in lines wider than they are tall.
fn upright_share(lines: &[UprightLine]) -> f64 {
    let total: f64 = lines.iter().map(weight).sum();
    let is_upright = |line: &&UprightLine| {
        let area = Area::around(&line.corners);
        area.width() >= area.height() || weight(line) <= 2.0
    };
    lines.iter().filter(is_upright).map(weight).sum::<f64>() / total.max(1.0)
}

fn quality(lines: &[UprightLine]) -> f64 {
    confidence(lines) * upright_share(lines)
}
