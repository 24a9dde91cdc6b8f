//! An image in a request, and what Bedrock refuses about it.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use serde_json::Value;

use super::Exception;

/// The longest base64 text of one image.
const MAX_BASE64_BYTES: usize = 5_242_880;
/// The longest edge, and the longest when the request holds many images.
const MAX_EDGE: u32 = 8_000;
const MAX_EDGE_OF_MANY: u32 = 2_000;
/// More than this many images are "many".
const MANY: usize = 20;
/// An 8,000 × 8,000 image with four channels, and room to decode it.
const MAX_ALLOCATION: u64 = 320 * 1024 * 1024;

/// An image that was accepted, still encoded.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ImageBlock {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Shows the size alone: an image is content.
impl std::fmt::Debug for ImageBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImageBlock({}, {}x{})", self.media_type, self.width, self.height)
    }
}

impl ImageBlock {
    /// Reads a block's `source`; `path` says where in the request it stands.
    ///
    /// # Errors
    ///
    /// What Bedrock answers to an image that it does not take.
    pub(crate) fn read(source: &Value, path: &str) -> Result<Self, Exception> {
        let refuse = |what: &str| Exception::validation(format!("{path}.source.{what}"));
        match source["type"].as_str() {
            Some("base64") => {}
            Some(other) => {
                return Err(Exception::validation(format!(
                    "{path}.source: Input tag '{other}' found using 'type' does not match any of the expected tags: \
                     'base64'"
                )));
            }
            None => return Err(refuse("type: Field required")),
        }
        let declared = match source.get("media_type") {
            Some(Value::String(text)) => media_type(text).ok_or_else(|| {
                refuse("base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'")
            })?,
            Some(_) => return Err(refuse("base64.media_type: Input should be a valid string")),
            None => return Err(refuse("base64.media_type: Field required")),
        };
        let Some(data) = source["data"].as_str() else {
            return Err(refuse("base64.data: Field required"));
        };
        if data.len() > MAX_BASE64_BYTES {
            return Err(refuse(&format!(
                "base64: image exceeds 5 MB maximum: {} bytes > {MAX_BASE64_BYTES} bytes",
                data.len()
            )));
        }
        let bytes =
            base64_simd::STANDARD.decode_to_vec(data).map_err(|_| refuse("base64.data: Invalid base64 data"))?;
        if bytes.is_empty() {
            return Err(refuse("base64.data: image cannot be empty"));
        }
        match image::guess_format(&bytes).ok().and_then(type_of_format) {
            Some(found) if found == declared => {}
            _ => {
                return Err(refuse(&format!("base64: Image does not match the provided media type {declared}")));
            }
        }
        let (width, height) =
            reader(&bytes).and_then(|reader| reader.into_dimensions().ok()).ok_or_else(could_not_process)?;
        if width > MAX_EDGE || height > MAX_EDGE {
            return Err(refuse("base64: At least one of the image dimensions exceed max allowed size: 8000 pixels"));
        }
        if width == 0 || height == 0 {
            return Err(could_not_process());
        }
        Ok(Self { bytes, media_type: declared, width, height })
    }

    /// The pixels.
    ///
    /// # Errors
    ///
    /// What Bedrock answers to an image that begins well and is broken inside.
    pub(crate) fn decode(&self) -> Result<DynamicImage, Exception> {
        let mut reader = reader(&self.bytes).ok_or_else(could_not_process)?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_EDGE);
        limits.max_image_height = Some(MAX_EDGE);
        limits.max_alloc = Some(MAX_ALLOCATION);
        reader.limits(limits);
        reader.decode().map_err(|_| could_not_process())
    }

    /// What the service counts for it: it scales large images down first.
    pub(crate) fn tokens(&self) -> u64 {
        const LONG_EDGE: u64 = 1_568;
        let (width, height) = (u64::from(self.width), u64::from(self.height));
        let long = width.max(height);
        let pixels =
            if long > LONG_EDGE { width * height * LONG_EDGE * LONG_EDGE / (long * long) } else { width * height };
        (pixels / 750).max(1)
    }
}

