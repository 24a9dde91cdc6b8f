//! A TIFF of pictures, a page each.

use image::RgbImage;
use miniz_oxide::deflate::compress_to_vec_zlib;
use warden_core::image::Unreadable;

/// Deflate's level, of 10.
const LEVEL: u8 = 6;

/// How many fields a page has.
const FIELDS: u16 = 10;

const SHORT: u16 = 3;
const LONG: u16 = 4;

/// A file that is written page by page.
pub(super) struct TiffFile {
    bytes: Vec<u8>,
    /// Where the offset of the next page is to be written.
    next: usize,
}

impl TiffFile {
    pub(super) fn new() -> Self {
        Self { bytes: b"II*\0\0\0\0\0".to_vec(), next: 4 }
    }

    /// Bytes that it has so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// # Errors
    /// [`Unreadable::TooLarge`] where the file has no offset for it.
    pub(super) fn add(&mut self, picture: &RgbImage) -> Result<(), Unreadable> {
        let strip = compress_to_vec_zlib(picture.as_raw(), LEVEL);
        let samples = self.offset()?;
        // Three samples of eight bits.
        self.bytes.extend([8, 0, 8, 0, 8, 0]);
        let data = self.offset()?;
        let length = u32::try_from(strip.len()).map_err(|_| Unreadable::TooLarge)?;
        self.bytes.extend(strip);
        if self.bytes.len() % 2 == 1 {
            self.bytes.push(0);
        }
        let directory = self.offset()?.to_le_bytes();
        self.bytes[self.next..self.next + 4].copy_from_slice(&directory);
        self.bytes.extend(FIELDS.to_le_bytes());
        for (tag, kind, count, value) in [
            // A page of several.
            (254_u16, LONG, 1_u32, 2),
            (256, LONG, 1, picture.width()),
            (257, LONG, 1, picture.height()),
            (258, SHORT, 3, samples),
            // Deflate.
            (259, SHORT, 1, 8),
            // Red, green, blue.
            (262, SHORT, 1, 2),
            (273, LONG, 1, data),
            (277, SHORT, 1, 3),
            (278, LONG, 1, picture.height()),
            (279, LONG, 1, length),
        ] {
            self.bytes.extend(tag.to_le_bytes());
            self.bytes.extend(kind.to_le_bytes());
            self.bytes.extend(count.to_le_bytes());
            self.bytes.extend(value.to_le_bytes());
        }
        self.next = self.bytes.len();
        self.bytes.extend([0; 4]);
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn offset(&self) -> Result<u32, Unreadable> {
        u32::try_from(self.bytes.len()).map_err(|_| Unreadable::TooLarge)
    }
}
