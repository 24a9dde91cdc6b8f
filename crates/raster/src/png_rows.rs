//! A PNG in which something is wrong: its rows, as far as they come.

use std::io::{Cursor, ErrorKind};

use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage, metadata::Orientation};
use png::{
    ColorType, DecodeOptions, Decoder, DecodingError, InterlaceInfo, Limits, Reader, Transformations,
    splat_interlaced_row,
};
use warden_core::image::Unreadable;

use crate::decode::{MAX_MEMORY, Picture, bounded, within_memory};

/// What shows where a row is missing: white, and nothing shines through it.
const MISSING: u8 = 0xFF;

/// Of each pass of an interlaced picture its first column and row, and how many rows lie from one to the next.
const PASSES: [(u32, u32, u32); 7] = [(0, 0, 8), (4, 0, 8), (0, 4, 8), (2, 0, 4), (0, 2, 4), (1, 0, 2), (0, 1, 2)];

/// A picture's rows as far as they come, whatever its checksums say. It is whole where all of them are there and
/// no checksum is wrong: no more than the end of the file is missing.
///
/// # Errors
/// [`Unreadable::TooLarge`], and [`Unreadable::Damaged`] where not one row comes.
pub(crate) fn as_far_as_it_comes(bytes: &[u8], held: u64) -> Result<Picture, Unreadable> {
    match rows(bytes, held, false) {
        Ok(Rows { picture, whole: true, .. }) => Ok(picture),
        Err(Unreadable::TooLarge) => Err(Unreadable::TooLarge),
        _ => {
            let Rows { picture, some, .. } = rows(bytes, held, true)?;
            if some { Ok(Picture { whole: false, ..picture }) } else { Err(Unreadable::Damaged) }
        }
    }
}

struct Rows {
    picture: Picture,
    /// Whether there is a row.
    some: bool,
    /// Whether all rows are there, and nothing is wrong with them.
    whole: bool,
}

fn rows(bytes: &[u8], held: u64, ignore_checksums: bool) -> Result<Rows, Unreadable> {
    let mut options = DecodeOptions::default();
    options.set_ignore_checksums(ignore_checksums);
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_limits(Limits { bytes: usize::try_from(MAX_MEMORY.saturating_sub(held)).unwrap_or(usize::MAX) });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|error| unreadable(&error))?;

    let (width, height) = reader.info().size();
    let pixels = bounded(width, height)?;
    let (colours, _) = reader.output_color_type();
    // Transparent pictures are judged in four bytes a pixel.
    within_memory(held + pixels * (colours.samples() as u64 + 4))?;
    let stride = width as usize * colours.samples();
    let mut samples = vec![MISSING; stride * height as usize];
    let (count, error) = read_into(&mut samples, stride, &mut reader);
    // Only when all that is behind the rows was read, their checksum was.
    let is_sound = match error {
        Some(error) => is_end(&error),
        None => reader.finish().err().is_none_or(|error| is_end(&error)),
    };
    let whole = is_sound && count == row_count(width, height, reader.info().interlaced);

    let image = match colours {
        ColorType::Grayscale => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        ColorType::GrayscaleAlpha => GrayAlphaImage::from_raw(width, height, samples).map(DynamicImage::from),
        ColorType::Rgb => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
        ColorType::Rgba => RgbaImage::from_raw(width, height, samples).map(DynamicImage::from),
        ColorType::Indexed => None,
    };
    let orientation = reader.info().exif_metadata.as_deref().and_then(Orientation::from_exif_chunk);
    let picture = Picture::new(image.ok_or(Unreadable::Damaged)?, orientation.unwrap_or(Orientation::NoTransforms));
    Ok(Rows { picture, some: count > 0, whole })
}

/// How many rows came, and what ended them but their end.
fn read_into(samples: &mut [u8], stride: usize, reader: &mut Reader<Cursor<&[u8]>>) -> (u64, Option<DecodingError>) {
    let mut row = vec![0; stride];
    let bits = u8::try_from(reader.output_color_type().0.samples() * 8).unwrap_or(u8::MAX);
    let (mut count, mut next) = (0, 0);
    loop {
        match reader.read_row(&mut row) {
            Ok(Some(InterlaceInfo::Adam7(pass))) => splat_interlaced_row(samples, stride, &row, &pass, bits),
            Ok(Some(_)) => {
                let Some(place) = samples.get_mut(next..next + stride) else { return (count, None) };
                place.copy_from_slice(&row);
                next += stride;
            }
            Ok(None) => return (count, None),
            Err(error) => return (count, Some(error)),
        }
        count += 1;
    }
}

fn row_count(width: u32, height: u32, interlaced: bool) -> u64 {
    if !interlaced {
        return height.into();
    }
    let passes = PASSES.iter().filter(|(column, ..)| width > *column);
    passes.map(|(_, row, step)| u64::from(height.saturating_sub(*row).div_ceil(*step))).sum()
}

fn is_end(error: &DecodingError) -> bool {
    matches!(error, DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof)
}

const fn unreadable(error: &DecodingError) -> Unreadable {
    match error {
        DecodingError::LimitsExceeded => Unreadable::TooLarge,
        _ => Unreadable::Damaged,
    }
}
