//! What an image's metadata tells of people: where it was taken, who made or
//! owns it, who is in it. Found in code, without the model.
//!
//! Read are EXIF and XMP of JPEG, PNG, WebP and TIFF, XMP of GIF, and a PNG's
//! text chunks. Not read: maker notes, IPTC records, compressed text chunks,
//! XMP in several parts, and what is damaged.

mod container;
mod exif;
mod xmp;

use std::ops::BitOrAssign;

pub use container::Scanner;

use crate::{
    image::ImageFormat,
    pii::{Category, Finding, Place},
};

/// What metadata tells; never what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    /// A position on earth.
    location: bool,
    /// A name of somebody.
    person: bool,
}

impl BitOrAssign for Told {
    fn bitor_assign(&mut self, other: Self) {
        self.location |= other.location;
        self.person |= other.person;
    }
}

impl Told {
    fn findings(self) -> Vec<Finding> {
        [(Category::LocationMetadata, self.location), (Category::PersonMetadata, self.person)]
            .into_iter()
            .filter(|(_, told)| *told)
            .map(|(category, _)| Finding { category, confidence: 1.0, r#where: Place::Metadata })
            .collect()
    }
}

/// What the metadata of a whole file tells.
#[must_use]
pub fn findings(format: ImageFormat, bytes: &[u8]) -> Vec<Finding> {
    match format {
        ImageFormat::Tiff => exif::told(bytes).findings(),
        ImageFormat::Gif => xmp::in_gif(bytes).map(xmp::told).unwrap_or_default().findings(),
        ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP => {
            let mut scanner = Scanner::of(format);
            scanner.push(bytes);
            scanner.findings()
        }
        ImageFormat::Bmp | ImageFormat::Ico | ImageFormat::Pnm => Vec::new(),
    }
}

/// Whether a text has anything to read in it: blanks and dashes are how cameras
/// leave a field empty.
fn says_something(text: &[u8]) -> bool {
    text.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
}

#[cfg(test)]
mod tests;
