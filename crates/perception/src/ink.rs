//! Where in a line's rectangle its characters stand: the detector marks more than that around small print.

use image::RgbImage;

use crate::geometry::{Corners, Point};

/// A step from pixel to pixel that has this share of the line's strongest is an edge of a character.
const EDGE: f64 = 0.3;
/// Weaker steps, of 255, are texture.
const LEAST_STEP: i32 = 10;
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
        let strongest = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| along(x, y)).max()?;
        if strongest < LEAST_STEP {
            return None;
        }
        let is_edge = |step: i32| step >= LEAST_STEP && f64::from(step) >= EDGE * f64::from(strongest);
        let in_row = |y: &u32| (0..width).filter(|x| is_edge(along(*x, *y))).count() >= SIDES;
        let (top, bottom) = ((0..height).find(in_row)?, (0..height).rfind(in_row)?);
        let in_column = |x: &u32| (top..=bottom).any(|y| is_edge(along(*x, y)) || y < bottom && is_edge(down(*x, y)));
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

    /// This part of a rectangle, and a pixel more on each side, but no more than all of it.
    pub(crate) fn within(self, corners: &Corners) -> Corners {
        let [first, second, third, fourth] = *corners;
        let length = |from: Point, to: Point| (from.x - to.x).hypot(from.y - to.y).max(1.0);
        let (across, down) = (1.0 / length(first, second), 1.0 / length(first, fourth));
        let (left, right) = ((self.left - across).max(0.0), (self.right + across).min(1.0));
        let (top, bottom) = ((self.top - down).max(0.0), (self.bottom + down).min(1.0));
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
        let middle = Extent { left: 0.25, top: 0.25, right: 0.75, bottom: 0.75 };
        let area = Area::around(&middle.within(&corners));
        assert!(area.left > 10.0 && area.right < 85.0 && area.top > 20.0 && area.bottom < 90.0, "{area:?}");
        let all = Extent { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };
        assert_eq!(all.within(&corners), corners);
    }
}
