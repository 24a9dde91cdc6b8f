//! Places in an image: in pixels, in the words of a form, and in plain words.

use serde_json::Value;

use super::fill::{Path, tokens};
use crate::perception::Sight;
use crate::perception::geometry::{Area, Corners};

/// A coordinate that a place in a form asks for, by its names: `TopLeft.x`,
/// `bottom_right_y`, `left`, `width`, `xmin`, `y2`.
pub(super) fn coordinate(corners: &Corners, path: &Path) -> Option<f64> {
    let area = Area::around(corners);
    let name = path.last()?;
    let axis = |token: &str| match token {
        "left" | "xmin" | "x1" | "x0" => Some(area.left),
        "right" | "xmax" | "x2" => Some(area.right),
        "top" | "ymin" | "y1" | "y0" => Some(area.top),
        "bottom" | "ymax" | "y2" => Some(area.bottom),
        "width" | "w" => Some(area.width()),
        "height" | "h" => Some(area.height()),
        _ => None,
    };
    let any = |words: &[&str]| path.iter().flatten().any(|token| words.contains(&token.as_str()));
    let is = |word: &str| name.iter().any(|token| token == word);
    let (low, rightward) = (any(&["bottom", "lower", "br", "bl"]), any(&["right", "br", "tr"]));
    let corner = match (low, rightward) {
        (false, false) => corners[0],
        (false, true) => corners[1],
        (true, true) => corners[2],
        (true, false) => corners[3],
    };
    let number = if is("x") {
        Some(corner.x)
    } else if is("y") {
        Some(corner.y)
    } else {
        name.iter().rev().find_map(|token| axis(token))
    };
    number.map(|number| number.max(0.0).round())
}

/// Where corners lie, in words.
pub(super) fn place(corners: &Corners, sight: &Sight) -> String {
    let middle = Area::around(corners).middle();
    let third = |at: f64, size: u32| at * 3.0 / f64::from(size.max(1));
    let across = third(middle.x, sight.width);
    let down = third(middle.y, sight.height);
    let column = if across < 1.0 {
        "left"
    } else if across < 2.0 {
        "centre"
    } else {
        "right"
    };
    let row = if down < 1.0 {
        "top"
    } else if down < 2.0 {
        "middle"
    } else {
        "bottom"
    };
    match (row, column) {
        ("middle", "centre") => "centre".to_owned(),
        (row, column) => format!("{row} {column}"),
    }
}

/// The choice that names a place, if places are what the choices name.
pub(super) fn place_among(choices: &[Value], corners: &Corners, sight: &Sight) -> Option<Value> {
    let words = |text: &str| {
        let mut words: Vec<String> = tokens(text)
            .into_iter()
            .map(|word| match word.as_str() {
                "upper" => "top".to_owned(),
                "lower" => "bottom".to_owned(),
                "center" | "middle" => "centre".to_owned(),
                _ => word,
            })
            .collect();
        words.dedup();
        if words.len() > 1 {
            words.retain(|word| word != "centre");
        }
        words.sort();
        words
    };
    let here = words(&place(corners, sight));
    choices.iter().find(|choice| choice.as_str().is_some_and(|text| words(text) == here)).cloned()
}
