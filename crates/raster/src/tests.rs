mod codes;
mod cut;
mod heic;
mod parts;
mod pdf;
mod tiff;

use std::io::Cursor;

use ::tiff::encoder::{
    TiffEncoder,
    colortype::{Gray8, Gray16, RGB8, RGB16, RGBA16},
};
use image::{DynamicImage, GrayImage, ImageEncoder, Luma, Rgb, RgbImage, codecs, metadata::Orientation};
use warden_core::image::Content;

use super::*;

/// Grey, with a black square in its top left corner.
fn marked(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| if x < 40 && y < 40 { Rgb([0; 3]) } else { Rgb([200; 3]) })
}

fn encoded(image: &DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A file of one page.
fn page_of(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut tiff = TiffEncoder::new(&mut bytes).unwrap();
    let (width, height) = (picture.width(), picture.height());
    match picture {
        DynamicImage::ImageLuma8(pixels) => tiff.write_image::<Gray8>(width, height, pixels),
        DynamicImage::ImageLuma16(pixels) => tiff.write_image::<Gray16>(width, height, pixels),
        DynamicImage::ImageRgb8(pixels) => tiff.write_image::<RGB8>(width, height, pixels),
        DynamicImage::ImageRgb16(pixels) => tiff.write_image::<RGB16>(width, height, pixels),
        DynamicImage::ImageRgba16(pixels) => tiff.write_image::<RGBA16>(width, height, pixels),
        other => panic!("no page of {:?}", other.color()),
    }
    .unwrap();
    bytes.into_inner()
}

fn decoded(view: &View) -> RgbImage {
    image::load_from_memory(&view.image).unwrap().into_rgb8()
}

fn is_dark(image: &RgbImage, x: u32, y: u32) -> bool {
    image.get_pixel(x, y).0[0] < 100
}

/// The views of a file of which everything can be read.
fn shown(bytes: Vec<u8>, format: ImageFormat) -> Vec<View> {
    let shown = views(bytes, format, TokenBudget::DEFAULT).unwrap();
    assert_eq!(shown.unread, None);
    shown.views
}

fn refused(bytes: Vec<u8>, format: ImageFormat) -> Option<Unreadable> {
    views(bytes, format, TokenBudget::DEFAULT).err()
}

fn tiff_of(pages: &[GrayImage]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut tiff = TiffEncoder::new(&mut bytes).unwrap();
    for page in pages {
        tiff.write_image::<Gray8>(page.width(), page.height(), page.as_raw()).unwrap();
    }
    bytes.into_inner()
}

#[test]
fn every_format_that_is_converted_is_told_by_its_bytes_and_shown() {
    let picture = DynamicImage::ImageRgb8(marked(120, 90));
    for (format, bytes) in [
        (ImageFormat::Tiff, page_of(&picture)),
        (ImageFormat::Bmp, encoded(&picture, image::ImageFormat::Bmp)),
        (ImageFormat::Ico, parts::icon(&[encoded(&picture, image::ImageFormat::Png)])),
        (ImageFormat::Pnm, encoded(&picture, image::ImageFormat::Pnm)),
        (ImageFormat::Png, encoded(&picture, image::ImageFormat::Png)),
        (ImageFormat::Jpeg, encoded(&picture, image::ImageFormat::Jpeg)),
        (ImageFormat::Gif, encoded(&picture, image::ImageFormat::Gif)),
        (ImageFormat::WebP, encoded(&picture, image::ImageFormat::WebP)),
    ] {
        assert_eq!(Content::of(&bytes), Content::Image(format));
        let views = shown(bytes.clone(), format);
        let [view] = views.as_slice() else { panic!("{format:?}: {} views", views.len()) };
        let shown = decoded(view);
        assert_eq!((shown.dimensions(), view.whole), ((120, 90), (120, 90)), "{format:?}");
        assert!(is_dark(&shown, 10, 10) && !is_dark(&shown, 100, 80), "{format:?}");
        for damaged in [&bytes[..12], &bytes[..bytes.len() / 8]] {
            let refused = match super::views(damaged.to_vec(), format, TokenBudget::DEFAULT) {
                Ok(shown) => shown.unread,
                Err(why) => Some(why),
            };
            assert_eq!(refused, Some(Unreadable::Damaged), "{format:?}");
        }
    }
}

#[test]
fn other_depths_and_colours_are_shown_too() {
    let picture = DynamicImage::ImageRgb8(marked(100, 80));
    for deep in [
        DynamicImage::ImageLuma8(picture.to_luma8()),
        DynamicImage::ImageLuma16(picture.to_luma16()),
        DynamicImage::ImageRgb16(picture.to_rgb16()),
        DynamicImage::ImageRgba16(picture.to_rgba16()),
    ] {
        for (format, bytes) in
            [(ImageFormat::Tiff, page_of(&deep)), (ImageFormat::Png, encoded(&deep, image::ImageFormat::Png))]
        {
            let views = shown(bytes, format);
            assert!(is_dark(&decoded(&views[0]), 10, 10) && !is_dark(&decoded(&views[0]), 90, 70), "{format:?}");
        }
    }
}

#[test]
fn a_large_scan_is_cut_into_tiles_that_show_it_unscaled() {
    let scan = encoded(&DynamicImage::ImageRgb8(marked(2_480, 3_508)), image::ImageFormat::Png);
    let views = shown(scan, ImageFormat::Png);
    assert_eq!(views.len(), 12);
    for view in &views {
        assert_eq!(decoded(view).dimensions(), (view.area.width, view.area.height));
        assert_eq!(is_dark(&decoded(view), 10, 10), (view.area.x, view.area.y) == (0, 0));
    }
}

#[test]
fn a_picture_is_shown_as_it_is_to_be_seen() {
    let mut jpeg = Vec::new();
    let mut encoder = codecs::jpeg::JpegEncoder::new(&mut jpeg);
    // A little-endian TIFF whose only entry is the orientation: turned right to be seen.
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    assert_eq!(Orientation::from_exif_chunk(&exif), Some(Orientation::Rotate90));
    encoder.set_exif_metadata(std::mem::take(&mut exif)).unwrap();
    encoder.encode_image(&marked(300, 200)).unwrap();
    let views = shown(jpeg, ImageFormat::Jpeg);
    let shown = decoded(&views[0]);
    assert_eq!((shown.dimensions(), views[0].whole), ((200, 300), (200, 300)));
    assert!(is_dark(&shown, 190, 10) && !is_dark(&shown, 10, 10));
}

#[test]
fn every_page_of_a_tiff_is_shown() {
    let page = |grey| GrayImage::from_pixel(100, 80, Luma([grey]));
    let views = shown(tiff_of(&[page(250), page(10), page(250)]), ImageFormat::Tiff);
    let dark: Vec<_> = views.iter().map(|view| is_dark(&decoded(view), 50, 40)).collect();
    assert_eq!(dark, [false, true, false]);
    let book = super::views(tiff_of(&vec![page(250); 17]), ImageFormat::Tiff, TokenBudget::DEFAULT).unwrap();
    assert_eq!((book.views.len(), book.unread), (16, Some(Unreadable::TooLarge)));
}

/// The checksum of a PNG's chunk.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[test]
fn a_decompression_bomb_is_too_large_before_it_is_decoded() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x75\x30\0\0\x75\x30\x08\x06\0\0\0".to_vec();
    png.extend(crc(&png[12..]).to_be_bytes());
    png.extend(b"\0\0\0\x0aIDAT");
    png.extend([0; 32]);
    let mut bmp = encoded(&DynamicImage::ImageRgb8(marked(10, 10)), image::ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&60_000_i32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000_i32.to_le_bytes());
    let mut tiff = tiff_of(&[GrayImage::new(10, 10)]);
    for tag in [[0, 1], [1, 1]] {
        let at = tiff.windows(4).position(|entry| entry[..2] == tag && (entry[2] == 4 || entry[2] == 3)).unwrap();
        tiff[at + 2] = 4;
        tiff[at + 8..at + 12].copy_from_slice(&60_000_u32.to_le_bytes());
    }
    let jpeg = {
        let mut jpeg = encoded(&DynamicImage::ImageRgb8(marked(10, 10)), image::ImageFormat::Jpeg);
        let at = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
        jpeg[at + 5..at + 9].copy_from_slice(&[0xF0, 0, 0xF0, 0]);
        jpeg
    };
    for (name, bytes, format) in [
        ("bmp", bmp, ImageFormat::Bmp),
        ("tiff", tiff, ImageFormat::Tiff),
        ("jpeg", jpeg, ImageFormat::Jpeg),
        ("pnm", b"P6 60000 60000 255\n".to_vec(), ImageFormat::Pnm),
        ("png", png, ImageFormat::Png),
    ] {
        assert_eq!(refused(bytes, format), Some(Unreadable::TooLarge), "{name}");
    }
}

