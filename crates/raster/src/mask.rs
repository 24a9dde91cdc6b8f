//! Copies of files in which something is covered. Pixels are replaced, and everything is encoded anew, so that neither
//! metadata nor text nor an earlier picture is left behind them.

mod pdf_file;
mod tiff_file;

use std::io::Cursor;

use image::{
    AnimationDecoder, DynamicImage, Frame, ImageDecoder, Limits, Rgb, RgbImage,
    codecs::{
        gif::{GifDecoder, GifEncoder, Repeat},
        jpeg::JpegEncoder,
    },
    metadata::Orientation,
};
use warden_core::image::{Area, Cover, ImageFormat, Unreadable};

use crate::{
    alpha, apng,
    decode::{MAX_MEMORY, Picture, bounded, decode, guarded, unreadable, within_memory},
    encode::on_ground,
    gif, pdf, pictures,
    plan::MAX_VIEWS,
    tiff,
};

/// What stands where something was.
const FILL: Rgb<u8> = Rgb([0, 0, 0]);

/// Quality of a JPEG's copy.
const QUALITY: u8 = 90;

/// How much wider a cover is than what it covers, in parts of its shorter side on each side, and in pixels at least: an
/// edge of a letter may stand out of the box around its line.
const WIDER: (u32, u32) = (5, 4);

/// A copy of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What they are: a JPEG, GIF, TIFF or PDF of one, a PNG of any other.
    pub format: ImageFormat,
    /// How many pictures it has: frames, pages, or one.
    pub pictures: usize,
}

/// A copy of a file in which these places are covered: pictures in JPEG, PNG, WebP, BMP and PNM, GIFs and TIFFs with every
/// frame and page, and PDFs as pictures of their pages.
///
/// # Errors
/// [`Unreadable::UnsupportedFormat`] for other files: animated WebP and PNG, HEIC, icons, pictures behind a picture, and
/// documents with files in them. [`Unreadable::TooLarge`] and [`Unreadable::Damaged`] for what is not shown whole, and for
/// what a cover names and the file has not.
pub fn masked(bytes: &[u8], format: ImageFormat, covers: &[Cover]) -> Result<Masked, Unreadable> {
    let held = bytes.len() as u64;
    guarded(|| match format {
        ImageFormat::Heic | ImageFormat::Ico => Err(Unreadable::UnsupportedFormat),
        _ if pictures(bytes, format).len() > 1 => Err(Unreadable::UnsupportedFormat),
        ImageFormat::Tiff => masked_tiff(bytes, covers),
        ImageFormat::Pdf => masked_pdf(bytes, covers),
        ImageFormat::Gif => masked_gif(bytes, covers),
        ImageFormat::Png if apng::read(bytes).is_some() => Err(Unreadable::UnsupportedFormat),
        ImageFormat::WebP if is_animated_webp(bytes)? => Err(Unreadable::UnsupportedFormat),
        ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Bmp | ImageFormat::Pnm => {
            let picture = seen(decode(bytes, format, held)?, held)?;
            let covered = covered(picture, covers, None)?;
            let mut copy = Vec::new();
            let format = if format == ImageFormat::Jpeg { format } else { ImageFormat::Png };
            let written = match format {
                ImageFormat::Jpeg => JpegEncoder::new_with_quality(&mut copy, QUALITY).encode_image(&covered),
                _ => covered.write_to(&mut Cursor::new(&mut copy), image::ImageFormat::Png),
            };
            written.map_err(|_| Unreadable::TooLarge)?;
            Ok(Masked { bytes: copy, format, pictures: 1 })
        }
    })
}

/// A picture as it is seen, without its alpha channel. `held` bytes are in memory beside it.
///
/// # Errors
/// [`Unreadable::Damaged`] where some of it is missing, and [`Unreadable::TooLarge`] where there is no room for a copy.
fn seen(picture: Picture, held: u64) -> Result<RgbImage, Unreadable> {
    let Picture { image, orientation, grounds, whole, .. } = picture;
    if !whole {
        return Err(Unreadable::Damaged);
    }
    let is_copied = !matches!(image, DynamicImage::ImageRgb8(_)) || orientation != Orientation::NoTransforms;
    if is_copied {
        // Its pixels in three bytes each: one copy at a time.
        let copy = u64::from(image.width()) * u64::from(image.height()) * 3;
        within_memory(held + (image.as_bytes().len() as u64).max(copy) + copy)?;
    }
    let flat = match (grounds.first(), image) {
        (Some(ground), DynamicImage::ImageRgba8(image)) => on_ground(&image, *ground),
        (_, image) => image,
    };
    let mut flat = DynamicImage::ImageRgb8(flat.into_rgb8());
    flat.apply_orientation(orientation);
    Ok(flat.into_rgb8())
}

