//! One page of a document as a reader shows it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, InterpreterWarning},
    hayro_syntax::{
        object::{Object, Stream, dict::keys},
        page::Page,
    },
    vello_cpu::color::palette::css::WHITE,
};
use image::{DynamicImage, RgbImage, metadata::Orientation};
use warden_core::image::Unreadable;

use super::{fields, integrity, pictures, scan, text};
use crate::{Share, Shown, decode::Picture, tiles_at_least};

/// Dots per inch at which a page is drawn: print of 8 points is 22 pixels high.
const RESOLUTION: f32 = 200.0;

/// Points per inch, in which a page is measured.
const POINTS: f32 = 72.0;

/// Least resolution, in dots per inch, at which a page of ordinary print is shown.
const READABLE: f32 = 100.0;

/// The same of a page of several metres that is wider than A2.
const READABLE_BANNER: f32 = 80.0;

/// The same of a large sheet: a plan, a poster, a slide, whose print is larger.
const READABLE_SHEET: f32 = 50.0;

/// The same of a slide, however large it is: its print grows with it.
const READABLE_SLIDE: f32 = 36.0;

/// Most points of the unit in which a page is measured: so large is the largest page with one of a point.
const MAX_UNIT: f32 = 14_400.0;

/// The longer edge of the largest page of ordinary print, in points: 22 inches.
const ORDINARY: f32 = 1_584.0;

/// The shorter edge of A2 in points.
const LARGE: f32 = 1_190.0;

/// How many times as wide as it is high a slide is at least, and most pages of paper are not; and its ordinary width
/// where a point is a pixel.
const SLIDE: (f32, f32) = (1.55, 1_920.0);

/// Least scale, in thousandths, where a page has no size in which print could be measured: one
/// that is a picture, a point for each pixel.
const AS_A_PICTURE: u32 = 200;

/// Least length of a drawn page's longer edge, in pixels, and most.
const EDGES: (f32, f32) = (1_000.0, 32_000.0);

/// An edge, in points, at which a page has no area.
const NOTHING: f64 = 0.01;

/// Most pixels of a drawn page: a square of 4,400.
const MAX_PIXELS: f32 = 19_360_000.0;

/// How deep drawings in drawings are searched for text, and fields for what they belong to.
pub(super) const MAX_DEPTH: usize = 8;

/// Most notes and fields of a page.
pub(super) const MAX_ANNOTATIONS: usize = 10_000;

/// Most parts of a page's drawing, and choices of a field, that are looked at.
pub(super) const MAX_PARTS: usize = 2_000;

/// What a page shows.
///
/// # Errors
/// [`Unreadable::TooLarge`] for what is not drawn within bounds, or not shown readably.
pub(super) fn views(page: &Page<'_>, share: &Share) -> Result<Shown, Unreadable> {
    let Drawn { picture, scale, is_whole } = drawn(page, share.held)?;
    let least = least_scale(page, scale);
    let picture = Picture::new(DynamicImage::ImageRgb8(picture), Orientation::NoTransforms);
    // Text is there, however small it is shown.
    let texts = if share.texts { text::of(page, scale) } else { Vec::new() };
    let mut shown = tiles_at_least(&picture, share, least)?;
    shown.texts.extend((!texts.is_empty()).then_some(texts));
    if !is_whole {
        shown.unread = Some(Unreadable::DamagedDocument);
    }
    Ok(shown)
}

/// The least scale, in thousandths, at which what was drawn with so many pixels for each point is shown.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a resolution divided by another, which no page makes larger than a thousand"
)]
fn least_scale(page: &Page<'_>, scale: f32) -> u32 {
    let ((width, height), unit) = (page.render_dimensions(), unit(page));
    let (width, height) = (width * unit, height * unit);
    if width.max(height) > ORDINARY && scan::is_one_picture(page) {
        return AS_A_PICTURE;
    }
    (readable(width, height) / POINTS / scale * unit * 1_000.0) as u32
}

/// How many points the unit has in which a page is measured. Of fewer than one, print would be too small to be read.
fn unit(page: &Page<'_>) -> f32 {
    page.raw().get::<f32>(keys::USER_UNIT).filter(|unit| unit.is_finite()).unwrap_or(1.0).clamp(1.0, MAX_UNIT)
}

/// The least resolution, in dots per inch, at which print on a page of so many points is read.
fn readable(width: f32, height: f32) -> f32 {
    let (longer, shorter) = (width.max(height), width.min(height));
    if longer <= ORDINARY {
        READABLE
    } else if longer > 2.0 * shorter {
        // Pages that follow each other on one.
        if shorter > LARGE { READABLE_BANNER } else { READABLE }
    } else if width >= SLIDE.0 * height {
        (READABLE_SHEET * SLIDE.1 / width).clamp(READABLE_SLIDE, READABLE_SHEET)
    } else {
        READABLE_SHEET
    }
}