/// A GIF of light frames, but for those at these indices.
fn gif(count: usize, dark: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = codecs::gif::GifEncoder::new(&mut bytes);
    for index in 0..count {
        let grey = if dark(index) { 0 } else { 255 };
        let frame = image::RgbaImage::from_pixel(60, 40, image::Rgba([grey, grey, grey, 255]));
        encoder.encode_frame(image::Frame::new(frame)).unwrap();
    }
    drop(encoder);
    bytes
}

fn dark_frames(bytes: Vec<u8>, format: ImageFormat) -> Vec<bool> {
    shown(bytes, format).iter().map(|view| is_dark(&decoded(view), 30, 20)).collect()
}

#[test]
fn frames_are_sampled_over_the_whole_animation() {
    let shown = |bytes| dark_frames(bytes, ImageFormat::Gif);
    assert_eq!(shown(gif(1, |_| true)), [true]);
    assert_eq!(shown(gif(2, |index| index == 1)), [false, true]);
    let long = shown(gif(100, |index| index >= 80));
    assert!((8..=16).contains(&long.len()) && long.contains(&true) && !long[0], "{long:?}");
}

/// A frame of 60 by 40 pixels.
fn frame(dark: bool) -> RgbImage {
    RgbImage::from_pixel(60, 40, Rgb([if dark { 0 } else { 255 }; 3]))
}

