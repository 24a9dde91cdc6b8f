//! A TIFF's directories, which EXIF is made of too. Read in place and within
//! bounds: a file can nest directories in circles and claim any length.

use super::jpeg;

/// A TIFF file, or an EXIF block, from its byte order mark on.
#[derive(Clone, Copy)]
pub struct Tiff<'a> {
    bytes: &'a [u8],
    layout: Layout,
}

#[derive(Clone, Copy)]
struct Layout {
    little_endian: bool,
    /// A `BigTIFF`: offsets and counts of eight bytes.
    big: bool,
}

/// One directory: the fields of a page, or of a part of EXIF.
pub struct Directory<'a> {
    /// Its fields, as far as the file reaches.
    pub entries: Vec<Entry<'a>>,
    /// Where it ends; `None` when the file does before it.
    pub end: Option<usize>,
    /// Where the next directory of the chain stands, if there is one.
    pub next: Option<u64>,
}

/// One field of a directory.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// Its number.
    pub tag: u16,
    /// The type of its values, one of those of TIFF.
    pub kind: u16,
    /// Its values' bytes; empty when they lie outside of the file.
    pub value: &'a [u8],
    /// Where its values end; `None` when any of them lie outside of the file.
    pub end: Option<usize>,
    layout: Layout,
}

/// The first bytes of a TIFF, in either byte order, classic or `BigTIFF`.
const MARKS: [(&[u8; 4], Layout); 4] = [
    (b"II*\0", Layout { little_endian: true, big: false }),
    (b"MM\0*", Layout { little_endian: false, big: false }),
    (b"II+\0", Layout { little_endian: true, big: true }),
    (b"MM\0+", Layout { little_endian: false, big: true }),
];

/// Most fields of a directory: as many as it can count where offsets have four bytes.
const MAX_ENTRIES: usize = 0xFFFF;

/// Most directories that are followed to find a file's end.
const MAX_DIRECTORIES: usize = 256;

/// Most numbers that are read to find directories: as many directories as are followed, each with a dozen below it.
const MAX_OFFSETS: usize = 4_096;

/// Most numbers of a field that are held at a time: red, green and blue of 65,536 colours.
const MAX_NUMBERS: usize = 3 << 16;

/// Fields that point to directories: of pictures below a page, of EXIF, positions and interoperability.
const DIRECTORIES: [u16; 4] = [330, 34_665, 34_853, 40_965];

/// Fields that tell where a picture's strips, tiles or JPEG stand, each with those that tell how long they are.
const PLACES: [(u16, u16); 3] = [(273, 279), (324, 325), (513, 514)];

/// Where a file ends: behind the last byte in it that one of its directories points to. `None` when there are more
/// directories than are followed. What has no length, or lies outside of the file in part, counts as its first byte,
/// and a JPEG as it ends by itself.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let (tiff, first) = Tiff::open(bytes)?;
    let (mut seen, mut at, mut end, mut last) = (vec![first], 0, 0, 0);
    // Ordinary files have fewer numbers than bytes, and none that several fields share.
    let (mut places_left, mut offsets_left) = (bytes.len(), MAX_OFFSETS);
    while let Some(&offset) = seen.get(at) {
        at += 1;
        let Some(directory) = tiff.directory(offset) else { continue };
        end = directory.entries.iter().filter_map(|entry| entry.end).chain(directory.end).fold(end, usize::max);
        for (places, lengths) in PLACES {
            let numbers = |tag| directory.get(tag).into_iter().flat_map(Entry::numbers);
            let mut lengths = numbers(lengths);
            for place in numbers(places).take(places_left) {
                places_left -= 1;
                let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
                let (start, length) = (number(place), lengths.next().map_or(0, number));
                match start.checked_add(length).filter(|end| length > 0 && *end <= bytes.len()) {
                    Some(behind) => end = end.max(behind),
                    None if start < bytes.len() => last = last.max(start),
                    None => {}
                }
            }
        }
        let below = directory.entries.iter().filter(|entry| DIRECTORIES.contains(&entry.tag)).flat_map(Entry::numbers);
        let below = below.take(offsets_left).inspect(|_| offsets_left -= 1).filter(|offset| *offset != 0);
        for offset in below.chain(directory.next) {
            if !seen.contains(&offset) {
                if seen.len() == MAX_DIRECTORIES {
                    return None;
                }
                seen.push(offset);
            }
        }
    }
    // Of those that do not say how long they are, only the last may reach behind the others.
    let own = Some(&bytes[last..]).filter(|rest| rest.starts_with(&[0xFF, 0xD8])).and_then(jpeg::end);
    Some(end.max(last + own.unwrap_or_default()))
}

