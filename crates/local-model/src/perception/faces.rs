//! Finding upright faces.

use std::io::Cursor;

use image::DynamicImage;
use image::imageops::FilterType;
use rustface::{ImageData, Model, create_detector_with_model, read_model};

use super::geometry::Area;

/// The detector's model, which the `rustface` package carries.
const MODEL: &[u8] = include_bytes!(env!("RUSTFACE_MODEL"));
/// Larger images are searched at this size.
const LONG_EDGE: u32 = 1_000;
const SMALLEST_FACE: u32 = 32;
const LEAST_SCORE: f64 = 4.0;

/// A face, in pixels of the image that was searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Face {
    pub(crate) score: f64,
    pub(crate) area: Area,
}

/// The detector's model, read once.
pub(crate) struct FaceFinder(Model);

impl FaceFinder {
    pub(crate) fn load() -> std::io::Result<Self> {
        read_model(Cursor::new(MODEL)).map(Self)
    }

    pub(crate) fn find(&self, image: &DynamicImage) -> Vec<Face> {
        let long = image.width().max(image.height());
        let small;
        let searched = if long > LONG_EDGE {
            small = image.resize(LONG_EDGE, LONG_EDGE, FilterType::Triangle);
            &small
        } else {
            image
        };
        if searched.width().min(searched.height()) < SMALLEST_FACE {
            return Vec::new();
        }
        let scale = f64::from(image.width()) / f64::from(searched.width());
        let grey = searched.to_luma8();
        let mut detector = create_detector_with_model(self.0.clone());
        detector.set_min_face_size(SMALLEST_FACE);
        detector.set_score_thresh(LEAST_SCORE);
        detector.set_pyramid_scale_factor(0.8);
        detector.set_slide_window_step(4, 4);
        let found = detector.detect(&ImageData::new(grey.as_raw(), grey.width(), grey.height()));
        let face = |found: &rustface::FaceInfo| {
            let bounds = found.bbox();
            let (left, top) = (f64::from(bounds.x()), f64::from(bounds.y()));
            let area = Area {
                left: (left * scale).max(0.0),
                top: (top * scale).max(0.0),
                right: ((left + f64::from(bounds.width())) * scale).min(f64::from(image.width())),
                bottom: ((top + f64::from(bounds.height())) * scale).min(f64::from(image.height())),
            };
            Face { score: found.score(), area }
        };
        found.iter().map(face).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The group picture that the `rustface` package shows its detector with.
    fn group() -> DynamicImage {
        let path = Path::new(env!("RUSTFACE_MODEL")).with_file_name("../test.png");
        image::open(path).unwrap()
    }

    #[test]
    fn faces_are_found_where_they_are_at_any_size() {
        let finder = FaceFinder::load().unwrap();
        // One face of the group, with what surrounds it.
        let one = group().crop_imm(640, 230, 100, 110);
        let larger = one.resize_exact(500, 550, FilterType::Triangle);
        for (image, scale) in [(one, 1.0), (larger, 5.0)] {
            let faces = finder.find(&image);
            assert_eq!(faces.len(), 1, "{faces:?}");
            let middle = faces[0].area.middle();
            assert!((30.0 * scale..70.0 * scale).contains(&middle.x), "{middle:?}");
            assert!((35.0 * scale..80.0 * scale).contains(&middle.y), "{middle:?}");
        }
    }

    #[test]
    fn there_is_no_face_in_a_plain_or_tiny_image() {
        let finder = FaceFinder::load().unwrap();
        assert_eq!(finder.find(&DynamicImage::new_rgb8(300, 200)), []);
        assert_eq!(finder.find(&DynamicImage::new_rgb8(3_000, 4)), []);
        assert_eq!(finder.find(&DynamicImage::new_rgb8(1, 1)), []);
    }
}