/// A picture with what is to be covered of one page.
fn covered(mut picture: RgbImage, covers: &[Cover], page: Option<u32>) -> Result<RgbImage, Unreadable> {
    for cover in covers {
        match (cover.page == page, page) {
            (true, _) => cover_area(&mut picture, cover.area),
            (false, Some(_)) => {}
            // It was found on a page of something else.
            (false, None) => return Err(Unreadable::UnsupportedFormat),
        }
    }
    Ok(picture)
}

fn cover_area(picture: &mut RgbImage, Area { x, y, width, height }: Area) {
    let wider = (width.min(height) / WIDER.0).max(WIDER.1);
    let (left, top) = (x.saturating_sub(wider), y.saturating_sub(wider));
    let right = x.saturating_add(width).saturating_add(wider).min(picture.width());
    let bottom = y.saturating_add(height).saturating_add(wider).min(picture.height());
    for y in top..bottom {
        for x in left..right {
            picture.put_pixel(x, y, FILL);
        }
    }
}

/// # Errors
/// [`Unreadable::Damaged`] where a cover is on none of so many pages.
fn on_pages(covers: &[Cover], pages: usize) -> Result<(), Unreadable> {
    let is_there = |cover: &Cover| cover.page.is_some_and(|page| (1..=pages).contains(&(page as usize)));
    if covers.iter().all(is_there) { Ok(()) } else { Err(Unreadable::Damaged) }
}

fn number(index: usize) -> Option<u32> {
    u32::try_from(index + 1).ok()
}

fn masked_tiff(bytes: &[u8], covers: &[Cover]) -> Result<Masked, Unreadable> {
    let pages = tiff::pages(bytes, MAX_VIEWS as usize)?;
    if let Some(why) = pages.unread {
        return Err(why);
    }
    on_pages(covers, pages.len())?;
    let mut file = tiff_file::TiffFile::new();
    for (index, page) in pages.iter().enumerate() {
        let held = (bytes.len() + file.len()) as u64;
        let page = covered(seen(page.decode(held)?, held)?, covers, number(index))?;
        file.add(&page)?;
        // What grows is moved to twice the room.
        within_memory((bytes.len() + file.len() * 2) as u64)?;
    }
    Ok(Masked { bytes: file.finish(), format: ImageFormat::Tiff, pictures: pages.len() })
}

fn masked_pdf(bytes: &[u8], covers: &[Cover]) -> Result<Masked, Unreadable> {
    let mut file = pdf_file::PdfFile::default();
    let pages = pdf::pages(bytes, |index, pixels_per_point, page| {
        let page = covered(page, covers, number(index))?;
        file.add(&page, pixels_per_point)?;
        // Whoever draws has the document once more, and what was written is put together at the end.
        within_memory(((bytes.len() + file.len()) * 2) as u64)
    })?;
    on_pages(covers, pages)?;
    Ok(Masked { bytes: file.finish(), format: ImageFormat::Pdf, pictures: pages })
}

/// What is covered on one frame is covered on all: a frame in between may show it, too, and was not looked at.
fn masked_gif(bytes: &[u8], covers: &[Cover]) -> Result<Masked, Unreadable> {
    let bytes = gif::mended(bytes);
    let mut decoder = GifDecoder::new(Cursor::new(&bytes)).map_err(|error| unreadable(&error))?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY);
    decoder.set_limits(limits).map_err(|error| unreadable(&error))?;
    let (width, height) = decoder.dimensions();
    // Four bytes a pixel of the canvas, the frame, their composition and its copy, and one of each frame that is written.
    within_memory(bytes.len() as u64 + bounded(width, height)? * (16 + u64::from(MAX_VIEWS)))?;
    let (mut copy, mut frames) = (Vec::new(), 0);
    let mut encoder = GifEncoder::new_with_speed(&mut copy, 20);
    encoder.set_repeat(Repeat::Infinite).map_err(|_| Unreadable::TooLarge)?;
    let everywhere: Vec<_> = covers.iter().map(|cover| Cover { page: None, area: cover.area }).collect();
    for (index, frame) in decoder.into_frames().enumerate() {
        if index >= MAX_VIEWS as usize {
            return Err(Unreadable::TooLarge);
        }
        frames = index + 1;
        let frame = frame.map_err(|error| unreadable(&error))?;
        let delay = frame.delay();
        let picture = on_ground(frame.buffer(), alpha::WHITE).into_rgb8();
        let picture = DynamicImage::ImageRgb8(covered(picture, &everywhere, None)?).into_rgba8();
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay)).map_err(|_| Unreadable::TooLarge)?;
    }
    drop(encoder);
    if copy.is_empty() {
        return Err(Unreadable::Damaged);
    }
    Ok(Masked { bytes: copy, format: ImageFormat::Gif, pictures: frames })
}

fn is_animated_webp(bytes: &[u8]) -> Result<bool, Unreadable> {
    let decoder = image::codecs::webp::WebPDecoder::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    Ok(decoder.has_animation())
}

#[cfg(test)]
mod tests;
