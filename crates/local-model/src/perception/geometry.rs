//! Points, areas, and pages turned by right angles.

use image::DynamicImage;

/// A point in pixels; `y` grows downward.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Four corners: top left, top right, bottom right, bottom left.
pub(crate) type Corners = [Point; 4];

/// An upright rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Area {
    /// The smallest area around some points.
    pub(crate) fn around(points: &[Point]) -> Self {
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

    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(crate) fn middle(&self) -> Point {
        Point { x: f64::midpoint(self.left, self.right), y: f64::midpoint(self.top, self.bottom) }
    }

    pub(crate) fn corners(&self) -> Corners {
        let corner = |x, y| Point { x, y };
        [
            corner(self.left, self.top),
            corner(self.right, self.top),
            corner(self.right, self.bottom),
            corner(self.left, self.bottom),
        ]
    }
}

/// How far a page was turned, clockwise, to have its text upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Turn {
    pub(crate) fn apply(self, image: &DynamicImage) -> DynamicImage {
        match self {
            Self::None => image.clone(),
            Self::Quarter => image.rotate90(),
            Self::Half => image.rotate180(),
            Self::ThreeQuarters => image.rotate270(),
        }
    }

    /// Where a point of the turned page lies on the page of this size before.
    pub(crate) fn undo(self, point: Point, (width, height): (f64, f64)) -> Point {
        match self {
            Self::None => point,
            Self::Quarter => Point { x: point.y, y: height - point.x },
            Self::Half => Point { x: width - point.x, y: height - point.y },
            Self::ThreeQuarters => Point { x: width - point.y, y: point.x },
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{GenericImage, GenericImageView, Rgba};

    use super::*;

    #[test]
    fn a_pixel_of_the_turned_page_is_found_again_on_the_page_before() {
        let mut page = DynamicImage::new_rgba8(7, 5);
        page.put_pixel(2, 1, Rgba([255, 0, 0, 255]));
        for turn in [Turn::None, Turn::Quarter, Turn::Half, Turn::ThreeQuarters] {
            let turned = turn.apply(&page);
            let (x, y, _) = turned.pixels().find(|(_, _, pixel)| pixel[0] == 255).unwrap();
            let middle = Point { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 };
            assert_eq!(turn.undo(middle, (7.0, 5.0)), Point { x: 2.5, y: 1.5 }, "{turn:?}");
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
