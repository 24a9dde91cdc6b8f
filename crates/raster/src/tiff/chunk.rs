//! A strip or tile: its bytes, and the samples in them.

use std::borrow::Cow;

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode};
use miniz_oxide::inflate::{TINFLStatus, decompress_slice_iter_to_slice};
use warden_core::image::Unreadable;
use weezl::{BitOrder, LzwStatus, decode::Decoder as LzwDecoder};

use super::samples::{Depth, Ycbcr};
use crate::jpeg;

/// How a page's strips or tiles are packed.
pub(super) enum Compression {
    /// Not at all; with the bits of each byte the other way round perhaps.
    None {
        reversed: bool,
    },
    Fax {
        mode: EncodingMode,
        aligned: bool,
        reversed: bool,
    },
    Lzw {
        reversed: bool,
    },
    Deflate {
        reversed: bool,
    },
    PackBits {
        reversed: bool,
    },
    Jpeg,
}

impl Compression {
    /// # Errors
    /// [`Unreadable::UnsupportedFormat`].
    pub(super) const fn of(number: u64, fax_options: u64, reversed: bool) -> Result<Self, Unreadable> {
        Ok(match number {
            1 => Self::None { reversed },
            2 => Self::Fax { mode: EncodingMode::Group3_1D, aligned: true, reversed },
            3 if fax_options & 1 == 0 => Self::Fax { mode: EncodingMode::Group3_1D, aligned: false, reversed },
            3 => Self::Fax { mode: EncodingMode::Group3_2D, aligned: false, reversed },
            4 => Self::Fax { mode: EncodingMode::Group4, aligned: false, reversed },
            5 => Self::Lzw { reversed },
            7 => Self::Jpeg,
            8 | 32_946 => Self::Deflate { reversed },
            32_773 => Self::PackBits { reversed },
            _ => return Err(Unreadable::UnsupportedFormat),
        })
    }

    /// Whether it packs strings of bytes, which alone are told as differences: elsewhere readers pass over that word.
    pub(super) const fn is_of_strings(&self) -> bool {
        matches!(self, Self::Lzw { .. } | Self::Deflate { .. })
    }

    pub(super) const fn is_fax(&self) -> bool {
        matches!(self, Self::Fax { .. })
    }
}

/// The samples of a strip or tile, one after the other.
pub(super) struct Chunk<'a> {
    /// Rows of bytes, each filled up to a whole one.
    pub(super) bytes: Cow<'a, [u8]>,
    /// Pixels of a row.
    pub(super) width: u32,
    /// Samples of a pixel.
    pub(super) samples: usize,
    pub(super) depth: Depth,
}

/// Pixels along an edge of the units in which a JPEG is coded, at most as a rule.
const JPEG_UNIT: u32 = 16;

/// Most bytes of a JPEG for each of its samples: the longest code and the longest number behind it take 26 bits.
const MOST_JPEG_BYTES: usize = 4;

/// Most bytes of a strip's or tile's JPEG beside its codes. Its tables take less than two thousand.
const MOST_JPEG_TABLES: usize = 65_536;

/// Most bytes of what is packed in another way for each of what it holds: pixels that alternate take six in a fax.
const MOST_PACKED_BYTES: usize = 16;

/// Most bytes of it beside.
const MOST_PACKED_TABLES: usize = 4_096;

