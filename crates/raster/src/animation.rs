//! Frames of an animation, sampled over the whole of it.

use std::io::Cursor;

use image::{
    AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageResult, Limits,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};
use warden_core::image::{ImageFormat, TokenBudget, Unreadable};

use crate::{
    View,
    decode::{MAX_MEMORY, bounded, unreadable},
    encode::tile_jpeg,
    plan::{self, MAX_VIEWS},
};

/// Most pixels that are decoded of all frames together: half a minute of full HD.
const MAX_ANIMATION_PIXELS: u64 = 1_500_000_000;

/// Views of an animation's frames, evenly over the whole of it; `None` for an
/// image of one frame.
///
/// # Errors
/// [`Unreadable::TooLarge`] for more than is decoded, [`Unreadable::Damaged`]
/// when any frame cannot be.
pub(crate) fn views(bytes: &[u8], format: ImageFormat, budget: TokenBudget) -> Result<Option<Vec<View>>, Unreadable> {
    let Some((width, height, frames)) = frames(bytes, format).map_err(|error| unreadable(&error))? else {
        return Ok(None);
    };
    let pixels = bounded(width, height)?;
    if pixels * 12 > MAX_MEMORY {
        // Canvas, frame and their composition, four bytes a pixel each.
        return Err(Unreadable::TooLarge);
    }
    let tile = plan::one_view(width, height);
    let most = plan::affordable(tile, budget).min(MAX_VIEWS as usize);
    let (mut kept, mut stride, mut count) = (Vec::new(), 1, 0_u64);
    for frame in frames {
        let frame = frame.map_err(|error| unreadable(&error))?;
        let index = count;
        count += 1;
        if pixels.saturating_mul(count) > MAX_ANIMATION_PIXELS {
            return Err(Unreadable::TooLarge);
        }
        if index % stride == 0 && kept.len() == most {
            // The animation is longer than thought: every other frame will do.
            kept = kept.into_iter().step_by(2).collect();
            stride *= 2;
        }
        if index % stride == 0 && kept.len() < most {
            let image = DynamicImage::ImageRgba8(frame.into_buffer());
            let jpeg = tile_jpeg(&image, Orientation::NoTransforms, tile)?;
            kept.push(View { jpeg, area: tile.area, whole: (width, height) });
        }
    }
    match count {
        0 => Err(Unreadable::Damaged),
        1 => Ok(None),
        _ => Ok(Some(kept)),
    }
}

type Animation<'a> = (u32, u32, Frames<'a>);

fn frames(bytes: &[u8], format: ImageFormat) -> ImageResult<Option<Animation<'_>>> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY);
    let bytes = Cursor::new(bytes);
    Ok(match format {
        ImageFormat::Gif => {
            let mut decoder = GifDecoder::new(bytes)?;
            decoder.set_limits(limits)?;
            let (width, height) = decoder.dimensions();
            Some((width, height, decoder.into_frames()))
        }
        ImageFormat::WebP => {
            let mut decoder = WebPDecoder::new(bytes)?;
            decoder.set_limits(limits)?;
            let (width, height) = decoder.dimensions();
            decoder.has_animation().then(|| (width, height, decoder.into_frames()))
        }
        ImageFormat::Png => {
            let decoder = PngDecoder::with_limits(bytes, limits)?;
            let (width, height) = decoder.dimensions();
            if decoder.is_apng()? { Some((width, height, decoder.apng()?.into_frames())) } else { None }
        }
        ImageFormat::Jpeg | ImageFormat::Bmp | ImageFormat::Ico | ImageFormat::Pnm | ImageFormat::Tiff => None,
    })
}
