//! What a picture holds.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, ImageResult, RgbImage,
    codecs::{gif::GifEncoder, jpeg::JpegEncoder},
};
use warden_core::{image::Area, pii::Category};

/// How little care a GIF's colours are chosen with: what is drawn here has few.
const FASTEST: i32 = 30;

/// Something personal in a picture, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// What it is.
    pub category: Category,
    /// The upright rectangle around it, in pixels of the picture, where that is known.
    pub area: Option<Area>,
    /// Whether it has to be found. What need not be is not wrong either: a name in a machine readable zone.
    pub expected: bool,
}

/// How a picture is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PNG.
    Png,
    /// JPEG of this quality, from 1 to 100.
    Jpeg(u8),
    /// WebP without loss.
    WebP,
    /// A GIF of one frame.
    Gif,
}

impl Format {
    /// What files of it end with.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg(_) => "jpg",
            Self::WebP => "webp",
            Self::Gif => "gif",
        }
    }

    /// A picture in this format.
    ///
    /// # Errors
    /// When the encoder fails, which it does at no picture of a sound size.
    pub fn encode(self, picture: &RgbImage) -> ImageResult<Vec<u8>> {
        let mut bytes = Cursor::new(Vec::new());
        let format = match self {
            Self::Jpeg(quality) => {
                JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture)?;
                return Ok(bytes.into_inner());
            }
            Self::Png => image::ImageFormat::Png,
            Self::WebP => image::ImageFormat::WebP,
            Self::Gif => {
                let mut encoder = GifEncoder::new_with_speed(&mut bytes, FASTEST);
                encoder.encode(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)?;
                drop(encoder);
                return Ok(bytes.into_inner());
            }
        };
        DynamicImage::from(picture.clone()).write_to(&mut bytes, format)?;
        Ok(bytes.into_inner())
    }
}

/// A picture, and what it holds.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// What it is called, without what its format ends with.
    pub name: String,
    /// What is in it.
    pub picture: RgbImage,
    /// How it is encoded.
    pub format: Format,
    /// What drew it.
    pub generator: &'static str,
    /// The language that it is written in.
    pub language: &'static str,
    /// How it was taken.
    pub taken: &'static str,
    /// Where orders to the model stand in it, if any do.
    pub attack: Option<&'static str>,
    /// Whether it holds personal data or a secret.
    pub personal: bool,
    /// What it holds.
    pub truths: Vec<Truth>,
}