pub(crate) fn apng(frames: &[bool]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 60, 40);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(u32::try_from(frames.len()).unwrap(), 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for dark in frames {
        writer.write_image_data(frame(*dark).as_raw()).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

/// A WebP's chunks, around the pixels that a WebP of one frame holds.
pub(crate) fn animated_webp(frames: &[bool]) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let padding = vec![0; data.len() % 2];
        [kind.as_slice(), &u32::try_from(data.len()).unwrap().to_le_bytes(), data, &padding].concat()
    };
    let mut chunks = chunk(b"VP8X", &[0x02, 0, 0, 0, 59, 0, 0, 39, 0, 0]);
    chunks.extend(chunk(b"ANIM", &[0, 0, 0, 0, 0, 0]));
    for dark in frames {
        let still = encoded(&DynamicImage::ImageRgb8(frame(*dark)), image::ImageFormat::WebP);
        let header = [0, 0, 0, 0, 0, 0, 59, 0, 0, 39, 0, 0, 100, 0, 0, 0];
        chunks.extend(chunk(b"ANMF", &[&header, &still[12..]].concat()));
    }
    let length = u32::try_from(chunks.len() + 4).unwrap();
    [b"RIFF".as_slice(), &length.to_le_bytes(), b"WEBP", &chunks].concat()
}

#[test]
fn the_second_frame_counts_in_every_format_that_is_animated() {
    let second = |index| index == 1;
    for (bytes, format) in [
        (gif(3, second), ImageFormat::Gif),
        (animated_webp(&[false, true, false]), ImageFormat::WebP),
        (apng(&[false, true, false]), ImageFormat::Png),
    ] {
        assert_eq!(warden_core::image::may_be_animated(format, &bytes), Some(true), "{format:?}");
        let shown = dark_frames(bytes, format);
        assert_eq!(shown[..3], [false, true, false], "{format:?}");
    }
}

#[test]
fn a_broken_animation_is_damaged_behind_the_frames_that_are_whole() {
    let mut bytes = gif(3, |_| false);
    bytes.truncate(bytes.len() * 2 / 3);
    let shown = views(bytes, ImageFormat::Gif, TokenBudget::DEFAULT).unwrap();
    assert_eq!((shown.views.is_empty(), shown.unread), (false, Some(Unreadable::Damaged)));
}

#[test]
fn the_whole_is_one_view_within_the_budget() {
    let scan = encoded(&DynamicImage::ImageRgb8(marked(3_000, 9_000)), image::ImageFormat::Png);
    let view = whole_view(scan, ImageFormat::Png, TokenBudget::MIN).unwrap();
    let (width, height) = decoded(&view).dimensions();
    assert!(width * height / 750 <= 1_600 && height > 2 * width, "{width} by {height}");
}
