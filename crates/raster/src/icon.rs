//! Icons and cursors: several pictures in one file.

use std::cmp::Reverse;

use warden_core::image::{ImageFormat, Unreadable};

use crate::{
    bmp,
    decode::{Picture, decode},
};

/// Shortest longer edge of a picture, in pixels, that is looked at beside a larger one: in a
/// smaller one no print is readable, and it is the same picture as a rule.
const WORTH_A_LOOK: u32 = 64;

/// The pictures of an icon that are looked at, the largest first.
pub(crate) struct Pictures<'a> {
    entries: Vec<Entry<'a>>,
    /// Why there are, or may be, others.
    pub(crate) unread: Option<Unreadable>,
}

/// What the icon's directory says of a picture.
struct Entry<'a> {
    /// Its longer edge, in pixels: by its own header where that is there.
    edge: u32,
    /// Where it begins, and how many bytes it has.
    place: (u32, u32),
    /// As many of them as there are; `None` for one that lies outside of the file.
    bytes: Option<&'a [u8]>,
}

impl Pictures<'_> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Their pixels; `held` bytes are in memory already.
    pub(crate) fn decode(&self, held: u64) -> impl Iterator<Item = Result<Picture, Unreadable>> {
        self.entries.iter().map(move |entry| match entry.bytes.ok_or(Unreadable::Damaged)? {
            png if is_png(png) => decode(png, ImageFormat::Png, held),
            bitmap => bmp::of_icon(bitmap, held),
        })
    }
}

/// The pictures of an icon, at most so many.
///
/// # Errors
/// [`Unreadable::Damaged`] when there is none.
pub(crate) fn pictures(icon: &[u8], most: usize) -> Result<Pictures<'_>, Unreadable> {
    let count = icon.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |count| u16::from_le_bytes(*count));
    let (directory, _) = icon.get(6..).unwrap_or_default().as_chunks::<16>();
    let mut unread = (directory.len() < usize::from(count)).then_some(Unreadable::Damaged);
    let mut entries: Vec<_> =
        directory.iter().take(usize::from(count)).filter_map(|entry| Entry::of(icon, entry)).collect();
    entries.sort_by_key(|entry| (Reverse(entry.edge), entry.place));
    entries.dedup_by_key(|entry| entry.place);
    let worth_a_look = entries.iter().filter(|entry| entry.edge >= WORTH_A_LOOK).count().max(1);
    if worth_a_look > most {
        unread.get_or_insert(Unreadable::TooLarge);
    }
    entries.truncate(worth_a_look.min(most));
    if entries.is_empty() { Err(Unreadable::Damaged) } else { Ok(Pictures { entries, unread }) }
}

impl<'a> Entry<'a> {
    /// That of a picture; none for one without bytes.
    fn of(icon: &'a [u8], entry: &[u8; 16]) -> Option<Self> {
        let place = (bmp::number(entry, 12)?, bmp::number(entry, 8).filter(|length| *length > 0)?);
        let (start, length) = (usize::try_from(place.0).ok()?, usize::try_from(place.1).ok()?);
        let bytes = icon.get(start..).filter(|rest| !rest.is_empty()).map(|rest| &rest[..rest.len().min(length)]);
        // 0 stands for 256, and for what is larger.
        let told = |edge: u8| if edge == 0 { 256 } else { u32::from(edge) };
        let edge = bytes.and_then(longer_edge).unwrap_or_else(|| told(entry[0]).max(told(entry[1])));
        Some(Self { edge, place, bytes })
    }
}

fn is_png(entry: &[u8]) -> bool {
    entry.starts_with(b"\x89PNG\r\n\x1a\n")
}

fn longer_edge(entry: &[u8]) -> Option<u32> {
    if is_png(entry) {
        let edge = |at: usize| entry.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        return Some(edge(16)?.max(edge(20)?));
    }
    Some(bmp::number(entry, 4)?.max(bmp::number(entry, 8)?.cast_signed().unsigned_abs() / 2))
}
