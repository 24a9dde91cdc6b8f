//! One page of a document as a reader shows it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, InterpreterWarning},
    hayro_syntax::{
        content::ops::TypedInstruction,
        object::{Name, Object, Stream, dict::keys},
        page::Page,
    },
    vello_cpu::color::palette::css::WHITE,
};
use image::{DynamicImage, RgbImage, metadata::Orientation};
use warden_core::image::Unreadable;

use super::{fields, integrity, pictures};
use crate::{Share, Shown, decode::Picture, tiles_at_least};

/// Dots per inch at which a page is drawn: print of 8 points is 22 pixels high.
const RESOLUTION: f32 = 200.0;

/// Points per inch, in which a page is measured.
const POINTS: f32 = 72.0;

/// Least resolution, in dots per inch, at which a page is shown, and one that is wider and higher than A2: a plan
/// or a poster, whose print is larger.
const READABLE: (f32, f32) = (100.0, 80.0);

/// The shorter edge of A2 in points.
const LARGE: f32 = 1_190.0;

/// Least scale, in thousandths, where a page has no size in which print could be measured: one
/// that is a picture, a point for each pixel.
const AS_A_PICTURE: u32 = 200;

/// Least length of a drawn page's longer edge, in pixels, and most.
const EDGES: (f32, f32) = (1_000.0, 32_000.0);

/// Most pixels of a drawn page: a square of 4,400.
const MAX_PIXELS: f32 = 19_360_000.0;

/// How deep drawings in drawings are searched for pictures and text.
pub(super) const MAX_DEPTH: usize = 8;

/// Most pictures and fields of a page that are looked at before it is drawn.
pub(super) const MAX_PICTURES: usize = 2_000;

/// What a page shows.
///
/// # Errors
/// [`Unreadable::TooLarge`] for what is not drawn within bounds, or not shown readably.
pub(super) fn views(page: &Page<'_>, share: &Share) -> Result<Shown, Unreadable> {
    let Drawn { picture, scale, is_whole } = drawn(page, share.held)?;
    let least = least_scale(page, scale);
    let picture = Picture::new(DynamicImage::ImageRgb8(picture), Orientation::NoTransforms);
    let mut shown = tiles_at_least(&picture, share, least)?;
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
    if scale < RESOLUTION / POINTS && is_a_picture(page) {
        return AS_A_PICTURE;
    }
    let (width, height) = page.render_dimensions();
    let readable = if width.min(height) > LARGE { READABLE.1 } else { READABLE.0 };
    (readable / POINTS / scale * 1_000.0) as u32
}

/// Whether a page shows one picture and nothing else.
fn is_a_picture(page: &Page<'_>) -> bool {
    let (mut pictures, mut instructions) = (0, page.typed_operations());
    while let Some(instruction) = instructions.next() {
        match instruction {
            TypedInstruction::XObject(name) => {
                let kind =
                    page.resources().get_x_object(name.0).and_then(|drawn| drawn.dict().get::<Name<'_>>(keys::SUBTYPE));
                pictures += 1;
                if pictures > 1 || kind.is_none_or(|kind| kind.as_str() != "Image") {
                    return false;
                }
            }
            TypedInstruction::SaveState(_)
            | TypedInstruction::RestoreState(_)
            | TypedInstruction::Transform(_)
            | TypedInstruction::SetGraphicsState(_)
            | TypedInstruction::RectPath(_)
            | TypedInstruction::ClipNonZero(_)
            | TypedInstruction::ClipEvenOdd(_)
            | TypedInstruction::EndPath(_) => {}
            _ => return false,
        }
    }
    pictures == 1 && !page.raw().contains_key(keys::ANNOTS)
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
    let most = (MAX_PIXELS / width / height).sqrt().min(EDGES.1 / longer);
    let scale = (RESOLUTION / POINTS).max(EDGES.0 / longer).min(most);
    let mut is_whole = pictures::are_whole(page, held)?;
    is_whole &= has_its_content(page) && fields::are_shown(page);

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

/// Whether the drawing that the page names is there.
fn has_its_content(page: &Page<'_>) -> bool {
    !page.raw().contains_key(keys::CONTENTS)
        || (page.page_stream().is_some() && contents(page).iter().all(integrity::is_whole))
}

fn contents<'a>(page: &Page<'a>) -> Vec<Stream<'a>> {
    match page.raw().get::<Object<'_>>(keys::CONTENTS) {
        Some(Object::Stream(stream)) => vec![stream],
        Some(Object::Array(parts)) => parts.iter::<Stream<'_>>().take(MAX_PICTURES).collect(),
        _ => Vec::new(),
    }
}
