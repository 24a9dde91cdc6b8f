//! Pictures as the models take them.

use image::{RgbImage, imageops};
use rten_simd::{Isa, SimdOp};
use rten_tensor::NdTensor;

use crate::geometry::{Area, Corners, Point};
use crate::scale::scaled;

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
    let width = pixels((across * f64::from(height) / down).ceil()).clamp(1, most_wide);
    // What is many times as tall is made smaller before it is cut: fewer colours are taken out of it then.
    let times = (down / f64::from(height) / 2.0).floor();
    if times >= 2.0 {
        let (part, corners) = smaller(picture, corners, times);
        return upright(&part, &corners, height, width);
    }
    let mut cut = RgbImage::new(pixels(across), pixels(down));
    Cut { picture, to: &mut cut, first, right, below }.dispatch();
    Some(scaled(&cut, width, height))
}

/// The part of a picture that holds these corners, so many times as small, and where they are in it.
fn smaller(picture: &RgbImage, corners: &Corners, times: f64) -> (RgbImage, Corners) {
    let area = Area::around(corners);
    let (left, top) = (pixels(area.left), pixels(area.top));
    let right = pixels(area.right.ceil()).clamp(left + 1, picture.width().max(left + 1));
    let bottom = pixels(area.bottom.ceil()).clamp(top + 1, picture.height().max(top + 1));
    let part = imageops::crop_imm(picture, left, top, right - left, bottom - top).to_image();
    let side = |length: u32| pixels((f64::from(length) / times).round()).max(1);
    let part_size = (f64::from(part.width()), f64::from(part.height()));
    let small = scaled(&part, side(part.width()), side(part.height()));
    let scale = (f64::from(small.width()) / part_size.0, f64::from(small.height()) / part_size.1);
    let corners = corners
        .map(|corner| Point { x: (corner.x - f64::from(left)) * scale.0, y: (corner.y - f64::from(top)) * scale.1 });
    (small, corners)
}

/// Takes the colours of a picture that may be tilted, with the vectors that the processor has.
struct Cut<'a> {
    picture: &'a RgbImage,
    to: &'a mut RgbImage,
    /// Its upper left corner.
    first: Point,
    /// A step to the right, and one downward.
    right: (f64, f64),
    below: (f64, f64),
}

impl SimdOp for Cut<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
    #[inline(always)]
    fn eval<I: Isa>(self, _: I) {
        let Self { picture, to, first, right, below } = self;
        let (width, height) = picture.dimensions();
        let colours = picture.as_raw().as_chunks::<3>().0;
        for (y, row) in (0..to.height()).zip(to.rows_mut()) {
            for (x, pixel) in (0..u32::MAX).zip(row) {
                let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
                let (x, y) = (first.x + x * right.0 + y * below.0 - 0.5, first.y + x * right.1 + y * below.1 - 0.5);
                let (left, top) = (x.floor(), y.floor());
                let (to_right, to_bottom) = (x - left, y - top);
                let columns = [left, left + 1.0].map(|column| pixels(column).min(width - 1) as usize);
                let rows = [top, top + 1.0].map(|row| pixels(row).min(height - 1) as usize * width as usize);
                let around = [
                    colours[rows[0] + columns[0]],
                    colours[rows[0] + columns[1]],
                    colours[rows[1] + columns[0]],
                    colours[rows[1] + columns[1]],
                ];
                let shares = [
                    (1.0 - to_right) * (1.0 - to_bottom),
                    to_right * (1.0 - to_bottom),
                    (1.0 - to_right) * to_bottom,
                    to_right * to_bottom,
                ];
                for channel in 0..3 {
                    let mut sum = 0.0;
                    for (colour, share) in around.iter().zip(shares) {
                        sum += f64::from(colour[channel]) * share;
                    }
                    pixel.0[channel] = nearest(sum);
                }
            }
        }
    }
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// The brightness next to a value that is none below zero. `round` is a call for each.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::inline_always,
    reason = "a cast ends at the least and the largest; what is not inlined is compiled for the least of all processors"
)]
#[inline(always)]
pub(crate) fn nearest(value: f64) -> u8 {
    (value + 0.5) as u8
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

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn a_line_as_tall_as_the_picture_looks_like_it_once_it_is_cut_out() {
        // Broad strokes on a page, in a part of a picture.
        let picture = RgbImage::from_fn(1_600, 1_000, |x, y| {
            let is_ink = (200..1_400).contains(&x) && (300..700).contains(&y) && x / 100 % 3 == 0;
            Rgb([if is_ink { 20 } else { 230 }, 128, 128])
        });
        let area = Area { left: 100.0, top: 100.0, right: 1_500.0, bottom: 900.0 };
        let cut = upright(&picture, &area.corners(), 48, 3_200).unwrap();
        let part = imageops::crop_imm(&picture, 100, 100, 1_400, 800).to_image();
        let expected = scaled(&part, 84, 48);
        assert_eq!(cut.dimensions(), expected.dimensions());
        let differs = |(cut, expected): (&u8, &u8)| cut.abs_diff(*expected) > 24;
        let other = cut.iter().zip(expected.iter()).filter(|pair| differs(*pair)).count();
        assert!(other * 50 < cut.len(), "{other} of {} differ", cut.len());
    }
}
