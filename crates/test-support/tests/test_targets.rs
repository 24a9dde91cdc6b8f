//! Each crate's integration tests are one executable, because each executable links all that the crate
//! links: a folder `tests/NAME` with a `main.rs`, or one file. What `main.rs` forgets is not tested.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The end-to-end tests choose by themselves what runs at once, by a harness of their own.
const WITH_A_HARNESS: &str = "local/tests/end_to_end";

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The folders `tests` of the workspace's crates.
fn test_folders() -> Vec<PathBuf> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = entries(crates).into_iter().chain(entries(&crates.join("functions")));
    folders.map(|folder| folder.join("tests")).filter(|folder| folder.is_dir()).collect()
}

fn is_rust(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("rs"))
}

#[test]
fn a_crate_has_one_executable_of_integration_tests() {
    assert!(!test_folders().is_empty());
    for folder in test_folders() {
        let mut targets = entries(&folder);
        targets.retain(|path| is_rust(path) || path.join("main.rs").is_file());
        targets.retain(|path| !path.ends_with(WITH_A_HARNESS));
        assert!(targets.len() <= 1, "make these modules of one executable: {targets:?}");
    }
}

#[test]
fn no_file_of_tests_is_forgotten() {
    for folder in test_folders().iter().flat_map(|folder| entries(folder)) {
        let Ok(main) = fs::read_to_string(folder.join("main.rs")) else { continue };
        for path in entries(&folder) {
            let module = path.file_stem().unwrap().to_str().unwrap();
            if module != "main" && (is_rust(&path) || path.join("mod.rs").is_file()) {
                assert!(main.contains(&format!("mod {module};")), "{} does not name {module}", folder.display());
            }
        }
    }
}
