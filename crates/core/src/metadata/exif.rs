//! EXIF, which is a TIFF file's directories.

use super::{MAX_PIECE, Told, iptc, says_something, xmp};
use crate::image::tiff::Tiff;

/// Directories that are looked at: those of a file's pages, and for each its
/// EXIF and GPS directory.
const MAX_DIRECTORIES: usize = 64;

/// Most pointers that are followed: directories of any length may all point to each other.
const MAX_POINTERS: usize = 4_096;

/// How deep EXIF is read in Photoshop's resources in EXIF.
const MAX_NESTED: usize = 3;

const XMP: u16 = 0x02BC;
const IPTC: u16 = 0x83BB;
const PHOTOSHOP: u16 = 0x8649;
const GPS_DIRECTORY: u16 = 0x8825;

/// Pointers to directories of any kind: `GlobalParametersIFD`, `SubIFDs`, `ExifIFD`, `InteropIFD`.
const DIRECTORIES: [u16; 4] = [0x0190, 0x014A, 0x8769, 0xA005];

/// `Artist`, `XPAuthor`, `CameraOwnerName`, `Photographer`, `ImageEditor`.
const NAMES: [u16; 5] = [0x013B, 0x9C9D, 0xA430, 0xA437, 0xA438];

/// `GPSLatitude`, `GPSLongitude`, `GPSDestLatitude`, `GPSDestLongitude`; these numbers
/// mean something else outside a GPS directory.
const POSITIONS: [u16; 4] = [0x0002, 0x0004, 0x0014, 0x0016];

/// Name that stands before EXIF in a container, in any case.
const NAME: &[u8] = b"Exif\0";

/// Most bytes between the beginning of a piece and EXIF's byte order mark: writers have
/// their own ideas of what stands there.
const MAX_PREFIX: usize = 32;

/// What a piece of a container tells that is EXIF: bare, or behind its name and whatever else stands before its
/// byte order mark. It `is_exif` by the container's own word, or must have its name. `None` for one that is something else.
pub(super) fn told_behind(piece: &[u8], is_exif: bool) -> Option<Told> {
    let is_named = |before: &[u8]| before.windows(4).any(|name| name.eq_ignore_ascii_case(&NAME[..4]));
    let start = piece.windows(4).take(MAX_PREFIX).position(|window| matches!(window, b"II*\0" | b"MM\0*"));
    if let Some(start) = start.filter(|start| is_exif || *start == 0 || is_named(&piece[..*start])) {
        return Some(told(&piece[start..]));
    }
    let name = piece.windows(NAME.len()).take(MAX_PREFIX).position(|name| name.eq_ignore_ascii_case(NAME))?;
    // Other readers take any number for that of a TIFF.
    let (order, number) = match *piece.get(name + NAME.len() + 1..)? {
        [b'I', b'I', _, _, ..] => (b"II", b"*\0"),
        [b'M', b'M', _, _, ..] => (b"MM", b"\0*"),
        _ => return None,
    };
    Some(told(&[order, number, &piece[name + NAME.len() + 5..]].concat()))
}

/// What EXIF tells, from its byte order mark on. Directories are followed wherever
/// one points to another: writers put the pointers into each of them.
pub(super) fn told(bytes: &[u8]) -> Told {
    told_within(bytes, 0)
}

/// The same of EXIF that stands so deep in EXIF.
pub(super) fn told_within(bytes: &[u8], depth: usize) -> Told {
    let mut told = Told::default();
    let Some((tiff, first)) = Tiff::open(bytes).filter(|_| depth < MAX_NESTED) else { return told };
    let mut directories = vec![(first, false)];
    let mut pointers = MAX_POINTERS;
    // Pieces that are longer together than what they stand in are the same bytes again and again.
    let mut left = bytes.len();
    let mut at = 0;
    while let Some(&(offset, gps)) = directories.get(at) {
        at += 1;
        let Some(directory) = tiff.directory(offset) else { continue };
        let mut more = |offset, gps| {
            if directories.len() < MAX_DIRECTORIES && !directories.contains(&(offset, gps)) {
                directories.push((offset, gps));
            }
        };
        for entry in &directory.entries {
            let mut piece = || {
                let piece = &entry.value[..entry.value.len().min(MAX_PIECE).min(left)];
                left -= piece.len();
                piece
            };
            match entry.tag {
                // How cameras write that they do not know is all zeros.
                tag if gps && POSITIONS.contains(&tag) => told.location |= entry.is_not_zero(),
                tag if DIRECTORIES.contains(&tag) => {
                    for at in entry.numbers().take(MAX_DIRECTORIES.min(pointers)) {
                        pointers -= 1;
                        more(at, false);
                    }
                }
                GPS_DIRECTORY => entry.numbers().take(1).for_each(|at| more(at, true)),
                XMP => told |= xmp::told(piece()),
                IPTC => told |= iptc::told(piece()),
                PHOTOSHOP => told |= iptc::told_by_photoshop(piece(), depth + 1),
                tag if NAMES.contains(&tag) => told.authorship |= says_something(entry.value),
                _ => {}
            }
        }
        if let Some(next) = directory.next.filter(|_| !gps) {
            more(next, false);
        }
    }
    told
}
