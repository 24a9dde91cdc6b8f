//! Rectangles: how much two of them are one.

use warden_core::{image::Area, pii::Category};

use crate::label::Wanted;

/// Above this two rectangles are about the same thing.
const LEAST_OVERLAP: f64 = 0.1;

/// What was told of something that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Match {
    /// Whether it was told at all, by its category.
    pub found: bool,
    /// How much the rectangles are one, where both have one.
    pub iou: Option<f64>,
}

/// What two rectangles share, as a part of what both cover together: 0 to 1.
#[must_use]
pub fn iou(one: Area, other: Area) -> f64 {
    let shared = |from: u32, length: u32, other_from: u32, other_length: u32| {
        let end = from.saturating_add(length).min(other_from.saturating_add(other_length));
        f64::from(end.saturating_sub(from.max(other_from)))
    };
    let shared = shared(one.x, one.width, other.x, other.width) * shared(one.y, one.height, other.y, other.height);
    let area = |area: Area| f64::from(area.width) * f64::from(area.height);
    let both = area(one) + area(other) - shared;
    if both > 0.0 { shared / both } else { 0.0 }
}

/// Which of what is there was told, in the order of `wanted`, and which of what was `told` is there. One told
/// thing stands for one thing; the best pairs go first. Where either has no rectangle, the category decides.
#[must_use]
pub fn matched(wanted: &[Wanted], told: &[(Category, Option<Area>)]) -> (Vec<Match>, Vec<bool>) {
    let mut pairs = Vec::new();
    for (at, thing) in wanted.iter().enumerate() {
        for (by, (category, area)) in told.iter().enumerate() {
            if thing.category != *category {
                continue;
            }
            match (thing.area, area) {
                (Some(one), Some(other)) => {
                    if are_about_the_same(one, *other) {
                        pairs.push((at, by, Some(iou(one, *other))));
                    }
                }
                _ => pairs.push((at, by, None)),
            }
        }
    }
    // What has to be found goes first, and then what fits best.
    pairs.sort_by(|a, b| {
        let key = |pair: &(usize, usize, Option<f64>)| (wanted[pair.0].expected, pair.2.unwrap_or_default());
        let (one, other) = (key(a), key(b));
        other.0.cmp(&one.0).then(other.1.total_cmp(&one.1))
    });
    let (mut matches, mut right) = (vec![Match::default(); wanted.len()], vec![false; told.len()]);
    for (at, by, iou) in pairs {
        if !matches[at].found && !right[by] {
            matches[at] = Match { found: true, iou };
            right[by] = true;
        }
    }
    // One of several kinds at a place, or told twice, is not wrong.
    for (by, (category, area)) in told.iter().enumerate() {
        let is_there = |thing: &Wanted| {
            thing.category == *category
                && match (thing.area, area) {
                    (Some(one), Some(other)) => are_about_the_same(one, *other),
                    _ => true,
                }
        };
        right[by] = right[by] || wanted.iter().any(is_there);
    }
    (matches, right)
}

/// What lies in something larger is about the same thing, however much larger.
fn are_about_the_same(one: Area, other: Area) -> bool {
    iou(one, other) >= LEAST_OVERLAP || holds(other, one) || holds(one, other)
}

/// Whether most of one lies in another.
fn holds(outer: Area, inner: Area) -> bool {
    let left = inner.x.max(outer.x);
    let top = inner.y.max(outer.y);
    let right = inner.x.saturating_add(inner.width).min(outer.x.saturating_add(outer.width));
    let bottom = inner.y.saturating_add(inner.height).min(outer.y.saturating_add(outer.height));
    let shared = f64::from(right.saturating_sub(left)) * f64::from(bottom.saturating_sub(top));
    shared >= 0.7 * f64::from(inner.width) * f64::from(inner.height)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn area(x: u32, y: u32, width: u32, height: u32) -> Area {
        Area { x, y, width, height }
    }

    #[test]
    fn what_rectangles_share_is_told_as_a_part_of_both() {
        for (one, other, expected) in [
            (area(0, 0, 10, 10), area(0, 0, 10, 10), 1.0),
            (area(0, 0, 10, 10), area(5, 0, 10, 10), 1.0 / 3.0),
            (area(0, 0, 10, 10), area(10, 0, 10, 10), 0.0),
            (area(0, 0, 10, 10), area(2, 2, 5, 5), 0.25),
            (area(0, 0, 0, 0), area(0, 0, 0, 0), 0.0),
            (area(u32::MAX, 0, u32::MAX, 1), area(0, 0, 1, 1), 0.0),
        ] {
            assert!((iou(one, other) - expected).abs() < 1e-9, "{one:?} and {other:?}: {}", iou(one, other));
        }
    }

    #[test]
    fn each_thing_is_matched_once_by_what_fits_it_best() {
        let wanted = |category, area, expected| Wanted { category, area, expected };
        let name = Category::Person;
        let (here, near, far) = (area(0, 0, 100, 20), area(4, 2, 100, 20), area(0, 300, 100, 20));
        for (case, things, told, found, right) in [
            ("the same place", vec![wanted(name, Some(here), true)], vec![(name, Some(near))], vec![true], vec![true]),
            ("another place", vec![wanted(name, Some(here), true)], vec![(name, Some(far))], vec![false], vec![false]),
            (
                "another kind",
                vec![wanted(Category::Face, Some(here), true)],
                vec![(name, Some(here))],
                vec![false],
                vec![false],
            ),
            ("no place told", vec![wanted(name, Some(here), true)], vec![(name, None)], vec![true], vec![true]),
            (
                "told twice",
                vec![wanted(name, Some(here), true)],
                vec![(name, Some(here)), (name, Some(near))],
                vec![true],
                vec![true, true],
            ),
            (
                "one for two",
                vec![wanted(name, Some(here), true), wanted(name, Some(far), true)],
                vec![(name, Some(here))],
                vec![true, false],
                vec![true],
            ),
            (
                "what need not be found",
                vec![wanted(name, Some(here), false)],
                vec![(name, Some(here))],
                vec![true],
                vec![true],
            ),
            ("nothing told", vec![wanted(name, Some(here), true)], vec![], vec![false], vec![]),
        ] {
            let (matches, rights) = matched(&things, &told);
            assert_eq!(matches.iter().map(|known| known.found).collect::<Vec<_>>(), found, "{case}");
            assert_eq!(rights, right, "{case}");
        }
    }
}