/// Unpacks a strip or tile of this size, which is at most that of all the others.
///
/// # Errors
/// [`Unreadable::Damaged`] when anything of it is missing.
pub(super) fn decompressed<'a>(
    packed: &'a [u8],
    tables: Option<&[u8]>,
    compression: &Compression,
    (width, height): (u32, u32),
    most: (u32, u32),
    (samples, depth, predictor, ycbcr): (usize, Depth, u64, Option<Ycbcr>),
    held: u64,
) -> Result<Chunk<'a>, Unreadable> {
    // A strip can claim the rest of the file, and any number of them the same.
    let first = |most: usize| &packed[..packed.len().min(most)];
    if matches!(compression, Compression::Jpeg) {
        let most_samples = most.0 as usize * most.1 as usize * samples;
        let packed = first(most_samples.saturating_mul(MOST_JPEG_BYTES).saturating_add(MOST_JPEG_TABLES));
        return of_jpeg(packed, tables, (width, height), most, samples, held);
    }
    let row = (width as usize * samples * depth.bits()).div_ceil(8);
    let length = match ycbcr {
        Some(ycbcr) => ycbcr.packed_bytes(width, height),
        None => row * height as usize,
    };
    let packed = match compression {
        Compression::None { .. } => first(length),
        _ => first(length.saturating_mul(MOST_PACKED_BYTES).saturating_add(MOST_PACKED_TABLES)),
    };
    let mut bytes: Cow<'_, [u8]> = match *compression {
        Compression::None { reversed } => in_order(packed, reversed),
        Compression::Fax { mode, aligned, reversed } => {
            if (samples, depth.bits()) != (1, 1) {
                return Err(Unreadable::Damaged);
            }
            fax(&in_order(packed, reversed), mode, aligned, (width, height))?.into()
        }
        Compression::Lzw { reversed } => lzw(&in_order(packed, reversed), length)?.into(),
        Compression::Deflate { reversed } => deflate(&in_order(packed, reversed), length)?.into(),
        Compression::PackBits { reversed } => pack_bits(&in_order(packed, reversed), length).into(),
        Compression::Jpeg => return Err(Unreadable::UnsupportedFormat),
    };
    if bytes.len() < length {
        return Err(Unreadable::Damaged);
    }
    if let Some(ycbcr) = ycbcr {
        bytes = ycbcr.spread(&bytes, width, height).into();
    }
    match predictor {
        2 => depth.add_differences(bytes.to_mut(), row, samples)?,
        3 => depth.add_float_differences(bytes.to_mut(), row, samples)?,
        _ => {}
    }
    Ok(Chunk { bytes, width, samples, depth })
}

/// The bytes with their bits in the usual order.
fn in_order(bytes: &[u8], reversed: bool) -> Cow<'_, [u8]> {
    if reversed { bytes.iter().map(|byte| byte.reverse_bits()).collect() } else { bytes.into() }
}

struct Rows {
    bytes: Vec<u8>,
    width: usize,
    count: u32,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.bytes.len();
        self.bytes.resize(start + self.width.div_ceil(8), 0);
        let row = &mut self.bytes[start..];
        for run in changes.chunks(2) {
            let from = run[0] as usize;
            let to = run.get(1).map_or(self.width, |to| *to as usize).min(self.width);
            for x in from..to {
                row[x / 8] |= 0x80 >> (x % 8);
            }
        }
        self.count += 1;
    }
}

/// Rows of a fax, black as ones.
///
/// # Errors
/// [`Unreadable::Damaged`] if there are fewer, be it that the fax says that it ends.
pub(crate) fn fax(
    bytes: &[u8],
    encoding: EncodingMode,
    aligned: bool,
    (width, height): (u32, u32),
) -> Result<Vec<u8>, Unreadable> {
    let settings = DecodeSettings {
        columns: width,
        rows: height,
        end_of_block: true,
        end_of_line: false,
        rows_are_byte_aligned: aligned,
        encoding,
        strict: false,
    };
    let mut rows = Rows { bytes: Vec::new(), width: width as usize, count: 0 };
    // Rows that came before the damage are counted, and the last may lack its filling.
    let _ = hayro_ccitt::decode(bytes, &mut rows, &mut DecoderContext::new(settings));
    if rows.count < height { Err(Unreadable::Damaged) } else { Ok(rows.bytes) }
}

fn lzw(bytes: &[u8], length: usize) -> Result<Vec<u8>, Unreadable> {
    // The first writers began at the other end of each byte, and with a code of nine bits that is 256.
    let mut decoder = match bytes {
        [0, odd, ..] if odd & 1 == 1 => LzwDecoder::new(BitOrder::Lsb, 8),
        _ => LzwDecoder::with_tiff_size_switch(BitOrder::Msb, 8),
    };
    let mut out = vec![0; length];
    let (mut read, mut written) = (0, 0);
    while written < length {
        let result = decoder.decode_bytes(&bytes[read..], &mut out[written..]);
        read += result.consumed_in;
        written += result.consumed_out;
        match result.status {
            Ok(LzwStatus::Ok) if result.consumed_in + result.consumed_out > 0 => {}
            _ => break,
        }
    }
    if written < length { Err(Unreadable::Damaged) } else { Ok(out) }
}

