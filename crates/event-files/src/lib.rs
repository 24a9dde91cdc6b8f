//! The test events of `events/`, for tests of whoever takes them: the same
//! files that `cargo lambda invoke` and the Lambda console send.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::Response;
use serde_json::{Value, json};

/// One file of `events/<function>/`.
#[derive(Clone, Debug)]
pub struct EventFile {
    /// The file's name without its extension.
    pub name: String,
    /// What it holds, as it would be sent.
    pub text: String,
    /// What must hold of the answer or the error, from `expected/<name>.json`;
    /// null when the file says nothing of it.
    pub expected: Value,
}

impl EventFile {
    /// The event, or a JSON string for a file that is not JSON, as the
    /// functions' runtime hands it on.
    #[must_use]
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| Value::from("not JSON"))
    }
}

/// The events that a function takes, by name.
///
/// # Panics
/// When there are none, or a file cannot be read: a test of no event proves nothing.
#[must_use]
pub fn valid(function: &str) -> Vec<EventFile> {
    read(function, Path::new(""))
}

/// The events that a function refuses, by name.
///
/// # Panics
/// As [`valid`].
#[must_use]
pub fn invalid(function: &str) -> Vec<EventFile> {
    read(function, Path::new("invalid"))
}

/// Whether each field of `expected` stands in `actual` with the same value.
#[must_use]
pub fn holds(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            expected.iter().all(|(key, value)| actual.get(key).is_some_and(|found| holds(found, value)))
        }
        _ => actual == expected,
    }
}

/// What the caller of a streaming function sees, as `expected/` tells it: status,
/// content type, and the body, which is JSON or text.
///
/// # Panics
/// When the body breaks off, is not UTF-8, or has no type.
#[expect(clippy::expect_used, reason = "used by tests alone, which must fail without a response")]
pub async fn seen<E: fmt::Debug>(response: Response<impl Stream<Item = Result<Bytes, E>>>) -> Value {
    let (head, body) = response.into_parts();
    let chunks: Vec<_> = body.collect().await;
    let chunks: Result<Vec<_>, E> = chunks.into_iter().collect();
    let text = String::from_utf8(chunks.expect("a body that does not break off").concat()).expect("UTF-8");
    let body = serde_json::from_str(&text).unwrap_or(Value::from(text));
    let content_type = head.headers["content-type"].to_str().expect("a content type");
    json!({"status": head.status.as_u16(), "content_type": content_type, "body": body})
}

#[expect(clippy::panic, reason = "used by tests alone, which must fail without their files")]
fn read(function: &str, group: &Path) -> Vec<EventFile> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(function);
    let folder = home.join(group);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no event", folder.display());
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let expected = match fs::read(home.join("expected").join(format!("{name}.json"))) {
                Ok(bytes) => {
                    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("expected/{name}.json: {error}"))
                }
                Err(_) => Value::Null,
            };
            EventFile { name, text, expected }
        })
        .collect()
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn an_expectation_holds_where_each_of_its_fields_does() {
        let actual = json!({"a": 1, "b": {"c": [1, 2], "d": null}});
        assert!(holds(&actual, &json!({"b": {"d": null}})));
        assert!(!holds(&actual, &json!({"b": {"c": [1]}})));
        assert!(!holds(&actual, &json!({"e": null})));
    }

    #[test]
    fn every_expectation_belongs_to_an_event() {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
        let folders = fs::read_dir(home).unwrap().flatten().filter(|entry| entry.path().is_dir());
        for folder in folders.map(|entry| entry.path()) {
            let function = folder.file_name().unwrap().to_str().unwrap();
            let names: Vec<_> = valid(function).into_iter().chain(invalid(function)).map(|file| file.name).collect();
            for file in fs::read_dir(folder.join("expected")).unwrap().flatten() {
                let stem = file.path().file_stem().unwrap().to_string_lossy().into_owned();
                assert!(names.contains(&stem), "{function}: expected/{stem} belongs to nothing");
            }
        }
    }
}
