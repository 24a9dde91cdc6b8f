//! What is known of images: what was read in them, and what personal data it is.

use warden_perception::Sight;
use warden_perception::geometry::{Area, Corners, Point};
use warden_recognizers::{Line, Validation};

use super::facts::{Fact, Facts};

/// What this model says of itself, so that nobody takes its silence for more.
const LIMITS: &str = "This local model reads text and finds faces only; it recognises no objects and no scenes.";
/// What a face is called, as in the audit's own categories.
const FACE: &str = "FACE";

/// An image that was looked at.
#[derive(Clone)]
pub(super) struct Picture {
    sight: Sight,
    findings: Vec<Finding>,
}

/// A piece of personal data: what kind it is and where, never its value.
#[derive(Clone)]
struct Finding {
    entity: &'static str,
    confidence: f64,
    corners: Corners,
    evidence: &'static str,
}

impl Picture {
    pub(super) fn new(sight: Sight) -> Self {
        let findings = findings(&sight);
        Self { sight, findings }
    }
}

/// The personal data in what was seen, the surest first.
fn findings(sight: &Sight) -> Vec<Finding> {
    let lines: Vec<Line<'_>> = sight
        .lines
        .iter()
        .map(|line| {
            let Area { left, top, right, bottom } = line.upright;
            Line { text: &line.text, confidence: line.confidence, left, top, right, bottom }
        })
        .collect();
    let faces = sight.faces.iter().map(|face| Finding {
        entity: FACE,
        confidence: face.confidence,
        corners: face.corners,
        evidence: "a face",
    });
    let in_text = warden_recognizers::find(&lines, sight.faces.len()).into_iter().map(|found| {
        let points: Vec<Point> = found.lines.iter().flat_map(|line| sight.lines[*line].corners).collect();
        Finding {
            entity: found.entity.name(),
            confidence: found.confidence,
            corners: Area::around(&points).corners(),
            evidence: match found.validation {
                Validation::Checksum => "its check digits",
                Validation::Format => "its form",
                Validation::Context => "what stands beside it",
            },
        }
    });
    let mut findings: Vec<Finding> = faces.chain(in_text).collect();
    findings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    findings
}

/// What is known of the images of a request together.
pub(super) fn facts(pictures: &[Picture]) -> Facts {
    let findings: Vec<Facts> = pictures
        .iter()
        .flat_map(|picture| {
            picture.findings.iter().map(|finding| {
                thing(
                    finding.entity,
                    finding.entity,
                    finding.evidence,
                    finding.confidence,
                    &finding.corners,
                    &picture.sight,
                )
            })
        })
        .collect();
    let faces: Vec<Facts> = pictures
        .iter()
        .flat_map(|Picture { sight, .. }| {
            sight.faces.iter().map(|face| thing("face", FACE, "a face", face.confidence, &face.corners, sight))
        })
        .collect();
    let lines = pictures.iter().flat_map(|Picture { sight, .. }| {
        sight.lines.iter().map(|line| thing(&line.text, "text", "text", line.confidence, &line.corners, sight))
    });
    let objects = lines.chain(faces.iter().cloned()).collect();
    let transcript: Vec<&str> =
        pictures.iter().flat_map(|picture| &picture.sight.lines).map(|line| line.text.as_str()).collect();
    let side =
        |side: fn(&Sight) -> u32| Fact::Number(pictures.first().map_or(0.0, |picture| f64::from(side(&picture.sight))));
    [
        ("verdict", Fact::Truth(!findings.is_empty())),
        ("reason", Fact::Text(reason(pictures))),
        ("description", Fact::Text(description(pictures))),
        ("transcript", Fact::Text(transcript.join("\n"))),
        ("findings", Fact::Things(findings)),
        ("objects", Fact::Things(objects)),
        ("faces", Fact::Things(faces)),
        ("width", side(|sight| sight.width)),
        ("height", side(|sight| sight.height)),
    ]
    .into_iter()
    .collect()
}

