//! Decoding within bounds: a header is looked at before any pixel is.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, metadata::Orientation};
use warden_core::image::{ImageFormat, Unreadable};

/// Most pixels of a picture.
const MAX_PIXELS: u64 = 100_000_000;

/// Most memory for a picture: its file, its pixels and what its decoder keeps
/// beside them. With the views and the function itself it stays below the 512 MB
/// that the function has, and a progressive JPEG of 40 megapixels passes.
pub(crate) const MAX_MEMORY: u64 = 400 * 1024 * 1024;

/// The decoder for a format.
pub(crate) const fn decoder_of(format: ImageFormat) -> image::ImageFormat {
    match format {
        ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Gif => image::ImageFormat::Gif,
        ImageFormat::WebP => image::ImageFormat::WebP,
        ImageFormat::Bmp => image::ImageFormat::Bmp,
        ImageFormat::Ico => image::ImageFormat::Ico,
        ImageFormat::Pnm => image::ImageFormat::Pnm,
        ImageFormat::Tiff => image::ImageFormat::Tiff,
    }
}

/// The pixels of a picture, as they are stored, and how they are to be seen.
///
/// # Errors
/// [`Unreadable::TooLarge`] before the pixels are decoded, and [`Unreadable::Damaged`].
pub(crate) fn decode(bytes: impl AsRef<[u8]>, format: ImageFormat) -> Result<(DynamicImage, Orientation), Unreadable> {
    let file = bytes.as_ref().len() as u64;
    let progressive = format == ImageFormat::Jpeg && is_progressive(bytes.as_ref());
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY.saturating_sub(file));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), decoder_of(format));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| unreadable(&error))?;
    let (width, height) = decoder.dimensions();
    let pixels = bounded(width, height)?;
    // A progressive JPEG's three components are kept as 16-bit coefficients until its last scan.
    let coefficients = if progressive { pixels * 6 } else { 0 };
    if file + decoder.total_bytes() + coefficients > MAX_MEMORY {
        return Err(Unreadable::TooLarge);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| unreadable(&error))?;
    Ok((image, orientation))
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

/// Whether a JPEG's frame header is a progressive one's.
fn is_progressive(jpeg: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = jpeg.get(at..at + 4) {
        match marker {
            0xC2 | 0xC6 | 0xCA | 0xCE => return true,
            0xC0 | 0xC1 | 0xC3 | 0xDA => return false,
            0xFF => at += 1,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    // A file whose header is not found is taken for the one that needs more.
    true
}
