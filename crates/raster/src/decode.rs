//! Decoding within bounds: a header is looked at before any pixel is.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, metadata::Orientation};
use warden_core::image::{ImageFormat, Unreadable};

use crate::{
    alpha::{self, Alpha, Ground},
    bmp, gif, jpeg, orientation, png_rows, webp,
};

/// Most pixels of a picture.
const MAX_PIXELS: u64 = 100_000_000;

/// Most memory for a picture: its file, its pixels and what its decoder keeps
/// beside them. With the views and the function itself it stays below the 512 MB
/// that the function has, and with the models that read text below its 576; a progressive JPEG of 40 megapixels passes.
pub(crate) const MAX_MEMORY: u64 = 400 * 1024 * 1024;

/// A picture's pixels, and how they are to be shown.
pub(crate) struct Picture {
    /// Its pixels, as they are stored.
    pub(crate) image: DynamicImage,
    /// How they are turned to be seen.
    pub(crate) orientation: Orientation,
    /// The grounds it is shown on; none for one without transparent parts.
    pub(crate) grounds: Vec<Ground>,
    /// Whether it has an alpha channel that says nothing.
    pub(crate) opaque_alpha: bool,
    /// Whether all its pixels were there.
    pub(crate) whole: bool,
    /// Whether most of them were not.
    pub(crate) mostly_missing: bool,
}

impl Picture {
    /// A picture of these pixels.
    pub(crate) fn new(image: DynamicImage, orientation: Orientation) -> Self {
        if !image.color().has_alpha() {
            let (whole, mostly_missing) = (true, false);
            return Self { image, orientation, grounds: Vec::new(), opaque_alpha: false, whole, mostly_missing };
        }
        let image = image.into_rgba8();
        let (grounds, opaque_alpha) = match alpha::judge(&image) {
            Alpha::Grounds(grounds) => (grounds, false),
            Alpha::Opaque => (Vec::new(), true),
            Alpha::Empty => (Vec::new(), false),
        };
        Self { image: image.into(), orientation, grounds, opaque_alpha, whole: true, mostly_missing: false }
    }

    /// Its width and height, as it is seen.
    pub(crate) fn seen_size(&self) -> (u32, u32) {
        orientation::seen_size(self.image.width(), self.image.height(), self.orientation)
    }
}

/// The pixels of a picture. `held` bytes are in memory already, its own among them.
///
/// # Errors
/// [`Unreadable::TooLarge`] before the pixels are decoded, [`Unreadable::Damaged`]
/// and [`Unreadable::UnsupportedFormat`].
pub(crate) fn decode(bytes: &[u8], format: ImageFormat, held: u64) -> Result<Picture, Unreadable> {
    let decoder = match format {
        ImageFormat::Jpeg => return jpeg::decode(bytes, held),
        ImageFormat::Bmp => return picture_by_library(&bmp::mended(bytes)?, image::ImageFormat::Bmp, held),
        ImageFormat::Png => {
            return match picture_by_library(bytes, image::ImageFormat::Png, held) {
                Err(Unreadable::Damaged) => png_rows::as_far_as_it_comes(bytes, held),
                read => read,
            };
        }
        ImageFormat::WebP => return webp::decode(bytes, held),
        ImageFormat::Gif => return picture_by_library(&gif::mended(bytes), image::ImageFormat::Gif, held),
        ImageFormat::Pnm => image::ImageFormat::Pnm,
        // They hold several, which are taken out of them first.
        ImageFormat::Ico | ImageFormat::Tiff | ImageFormat::Heic | ImageFormat::Pdf => {
            return Err(Unreadable::UnsupportedFormat);
        }
    };
    picture_by_library(bytes, decoder, held)
}

fn picture_by_library(bytes: &[u8], format: image::ImageFormat, held: u64) -> Result<Picture, Unreadable> {
    by_library(bytes, format, held).map(|(image, orientation)| Picture::new(image, orientation))
}

/// A picture's pixels, as they are stored, and how they are turned to be seen.
///
/// # Errors
/// Those of [`decode`].
pub(crate) fn by_library(
    bytes: &[u8],
    format: image::ImageFormat,
    held: u64,
) -> Result<(DynamicImage, Orientation), Unreadable> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY.saturating_sub(held));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| unreadable(&error))?;
    let (width, height) = decoder.dimensions();
    let pixels = bounded(width, height)?;
    let colour = decoder.color_type();
    // Transparent pictures are judged in four bytes a pixel.
    let judged = if colour.has_alpha() && colour != ColorType::Rgba8 { pixels * 4 } else { 0 };
    within_memory(held + decoder.total_bytes() + judged)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| unreadable(&error))?;
    Ok((image, orientation))
}

/// What a decoder of somebody else's yields. One that panics has met something that it does not read.
///
/// # Errors
/// Its own; [`Unreadable::Damaged`] when it panics.
pub(crate) fn guarded<T>(decode: impl FnOnce() -> Result<T, Unreadable>) -> Result<T, Unreadable> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(Unreadable::Damaged))
}

/// # Errors
/// [`Unreadable::TooLarge`] over [`MAX_MEMORY`].
pub(crate) const fn within_memory(bytes: u64) -> Result<(), Unreadable> {
    if bytes > MAX_MEMORY { Err(Unreadable::TooLarge) } else { Ok(()) }
}

/// The number of pixels.
///
/// # Errors
/// [`Unreadable::TooLarge`] over [`MAX_PIXELS`], [`Unreadable::Damaged`] for none.
pub(crate) fn bounded(width: u32, height: u32) -> Result<u64, Unreadable> {
    match u64::from(width) * u64::from(height) {
        0 => Err(Unreadable::Damaged),
        pixels if pixels > MAX_PIXELS => Err(Unreadable::TooLarge),
        pixels => Ok(pixels),
    }
}

pub(crate) fn unreadable(error: &ImageError) -> Unreadable {
    match error {
        ImageError::Limits(_) => Unreadable::TooLarge,
        ImageError::Unsupported(_) => Unreadable::UnsupportedFormat,
        _ => Unreadable::Damaged,
    }
}