/// A page as a reader shows it.
pub(super) struct Drawn {
    pub(super) picture: RgbImage,
    /// Pixels for each point.
    pub(super) scale: f32,
    /// Whether everything on it could be drawn.
    pub(super) is_whole: bool,
}

/// Draws a page, of a document of so many bytes.
///
/// # Errors
/// [`Unreadable::TooLarge`] for what is not drawn within bounds.
pub(super) fn drawn(page: &Page<'_>, held: u64) -> Result<Drawn, Unreadable> {
    let (width, height) = page.render_dimensions();
    let longer = width.max(height);
    if !(longer.is_finite() && width > 0.0 && height > 0.0) {
        return Err(Unreadable::DamagedDocument);
    }
    let scale = drawn_scale(width, height, unit(page));
    let mut is_whole = pictures::are_whole(page, held)?;
    is_whole &= fields::are_shown(page)? && has_its_content(page) && has_an_area(page);

    let failed = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&failed);
    let settings = InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            // An annotation without its looks is searched for above.
            if !matches!(warning, InterpreterWarning::UnresolvedAnnotationAppearance) {
                told.store(true, Ordering::Relaxed);
            }
        }),
        ..InterpreterSettings::default()
    };
    let drawn = hayro::render(
        page,
        &RenderCache::new(),
        &settings,
        &RenderSettings::default(),
        &PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE },
    );
    let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
    // Nothing shines through the white ground.
    let mut pixels = drawn.data_as_u8_slice().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    let picture =
        RgbImage::from_fn(width, height, |_, _| image::Rgb(std::array::from_fn(|_| pixels.next().unwrap_or_default())));
    Ok(Drawn { picture, scale, is_whole: is_whole && !failed.load(Ordering::Relaxed) })
}

/// Pixels for each unit of a page of so many, which are so many points each.
fn drawn_scale(width: f32, height: f32, unit: f32) -> f32 {
    let longer = width.max(height);
    let most = (MAX_PIXELS / width / height).sqrt().min(EDGES.1 / longer);
    (RESOLUTION / POINTS * unit).max(EDGES.0 / longer).min(most)
}

/// Whether anything of the page is left between its edges: readers differ in what they show of one that is cut off.
fn has_an_area(page: &Page<'_>) -> bool {
    let left = page.intersected_crop_box();
    left.width() > NOTHING && left.height() > NOTHING
}

/// Whether the drawing that the page names is there.
fn has_its_content(page: &Page<'_>) -> bool {
    !page.raw().contains_key(keys::CONTENTS)
        || (page.page_stream().is_some() && contents(page).iter().all(integrity::is_whole))
}

fn contents<'a>(page: &Page<'a>) -> Vec<Stream<'a>> {
    match page.raw().get::<Object<'_>>(keys::CONTENTS) {
        Some(Object::Stream(stream)) => vec![stream],
        Some(Object::Array(parts)) => parts.iter::<Stream<'_>>().take(MAX_PARTS).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use warden_core::image::TokenBudget;

    use super::*;
    use crate::plan::{MAX_VIEWS, tiles};

    /// Whether print is shown readably on each of so many pages of this size.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "lengths of pages"
    )]
    fn is_shown(width: f32, height: f32, pages: u32) -> bool {
        let scale = drawn_scale(width, height, 1.0);
        let budget = TokenBudget(TokenBudget::DEFAULT.0 / pages);
        let views = (MAX_VIEWS / pages).max(1);
        let tiles = tiles((width * scale) as u32, (height * scale) as u32, budget, views);
        let dots = tiles.map(|tiles| tiles[0].width as f32 / tiles[0].area.width as f32 * scale * POINTS);
        dots.is_some_and(|dots| dots >= readable(width, height))
    }

    #[test]
    fn print_is_as_large_as_it_has_to_be_on_such_a_page() {
        for (case, width, height, pages, expected) in [
            ("letters", 595.0, 842.0, 12, true),
            ("slides", 1_920.0, 1_080.0, 3, true),
            ("a deck", 1_920.0, 1_080.0, 12, true),
            ("a deck of larger slides", 2_560.0, 1_440.0, 12, true),
            ("slides that are nearly square", 1_600.0, 1_200.0, 12, true),
            ("slides that stand", 1_080.0, 1_920.0, 12, true),
            ("posters of A0", 2_384.0, 3_370.0, 2, true),
            ("plans of A0", 3_370.0, 2_384.0, 2, true),
            ("a set of plans of A0", 3_370.0, 2_384.0, 12, false),
            ("a long page", 600.0, 6_000.0, 1, true),
            ("a page of a whole talk", 600.0, 14_400.0, 1, false),
            ("long pages", 600.0, 6_000.0, 3, false),
            ("a sheet of five metres", 14_400.0, 14_400.0, 1, false),
            ("a wall of five metres", 14_400.0, 8_100.0, 1, false),
        ] {
            assert_eq!(is_shown(width, height, pages), expected, "{case}");
        }
    }
}
