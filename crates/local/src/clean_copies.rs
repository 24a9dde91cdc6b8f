//! Masked copies of what was uploaded, beside their originals.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use maud::{DOCTYPE, Markup, PreEscaped, html};
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

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanCopies {
    /// The page that shows them.
    pub page: PathBuf,
    /// Titles of what should have a copy and has none.
    pub missing: Vec<String>,
}

/// Writes the masked copy of each upload beside its original into the demo's folder, and a page that shows them.
///
/// # Errors
/// When the bucket does not answer, or a file cannot be read or written.
pub async fn write(audit: &Audit, workspace: &Workspace, scenarios: &[Scenario]) -> Result<CleanCopies, CopiesError> {
    let folder = workspace.made("demo");
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |source| CopiesError::Io { path, source }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    let (mut shown, mut missing): (Vec<Markup>, _) = (Vec::new(), Vec::new());
    for (number, scenario) in scenarios.iter().enumerate() {
        let Arrival::Upload { file, key } = &scenario.arrival else { continue };
        let copy = match audit.clients().s3.get(ObjectId::current(audit.output("CleanBucketName"), key)).await {
            Ok(copy) => copy.bytes().await.map_err(CallError::of("s3:GetObject"))?,
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => {
                missing.extend(scenario.expected.has_clean_copy().then(|| scenario.title.clone()));
                continue;
            }
            Err(error) => return Err(CallError::of("s3:GetObject")(error).into()),
        };
        let extension = file.extension().unwrap_or_default().to_string_lossy();
        let [original, masked] = ["original", "masked"].map(|what| format!("{number}-{what}.{extension}"));
        let path = folder.join(&original);
        fs::copy(file, &path).map_err(failed(&path))?;
        let path = folder.join(&masked);
        fs::write(&path, copy).map_err(failed(&path))?;
        shown.push(html! {
            h2 { (scenario.title) }
            (side(&original, "The original"))
            (side(&masked, "The masked copy"))
        });
    }
    let page = folder.join("masked.html");
    let style = "body{font-family:sans-serif;margin:2em}img{max-width:48%;margin-right:1%;border:1px solid #888}";
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Masked copies" } style { (PreEscaped(style)) } }
            body { @for pair in &shown { (pair) } }
        }
    };
    fs::write(&page, text.into_string()).map_err(failed(&page))?;
    Ok(CleanCopies { page, missing })
}

/// A picture, or a link to it where browsers show none of its format.
fn side(file: &str, what: &str) -> Markup {
    if matches!(Path::new(file).extension().and_then(OsStr::to_str), Some("tif" | "pdf")) {
        html! { p { a href=(file) { (what) " (" (file) ")" } } }
    } else {
        html! { img src=(file) alt=(what); }
    }
}
