//! Pictures in another size: the pixels that `image` makes by its triangle filter, a row at a time and with the vectors
//! that the processor has, which takes a small part of the time.

use image::{ImageBuffer, Pixel};
use rten_simd::{Isa, SimdOp};

use crate::crop::{self, nearest};

/// A picture in another size.
pub(crate) fn scaled<P: Pixel<Subpixel = u8>>(
    picture: &ImageBuffer<P, Vec<u8>>,
    width: u32,
    height: u32,
) -> ImageBuffer<P, Vec<u8>> {
    let mut scaled = ImageBuffer::new(width, height);
    if picture.is_empty() || scaled.is_empty() {
        return scaled;
    }
    let columns = Shares::of(picture.width(), width);
    let rows = Shares::of(picture.height(), height);
    let channels = usize::from(P::CHANNEL_COUNT);
    Scaling { from: picture, to: &mut scaled, columns, rows, channels }.dispatch();
    scaled
}

/// How a row or a column of pixels is scaled.
struct Shares {
    /// How long the row or column was.
    length: usize,
    /// For each new pixel the first one that it is made of, and where the shares of that one and the next ones end.
    pixels: Vec<(usize, usize)>,
    all: Vec<f32>,
}

impl Shares {
    #[expect(clippy::cast_precision_loss, reason = "no picture has as many pixels along a side")]
    fn of(length: u32, scaled: u32) -> Self {
        let ratio = length as f32 / scaled as f32;
        let reach = ratio.max(1.0);
        let (mut pixels, mut all) = (Vec::new(), Vec::new());
        for pixel in 0..scaled {
            let middle = (pixel as f32 + 0.5) * ratio;
            let first = crop::pixels(f64::from(middle - reach)).min(length - 1);
            let end = crop::pixels(f64::from((middle + reach).ceil())).clamp(first + 1, length);
            let own = all.len();
            all.extend((first..end).map(|near| (1.0 - ((near as f32 - (middle - 0.5)) / reach).abs()).max(0.0)));
            let sum: f32 = all[own..].iter().sum();
            all[own..].iter_mut().for_each(|share| *share /= sum);
            pixels.push((first as usize, all.len()));
        }
        Self { length: length as usize, pixels, all }
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let mut from = 0;
        self.pixels.iter().map(move |(first, end)| (*first, &self.all[std::mem::replace(&mut from, *end)..*end]))
    }
}

struct Scaling<'a> {
    from: &'a [u8],
    to: &'a mut [u8],
    columns: Shares,
    rows: Shares,
    channels: usize,
}

impl SimdOp for Scaling<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
    #[inline(always)]
    fn eval<I: Isa>(self, _: I) {
        let Self { from, to, columns, rows, channels } = self;
        let (width, scaled_width) = (columns.length * channels, columns.pixels.len() * channels);
        let mut row = vec![0.0; width];
        for ((first, shares), to) in rows.iter().zip(to.chunks_exact_mut(scaled_width)) {
            row.fill(0.0);
            for (from, share) in from[first * width..].chunks_exact(width).zip(shares) {
                for (sum, value) in row.iter_mut().zip(from) {
                    *sum += f32::from(*value) * share;
                }
            }
            match channels {
                3 => across::<3>(&columns, &row, to),
                _ => across::<1>(&columns, &row, to),
            }
        }
    }
}

/// Scales a row of pixels of so many channels.
#[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
#[inline(always)]
fn across<const CHANNELS: usize>(columns: &Shares, row: &[f32], to: &mut [u8]) {
    let row = row.as_chunks::<CHANNELS>().0;
    for ((first, shares), to) in columns.iter().zip(to.as_chunks_mut::<CHANNELS>().0) {
        let mut sums = [0.0; CHANNELS];
        for (pixel, share) in row[first..].iter().zip(shares) {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += value * share;
            }
        }
        *to = sums.map(|sum| nearest(f64::from(sum)));
    }
}

#[cfg(test)]
mod tests {
    use image::imageops::{self, FilterType};
    use image::{GrayImage, RgbImage};

    use super::*;

    #[test]
    fn a_scaled_picture_is_the_one_that_image_makes() {
        let noise = |width: u32, height: u32| {
            let values = (0..width * height * 3).map(|n| (n.wrapping_mul(0x9E37_79B1) >> 24) as u8);
            RgbImage::from_raw(width, height, values.collect()).unwrap()
        };
        for (from, to) in [
            ((64, 48), (32, 24)),
            ((37, 91), (50, 33)),
            ((5, 3), (160, 96)),
            ((301, 7), (29, 48)),
            ((1, 1), (9, 4)),
            ((40, 30), (40, 30)),
            ((500, 2), (1, 1)),
        ] {
            let picture = noise(from.0, from.1);
            let expected = imageops::resize(&picture, to.0, to.1, FilterType::Triangle);
            assert!(scaled(&picture, to.0, to.1) == expected, "{from:?} to {to:?}");
            let grey =
                GrayImage::from_raw(from.0, from.1, picture.as_raw()[..(from.0 * from.1) as usize].to_vec()).unwrap();
            let expected = imageops::resize(&grey, to.0, to.1, FilterType::Triangle);
            assert!(scaled(&grey, to.0, to.1) == expected, "{from:?} to {to:?} in grey");
        }
    }
}
