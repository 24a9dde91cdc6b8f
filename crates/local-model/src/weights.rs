//! The OCR models: where they come from, and how they get onto this machine.
//!
//! PP-OCRv6 (small) travels inside the `rapidocr` wheel. pip downloads that wheel,
//! at one version and one hash, so that whatever index and proxy pip is set up
//! for is used here too.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use tract_onnx::prelude::Framework;

const VERSION: &str = "3.10.0";
const WHEEL_SHA256: &str = "2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050";
const DETECTOR: Model = Model {
    path: "rapidocr/models/PP-OCRv6_det_small.onnx",
    name: "detector.onnx",
    sha256: "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
};
const RECOGNISER: Model = Model {
    path: "rapidocr/models/PP-OCRv6_rec_small.onnx",
    name: "recogniser.onnx",
    sha256: "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
};
const DICTIONARY: &str = "dictionary.txt";

struct Model {
    /// Inside the wheel.
    path: &'static str,
    /// In the folder that is made.
    name: &'static str,
    sha256: &'static str,
}

/// What fetching is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Another process fetches the same files.
    Waiting,
    /// A virtual environment is made, for its pip.
    PreparingPython,
    /// pip downloads the wheel, 27 MB.
    Downloading,
    /// The models are unpacked and checked.
    Unpacking,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting for another process that fetches the OCR models",
            Self::PreparingPython => "preparing a Python environment for the OCR models",
            Self::Downloading => "downloading the OCR models (27 MB)",
            Self::Unpacking => "unpacking and checking the OCR models",
        })
    }
}

/// Why the models could not be fetched, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// There is no Python.
    #[error("python3 was not found, and the OCR models come through its pip: install Python 3 with its venv module")]
    NoPython,
    /// Python has no venv module.
    #[error(
        "python3 could not make a virtual environment ({0}): install its venv module (on Debian and Ubuntu: apt \
         install python3-venv)"
    )]
    NoVenv(String),
    /// The package index did not give the wheel.
    #[error(
        "pip could not download rapidocr {VERSION} ({0}): check the network, or pip's index and proxy settings, and \
         try again"
    )]
    Download(String),
    /// The wheel is not the one that was pinned.
    #[error("the OCR models in rapidocr {VERSION} are not the expected ones ({0}): check which package index pip uses")]
    Unexpected(String),
    /// The file system refused something.
    #[error("the OCR models could not be kept in {path}: {source}")]
    Io {
        /// What was being written or read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Fetches the OCR models into a folder below `cache`, unless they are there, and
/// returns that folder. Processes that do so at once take turns.
///
/// It blocks for as long as the download takes: call it outside async code.
///
/// # Errors
///
/// When Python, its venv module or the package index is missing, or `cache`
/// cannot be written.
pub fn fetch(cache: &Path, progress: &mut dyn FnMut(Progress)) -> Result<PathBuf, FetchError> {
    let folder = cache.join(format!("pp-ocrv6-small-{VERSION}"));
    if are_in(&folder) {
        return Ok(folder);
    }
    fs::create_dir_all(cache).map_err(at(cache))?;
    let _lock = lock(&cache.join("fetch.lock"), progress)?;
    if are_in(&folder) {
        return Ok(folder);
    }
    let partial = cache.join("partial");
    remove(&partial)?;
    fs::create_dir(&partial).map_err(at(&partial))?;
    fill(&partial, progress)?;
    remove(&folder)?;
    fs::rename(partial.join("models"), &folder).map_err(at(&folder))?;
    remove(&partial)?;
    Ok(folder)
}

/// Whether `folder` holds everything that the endpoint reads.
#[must_use]
pub fn are_in(folder: &Path) -> bool {
    let files = Files::of(folder);
    [files.detector, files.recogniser, files.dictionary].iter().all(|file| file.is_file())
}

/// The files in a fetched folder.
pub(crate) struct Files {
    pub(crate) detector: PathBuf,
    pub(crate) recogniser: PathBuf,
    pub(crate) dictionary: PathBuf,
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            detector: folder.join(DETECTOR.name),
            recogniser: folder.join(RECOGNISER.name),
            dictionary: folder.join(DICTIONARY),
        }
    }
}

