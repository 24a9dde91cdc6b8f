//! Masked copies of what was uploaded, beside their originals.

use std::fs;
use std::path::PathBuf;

use warden_control_plane::s3::ObjectId;

use crate::audit::Audit;
use crate::aws::CallError;
use crate::scenario::{Arrival, Scenario};
use crate::workspace::Workspace;

/// Why they are not shown.
#[derive(Debug, thiserror::Error)]
pub enum CopiesError {
    /// The bucket of clean copies does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// Writes the masked copy of each upload beside its original into the demo's folder, and a page that shows them. Where that
/// is; `None` where there is no copy.
///
/// # Errors
/// When the bucket does not answer, or a file cannot be read or written.
pub async fn write(
    audit: &Audit,
    workspace: &Workspace,
    scenarios: &[Scenario],
) -> Result<Option<PathBuf>, CopiesError> {
    let folder = workspace.made("demo");
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |source| CopiesError::Io { path, source }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    let mut shown = String::new();
    for (number, scenario) in scenarios.iter().enumerate() {
        let Arrival::Upload { file, key } = &scenario.arrival else { continue };
        let copy = match audit.clients().s3.get(ObjectId::current(audit.output("CleanBucketName"), key)).await {
            Ok(copy) => copy.bytes().await.map_err(CallError::of("s3:GetObject"))?,
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => continue,
            Err(error) => return Err(CallError::of("s3:GetObject")(error).into()),
        };
        let extension = file.extension().unwrap_or_default().to_string_lossy();
        let [original, masked] = ["original", "masked"].map(|what| format!("{number}-{what}.{extension}"));
        let path = folder.join(&original);
        fs::copy(file, &path).map_err(failed(&path))?;
        let path = folder.join(&masked);
        fs::write(&path, copy).map_err(failed(&path))?;
        shown += &format!("<h2>{}</h2><img src=\"{original}\"><img src=\"{masked}\">\n", scenario.title);
    }
    if shown.is_empty() {
        return Ok(None);
    }
    let page = folder.join("masked.html");
    let style = "body{font-family:sans-serif;margin:2em}img{max-width:48%;margin-right:1%;border:1px solid #888}";
    let text = format!("<!doctype html><meta charset=\"utf-8\"><title>Masked</title><style>{style}</style>\n{shown}");
    fs::write(&page, text).map_err(failed(&page))?;
    Ok(Some(page))
}
