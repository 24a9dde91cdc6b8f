//! A folder of rules.

use std::{
    fs,
    io::Error as IoError,
    path::{Path, PathBuf},
};

/// Folders nested deeper than this are taken for a link that leads back to itself.
const DEEPEST_FOLDER: usize = 16;

/// A file that holds a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Where it is.
    pub path: PathBuf,
    /// The rule.
    pub text: String,
}

/// Why rules cannot be had from a folder.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It, or what is in it, cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// What cannot be read.
        path: PathBuf,
        /// Why.
        source: IoError,
    },
    /// It leads back to itself.
    #[error("{} is nested too deeply", .0.display())]
    TooDeep(PathBuf),
    /// No rule is in it.
    #[error("{} holds neither *.yml nor *.yaml files", .0.display())]
    Empty(PathBuf),
}

/// Every `*.yml` and `*.yaml` below a folder, in the order of their paths.
///
/// # Errors
/// [`Unreadable`] names what cannot be read, or a folder without rules.
pub fn rule_files(folder: &Path) -> Result<Vec<RuleFile>, Unreadable> {
    let mut paths = Vec::new();
    collect(folder, DEEPEST_FOLDER, &mut paths)?;
    if paths.is_empty() {
        return Err(Unreadable::Empty(folder.to_owned()));
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| match fs::read_to_string(&path) {
            Ok(text) => Ok(RuleFile { path, text }),
            Err(source) => Err(Unreadable::Io { path, source }),
        })
        .collect()
}

fn collect(folder: &Path, deeper: usize, paths: &mut Vec<PathBuf>) -> Result<(), Unreadable> {
    let Some(deeper) = deeper.checked_sub(1) else {
        return Err(Unreadable::TooDeep(folder.to_owned()));
    };
    let unreadable = |source| Unreadable::Io { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if fs::metadata(&path).map_err(|source| Unreadable::Io { path: path.clone(), source })?.is_dir() {
            collect(&path, deeper, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            paths.push(path);
        }
    }
    Ok(())
}
