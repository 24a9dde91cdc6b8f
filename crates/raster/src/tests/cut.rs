//! PNG and WebP of which something is missing or wrong: what is there is read, and they are never taken for whole.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};

use super::{parts::unread, *};

/// A payment's code, and strokes below it.
fn page() -> RgbImage {
    let code = include_bytes!("../../../barcodes/tests/codes/payment.qr.png");
    let code = image::load_from_memory(code).unwrap().into_rgb8();
    let code = image::imageops::resize(&code, code.width() * 3, code.height() * 3, image::imageops::Nearest);
    let mut page = RgbImage::from_fn(320, 420, |x, y| {
        let is_stroke = y > 230 && (x * 7 + y * 3) % 9 < 3 && (x + 5 * y) % 11 < 6;
        Rgb(if is_stroke { [30, 40, 50] } else { [225; 3] })
    });
    image::imageops::overlay(&mut page, &code, 20, 20);
    page
}

/// A PNG's chunks, each with its length and its checksum.
fn chunks(png: &[u8]) -> Vec<&[u8]> {
    let (mut chunks, mut at) = (Vec::new(), 8);
    while at < png.len() {
        let length = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize + 12;
        chunks.push(&png[at..at + length]);
        at += length;
    }
    chunks
}

/// The same file with wrong checksums in chunks of one kind.
fn with_wrong_checksums(png: &[u8], kind: &[u8]) -> Vec<u8> {
    let mut changed = png[..8].to_vec();
    for chunk in chunks(png) {
        changed.extend(chunk);
        if chunk[4..8] == *kind {
            *changed.last_mut().unwrap() ^= 1;
        }
    }
    changed
}

/// The pixels as an interlaced PNG: seven pictures of every so many columns and rows.
fn interlaced(picture: &RgbImage) -> Vec<u8> {
    let passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let mut rows = Vec::new();
    for (left, top, across, down) in passes {
        for y in (top..picture.height()).step_by(down) {
            rows.push(0);
            (left..picture.width()).step_by(across).for_each(|x| rows.extend(picture.get_pixel(x, y).0));
        }
    }
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let checked = [kind.as_slice(), data].concat();
        [&u32::try_from(data.len()).unwrap().to_be_bytes(), &checked[..], &crc(&checked).to_be_bytes()].concat()
    };
    let (width, height) = (picture.width().to_be_bytes(), picture.height().to_be_bytes());
    let header = [&width[..], &height, &[8, 2, 0, 0, 1]].concat();
    let pixels = chunk(b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(&rows, 6));
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), &pixels, &chunk(b"IEND", b"")].concat()
}

fn plain(picture: &DynamicImage) -> Vec<u8> {
    let mut png = Vec::new();
    picture.write_with_encoder(PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Up)).unwrap();
    png
}

/// As much of a file, and zeros up to where it ended.
fn zeroed(bytes: &[u8], percent: usize) -> Vec<u8> {
    let mut zeroed = cut(bytes, percent);
    zeroed.resize(bytes.len(), 0);
    zeroed
}

fn cut(bytes: &[u8], percent: usize) -> Vec<u8> {
    bytes[..bytes.len() * percent / 100].to_vec()
}

