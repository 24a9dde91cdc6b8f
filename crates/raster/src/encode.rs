//! A part of a picture as a JPEG that a model takes.

use image::{
    DynamicImage, GenericImageView, ImageBuffer, Pixel, Rgb, RgbImage, Rgba, RgbaImage, codecs::jpeg::JpegEncoder,
    imageops, metadata::Orientation,
};
use warden_core::image::{Area, MAX_IMAGE_BYTES, Unreadable};

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
    jpeg(&tile_pixels(image, orientation, tile, ground))
}

/// The same as it is.
pub(crate) fn tile_pixels(
    image: &DynamicImage,
    orientation: Orientation,
    tile: Tile,
    ground: Option<Ground>,
) -> RgbImage {
    let area = stored_area(tile.area, image.width(), image.height(), orientation);
    let (width, height) = if turns(orientation) { (tile.height, tile.width) } else { (tile.width, tile.height) };
    let mut shown = match (ground, image) {
        (Some(ground), _) => on_ground(&part(image, area, (width, height)), ground),
        // As all others are, but without asking for each pixel what kind of picture it is of.
        (None, DynamicImage::ImageRgb8(image)) => part(image, area, (width, height)).into(),
        (None, _) => DynamicImage::ImageRgba8(part(image, area, (width, height))).into_rgb8().into(),
    };
    shown.apply_orientation(orientation);
    shown.into_rgb8()
}

/// A part of a picture in a size.
fn part<I>(image: &I, area: Area, (width, height): (u32, u32)) -> ImageBuffer<I::Pixel, Vec<u8>>
where
    I: GenericImageView<Pixel: Pixel<Subpixel = u8> + 'static> + 'static,
{
    let part = imageops::crop_imm(image, area.x, area.y, area.width, area.height);
    // Averages the pixels that become one: what is smaller than a pixel fades, it does not flicker away.
    if (width, height) == (area.width, area.height) {
        part.to_image()
    } else {
        imageops::thumbnail(&*part, width, height)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_without_alpha_is_shown_like_one_whose_alpha_says_nothing() {
        let colours =
            RgbImage::from_fn(
                60,
                40,
                |x, y| Rgb([x * 4, y * 6, x * y % 256].map(|value| u8::try_from(value).unwrap())),
            );
        let [colours, with_alpha] = [colours.clone().into(), DynamicImage::from(colours).into_rgba8().into()];
        for (x, y, width, height) in [(0, 0, 60, 40), (7, 3, 31, 20)] {
            for size in [(width, height), (width / 2, height / 3)] {
                let tile = Tile { area: Area { x, y, width, height }, width: size.0, height: size.1 };
                for orientation in [Orientation::NoTransforms, Orientation::FlipHorizontal] {
                    let [one, other] =
                        [&colours, &with_alpha].map(|image| tile_jpeg(image, orientation, tile, None).unwrap());
                    assert!(one == other, "{x}, {y}, {size:?}, {orientation:?}");
                }
            }
        }
    }
}
