use image::{Delay, ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use super::*;
use crate::tests::{animated_webp, apng};

const LIGHT: Rgb<u8> = Rgb([210, 210, 210]);
const AREA: Area = Area { x: 60, y: 30, width: 50, height: 20 };

fn light(width: u32, height: u32) -> RgbImage {
    RgbImage::from_pixel(width, height, LIGHT)
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = picture.dimensions();
    PngEncoder::new(&mut bytes).write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8).unwrap();
    bytes
}

fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).encode_image(picture).unwrap();
    bytes
}

fn cover(page: Option<u32>) -> [Cover; 1] {
    [Cover { page, area: AREA }]
}

/// Whether what was to be covered is black, with a little around it, and all else is as it was.
fn is_covered(picture: &RgbImage) -> bool {
    let near = |found: u8, expected: u8| found.abs_diff(expected) < 24;
    let is = |x, y, expected: Rgb<u8>| picture.get_pixel(x, y).0.iter().zip(expected.0).all(|(a, b)| near(*a, b));
    let inside = [(57, 27), (60, 30), (85, 40), (109, 49), (112, 52)];
    let outside = [(10, 10), (40, 40), (85, 10), (85, 75), (140, 40)];
    inside.iter().all(|(x, y)| is(*x, *y, FILL)) && outside.iter().all(|(x, y)| is(*x, *y, LIGHT))
}

fn decoded(copy: &Masked) -> RgbImage {
    seen(decode(&copy.bytes, copy.format, 0).unwrap(), 0).unwrap()
}

#[test]
fn what_is_covered_is_replaced_and_a_little_around_it() {
    for (bytes, format, expected) in [
        (png(&light(160, 90)), ImageFormat::Png, ImageFormat::Png),
        (jpeg(&light(160, 90)), ImageFormat::Jpeg, ImageFormat::Jpeg),
        ([b"P6 160 90 255\n".as_slice(), light(160, 90).as_raw()].concat(), ImageFormat::Pnm, ImageFormat::Png),
    ] {
        let copy = masked(&bytes, format, &cover(None)).unwrap();
        assert_eq!(copy.format, expected);
        assert!(is_covered(&decoded(&copy)), "{format:?}");
    }
}

#[test]
fn what_stands_beside_the_pixels_is_left_behind() {
    let mut bytes = png(&light(160, 90));
    let at = bytes.len() - 12;
    let text = b"\0\0\0\x0ctEXtAuthor\0J Doe";
    let crc = crc32fast::hash(&text[4..]).to_be_bytes();
    bytes.splice(at..at, text.iter().chain(&crc).copied());
    bytes.extend(b"and J Doe again, behind it");
    let copy = masked(&bytes, ImageFormat::Png, &[]).unwrap();
    assert!(!copy.bytes.windows(5).any(|part| part == b"J Doe"));
    assert_eq!(decoded(&copy), light(160, 90));
}

#[test]
fn a_place_is_one_of_the_picture_as_it_is_seen() {
    // Stored on its side: EXIF says to turn it by a quarter.
    let stored = jpeg(&light(90, 160));
    let exif = b"\xFF\xE1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let bytes = [&stored[..2], exif, &stored[2..]].concat();
    let copy = masked(&bytes, ImageFormat::Jpeg, &cover(None)).unwrap();
    let picture = decoded(&copy);
    assert_eq!(picture.dimensions(), (160, 90));
    assert!(is_covered(&picture));
}

#[test]
fn each_page_of_a_tiff_is_kept_and_the_right_one_covered() {
    let mut file = tiff_file::TiffFile::new();
    for _ in 0..3 {
        file.add(&light(160, 90)).unwrap();
    }
    let copy = masked(&file.finish(), ImageFormat::Tiff, &cover(Some(2))).unwrap();
    let pages = tiff::pages(&copy.bytes, 16).unwrap();
    let covered: Vec<_> = pages.iter().map(|page| is_covered(&seen(page.decode(0).unwrap(), 0).unwrap())).collect();
    assert_eq!(covered, [false, true, false]);
}

#[test]
fn a_document_becomes_pictures_of_its_pages() {
    let mut file = pdf_file::PdfFile::default();
    for _ in 0..2 {
        file.add(&light(1_600, 900), 1.6).unwrap();
    }
    // Pages are drawn at 200 dots per inch: this one 2,777 pixels wide.
    let area = Area { x: 1_300, y: 600, width: 400, height: 200 };
    let copy = masked(&file.finish(), ImageFormat::Pdf, &[Cover { page: Some(2), area }]).unwrap();
    let mut dark = Vec::new();
    let pages = pdf::pages(&copy.bytes, |_, _, page| {
        let (x, y) = (page.width() * 85 / 160, page.height() * 40 / 90);
        dark.push(page.get_pixel(x, y).0[0] < 30 && page.get_pixel(5, 5).0[0] > 190);
        Ok(())
    });
    assert_eq!((pages, dark), (Ok(2), vec![false, true]));
}

/// A PDF of two pages that say the same in text.
fn document_with_text() -> Vec<u8> {
    let page = |content: u32| {
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 360 180] /Contents {content} 0 R \
             /Resources << /Font << /F1 7 0 R >> >> >>"
        )
    };
    let content = "BT /F1 32 Tf 36 90 Td (J DOE 1975) Tj ET";
    let stream = format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>".to_owned(),
        page(5),
        page(6),
        stream.clone(),
        stream,
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let (mut file, mut table) = ("%PDF-1.4\n".to_owned(), format!("xref\n0 8\n{:010} 65535 f \n", 0));
    for (number, object) in (1..).zip(objects) {
        let (entry, object) = (format!("{:010} 00000 n \n", file.len()), format!("{number} 0 obj\n{object}\nendobj\n"));
        table.push_str(&entry);
        file.push_str(&object);
    }
    let start = file.len();
    let end = format!("trailer\n<< /Size 8 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    [file, table, end].concat().into_bytes()
}

