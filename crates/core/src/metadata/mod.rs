//! What an image's metadata tells of people: where it was taken, who made or
//! owns it, who is in it. Found in code, without the model.
//!
//! Read are EXIF, XMP and IPTC of JPEG, PNG, WebP and TIFF, with Photoshop's
//! resources, XMP of GIF, a PNG's text chunks, and the position in a motion
//! photo's video and in what vouches for a picture (C2PA). Of a HEIC and a PDF, `warden-raster` takes the [`Piece`]s out. Not read: maker notes, and EXIF in several segments.

mod container;
mod exif;
mod iptc;
mod video;
mod xmp;

use std::{borrow::Cow, ops::BitOrAssign};

pub use container::{Doubt, Scanned, Scanner};

use crate::{
    image::ImageFormat,
    pii::{Category, Finding, Place},
};

/// Longest piece of metadata that is kept to be read, in bytes.
const MAX_PIECE: usize = 4 * 1024 * 1024;

/// What metadata tells; never what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    /// A position on earth.
    location: bool,
    /// A name of somebody who is shown.
    person: bool,
    /// A name of somebody who made, handled or owns it.
    authorship: bool,
}

impl BitOrAssign for Told {
    fn bitor_assign(&mut self, other: Self) {
        self.location |= other.location;
        self.person |= other.person;
        self.authorship |= other.authorship;
    }
}

impl Told {
    fn findings(self) -> Vec<Finding> {
        let told = [
            (Category::LocationMetadata, self.location),
            (Category::PersonMetadata, self.person),
            (Category::AuthorshipMetadata, self.authorship),
        ];
        told.into_iter()
            .filter(|(_, told)| *told)
            .map(|(category, _)| Finding::new(category, 1.0, Place::Metadata))
            .collect()
    }
}

/// What the metadata of a whole file tells.
#[must_use]
pub fn findings(format: ImageFormat, bytes: &[u8]) -> Vec<Finding> {
    match format {
        ImageFormat::Tiff => exif::told(bytes).findings(),
        ImageFormat::Gif => xmp::told_by_gif(bytes).findings(),
        ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP => {
            let mut scanner = Scanner::of(format);
            scanner.push(bytes);
            scanner.finish().findings
        }
        ImageFormat::Bmp | ImageFormat::Ico | ImageFormat::Pnm | ImageFormat::Heic | ImageFormat::Pdf => Vec::new(),
    }
}

/// A piece of metadata, out of a container that is not opened here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// EXIF, with what its container puts before it.
    Exif(Cow<'a, [u8]>),
    /// An XMP packet.
    Xmp(Cow<'a, [u8]>),
    /// A film that belongs to a picture.
    Film(&'a [u8]),
    /// The name of who wrote a document, in any encoding.
    Author(Cow<'a, [u8]>),
}

/// What pieces of metadata tell together.
#[must_use]
pub fn told_by<'a>(pieces: impl IntoIterator<Item = Piece<'a>>) -> Vec<Finding> {
    let mut told = Told::default();
    for piece in pieces {
        told |= match piece {
            Piece::Exif(bytes) => exif::told_behind(&bytes, true).unwrap_or_default(),
            Piece::Xmp(packet) => xmp::told(&packet[..packet.len().min(MAX_PIECE)]),
            Piece::Film(bytes) => video::told(bytes),
            Piece::Author(name) => {
                // A mark of the encoding says nothing.
                let name =
                    name.strip_prefix(b"\xFE\xFF").or_else(|| name.strip_prefix(b"\xEF\xBB\xBF")).unwrap_or(&name);
                Told { authorship: says_something(name), ..Told::default() }
            }
        };
    }
    told.findings()
}

/// Whether a text has anything to read in it: blanks and dashes are how cameras
/// leave a field empty.
fn says_something(text: &[u8]) -> bool {
    text.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
}

#[cfg(test)]
mod tests;
