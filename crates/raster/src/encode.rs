//! A part of a picture as a JPEG that a model takes.

use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage, codecs::jpeg::JpegEncoder, imageops, metadata::Orientation};
use warden_core::image::{MAX_IMAGE_BYTES, Unreadable};

use crate::{
    alpha::Ground,
    orientation::{stored_area, turns},
    plan::Tile,
};

/// JPEG qualities, the best first; only noise needs another than the first.
const QUALITIES: [u8; 3] = [90, 70, 40];

/// A tile of the picture as it is seen, on a ground; of a picture without alpha, or
/// with one that means nothing, as it is.
///
/// # Errors
/// [`Unreadable::TooLarge`] when no quality makes it small enough.
pub(crate) fn tile_jpeg(
    image: &DynamicImage,
    orientation: Orientation,
    tile: Tile,
    ground: Option<Ground>,
) -> Result<Vec<u8>, Unreadable> {
    let area = stored_area(tile.area, image.width(), image.height(), orientation);
    let (width, height) = if turns(orientation) { (tile.height, tile.width) } else { (tile.width, tile.height) };
    let part = imageops::crop_imm(image, area.x, area.y, area.width, area.height);
    // Averages the pixels that become one: what is smaller than a pixel fades, it does not flicker away.
    let shown: RgbaImage = if (width, height) == (area.width, area.height) {
        part.to_image()
    } else {
        imageops::thumbnail(&*part, width, height)
    };
    let mut shown = match ground {
        Some(ground) => on_ground(&shown, ground),
        None => DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(shown).into_rgb8()),
    };
    shown.apply_orientation(orientation);
    jpeg(&shown.into_rgb8())
}

/// A picture with transparent parts as it is seen on a ground.
pub(crate) fn on_ground(image: &RgbaImage, ground: Ground) -> DynamicImage {
    let blend = |colour: u8, alpha: u8| {
        let (colour, alpha) = (u16::from(colour), u16::from(alpha));
        u8::try_from((colour * alpha + u16::from(ground) * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    DynamicImage::ImageRgb8(RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let Rgba([red, green, blue, alpha]) = *image.get_pixel(x, y);
        Rgb([red, green, blue].map(|colour| blend(colour, alpha)))
    }))
}

fn jpeg(image: &RgbImage) -> Result<Vec<u8>, Unreadable> {
    for quality in QUALITIES {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(image).map_err(|_| Unreadable::TooLarge)?;
        if jpeg.len() as u64 <= MAX_IMAGE_BYTES {
            return Ok(jpeg);
        }
    }
    Err(Unreadable::TooLarge)
}
