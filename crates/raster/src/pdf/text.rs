//! The text of a page as the page itself says it, whatever hides it: a bar over it, its colour, the page's edge.

use std::f64::consts::TAU;

use hayro::{
    hayro_interpret::{
        BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
        InterpreterSettings, SoftMask, TransformExt,
        font::{Glyph, GlyphRun},
        hayro_cmap::BfString,
        interpret_page,
    },
    hayro_syntax::page::Page,
    kurbo::{Affine, BezPath, Point, Rect},
};
use warden_core::image::Area;

use crate::Text;

/// Most letters of a page that are kept, five times those of a page full of print, and most lines. Whoever reads them
/// compares lines with each other.
const MAX_LETTERS: usize = 30_000;
const MAX_LINES: usize = 1_000;

/// A font's units, of which a letter's size has so many.
const UNITS: f64 = 1_000.0;

/// Width of a letter of which the font does not say how wide it is, of its size.
const WIDTH: f64 = 0.5;

/// The least gap between words, and the most between those of a line, of a letter's size. A letter may begin so much
/// before the one before it ends.
const GAPS: (f64, f64) = (0.2, 2.0);
const OVERLAP: f64 = 0.35;

/// How far letters stand apart of which one is drawn over the other, of their size.
const SHIFT: f64 = 0.1;

/// How far a letter of a line may stand above or below the one before, of its size.
const OFF_LINE: f64 = 0.3;

/// How many ways lines may run, evenly over the circle; and how far those that run one way are told from the others.
const WAYS: f64 = 72.0;
const APART: f64 = 1e6;

/// The lines of a page that is drawn with so many pixels for each point, from its top to its end.
pub(super) fn of(page: &Page<'_>, scale: f32) -> Vec<Text> {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width * scale), f64::from(height * scale));
    let transform = Affine::scale(scale.into()) * page.initial_transform(true).to_kurbo();
    let cache = InterpreterCache::new();
    let bounds = Rect::new(0.0, 0.0, width, height);
    let mut context = Context::new(transform, bounds, &cache, page.xref(), InterpreterSettings::default());
    let mut lines = Lines::default();
    interpret_page(page, &mut context, &mut lines);
    let mut lines = lines.lines;
    lines.sort_by(|one, other| one.bottom.total_cmp(&other.bottom).then(one.left.total_cmp(&other.left)));
    lines.iter().map(|line| line.told((width, height))).collect()
}

/// A line as it runs: from left to right, letters upright.
struct Line {
    text: String,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    size: f64,
    way: f64,
    /// Where its last letter begins.
    last: f64,
    /// Where it stands on the page.
    place: Rect,
}

impl Line {
    /// Whether a letter of this size stands in it, if not too far away.
    fn holds(&self, bottom: f64, size: f64, way: f64) -> bool {
        (self.way - way).abs() < 0.5 && (bottom - self.bottom).abs() < self.size.max(size) * OFF_LINE
    }

    fn told(&self, (width, height): (f64, f64)) -> Text {
        let Self { text, left, top, right, bottom, place, .. } = self;
        let pixels = |from: f64, to: f64, most: f64| {
            // What stands outside of the page is at its edge.
            let from = whole(from.clamp(0.0, (most - 1.0).max(0.0)));
            (from, whole(to.ceil().clamp(0.0, most)).saturating_sub(from).max(1))
        };
        let ((x, width_of), (y, height_of)) = (pixels(place.x0, place.x1, width), pixels(place.y0, place.y1, height));
        Text {
            text: text.trim_end().to_owned(),
            sides: [*left, *top, *right, *bottom],
            area: Area { x, y, width: width_of, height: height_of },
            whole: (whole(width), whole(height)),
            page: None,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a page's pixels before")]
fn whole(pixels: f64) -> u32 {
    pixels as u32
}

/// Puts letters together to lines in the order in which they are drawn: what was drawn over others does not stand between
/// them.
#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
    letters: usize,
}

impl Lines {
    fn add(&mut self, letter: char, to_page: Affine, width: f64) {
        self.letters += 1;
        if self.letters > MAX_LETTERS || letter.is_control() {
            return;
        }
        let start = to_page * Point::ZERO;
        let (along, up) = (to_page * Point::new(UNITS, 0.0) - start, to_page * Point::new(0.0, UNITS) - start);
        let size = up.hypot();
        if !(size.is_finite() && size > 0.0 && along.hypot() > 0.0 && start.is_finite()) {
            return;
        }
        let way = (along.angle() / TAU * WAYS).round().rem_euclid(WAYS);
        let (sin, cos) = (way / WAYS * TAU).sin_cos();
        let upright =
            |point: Point| Point::new(point.x * cos + point.y * sin, point.y * cos - point.x * sin + way * APART);
        let end = to_page * Point::new(width, 0.0);
        let (left, right, bottom) = (upright(start).x, upright(end).x, upright(start).y);
        let place = Rect::from_points(start, end).union(Rect::from_points(start + up, end + up));
        if let Some(line) = self.lines.last_mut().filter(|line| line.holds(bottom, size, way)) {
            // Bold print is drawn twice.
            if (left - line.last).abs() < size * SHIFT && line.text.ends_with(letter) {
                return;
            }
            let gap = (left - line.right) / size;
            if (-OVERLAP..GAPS.1).contains(&gap) {
                if gap > GAPS.0 && !line.text.ends_with(' ') {
                    line.text.push(' ');
                }
                line.text.push(letter);
                (line.right, line.last) = (right.max(left), left);
                line.top = line.top.min(bottom - size);
                line.place = line.place.union(place);
                return;
            }
        }
        if self.lines.len() < MAX_LINES && !letter.is_whitespace() {
            let text = letter.to_string();
            let (top, right, last) = (bottom - size, right.max(left), left);
            self.lines.push(Line { text, left, top, right, bottom, size, way, last, place });
        }
    }
}

impl<'a> Device<'a> for Lines {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            let width = match &**glyph {
                Glyph::Outline(outline) => outline.advance_width().map(f64::from),
                Glyph::Type3(_) => None,
            };
            let width = width.unwrap_or(UNITS * WIDTH);
            let to_page = props.transform * glyph.transform();
            match glyph.as_unicode() {
                Some(BfString::Char(letter)) => self.add(letter, to_page, width),
                Some(BfString::String(letters)) => {
                    #[expect(clippy::cast_precision_loss, reason = "letters of a ligature")]
                    let each = width / letters.chars().count().max(1) as f64;
                    for (index, letter) in (0_u32..).zip(letters.chars()) {
                        self.add(letter, to_page * Affine::translate((each * f64::from(index), 0.0)), each);
                    }
                }
                None => {}
            }
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
