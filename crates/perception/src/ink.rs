//! Where in a line's rectangle its characters stand: the detector marks more than that around small print.

use image::RgbImage;

use crate::detector;
use crate::geometry::{Corners, Point};

/// A step from pixel to pixel that has this share of the strongest near it is an edge of a character.
const EDGE: f64 = 0.3;
/// Weaker steps, of 255, are texture.
const LEAST_STEP: i32 = 10;
/// The line's height by how far to either side counts as near. That is farther than the detector grows a line, so the
/// margin is measured against the character beside it; a faint value is not measured against its bold label.
const NEAR: u32 = 2;
/// As many edges as a stroke has.
const SIDES: usize = 2;
/// Less of a line's height than this is no line of characters.
const LEAST_HEIGHT: f64 = 0.25;

/// The parts of a line's rectangle that its characters begin and end at, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extent {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Extent {
    /// Where the characters in the upright picture of a line stand. Rules above or below them are none: nothing changes
    /// along these.
    pub(crate) fn of(line: &RgbImage) -> Option<Self> {
        let (width, height) = (line.width(), line.height());
        let light = |x: u32, y: u32| line.get_pixel(x, y).0.iter().map(|channel| i32::from(*channel)).sum::<i32>() / 3;
        let along = |x: u32, y: u32| if x + 1 < width { (light(x + 1, y) - light(x, y)).abs() } else { 0 };
        let down = |x: u32, y: u32| if y + 1 < height { (light(x, y + 1) - light(x, y)).abs() } else { 0 };
        let strongest: Vec<i32> = (0..width).filter_map(|x| (0..height).map(|y| along(x, y)).max()).collect();
        let reach = (height / NEAR) as usize;
        let near: Vec<i32> = (0..strongest.len())
            .filter_map(|x| {
                strongest[x.saturating_sub(reach)..strongest.len().min(x + reach + 1)].iter().max().copied()
            })
            .collect();
        let is_edge = |step: i32, x: u32| step >= LEAST_STEP && f64::from(step) >= EDGE * f64::from(near[x as usize]);
        let in_row = |y: &u32| (0..width).filter(|x| is_edge(along(*x, *y), *x)).count() >= SIDES;
        let (top, bottom) = ((0..height).find(in_row)?, (0..height).rfind(in_row)?);
        let in_column =
            |x: &u32| (top..=bottom).any(|y| is_edge(along(*x, y), *x) || y < bottom && is_edge(down(*x, y), *x));
        let (left, right) = ((0..width).find(in_column)?, (0..width).rfind(in_column)?);
        let part = |pixels: u32, of: u32| f64::from(pixels) / f64::from(of);
        let extent = Self {
            left: part(left, width),
            top: part(top, height),
            right: part(right + 1, width),
            bottom: part(bottom + 1, height),
        };
        (extent.bottom - extent.top >= LEAST_HEIGHT).then_some(extent)
    }

    /// This part of a rectangle, and a pixel more on each side, but no more than all of it, and no less than the part
    /// that the detector marked: what it marks is text, however faint.
    pub(crate) fn within(self, corners: &Corners) -> Corners {
        let [first, second, third, fourth] = *corners;
        let length = |from: Point, to: Point| (from.x - to.x).hypot(from.y - to.y).max(1.0);
        let (width, height) = (length(first, second), length(first, fourth));
        let (across, down) = (1.0 / width, 1.0 / height);
        let added = detector::added(width, height);
        let from = |part: f64, pixel: f64| (part - pixel).min(added * pixel).max(0.0);
        let to = |part: f64, pixel: f64| (part + pixel).max(1.0 - added * pixel).min(1.0);
        let (left, right) = (from(self.left, across), to(self.right, across));
        let (top, bottom) = (from(self.top, down), to(self.bottom, down));
        let between = |from: Point, to: Point, part: f64| Point {
            x: from.x + (to.x - from.x) * part,
            y: from.y + (to.y - from.y) * part,
        };
        let at = |x: f64, y: f64| between(between(first, second, x), between(fourth, third, x), y);
        [at(left, top), at(right, top), at(right, bottom), at(left, bottom)]
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use image::imageops::rotate180;

    use super::*;
    use crate::geometry::Area;

    /// Upright strokes of eight pixels' distance, from 24 to 179 and from 12 to 36, on a line of 200 by 48.
    fn strokes(paper: u8, ink: u8) -> RgbImage {
        RgbImage::from_fn(200, 48, |x, y| {
            let stroke = (20..180).contains(&x) && (12..36).contains(&y) && x % 8 < 3;
            Rgb([if stroke { ink } else { paper }; 3])
        })
    }

    #[test]
    fn characters_are_found_within_their_line_whatever_their_contrast() {
        for (paper, ink) in [(255, 0), (20, 230), (150, 190)] {
            let found = Extent::of(&strokes(paper, ink)).unwrap();
            let expected = Extent { left: 23.0 / 200.0, top: 0.25, right: 179.0 / 200.0, bottom: 0.75 };
            assert_eq!(found, expected, "{paper} {ink}");
        }
    }

    #[test]
    fn a_rule_below_and_a_little_noise_are_no_characters() {
        let mut line = strokes(250, 10);
        for x in 0..200 {
            line.put_pixel(x, 45, Rgb([90; 3]));
            line.put_pixel(x, 2, Rgb([(245 + x % 7).min(255) as u8; 3]));
        }
        let found = Extent::of(&line).unwrap();
        assert_eq!((found.top, found.bottom), (0.25, 0.75));
    }

    #[test]
    fn a_tail_of_one_character_belongs_to_the_line() {
        let mut line = strokes(250, 10);
        for y in 36..42 {
            for x in 100..103 {
                line.put_pixel(x, y, Rgb([10; 3]));
            }
        }
        let found = Extent::of(&line).unwrap();
        assert_eq!(found, Extent { bottom: 42.0 / 48.0, ..Extent::of(&strokes(250, 10)).unwrap() });
    }

    /// Strokes as [`strokes`], of which those from 100 on are light grey.
    fn label_and_value() -> RgbImage {
        let (label, value) = (strokes(255, 0), strokes(255, 215));
        RgbImage::from_fn(200, 48, |x, y| *if x < 100 { &label } else { &value }.get_pixel(x, y))
    }

    #[test]
    fn a_faint_value_belongs_to_the_line_of_its_bold_label() {
        let all = Extent::of(&strokes(255, 0)).unwrap();
        assert_eq!(Extent::of(&label_and_value()).unwrap(), all);
        let [forward, backward] =
            [strokes(255, 0), label_and_value()].map(|line| Extent::of(&rotate180(&line)).unwrap());
        assert_eq!(backward, forward);
    }

    #[test]
    fn a_dark_rule_beside_faint_characters_is_not_the_line() {
        for rule in [2..6, 194..198] {
            let mut line = strokes(250, 200);
            for (x, y) in rule.clone().flat_map(|x| (0..48).map(move |y| (x, y))) {
                line.put_pixel(x, y, Rgb([0; 3]));
            }
            let (found, characters) = (Extent::of(&line).unwrap(), Extent::of(&strokes(250, 200)).unwrap());
            assert!(found.left <= characters.left && found.right >= characters.right, "{rule:?} {found:?}");
        }
    }

    #[test]
    fn what_the_detector_marked_stays_whatever_the_ink() {
        let point = |x, y| Point { x, y };
        let corners = [point(0.0, 0.0), point(300.0, 0.0), point(300.0, 50.0), point(0.0, 50.0)];
        let added = detector::added(300.0, 50.0);
        let strip = Extent { left: 0.5, top: 0.4, right: 0.52, bottom: 0.6 };
        let area = Area::around(&strip.within(&corners));
        let marked = Area { left: added, top: added, right: 300.0 - added, bottom: 50.0 - added };
        for (side, expected) in
            [(area.left, marked.left), (area.top, marked.top), (area.right, marked.right), (area.bottom, marked.bottom)]
        {
            assert!((side - expected).abs() < 1e-9, "{area:?} is not {marked:?}");
        }
    }

    #[test]
    fn what_is_plain_or_a_speck_has_no_extent() {
        assert_eq!(Extent::of(&RgbImage::from_pixel(40, 48, Rgb([9; 3]))), None);
        let mut speck = RgbImage::from_pixel(40, 48, Rgb([250; 3]));
        speck.put_pixel(20, 20, Rgb([0; 3]));
        assert_eq!(Extent::of(&speck), None);
    }

    #[test]
    fn a_part_of_a_tilted_rectangle_lies_along_it_with_a_pixel_to_spare() {
        let point = |x, y| Point { x, y };
        let corners = [point(0.0, 0.0), point(100.0, 100.0), point(90.0, 110.0), point(-10.0, 10.0)];
        let middle = Extent { left: 0.02, top: 0.2, right: 0.98, bottom: 0.8 };
        let area = Area::around(&middle.within(&corners));
        assert!(area.left > -8.0 && area.right < 98.0 && area.top > 2.0 && area.bottom < 108.0, "{area:?}");
        let all = Extent { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };
        assert_eq!(all.within(&corners), corners);
    }
}
