//! Pictures as the models take them.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rten_tensor::NdTensor;

use crate::geometry::{Corners, Point};

/// A picture in planes of blue, green and red, each value less the mean and divided by
/// the deviation of its plane. It is padded with zeros on its right up to `width`.
pub(crate) fn tensor(picture: &RgbImage, width: u32, mean: [f32; 3], deviation: [f32; 3]) -> NdTensor<f32, 4> {
    let size = [picture.height() as usize, width.max(picture.width()) as usize];
    let mut values = vec![0.0; 3 * size[0] * size[1]];
    for (plane, values) in values.chunks_exact_mut(size[0] * size[1]).enumerate() {
        for (pixels, values) in picture.rows().zip(values.chunks_exact_mut(size[1])) {
            for (pixel, value) in pixels.zip(values) {
                *value = (f32::from(pixel[2 - plane]) / 255.0 - mean[plane]) / deviation[plane];
            }
        }
    }
    NdTensor::from_data([1, 3, size[0], size[1]], values)
}

/// Cuts a rectangle that may be tilted out of a picture, upright, `height` pixels tall
/// and at most `most_wide` wide. `None` if nothing is left of it.
pub(crate) fn upright(picture: &RgbImage, corners: &Corners, height: u32, most_wide: u32) -> Option<RgbImage> {
    let [first, second, _, fourth] = *corners;
    let (across, down) = (distance(first, second).floor(), distance(first, fourth).floor());
    if across < 1.0 || down < 1.0 {
        return None;
    }
    let step = |from: Point, to: Point, length: f64| ((to.x - from.x) / length, (to.y - from.y) / length);
    let (right, below) = (step(first, second, across), step(first, fourth, down));
    let cut = RgbImage::from_fn(pixels(across), pixels(down), |x, y| {
        let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
        sample(picture, first.x + x * right.0 + y * below.0 - 0.5, first.y + x * right.1 + y * below.1 - 0.5)
    });
    let width = pixels((across * f64::from(height) / down).ceil()).clamp(1, most_wide);
    Some(imageops::resize(&cut, width, height, FilterType::Triangle))
}

/// The colour at a place between pixels.
fn sample(picture: &RgbImage, x: f64, y: f64) -> Rgb<u8> {
    let (left, top) = (x.floor(), y.floor());
    let (to_right, to_bottom) = (x - left, y - top);
    let at =
        |x: f64, y: f64| picture.get_pixel(pixels(x).min(picture.width() - 1), pixels(y).min(picture.height() - 1)).0;
    let around = [at(left, top), at(left + 1.0, top), at(left, top + 1.0), at(left + 1.0, top + 1.0)];
    let shares = [
        (1.0 - to_right) * (1.0 - to_bottom),
        to_right * (1.0 - to_bottom),
        (1.0 - to_right) * to_bottom,
        to_right * to_bottom,
    ];
    Rgb([0, 1, 2].map(|channel| {
        let sum: f64 = around.iter().zip(shares).map(|(colour, share)| f64::from(colour[channel]) * share).sum();
        pixels(sum.round()).min(255) as u8
    }))
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// A whole number of pixels; what is negative counts as none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pictures have fewer pixels than u32 counts"
)]
pub(crate) fn pixels(length: f64) -> u32 {
    length.max(0.0) as u32
}
