//! The pictures of a page, wherever they stand: whether they are there, and all of their pixels.

use std::collections::HashSet;

use hayro::hayro_syntax::{
    content::{TypedIter, ops::TypedInstruction},
    object::{Array, Dict, Name, Object, ObjectIdentifier, Stream, dict::keys},
    page::{Page, Resources},
};
use warden_core::image::Unreadable;

use super::{
    integrity,
    page::{MAX_DEPTH, MAX_PARTS},
};

/// Whether the pictures on a page are there, and all of their pixels.
///
/// # Errors
/// [`Unreadable::TooLarge`] for one that is not decoded within bounds.
pub(super) fn are_whole(page: &Page<'_>, held: u64) -> Result<bool, Unreadable> {
    let mut search = Search { seen: HashSet::new(), held, is_whole: true };
    search.look_among(page.resources(), 0)?;
    if let Some(drawing) = page.page_stream() {
        search.look_at_inline_pictures(drawing)?;
    }
    let annotations = page.raw().get::<Array<'_>>(keys::ANNOTS);
    for annotation in annotations.iter().flat_map(Array::iter::<Dict<'_>>).take(MAX_PARTS) {
        let looks = annotation.get::<Dict<'_>>(keys::AP);
        match looks.and_then(|looks| looks.get::<Object<'_>>(b"N")) {
            Some(Object::Stream(looks)) => search.look_into(&looks, 0)?,
            Some(Object::Dict(states)) => search.look_into_each(&states, 0)?,
            _ => {}
        }
    }
    Ok(search.is_whole)
}

struct Search {
    seen: HashSet<ObjectIdentifier>,
    held: u64,
    is_whole: bool,
}

impl Search {
    /// Looks at what a drawing may draw with: pictures and drawings, patterns, masks of its graphics states, and glyphs
    /// that are drawings.
    fn look_among(&mut self, resources: &Resources<'_>, depth: usize) -> Result<(), Unreadable> {
        for name in resources.x_objects.keys() {
            match resources.x_objects.get::<Stream<'_>>(&name) {
                Some(stream) => self.look_at(&stream, depth)?,
                None => self.is_whole = false,
            }
        }
        self.look_into_each(&resources.patterns, depth)?;
        for name in resources.ext_g_states.keys() {
            let state = resources.ext_g_states.get::<Dict<'_>>(&name);
            let mask = state.and_then(|state| state.get::<Dict<'_>>(keys::SMASK));
            if let Some(group) = mask.and_then(|mask| mask.get::<Stream<'_>>(b"G")) {
                self.look_into(&group, depth)?;
            }
        }
        for name in resources.fonts.keys() {
            let Some(font) = resources.fonts.get::<Dict<'_>>(&name) else { continue };
            let Some(glyphs) = font.get::<Dict<'_>>(b"CharProcs") else { continue };
            let seen = self.seen.len();
            self.look_into_each(&glyphs, depth)?;
            // Fonts may share the resources of what they stand in.
            let goes_on = self.seen.len() > seen && depth < MAX_DEPTH;
            if let Some(inner) = font.get::<Dict<'_>>(keys::RESOURCES).filter(|_| goes_on) {
                self.look_among(&Resources::new(inner), depth + 1)?;
            }
        }
        Ok(())
    }

    fn look_into_each(&mut self, drawings: &Dict<'_>, depth: usize) -> Result<(), Unreadable> {
        for name in drawings.keys() {
            if let Some(drawing) = drawings.get::<Stream<'_>>(&name) {
                self.look_into(&drawing, depth)?;
            }
        }
        Ok(())
    }

    fn look_at(&mut self, stream: &Stream<'_>, depth: usize) -> Result<(), Unreadable> {
        match stream.dict().get::<Name<'_>>(keys::SUBTYPE).as_ref().map(Name::as_str) {
            Some("Image") if self.is_new(stream) => {
                self.is_whole &= integrity::picture_is_whole(stream, self.held)?;
                // What shines through it is a picture of its own, or colours.
                for mask in [keys::SMASK, keys::MASK] {
                    if let Some(mask) = stream.dict().get::<Stream<'_>>(mask).filter(|mask| self.is_new(mask)) {
                        self.is_whole &= integrity::picture_is_whole(&mask, self.held)?;
                    }
                }
                Ok(())
            }
            Some("Form") => self.look_into(stream, depth),
            _ => Ok(()),
        }
    }

    fn look_into(&mut self, drawing: &Stream<'_>, depth: usize) -> Result<(), Unreadable> {
        if !self.is_new(drawing) {
            return Ok(());
        }
        self.is_whole &= integrity::is_whole(drawing);
        if let Ok(data) = drawing.decoded_data() {
            self.look_at_inline_pictures(&data)?;
        }
        match drawing.dict().get::<Dict<'_>>(keys::RESOURCES) {
            Some(inner) if depth < MAX_DEPTH => self.look_among(&Resources::new(inner), depth + 1),
            _ => Ok(()),
        }
    }

    fn look_at_inline_pictures(&mut self, drawing: &[u8]) -> Result<(), Unreadable> {
        if memchr::memmem::find(drawing, b"BI").is_none() {
            return Ok(());
        }
        let mut instructions = TypedIter::new(drawing);
        while let Some(instruction) = instructions.next() {
            if let TypedInstruction::InlineImage(picture) = instruction {
                self.is_whole &= integrity::picture_is_whole(picture.0, self.held)?;
            }
        }
        Ok(())
    }

    fn is_new(&mut self, stream: &Stream<'_>) -> bool {
        self.seen.len() < MAX_PARTS && self.seen.insert(stream.obj_id())
    }
}
