//! EXIF, which is a TIFF file's directories. Read in place and within bounds:
//! a file can nest directories in circles and claim any length, and the
//! libraries for it copy what it claims.

use super::{Told, says_something, xmp};

/// Directories that are looked at: those of a file's pages, and for each its
/// EXIF and GPS directory.
const MAX_DIRECTORIES: usize = 64;

const XMP: u16 = 0x02BC;
const EXIF_DIRECTORY: u16 = 0x8769;
const GPS_DIRECTORY: u16 = 0x8825;

/// `Artist`, `XPAuthor`, `CameraOwnerName`, `Photographer`, `ImageEditor`.
const NAMES: [u16; 5] = [0x013B, 0x9C9D, 0xA430, 0xA437, 0xA438];

/// `GPSLatitude`, `GPSLongitude`, `GPSDestLatitude`, `GPSDestLongitude`; these numbers
/// mean something else outside a GPS directory.
const POSITIONS: [u16; 4] = [0x0002, 0x0004, 0x0014, 0x0016];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Directory {
    Main,
    Exif,
    Gps,
}

/// What EXIF tells, from its byte order mark on.
pub(super) fn told(bytes: &[u8]) -> Told {
    let mut told = Told::default();
    let Some((tiff, first)) = Tiff::open(bytes) else { return told };
    let mut directories = vec![(first, Directory::Main)];
    let mut at = 0;
    while let Some(&(offset, kind)) = directories.get(at) {
        at += 1;
        let mut more = |offset, kind| {
            if directories.len() < MAX_DIRECTORIES && !directories.contains(&(offset, kind)) {
                directories.push((offset, kind));
            }
        };
        let count = usize::from(tiff.u16(offset).unwrap_or_default());
        for entry in (0..count).map_while(|entry| tiff.entry(offset + 2 + entry * 12)) {
            match (kind, entry.tag) {
                (Directory::Gps, tag) if POSITIONS.contains(&tag) => told.location |= tiff.is_position(&entry),
                (Directory::Main, EXIF_DIRECTORY) => more(entry.offset, Directory::Exif),
                (Directory::Main, GPS_DIRECTORY) => more(entry.offset, Directory::Gps),
                (Directory::Main, XMP) => told |= xmp::told(entry.value),
                (Directory::Main | Directory::Exif, tag) if NAMES.contains(&tag) => {
                    told.person |= says_something(entry.value);
                }
                _ => {}
            }
        }
        if kind == Directory::Main
            && let Some(next) = tiff.u32(offset + 2 + count * 12).filter(|next| *next != 0)
        {
            more(next as usize, Directory::Main);
        }
    }
    told
}

struct Tiff<'a> {
    bytes: &'a [u8],
    little_endian: bool,
}

struct Entry<'a> {
    tag: u16,
    kind: u16,
    /// Empty when it lies outside of the file.
    value: &'a [u8],
    /// The value's four bytes in the entry, as an offset.
    offset: usize,
}

impl<'a> Tiff<'a> {
    /// The file, and the offset of its first directory.
    fn open(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let little_endian = match bytes.first_chunk()? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let tiff = Self { bytes, little_endian };
        let first = tiff.u32(4)?;
        Some((tiff, first as usize))
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn entry(&self, at: usize) -> Option<Entry<'a>> {
        let (tag, kind) = (self.u16(at)?, self.u16(at + 2)?);
        let (count, offset) = (self.u32(at + 4)? as usize, self.u32(at + 8)? as usize);
        let length = count.saturating_mul(unit_bytes(kind));
        let start = if length <= 4 { at + 8 } else { offset };
        let value = start.checked_add(length).and_then(|end| self.bytes.get(start..end)).unwrap_or_default();
        Some(Entry { tag, kind, value, offset })
    }

    /// Whether degrees, minutes and seconds are told and not all zero, which is
    /// how cameras write that they do not know.
    fn is_position(&self, entry: &Entry<'_>) -> bool {
        let number = |bytes: &[u8; 4]| {
            if self.little_endian { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) }
        };
        let (numbers, _) = entry.value.as_chunks::<4>();
        let (fractions, _) = numbers.as_chunks::<2>();
        matches!(entry.kind, RATIONAL | SIGNED_RATIONAL)
            && fractions.iter().any(|[numerator, denominator]| number(numerator) != 0 && number(denominator) != 0)
    }
}

const RATIONAL: u16 = 5;
const SIGNED_RATIONAL: u16 = 10;

/// Bytes of one value of a TIFF field type; 0 for one that is unknown.
const fn unit_bytes(kind: u16) -> usize {
    match kind {
        // BYTE, ASCII, SBYTE, UNDEFINED, UTF-8
        1 | 2 | 6 | 7 | 129 => 1,
        // SHORT, SSHORT
        3 | 8 => 2,
        // LONG, SLONG, FLOAT, IFD
        4 | 9 | 11 | 13 => 4,
        RATIONAL | SIGNED_RATIONAL | 12 => 8,
        _ => 0,
    }
}
