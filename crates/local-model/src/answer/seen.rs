//! What can be said of images: what was read, and what personal data it is.

use serde_json::Value;

use super::fill::{Knowledge, Path, has, named, tokens};
use super::polarity;
use super::shape::{Kind, Shape};
use crate::perception::Sight;
use crate::perception::geometry::{Area, Corners};
use crate::pii::Finding;

/// What this model says of itself, so that nobody takes its silence for more.
pub(super) const LIMITS: &str =
    "This local model reads text and finds faces only; it recognises no objects and no scenes.";

/// An image and what was found in it.
pub(super) struct Picture {
    pub(super) sight: Sight,
    pub(super) findings: Vec<Finding>,
}

/// What a question about an image is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    PersonalData,
    Faces,
    Text,
    /// Something that OCR and face finding cannot tell.
    Other,
}

/// All images of a request.
pub(super) struct Gallery<'a> {
    pub(super) pictures: &'a [Picture],
    pub(super) topic: Topic,
}

impl Gallery<'_> {
    fn findings(&self) -> impl Iterator<Item = (usize, &Picture, &Finding)> {
        let pictures = self.pictures.iter().enumerate();
        pictures.flat_map(|(index, picture)| picture.findings.iter().map(move |finding| (index, picture, finding)))
    }

    fn entities(&self) -> Vec<&'static str> {
        let mut entities: Vec<&'static str> = Vec::new();
        for (_, _, finding) in self.findings() {
            if !entities.contains(&finding.entity) {
                entities.push(finding.entity);
            }
        }
        entities
    }

    /// Whether what was asked is so.
    pub(super) fn answer(&self) -> Option<bool> {
        self.on(self.topic)
    }

    fn on(&self, topic: Topic) -> Option<bool> {
        match topic {
            Topic::PersonalData => Some(self.findings().next().is_some()),
            Topic::Faces => Some(self.pictures.iter().any(|picture| !picture.sight.faces.is_empty())),
            Topic::Text => Some(self.pictures.iter().any(|picture| !picture.sight.lines.is_empty())),
            Topic::Other => None,
        }
    }

    /// Why the answer is what it is. No value that was found is repeated.
    pub(super) fn reason(&self) -> String {
        let count = |number: usize, one: &str, many: &str| match number {
            1 => format!("1 {one}"),
            _ => format!("{number} {many}"),
        };
        let faces = self.pictures.iter().map(|picture| picture.sight.faces.len()).sum();
        let lines = self.pictures.iter().map(|picture| picture.sight.lines.len()).sum();
        match self.topic {
            Topic::PersonalData => {
                let kinds: Vec<String> = self
                    .entities()
                    .into_iter()
                    .map(|entity| {
                        let times = self.findings().filter(|(_, _, finding)| finding.entity == entity).count();
                        if times > 1 { format!("{entity} ({times})") } else { entity.to_owned() }
                    })
                    .collect();
                let read =
                    format!("{} and {}", count(lines, "line of text", "lines of text"), count(faces, "face", "faces"));
                if kinds.is_empty() {
                    format!("No personal data was recognised in {read}.")
                } else {
                    format!("Personal data was recognised in {read}: {}.", kinds.join(", "))
                }
            }
            Topic::Faces => format!("{} found.", count(faces, "face was", "faces were")),
            Topic::Text => format!("{} read.", count(lines, "line of text was", "lines of text were")),
            Topic::Other => LIMITS.to_owned(),
        }
    }

    /// What is there to see, in plain words.
    pub(super) fn description(&self) -> String {
        let mut parts = Vec::new();
        for (index, picture) in self.pictures.iter().enumerate() {
            let sight = &picture.sight;
            let mut said = match self.pictures.len() {
                1 => format!("An image of {} × {} pixels.", sight.width, sight.height),
                _ => format!("Image {}, of {} × {} pixels.", index + 1, sight.width, sight.height),
            };
            if sight.lines.is_empty() {
                said.push_str(" No text can be read in it.");
            } else {
                let texts: Vec<String> =
                    sight.lines.iter().map(|line| format!("\u{201C}{}\u{201D}", line.text)).collect();
                said.push_str(" It reads, from top to bottom: ");
                said.push_str(&texts.join(", "));
                said.push('.');
            }
            match sight.faces.as_slice() {
                [] => said.push_str(" No face was found."),
                faces => {
                    let places: Vec<String> = faces
                        .iter()
                        .map(|face| {
                            let area = Area::around(&face.corners);
                            let place = place(&face.corners, sight);
                            format!(
                                "{place} (x {:.0} to {:.0}, y {:.0} to {:.0})",
                                area.left, area.right, area.top, area.bottom
                            )
                        })
                        .collect();
                    let word = if faces.len() == 1 { "A face" } else { "Faces" };
                    said.extend([" ", word, ": ", &places.join("; "), "."]);
                }
            }
            parts.push(said);
        }
        parts.push(LIMITS.to_owned());
        parts.join("\n\n")
    }

    fn read(&self) -> String {
        let lines = self.pictures.iter().flat_map(|picture| &picture.sight.lines);
        lines.map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

impl Knowledge for Gallery<'_> {
    fn text(&self, path: &Path, hint: &str) -> Option<String> {
        if named(path, &["text", "texts", "ocr", "transcript", "transcription", "content", "lines"]) {
            return Some(self.read());
        }
        if named(path, &["description", "caption", "scene"]) && !has(path, &["finding", "findings"]) {
            return Some(if self.topic == Topic::PersonalData { self.reason() } else { self.description() });
        }
        let explains = [
            "reason",
            "reasons",
            "reasoning",
            "why",
            "explanation",
            "explain",
            "rationale",
            "justification",
            "summary",
            "summarize",
            "details",
            "detail",
            "note",
            "notes",
            "comment",
            "evidence",
            "message",
        ];
        if named(path, &explains) {
            return Some(self.reason());
        }
        if named(path, &["category", "type", "kind", "entity", "entities"]) {
            return Some(self.entities().first().map_or_else(|| "none".to_owned(), |entity| (*entity).to_owned()));
        }
        let judges =
            ["verdict", "result", "answer", "decision", "classification", "label", "status", "pii", "sensitive"];
        if named(path, &judges) {
            let truth = self.truth(path, hint);
            return Some(match (polarity::of(hint), truth) {
                (_, None) => "unknown".to_owned(),
                (_, Some(truth)) => word_like(hint, truth),
            });
        }
        if named(path, &["size", "dimensions", "resolution"]) {
            return self.pictures.first().map(|picture| format!("{}x{}", picture.sight.width, picture.sight.height));
        }
        None
    }

    fn truth(&self, path: &Path, hint: &str) -> Option<bool> {
        let name = path.last().cloned().unwrap_or_default();
        let about = |words: &[&str]| name.iter().any(|token| words.contains(&token.as_str()));
        if about(&["text", "texts"]) {
            return self.on(Topic::Text);
        }
        if about(&["face", "faces", "person", "people", "human"]) {
            return self.on(Topic::Faces);
        }
        let topic = if self.topic == Topic::Other && asks_for_personal_data(&name, hint) {
            Topic::PersonalData
        } else {
            self.topic
        };
        self.on(topic).map(|truth| truth != polarity::is_inverted(&name))
    }

    fn number(&self, path: &Path, _: &str) -> Option<f64> {
        let first = self.pictures.first().map(|picture| &picture.sight);
        let count = |number: usize| u32::try_from(number).ok().map(f64::from);
        if named(path, &["width"]) {
            return first.map(|sight| f64::from(sight.width));
        }
        if named(path, &["height"]) {
            return first.map(|sight| f64::from(sight.height));
        }
        if named(path, &["face", "faces", "people", "persons"]) {
            return count(self.pictures.iter().map(|picture| picture.sight.faces.len()).sum());
        }
        if named(path, &["line", "lines", "text", "texts"]) {
            return count(self.pictures.iter().map(|picture| picture.sight.lines.len()).sum());
        }
        if named(path, &["images", "pictures"]) {
            return count(self.pictures.len());
        }
        if named(path, &["count", "number", "total", "findings", "entities"]) {
            return count(self.findings().count());
        }
        if named(path, &["confidence", "score", "probability", "certainty", "likelihood"]) {
            let surest = self.findings().map(|(_, _, finding)| finding.confidence).fold(0.0, f64::max);
            return Some(if surest > 0.0 { surest } else { 0.7 });
        }
        None
    }

    fn level(&self, path: &Path) -> Option<f64> {
        if named(path, &["confidence", "certainty"]) {
            return self.number(path, "");
        }
        self.on(Topic::PersonalData).map(|personal| if personal { 0.8 } else { 0.1 })
    }

    fn choice(&self, _: &Path, choices: &[Value]) -> Option<Value> {
        self.entities().first().and_then(|entity| category(entity, choices))
    }

    fn items(&self, path: &Path, item: &Shape) -> Vec<Box<dyn Knowledge + '_>> {
        let texts = ["objects", "object", "texts", "lines", "words", "blocks"];
        let personal = ["finding", "findings", "pii", "entity", "entities", "category", "categories", "sensitive"];
        let everything = match self.topic {
            Topic::PersonalData => named(path, &texts),
            _ => !named(path, &personal),
        };
        let spots: Vec<Spot<'_>> = if has(path, &["face", "faces"]) {
            self.spots().filter(|spot| spot.entity == Some("FACE") && spot.label == "face").collect()
        } else if everything {
            self.spots().collect()
        } else if matches!(item.kind, Kind::Text | Kind::Any | Kind::Choice(_)) && named(path, KINDS) {
            // A list of kinds names each once.
            let mut kinds: Vec<&str> = Vec::new();
            self.judged()
                .filter(|spot| {
                    spot.entity.is_some_and(|entity| {
                        !kinds.contains(&entity) && {
                            kinds.push(entity);
                            true
                        }
                    })
                })
                .collect()
        } else {
            self.judged().collect()
        };
        spots.into_iter().map(|spot| Box::new(spot) as Box<dyn Knowledge>).collect()
    }
}

