//! One page of a document as a reader shows it.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, InterpreterWarning},
    hayro_syntax::{
        object::{Array, Dict, Name, Object, ObjectIdentifier, Stream, dict::keys},
        page::Page,
    },
    vello_cpu::color::palette::css::WHITE,
};
use image::{DynamicImage, RgbImage, metadata::Orientation};
use warden_core::image::Unreadable;

use super::integrity;
use crate::{Share, Shown, decode::Picture, tiles_at_least};

/// Dots per inch at which a page is drawn: print of 8 points is 22 pixels high.
const RESOLUTION: f32 = 200.0;

/// Points per inch, in which a page is measured.
const POINTS: f32 = 72.0;

/// Least scale of what is shown of a page that is drawn at that resolution, in thousandths: 100
/// dots per inch.
const READABLE: u32 = 500;

/// Least scale, in thousandths, where a page has no size in which print could be measured: one
/// that is a picture, a point for each pixel.
const AS_A_PICTURE: u32 = 200;

/// Longest edge of a page that is drawn, and least length of the longer one, in pixels.
const EDGES: (f32, f32) = (1_000.0, 4_400.0);

/// How deep drawings in drawings are searched for pictures.
const MAX_DEPTH: usize = 8;

/// Most pictures of a page that are looked at before it is drawn.
const MAX_PICTURES: usize = 2_000;

/// What a page shows.
///
/// # Errors
/// [`Unreadable::TooLarge`] for what is not drawn within bounds, or not shown readably.
pub(super) fn views(page: &Page<'_>, share: &Share) -> Result<Shown, Unreadable> {
    let Drawn { picture, scale, is_whole } = drawn(page, share.held)?;
    let least = if scale >= RESOLUTION / POINTS { READABLE } else { AS_A_PICTURE };
    let picture = Picture::new(DynamicImage::ImageRgb8(picture), Orientation::NoTransforms);
    let mut shown = tiles_at_least(&picture, share, least)?;
    if !is_whole {
        shown.unread = Some(Unreadable::DamagedDocument);
    }
    Ok(shown)
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
    let scale = (RESOLUTION / POINTS).clamp(EDGES.0 / longer, (EDGES.1 / longer).max(EDGES.0 / longer));
    let mut is_whole = pictures_are_whole(page, held)?;
    is_whole &= has_its_content(page) && shows_its_fields(page);

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

/// Whether what is written in the page's fields stands in looks that are drawn. Some programs leave
/// them to the reader to make.
fn shows_its_fields(page: &Page<'_>) -> bool {
    let Some(annotations) = page.raw().get::<Array<'_>>(keys::ANNOTS) else { return true };
    annotations.iter::<Dict<'_>>().take(MAX_PICTURES).all(|annotation| {
        let has_looks = annotation.get::<Dict<'_>>(keys::AP).is_some();
        let kind = annotation.get::<Name<'_>>(keys::SUBTYPE);
        let says_something = match kind.as_ref().map(Name::as_str) {
            Some("Widget") => has_value(&annotation, 0),
            Some("FreeText") => true,
            _ => false,
        };
        has_looks || !says_something
    })
}

/// Whether a field, or the one that it belongs to, has a text for its value.
fn has_value(field: &Dict<'_>, depth: usize) -> bool {
    match field.get::<Object<'_>>(b"V") {
        Some(Object::String(text)) => !text.as_bytes().is_empty(),
        Some(Object::Stream(_) | Object::Array(_)) => true,
        None if depth < MAX_DEPTH => {
            field.get::<Dict<'_>>(b"Parent").is_some_and(|parent| has_value(&parent, depth + 1))
        }
        _ => false,
    }
}

/// Whether the pictures on a page are there, and all of their pixels.
///
/// # Errors
/// [`Unreadable::TooLarge`] for one that is not decoded within bounds.
fn pictures_are_whole(page: &Page<'_>, held: u64) -> Result<bool, Unreadable> {
    let mut search = Search { seen: HashSet::new(), held, is_whole: true };
    search.look_into(&page.resources().x_objects, 0)?;
    Ok(search.is_whole)
}

struct Search {
    seen: HashSet<ObjectIdentifier>,
    held: u64,
    is_whole: bool,
}

impl Search {
    fn look_into(&mut self, drawings: &Dict<'_>, depth: usize) -> Result<(), Unreadable> {
        for name in drawings.keys() {
            let Some(stream) = drawings.get::<Stream<'_>>(&name) else {
                self.is_whole = false;
                continue;
            };
            if self.seen.len() >= MAX_PICTURES || !self.seen.insert(stream.obj_id()) {
                continue;
            }
            let dictionary = stream.dict();
            match dictionary.get::<Name<'_>>(keys::SUBTYPE).as_ref().map(Name::as_str) {
                Some("Image") => self.is_whole &= integrity::picture_is_whole(&stream, self.held)?,
                Some("Form") => {
                    self.is_whole &= integrity::is_whole(&stream);
                    let resources = dictionary.get::<Dict<'_>>(keys::RESOURCES);
                    let inner = resources.and_then(|resources| resources.get::<Dict<'_>>(keys::XOBJECT));
                    if let Some(inner) = inner.filter(|_| depth < MAX_DEPTH) {
                        self.look_into(&inner, depth + 1)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
