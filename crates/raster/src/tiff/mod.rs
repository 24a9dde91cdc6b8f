//! TIFF, as scanners and cameras write it.

mod chunk;
mod page;
mod samples;

use warden_core::image::{
    Unreadable,
    tiff::{Directory, Entry, Tiff},
};

pub(crate) use chunk::fax;
pub(crate) use page::Page;

/// Most directories that are followed, pages or not.
const MAX_DIRECTORIES: usize = 256;

const NEW_SUBFILE_TYPE: u16 = 254;
const SUBFILE_TYPE: u16 = 255;
const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const SUB_DIRECTORIES: u16 = 330;

/// Where strips, tiles and a JPEG stand.
const PIXELS: [u16; 3] = [273, 324, 513];

/// The pages of a TIFF that are looked at.
pub(crate) struct Pages<'a> {
    pages: Vec<Page<'a>>,
    /// Why there are, or may be, others.
    pub(crate) unread: Option<Unreadable>,
}

impl<'a> Pages<'a> {
    pub(crate) fn len(&self) -> usize {
        self.pages.len()
    }

    pub(crate) fn first(&self) -> Option<&Page<'a>> {
        self.pages.first()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Page<'a>> {
        self.pages.iter()
    }
}

/// The pages of a TIFF, at most so many: those of its chain, and the pictures below them
/// that are not only smaller copies.
///
/// # Errors
/// [`Unreadable::Damaged`] when there is none.
pub(crate) fn pages(bytes: &[u8], most: usize) -> Result<Pages<'_>, Unreadable> {
    let (tiff, first) = Tiff::open(bytes).ok_or(Unreadable::Damaged)?;
    let mut pages = Pages { pages: Vec::new(), unread: None };
    // Offsets that are to be followed, with the size of the page that they belong to.
    let mut seen = vec![first];
    let mut open = vec![(first, None)];
    while let Some((offset, above)) = open.pop() {
        let Some(directory) = tiff.directory(offset) else {
            pages.unread.get_or_insert(Unreadable::Damaged);
            continue;
        };
        let below = directory.get(SUB_DIRECTORIES);
        if directory.end.is_none() || below.is_some_and(|below| below.end.is_none()) {
            pages.unread.get_or_insert(Unreadable::Damaged);
        }
        let size = (directory.number(WIDTH), directory.number(HEIGHT));
        let mut follow = |offset, above| {
            if seen.contains(&offset) {
                return;
            }
            if seen.len() == MAX_DIRECTORIES {
                pages.unread.get_or_insert(Unreadable::TooLarge);
                return;
            }
            seen.push(offset);
            open.push((offset, above));
        };
        // The next page comes after those below this one.
        if let Some(next) = directory.next {
            follow(next, above);
        }
        // Room for one is left empty with 0. More than are followed are seen to be too many.
        let below = below.into_iter().flat_map(Entry::numbers).filter(|offset| *offset != 0);
        let below: Vec<_> = below.take(MAX_DIRECTORIES + 1).collect();
        below.into_iter().rev().for_each(|offset| follow(offset, Some(size)));
        let is_copy = above.is_some_and(|above| is_reduced(&directory) && is_smaller(size, above));
        if !is_copy && (size != (None, None) || has_pixels(&directory)) {
            if pages.pages.len() == most {
                pages.unread.get_or_insert(Unreadable::TooLarge);
                break;
            }
            pages.pages.push(Page::new(tiff, directory));
        }
    }
    if pages.pages.is_empty() { Err(Unreadable::Damaged) } else { Ok(pages) }
}

/// Whether a directory has pixels, of which it may leave the size to what is coded: a camera's raw picture.
fn has_pixels(directory: &Directory<'_>) -> bool {
    PIXELS.iter().any(|tag| directory.number(*tag).is_some_and(|place| place > 0))
}

/// Whether a directory calls its picture a reduced copy of another.
fn is_reduced(directory: &Directory<'_>) -> bool {
    directory.number(NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 != 0) || directory.number(SUBFILE_TYPE) == Some(2)
}

type Size = (Option<u64>, Option<u64>);

/// Whether a picture is smaller than another and of the same shape.
fn is_smaller(size: Size, than: Size) -> bool {
    let (Some(width), Some(height), Some(full_width), Some(full_height)) = (size.0, size.1, than.0, than.1) else {
        return false;
    };
    // Within a pixel of the smaller one.
    let (a, b) = (width.saturating_mul(full_height), height.saturating_mul(full_width));
    width < full_width && height < full_height && a.abs_diff(b) <= full_width.max(full_height)
}