/// Names of lists of kinds.
const KINDS: &[&str] = &["categories", "kinds", "types", "entities", "labels", "classes", "category", "type"];

impl Gallery<'_> {
    /// Every text and face, as something that has a label and a place.
    fn spots(&self) -> impl Iterator<Item = Spot<'_>> {
        let many = self.pictures.len() > 1;
        self.pictures.iter().enumerate().flat_map(move |(index, picture)| {
            let number = many.then_some(index + 1);
            let lines = picture.sight.lines.iter().map(move |line| Spot {
                label: &line.text,
                entity: None,
                confidence: line.confidence,
                corners: line.corners,
                sight: &picture.sight,
                evidence: "text",
                image: number,
            });
            let faces = picture.sight.faces.iter().map(move |face| Spot {
                label: "face",
                entity: Some("FACE"),
                confidence: face.confidence,
                corners: face.corners,
                sight: &picture.sight,
                evidence: "a face",
                image: number,
            });
            lines.chain(faces)
        })
    }

    /// Every piece of personal data.
    fn judged(&self) -> impl Iterator<Item = Spot<'_>> {
        let many = self.pictures.len() > 1;
        self.findings().map(move |(index, picture, finding)| Spot {
            label: finding.entity,
            entity: Some(finding.entity),
            confidence: finding.confidence,
            corners: finding.corners,
            sight: &picture.sight,
            evidence: finding.evidence,
            image: many.then_some(index + 1),
        })
    }
}