/// Refuses images that are too large to stand beside so many others.
pub(crate) fn check_together(images: &[&ImageBlock]) -> Result<(), Exception> {
    let too_large = |image: &&&ImageBlock| image.width > MAX_EDGE_OF_MANY || image.height > MAX_EDGE_OF_MANY;
    if images.len() > MANY && images.iter().any(|image| too_large(&image)) {
        return Err(Exception::validation(
            "messages: At least one of the image dimensions exceed max allowed size for many-image requests: 2000 \
             pixels",
        ));
    }
    Ok(())
}

fn reader(bytes: &[u8]) -> Option<ImageReader<Cursor<&[u8]>>> {
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()
}

fn media_type(text: &str) -> Option<&'static str> {
    ["image/jpeg", "image/png", "image/gif", "image/webp"].into_iter().find(|known| *known == text)
}

fn type_of_format(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Jpeg => Some("image/jpeg"),
        ImageFormat::Png => Some("image/png"),
        ImageFormat::Gif => Some("image/gif"),
        ImageFormat::WebP => Some("image/webp"),
        _ => None,
    }
}

fn could_not_process() -> Exception {
    Exception::validation("Could not process image")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in super::super) fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_luma8(width, height).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn source(media_type: &str, bytes: &[u8]) -> Value {
        json!({"type": "base64", "media_type": media_type, "data": base64_simd::STANDARD.encode_to_string(bytes)})
    }

    #[test]
    fn a_good_image_is_taken_with_its_size() {
        let image = ImageBlock::read(&source("image/png", &png(30, 20)), "messages.0.content.0.image").unwrap();
        assert_eq!((image.width, image.height), (30, 20));
        assert_eq!(image.decode().unwrap().height(), 20);
    }

    #[test]
    fn what_bedrock_refuses_is_refused_with_its_words() {
        let jpeg_header = [0xFF, 0xD8, 0xFF, 0xE0, 0, 0x10, b'J', b'F', b'I', b'F', 0];
        for (source, message) in [
            (json!({"type": "url", "url": "x"}), "Input tag 'url'"),
            (json!({"media_type": "image/png"}), "type: Field required"),
            (json!({"type": "base64", "data": ""}), "media_type: Field required"),
            (json!({"type": "base64", "media_type": "image/bmp", "data": ""}), "Input should be 'image/jpeg'"),
            (json!({"type": "base64", "media_type": "image/png"}), "data: Field required"),
            (json!({"type": "base64", "media_type": "image/png", "data": ""}), "cannot be empty"),
            (json!({"type": "base64", "media_type": "image/png", "data": "%%%"}), "Invalid base64"),
            (json!({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGg\n=="}), "Invalid base64"),
            (json!({"type": "base64", "media_type": "image/png", "data": "A".repeat(5_242_884)}), "exceeds 5 MB"),
            (source("image/jpeg", &png(4, 4)), "does not match the provided media type image/jpeg"),
            (source("image/png", b"plain text, no image"), "does not match the provided media type image/png"),
            (source("image/png", &png(8_001, 1)), "max allowed size: 8000 pixels"),
            (source("image/jpeg", &jpeg_header), "Could not process image"),
        ] {
            let refused = ImageBlock::read(&source, "messages.0.content.0.image").unwrap_err();
            assert_eq!(refused.status(), 400);
            assert!(refused.message.contains(message), "{message}: {}", refused.message);
        }
    }

    #[test]
    fn an_image_broken_after_its_header_cannot_be_processed() {
        let mut bytes = png(64, 64);
        bytes.truncate(50);
        let image = ImageBlock::read(&source("image/png", &bytes), "p").unwrap();
        assert_eq!(image.decode().unwrap_err().message, "Could not process image");
    }

    #[test]
    fn more_than_twenty_images_must_be_smaller() {
        let large = ImageBlock { bytes: vec![], media_type: "image/png", width: 2_001, height: 10 };
        assert!(check_together(&[&large; 20]).is_ok());
        assert!(check_together(&[&large; 21]).is_err());
    }

    #[test]
    fn a_large_image_costs_no_more_than_its_scaled_size() {
        let tokens = |width, height| ImageBlock { bytes: vec![], media_type: "image/png", width, height }.tokens();
        assert_eq!(tokens(750, 100), 100);
        assert_eq!(tokens(1_568, 1_568), tokens(4_000, 4_000));
    }
}
