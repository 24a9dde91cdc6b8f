//! The functions, built for this machine and packed as Lambda takes them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Instant, UNIX_EPOCH};

use cargo_metadata::Message;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::output::{Console, Step};
use crate::workspace::Workspace;

/// A function as Lambda takes it: a ZIP with the executable `bootstrap`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The name of the Cargo package.
    pub name: String,
    /// The executable that cargo built.
    pub executable: PathBuf,
    /// The ZIP file with it.
    pub zip: PathBuf,
}

/// Why the functions could not be built or packed.
#[derive(Debug, thiserror::Error)]
pub enum FunctionsError {
    /// Cargo itself could not be run.
    #[error("cargo could not be run: {0}. Install Rust from https://rustup.rs and run this again")]
    CargoMissing(io::Error),
    /// There is no C compiler, which the linker and the TLS library need.
    #[error(
        "no C compiler was found. Install one (Debian, Ubuntu: `sudo apt install build-essential`; macOS: `xcode-select --install`), or name one in CC, and run this again"
    )]
    CompilerMissing,
    /// The crates could not be downloaded.
    #[error(
        "cargo could not download what the functions are built from: {0}. Check the network, or point cargo at a mirror, and run this again"
    )]
    RegistryUnreachable(String),
    /// The disk is full.
    #[error(
        "no space is left to build the functions in {0}. Free about 5 GB, or choose another target folder with CARGO_TARGET_DIR"
    )]
    DiskFull(PathBuf),
    /// The build failed, and cargo has said why.
    #[error("the functions could not be built: {0}")]
    BuildFailed(String),
    /// Cargo built something else than was asked for.
    #[error("cargo built no executable of the package {0}: is it a member of the workspace with a binary?")]
    NoExecutable(String),
    /// A ZIP file could not be written.
    #[error("{path} could not be written: {source}")]
    Pack {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Builds the packages with cargo and packs each one.
///
/// # Errors
/// When cargo, a compiler, a crate or space on the disk is missing, or the
/// build fails.
pub async fn build(
    workspace: &Workspace,
    packages: &[String],
    profile: &str,
    console: &Console,
) -> Result<Vec<Package>, FunctionsError> {
    let begun = Instant::now();
    let executables = compile(workspace, packages, profile, console).await?;
    let folder = workspace.made("functions").join(profile);
    fs::create_dir_all(&folder).map_err(|source| pack_error(&folder, source))?;
    let mut packed = Vec::new();
    for name in packages {
        let executable = executables
            .iter()
            .find_map(|(package, path)| (package == name).then_some(path))
            .ok_or_else(|| FunctionsError::NoExecutable(name.clone()))?;
        let zip = folder.join(format!("{name}.zip"));
        pack(executable, &zip).map_err(|source| pack_error(&zip, source))?;
        packed.push(Package { name: name.clone(), executable: executable.clone(), zip });
    }
    console.done("the functions are built", begun.elapsed());
    Ok(packed)
}

/// Builds the packages with cargo, and says where each one's executable is.
///
/// # Errors
/// As [`build`].
pub async fn executables(
    workspace: &Workspace,
    packages: &[String],
    profile: &str,
    console: &Console,
) -> Result<Vec<PathBuf>, FunctionsError> {
    let begun = Instant::now();
    let made = compile(workspace, packages, profile, console).await?;
    console.done("the functions are built", begun.elapsed());
    let of = |name: &String| {
        let path = made.iter().find_map(|(package, path)| (package == name).then(|| path.clone()));
        path.ok_or_else(|| FunctionsError::NoExecutable(name.clone()))
    };
    packages.iter().map(of).collect()
}

/// Runs cargo, which shows its own progress, and reads which executables it made.
async fn compile(
    workspace: &Workspace,
    packages: &[String],
    profile: &str,
    console: &Console,
) -> Result<Vec<(String, PathBuf)>, FunctionsError> {
    let mut command = cargo(workspace);
    command.args(["build", "--locked", "--profile", profile]);
    command.arg("--message-format=json-render-diagnostics");
    command.args(selection(packages, profile));
    // Cargo draws a progress bar on a terminal. Elsewhere a line for each crate
    // would drown everything else, so it is reported from time to time.
    let step = (!console.is_live()).then(|| console.step("building the functions"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(if step.is_some() { Stdio::piped() } else { Stdio::inherit() })
        .kill_on_drop(true)
        .spawn()
        .map_err(FunctionsError::CargoMissing)?;

    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (executables, said) = tokio::join!(made_by(stdout), tell(stderr, step.as_ref(), console));
    let status = child.wait().await.map_err(FunctionsError::CargoMissing)?;
    if status.success() {
        return Ok(executables);
    }
    if !said.is_empty() {
        console.say(said.trim_end());
    }
    Err(build_error(&said, has_compiler(), workspace))
}

/// What cargo is to build. The features of dependencies follow from the packages that are selected: those that everybody
/// develops with are the whole workspace's, as in `cargo test`, so that each dependency is compiled once. What is built as
/// it goes to AWS has the features that these packages ask for, and no other.
fn selection<'a>(packages: &'a [String], profile: &str) -> Vec<&'a str> {
    let (mut selection, by) = if profile == "dev" { (Vec::new(), "--bin") } else { (vec!["--bins"], "--package") };
    selection.extend(packages.iter().flat_map(|name| [by, name]));
    selection
}

/// The executables that cargo says it made, by their names.
async fn made_by(stdout: Option<impl AsyncRead + Unpin>) -> Vec<(String, PathBuf)> {
    let mut executables = Vec::new();
    let Some(stdout) = stdout else { return executables };
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_str(&line) else { continue };
        if let Some(executable) = artifact.executable {
            executables.push((artifact.target.name, executable.into_std_path_buf()));
        }
    }
    executables
}

