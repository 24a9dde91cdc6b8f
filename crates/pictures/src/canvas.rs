//! A sheet to draw on, with the two fonts that a development package ships, and a third for Japanese where there is one.

#![allow(
    clippy::expect_used,
    clippy::must_use_candidate,
    clippy::missing_panics_doc,
    reason = "of fixed fonts, and of fixed, small numbers"
)]

use std::sync::Arc;

use ab_glyph::{FontRef, FontVec, PxScale, ScaleFont as _, point};
use image::{Rgb, RgbImage, imageops};
use imageproc::drawing::{
    draw_filled_circle_mut, draw_filled_ellipse_mut, draw_filled_rect_mut, draw_hollow_rect_mut, draw_line_segment_mut,
    draw_polygon_mut, draw_text_mut, text_size,
};
use imageproc::point::Point;
use imageproc::rect::Rect;
use warden_core::image::Area;

/// Red, green and blue.
pub type Colour = [u8; 3];

/// As ink is.
pub const BLACK: Colour = [16, 16, 20];
/// As paper is.
pub const WHITE: Colour = [255, 255, 255];
/// As small print is.
pub const GREY: Colour = [110, 114, 122];
/// As a form is.
pub const PALE: Colour = [232, 236, 241];
/// Of headings.
pub const BLUE: Colour = [28, 70, 140];
/// Of headings.
pub const GREEN: Colour = [42, 110, 60];
/// Of headings.
pub const RED: Colour = [170, 40, 40];

/// A font with Japanese characters, which no package of cargo's ships.
#[derive(Clone)]
pub struct JapaneseFont(Arc<FontVec>);

impl JapaneseFont {
    /// A font from the bytes of its file; `None` where they are no font.
    #[must_use]
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        Some(Self(Arc::new(FontVec::try_from_vec(bytes).ok()?)))
    }
}

/// Which font a text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typeface {
    /// Without serifs.
    Sans,
    /// With one width for all characters.
    Mono,
}

/// A sheet and what it is drawn on with.
pub struct Canvas {
    /// What was drawn so far.
    pub image: RgbImage,
    sans: FontRef<'static>,
    mono: FontRef<'static>,
    japanese: Option<JapaneseFont>,
}

