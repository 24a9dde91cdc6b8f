//! EXIF, which is a TIFF file's directories.

use super::{Told, iptc, says_something, xmp};
use crate::image::tiff::Tiff;

/// Directories that are looked at: those of a file's pages, and for each its
/// EXIF and GPS directory.
const MAX_DIRECTORIES: usize = 64;

const SUB_DIRECTORIES: u16 = 0x014A;
const XMP: u16 = 0x02BC;
const IPTC: u16 = 0x83BB;
const PHOTOSHOP: u16 = 0x8649;
const EXIF_DIRECTORY: u16 = 0x8769;
const GPS_DIRECTORY: u16 = 0x8825;

/// `Artist`, `XPAuthor`, `CameraOwnerName`, `Photographer`, `ImageEditor`.
const NAMES: [u16; 5] = [0x013B, 0x9C9D, 0xA430, 0xA437, 0xA438];

/// `GPSLatitude`, `GPSLongitude`, `GPSDestLatitude`, `GPSDestLongitude`; these numbers
/// mean something else outside a GPS directory.
const POSITIONS: [u16; 4] = [0x0002, 0x0004, 0x0014, 0x0016];

/// Most bytes between the beginning of a piece and EXIF's byte order mark: writers have
/// their own ideas of what stands there.
const MAX_PREFIX: usize = 32;

/// Where EXIF's byte order mark stands in a piece of a container, if it has one.
pub(super) fn start(piece: &[u8]) -> Option<usize> {
    piece.windows(4).take(MAX_PREFIX).position(|window| matches!(window, b"II*\0" | b"MM\0*"))
}

/// What a piece that is EXIF tells, whatever stands before its byte order mark.
pub(super) fn told_behind(piece: &[u8]) -> Told {
    start(piece).map(|start| told(&piece[start..])).unwrap_or_default()
}

/// What EXIF tells, from its byte order mark on. Directories are followed wherever
/// one points to another: writers put the pointers into each of them.
pub(super) fn told(bytes: &[u8]) -> Told {
    let mut told = Told::default();
    let Some((tiff, first)) = Tiff::open(bytes) else { return told };
    let mut directories = vec![(first, false)];
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
            match entry.tag {
                // How cameras write that they do not know is all zeros.
                tag if gps && POSITIONS.contains(&tag) => told.location |= entry.is_not_zero(),
                EXIF_DIRECTORY | SUB_DIRECTORIES => {
                    entry.numbers().take(MAX_DIRECTORIES).for_each(|at| more(at, false));
                }
                GPS_DIRECTORY => entry.numbers().take(1).for_each(|at| more(at, true)),
                XMP => told |= xmp::told(entry.value),
                IPTC => told |= iptc::told(entry.value),
                PHOTOSHOP => told |= iptc::told_by_photoshop(entry.value),
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
