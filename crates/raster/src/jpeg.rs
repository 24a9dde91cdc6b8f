//! JPEG, alone or in a TIFF.

use image::{DynamicImage, GrayImage, RgbImage, metadata::Orientation};
use warden_core::image::{
    Unreadable,
    jpeg::{coverage, is_rarely_coded, segments},
};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use crate::decode::{Picture, bounded, within_memory};

/// Least share of a picture, one in so many, that is worth showing when the rest is missing.
const WORTH_SHOWING: u64 = 20;

/// A JPEG's pixels, as far as they are there.
///
/// # Errors
/// Those of [`crate::decode::decode`].
pub(crate) fn decode(jpeg: &[u8], held: u64) -> Result<Picture, Unreadable> {
    decode_in(jpeg, held, ColorSpace::RGB)
}

/// The same of one of four inks of which it is not known how they are meant: the other way round than [`decode`] takes them.
///
/// # Errors
/// Those of [`crate::decode::decode`], and of [`samples`].
pub(crate) fn decode_other_inks(jpeg: &[u8], held: u64) -> Result<Picture, Unreadable> {
    let (width, height, samples) = samples(jpeg, (u32::MAX, u32::MAX), held)?;
    within_memory(held + 2 * samples.len() as u64)?;
    let (inks, _) = samples.as_chunks::<4>();
    let light = |ink: u8, black: u8| {
        let light = u16::from(255 - ink) * u16::from(255 - black) / 255;
        u8::try_from(light).unwrap_or(u8::MAX)
    };
    let pixels = inks.iter().flat_map(|[c, m, y, k]| [light(*c, *k), light(*m, *k), light(*y, *k)]).collect();
    let image = RgbImage::from_raw(width, height, pixels).ok_or(Unreadable::Damaged)?;
    Ok(Picture::new(image.into(), orientation_of(jpeg)))
}

fn orientation_of(jpeg: &[u8]) -> Orientation {
    let exif = segments(jpeg).filter(|(marker, _)| *marker == 0xE1);
    let orientation =
        exif.filter_map(|(_, segment)| segment.strip_prefix(b"Exif\0\0")).find_map(Orientation::from_exif_chunk);
    orientation.unwrap_or(Orientation::NoTransforms)
}

/// The same in shades of grey, in a third of the memory, where its colours are kept apart from its brightness.
///
/// # Errors
/// Those of [`crate::decode::decode`].
pub(crate) fn grey(jpeg: &[u8], held: u64) -> Result<Picture, Unreadable> {
    decode_in(jpeg, held, ColorSpace::Luma)
}

fn decode_in(jpeg: &[u8], held: u64, colours: ColorSpace) -> Result<Picture, Unreadable> {
    let mut decoder = open(jpeg, held)?;
    let coverage = coverage(jpeg).ok_or(Unreadable::UnsupportedFormat)?;
    if coverage.coded * WORTH_SHOWING < coverage.all || coverage.coded == 0 {
        return Err(Unreadable::Damaged);
    }
    let space = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => ColorSpace::Luma,
        Some(ColorSpace::YCbCr) => colours,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(space));
    let (width, height, samples) = pixels(decoder)?;
    let image = match space {
        ColorSpace::Luma => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        _ => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
    };
    let picture = Picture::new(image.ok_or(Unreadable::Damaged)?, orientation_of(jpeg));
    Ok(Picture { whole: coverage.is_whole(), mostly_missing: coverage.is_mostly_missing(), ..picture })
}

/// A JPEG's samples as they are coded, in no other colours: width, height, and
/// for each pixel its components.
///
/// # Errors
/// Those of [`crate::decode::decode`]; [`Unreadable::Damaged`] too when any are missing, or it is wider
/// or higher than `most`.
pub(crate) fn samples(jpeg: &[u8], most: (u32, u32), held: u64) -> Result<(u32, u32, Vec<u8>), Unreadable> {
    let mut decoder = open(jpeg, held)?;
    let (width, height) = size(&decoder)?;
    if width > most.0 || height > most.1 {
        return Err(Unreadable::Damaged);
    }
    if !coverage(jpeg).ok_or(Unreadable::UnsupportedFormat)?.is_whole() {
        return Err(Unreadable::Damaged);
    }
    if let Some(space) = decoder.input_colorspace() {
        decoder.set_options(decoder.options().jpeg_set_out_colorspace(space));
    }
    pixels(decoder)
}

/// The decoder of a picture that is not too large.
fn open(jpeg: &[u8], held: u64) -> Result<JpegDecoder<ZCursor<&[u8]>>, Unreadable> {
    let options = DecoderOptions::default().set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    decoder.decode_headers().map_err(|_| kind_of(jpeg))?;
    let (width, height) = size(&decoder)?;
    let pixels = bounded(width, height)?;
    // A progressive JPEG's components, three as a rule, are kept as 16-bit coefficients
    // until its last scan.
    let coefficients = if is_progressive(jpeg) { pixels * 6 } else { 0 };
    within_memory(held + pixels * 3 + coefficients)?;
    Ok(decoder)
}

fn pixels(mut decoder: JpegDecoder<ZCursor<&[u8]>>) -> Result<(u32, u32, Vec<u8>), Unreadable> {
    let samples = decoder.decode().map_err(|_| Unreadable::Damaged)?;
    let (width, height) = size(&decoder)?;
    Ok((width, height, samples))
}

fn size(decoder: &JpegDecoder<ZCursor<&[u8]>>) -> Result<(u32, u32), Unreadable> {
    let (width, height) = decoder.dimensions().ok_or(Unreadable::Damaged)?;
    Ok((u32::try_from(width).unwrap_or(u32::MAX), u32::try_from(height).unwrap_or(u32::MAX)))
}

/// Why the decoder does not open a JPEG.
fn kind_of(jpeg: &[u8]) -> Unreadable {
    if is_rarely_coded(jpeg) == Some(true) { Unreadable::UnsupportedFormat } else { Unreadable::Damaged }
}

fn is_progressive(jpeg: &[u8]) -> bool {
    segments(jpeg).find(|(marker, _)| matches!(marker, 0xC0..=0xC2)).is_none_or(|(marker, _)| marker == 0xC2)
}
