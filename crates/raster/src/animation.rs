//! Frames of an animation, sampled over the whole of it.

use std::io::Cursor;

use image::{
    AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageResult, Limits,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};
use warden_core::image::{ImageFormat, Unreadable};

use crate::{
    Overview, Share, Shown, View,
    codes::{Code, Seen},
    decode::{MAX_MEMORY, Picture, bounded, unreadable, within_memory},
    grounds, plan,
};

/// Most pixels that are decoded of all frames together: half a minute of full HD.
const MAX_ANIMATION_PIXELS: u64 = 1_500_000_000;

/// Views of an animation's frames, evenly over the whole of it, each frame on all its grounds; `None` for an
/// image of one frame, but for a PNG, whose frame need not be its picture.
///
/// # Errors
/// [`Unreadable::TooLarge`] for more than is decoded, [`Unreadable::Damaged`]
/// when the first frame cannot be.
pub(crate) fn views(bytes: &[u8], format: ImageFormat, share: &Share) -> Result<Option<Shown>, Unreadable> {
    let Some((width, height, frames)) = frames(bytes, format).map_err(|error| unreadable(&error))? else {
        return Ok(None);
    };
    let pixels = bounded(width, height)?;
    // Canvas, frame and their composition, four bytes a pixel each.
    within_memory(bytes.len() as u64 + pixels * 12)?;
    let tile = plan::one_view(width, height);
    let most = plan::affordable(tile, share.budget).min(share.views as usize).max(1);
    // Codes are read at the end, when it is known which frames are shown: each is held in grey until then.
    let room = MAX_MEMORY.saturating_sub(bytes.len() as u64 + pixels * 12) / most as u64;
    let (mut kept, mut stride, mut count) = (Vec::new(), 1, 0_u64);
    // Of one frame, as far as is known.
    let mut views_each = 1;
    let mut unread = None;
    for frame in frames {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) if count == 0 => return Err(unreadable(&error)),
            Err(error) => {
                unread = Some(unreadable(&error));
                break;
            }
        };
        let index = count;
        count += 1;
        if pixels.saturating_mul(count) > MAX_ANIMATION_PIXELS {
            return Err(Unreadable::TooLarge);
        }
        if index % stride != 0 {
            continue;
        }
        let picture = Picture::new(DynamicImage::ImageRgba8(frame.into_buffer()), Orientation::NoTransforms);
        let grounds = grounds(&picture);
        views_each = grounds.len().max(views_each);
        let most = (most / views_each).max(1);
        while kept.len() > most || (kept.len() == most && index % stride == 0) {
            // The animation is longer than thought, or takes more views: every other frame will do.
            kept = kept.into_iter().step_by(2).collect();
            stride *= 2;
        }
        if index % stride == 0 {
            let seen = share.codes.as_ref().and_then(|_| Seen::of(&picture, room));
            let of_frame = |view| View { page: u32::try_from(count).ok(), ..view };
            let views = grounds.into_iter().map(|ground| View::of(&picture, tile, ground).map(of_frame));
            kept.push((views.collect::<Result<Vec<_>, _>>()?, seen));
        }
    }
    match count {
        0 => Err(Unreadable::Damaged),
        1 if unread.is_none() && format != ImageFormat::Png => Ok(None),
        _ => {
            let mut shown = Shown { unread, ..Shown::default() };
            for (views, seen) in kept {
                let page = views.first().and_then(|view| view.page);
                let codes = share.codes.as_ref().map(|search| search.codes_in(seen));
                shown.codes.extend(codes.into_iter().flatten().map(|code| Code { page, ..code }));
                if share.overviews {
                    shown.overviews.extend(views.iter().cloned().map(Overview::from));
                }
                shown.views.extend(views);
            }
            Ok(Some(shown))
        }
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
        _ => None,
    })
}