/// Reports cargo's progress as it comes, and returns whatever else it said.
async fn tell(stderr: Option<impl AsyncRead + Unpin>, step: Option<&Step<'_>>, console: &Console) -> String {
    let mut said = String::new();
    let (Some(stderr), Some(step)) = (stderr, step) else { return said };
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match progress(&line) {
            // Another cargo works in the same target folder, maybe for long.
            Some("Blocking") => console.say(&format!("     {}", line.trim())),
            Some(_) => step.detail(line.trim()),
            None => {
                said.push_str(&line);
                said.push('\n');
            }
        }
    }
    said
}

/// The word that a line of cargo's progress begins with.
fn progress(line: &str) -> Option<&str> {
    let words =
        ["Blocking", "Compiling", "Dirty", "Downloaded", "Downloading", "Finished", "Fresh", "Locking", "Updating"];
    let word = line.strip_prefix(' ')?.split_whitespace().next()?;
    words.contains(&word).then_some(word)
}

/// Cargo as it was when this program was started, without what cargo sets for
/// programs that it runs: another package's name is not a reason to build again.
fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace.root());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

fn has_compiler() -> bool {
    let named = std::env::var_os("CC").into_iter();
    let usual = ["cc", "gcc", "clang"].into_iter().map(Into::into);
    named.chain(usual).any(|name| {
        std::process::Command::new(name)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    })
}

fn build_error(said: &str, has_compiler: bool, workspace: &Workspace) -> FunctionsError {
    if !has_compiler || said.contains("linker `cc` not found") {
        return FunctionsError::CompilerMissing;
    }
    if said.contains("No space left on device") || said.contains("os error 28") {
        return FunctionsError::DiskFull(workspace.made("functions"));
    }
    let first = |text: &str| {
        let line = said.lines().find(|line| line.contains(text));
        line.map(|line| line.trim().trim_start_matches("error: ").to_owned())
    };
    let unreachable = ["failed to download", "failed to get", "Could not resolve host", "spurious network error"];
    if let Some(line) = unreachable.iter().find_map(|text| first(text)) {
        return FunctionsError::RegistryUnreachable(line);
    }
    FunctionsError::BuildFailed(first("error").unwrap_or_else(|| "cargo says why above".to_owned()))
}

/// Packs an executable as `bootstrap`, unless the ZIP that is there holds it already.
fn pack(executable: &Path, zip: &Path) -> io::Result<()> {
    let mark = mark(executable)?;
    if holds(zip, &mark) {
        return Ok(());
    }
    // Another process may pack the same: each writes its own, the last one stays.
    let folder = zip.parent().unwrap_or(Path::new("."));
    let partial = tempfile::NamedTempFile::new_in(folder)?;
    let mut writer = ZipWriter::new(partial);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1))
        .unix_permissions(0o755)
        .large_file(false);
    writer.start_file("bootstrap", options)?;
    io::copy(&mut File::open(executable)?, &mut writer)?;
    writer.set_comment(mark)?;
    writer.finish()?.persist(zip).map_err(|error| error.error)?;
    Ok(())
}