fn fill(partial: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), FetchError> {
    progress(Progress::PreparingPython);
    let environment = partial.join("python");
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment)).map_err(|failed| match failed {
        Failed::ToStart(error) if error.kind() == io::ErrorKind::NotFound => FetchError::NoPython,
        failed => FetchError::NoVenv(failed.line()),
    })?;
    let python = environment.join("bin").join("python");

    progress(Progress::Downloading);
    let requirements = partial.join("requirements.txt");
    fs::write(&requirements, format!("rapidocr=={VERSION} --hash=sha256:{WHEEL_SHA256}\n"))
        .map_err(at(&requirements))?;
    let wheels = partial.join("wheels");
    run(Command::new(&python)
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"])
        .args(["--only-binary", ":all:", "--dest"])
        .arg(&wheels)
        .arg("--requirement")
        .arg(&requirements))
    .map_err(|failed| FetchError::Download(failed.line()))?;

    progress(Progress::Unpacking);
    let wheel = wheels.join(format!("rapidocr-{VERSION}-py3-none-any.whl"));
    let unpacked = partial.join("unpacked");
    run(Command::new(&python).args(["-m", "zipfile", "--extract"]).arg(&wheel).arg(&unpacked))
        .map_err(|failed| FetchError::Unexpected(failed.line()))?;
    let models = partial.join("models");
    fs::create_dir(&models).map_err(at(&models))?;
    for model in [DETECTOR, RECOGNISER] {
        let from = unpacked.join(model.path);
        let bytes = fs::read(&from).map_err(at(&from))?;
        if sha256(&bytes) != model.sha256 {
            return Err(FetchError::Unexpected(format!("{} has another SHA-256", model.path)));
        }
        fs::rename(&from, models.join(model.name)).map_err(at(&from))?;
    }
    let dictionary = models.join(DICTIONARY);
    let characters = characters(&models.join(RECOGNISER.name))?;
    fs::write(&dictionary, characters).map_err(at(&dictionary))
}

/// The characters that the recogniser knows, one a line: it carries them as metadata.
fn characters(recogniser: &Path) -> Result<String, FetchError> {
    let model = tract_onnx::onnx()
        .proto_model_for_path(recogniser)
        .map_err(|error| FetchError::Unexpected(error.to_string()))?;
    model
        .metadata_props
        .into_iter()
        .find(|entry| entry.key == "character")
        .map(|entry| entry.value)
        .ok_or_else(|| FetchError::Unexpected("the recogniser carries no list of characters".to_owned()))
}

fn lock(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<File, FetchError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(at(path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            progress(Progress::Waiting);
            file.lock().map_err(at(path))?;
        }
        Err(TryLockError::Error(error)) => return Err(at(path)(error)),
    }
    Ok(file)
}

fn remove(folder: &Path) -> Result<(), FetchError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(folder)(error)),
        _ => Ok(()),
    }
}

fn sha256(bytes: &[u8]) -> String {
    use fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    let path = path.to_owned();
    move |source| FetchError::Io { path, source }
}

/// Why a command did not do its work.
enum Failed {
    ToStart(io::Error),
    Saying(String),
}

impl Failed {
    /// One line about it.
    fn line(self) -> String {
        match self {
            Self::ToStart(error) => error.to_string(),
            Self::Saying(text) => {
                let said = |line: &&str| !line.trim().is_empty();
                text.lines().rev().find(said).unwrap_or("it said nothing").trim().to_owned()
            }
        }
    }
}

fn run(command: &mut Command) -> Result<(), Failed> {
    let output = command.output().map_err(Failed::ToStart)?;
    if output.status.success() {
        return Ok(());
    }
    // venv reports on its standard output, pip on its standard error.
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(Failed::Saying(said))
}