#[test]
fn what_is_there_of_a_damaged_picture_is_read_and_only_what_is_whole_counts_as_read() {
    const DAMAGED: Option<Unreadable> = Some(Unreadable::Damaged);
    let page = DynamicImage::ImageRgb8(page());
    let png = plain(&page);
    let rgba = plain(&page.clone().into_rgba8().into());
    let deep = plain(&page.clone().into_rgb16().into());
    let passes = interlaced(&page.to_rgb8());
    let lossless = encoded(&page, image::ImageFormat::WebP);
    let lossy = include_bytes!("../../tests/documents/lossy.webp");
    let without_end = |png: &[u8]| png[..png.len() - 12].to_vec();
    let mut wrong = Vec::new();
    for (case, bytes, format, is_read, expected) in [
        ("a PNG", png.clone(), ImageFormat::Png, true, None),
        ("without its end", without_end(&png), ImageFormat::Png, true, None),
        ("without its end, and the last checksum", png[..png.len() - 16].to_vec(), ImageFormat::Png, true, None),
        ("with alpha, without its end", without_end(&rgba), ImageFormat::Png, true, None),
        ("of passes", passes.clone(), ImageFormat::Png, true, None),
        ("of passes, without its end", without_end(&passes), ImageFormat::Png, true, None),
        ("of passes, cut", cut(&passes, 95), ImageFormat::Png, true, DAMAGED),
        ("of passes, hardly begun", cut(&passes, 10), ImageFormat::Png, false, DAMAGED),
        ("cut", cut(&png, 90), ImageFormat::Png, true, DAMAGED),
        ("cut early", cut(&png, 1), ImageFormat::Png, false, DAMAGED),
        ("with alpha, cut", cut(&rgba, 90), ImageFormat::Png, true, DAMAGED),
        ("with deep colours, cut", cut(&deep, 90), ImageFormat::Png, true, DAMAGED),
        ("with zeros behind", zeroed(&png, 90), ImageFormat::Png, true, DAMAGED),
        ("with wrong checksums", with_wrong_checksums(&png, b"IDAT"), ImageFormat::Png, true, DAMAGED),
        ("with a header of a wrong checksum", with_wrong_checksums(&png, b"IHDR"), ImageFormat::Png, true, DAMAGED),
        ("a header alone", png[..33].to_vec(), ImageFormat::Png, false, DAMAGED),
        ("a WebP", lossless.clone(), ImageFormat::WebP, true, None),
        ("a WebP, cut", cut(&lossless, 90), ImageFormat::WebP, false, DAMAGED),
        ("a WebP, cut early", cut(&lossless, 10), ImageFormat::WebP, false, DAMAGED),
        ("a WebP with zeros behind", zeroed(&lossless, 80), ImageFormat::WebP, false, DAMAGED),
        ("a lossy WebP", lossy.to_vec(), ImageFormat::WebP, true, None),
        ("a lossy WebP, cut", cut(lossy, 90), ImageFormat::WebP, true, DAMAGED),
        ("a lossy WebP, cut early", cut(lossy, 10), ImageFormat::WebP, false, DAMAGED),
        ("a lossy WebP with zeros behind", zeroed(lossy, 90), ImageFormat::WebP, true, DAMAGED),
        ("a WebP's header alone", lossy[..20].to_vec(), ImageFormat::WebP, false, DAMAGED),
    ] {
        let as_it_is = read(&bytes, format, Reading::CODES);
        let told = as_it_is.as_ref().map_or_else(|why| Some(*why), |shown| shown.unread);
        let codes = as_it_is.map(|shown| shown.codes.len()).unwrap_or_default();
        if (codes == 1, told) != (is_read, expected) {
            wrong.push((case, "as it is", codes, told));
        }
        let converted = views_and_read(&bytes, format, TokenBudget::DEFAULT, Reading::CODES);
        let told = converted.as_ref().map_or_else(|why| Some(*why), |shown| shown.unread);
        let codes = converted.map(|shown| shown.codes.len()).unwrap_or_default();
        if (codes == 1, told) != (is_read, expected) {
            wrong.push((case, "in views", codes, told));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn no_part_of_a_picture_that_ends_early_is_taken_for_all_of_it() {
    let page = DynamicImage::ImageRgb8(page());
    let lossy = include_bytes!("../../tests/documents/lossy.webp").to_vec();
    for (case, bytes, format) in [
        ("PNG", plain(&page), ImageFormat::Png),
        ("PNG of passes", interlaced(&page.to_rgb8()), ImageFormat::Png),
        ("WebP", encoded(&page, image::ImageFormat::WebP), ImageFormat::WebP),
        ("lossy WebP", lossy, ImageFormat::WebP),
        ("animated PNG", apng(&[false, true]), ImageFormat::Png),
        ("animated WebP", animated_webp(&[false, true]), ImageFormat::WebP),
    ] {
        assert_eq!(unread(bytes.clone(), format), None, "{case}");
        for percent in [1, 3, 10, 30, 50, 70, 90] {
            assert_eq!(unread(cut(&bytes, percent), format), Some(Unreadable::Damaged), "{case} at {percent} %");
        }
    }
}

#[test]
fn of_an_animation_whose_first_frame_is_damaged_that_frame_is_shown() {
    let damaged = with_wrong_checksums(&apng(&[true, false]), b"IDAT");
    let shown = views(damaged, ImageFormat::Png, TokenBudget::DEFAULT).unwrap();
    assert!(shown.unread == Some(Unreadable::Damaged) && is_dark(&decoded(&shown.views[0]), 30, 20));
}

/// A picture of few colours has few codes, and long runs of the same.
#[test]
fn a_picture_of_few_colours_is_whole() {
    for (case, picture) in [
        ("one colour", RgbImage::from_pixel(900, 700, Rgb([255; 3]))),
        ("black", RgbImage::new(900, 700)),
        ("a mark", marked(900, 700)),
        ("stripes", RgbImage::from_fn(900, 700, |_, y| Rgb([if y / 100 % 2 == 0 { 0 } else { 255 }; 3]))),
    ] {
        let picture = DynamicImage::ImageRgb8(picture);
        for (encoding, format) in
            [(image::ImageFormat::WebP, ImageFormat::WebP), (image::ImageFormat::Png, ImageFormat::Png)]
        {
            let shown = read(&encoded(&picture, encoding), format, Reading::default()).unwrap();
            assert_eq!(shown.unread, None, "{case}, {format:?}");
        }
    }
}
