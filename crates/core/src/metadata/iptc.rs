//! IPTC's records, and Photoshop's resources, which hold them and more.

use super::{Told, exif, says_something, xmp};

/// Datasets of record 2 that name who made or handled a picture: `By-line`, `Contact`, `Writer/Editor`.
const NAMES: [u8; 3] = [80, 118, 122];

/// What IPTC's records tell. Each dataset: a mark, record, number, length, text.
pub(super) fn told(mut records: &[u8]) -> Told {
    let mut told = Told::default();
    while let Some(mark) = records.iter().position(|byte| *byte == 0x1C) {
        let [_, record, dataset, high, low, rest @ ..] = &records[mark..] else { break };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        // A length with its high bit set is the length of the length that follows.
        let text = if length & 0x8000 == 0 { rest.get(..length) } else { None };
        match text {
            Some(text) => {
                told.authorship |= *record == 2 && NAMES.contains(dataset) && says_something(text);
                records = &rest[length..];
            }
            None => records = rest,
        }
    }
    told
}

/// What Photoshop's resources tell: IPTC, EXIF and XMP among them. They may stand in EXIF, so deep in more of it.
pub(super) fn told_by_photoshop(mut resources: &[u8], depth: usize) -> Told {
    let mut told = Told::default();
    while let Some(start) = memchr::memmem::find(resources, b"8BIM") {
        resources = &resources[start + 4..];
        let [high, low, name_length, rest @ ..] = resources else { break };
        // Name and data each fill up to an even length; the name's own length counts.
        let Some(rest) = rest.get((usize::from(*name_length) + 1).next_multiple_of(2) - 1..) else { continue };
        let Some((length, rest)) = rest.split_first_chunk() else { continue };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX).min(rest.len());
        let (data, rest) = rest.split_at(length);
        match u16::from_be_bytes([*high, *low]) {
            0x0404 => told |= self::told(data),
            0x0422 | 0x0423 => told |= exif::told_within(data, depth),
            0x0424 => told |= xmp::told(data),
            _ => continue,
        }
        resources = rest;
    }
    told
}
