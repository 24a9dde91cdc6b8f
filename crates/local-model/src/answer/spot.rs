//! What can be said of one thing at one place in an image.

use serde_json::Value;

use super::category::category;
use super::fill::{Knowledge, Path, has, named};
use super::place::{coordinate, place, place_among};
use super::polarity;
use super::shape::{Kind, Shape};
use crate::perception::Sight;
use crate::perception::geometry::{Area, Corners};

/// One thing at one place: a text, a face, or a piece of personal data.
pub(super) struct Spot<'a> {
    pub(super) label: &'a str,
    pub(super) entity: Option<&'static str>,
    pub(super) confidence: f64,
    pub(super) corners: Corners,
    pub(super) sight: &'a Sight,
    pub(super) evidence: &'a str,
    /// Which image it is in, if there are several.
    pub(super) image: Option<usize>,
}

impl Spot<'_> {
    fn whereabouts(&self) -> String {
        let place = place(&self.corners, self.sight);
        match self.image {
            Some(number) => format!("image {number}, {place}: {}", self.evidence),
            None => format!("{place}: {}", self.evidence),
        }
    }
}

impl Knowledge for Spot<'_> {
    fn text(&self, path: &Path, _: &str) -> Option<String> {
        let places = [
            "where",
            "location",
            "position",
            "place",
            "area",
            "region",
            "reason",
            "why",
            "explanation",
            "description",
            "evidence",
            "detail",
            "details",
            "context",
            "note",
        ];
        if named(path, &places) {
            return Some(self.whereabouts());
        }
        if named(path, &["value", "snippet", "match", "excerpt"]) && self.entity.is_some() {
            // Personal data is not repeated.
            return Some("[redacted]".to_owned());
        }
        Some(self.label.to_owned())
    }

    fn truth(&self, path: &Path, _: &str) -> Option<bool> {
        let name = path.last().cloned().unwrap_or_default();
        Some(self.entity.is_some() != polarity::is_inverted(&name))
    }

    fn number(&self, path: &Path, hint: &str) -> Option<f64> {
        if named(path, &["confidence", "score", "probability", "certainty", "likelihood"]) {
            let percent = hint.contains('%') || hint.contains("percent") || hint.contains("0-100");
            return Some(if percent { self.confidence * 100.0 } else { self.confidence });
        }
        coordinate(&self.corners, path)
    }

    fn level(&self, path: &Path) -> Option<f64> {
        if named(path, &["confidence", "certainty", "likelihood"]) {
            return Some(self.confidence);
        }
        Some(match self.entity {
            Some("CREDIT_CARD" | "US_SSN" | "KR_RRN" | "PASSPORT" | "US_PASSPORT" | "ID" | "IBAN_CODE") => 0.8,
            Some(_) => 0.5,
            None => 0.2,
        })
    }

    fn choice(&self, path: &Path, choices: &[Value]) -> Option<Value> {
        if let Some(place) = place_among(choices, &self.corners, self.sight) {
            return Some(place);
        }
        if named(path, &["where", "location", "position", "place", "spot"]) {
            return None;
        }
        self.entity.and_then(|entity| category(entity, choices)).or_else(|| category("text", choices))
    }

    fn items(&self, path: &Path, item: &Shape) -> Vec<Box<dyn Knowledge + '_>> {
        if !has(path, PLACES) {
            return Vec::new();
        }
        let area = Area::around(&self.corners);
        match item.kind {
            // [left, top, right, bottom], or with width and height.
            Kind::Number | Kind::Integer => {
                let ends = if has(path, &["xywh", "ltwh"]) {
                    [area.width(), area.height()]
                } else {
                    [area.right, area.bottom]
                };
                [area.left, area.top, ends[0], ends[1]]
                    .into_iter()
                    .map(|number| Box::new(Figure(number)) as Box<dyn Knowledge>)
                    .collect()
            }
            // Corner by corner.
            _ => self.corners.iter().map(|corner| Box::new(Corner(corner.x, corner.y)) as Box<dyn Knowledge>).collect(),
        }
    }
}

const PLACES: &[&str] = &[
    "box",
    "bbox",
    "bounding",
    "position",
    "corners",
    "polygon",
    "points",
    "coordinates",
    "vertices",
    "rect",
    "rectangle",
    "area",
    "region",
    "xywh",
    "ltwh",
    "location",
    "geometry",
    "quad",
];

/// One number of a list of numbers.
struct Figure(f64);
/// One point of a list of points.
struct Corner(f64, f64);

impl Knowledge for Figure {
    fn text(&self, _: &Path, _: &str) -> Option<String> {
        Some(format!("{:.0}", self.0))
    }
    fn number(&self, _: &Path, _: &str) -> Option<f64> {
        Some(self.0.round())
    }
}

impl Knowledge for Corner {
    fn text(&self, _: &Path, _: &str) -> Option<String> {
        Some(format!("{:.0}, {:.0}", self.0, self.1))
    }
    fn number(&self, path: &Path, _: &str) -> Option<f64> {
        Some(if named(path, &["y"]) { self.1 } else { self.0 }.round())
    }
    fn items(&self, _: &Path, _: &Shape) -> Vec<Box<dyn Knowledge + '_>> {
        vec![Box::new(Figure(self.0)), Box::new(Figure(self.1))]
    }
}
