//! Barcodes in a picture, read at its full size: a view of it may show them too small.

use std::time::{Duration, Instant};

use image::{DynamicImage, GenericImageView, GrayImage};
use warden_barcodes::Gray;
use warden_core::image::Area;

use crate::{alpha::Ground, decode::Picture};

/// Most pixels that are searched for codes, and held a second time: a photograph of 12 megapixels as it
/// is, a page of A3 at 600 dots per inch at half its size.
const MAX_PIXELS: u64 = 12_500_000;

/// Time for the codes of a picture. One of 12 megapixels takes a fifth of it.
const DEADLINE: Duration = Duration::from_secs(3);

/// A barcode in a picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// What it says.
    pub text: String,
    /// Where it is in the picture as it is seen, in pixels.
    pub area: Area,
    /// Width and height of the picture.
    pub whole: (u32, u32),
}

/// The codes in a picture.
pub(crate) fn of(picture: &Picture) -> Vec<Code> {
    let (width, height) = picture.image.dimensions();
    let mut times = 1;
    while u64::from(width / times) * u64::from(height / times) > MAX_PIXELS {
        times += 1;
    }
    let grey = DynamicImage::ImageLuma8(grey(&picture.image, times, picture.grounds.first().copied()));
    let mut seen = grey;
    seen.apply_orientation(picture.orientation);
    let (width, height) = seen.dimensions();
    let Some(grey) = Gray::new(width, height, seen.into_luma8().into_raw()) else { return Vec::new() };
    let codes = warden_barcodes::read(&grey, Instant::now() + DEADLINE);
    let code = |warden_barcodes::Barcode { text, area, .. }| {
        let warden_barcodes::Area { x, y, width, height } = area;
        let area = Area { x: x * times, y: y * times, width: width * times, height: height * times };
        Code { text, area, whole: (grey.width() * times, grey.height() * times) }
    };
    codes.into_iter().map(code).collect()
}

/// The picture in shades of grey, so many times smaller, on a ground.
fn grey(image: &DynamicImage, times: u32, ground: Option<Ground>) -> GrayImage {
    match image {
        DynamicImage::ImageLuma8(grey) if times == 1 => return grey.clone(),
        _ => {}
    }
    let ground = u32::from(ground.unwrap_or(255));
    let (width, height) = ((image.width() / times).max(1), (image.height() / times).max(1));
    let shade = |x: u32, y: u32| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0.map(u32::from);
        let bright = (299 * red + 587 * green + 114 * blue) / 1_000;
        if ground == 255 && alpha == 255 { bright } else { (bright * alpha + ground * (255 - alpha)) / 255 }
    };
    GrayImage::from_fn(width, height, |x, y| {
        let (left, top) = (x * times, y * times);
        let (right, bottom) = ((left + times).min(image.width()), (top + times).min(image.height()));
        let sum: u32 = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))).map(|(x, y)| shade(x, y)).sum();
        let count = ((right - left) * (bottom - top)).max(1);
        image::Luma([u8::try_from(sum / count).unwrap_or(u8::MAX)])
    })
}
