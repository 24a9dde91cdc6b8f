//! A picture in shades of grey.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pixels are counted in u32, and measured in f32"
)]

use crate::Area;

/// A picture in shades of grey, row by row, as it lies upright.
#[derive(Clone)]
pub struct Gray {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Gray {
    /// A picture of these pixels; `None` where their number is another, or zero.
    #[must_use]
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let fits = pixels.len() as u64 == u64::from(width) * u64::from(height);
        (fits && !pixels.is_empty()).then_some(Self { width, height, pixels })
    }

    /// Its width in pixels.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Its height in pixels.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    pub(crate) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub(crate) fn row(&self, y: u32) -> &[u8] {
        let start = y as usize * self.width as usize;
        &self.pixels[start..start + self.width as usize]
    }

    /// The picture at half its size, four pixels averaged to one.
    pub(crate) fn halved(&self) -> Self {
        let (width, height) = ((self.width / 2).max(1), (self.height / 2).max(1));
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            let (upper, lower) = (self.row(y * 2), self.row((y * 2 + 1).min(self.height - 1)));
            let pairs = upper.chunks(2).zip(lower.chunks(2)).take(width as usize);
            pixels.extend(pairs.map(|(upper, lower)| {
                let sum: u32 = upper.iter().chain(lower).map(|pixel| u32::from(*pixel)).sum();
                (sum / (upper.len() + lower.len()) as u32) as u8
            }));
        }
        Self { width, height, pixels }
    }

    /// Dark for bright.
    pub(crate) fn inverted(&self) -> Self {
        Self { pixels: self.pixels.iter().map(|pixel| 255 - pixel).collect(), ..*self }
    }

    /// Paints an area white.
    pub(crate) fn blank(&mut self, area: Area) {
        let (left, right) = (area.x.min(self.width), (area.x + area.width).min(self.width));
        for y in area.y..(area.y + area.height).min(self.height) {
            let start = y as usize * self.width as usize;
            self.pixels[start + left as usize..start + right as usize].fill(255);
        }
    }

    /// Right for left.
    pub(crate) fn mirrored(&self) -> Self {
        let rows = self.pixels.chunks(self.width as usize);
        Self { pixels: rows.flat_map(|row| row.iter().rev().copied()).collect(), ..*self }
    }

    /// A part of it, turned upright and enlarged.
    pub(crate) fn turned(&self, part: &Part) -> Self {
        let (width, height) = part.size();
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for row in 0..height {
            for column in 0..width {
                let (x, y) = part.outside(column as f32, row as f32);
                pixels.push(self.between(x, y));
            }
        }
        Self { width, height, pixels }
    }

    /// The shade at a point, of the four pixels around it. Beyond the edge it goes on as it is there.
    fn between(&self, x: f32, y: f32) -> u8 {
        let (x, y) = (x.clamp(0.0, (self.width - 1) as f32), y.clamp(0.0, (self.height - 1) as f32));
        let (left, top) = (x as u32, y as u32);
        let (right, bottom) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (by_x, by_y) = (x - left as f32, y - top as f32);
        let at = |x: u32, y: u32| f32::from(self.pixels[y as usize * self.width as usize + x as usize]);
        let upper = at(left, top) * (1.0 - by_x) + at(right, top) * by_x;
        let lower = at(left, bottom) * (1.0 - by_x) + at(right, bottom) * by_x;
        (upper * (1.0 - by_y) + lower * by_y) as u8
    }
}

/// A rectangle in a picture, at any angle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Its middle.
    pub middle: (f32, f32),
    /// Its length and height.
    pub extent: (f32, f32),
    /// The direction of its length, a vector of length one.
    pub along: (f32, f32),
    /// How much larger it is shown.
    pub scale: f32,
}

impl Part {
    fn size(&self) -> (u32, u32) {
        ((self.extent.0 * self.scale).max(1.0) as u32, (self.extent.1 * self.scale).max(1.0) as u32)
    }

    /// Two corners that lie opposite.
    pub(crate) fn corners(&self) -> [(f32, f32); 2] {
        let (width, height) = self.size();
        [self.outside(0.0, 0.0), self.outside(width as f32, height as f32)]
    }

    pub(crate) fn longer(&self) -> f32 {
        self.extent.0.max(self.extent.1)
    }

    pub(crate) fn shorter(&self) -> f32 {
        self.extent.0.min(self.extent.1)
    }

    /// A point of the part as a point of the picture.
    pub(crate) fn outside(&self, x: f32, y: f32) -> (f32, f32) {
        let (along, across) = (x / self.scale - self.extent.0 / 2.0, y / self.scale - self.extent.1 / 2.0);
        (
            self.middle.0 + along * self.along.0 - across * self.along.1,
            self.middle.1 + along * self.along.1 + across * self.along.0,
        )
    }
}
