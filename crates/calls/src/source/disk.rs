//! Records in files: copies of a bucket, or what a local model wrote.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::collector::{Collector, Missing};
use crate::{Query, Report, key, lines};

/// Where Bedrock's part of a key begins, after the bucket's prefix.
const LOGS: &str = "/AWSLogs/";

/// Reads the records in files, and in all files under folders but the bodies in `data/`.
#[must_use]
pub fn files(paths: &[PathBuf], query: &Query) -> Report {
    let mut collector = Collector::new(query);
    let mut found = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            find(path, &mut found, &mut collector);
        } else {
            found.insert(path.clone());
        }
    }
    for path in found {
        let name = path.display().to_string();
        match File::open(&path) {
            Ok(file) => collector.bytes(&name, Some(&path), file),
            Err(error) => collector.unread(name, error.to_string()),
        }
    }
    for missing in collector.missing() {
        let body = read_body(&missing);
        collector.fill(missing, body);
    }
    collector.report()
}

fn find(folder: &Path, found: &mut BTreeSet<PathBuf>, collector: &mut Collector<'_>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return collector.unread(folder.display().to_string(), error.to_string()),
    };
    for entry in entries {
        match entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) {
            // A link to a folder may lead round in a circle.
            Ok((kind, path)) if kind.is_dir() => find(&path, found, collector),
            Ok((_, path)) if path.is_dir() => {}
            Ok((_, path)) => {
                if path.to_str().is_none_or(key::holds_records) {
                    found.insert(path);
                }
            }
            Err(error) => collector.unread(folder.display().to_string(), error.to_string()),
        }
    }
}

fn read_body(missing: &Missing) -> Result<serde_json::Value, String> {
    let (_, key) = key::place(&missing.path).ok_or("its path is not an s3:// path")?;
    let file =
        missing.file.as_deref().and_then(|file| beside(file, key)).ok_or(
            "it is not among the files. Copy the folder `data` along, or read the bucket itself with --bucket",
        )?;
    let read = File::open(file).and_then(lines::body);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => "it is not JSON".to_owned(),
        _ => error.to_string(),
    })
}

/// The copy of an object, in the copy of the bucket that a record is in: the
/// folders above the record are tried, with the bucket's prefix and without.
fn beside(record: &Path, key: &str) -> Option<PathBuf> {
    let in_folder = |folder: &Path, key: &str| {
        let key = Path::new(key);
        // A key is text that somebody chose: it leads nowhere but down.
        let down = key.components().all(|part| matches!(part, Component::Normal(_)));
        Some(folder.join(key)).filter(|file| down && file.is_file())
    };
    let without_prefix = key.find(LOGS).map(|at| &key[at + 1..]);
    let name = key.rsplit('/').next()?;
    record.ancestors().skip(1).find_map(|folder| {
        in_folder(folder, key)
            .or_else(|| in_folder(folder, without_prefix?))
            .or_else(|| in_folder(&folder.join("data"), name))
    })
}