/// How many dark pixels there are where the text of [`document_with_text`] stands, on each page: in its first half, and
/// in its second.
fn ink(document: &[u8]) -> Vec<(usize, usize)> {
    let mut pages = Vec::new();
    pdf::pages(document, |_, _, page| {
        let (width, height) = (page.width(), page.height());
        let dark = |from: u32, to: u32| {
            let columns = width * from / 360..width * to / 360;
            let all = columns.flat_map(|x| (height * 60 / 180..height * 95 / 180).map(move |y| (x, y)));
            all.filter(|(x, y)| page.get_pixel(*x, *y).0[0] < 100).count()
        };
        pages.push((dark(36, 130), dark(150, 240)));
        Ok(())
    })
    .unwrap();
    pages
}

#[test]
fn text_of_a_document_is_covered_on_its_page_alone_and_none_is_left_as_text() {
    let document = document_with_text();
    let before = ink(&document);
    assert!(before.iter().all(|(first, second)| *first > 500 && *second > 500), "{before:?}");
    // The first half of the line on the second page, at 200 dots per inch.
    let area = Area { x: 95, y: 155, width: 270, height: 120 };
    let copy = masked(&document, ImageFormat::Pdf, &[Cover { page: Some(2), area }]).unwrap();
    let after = ink(&copy.bytes);
    assert!(after[0].0 < before[0].0 * 2 && after[0].0 * 2 > before[0].0, "the first page is as it was: {after:?}");
    assert!(after[1].0 > before[1].0 * 3, "the second page is covered there: {after:?}");
    assert!(after[1].1 < before[1].1 * 2 && after[1].1 * 2 > before[1].1, "and nowhere else: {after:?}");
    for left in ["/Font", "J DOE", " Tj", "BT "] {
        assert!(!copy.bytes.windows(left.len()).any(|part| part == left.as_bytes()), "{left}");
    }
}

#[test]
fn what_is_covered_on_a_frame_is_covered_on_all() {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for _ in 0..3 {
        let picture = DynamicImage::ImageRgb8(light(160, 90)).into_rgba8();
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, Delay::from_numer_denom_ms(100, 1))).unwrap();
    }
    drop(encoder);
    let copy = masked(&bytes, ImageFormat::Gif, &cover(Some(2))).unwrap();
    let frames = GifDecoder::new(Cursor::new(&copy.bytes)).unwrap().into_frames().collect_frames().unwrap();
    assert_eq!((frames.len(), copy.pictures), (3, 3));
    for frame in frames {
        assert!(is_covered(&DynamicImage::ImageRgba8(frame.into_buffer()).into_rgb8()));
    }
}

#[test]
fn what_cannot_be_masked_as_a_whole_has_no_copy() {
    let picture = png(&light(160, 90));
    let twice = [jpeg(&light(160, 90)), jpeg(&light(160, 90))].concat();
    let mut page = tiff_file::TiffFile::new();
    page.add(&light(160, 90)).unwrap();
    let behind_a_page = [page.finish(), jpeg(&light(160, 90))].concat();
    for (case, bytes, format, covers, why) in [
        ("an icon", picture.clone(), ImageFormat::Ico, cover(None), Unreadable::UnsupportedFormat),
        (
            "an animated WebP",
            animated_webp(&[false, true]),
            ImageFormat::WebP,
            cover(None),
            Unreadable::UnsupportedFormat,
        ),
        ("an animated PNG", apng(&[false, true]), ImageFormat::Png, cover(None), Unreadable::UnsupportedFormat),
        (
            "another page than there is",
            picture.clone(),
            ImageFormat::Png,
            cover(Some(2)),
            Unreadable::UnsupportedFormat,
        ),
        ("half of it", picture[..picture.len() / 2].to_vec(), ImageFormat::Png, cover(None), Unreadable::Damaged),
        ("a picture behind it", twice, ImageFormat::Jpeg, cover(None), Unreadable::UnsupportedFormat),
        ("a picture behind a page", behind_a_page, ImageFormat::Tiff, cover(Some(1)), Unreadable::UnsupportedFormat),
    ] {
        assert_eq!(masked(&bytes, format, &covers).err(), Some(why), "{case}");
    }
}

#[test]
fn a_picture_without_room_for_its_copy_is_too_large() {
    let grey = || Picture::new(DynamicImage::new_luma8(1_000, 1_000), Orientation::NoTransforms);
    let turned = || Picture::new(DynamicImage::new_rgb8(1_000, 1_000), Orientation::Rotate90);
    for (case, picture, needed) in [("grey", grey(), 6_000_000), ("turned", turned(), 6_000_000)] {
        assert_eq!(seen(picture, MAX_MEMORY - needed + 1), Err(Unreadable::TooLarge), "{case}");
    }
    for (case, picture) in [("grey", grey()), ("turned", turned())] {
        assert!(seen(picture, MAX_MEMORY - 6_000_000).is_ok(), "{case}");
    }
    // As it is, it needs none.
    let upright = Picture::new(DynamicImage::new_rgb8(1_000, 1_000), Orientation::NoTransforms);
    assert!(seen(upright, MAX_MEMORY).is_ok());
}
