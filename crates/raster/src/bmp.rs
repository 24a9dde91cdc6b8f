//! Bitmaps as OS/2 wrote them, and as they stand in icons.

use std::borrow::Cow;

use warden_core::image::Unreadable;

/// Bytes of the header before a bitmap's own.
const FILE_HEADER: usize = 14;

/// Bytes of the header that the decoder reads.
const INFO_HEADER: u32 = 40;

/// The bitmap with a header that the decoder reads. OS/2's second one begins like
/// that of Windows, is cut where its writer liked, and goes on with what shows nothing.
///
/// # Errors
/// [`Unreadable::UnsupportedFormat`] for OS/2's own compressions.
pub(crate) fn mended(bitmap: &[u8]) -> Result<Cow<'_, [u8]>, Unreadable> {
    let Some(size @ (16..=39 | 41..=51 | 53..=55 | 57..=64)) = number(bitmap, FILE_HEADER) else {
        return Ok(bitmap.into());
    };
    let behind = FILE_HEADER + size as usize;
    let Some((header, rest)) = bitmap.split_at_checked(behind) else { return Err(Unreadable::Damaged) };
    let mut info = header[FILE_HEADER..].to_vec();
    info.resize(INFO_HEADER as usize, 0);
    info[..4].copy_from_slice(&INFO_HEADER.to_le_bytes());
    // Huffman's codes, and runs of three colours; Windows has others of these numbers.
    if matches!(number(&info, 16), Some(3 | 4)) {
        return Err(Unreadable::UnsupportedFormat);
    }
    let pixels = number(bitmap, 10).unwrap_or_default().saturating_sub(size).saturating_add(INFO_HEADER);
    Ok([&bitmap[..10], &pixels.to_le_bytes(), &info, rest].concat().into())
}

/// A bitmap of its own of one that stands in an icon, which is said to be twice as high:
/// its mask follows. Whatever the mask hides is shown.
///
/// # Errors
/// [`Unreadable::Damaged`] when its header is cut.
pub(crate) fn of_icon(entry: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let field = |at| number(entry, at).ok_or(Unreadable::Damaged);
    let (size, height, colours) = (field(0)?, field(8)?, field(32)?);
    let bits = u32::from(u16::from_le_bytes(*entry[14..].first_chunk().ok_or(Unreadable::Damaged)?));
    let palette = match bits {
        1..=8 if colours == 0 => 4 << bits,
        // Masks of the colours stand where a palette would.
        _ if field(16)? == 3 && size == INFO_HEADER => 12,
        1..=8 => colours.min(256) * 4,
        _ => 0,
    };
    let length = u32::try_from(FILE_HEADER + entry.len()).map_err(|_| Unreadable::TooLarge)?;
    let pixels = size.saturating_add(palette).saturating_add(14);
    let mut bitmap = [b"BM".as_slice(), &length.to_le_bytes(), &[0; 4], &pixels.to_le_bytes(), entry].concat();
    bitmap[FILE_HEADER + 8..FILE_HEADER + 12].copy_from_slice(&(height / 2).to_le_bytes());
    Ok(bitmap)
}

/// A number of four bytes.
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
