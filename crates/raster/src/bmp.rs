//! Bitmaps as OS/2 wrote them, and as they stand in icons.

use std::borrow::Cow;

use image::{DynamicImage, RgbaImage};
use warden_core::image::Unreadable;

use crate::decode::{Picture, bounded, by_library, within_memory};

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

/// The picture of a bitmap that stands in an icon, where it is said to be twice as high: a mask
/// of what is transparent follows its pixels. `held` bytes are in memory already.
///
/// # Errors
/// Those of [`crate::decode::decode`].
pub(crate) fn of_icon(entry: &[u8], held: u64) -> Result<Picture, Unreadable> {
    let header = entry.first_chunk::<{ INFO_HEADER as usize }>().ok_or(Unreadable::Damaged)?;
    let field = |at| number(header, at).unwrap_or_default();
    let (size, width, compression, colours) = (field(0), field(4), field(16), field(32));
    let height = field(8).cast_signed() / 2;
    let bits = field(12) >> 16;
    let palette = match bits {
        1..=8 if colours == 0 => 4 << bits,
        // Masks of the colours stand where a palette would.
        _ if compression == 3 && size == INFO_HEADER => 12,
        1..=8 => colours.min(256) * 4,
        _ => 0,
    };
    let pixels_at = size.saturating_add(palette) as usize;
    let pixels = entry.get(pixels_at..).ok_or(Unreadable::Damaged)?;
    let count = bounded(width, height.unsigned_abs())?;
    let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
    let mask_at = usize::try_from(row * u64::from(height.unsigned_abs())).map_err(|_| Unreadable::TooLarge)?;
    let (pixels, mask) = pixels.split_at_checked(mask_at).ok_or(Unreadable::Damaged)?;

    let mut info = header.to_vec();
    info[8..12].copy_from_slice(&height.to_le_bytes());
    let masks = match (bits, compression) {
        (32, 0) => Some([0x00FF_0000, 0x0000_FF00, 0x0000_00FF]),
        (32, 3) if size == INFO_HEADER => Some([40, 44, 48].map(|at| number(entry, at).unwrap_or_default())),
        _ => None,
    };
    if let Some([red, green, blue]) = masks.filter(|masks| masks.iter().all(|mask| mask >> 24 == 0)) {
        // In an icon the fourth byte is alpha, for which the decoder wants a longer header.
        info[..4].copy_from_slice(&(INFO_HEADER + 16).to_le_bytes());
        info[16..20].copy_from_slice(&3_u32.to_le_bytes());
        info.extend([red, green, blue, 0xFF00_0000].iter().flat_map(|mask| mask.to_le_bytes()));
    } else {
        info.extend(entry.get(INFO_HEADER as usize..pixels_at).unwrap_or_default());
    }
    let length = u32::try_from(FILE_HEADER + info.len() + pixels.len()).map_err(|_| Unreadable::TooLarge)?;
    let start = u32::try_from(FILE_HEADER + info.len()).map_err(|_| Unreadable::TooLarge)?;
    let bitmap = [b"BM".as_slice(), &length.to_le_bytes(), &[0; 4], &start.to_le_bytes(), &info, pixels].concat();
    let held = held + bitmap.len() as u64;
    let (image, orientation) = by_library(&bitmap, image::ImageFormat::Bmp, held)?;
    drop(bitmap);
    if image.as_rgba8().is_some_and(|image| image.pixels().any(|pixel| pixel.0[3] > 0)) {
        return Ok(Picture::new(image, orientation));
    }

    let row = width.div_ceil(32) as usize * 4;
    match mask.get(..row * height.unsigned_abs() as usize) {
        Some(mask) if mask.iter().any(|bits| *bits != 0) => {
            within_memory(held + count * 7)?;
            let mask = Mask { bits: mask, row, from_below: height > 0 };
            Ok(Picture::new(mask.applied_to(image).into(), orientation))
        }
        Some(_) => Ok(Picture::new(image, orientation)),
        // Some have none.
        None => Ok(Picture { whole: mask.is_empty(), ..Picture::new(image, orientation) }),
    }
}

/// Which pixels of an icon show what is behind it, a bit each.
struct Mask<'a> {
    bits: &'a [u8],
    /// Bytes of a row.
    row: usize,
    /// Whether the lowest row is the first.
    from_below: bool,
}

impl Mask<'_> {
    /// The picture with what is transparent in its alpha channel. Under the mask that is one colour,
    /// black as a rule; in another something is drawn, which inverts what is behind it.
    fn applied_to(&self, image: DynamicImage) -> RgbaImage {
        let mut image = image.into_rgba8();
        let height = image.height();
        let mut ground = None;
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let y = if self.from_below { height - 1 - y } else { y };
            let is_masked = self.bits[y as usize * self.row + x as usize / 8] & (0x80 >> (x % 8)) != 0;
            pixel.0[3] = u8::MAX;
            if is_masked && *ground.get_or_insert(*pixel) == *pixel {
                pixel.0[3] = 0;
            }
        }
        image
    }
}

/// A number of four bytes.
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
