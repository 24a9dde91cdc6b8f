//! Icons and cursors: several pictures in one file.

use std::borrow::Cow;

use warden_core::image::{ImageFormat, Unreadable};

use crate::bmp;

/// Shortest longer edge of a picture, in pixels, that is looked at beside a larger one: in a
/// smaller one no print is readable, and it is the same picture as a rule.
const WORTH_A_LOOK: u32 = 64;

/// A picture of an icon, as a file of its own.
type File<'a> = (ImageFormat, Cow<'a, [u8]>);

/// The pictures of an icon, the largest first, each if its header is whole.
///
/// # Errors
/// [`Unreadable::Damaged`] when there is none.
pub(crate) fn pictures(icon: &[u8]) -> Result<Vec<Result<File<'_>, Unreadable>>, Unreadable> {
    let count = icon.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |count| u16::from_le_bytes(*count));
    let mut places = Vec::new();
    for entry in icon.get(6..).unwrap_or_default().chunks_exact(16).take(usize::from(count)) {
        let place = (bmp::number(entry, 12).unwrap_or_default(), bmp::number(entry, 8).unwrap_or_default());
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let mut pictures: Vec<(u32, &[u8])> = places
        .into_iter()
        .filter_map(|(start, length)| {
            let rest = icon.get(usize::try_from(start).ok()?..)?;
            let entry = &rest[..rest.len().min(usize::try_from(length).ok()?)];
            Some((longer_edge(entry)?, entry))
        })
        .collect();
    pictures.sort_by_key(|(edge, _)| std::cmp::Reverse(*edge));
    let kept = pictures.iter().filter(|(edge, _)| *edge >= WORTH_A_LOOK).count().max(1);
    pictures.truncate(kept);
    if pictures.is_empty() {
        return Err(Unreadable::Damaged);
    }
    let file = |entry| {
        if is_png(entry) {
            Ok((ImageFormat::Png, Cow::Borrowed(entry)))
        } else {
            bmp::of_icon(entry).map(|bitmap| (ImageFormat::Bmp, bitmap.into()))
        }
    };
    Ok(pictures.into_iter().map(|(_, entry)| file(entry)).collect())
}

fn is_png(entry: &[u8]) -> bool {
    entry.starts_with(b"\x89PNG\r\n\x1a\n")
}

fn longer_edge(entry: &[u8]) -> Option<u32> {
    if is_png(entry) {
        let edge = |at: usize| entry.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        return Some(edge(16)?.max(edge(20)?));
    }
    Some(bmp::number(entry, 4)?.max(bmp::number(entry, 8)? / 2))
}
