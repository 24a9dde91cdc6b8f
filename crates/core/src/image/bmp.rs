//! Windows and OS/2 bitmaps: where one begins, and where it ends.

/// Whether bytes begin with one: it names the size of one of its headers, of which there are not many.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM")
        && matches!(number(bytes, 14), Some(12 | 16..=64 | 108 | 124))
        && number(bytes, 10).is_some_and(|at| at >= 26)
}

/// The same, of bytes that may begin so by chance.
pub(super) fn surely_begins(bytes: &[u8]) -> bool {
    let planes_at = if number(bytes, 14) == Some(12) { 22 } else { 26 };
    begins(bytes) && matches!(bytes.get(planes_at..planes_at + 4), Some([1, 0, 1 | 2 | 4 | 8 | 16 | 24 | 32, 0]))
}

/// Where one ends; `None` when its end is missing, or cannot be told.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let (pixels_at, size) = (number(bytes, 10)?, number(bytes, 14)?);
    let (width, height, bits) = if size == 12 {
        (number(bytes, 18)? & 0xFFFF, number(bytes, 18)? >> 16, number(bytes, 22)? >> 16)
    } else {
        (number(bytes, 18)?, number(bytes, 22)?.cast_signed().unsigned_abs(), number(bytes, 26)? >> 16)
    };
    let field = |at: u32| if size >= at + 4 { number(bytes, 14 + at as usize) } else { Some(0) };
    let end = match field(16)? {
        // Not compressed.
        0 | 3 | 6 => {
            let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
            row.checked_mul(u64::from(height))?.checked_add(u64::from(pixels_at))?
        }
        // As long as it says, in one of two places.
        _ => {
            let pixels = field(20)?;
            let whole = u64::from(number(bytes, 2)?).max(u64::from(pixels_at) + u64::from(pixels));
            Some(whole).filter(|end| *end > u64::from(pixels_at))?
        }
    };
    usize::try_from(end).ok().filter(|end| *end <= bytes.len())
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