/// Whether bytes begin with a TIFF and not by chance: its first directory is that of a picture, which EXIF's is not.
pub(super) fn surely_begins(bytes: &[u8]) -> bool {
    let directory = Tiff::open(bytes).and_then(|(tiff, first)| tiff.directory(first));
    directory.is_some_and(|directory| {
        let has = |tag| directory.get(tag).is_some();
        has(256) && has(257) && PLACES.iter().any(|(places, _)| has(*places))
    })
}

/// Whether bytes begin as a TIFF does.
#[must_use]
pub fn is_tiff(bytes: &[u8]) -> bool {
    MARKS.iter().any(|(mark, _)| bytes.starts_with(*mark))
}

impl<'a> Tiff<'a> {
    /// The file, and where its first directory stands.
    #[must_use]
    pub fn open(bytes: &'a [u8]) -> Option<(Self, u64)> {
        let (_, layout) = MARKS.into_iter().find(|(mark, _)| bytes.starts_with(*mark))?;
        let first = layout.offset(bytes, if layout.big { 8 } else { 4 })?;
        Some((Self { bytes, layout }, first))
    }

    /// The whole file.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether numbers begin with their lowest byte.
    #[must_use]
    pub const fn is_little_endian(&self) -> bool {
        self.layout.little_endian
    }

    /// The directory at an offset; `None` outside of the file.
    #[must_use]
    pub fn directory(&self, offset: u64) -> Option<Directory<'a>> {
        let start = usize::try_from(offset).ok()?;
        let (count, first) = if self.layout.big {
            (usize::try_from(self.layout.u64(self.bytes, start)?).ok()?, start.checked_add(8)?)
        } else {
            (usize::from(self.layout.u16(self.bytes, start)?), start.checked_add(2)?)
        };
        let length = if self.layout.big { 20 } else { 12 };
        let entry = |index: usize| self.entry(index.checked_mul(length)?.checked_add(first)?);
        let entries = (0..count.min(MAX_ENTRIES)).map_while(entry).collect();
        let link = Some(count).filter(|count| *count <= MAX_ENTRIES).map(|count| first + count * length);
        let next = link.and_then(|at| self.layout.offset(self.bytes, at));
        let end = link.filter(|_| next.is_some()).map(|at| at + if self.layout.big { 8 } else { 4 });
        Some(Directory { entries, end, next: next.filter(|next| *next != 0) })
    }

    fn entry(&self, at: usize) -> Option<Entry<'a>> {
        let Self { bytes, layout } = *self;
        let (tag, kind) = (layout.u16(bytes, at)?, layout.u16(bytes, at + 2)?);
        let (count, value_at, inline) = if layout.big {
            (layout.u64(bytes, at + 4)?, at + 12, 8)
        } else {
            (u64::from(layout.u32(bytes, at + 4)?), at + 8, 4)
        };
        let offset = layout.offset(bytes, value_at)?;
        let length = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(unit_bytes(kind));
        let start = if length <= inline { value_at } else { usize::try_from(offset).unwrap_or(usize::MAX) };
        let value = start.checked_add(length).and_then(|end| bytes.get(start..end));
        Some(Entry { tag, kind, value: value.unwrap_or_default(), end: value.map(|value| start + value.len()), layout })
    }
}

impl<'a> Directory<'a> {
    /// The field with this number.
    #[must_use]
    pub fn get(&self, tag: u16) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    /// The first number of a field.
    #[must_use]
    pub fn number(&self, tag: u16) -> Option<u64> {
        self.get(tag)?.numbers().next()
    }

    /// The numbers of a field, of which only a table of colours has more than a few: as many as one of 16 bits.
    #[must_use]
    pub fn numbers(&self, tag: u16) -> Option<Vec<u64>> {
        self.get(tag).map(|entry| entry.numbers().take(MAX_NUMBERS).collect())
    }
}

