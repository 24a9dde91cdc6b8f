//! The smallest rectangle around pixels, at any angle.

use crate::geometry::{Corners, Point};

/// A rectangle that may be tilted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rectangle {
    middle: Point,
    /// The direction of its width, one long.
    along: Point,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rectangle {
    /// The smallest around these pixels, which have an edge of it along an edge of their hull. In whole numbers the
    /// hull is exact: with rounding errors in it, long flat lines shrink to nothing.
    pub(crate) fn around(pixels: impl Iterator<Item = (i32, i32)>) -> Option<Self> {
        let hull = hull(pixels.collect());
        let [only] = hull.as_slice() else {
            let next = hull.iter().cycle().skip(1);
            let along_edges = hull.iter().zip(next).map(|(from, to)| Self::along_edge(&hull, *from, *to));
            return along_edges.min_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height)));
        };
        Some(Self { middle: point(*only), along: Point { x: 1.0, y: 0.0 }, width: 0.0, height: 0.0 })
    }

    fn along_edge(hull: &[(i32, i32)], from: (i32, i32), to: (i32, i32)) -> Self {
        let (x, y) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
        let length = x.hypot(y);
        let along = Point { x: x / length, y: y / length };
        let (mut least, mut most) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for corner in hull.iter().copied().map(point) {
            let places = [corner.x * along.x + corner.y * along.y, corner.y * along.x - corner.x * along.y];
            for (axis, place) in places.into_iter().enumerate() {
                least[axis] = least[axis].min(place);
                most[axis] = most[axis].max(place);
            }
        }
        let (across, down) = (f64::midpoint(least[0], most[0]), f64::midpoint(least[1], most[1]));
        Self {
            middle: Point { x: across * along.x - down * along.y, y: across * along.y + down * along.x },
            along,
            width: most[0] - least[0],
            height: most[1] - least[1],
        }
    }

    /// Its corners, in turn, when it is `growth` pixels wider and higher.
    pub(crate) fn grown(&self, growth: f64) -> Corners {
        let (width, height) = (f64::midpoint(self.width, growth), f64::midpoint(self.height, growth));
        [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(right, down)| {
            let (across, down) = (width * right, height * down);
            Point {
                x: self.middle.x + across * self.along.x - down * self.along.y,
                y: self.middle.y + across * self.along.y + down * self.along.x,
            }
        })
    }
}

fn point((x, y): (i32, i32)) -> Point {
    Point { x: f64::from(x), y: f64::from(y) }
}

/// The corners of the convex hull, in turn, by Andrew's monotone chain.
fn hull(mut pixels: Vec<(i32, i32)>) -> Vec<(i32, i32)> {
    pixels.sort_unstable();
    pixels.dedup();
    if pixels.len() < 3 {
        return pixels;
    }
    let mut corners = chain(pixels.iter());
    corners.extend(chain(pixels.iter().rev()));
    corners
}

/// One side of the hull, without its last corner.
fn chain<'a>(pixels: impl Iterator<Item = &'a (i32, i32)>) -> Vec<(i32, i32)> {
    let mut chain: Vec<(i32, i32)> = Vec::new();
    for pixel in pixels {
        while let [.., before, last] = chain.as_slice() {
            let turn = |axis: fn(&(i32, i32)) -> i32| i64::from(axis(last)) - i64::from(axis(before));
            let next = |axis: fn(&(i32, i32)) -> i32| i64::from(axis(pixel)) - i64::from(axis(before));
            if turn(|p| p.0) * next(|p| p.1) > turn(|p| p.1) * next(|p| p.0) {
                break;
            }
            chain.pop();
        }
        chain.push(*pixel);
    }
    chain.pop();
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(pixels: &[(i32, i32)]) -> (f64, f64) {
        let found = Rectangle::around(pixels.iter().copied()).unwrap();
        (found.width.max(found.height), found.width.min(found.height))
    }

    #[test]
    fn a_tilted_square_is_smaller_than_the_upright_one_around_it() {
        let (long, short) = sides(&[(0, 5), (5, 0), (10, 5), (5, 10), (5, 5)]);
        assert!((long - 50_f64.sqrt()).abs() < 1e-9 && (short - 50_f64.sqrt()).abs() < 1e-9, "{long} {short}");
    }

    #[test]
    fn a_long_flat_line_keeps_its_height() {
        // A band of 800 by 11 whose edges step up and down by a pixel.
        let edge = |top: i32| (0..800).map(move |x| (x, top + i32::from(x % 7 == 3)));
        let band: Vec<_> = edge(206).chain(edge(216)).collect();
        let (long, short) = sides(&band);
        assert!((long - 799.0).abs() < 1.0 && (10.0..=12.0).contains(&short), "{long} {short}");
    }

    #[test]
    fn a_pixel_and_a_row_of_them_have_no_height() {
        assert_eq!(sides(&[(3, 4)]), (0.0, 0.0));
        assert_eq!(sides(&[(3, 4), (9, 4), (5, 4)]), (6.0, 0.0));
        assert!(Rectangle::around(std::iter::empty()).is_none());
    }

    #[test]
    fn growth_keeps_the_middle() {
        let corners = Rectangle::around([(10, 10), (30, 10), (30, 20), (10, 20)].into_iter()).unwrap().grown(4.0);
        let mut xs = corners.map(|corner| corner.x);
        let mut ys = corners.map(|corner| corner.y);
        xs.sort_by(f64::total_cmp);
        ys.sort_by(f64::total_cmp);
        assert_eq!((xs[0], xs[3], ys[0], ys[3]), (8.0, 32.0, 8.0, 22.0));
    }
}