/// One thing at one place: a text, a face, or a piece of personal data.
struct Spot<'a> {
    label: &'a str,
    entity: Option<&'static str>,
    confidence: f64,
    corners: Corners,
    sight: &'a Sight,
    evidence: &'a str,
    /// Which image it is in, if there are several.
    image: Option<usize>,
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
    fn truth(&self, _: &Path, _: &str) -> Option<bool> {
        None
    }
    fn number(&self, _: &Path, _: &str) -> Option<f64> {
        Some(self.0.round())
    }
    fn level(&self, _: &Path) -> Option<f64> {
        None
    }
    fn choice(&self, _: &Path, _: &[Value]) -> Option<Value> {
        None
    }
    fn items(&self, _: &Path, _: &Shape) -> Vec<Box<dyn Knowledge + '_>> {
        Vec::new()
    }
}

impl Knowledge for Corner {
    fn text(&self, _: &Path, _: &str) -> Option<String> {
        Some(format!("{:.0}, {:.0}", self.0, self.1))
    }
    fn truth(&self, _: &Path, _: &str) -> Option<bool> {
        None
    }
    fn number(&self, path: &Path, _: &str) -> Option<f64> {
        Some(if named(path, &["y"]) { self.1 } else { self.0 }.round())
    }
    fn level(&self, _: &Path) -> Option<f64> {
        None
    }
    fn choice(&self, _: &Path, _: &[Value]) -> Option<Value> {
        None
    }
    fn items(&self, _: &Path, _: &Shape) -> Vec<Box<dyn Knowledge + '_>> {
        vec![Box::new(Figure(self.0)), Box::new(Figure(self.1))]
    }
}

