//! A definition with placeholders.

use std::path::Path;

use crate::Error;

/// A state machine's definition, with placeholders `${Name}` for stack outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionTemplate {
    file: String,
    text: String,
}

impl DefinitionTemplate {
    /// A definition of which messages speak as `file`.
    #[must_use]
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into() }
    }

    /// Reads a definition's file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|_| Error::Unfinished)?;
        Ok(Self::new(path.display().to_string(), text))
    }
}
