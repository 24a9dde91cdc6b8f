//! Pages that are one picture, as a scanner or a camera makes them, perhaps with a text that is searched and never shown.

use std::collections::HashSet;

use hayro::hayro_syntax::{
    content::{
        TypedIter,
        ops::{Transform, TypedInstruction},
    },
    object::{Array, Dict, Name, Object, ObjectIdentifier, Stream, dict::keys},
    page::{Page, Resources},
};

use super::page::{MAX_ANNOTATIONS, MAX_DEPTH};

/// The mode in which text is there and is not shown.
const INVISIBLE: i64 = 3;

/// Most graphics states that are kept.
const MAX_STATES: usize = 1_000;

/// Least share of a page that the picture covers of which it is a scan.
const COVERED: f64 = 0.25;

/// How a drawing is stretched and turned on the page, wherever it stands: what becomes of its two edges.
#[derive(Clone, Copy)]
struct Stretch {
    across: (f64, f64),
    up: (f64, f64),
}

impl Stretch {
    const NONE: Self = Self { across: (1.0, 0.0), up: (0.0, 1.0) };

    /// The same of what is stretched so in the drawing.
    fn of([a, b, c, d]: [f64; 4], around: Self) -> Self {
        let Self { across, up } = around;
        let placed = |(x, y): (f64, f64)| (x * across.0 + y * up.0, x * across.1 + y * up.1);
        Self { across: placed((a, b)), up: placed((c, d)) }
    }

    /// How large a square becomes that had an area of one.
    fn area(self) -> f64 {
        (self.across.0 * self.up.1 - self.across.1 * self.up.0).abs()
    }
}

/// Whether a page shows one picture and nothing else but marks that somebody made on it.
pub(super) fn is_one_picture(page: &Page<'_>) -> bool {
    let (width, height) = page.base_dimensions();
    let least_area = f64::from(width) * f64::from(height) * COVERED;
    let mut sight = Sight { pictures_left: 1, least_area, marks: false, seen: HashSet::new() };
    sight.takes(page.typed_operations(), page.resources(), (false, Stretch::NONE), 0)
        && sight.pictures_left == 0
        && annotations_are_marks(page)
}

/// Whether the page's annotations show neither text nor pictures.
fn annotations_are_marks(page: &Page<'_>) -> bool {
    let Some(annotations) = page.raw().get::<Array<'_>>(keys::ANNOTS) else { return true };
    let mut sight = Sight { pictures_left: 0, least_area: 0.0, marks: true, seen: HashSet::new() };
    annotations.iter::<Dict<'_>>().enumerate().all(|(index, annotation)| {
        let kind = annotation.get::<Name<'_>>(keys::SUBTYPE);
        let looks = annotation.get::<Dict<'_>>(keys::AP).and_then(|looks| looks.get::<Object<'_>>(b"N"));
        index < MAX_ANNOTATIONS
            && match (kind.as_ref().map(Name::as_str), looks) {
                (Some("Link" | "Popup"), _) | (_, None) => true,
                (_, Some(Object::Stream(looks))) => {
                    sight.takes_form(&looks, page.resources(), (false, Stretch::NONE), 0)
                }
                _ => false,
            }
    })
}

/// What may still be drawn.
struct Sight {
    pictures_left: usize,
    /// How much of the page a picture covers at least.
    least_area: f64,
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
        // Whether text is invisible, and how what is drawn is stretched.
        (mut invisible, mut stretch): (bool, Stretch),
        depth: usize,
    ) -> bool {
        let mut states = Vec::new();
        while let Some(instruction) = instructions.next() {
            let is_taken = match instruction {
                TypedInstruction::SaveState(_) => {
                    states.push((invisible, stretch));
                    states.len() <= MAX_STATES
                }
                TypedInstruction::RestoreState(_) => {
                    (invisible, stretch) = states.pop().unwrap_or((invisible, stretch));
                    true
                }
                TypedInstruction::Transform(Transform(a, b, c, d, ..)) => {
                    stretch = Stretch::of([a, b, c, d].map(|number| number.as_f64()), stretch);
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
                    .is_some_and(|drawn| self.takes_drawn(&drawn, resources, (invisible, stretch), depth)),
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

    fn takes_drawn(
        &mut self,
        drawn: &Stream<'_>,
        resources: &Resources<'_>,
        state: (bool, Stretch),
        depth: usize,
    ) -> bool {
        match drawn.dict().get::<Name<'_>>(keys::SUBTYPE).as_ref().map(Name::as_str) {
            Some("Image") => {
                let is_taken = self.pictures_left > 0 && state.1.area() >= self.least_area;
                self.pictures_left = self.pictures_left.saturating_sub(1);
                is_taken
            }
            Some("Form") => self.takes_form(drawn, resources, state, depth),
            _ => false,
        }
    }

    fn takes_form(
        &mut self,
        form: &Stream<'_>,
        resources: &Resources<'_>,
        (invisible, stretch): (bool, Stretch),
        depth: usize,
    ) -> bool {
        if !self.seen.insert((form.obj_id(), invisible)) {
            // What is drawn again must not be the picture.
            return self.marks || self.pictures_left > 0;
        }
        let own = form.dict().get::<Dict<'_>>(keys::RESOURCES).map(Resources::new);
        let matrix = form.dict().get::<Array<'_>>(keys::MATRIX);
        let mut numbers = matrix.iter().flat_map(Array::iter::<f64>);
        let stretch = match std::array::from_fn(|_| numbers.next()) {
            [Some(a), Some(b), Some(c), Some(d)] => Stretch::of([a, b, c, d], stretch),
            _ => stretch,
        };
        depth < MAX_DEPTH
            && form.decoded_data().is_ok_and(|data| {
                self.takes(TypedIter::new(&data), own.as_ref().unwrap_or(resources), (invisible, stretch), depth + 1)
            })
    }
}
