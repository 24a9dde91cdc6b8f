//! A PDF of pictures, a page each.

use image::{RgbImage, codecs::jpeg::JpegEncoder};
use warden_core::image::Unreadable;

use super::QUALITY;

/// A file that is written page by page.
#[derive(Default)]
pub(super) struct PdfFile {
    /// From the third on: for each page itself, what is drawn on it, and the picture.
    objects: Vec<Vec<u8>>,
}

impl PdfFile {
    /// Bytes of the pages that it has so far.
    pub(super) fn len(&self) -> usize {
        self.objects.iter().map(Vec::len).sum()
    }

    /// Adds a picture with so many pixels to a point.
    ///
    /// # Errors
    /// [`Unreadable::TooLarge`] for one that is not encoded.
    pub(super) fn add(&mut self, picture: &RgbImage, pixels_per_point: f32) -> Result<(), Unreadable> {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(picture).map_err(|_| Unreadable::TooLarge)?;
        let (pixels, page) = (picture.dimensions(), self.objects.len() + 3);
        let points = |pixels: u32| f64::from(pixels) / f64::from(pixels_per_point);
        let (width, height) = (points(pixels.0), points(pixels.1));
        let drawing = format!("{width:.2} 0 0 {height:.2} 0 0 cm /P Do");
        self.objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.2} {height:.2}] /Contents {} 0 R \
                 /Resources << /XObject << /P {} 0 R >> >> >>",
                page + 1,
                page + 2
            )
            .into_bytes(),
        );
        self.objects.push(stream("", drawing.as_bytes()));
        let picture = format!(
            "/Type /XObject /Subtype /Image /Width {} /Height {} /ColorSpace /DeviceRGB /BitsPerComponent 8 \
             /Filter /DCTDecode",
            pixels.0, pixels.1
        );
        self.objects.push(stream(&picture, &jpeg));
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let pages: Vec<_> = (0..self.objects.len()).step_by(3).map(|at| format!("{} 0 R", at + 3)).collect();
        let tree = format!("<< /Type /Pages /Count {} /Kids [{}] >>", pages.len(), pages.join(" "));
        let first = [b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(), tree.into_bytes()];
        let mut bytes = b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec();
        let mut places = Vec::new();
        for (index, object) in first.iter().chain(&self.objects).enumerate() {
            places.push(bytes.len());
            bytes.extend(format!("{} 0 obj\n", index + 1).bytes());
            bytes.extend(object);
            bytes.extend(b"\nendobj\n");
        }
        let table = bytes.len();
        let count = places.len() + 1;
        bytes.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").bytes());
        for place in places {
            bytes.extend(format!("{place:010} 00000 n \n").bytes());
        }
        bytes.extend(format!("trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").bytes());
        bytes
    }
}

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<< {dictionary} /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}
