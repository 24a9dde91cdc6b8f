//! What is seen in a picture: lines of text with their places, and faces.
//!
//! Text is read by PP-OCR's detector and recogniser, run by `rten`; faces are found
//! by `rustface`, whose model is part of the program. The one thing that is read from
//! outside is the folder of the text models (see [`weights`]). Memory is bounded by
//! the size that pictures are looked at in, not by their own.
//!
//! ```no_run
//! use std::num::NonZeroUsize;
//! use std::path::Path;
//! use warden_perception::Perception;
//!
//! # fn run(picture: &image::DynamicImage) -> Result<(), warden_perception::PerceptionError> {
//! let perception = Perception::load(Path::new("models"), NonZeroUsize::MIN)?;
//! for line in perception.look(picture)?.lines {
//!     assert!(line.confidence >= 0.6);
//! }
//! # Ok(())
//! # }
//! ```

mod classes;
mod crop;
mod detector;
mod faces;
pub mod geometry;
mod ink;
mod network;
mod operators;
mod recogniser;
mod rectangle;
mod scale;
mod text;
pub mod weights;

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, GenericImageView};

use faces::FaceFinder;
use geometry::{Area, Corners, Point};
use text::TextReader;

/// Larger pictures are looked at in this size, in pixels along the longer edge.
const LONG_EDGE: u32 = 2_000;

/// A line of text. It has no `Debug`: text is content.
#[derive(Clone, PartialEq)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// How sure the reading is, from 0 to 1.
    pub confidence: f64,
    /// Where its characters are in the picture; the first corner is where the text begins.
    pub corners: Corners,
    /// Where it is on the page once the page lies upright, with the room around its
    /// characters: what stands beside and below what is told from this.
    pub upright: Area,
}

/// A face.
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    /// How sure the finding is, from 0 to 1.
    pub confidence: f64,
    /// Where it is in the picture.
    pub corners: Corners,
}

/// What was seen in one picture.
#[derive(Clone, PartialEq)]
pub struct Sight {
    /// The picture's width in pixels.
    pub width: u32,
    /// The picture's height in pixels.
    pub height: u32,
    /// Its text, from the top to the bottom.
    pub lines: Vec<Line>,
    /// Its faces.
    pub faces: Vec<Face>,
    /// Whether all of it was looked at in time.
    pub whole: bool,
}

/// Why a picture could not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PerceptionError {
    /// A text model is not there, is broken, or is another one.
    #[error("{file} is not a usable text model: {reason}")]
    Model {
        /// The model's file name.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A text model failed at a picture.
    #[error("a text model failed: {0}")]
    Run(#[from] rten::RunError),
    /// The face model cannot be read.
    #[error("the face model cannot be read: {0}")]
    Faces(#[from] std::io::Error),
}

/// The models, ready to look. It can be shared by threads.
pub struct Perception {
    text: TextReader,
    faces: FaceFinder,
}

impl Perception {
    /// Loads the text models from the folder `weights`, and keeps `threads` threads to
    /// run them on.
    ///
    /// # Errors
    ///
    /// When a model is not there or is not the expected one.
    pub fn load(weights: &Path, threads: NonZeroUsize) -> Result<Self, PerceptionError> {
        Ok(Self { text: TextReader::load(weights, threads)?, faces: FaceFinder::load()? })
    }

    /// Looks at a picture, however its page is turned. It takes about half a second of
    /// one core and 30 ms a line.
    ///
    /// # Errors
    ///
    /// When a model fails.
    pub fn look(&self, picture: &DynamicImage) -> Result<Sight, PerceptionError> {
        self.look_while(picture, &|| true)
    }

    /// The same for as long as there is time, which is asked for before each line is read. What was read by
    /// then is told.
    ///
    /// # Errors
    ///
    /// When a model fails.
    pub fn look_while(&self, picture: &DynamicImage, has_time: &dyn Fn() -> bool) -> Result<Sight, PerceptionError> {
        let (width, height) = (picture.width(), picture.height());
        if width == 0 || height == 0 {
            return Ok(Sight { width, height, lines: Vec::new(), faces: Vec::new(), whole: true });
        }
        let small;
        let seen = if width.max(height) > LONG_EDGE {
            small = smaller(picture);
            &small
        } else {
            picture
        };
        let size = (f64::from(seen.width()), f64::from(seen.height()));
        let scale = (f64::from(width) / size.0, f64::from(height) / size.1);
        let unscaled = |corners: Corners| corners.map(|corner| Point { x: corner.x * scale.0, y: corner.y * scale.1 });

        let colours = match seen {
            DynamicImage::ImageRgb8(colours) => Cow::Borrowed(colours),
            other => Cow::Owned(other.to_rgb8()),
        };
        let page = self.text.read(&colours, has_time)?;
        let lines = page.lines.into_iter().map(|line| Line {
            upright: Area::around(&line.place.map(|corner| page.turn.point(corner, size))),
            corners: unscaled(line.corners),
            text: line.text,
            confidence: line.confidence,
        });
        let whole = page.whole && has_time();
        let searched = if whole { self.faces.find(&page.turn.picture(&seen.to_luma8())) } else { Vec::new() };
        let faces = searched.into_iter().map(|face| Face {
            // The detector's score grows without bound from its threshold, 4, on.
            confidence: 1.0 - 1.0 / face.score.max(1.0),
            corners: unscaled(face.area.corners().map(|corner| page.turn.undo(corner, size))),
        });
        Ok(Sight { width, height, lines: lines.collect(), faces: faces.collect(), whole })
    }
}

/// A picture in the size that larger ones are looked at in.
fn smaller(picture: &DynamicImage) -> DynamicImage {
    let DynamicImage::ImageRgb8(colours) = picture else {
        return picture.resize(LONG_EDGE, LONG_EDGE, FilterType::Triangle);
    };
    let (width, height) = picture.dimensions();
    let share = f64::from(LONG_EDGE) / f64::from(width.max(height));
    let side = |length: u32| crop::pixels((f64::from(length) * share).round()).max(1);
    scale::scaled(colours, side(width), side(height)).into()
}