/// What distinguishes one build of an executable from the next.
fn mark(executable: &Path) -> io::Result<String> {
    let metadata = fs::metadata(executable)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
    Ok(format!("{} bytes of {}", metadata.len(), modified.as_nanos()))
}

fn holds(zip: &Path, mark: &str) -> bool {
    let archive = File::open(zip).map_err(Into::into).and_then(ZipArchive::new);
    archive.is_ok_and(|archive| archive.comment() == mark.as_bytes())
}

fn pack_error(path: &Path, source: io::Error) -> FunctionsError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FunctionsError::DiskFull(path.to_owned()),
        _ => FunctionsError::Pack { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn a_package_is_an_executable_bootstrap() {
        let folder = tempfile::tempdir().unwrap();
        let (executable, zip) = (folder.path().join("detector"), folder.path().join("detector.zip"));
        fs::write(&executable, b"machine code").unwrap();

        pack(&executable, &zip).unwrap();

        let mut archive = ZipArchive::new(File::open(&zip).unwrap()).unwrap();
        let mut entry = archive.by_name("bootstrap").unwrap();
        assert_eq!(entry.unix_mode().unwrap() & 0o777, 0o755);
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"machine code");
    }

    #[test]
    fn an_unchanged_executable_is_not_packed_again_and_a_changed_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let (executable, zip) = (folder.path().join("detector"), folder.path().join("detector.zip"));
        fs::write(&executable, b"one").unwrap();
        pack(&executable, &zip).unwrap();
        let first = fs::metadata(&zip).unwrap().modified().unwrap();

        pack(&executable, &zip).unwrap();
        assert_eq!(fs::metadata(&zip).unwrap().modified().unwrap(), first);

        File::options().append(true).open(&executable).unwrap().write_all(b" and more").unwrap();
        assert!(!holds(&zip, &mark(&executable).unwrap()));
        pack(&executable, &zip).unwrap();
        assert!(holds(&zip, &mark(&executable).unwrap()));
    }

    #[test]
    fn a_zip_that_was_cut_short_is_packed_again() {
        let folder = tempfile::tempdir().unwrap();
        let (executable, zip) = (folder.path().join("detector"), folder.path().join("detector.zip"));
        fs::write(&executable, b"machine code").unwrap();
        fs::write(&zip, b"PK\x03\x04 half of it").unwrap();

        pack(&executable, &zip).unwrap();

        assert!(holds(&zip, &mark(&executable).unwrap()));
    }

    #[test]
    fn functions_share_every_crate_with_the_workspace_unless_they_are_built_as_they_are_shipped() {
        let packages = ["a", "b"].map(str::to_owned);
        assert_eq!(selection(&packages, "dev"), ["--bin", "a", "--bin", "b"]);
        assert_eq!(selection(&packages, "lambda"), ["--bins", "--package", "a", "--package", "b"]);
    }

    #[test]
    fn the_progress_of_a_build_is_told_from_what_went_wrong_with_it() {
        for line in ["   Compiling serde v1.0.228", "    Blocking waiting for file lock on build directory"] {
            assert!(progress(line).is_some(), "{line}");
        }
        for line in ["error: linker `cc` not found", "  --> src/main.rs:1:1", "   |", "", "Compiling is hard"] {
            assert_eq!(progress(line), None, "{line}");
        }
    }

    #[test]
    fn what_cargo_says_becomes_one_line_that_says_how_to_mend_it() {
        let workspace = Workspace::find().unwrap();
        let cases = [
            ("error: linker `cc` not found\n", true, "build-essential"),
            ("error occurred in cc-rs: failed to find tool \"cc\"", false, "build-essential"),
            ("error: failed to get `serde` as a dependency\n", true, "Check the network"),
            ("error: failed to write: No space left on device (os error 28)", true, "CARGO_TARGET_DIR"),
            ("   Compiling a\nerror: the lock file needs to be updated", true, "the lock file needs to be updated"),
            ("", true, "cargo says why above"),
        ];
        for (said, has_compiler, mend) in cases {
            let message = build_error(said, has_compiler, &workspace).to_string();
            assert!(message.contains(mend), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}
