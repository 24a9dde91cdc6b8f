//! What is true of a picture: the file `labels.jsonl` of a folder, a line of JSON for each picture.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use warden_core::{image::Area, pii::Category};

/// The file of a folder that says what is in its pictures.
pub const FILE: &str = "labels.jsonl";

/// What is true of a picture: a line of `labels.jsonl`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The picture's file, below the folder.
    pub file: String,
    /// Whether it holds personal data or a secret.
    pub personal: bool,
    /// What it holds. Where it is left out, categories and rectangles of the picture are not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<Finding>>,
    /// The part of the set that it belongs to, each measured by itself.
    #[serde(default = "all")]
    pub part: String,
    /// What kind of picture it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The language that it is written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// How it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<String>,
    /// How it attacks whoever judges it, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attack: Option<String>,
}

fn all() -> String {
    "all".to_owned()
}

impl Label {
    /// What its file's name ends with, in small letters.
    #[must_use]
    pub fn format(&self) -> String {
        let extension = Path::new(&self.file).extension().unwrap_or_default();
        extension.to_string_lossy().to_lowercase().replace("jpeg", "jpg")
    }
}

/// Something that a picture holds.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What it is.
    #[serde(with = "category")]
    pub category: Category,
    /// The rectangle around it, in pixels of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#box: Option<Area>,
    /// Whether it need not be found, and is not wrong where it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// Something that a picture holds, as it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is.
    pub category: Category,
    /// Where it is.
    pub area: Option<Area>,
    /// Whether it has to be found.
    pub expected: bool,
}

impl From<Finding> for Wanted {
    fn from(finding: Finding) -> Self {
        Self { category: finding.category, area: finding.r#box, expected: !finding.optional }
    }
}

mod category {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use warden_core::pii::Category;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
    pub(super) fn serialize<S: Serializer>(category: &Category, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(category.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Category, D::Error> {
        let name = String::deserialize(from)?;
        Category::named(&name).ok_or_else(|| D::Error::custom(format!("{name:?} is no category of docs/findings.md")))
    }
}

/// Why labels cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// The file is not there or cannot be read.
    #[error(
        "{path} cannot be read: {source}. Write a line of JSON into it for each picture, as docs/evaluation.md says"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A line is no label.
    #[error("{path}, line {line}: {problem}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// There is none.
    #[error("{0} has no line")]
    Empty(PathBuf),
}

/// The labels of a folder.
///
/// # Errors
/// When the file is not there, a line is no label, or names a file outside the folder.
pub fn read(folder: &Path) -> Result<Vec<Label>, LabelError> {
    let path = folder.join(FILE);
    let text = fs::read_to_string(&path).map_err(|source| LabelError::Io { path: path.clone(), source })?;
    let labels = parse(&text).map_err(|(line, problem)| LabelError::Line { path: path.clone(), line, problem })?;
    if labels.is_empty() { Err(LabelError::Empty(path)) } else { Ok(labels) }
}

fn parse(text: &str) -> Result<Vec<Label>, (usize, String)> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let label: Label = serde_json::from_str(line).map_err(|error| (at + 1, error.to_string()))?;
            let inside =
                Path::new(&label.file).components().all(|part| matches!(part, std::path::Component::Normal(_)));
            if !inside || label.file.is_empty() {
                return Err((at + 1, format!("{:?} is no file below the folder", label.file)));
            }
            if !label.personal && label.findings.iter().flatten().any(|finding| !finding.optional) {
                return Err((at + 1, "it holds findings and nothing personal".to_owned()));
            }
            Ok(label)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_true_of_a_picture() {
        let text = r#"
            {"file": "a.png", "personal": false}
            {"file": "b/c.jpg", "personal": true, "kind": "passport", "findings": [{"category": "PASSPORT", "box": {"x": 1, "y": 2, "width": 3, "height": 4}}]}
        "#;
        let labels = parse(text).unwrap();
        assert_eq!((labels[0].part.as_str(), labels[0].findings.is_none()), ("all", true));
        let wanted = Wanted::from(labels[1].findings.as_ref().unwrap()[0]);
        assert_eq!(wanted.area, Some(Area { x: 1, y: 2, width: 3, height: 4 }));
        assert!(wanted.expected);
    }

    #[test]
    fn a_line_that_cannot_be_meant_is_refused_by_its_number() {
        for (line, why) in [
            ("{", "EOF"),
            (r#"{"file": "a.png"}"#, "personal"),
            (r#"{"file": "a.png", "personal": true, "lang": "de"}"#, "unknown field"),
            (r#"{"file": "../a.png", "personal": true}"#, "no file below"),
            (r#"{"file": "/a.png", "personal": true}"#, "no file below"),
            (r#"{"file": "", "personal": true}"#, "no file below"),
            (r#"{"file": "a.png", "personal": true, "findings": [{"category": "NAME"}]}"#, "no category"),
            (r#"{"file": "a.png", "personal": false, "findings": [{"category": "FACE"}]}"#, "nothing personal"),
        ] {
            let (at, problem) = parse(&format!("\n{line}")).unwrap_err();
            assert_eq!(at, 2, "{line}");
            assert!(problem.contains(why), "{line}: {problem}");
        }
    }
}