/// A coordinate that a place in a form asks for, by its names: `TopLeft.x`,
/// `bottom_right_y`, `left`, `width`, `xmin`, `y2`.
fn coordinate(corners: &Corners, path: &Path) -> Option<f64> {
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
fn place(corners: &Corners, sight: &Sight) -> String {
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
fn place_among(choices: &[Value], corners: &Corners, sight: &Sight) -> Option<Value> {
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

/// Other words for the entities, as the categories of a form may name them.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("PERSON", &["person", "name", "names", "full", "people", "identity"]),
    ("EMAIL_ADDRESS", &["email", "mail", "contact"]),
    ("PHONE_NUMBER", &["phone", "telephone", "mobile", "contact"]),
    ("CREDIT_CARD", &["card", "credit", "payment", "financial", "bank"]),
    ("IBAN_CODE", &["iban", "bank", "account", "financial"]),
    ("US_SSN", &["ssn", "social", "government", "national", "id", "identification", "identity"]),
    ("PASSPORT", &["passport", "travel", "government", "document", "id", "identification", "identity"]),
    ("US_PASSPORT", &["passport", "travel", "government", "document", "id", "identification", "identity"]),
    ("DRIVER_LICENSE", &["licence", "license", "driver", "driving", "government", "document", "id", "identification"]),
    ("ID", &["id", "identification", "identity", "government", "document", "national"]),
    ("KR_RRN", &["rrn", "resident", "national", "government", "id", "identification", "identity"]),
    ("DATE_TIME", &["birth", "dob", "birthdate", "date", "age"]),
    ("LOCATION", &["address", "location", "postal", "home"]),
    ("FACE", &["face", "faces", "biometric", "photo", "portrait"]),
    ("text", &["text", "word", "line"]),
];

/// The choice that names an entity best.
fn category(entity: &str, choices: &[Value]) -> Option<Value> {
    let own = tokens(entity);
    let words: Vec<&str> = match SYNONYMS.iter().find(|(name, _)| *name == entity) {
        Some((_, words)) => words.to_vec(),
        // A national number that has no entry of its own.
        None => vec!["government", "national", "id", "identification", "identity"],
    };
    let named = |value: &&Value, wanted: &dyn Fn(&str) -> bool| {
        value.as_str().is_some_and(|text| tokens(text).iter().any(|token| wanted(token)))
    };
    let exact = choices.iter().find(|value| value.as_str().is_some_and(|text| tokens(text) == own));
    let by_word = || words.iter().find_map(|word| choices.iter().find(|value| named(value, &|token| token == *word)));
    let other =
        || choices.iter().find(|value| named(value, &|token| matches!(token, "other" | "others" | "misc" | "unknown")));
    exact.or_else(by_word).or_else(other).cloned()
}

fn asks_for_personal_data(name: &[String], hint: &str) -> bool {
    let words = ["pii", "personal", "sensitive", "private", "privacy"];
    let hint = tokens(hint);
    name.iter().chain(&hint).any(|token| words.contains(&token.as_str()))
}

/// "Yes" or "no" in the way an example says either.
pub(super) fn word_like(example: &str, truth: bool) -> String {
    const PAIRS: &[(&str, &str)] = &[
        ("yes", "no"),
        ("true", "false"),
        ("pii", "clean"),
        ("sensitive", "not sensitive"),
        ("unsafe", "safe"),
        ("found", "none"),
        ("detected", "not detected"),
        ("positive", "negative"),
        ("예", "아니오"),
        ("네", "아니요"),
        ("はい", "いいえ"),
    ];
    let lower = example.trim().to_lowercase();
    let pair = PAIRS
        .iter()
        .find(|(yes, no)| lower == *yes || lower == *no)
        .or_else(|| PAIRS.iter().find(|(yes, no)| [yes, no].iter().all(|word| lower.contains(**word))))
        .or_else(|| {
            PAIRS.iter().find(|(yes, no)| {
                [yes, no].iter().any(|word| super::skeleton::position_of_word(&lower, word).is_some())
            })
        });
    let (yes, no) = pair.copied().unwrap_or(("yes", "no"));
    let word = if truth { yes } else { no };
    let letters: Vec<char> = example.chars().filter(|c| c.is_alphabetic()).take(2).collect();
    match letters.as_slice() {
        [first, second] if first.is_uppercase() && second.is_uppercase() => word.to_uppercase(),
        [first, ..] if first.is_uppercase() && first.is_ascii() => {
            let mut chars = word.chars();
            chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
        }
        _ => word.to_owned(),
    }
}
