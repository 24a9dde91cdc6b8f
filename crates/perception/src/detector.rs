//! Where text is: PP-OCR's detector, which rates every pixel.

use std::path::Path;

use image::RgbImage;
use rten::{OpRegistry, RunOptions, op_types as op};
use rten_imageproc::{Point as Pixel, RetrievalMode, find_contours};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

use crate::geometry::{Corners, Point};
use crate::network::Network;
use crate::rectangle::Rectangle;
use crate::scale::scaled;
use crate::{PerceptionError, crop, weights};

/// Pictures are searched at this size, which the model was trained for.
const LONG_EDGE: u32 = 960;
/// Smaller ones are enlarged for it so many times at most: in their own size whole lines are overlooked.
const MOST_ENLARGED: f64 = 1.5;
/// Sides are multiples of this.
const STEP: u32 = 32;
/// What the model's training set had as mean and deviation of its channels.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// A pixel rated higher belongs to text.
const TEXT_PIXEL: f32 = 0.3;
/// A line whose pixels are rated less on average is none.
const LEAST_RATING: f32 = 0.6;
/// The model marks the middle of a line: how much its rectangle grows, as a share of
/// area by circumference.
const GROWTH: f64 = 1.5;
/// Smaller rectangles, in pixels of the searched picture, are noise.
const LEAST_SIDE: f64 = 3.0;
/// No page has more lines that are worth their time.
const MOST_LINES: usize = 1_000;

/// The model that finds lines.
pub(crate) struct Detector(Network);

impl Detector {
    pub(crate) fn load(folder: &Path) -> Result<Self, PerceptionError> {
        let operators = OpRegistry::with_ops(&[
            &op::Add,
            &op::Concat,
            &op::Conv,
            &op::ConvTranspose,
            &op::Div,
            &op::Erf,
            &op::GlobalAveragePool,
            &op::HardSigmoid,
            &op::Mul,
            &op::ReduceMean,
            &op::Relu,
            &op::Sigmoid,
        ]);
        weights::load(folder, weights::DETECTOR, operators, &[]).map(|(network, _)| Self(network))
    }

    /// The corners of each line, in the order of [`Corners`] as the picture lies.
    pub(crate) fn find(&self, picture: &RgbImage, options: &RunOptions) -> Result<Vec<Corners>, PerceptionError> {
        let (width, height) = searched_size(picture.width(), picture.height());
        let searched = scaled(picture, width, height);
        let input = crop::tensor(&searched, width, MEAN, DEVIATION);
        let rating: NdTensor<f32, 4> = self.0.run(input, options)?;
        let [1, 1, _, _] = rating.shape() else {
            return Err(weights::unexpected(weights::DETECTOR));
        };
        let scale = (f64::from(picture.width()) / f64::from(width), f64::from(picture.height()) / f64::from(height));
        let lines = rectangles(rating.slice((0, 0))).into_iter().map(|corners| {
            corners.map(|corner| Point {
                x: (corner.x * scale.0).clamp(0.0, f64::from(picture.width())),
                y: (corner.y * scale.1).clamp(0.0, f64::from(picture.height())),
            })
        });
        Ok(lines.collect())
    }
}

fn searched_size(width: u32, height: u32) -> (u32, u32) {
    let scale = (f64::from(LONG_EDGE) / f64::from(width.max(height))).min(MOST_ENLARGED);
    let side = |pixels: u32| crop::pixels((f64::from(pixels) * scale / f64::from(STEP)).round()).max(1) * STEP;
    (side(width), side(height))
}

/// The smallest rectangles around connected pixels of text, grown to the whole line.
fn rectangles(rating: NdTensorView<f32, 2>) -> Vec<Corners> {
    let mask = rating.map(|rating| *rating > TEXT_PIXEL);
    let contours = find_contours(mask.view(), RetrievalMode::External);
    let mut found = Vec::new();
    for contour in contours.iter().take(MOST_LINES) {
        let Some(rectangle) = Rectangle::around(contour.iter().map(|pixel| (pixel.x, pixel.y))) else { continue };
        let Rectangle { width, height, .. } = rectangle;
        if width.min(height) < LEAST_SIDE || mean_inside(rating, contour) < LEAST_RATING {
            continue;
        }
        found.push(ordered(rectangle.grown(growth(width, height))));
    }
    found.sort_by(|a, b| a[0].y.total_cmp(&b[0].y).then(a[0].x.total_cmp(&b[0].x)));
    found
}

/// How much wider and higher a rectangle of this size grows.
fn growth(width: f64, height: f64) -> f64 {
    GROWTH * width * height / (width + height)
}

/// What [`growth`] added on each side of a rectangle that has this size since.
pub(crate) fn added(width: f64, height: f64) -> f64 {
    // The root of growth = GROWTH * (width - growth) * (height - growth) / (width + height - 2 * growth).
    let half = (GROWTH + 1.0) * (width + height) / 2.0;
    let root = (half * half - (GROWTH + 2.0) * GROWTH * width * height).max(0.0).sqrt();
    (half - root) / (GROWTH + 2.0) / 2.0
}

/// The mean rating of the pixels inside an outline.
fn mean_inside(rating: NdTensorView<f32, 2>, outline: &[Pixel]) -> f32 {
    let (sum, count) = rten_imageproc::Polygon::new(outline)
        .fill_iter()
        .filter_map(|pixel| rating.get(pixel.coord()))
        .fold((0.0, 0.0), |(sum, count), rating| (sum + rating, count + 1.0_f32));
    sum / count.max(1.0)
}

/// The corners of a rectangle from its upper left on, clockwise: of the two on the
/// left the upper one is the first.
fn ordered(mut corners: Corners) -> Corners {
    corners.sort_by(|a, b| a.x.total_cmp(&b.x));
    let [mut upper_left, mut lower_left, mut upper_right, mut lower_right] = corners;
    if upper_left.y > lower_left.y {
        std::mem::swap(&mut upper_left, &mut lower_left);
    }
    if upper_right.y > lower_right.y {
        std::mem::swap(&mut upper_right, &mut lower_right);
    }
    [upper_left, upper_right, lower_right, lower_left]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_known_by_the_grown_size() {
        for (width, height) in [(10.0, 10.0), (300.0, 8.0), (6.0, 90.0)] {
            let growth = growth(width, height);
            let added = added(width + growth, height + growth);
            assert!((added - growth / 2.0).abs() < 1e-9, "{width} × {height}: {added}");
        }
    }
}
