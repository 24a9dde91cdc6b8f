//! Each crate's integration tests are one executable, because each executable links all that the crate
//! links: a folder `tests/NAME` with a `main.rs`, or one file. What `main.rs` forgets is not tested. And what has no tests or
//! examples says so, because looking for them takes longer than most tests.

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

/// The workspace's crates.
fn crates() -> Vec<PathBuf> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = entries(crates).into_iter().chain(entries(&crates.join("functions")));
    folders.filter(|folder| folder.join("Cargo.toml").is_file()).collect()
}

/// Their folders `tests`.
fn test_folders() -> Vec<PathBuf> {
    crates().iter().map(|folder| folder.join("tests")).filter(|folder| folder.is_dir()).collect()
}

/// The text of all of a folder's files in Rust.
fn sources(folder: &Path) -> String {
    let text = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false if is_rust(&path) => fs::read_to_string(path).unwrap(),
        false => String::new(),
    };
    entries(folder).into_iter().map(text).collect()
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

#[test]
fn what_is_not_looked_for_is_not_there() {
    for folder in crates() {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let section = |name: &str| {
            let (_, rest) = manifest.split_once(name)?;
            Some(rest.split("\n[").next().unwrap())
        };
        let source = sources(&folder.join("src"));
        let fences = source.lines().filter_map(|line| {
            let comment = ["/// ", "//! "].iter().find_map(|opening| line.trim().strip_prefix(opening));
            comment?.strip_prefix("```")
        });
        // Each second one closes what the one before has opened.
        let examples = fences.step_by(2).any(|language| matches!(language, "" | "rust" | "no_run" | "should_panic"));
        let says =
            |section: Option<&str>, what: &str| section.is_some_and(|text| text.lines().any(|line| line == what));
        let library = section("\n[lib]\n");
        let name = folder.display();
        if folder.join("src/lib.rs").is_file() {
            let skips = says(library, "doctest = false");
            assert_ne!(examples, skips, "{name}: [lib] says `doctest = false` where no example is, and only there");
        }
        if says(library, "test = false") {
            assert!(!source.contains("#[test]"), "{name}: [lib] says `test = false`, and has tests");
        }
        if says(section("\n[[bin]]\n"), "test = false") {
            let main = fs::read_to_string(folder.join("src/main.rs")).unwrap();
            assert!(!main.contains("#[test]"), "{name}: [[bin]] says `test = false`, and has tests");
        }
    }
}
