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
        // As long as it says in one of two places, or as its codes do.
        compression => {
            let pixels_at = u64::from(pixels_at);
            let told = [u64::from(number(bytes, 2)?), pixels_at + u64::from(field(20)?)];
            let codes = match compression {
                1 | 2 => usize::try_from(pixels_at).ok().and_then(|at| end_of_runs(bytes, at, compression == 2)),
                _ => None,
            };
            let is_possible = |end: &u64| *end > pixels_at && *end <= bytes.len() as u64;
            told.into_iter().chain(codes.map(|end| end as u64)).filter(is_possible).min()?
        }
    };
    usize::try_from(end).ok().filter(|end| *end <= bytes.len())
}

/// Where runs of pixels end, which say so; of half a byte each perhaps. `None` when they do not.
fn end_of_runs(bytes: &[u8], mut at: usize, are_halves: bool) -> Option<usize> {
    loop {
        at += match *bytes.get(at..)?.first_chunk::<2>()? {
            [0, 1] => return Some(at + 2),
            // A move, by columns and rows.
            [0, 2] => 4,
            // Pixels that are no run.
            [0, count @ 3..=0xFF] => {
                let count = usize::from(count);
                2 + (if are_halves { count.div_ceil(2) } else { count }).next_multiple_of(2)
            }
            _ => 2,
        };
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_of_runs_ends_as_its_codes_do_or_as_it_says() {
        let codes = b"\x02\x07\0\x03\0\x01\0\0\0\0\0\x02\x01\x01\x05\x07\0\x01";
        let of = |whole: u32, pixels: u32, codes: &[u8]| {
            let mut bytes = [b"BM".as_slice(), &whole.to_le_bytes(), &[0; 4], &54_u32.to_le_bytes()].concat();
            bytes.extend(
                [40_u32, 9, 3, 0x0008_0001, 1, pixels, 0, 0, 0, 0].iter().flat_map(|field| field.to_le_bytes()),
            );
            [&bytes, codes, b"what stands behind"].concat()
        };
        let length = u32::try_from(codes.len()).unwrap();
        let without_end = &codes[..codes.len() - 4];
        let behind = 54 + codes.len();
        for (case, bytes, expected) in [
            ("both", of(54 + length, length, codes), Some(behind)),
            ("the whole file", of(54 + length + 18, length, codes), Some(behind)),
            ("any length", of(u32::MAX, u32::MAX, codes), Some(behind)),
            ("none", of(0, 0, codes), Some(behind)),
            ("codes without an end", of(54 + length + 9, length - 4, without_end), Some(behind - 4)),
            ("nothing", of(0, 0, without_end), None),
        ] {
            assert_eq!(end(&bytes), expected, "{case}");
        }
    }
}
