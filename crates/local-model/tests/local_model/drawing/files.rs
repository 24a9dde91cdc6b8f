//! What lies in `samples/` that no model takes as it is, or whose personal data
//! is not in its first pixels.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, Frame, GrayImage, ImageEncoder, Luma, RgbaImage, imageops};
use tiff::encoder::colortype::Gray8;
use tiff::encoder::{Compression, TiffEncoder};

use super::samples::{chart, id_card, landscape, receipt, registration_form};

/// A file of `samples/`, made by code.
pub struct SampleFile {
    pub name: &'static str,
    pub bytes: fn() -> Vec<u8>,
}

pub const FILES: &[SampleFile] = &[
    SampleFile { name: "long-scan.png", bytes: long_scan },
    SampleFile { name: "form.tif", bytes: form },
    SampleFile { name: "animation.gif", bytes: animation },
    SampleFile { name: "landscape-with-position.jpg", bytes: landscape_with_position },
];

/// Over the 8,000 pixels along an edge that a model takes: receipts, and a
/// patient's form at its end.
fn long_scan() -> Vec<u8> {
    let mut scan = GrayImage::from_pixel(960, 8_200, Luma([255]));
    let receipt = DynamicImage::from(receipt()).into_luma8();
    for row in 0..3 {
        imageops::overlay(&mut scan, &receipt, 200, 100 + row * 2_200);
    }
    imageops::overlay(&mut scan, &DynamicImage::from(registration_form()).into_luma8(), 30, 7_000);
    let mut bytes = Cursor::new(Vec::new());
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
    DynamicImage::from(scan).write_with_encoder(encoder).expect("memory takes it");
    bytes.into_inner()
}

fn form() -> Vec<u8> {
    let form = DynamicImage::from(registration_form()).into_luma8();
    let mut bytes = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut bytes).expect("memory takes it");
    let mut encoder = encoder.with_compression(Compression::Packbits);
    encoder.write_image::<Gray8>(form.width(), form.height(), form.as_raw()).expect("memory takes it");
    bytes.into_inner()
}

/// A chart, then an ID card.
fn animation() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for picture in [chart(), id_card()] {
        let mut frame = RgbaImage::from_pixel(960, 600, image::Rgba([255; 4]));
        imageops::overlay(&mut frame, &DynamicImage::from(picture).into_rgba8(), 0, 0);
        encoder.encode_frame(Frame::new(frame)).expect("memory takes it");
    }
    drop(encoder);
    bytes
}

/// A scene without anybody, whose EXIF tells where it was taken: somewhere in the North Sea.
fn landscape_with_position() -> Vec<u8> {
    let degrees = |parts: [u32; 3]| Value::Rational(parts.map(|num| Rational { num, denom: 1 }).to_vec());
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let fields = [
        field(Tag::GPSLatitudeRef, Value::Ascii(vec![b"N".to_vec()])),
        field(Tag::GPSLatitude, degrees([56, 30, 12])),
        field(Tag::GPSLongitudeRef, Value::Ascii(vec![b"E".to_vec()])),
        field(Tag::GPSLongitude, degrees([3, 15, 40])),
    ];
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut metadata = Cursor::new(Vec::new());
    writer.write(&mut metadata, false).expect("memory takes it");

    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 75);
    encoder.set_exif_metadata(metadata.into_inner()).expect("a JPEG takes EXIF");
    encoder.encode_image(&landscape()).expect("memory takes it");
    bytes
}
