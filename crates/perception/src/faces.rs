//! Finding upright faces.

use std::io::Cursor;

use image::GrayImage;
use rustface::{ImageData, Model, create_detector_with_model, read_model};

use crate::crop;
use crate::geometry::Area;
use crate::scale::scaled;

/// The detector's model, which the `rustface` package carries.
const MODEL: &[u8] = include_bytes!(env!("RUSTFACE_MODEL"));
/// Larger pictures are searched at this size.
const LONG_EDGE: u32 = 1_000;
const SMALLEST_FACE: u32 = 32;
const LEAST_SCORE: f64 = 4.0;

/// A face, in pixels of the picture that was searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FoundFace {
    pub(crate) score: f64,
    pub(crate) area: Area,
}

/// The detector's model, read once.
pub(crate) struct FaceFinder(Model);

impl FaceFinder {
    pub(crate) fn load() -> std::io::Result<Self> {
        read_model(Cursor::new(MODEL)).map(Self)
    }

    pub(crate) fn find(&self, picture: &GrayImage) -> Vec<FoundFace> {
        let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
        let scale = (width.max(height) / f64::from(LONG_EDGE)).max(1.0);
        let small;
        let searched = if scale > 1.0 {
            let side = |length: f64| crop::pixels((length / scale).round()).max(1);
            small = scaled(picture, side(width), side(height));
            &small
        } else {
            picture
        };
        if searched.width().min(searched.height()) < SMALLEST_FACE {
            return Vec::new();
        }
        let mut detector = create_detector_with_model(self.0.clone());
        detector.set_min_face_size(SMALLEST_FACE);
        detector.set_score_thresh(LEAST_SCORE);
        detector.set_pyramid_scale_factor(0.8);
        detector.set_slide_window_step(4, 4);
        let found = detector.detect(&ImageData::new(searched.as_raw(), searched.width(), searched.height()));
        let face = |found: &rustface::FaceInfo| {
            let bounds = found.bbox();
            let (left, top) = (f64::from(bounds.x()), f64::from(bounds.y()));
            let area = Area {
                left: (left * scale).max(0.0),
                top: (top * scale).max(0.0),
                right: ((left + f64::from(bounds.width())) * scale).min(width),
                bottom: ((top + f64::from(bounds.height())) * scale).min(height),
            };
            FoundFace { score: found.score(), area }
        };
        found.iter().map(face).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use image::imageops::{self, FilterType};

    use super::*;

    /// The group picture that the `rustface` package shows its detector with.
    fn group() -> GrayImage {
        let path = Path::new(env!("RUSTFACE_MODEL")).with_file_name("../test.png");
        image::open(path).unwrap().into_luma8()
    }

    #[test]
    fn faces_are_found_where_they_are_at_any_size() {
        let finder = FaceFinder::load().unwrap();
        // One face of the group, with what surrounds it.
        let one = imageops::crop_imm(&group(), 640, 230, 100, 110).to_image();
        let larger = imageops::resize(&one, 500, 550, FilterType::Triangle);
        let huge = imageops::resize(&one, 2_000, 2_200, FilterType::Triangle);
        for (picture, scale) in [(one, 1.0), (larger, 5.0), (huge, 20.0)] {
            let faces = finder.find(&picture);
            assert_eq!(faces.len(), 1, "{faces:?}");
            let middle = faces[0].area.middle();
            assert!((30.0 * scale..70.0 * scale).contains(&middle.x), "{middle:?}");
            assert!((35.0 * scale..80.0 * scale).contains(&middle.y), "{middle:?}");
        }
    }

    #[test]
    fn there_is_no_face_in_a_plain_or_tiny_picture() {
        let finder = FaceFinder::load().unwrap();
        for (width, height) in [(300, 200), (3_000, 4), (1, 1)] {
            assert_eq!(finder.find(&GrayImage::new(width, height)), []);
        }
    }
}
