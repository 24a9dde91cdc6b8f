//! What can be said of images: what was read, and what personal data it is.

use serde_json::Value;

use super::category::category;
use super::fill::{Knowledge, Path, has, named, tokens};
use super::place::place;
use super::polarity::{self, word_like};
use super::shape::{Kind, Shape};
use super::spot::Spot;
use crate::perception::Sight;
use crate::perception::geometry::Area;
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

fn asks_for_personal_data(name: &[String], hint: &str) -> bool {
    let words = ["pii", "personal", "sensitive", "private", "privacy"];
    let hint = tokens(hint);
    name.iter().chain(&hint).any(|token| words.contains(&token.as_str()))
}
