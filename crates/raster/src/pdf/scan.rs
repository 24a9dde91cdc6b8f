//! Pages that are one picture, as a scanner or a camera makes them, perhaps with a text that is searched and never shown.

use std::collections::HashSet;

use hayro::hayro_syntax::{
    content::{TypedIter, ops::TypedInstruction},
    object::{Array, Dict, Name, Object, ObjectIdentifier, Stream, dict::keys},
    page::{Page, Resources},
};

use super::page::{MAX_ANNOTATIONS, MAX_DEPTH};

/// The mode in which text is there and is not shown.
const INVISIBLE: i64 = 3;

/// Most graphics states that are kept.
const MAX_STATES: usize = 1_000;

/// Whether a page shows one picture and nothing else but marks that somebody made on it.
pub(super) fn is_one_picture(page: &Page<'_>) -> bool {
    let mut sight = Sight { pictures_left: 1, marks: false, seen: HashSet::new() };
    sight.takes(page.typed_operations(), page.resources(), false, 0)
        && sight.pictures_left == 0
        && annotations_are_marks(page)
}

/// Whether the page's annotations show neither text nor pictures.
fn annotations_are_marks(page: &Page<'_>) -> bool {
    let Some(annotations) = page.raw().get::<Array<'_>>(keys::ANNOTS) else { return true };
    let mut sight = Sight { pictures_left: 0, marks: true, seen: HashSet::new() };
    annotations.iter::<Dict<'_>>().enumerate().all(|(index, annotation)| {
        let kind = annotation.get::<Name<'_>>(keys::SUBTYPE);
        let looks = annotation.get::<Dict<'_>>(keys::AP).and_then(|looks| looks.get::<Object<'_>>(b"N"));
        index < MAX_ANNOTATIONS
            && match (kind.as_ref().map(Name::as_str), looks) {
                (Some("Link" | "Popup"), _) | (_, None) => true,
                (_, Some(Object::Stream(looks))) => sight.takes_form(&looks, page.resources(), false, 0),
                _ => false,
            }
    })
}

/// What may still be drawn.
struct Sight {
    pictures_left: usize,
    /// Whether lines and areas may be.
    marks: bool,
    /// The drawings that were looked at, and whether their text was invisible.
    seen: HashSet<(ObjectIdentifier, bool)>,
}

impl Sight {
    fn takes(
        &mut self,
        mut instructions: TypedIter<'_>,
        resources: &Resources<'_>,
        mut invisible: bool,
        depth: usize,
    ) -> bool {
        let mut states = Vec::new();
        while let Some(instruction) = instructions.next() {
            let is_taken = match instruction {
                TypedInstruction::SaveState(_) => {
                    states.push(invisible);
                    states.len() <= MAX_STATES
                }
                TypedInstruction::RestoreState(_) => {
                    invisible = states.pop().unwrap_or(invisible);
                    true
                }
                TypedInstruction::TextRenderingMode(mode) => {
                    invisible = mode.0.as_i64() == INVISIBLE;
                    true
                }
                // Letters that are drawings are shown in every mode.
                TypedInstruction::TextFont(font) => resources
                    .get_font(font.0)
                    .and_then(|font| font.get::<Name<'_>>(keys::SUBTYPE))
                    .is_none_or(|kind| kind.as_str() != "Type3"),
                TypedInstruction::ShowText(_)
                | TypedInstruction::NextLineAndShowText(_)
                | TypedInstruction::ShowTextWithParameters(_)
                | TypedInstruction::ShowTexts(_) => invisible,
                TypedInstruction::XObject(name) => resources
                    .get_x_object(name.0)
                    .is_some_and(|drawn| self.takes_drawn(&drawn, resources, invisible, depth)),
                TypedInstruction::StrokePath(_)
                | TypedInstruction::CloseAndStrokePath(_)
                | TypedInstruction::FillPathNonZero(_)
                | TypedInstruction::FillPathNonZeroCompatibility(_)
                | TypedInstruction::FillPathEvenOdd(_)
                | TypedInstruction::FillAndStrokeNonZero(_)
                | TypedInstruction::FillAndStrokeEvenOdd(_)
                | TypedInstruction::CloseFillAndStrokeNonZero(_)
                | TypedInstruction::CloseFillAndStrokeEvenOdd(_) => self.marks,
                TypedInstruction::Shading(_) | TypedInstruction::InlineImage(_) => false,
                // States, and paths that nothing is drawn along.
                _ => true,
            };
            if !is_taken {
                return false;
            }
        }
        true
    }

    fn takes_drawn(&mut self, drawn: &Stream<'_>, resources: &Resources<'_>, invisible: bool, depth: usize) -> bool {
        match drawn.dict().get::<Name<'_>>(keys::SUBTYPE).as_ref().map(Name::as_str) {
            Some("Image") => {
                let is_taken = self.pictures_left > 0;
                self.pictures_left = self.pictures_left.saturating_sub(1);
                is_taken
            }
            Some("Form") => self.takes_form(drawn, resources, invisible, depth),
            _ => false,
        }
    }

    fn takes_form(&mut self, form: &Stream<'_>, resources: &Resources<'_>, invisible: bool, depth: usize) -> bool {
        if !self.seen.insert((form.obj_id(), invisible)) {
            // What is drawn again must not be the picture.
            return self.marks || self.pictures_left > 0;
        }
        let own = form.dict().get::<Dict<'_>>(keys::RESOURCES).map(Resources::new);
        depth < MAX_DEPTH
            && form.decoded_data().is_ok_and(|data| {
                self.takes(TypedIter::new(&data), own.as_ref().unwrap_or(resources), invisible, depth + 1)
            })
    }
}
