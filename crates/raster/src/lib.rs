//! Pictures that a model does not read as they are, as views that it does:
//! converted, scaled, or cut into overlapping tiles, within bounds of pixels,
//! memory and tokens. Pure: bytes in, JPEGs out.

mod animation;
mod decode;
mod encode;
mod orientation;
mod pages;
mod plan;

use warden_core::image::{Area, ImageFormat, TokenBudget, Unreadable};

use crate::plan::MAX_VIEWS;

/// A picture, or a part of it, as a JPEG that a model takes.
#[derive(Clone, PartialEq, Eq)]
pub struct View {
    /// The JPEG.
    pub jpeg: Vec<u8>,
    /// The part of the picture that it shows.
    pub area: Area,
    /// Width and height of the picture, in the pixels of `area`.
    pub whole: (u32, u32),
}

/// Views that together show everything in a picture: its parts, pages, or
/// frames sampled over the whole animation.
///
/// # Errors
/// [`Unreadable::TooLarge`] for what cannot be decoded within bounds, or not
/// shown readably within the budget; [`Unreadable::Damaged`] and
/// [`Unreadable::UnsupportedFormat`] for what the decoder does not read.
pub fn views(mut bytes: Vec<u8>, format: ImageFormat, budget: TokenBudget) -> Result<Vec<View>, Unreadable> {
    let tiles = |share: u32| {
        let (budget, most) = (TokenBudget(budget.0 / share), MAX_VIEWS / share);
        move |width, height| plan::tiles(width, height, budget, most).ok_or(Unreadable::TooLarge)
    };
    if let Some(mut frames) = animation::views(&bytes, format, budget)? {
        if format == ImageFormat::Png {
            // An animated PNG's own picture need not be one of its frames.
            frames.push(whole_view(bytes, format, TokenBudget::MIN)?);
        }
        return Ok(frames);
    }
    if format != ImageFormat::Tiff {
        return still(bytes, format, tiles(1));
    }
    let pages = pages::offsets(&bytes)?;
    let share = u32::try_from(pages.len()).unwrap_or(u32::MAX).max(1);
    let mut views = Vec::new();
    for page in pages {
        pages::begin_with(&mut bytes, page);
        views.extend(still(&bytes, format, tiles(share))?);
    }
    Ok(views)
}

/// One view of a whole picture: of an animation's first frame, a file's first page.
///
/// # Errors
/// Those of [`views`].
pub fn whole_view(bytes: Vec<u8>, format: ImageFormat, budget: TokenBudget) -> Result<View, Unreadable> {
    let views = still(bytes, format, |width, height| Ok(vec![plan::whole(width, height, budget)]))?;
    views.into_iter().next().ok_or(Unreadable::Damaged)
}

fn still(
    bytes: impl AsRef<[u8]>,
    format: ImageFormat,
    plan: impl Fn(u32, u32) -> Result<Vec<plan::Tile>, Unreadable>,
) -> Result<Vec<View>, Unreadable> {
    let (image, orientation) = decode::decode(bytes, format)?;
    let whole = orientation::seen_size(image.width(), image.height(), orientation);
    plan(whole.0, whole.1)?
        .into_iter()
        .map(|tile| Ok(View { jpeg: encode::tile_jpeg(&image, orientation, tile)?, area: tile.area, whole }))
        .collect()
}

#[cfg(test)]
mod tests;