fn deflate(bytes: &[u8], length: usize) -> Result<Vec<u8>, Unreadable> {
    let mut out = vec![0; length];
    match decompress_slice_iter_to_slice(&mut out, std::iter::once(bytes), true, true) {
        // More than a strip holds is of no use.
        Ok(written) if written == length => Ok(out),
        Err(TINFLStatus::HasMoreOutput) => Ok(out),
        _ => Err(Unreadable::Damaged),
    }
}

/// Runs of bytes, and bytes that are none.
fn pack_bits(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length);
    let mut rest = bytes;
    while let ([count, behind @ ..], true) = (rest, out.len() < length) {
        rest = match (count.cast_signed(), behind) {
            (-128, _) => behind,
            (run @ ..0, [byte, behind @ ..]) => {
                out.extend(std::iter::repeat_n(*byte, 1 + usize::from(run.unsigned_abs())));
                behind
            }
            (count, _) => {
                let (literal, behind) = behind.split_at(behind.len().min(1 + usize::from(count.unsigned_abs())));
                out.extend_from_slice(literal);
                behind
            }
        };
    }
    out
}

/// A JPEG whose tables stand with the page's fields.
fn of_jpeg<'a>(
    packed: &[u8],
    tables: Option<&[u8]>,
    (width, height): (u32, u32),
    (most_width, most_height): (u32, u32),
    samples: usize,
    held: u64,
) -> Result<Chunk<'a>, Unreadable> {
    let whole: Cow<'_, [u8]> = match (tables, packed) {
        // Without the end of the one and the beginning of the other.
        (Some([tables @ .., 0xFF, 0xD9]), [0xFF, 0xD8, picture @ ..]) => [tables, picture].concat().into(),
        _ => packed.into(),
    };
    // The last strip may be filled up to the others' height. Any number of strips can be the same large picture.
    let most = (most_width.next_multiple_of(JPEG_UNIT), most_height.next_multiple_of(JPEG_UNIT));
    let (coded_width, coded_height, bytes) = jpeg::samples(&whole, most, held)?;
    let components = bytes.len() / (coded_width as usize * coded_height as usize).max(1);
    if components != samples || coded_width < width || coded_height < height {
        return Err(Unreadable::Damaged);
    }
    Ok(Chunk { bytes: bytes.into(), width: coded_width, samples, depth: Depth::EIGHT })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_that_claims_the_rest_of_the_file_is_as_long_as_its_pixels() {
        let (pixels, behind) = ([0b0000_0001_u8; 8], vec![0x5A; 100_000]);
        // Eight bytes that are no run.
        let runs = [[7].as_slice(), &pixels].concat();
        for (case, packed, compression) in [
            ("plain", pixels.to_vec(), Compression::None { reversed: false }),
            ("reversed", pixels.map(u8::reverse_bits).to_vec(), Compression::None { reversed: true }),
            ("runs", runs, Compression::PackBits { reversed: false }),
        ] {
            let packed = [packed, behind.clone()].concat();
            let chunk = decompressed(&packed, None, &compression, (8, 1), (8, 1), (1, Depth::EIGHT, 1, None), 0);
            assert_eq!(chunk.ok().unwrap().bytes, pixels.as_slice(), "{case}");
        }
    }

    #[test]
    fn pack_bits_of_apples_example_unpacks() {
        let packed = [0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA];
        let unpacked = [
            [0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22].as_slice(),
            &[0xAA; 10],
        ]
        .concat();
        assert_eq!(pack_bits(&packed, 24), unpacked);
        for cut in 0..packed.len() {
            assert!(pack_bits(&packed[..cut], 24).len() < 24, "{cut}");
        }
    }
}
