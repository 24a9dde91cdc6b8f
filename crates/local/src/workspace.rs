//! Where the sources are, and where this crate keeps what it makes.

use std::path::{Path, PathBuf};

/// The Cargo workspace this program was built from.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

/// Why the workspace could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// `cargo metadata` did not answer.
    #[error("cargo could not describe the workspace at {root}: {reason}. Run this from a clone of the repository")]
    Metadata {
        /// Where the sources were when this program was built.
        root: PathBuf,
        /// What cargo said.
        reason: String,
    },
}

impl Workspace {
    /// Asks cargo for the workspace and its target folder, so that a target
    /// folder chosen by the user's settings is respected.
    ///
    /// # Errors
    /// When cargo cannot be run or the sources are no longer where they were.
    pub fn find() -> Result<Self, WorkspaceError> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let metadata =
            cargo_metadata::MetadataCommand::new().manifest_path(&manifest).no_deps().exec().map_err(|source| {
                WorkspaceError::Metadata { root: manifest.clone(), reason: source.to_string().trim().to_owned() }
            })?;
        Ok(Self { root: metadata.workspace_root.into(), target: metadata.target_directory.into() })
    }

    /// A workspace whose sources and target folder are known.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), target: target.into() }
    }

    /// The folder of the workspace's `Cargo.toml`.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder that is part of the sources.
    #[must_use]
    pub fn source(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A file or folder that this crate makes, under cargo's target folder.
    #[must_use]
    pub fn made(&self, path: &str) -> PathBuf {
        self.target.join("warden").join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_the_one_that_holds_this_crate() {
        let workspace = Workspace::find().unwrap();
        assert_eq!(workspace.source("crates/local"), Path::new(env!("CARGO_MANIFEST_DIR")));
        assert!(workspace.made("logs").ends_with("warden/logs"));
    }
}
