//! The pictures to judge: of a folder, drawn by code, or those that packages ship.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use warden_pictures::{Labelled, attack, canvas::JapaneseFont, quality};

use crate::label::{FILE, Finding, Label};

/// A picture to judge. What is drawn is drawn when it is needed.
#[derive(Clone, Debug)]
pub enum Case {
    /// A file, and what is true of it.
    File(PathBuf, Box<Label>),
    /// The picture of this number of the set that quality is measured on.
    Quality(usize),
    /// The picture of this number of those that attack.
    Attack(usize),
}

/// The part of the pictures that give orders to whoever judges them.
const ATTACKS: &str = "attacks";

/// Why a picture cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The encoder failed.
    #[error("{name} cannot be encoded: {source}")]
    Encoder {
        /// The picture.
        name: String,
        /// What the encoder says.
        source: image::ImageError,
    },
    /// The labels cannot be written.
    #[error("the labels cannot be written: {0}")]
    Labels(#[from] serde_json::Error),
}

/// The pictures of a folder.
#[must_use]
pub fn of_folder(folder: &Path, labels: Vec<Label>) -> Vec<Case> {
    labels.into_iter().map(|label| Case::File(folder.join(&label.file), Box::new(label))).collect()
}

/// The pictures that are drawn by code: both halves, and those that attack.
#[must_use]
pub fn generated() -> Vec<Case> {
    (0..quality::PICTURES).map(Case::Quality).chain((0..attack::PICTURES).map(Case::Attack)).collect()
}

/// Test pictures that packages of cargo ship: the package, the file, whether somebody can be recognised in it.
const OF_PACKAGES: &[(&str, &str, bool)] = &[
    ("rustface-0.1.7", "test.png", true),
    ("pretty_assertions-1.4.1", "examples/pretty_assertion.png", false),
    ("pretty_assertions-1.4.1", "examples/pretty_assertion_v0_6_1.png", false),
    ("pretty_assertions-1.4.1", "examples/standard_assertion.png", false),
    ("simd_cesu8-1.2.0", "img/decode_cesu8.png", false),
    ("simd_cesu8-1.2.0", "img/decode_mutf8.png", false),
    ("simd_cesu8-1.2.0", "img/encode_cesu8.png", false),
    ("simd_cesu8-1.2.0", "img/encode_mutf8.png", false),
];

/// Those of the pictures that others made that lie in cargo's registry on this machine.
#[must_use]
pub fn of_packages(registry: &Path) -> Vec<Case> {
    let sources: Vec<PathBuf> =
        fs::read_dir(registry.join("src")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let found = OF_PACKAGES.iter().filter_map(|(package, file, personal)| {
        let path = sources.iter().map(|source| source.join(package).join(file)).find(|path| path.is_file())?;
        let label = Label {
            file: format!("{package}/{file}"),
            personal: *personal,
            findings: None,
            part: "others".to_owned(),
            kind: package.rsplit_once('-').map(|(name, _)| name.to_owned()),
            language: None,
            taken: None,
            attack: None,
        };
        Some(Case::File(path, Box::new(label)))
    });
    found.collect()
}

fn label(part: &str, labelled: &Labelled) -> Label {
    let findings = labelled.truths.iter().map(|truth| Finding {
        category: truth.category,
        r#box: truth.area,
        optional: !truth.expected,
    });
    Label {
        file: format!("{}.{}", labelled.name, labelled.format.extension()),
        personal: labelled.personal,
        findings: Some(findings.collect()),
        part: part.to_owned(),
        kind: Some(labelled.generator.to_owned()),
        language: Some(labelled.language.to_owned()),
        taken: Some(labelled.taken.to_owned()),
        attack: labelled.attack.map(str::to_owned),
    }
}

impl Case {
    /// The part of its set that it belongs to.
    #[must_use]
    pub fn part(&self) -> &str {
        match self {
            Self::File(_, label) => &label.part,
            Self::Quality(number) => quality::half(*number).as_str(),
            Self::Attack(_) => ATTACKS,
        }
    }

    /// What is true of the picture, and its bytes.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn load(&self, japanese: Option<&JapaneseFont>) -> Result<(Label, Vec<u8>), CaseError> {
        let labelled = match self {
            Self::File(path, label) => {
                let bytes = fs::read(path).map_err(|source| CaseError::Io { path: path.clone(), source })?;
                return Ok((label.as_ref().clone(), bytes));
            }
            Self::Quality(number) => quality::picture(*number, japanese),
            Self::Attack(number) => attack::labelled(*number),
        };
        let bytes = labelled.format.encode(&labelled.picture);
        let label = label(self.part(), &labelled);
        let bytes = bytes.map_err(|source| CaseError::Encoder { name: label.file.clone(), source })?;
        Ok((label, bytes))
    }
}

/// Writes pictures and their labels into a folder, as one to be judged.
///
/// # Errors
/// When the folder or a file cannot be written.
pub fn save(cases: &[Case], folder: &Path, japanese: Option<&JapaneseFont>) -> Result<(), CaseError> {
    let written = |path: PathBuf, bytes: Vec<u8>| {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|source| CaseError::Io { path: parent.to_owned(), source })?;
        }
        fs::write(&path, bytes).map_err(|source| CaseError::Io { path, source })
    };
    let mut labels = Vec::new();
    for case in cases {
        let (label, bytes) = case.load(japanese)?;
        written(folder.join(&label.file), bytes)?;
        labels.extend(serde_json::to_vec(&label)?);
        labels.push(b'\n');
    }
    written(folder.join(FILE), labels)
}