impl Canvas {
    /// An empty sheet.
    pub fn new(width: u32, height: u32, background: Colour) -> Self {
        Self {
            image: RgbImage::from_pixel(width, height, Rgb(background)),
            sans: FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT).expect("a font"),
            mono: FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR).expect("a font"),
            japanese: None,
        }
    }

    /// The same with a font for Japanese.
    #[must_use]
    pub fn with(self, japanese: Option<JapaneseFont>) -> Self {
        Self { japanese, ..self }
    }

    /// Text in the sans-serif font, thickened: the font is a light one.
    pub fn text(&mut self, x: i32, y: i32, size: f32, colour: Colour, text: &str) {
        match self.japanese.clone().filter(|_| is_japanese(text)) {
            Some(font) => draw_text_mut(&mut self.image, Rgb(colour), x, y, size, &*font.0, text),
            None => {
                for offset in [0, 1] {
                    draw_text_mut(&mut self.image, Rgb(colour), x + offset, y, size, &self.sans, text);
                }
            }
        }
    }

    /// Text whose middle is at `x`.
    pub fn centred(&mut self, x: i32, y: i32, size: f32, colour: Colour, text: &str) {
        self.text(x - self.width(size, text) / 2, y, size, colour, text);
    }

    /// Text in the font with one width for all characters.
    pub fn mono(&mut self, x: i32, y: i32, size: f32, colour: Colour, text: &str) {
        match self.japanese.clone().filter(|_| is_japanese(text)) {
            Some(font) => draw_text_mut(&mut self.image, Rgb(colour), x, y, size, &*font.0, text),
            None => draw_text_mut(&mut self.image, Rgb(colour), x, y, size, &self.mono, text),
        }
    }

    /// How wide a text is in the sans-serif font.
    pub fn width(&self, size: f32, text: &str) -> i32 {
        let (width, _) = match self.japanese.as_ref().filter(|_| is_japanese(text)) {
            Some(font) => text_size(size, &*font.0, text),
            None => text_size(size, &self.sans, text),
        };
        i32::try_from(width).expect("a text fits")
    }

    /// The rectangle around a text's ink; `None` of a text without any.
    pub fn bounds(&self, typeface: Typeface, x: i32, y: i32, size: f32, text: &str) -> Option<Area> {
        match (self.japanese.as_ref().filter(|_| is_japanese(text)), typeface) {
            (Some(font), _) => ink(&*font.0, x, y, size, text),
            (None, Typeface::Sans) => ink(&self.sans, x, y, size, text),
            (None, Typeface::Mono) => ink(&self.mono, x, y, size, text),
        }
    }

    /// A filled rectangle.
    pub fn fill(&mut self, x: i32, y: i32, width: u32, height: u32, colour: Colour) {
        draw_filled_rect_mut(&mut self.image, Rect::at(x, y).of_size(width, height), Rgb(colour));
    }

    /// A rectangle without a filling.
    pub fn frame(&mut self, x: i32, y: i32, width: u32, height: u32, colour: Colour) {
        for inset in 0..2 {
            let rect = Rect::at(x + inset, y + inset);
            let size = |side: u32| side.saturating_sub(2 * inset.unsigned_abs()).max(1);
            draw_hollow_rect_mut(&mut self.image, rect.of_size(size(width), size(height)), Rgb(colour));
        }
    }

    /// A line.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), colour: Colour) {
        for offset in [0.0, 1.0] {
            draw_line_segment_mut(&mut self.image, (from.0, from.1 + offset), (to.0, to.1 + offset), Rgb(colour));
        }
    }

    /// A filled circle around a point.
    pub fn circle(&mut self, x: i32, y: i32, radius: i32, colour: Colour) {
        draw_filled_circle_mut(&mut self.image, (x, y), radius, Rgb(colour));
    }

    /// A filled ellipse around a point.
    pub fn ellipse(&mut self, x: i32, y: i32, width: i32, height: i32, colour: Colour) {
        draw_filled_ellipse_mut(&mut self.image, (x, y), width, height, Rgb(colour));
    }

    /// A filled polygon. Its last corner is not its first.
    pub fn polygon(&mut self, corners: &[(i32, i32)], colour: Colour) {
        let corners: Vec<Point<i32>> = corners.iter().map(|(x, y)| Point::new(*x, *y)).collect();
        draw_polygon_mut(&mut self.image, &corners, Rgb(colour));
    }

    /// The outline of nobody, where a photograph would be.
    pub fn placeholder(&mut self, x: i32, y: i32, width: u32, height: u32) {
        self.fill(x, y, width, height, [198, 205, 214]);
        let (w, h) = (i32::try_from(width).expect("small"), i32::try_from(height).expect("small"));
        let shade = [150, 160, 172];
        self.circle(x + w / 2, y + h * 2 / 5, w / 5, shade);
        for row in (h * 2 / 3)..h {
            let half = (w * 2 / 5).min(w / 8 + (row - h * 2 / 3) * 2);
            self.fill(x + w / 2 - half, y + row, (2 * half).unsigned_abs().max(1), 1, shade);
        }
        self.frame(x, y, width, height, GREY);
    }

    /// A barcode out of a picture of it in which a pixel is a module, drawn with so many pixels to a module.
    pub fn code(&mut self, x: i32, y: i32, module: u32, png: &[u8]) {
        let code = image::load_from_memory(png).expect("a picture of ours").into_rgb8();
        let (width, height) = (code.width() * module, code.height() * module);
        let code = imageops::resize(&code, width, height, imageops::FilterType::Nearest);
        imageops::replace(&mut self.image, &code, x.into(), y.into());
    }

    /// A barcode of no meaning.
    pub fn bars(&mut self, x: i32, y: i32, width: i32, height: u32) {
        let mut at = 0;
        let mut step = 7u32;
        while at < width {
            step = (step * 31 + 11) % 97;
            let bar = step % 4 + 1;
            self.fill(x + at, y, bar, height, BLACK);
            at += i32::try_from(bar + step % 3 + 2).expect("small");
        }
    }
}

/// Whether a text has characters that the Latin fonts have not.
fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| ('\u{2e80}'..='\u{ffef}').contains(&c))
}

/// The rectangle around a text's ink, laid out as it is drawn.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places on a sheet are small")]
fn ink(font: &impl ab_glyph::Font, x: i32, y: i32, size: f32, text: &str) -> Option<Area> {
    let scale = PxScale::from(size);
    let scaled = font.as_scaled(scale);
    let (mut along, mut before) = (0.0, None);
    let mut around: Option<ab_glyph::Rect> = None;
    for id in text.chars().map(|c| font.glyph_id(c)) {
        if let Some(before) = before {
            along += scaled.kern(before, id);
        }
        before = Some(id);
        let glyph = id.with_scale_and_position(scale, point(along, scaled.ascent()));
        along += scaled.h_advance(id);
        let Some(glyph) = font.outline_glyph(glyph) else { continue };
        let of_glyph = glyph.px_bounds();
        around = Some(around.map_or(of_glyph, |known| ab_glyph::Rect {
            min: point(known.min.x.min(of_glyph.min.x), known.min.y.min(of_glyph.min.y)),
            max: point(known.max.x.max(of_glyph.max.x), known.max.y.max(of_glyph.max.y)),
        }));
    }
    let around = around?;
    let place = |at: f32, from: i32| (at as i32 + from).max(0) as u32;
    Some(Area {
        x: place(around.min.x, x),
        y: place(around.min.y, y),
        width: (around.width() as u32).max(1),
        height: (around.height() as u32).max(1),
    })
}
