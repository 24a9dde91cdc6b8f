//! Barcodes in every kind of file that is shown.

use image::{DynamicImage, GrayImage, ImageFormat as Encoding, imageops};
use warden_core::image::{Area, ImageFormat, TokenBudget};

use super::super::{Code, Reading, read, views, views_and_read};

fn codes(bytes: &[u8], format: ImageFormat) -> Vec<Code> {
    read(bytes, format, Reading::CODES).map(|shown| shown.codes).unwrap_or_default()
}

const PAYMENT: &[u8] = include_bytes!("../../../barcodes/tests/codes/payment.qr.png");

/// A page with a payment's code at its lower right.
fn page(width: u32, height: u32, module: u32) -> GrayImage {
    let code = image::load_from_memory(PAYMENT).unwrap().into_luma8();
    let code = imageops::resize(&code, code.width() * module, code.height() * module, imageops::Nearest);
    let mut page = GrayImage::from_pixel(width, height, image::Luma([225]));
    imageops::overlay(&mut page, &code, i64::from(width - code.width() - 40), i64::from(height - code.height() - 40));
    page
}

fn encoded(image: impl Into<DynamicImage>, encoding: Encoding) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, encoding).unwrap();
    bytes.into_inner()
}

fn is_payment_at_the_lower_right(code: &Code) -> bool {
    let Area { x, y, width, height } = code.area;
    code.text.starts_with("BCD\n002")
        && x > code.whole.0 / 2
        && y > code.whole.1 / 2
        && x + width <= code.whole.0
        && y + height <= code.whole.1
}

#[test]
fn a_code_is_read_in_whatever_form_its_picture_comes() {
    let page = page(900, 700, 4);
    let rgb = DynamicImage::from(page.clone()).into_rgb8();
    let mut transparent = DynamicImage::from(page.clone()).into_rgba8();
    // Its ink alone; the ground is transparent, and as black as the ink.
    for pixel in transparent.pixels_mut() {
        *pixel = if pixel.0[0] < 128 { image::Rgba([0, 0, 0, 255]) } else { image::Rgba([0, 0, 0, 0]) };
    }
    for (case, bytes, format) in [
        ("a JPEG in grey", encoded(page.clone(), Encoding::Jpeg), ImageFormat::Jpeg),
        ("a JPEG in colours", encoded(rgb.clone(), Encoding::Jpeg), ImageFormat::Jpeg),
        ("a PNG", encoded(rgb.clone(), Encoding::Png), ImageFormat::Png),
        ("a PNG of ink alone", encoded(transparent, Encoding::Png), ImageFormat::Png),
        ("a bitmap", encoded(rgb.clone(), Encoding::Bmp), ImageFormat::Bmp),
        ("a WebP", encoded(rgb, Encoding::WebP), ImageFormat::WebP),
        ("a pixmap", encoded(page.clone(), Encoding::Pnm), ImageFormat::Pnm),
        ("a TIFF", super::tiff_of(&[page]), ImageFormat::Tiff),
    ] {
        let shown = views_and_read(&bytes, format, TokenBudget::DEFAULT, Reading::CODES).unwrap();
        assert!(matches!(shown.codes.as_slice(), [code] if is_payment_at_the_lower_right(code)), "{case}");
        assert!(views(bytes.clone(), format, TokenBudget::DEFAULT).unwrap().codes.is_empty(), "{case}");
        if format.is_read_by_models() {
            assert!(
                matches!(codes(&bytes, format).as_slice(), [code] if is_payment_at_the_lower_right(code)),
                "{case}"
            );
        }
    }
}

#[test]
fn a_small_code_is_read_in_a_picture_that_is_cut_into_tiles() {
    let bytes = encoded(page(5_000, 4_000, 6), Encoding::Jpeg);
    let shown = views_and_read(&bytes, ImageFormat::Jpeg, TokenBudget::DEFAULT, Reading::CODES).unwrap();
    assert!(shown.views.len() > 1);
    assert!(
        matches!(shown.codes.as_slice(), [code] if is_payment_at_the_lower_right(code) && code.whole == (5_000, 4_000))
    );
}

#[test]
fn a_codes_place_is_where_it_is_seen() {
    let page = page(900, 700, 4);
    for exif in 1..=8 {
        let orientation = image::metadata::Orientation::from_exif(exif).unwrap();
        // Stored so that it lies upright when it is turned as EXIF says.
        let mut stored = DynamicImage::from(page.clone());
        let back = image::metadata::Orientation::from_exif(match exif {
            6 => 8,
            8 => 6,
            other => other,
        });
        stored.apply_orientation(back.unwrap());
        let mut jpeg = encoded(stored, Encoding::Jpeg);
        let tiff =
            [b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[exif, 0, 0, 0], &[0; 4]].concat();
        let length = u16::try_from(tiff.len() + 2).unwrap().to_be_bytes();
        jpeg.splice(2..2, [&[0xFF, 0xE1], length.as_slice(), &tiff].concat());
        let found = codes(&jpeg, ImageFormat::Jpeg);
        assert!(matches!(found.as_slice(), [code] if is_payment_at_the_lower_right(code)), "{orientation:?}");
    }
}

/// A GIF of empty frames, but for those at these indices, which show a payment's code.
fn gif(count: usize, shows_a_code: impl Fn(usize) -> bool) -> Vec<u8> {
    let (empty, coded) = (GrayImage::from_pixel(400, 400, image::Luma([225])), page(400, 400, 2));
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
    for index in 0..count {
        let frame = DynamicImage::from(if shows_a_code(index) { coded.clone() } else { empty.clone() });
        encoder.encode_frame(image::Frame::new(frame.into_rgba8())).unwrap();
    }
    drop(encoder);
    bytes
}

#[test]
fn codes_are_read_of_the_frames_that_are_shown_and_of_no_others() {
    for (case, bytes, frame) in [
        ("all shown", gif(3, |index| index == 1), Some(2)),
        // Every other one is shown.
        ("shown", gif(20, |index| index == 18), Some(19)),
        ("thrown away for another", gif(20, |index| index == 1), None),
        ("never taken", gif(20, |index| index == 17), None),
    ] {
        let shown = views_and_read(&bytes, ImageFormat::Gif, TokenBudget::DEFAULT, Reading::CODES).unwrap();
        assert_eq!(
            shown.codes.iter().map(|code| code.page).collect::<Vec<_>>(),
            Vec::from_iter(frame.map(Some)),
            "{case}"
        );
        assert!(shown.codes.iter().all(is_payment_at_the_lower_right), "{case}");
    }
}

#[test]
fn what_cannot_be_decoded_has_no_codes() {
    for bytes in [&b""[..], b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1a\n"] {
        assert!(codes(bytes, ImageFormat::Jpeg).is_empty() && codes(bytes, ImageFormat::Png).is_empty());
    }
}
