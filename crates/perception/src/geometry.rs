//! Points, areas, and pages turned by right angles.

use image::{ImageBuffer, Pixel, imageops};

/// A point in pixels; `y` grows downward.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// Four corners: top left, top right, bottom right, bottom left.
pub type Corners = [Point; 4];

/// An upright rectangle, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the names of the sides say it")]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    /// The smallest area around some points.
    #[must_use]
    pub fn around(points: &[Point]) -> Self {
        let mut area =
            Self { left: f64::INFINITY, top: f64::INFINITY, right: f64::NEG_INFINITY, bottom: f64::NEG_INFINITY };
        for point in points {
            area.left = area.left.min(point.x);
            area.top = area.top.min(point.y);
            area.right = area.right.max(point.x);
            area.bottom = area.bottom.max(point.y);
        }
        area
    }

    /// In pixels.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// In pixels.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Its centre.
    #[must_use]
    pub fn middle(&self) -> Point {
        Point { x: f64::midpoint(self.left, self.right), y: f64::midpoint(self.top, self.bottom) }
    }

    /// Whether a point lies in it or on its edge.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        (self.left..=self.right).contains(&point.x) && (self.top..=self.bottom).contains(&point.y)
    }

    /// Its corners.
    #[must_use]
    pub fn corners(&self) -> Corners {
        let corner = |x, y| Point { x, y };
        [
            corner(self.left, self.top),
            corner(self.right, self.top),
            corner(self.right, self.bottom),
            corner(self.left, self.bottom),
        ]
    }
}

/// How far a page has to be turned, clockwise, to have its text upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Turn {
    pub(crate) fn picture<P: Pixel + 'static>(
        self,
        picture: &ImageBuffer<P, Vec<P::Subpixel>>,
    ) -> ImageBuffer<P, Vec<P::Subpixel>> {
        match self {
            Self::None => picture.clone(),
            Self::Quarter => imageops::rotate90(picture),
            Self::Half => imageops::rotate180(picture),
            Self::ThreeQuarters => imageops::rotate270(picture),
        }
    }

    /// Where a point of the page of this size lies on the turned page.
    pub(crate) fn point(self, point: Point, (width, height): (f64, f64)) -> Point {
        match self {
            Self::None => point,
            Self::Quarter => Point { x: height - point.y, y: point.x },
            Self::Half => Point { x: width - point.x, y: height - point.y },
            Self::ThreeQuarters => Point { x: point.y, y: width - point.x },
        }
    }

    /// Where a point of the turned page lies on the page of this size before.
    pub(crate) fn undo(self, point: Point, (width, height): (f64, f64)) -> Point {
        match self {
            Self::None | Self::Half => self.point(point, (width, height)),
            Self::Quarter => Self::ThreeQuarters.point(point, (height, width)),
            Self::ThreeQuarters => Self::Quarter.point(point, (height, width)),
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::*;

    const TURNS: [Turn; 4] = [Turn::None, Turn::Quarter, Turn::Half, Turn::ThreeQuarters];

    #[test]
    fn a_pixel_is_found_on_the_turned_page_and_again_on_the_page_before() {
        let mut page = GrayImage::new(7, 5);
        page.put_pixel(2, 1, Luma([255]));
        let before = Point { x: 2.5, y: 1.5 };
        for turn in TURNS {
            let turned = turn.picture(&page);
            let (x, y, _) = turned.enumerate_pixels().find(|(_, _, pixel)| pixel[0] == 255).unwrap();
            let after = Point { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 };
            assert_eq!(turn.point(before, (7.0, 5.0)), after, "{turn:?}");
            assert_eq!(turn.undo(after, (7.0, 5.0)), before, "{turn:?}");
        }
    }

    #[test]
    fn the_area_around_a_tilted_box_is_upright() {
        let point = |x, y| Point { x, y };
        let area = Area::around(&[point(2.0, 0.0), point(6.0, 2.0), point(4.0, 5.0), point(0.0, 3.0)]);
        assert_eq!((area.width(), area.height()), (6.0, 5.0));
        assert_eq!(area.middle(), point(3.0, 2.5));
    }
}
