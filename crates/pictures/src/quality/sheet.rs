//! A sheet that remembers where what is personal stands on it.

use image::RgbImage;
use warden_core::{image::Area, pii::Category};

use crate::{
    Truth,
    canvas::{BLACK, Canvas, Colour, GREY, JapaneseFont, Typeface},
};

/// A sheet that remembers where what is personal stands on it.
pub(crate) struct Sheet {
    pub(crate) canvas: Canvas,
    pub(crate) truths: Vec<Truth>,
    /// The colour of what follows.
    pub(crate) ink: Colour,
    pub(crate) typeface: Typeface,
}

impl Sheet {
    pub(crate) fn new(width: u32, height: u32, ground: Colour, japanese: Option<&JapaneseFont>) -> Self {
        let canvas = Canvas::new(width, height, ground).with(japanese.cloned());
        Self { canvas, truths: Vec::new(), ink: BLACK, typeface: Typeface::Sans }
    }

    /// Writes what belongs to nobody.
    pub(crate) fn put(&mut self, x: i32, y: i32, size: f32, text: &str) {
        match self.typeface {
            Typeface::Sans => self.canvas.text(x, y, size, self.ink, text),
            Typeface::Mono => self.canvas.mono(x, y, size, self.ink, text),
        }
    }

    /// Writes small print.
    pub(crate) fn note(&mut self, x: i32, y: i32, size: f32, text: &str) {
        self.canvas.text(x, y, size, GREY, text);
    }

    /// Writes something personal, which has to be found.
    pub(crate) fn tell(&mut self, category: Category, x: i32, y: i32, size: f32, text: &str) {
        self.write(category, true, x, y, size, text);
    }

    /// Writes something personal that need not be found by itself: part of an address, a name on a list.
    pub(crate) fn hint(&mut self, category: Category, x: i32, y: i32, size: f32, text: &str) {
        self.write(category, false, x, y, size, text);
    }

    /// Says that what was written last is something else as well.
    pub(crate) fn also(&mut self, category: Category) {
        if let Some(last) = self.truths.last().copied() {
            self.truths.push(Truth { category, expected: false, ..last });
        }
    }

    /// Joins the last of so many to one: a zone of two lines, a key.
    pub(crate) fn join(&mut self, count: usize) {
        let first = self.truths.len().saturating_sub(count);
        let joined = self.truths.split_off(first);
        let areas: Vec<Area> = joined.iter().filter_map(|truth| truth.area).collect();
        if let Some(truth) = joined.first() {
            self.truths.push(Truth { area: around(&areas), ..*truth });
        }
    }

    fn write(&mut self, category: Category, expected: bool, x: i32, y: i32, size: f32, text: &str) {
        self.put(x, y, size, text);
        let area = self.canvas.bounds(self.typeface, x, y, size, text);
        self.truths.push(Truth { category, area, expected });
    }

    pub(crate) fn finished(self) -> (RgbImage, Vec<Truth>) {
        (self.canvas.image, self.truths)
    }
}

fn around(areas: &[Area]) -> Option<Area> {
    let (x, y) = (areas.iter().map(|area| area.x).min()?, areas.iter().map(|area| area.y).min()?);
    let right = areas.iter().map(|area| area.x + area.width).max()?;
    let bottom = areas.iter().map(|area| area.y + area.height).max()?;
    Some(Area { x, y, width: right - x, height: bottom - y })
}
