//! What is seen in an image: lines of text, and faces.

mod faces;
pub(crate) mod geometry;
mod text;

use std::path::Path;

use image::DynamicImage;
use image::imageops::FilterType;

use faces::FaceFinder;
use geometry::{Area, Corners};
use text::TextReader;

/// Larger images are looked at in this size, as the service does with its own.
const LONG_EDGE: u32 = 2_000;

/// A line of text.
#[derive(Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// 0 to 1.
    pub(crate) confidence: f64,
    /// Where it is in the image.
    pub(crate) corners: Corners,
    /// Where it is on the page once the page lies upright: what stands beside and
    /// below what is told from this.
    pub(crate) upright: Area,
}

/// A face.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Face {
    /// 0 to 1.
    pub(crate) confidence: f64,
    /// Where it is in the image.
    pub(crate) corners: Corners,
}

/// What was seen in one image.
#[derive(Clone, PartialEq)]
pub(crate) struct Sight {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) lines: Vec<Line>,
    pub(crate) faces: Vec<Face>,
}

/// Why an image could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PerceptionError {
    #[error("the OCR models do not work: {0}")]
    Text(#[from] pure_onnx_ocr::OcrError),
    #[error("the face model cannot be read: {0}")]
    Faces(#[from] std::io::Error),
}

/// The readers, with their models.
pub(crate) struct Eyes {
    text: TextReader,
    faces: FaceFinder,
}

impl Eyes {
    pub(crate) fn load(weights: &Path) -> Result<Self, PerceptionError> {
        Ok(Self { text: TextReader::load(weights)?, faces: FaceFinder::load()? })
    }

    pub(crate) fn look(&self, image: &DynamicImage) -> Result<Sight, PerceptionError> {
        let (width, height) = (image.width(), image.height());
        let small;
        let seen = if width.max(height) > LONG_EDGE {
            small = image.resize(LONG_EDGE, LONG_EDGE, FilterType::Triangle);
            &small
        } else {
            image
        };
        let scale = f64::from(width) / f64::from(seen.width());
        let size = (f64::from(seen.width()), f64::from(seen.height()));
        let page = self.text.read(seen)?;
        let faces = self.faces.find(&page.turn.apply(seen));
        let back = |corners: Corners| {
            corners.map(|corner| {
                let point = page.turn.undo(corner, size);
                geometry::Point { x: point.x * scale, y: point.y * scale }
            })
        };
        let lines = page.lines.into_iter().map(|line| Line {
            upright: Area::around(&line.corners),
            corners: back(line.corners),
            text: line.text,
            confidence: line.confidence,
        });
        let faces = faces.into_iter().map(|face| Face {
            // The detector's score grows without bound; 4 is its threshold here.
            confidence: 1.0 - 1.0 / face.score.max(1.0),
            corners: back(face.area.corners()),
        });
        Ok(Sight { width, height, lines: lines.collect(), faces: faces.collect() })
    }
}