impl Entry<'_> {
    /// Its values, for a field of whole numbers, but those below zero; none for another.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        let Self { kind, value, layout, .. } = *self;
        let is_signed = matches!(kind, SIGNED_BYTE | SIGNED_SHORT | SIGNED_LONG | SIGNED_LONG8);
        let is_whole = is_signed || matches!(kind, BYTE | SHORT | LONG | IFD | LONG8 | IFD8 | UNDEFINED);
        let unit = if is_whole { unit_bytes(kind) } else { 0 };
        let numbers = value.chunks_exact(unit.max(1)).filter(move |_| unit > 0).filter_map(move |bytes| match unit {
            1 => bytes.first().map(|byte| u64::from(*byte)),
            2 => layout.u16(bytes, 0).map(u64::from),
            4 => layout.u32(bytes, 0).map(u64::from),
            _ => layout.u64(bytes, 0),
        });
        numbers.filter(move |number| !is_signed || number >> (8 * unit - 1) == 0)
    }

    /// Whether any of its values says something other than zero. In a text
    /// that is a digit; of a fraction both parts count.
    #[must_use]
    pub fn is_not_zero(&self) -> bool {
        let any = |length: usize| self.value.chunks_exact(length).any(|bytes| bytes.iter().any(|byte| *byte != 0));
        match self.kind {
            RATIONAL | SIGNED_RATIONAL => self.value.chunks_exact(8).any(|fraction| {
                let (numerator, denominator) = fraction.split_at(4);
                numerator.iter().any(|byte| *byte != 0) && denominator.iter().any(|byte| *byte != 0)
            }),
            ASCII | UTF8 => self.value.iter().any(|byte| matches!(byte, b'1'..=b'9')),
            FLOAT => self.value.chunks_exact(4).any(|bytes| {
                self.layout.u32(bytes, 0).map(f32::from_bits).is_some_and(|number| number.is_finite() && number != 0.0)
            }),
            DOUBLE => self.value.chunks_exact(8).any(|bytes| {
                self.layout.u64(bytes, 0).map(f64::from_bits).is_some_and(|number| number.is_finite() && number != 0.0)
            }),
            kind => match unit_bytes(kind) {
                0 => false,
                length => any(length),
            },
        }
    }
}

impl Layout {
    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.little_endian { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }

    fn offset(self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.big { self.u64(bytes, at) } else { self.u32(bytes, at).map(u64::from) }
    }
}

const BYTE: u16 = 1;
const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;
const SIGNED_BYTE: u16 = 6;
const UNDEFINED: u16 = 7;
const SIGNED_SHORT: u16 = 8;
const SIGNED_LONG: u16 = 9;
const SIGNED_RATIONAL: u16 = 10;
const FLOAT: u16 = 11;
const DOUBLE: u16 = 12;
const IFD: u16 = 13;
const LONG8: u16 = 16;
const SIGNED_LONG8: u16 = 17;
const IFD8: u16 = 18;
const UTF8: u16 = 129;

