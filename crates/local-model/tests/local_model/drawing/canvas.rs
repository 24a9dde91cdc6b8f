//! A sheet to draw on, with the two fonts that a development package ships.

use ab_glyph::FontRef;
use image::{Rgb, RgbImage};
use imageproc::drawing::{
    draw_filled_circle_mut, draw_filled_ellipse_mut, draw_filled_rect_mut, draw_hollow_rect_mut, draw_line_segment_mut,
    draw_polygon_mut, draw_text_mut, text_size,
};
use imageproc::point::Point;
use imageproc::rect::Rect;

pub type Colour = [u8; 3];

pub const BLACK: Colour = [16, 16, 20];
pub const WHITE: Colour = [255, 255, 255];
pub const GREY: Colour = [110, 114, 122];
pub const PALE: Colour = [232, 236, 241];
pub const BLUE: Colour = [28, 70, 140];
pub const GREEN: Colour = [42, 110, 60];
pub const RED: Colour = [170, 40, 40];

pub struct Canvas {
    pub image: RgbImage,
    sans: FontRef<'static>,
    mono: FontRef<'static>,
}

impl Canvas {
    pub fn new(width: u32, height: u32, background: Colour) -> Self {
        Self {
            image: RgbImage::from_pixel(width, height, Rgb(background)),
            sans: FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT).expect("a font"),
            mono: FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR).expect("a font"),
        }
    }

    /// Text in the sans-serif font, thickened: the font is a light one.
    pub fn text(&mut self, x: i32, y: i32, size: f32, colour: Colour, text: &str) {
        for offset in [0, 1] {
            draw_text_mut(&mut self.image, Rgb(colour), x + offset, y, size, &self.sans, text);
        }
    }

    /// Text whose middle is at `x`.
    pub fn centred(&mut self, x: i32, y: i32, size: f32, colour: Colour, text: &str) {
        let width = i32::try_from(text_size(size, &self.sans, text).0).expect("a text fits");
        self.text(x - width / 2, y, size, colour, text);
    }

    /// Text in the font with one width for all characters.
    pub fn mono(&mut self, x: i32, y: i32, size: f32, colour: Colour, text: &str) {
        draw_text_mut(&mut self.image, Rgb(colour), x, y, size, &self.mono, text);
    }

    pub fn fill(&mut self, x: i32, y: i32, width: u32, height: u32, colour: Colour) {
        draw_filled_rect_mut(&mut self.image, Rect::at(x, y).of_size(width, height), Rgb(colour));
    }

    pub fn frame(&mut self, x: i32, y: i32, width: u32, height: u32, colour: Colour) {
        for inset in 0..2 {
            let rect = Rect::at(x + inset, y + inset);
            let size = |side: u32| side.saturating_sub(2 * inset.unsigned_abs()).max(1);
            draw_hollow_rect_mut(&mut self.image, rect.of_size(size(width), size(height)), Rgb(colour));
        }
    }

    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), colour: Colour) {
        for offset in [0.0, 1.0] {
            draw_line_segment_mut(&mut self.image, (from.0, from.1 + offset), (to.0, to.1 + offset), Rgb(colour));
        }
    }

    pub fn circle(&mut self, x: i32, y: i32, radius: i32, colour: Colour) {
        draw_filled_circle_mut(&mut self.image, (x, y), radius, Rgb(colour));
    }

    pub fn ellipse(&mut self, x: i32, y: i32, width: i32, height: i32, colour: Colour) {
        draw_filled_ellipse_mut(&mut self.image, (x, y), width, height, Rgb(colour));
    }

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
