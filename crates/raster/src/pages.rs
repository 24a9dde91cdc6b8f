//! The pages of a TIFF. The decoder reads the one that the header names.

use std::io::Cursor;

use tiff::{
    TiffError,
    decoder::Decoder,
    tags::{ByteOrder, Tag},
};
use warden_core::image::Unreadable;

use crate::plan::MAX_VIEWS;

/// Where the header says which page is the first.
const CLASSIC_POINTER: std::ops::Range<usize> = 4..8;
const BIG_POINTER: std::ops::Range<usize> = 8..16;

/// The offsets of all pages.
///
/// # Errors
/// [`Unreadable::TooLarge`] for more pages than are looked at;
/// [`Unreadable::UnsupportedFormat`] for a file whose picture is not in its
/// pages, as a camera's raw file, whose page is a preview; [`Unreadable::Damaged`].
pub(crate) fn offsets(tiff: &[u8]) -> Result<Vec<u64>, Unreadable> {
    let mut decoder = Decoder::new(Cursor::new(tiff)).map_err(|error| unreadable(&error))?;
    let mut offsets = Vec::new();
    loop {
        if decoder.find_tag(Tag::SubIfd).map_err(|error| unreadable(&error))?.is_some() {
            return Err(Unreadable::UnsupportedFormat);
        }
        offsets.extend(decoder.ifd_pointer().map(|pointer| pointer.0));
        if offsets.len() > MAX_VIEWS as usize {
            return Err(Unreadable::TooLarge);
        }
        if !decoder.more_images() {
            return Ok(offsets);
        }
        decoder.next_image().map_err(|error| unreadable(&error))?;
    }
}

/// Names another page as the first.
pub(crate) fn begin_with(tiff: &mut [u8], offset: u64) {
    let big = matches!(tiff, [_, _, 43, 0, ..] | [_, _, 0, 43, ..]);
    let order = if tiff.starts_with(b"II") { ByteOrder::LittleEndian } else { ByteOrder::BigEndian };
    let (pointer, bytes) = match order {
        ByteOrder::LittleEndian if big => (BIG_POINTER, offset.to_le_bytes().to_vec()),
        ByteOrder::LittleEndian => (CLASSIC_POINTER, offset.to_le_bytes()[..4].to_vec()),
        ByteOrder::BigEndian if big => (BIG_POINTER, offset.to_be_bytes().to_vec()),
        ByteOrder::BigEndian => (CLASSIC_POINTER, offset.to_be_bytes()[4..].to_vec()),
    };
    if let Some(place) = tiff.get_mut(pointer) {
        place.copy_from_slice(&bytes);
    }
}

fn unreadable(error: &TiffError) -> Unreadable {
    match error {
        TiffError::LimitsExceeded => Unreadable::TooLarge,
        TiffError::UnsupportedError(_) => Unreadable::UnsupportedFormat,
        _ => Unreadable::Damaged,
    }
}