/// Bytes of one value of a TIFF field type; 0 for one that is unknown.
const fn unit_bytes(kind: u16) -> usize {
    match kind {
        BYTE | ASCII | SIGNED_BYTE | UNDEFINED | UTF8 => 1,
        SHORT | SIGNED_SHORT => 2,
        LONG | SIGNED_LONG | FLOAT | IFD => 4,
        RATIONAL | SIGNED_RATIONAL | DOUBLE | LONG8 | SIGNED_LONG8 | IFD8 => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_every_layout() {
        // Width 300 and three bits of 8, in a directory at the file's start.
        let little = b"II*\0\x08\0\0\0\x02\0\0\x01\x03\0\x01\0\0\0\x2c\x01\0\0\x02\x01\x03\0\x03\0\0\0\x26\0\0\0\0\0\0\0\x08\0\x08\0\x08\0";
        let big = b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\x02\
            \x01\0\0\x03\0\0\0\0\0\0\0\x01\x01\x2c\0\0\0\0\0\0\x01\x02\0\x03\0\0\0\0\0\0\0\x03\0\x08\0\x08\0\x08\0\0\0\0\0\0\0\0\0\0";
        for (case, bytes) in [("classic", little.as_slice()), ("BigTIFF", big)] {
            let (tiff, first) = Tiff::open(bytes).unwrap();
            let directory = tiff.directory(first).unwrap();
            assert_eq!(directory.number(0x0100), Some(300), "{case}");
            assert_eq!(directory.numbers(0x0102), Some(vec![8, 8, 8]), "{case}");
            assert_eq!((directory.number(0x0103), directory.next), (None, None), "{case}");
        }
    }

    #[test]
    fn what_lies_outside_of_the_file_is_empty_and_no_panic() {
        let bytes = b"II*\0\x08\0\0\0\x01\0\0\x01\x04\0\xff\xff\xff\xff\x08\0\0\0\xff\xff\xff\xff";
        let (tiff, first) = Tiff::open(bytes).unwrap();
        let directory = tiff.directory(first).unwrap();
        assert_eq!(directory.number(0x0100), None);
        assert!(tiff.directory(directory.next.unwrap()).is_none());
        assert!(tiff.directory(u64::MAX).is_none());
    }

    /// A file of one directory with these entries, tag, type, count and value, and bytes behind it.
    fn file(entries: &[(u16, u16, u32, u32)], behind: &[u8]) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        bytes.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
        for (tag, kind, count, value) in entries {
            bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
        }
        bytes.extend([0; 4]);
        bytes.extend(behind);
        bytes
    }

    #[test]
    fn the_end_is_that_of_what_lies_in_the_file() {
        // Of one entry, and of two.
        const ONE: u32 = 26;
        const TWO: u32 = 38;
        let jpeg = b"\xFF\xD8\xFF\xDA\0\x02codes\xFF\xD9";
        for (case, entries, behind, expected) in [
            ("no strips", vec![(256, SHORT, 1, 9)], &b"other"[..], ONE),
            ("a strip", vec![(273, LONG, 1, TWO), (279, LONG, 1, 5)], b"stripother", TWO + 5),
            ("one without a length", vec![(273, LONG, 1, ONE + 3)], b"stripother", ONE + 3),
            ("one with an empty length", vec![(273, LONG, 1, TWO + 3), (279, LONG, 1, 0)], b"stripother", TWO + 3),
            ("one that is cut", vec![(273, LONG, 1, TWO + 3), (279, LONG, 1, 99)], b"stripother", TWO + 3),
            ("one outside", vec![(273, LONG, 1, 9_000), (279, LONG, 1, 5)], b"stripother", TWO),
            ("a value outside", vec![(256, SHORT, 1, 9), (700, BYTE, 99, 9_000)], b"other", TWO),
            ("a directory outside", vec![(256, SHORT, 1, 9), (330, LONG, 1, 9_000)], b"other", TWO),
            ("a JPEG without a length", vec![(273, LONG, 1, ONE)], jpeg, ONE + 13),
        ] {
            let bytes = [file(&entries, behind), jpeg.to_vec()].concat();
            assert_eq!(end(&bytes), Some(expected as usize), "{case}");
        }
    }

    #[test]
    fn a_field_of_any_length_is_held_within_bounds() {
        let bytes = file(&[(258, BYTE, 9 << 20, 26)], &vec![8; 9 << 20]);
        let (tiff, first) = Tiff::open(&bytes).unwrap();
        assert_eq!(tiff.directory(first).unwrap().numbers(258).unwrap().len(), MAX_NUMBERS);
    }

    #[test]
    fn the_end_is_looked_for_within_bounds() {
        // The same numbers for every field, far more of them than of bytes.
        let entries = vec![(330, LONG, 50_000, 8 + 2 + 12 * 60_000 + 4); 60_000];
        let zeros = vec![0; 4 * 50_000];
        assert_eq!(end(&file(&entries, &zeros)), Some(8 + 2 + 12 * 60_000 + 4 + zeros.len()));
        // Every number is another directory.
        let others: Vec<u8> = (0..300_u32).flat_map(|at| (at + 8).to_le_bytes()).collect();
        assert_eq!(end(&file(&[(330, LONG, 300, 26)], &others)), None);
    }
}