/// What is known of one thing in an image.
fn thing(label: &str, category: &str, evidence: &str, confidence: f64, corners: &Corners, sight: &Sight) -> Facts {
    let area = Area::around(corners);
    let corner = |corner: Point| {
        let point = [("x", corner.x), ("y", corner.y)].map(|(axis, at)| (axis, Fact::Number(at.round())));
        Fact::Things(vec![point.into_iter().collect()])
    };
    let side = |at: f64| Fact::Number(at.round());
    [
        ("verdict", Fact::Truth(category != "text")),
        ("label", Fact::Text(label.to_owned())),
        ("category", Fact::Text(category.to_owned())),
        ("reason", Fact::Text(evidence.to_owned())),
        ("confidence", Fact::Number(confidence)),
        ("where", Fact::Text(place(&area, sight))),
        ("left", side(area.left)),
        ("top", side(area.top)),
        ("right", side(area.right)),
        ("bottom", side(area.bottom)),
        ("width", side(area.width())),
        ("height", side(area.height())),
        ("box", Fact::Numbers([area.left, area.top, area.right, area.bottom].map(f64::round).to_vec())),
        ("topleft", corner(corners[0])),
        ("topright", corner(corners[1])),
        ("bottomright", corner(corners[2])),
        ("bottomleft", corner(corners[3])),
    ]
    .into_iter()
    .collect()
}

/// Where in a picture an area lies, in the nine words of the audit.
fn place(area: &Area, sight: &Sight) -> String {
    let third = |at: f64, size: u32, words: [&'static str; 3]| {
        let third = at * 3.0 / f64::from(size.max(1));
        if third < 1.0 {
            words[0]
        } else if third < 2.0 {
            words[1]
        } else {
            words[2]
        }
    };
    let middle = area.middle();
    let row = third(middle.y, sight.height, ["top", "", "bottom"]);
    let column = third(middle.x, sight.width, ["left", "", "right"]);
    match (row, column) {
        ("", "") => "center".to_owned(),
        (row, column) => format!("{row} {column}").trim().to_owned(),
    }
}

/// Why the verdict is what it is. No value that was found is repeated.
fn reason(pictures: &[Picture]) -> String {
    let count = |number: usize, one: &str, many: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    };
    let lines = pictures.iter().map(|picture| picture.sight.lines.len()).sum();
    let faces = pictures.iter().map(|picture| picture.sight.faces.len()).sum();
    let read = format!("{} and {}", count(lines, "line of text", "lines of text"), count(faces, "face", "faces"));
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for finding in pictures.iter().flat_map(|picture| &picture.findings) {
        match kinds.iter_mut().find(|(kind, _)| *kind == finding.entity) {
            Some((_, times)) => *times += 1,
            None => kinds.push((finding.entity, 1)),
        }
    }
    if kinds.is_empty() {
        return format!("No personal data was recognised in {read}.");
    }
    let kinds: Vec<String> = kinds
        .into_iter()
        .map(|(kind, times)| if times > 1 { format!("{kind} ({times})") } else { kind.to_owned() })
        .collect();
    format!("Personal data was recognised in {read}: {}.", kinds.join(", "))
}

/// What is there to see, in sentences.
pub(super) fn description(pictures: &[Picture]) -> String {
    let mut parts = Vec::new();
    for (index, Picture { sight, .. }) in pictures.iter().enumerate() {
        let mut said = match pictures.len() {
            1 => format!("An image of {} × {} pixels.", sight.width, sight.height),
            _ => format!("Image {}, of {} × {} pixels.", index + 1, sight.width, sight.height),
        };
        if sight.lines.is_empty() {
            said.push_str(" No text can be read in it.");
        } else {
            let texts: Vec<String> = sight.lines.iter().map(|line| format!("“{}”", line.text)).collect();
            said.extend([" It reads, from top to bottom: ", &texts.join(", "), "."]);
        }
        if sight.faces.is_empty() {
            said.push_str(" No face was found.");
        }
        for face in &sight.faces {
            let area = Area::around(&face.corners);
            let sides = [area.left, area.right, area.top, area.bottom].map(|side| format!("{side:.0}"));
            let [left, right, top, bottom] = &sides;
            said.extend([
                " A face: ",
                &place(&area, sight),
                " (x ",
                left,
                " to ",
                right,
                ", y ",
                top,
                " to ",
                bottom,
                ").",
            ]);
        }
        parts.push(said);
    }
    parts.push(format!("{} {LIMITS}", reason(pictures)));
    parts.join("\n\n")
}
