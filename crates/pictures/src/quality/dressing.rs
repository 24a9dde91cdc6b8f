//! How a picture was taken.

use image::{Rgb, RgbImage, imageops};
use imageproc::geometric_transformations::{Interpolation, Projection, warp_into};
use warden_core::image::Area;

use crate::{Truth, dice::Dice};

use super::Sheet;

/// How a picture was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dressing {
    AsItIs,
    TurnedRight,
    Tilted,
    Blurred,
    LowContrast,
    Photographed,
    Tiny,
    UpsideDown,
    Noisy,
    TurnedLeft,
    Small,
}

impl Dressing {
    /// Half of them are more usual than the others.
    pub(super) const ALL: [Self; 13] = [
        Self::AsItIs,
        Self::TurnedRight,
        Self::Tilted,
        Self::Blurred,
        Self::AsItIs,
        Self::LowContrast,
        Self::Photographed,
        Self::Tiny,
        Self::UpsideDown,
        Self::Noisy,
        Self::Photographed,
        Self::TurnedLeft,
        Self::Small,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::AsItIs => "as it is",
            Self::TurnedRight => "turned right",
            Self::Tilted => "tilted",
            Self::Blurred => "blurred",
            Self::LowContrast => "low contrast",
            Self::Photographed => "photographed",
            Self::Tiny => "tiny in a large picture",
            Self::UpsideDown => "upside down",
            Self::Noisy => "noisy",
            Self::TurnedLeft => "turned left",
            Self::Small => "small",
        }
    }

    /// The picture as it was taken, and where what it holds is then.
    pub(super) fn put_on(self, sheet: Sheet, dice: &mut Dice) -> (RgbImage, Vec<Truth>) {
        let (picture, truths) = sheet.finished();
        let (width, height) = (real(picture.width()), real(picture.height()));
        match self {
            Self::AsItIs => (picture, truths),
            Self::TurnedRight => (imageops::rotate90(&picture), moved(truths, |(x, y)| (height - y, x))),
            Self::TurnedLeft => (imageops::rotate270(&picture), moved(truths, |(x, y)| (y, width - x))),
            Self::UpsideDown => (imageops::rotate180(&picture), moved(truths, |(x, y)| (width - x, height - y))),
            Self::Blurred => (imageops::blur(&picture, 1.1), truths),
            Self::LowContrast => (faded(picture), truths),
            Self::Noisy => (noisy(picture, dice, 48), truths),
            Self::Small => scaled(&picture, truths, 0.62),
            Self::Tiny => {
                let (small, truths) = scaled(&picture, truths, 0.6);
                let mut large = RgbImage::from_pixel(1_900, 1_400, Rgb([104, 118, 98]));
                let room = |large: u32, small: u32| large.saturating_sub(small).max(1);
                let (x, y) = (dice.pixels(room(1_900, small.width())), dice.pixels(room(1_400, small.height())));
                imageops::overlay(&mut large, &small, i64::from(x), i64::from(y));
                #[expect(clippy::cast_precision_loss, reason = "places in a picture are small")]
                let truths = moved(truths, |(left, top)| (left + x as f32, top + y as f32));
                (large, truths)
            }
            Self::Tilted => {
                let by = [-7.0_f32, -4.0, 3.0, 6.0][usize::try_from(dice.roll(4)).unwrap_or_default()].to_radians();
                let turned = Projection::translate(-width / 2.0, -height / 2.0).and_then(Projection::rotate(by));
                through(&picture, truths, 1.12, |middle| turned.and_then(middle))
            }
            Self::Photographed => {
                let mut off = |most: f32| real(u32::try_from(dice.roll(100)).unwrap_or_default()) / 100.0 * most;
                let corners = [
                    (off(0.06) * width, off(0.06) * height),
                    (width - off(0.05) * width, off(0.05) * height),
                    (width - off(0.04) * width, height - off(0.04) * height),
                    (off(0.05) * width, height - off(0.06) * height),
                ];
                let flat = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
                let seen = Projection::from_control_points(flat, corners);
                let to_middle = Projection::translate(-width / 2.0, -height / 2.0);
                let (picture, truths) = through(&picture, truths, 1.1, |middle| match seen {
                    Some(seen) => seen.and_then(to_middle).and_then(middle),
                    None => to_middle.and_then(middle),
                });
                (noisy(shaded(picture), dice, 20), truths)
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "sides of pictures are small")]
const fn real(pixels: u32) -> f32 {
    pixels as f32
}

/// Through a projection onto a table that is so much larger.
fn through(
    picture: &RgbImage,
    truths: Vec<Truth>,
    larger: f32,
    projection: impl Fn(Projection) -> Projection,
) -> (RgbImage, Vec<Truth>) {
    let (width, height) = (real(picture.width()) * larger, real(picture.height()) * larger);
    let projection = projection(Projection::translate(width / 2.0, height / 2.0));
    let table = Rgb([122, 104, 86]);
    let mut seen = RgbImage::from_pixel(whole(width), whole(height), table);
    warp_into(picture, &projection, Interpolation::Bilinear, table, &mut seen);
    (seen, moved(truths, |at| projection * at))
}

fn scaled(picture: &RgbImage, truths: Vec<Truth>, by: f32) -> (RgbImage, Vec<Truth>) {
    let (width, height) = (whole(real(picture.width()) * by), whole(real(picture.height()) * by));
    let small = imageops::resize(picture, width, height, imageops::FilterType::Triangle);
    (small, moved(truths, |(x, y)| (x * by, y * by)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places in a picture are small")]
fn whole(at: f32) -> u32 {
    at.round().max(0.0) as u32
}

/// The upright rectangles around where the corners of each come to lie.
fn moved(mut truths: Vec<Truth>, place: impl Fn((f32, f32)) -> (f32, f32)) -> Vec<Truth> {
    for truth in &mut truths {
        let Some(area) = &mut truth.area else { continue };
        let (left, top) = (real(area.x), real(area.y));
        let (right, bottom) = (left + real(area.width), top + real(area.height));
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)].map(&place);
        let least = |axis: fn((f32, f32)) -> f32| corners.map(axis).into_iter().fold(f32::MAX, f32::min).max(0.0);
        let most = |axis: fn((f32, f32)) -> f32| corners.map(axis).into_iter().fold(0.0, f32::max);
        let (x, y) = (least(|at| at.0), least(|at| at.1));
        let (width, height) = (most(|at| at.0) - x, most(|at| at.1) - y);
        *area = Area { x: whole(x), y: whole(y), width: whole(width), height: whole(height) };
    }
    truths
}

fn faded(mut picture: RgbImage) -> RgbImage {
    for pixel in picture.pixels_mut() {
        pixel.0 = pixel.0.map(|channel| 140 + channel / 4);
    }
    picture
}

/// Darker toward a side, as where a lamp stands at the other.
fn shaded(mut picture: RgbImage) -> RgbImage {
    let width = picture.width().max(1);
    for (x, _, pixel) in picture.enumerate_pixels_mut() {
        let light = 100 - 38 * x / width;
        pixel.0 = pixel.0.map(|channel| u8::try_from(u32::from(channel) * light / 100).unwrap_or(u8::MAX));
    }
    picture
}

fn noisy(mut picture: RgbImage, dice: &mut Dice, most: u64) -> RgbImage {
    for pixel in picture.pixels_mut() {
        let noise = u8::try_from(dice.roll(most)).unwrap_or_default();
        pixel.0 = pixel.0.map(|channel| channel.saturating_sub(noise / 2).saturating_add(noise / 4));
    }
    picture
}
