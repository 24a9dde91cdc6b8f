//! The local AWS engine: one process, on 127.0.0.1 alone, that ends with this one.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use warden_python_env::PythonEnv;

use crate::workspace::Workspace;

/// What the engine is started with: it ends the engine, and all that the
/// engine started, when this process is gone, however it went.
const SERVE: &str = "serve.py";
/// The files that this takes.
const PROGRAM: [(&str, &str); 3] = [
    (SERVE, include_str!("../engine/serve.py")),
    ("roles.py", include_str!("../engine/roles.py")),
    ("faults.py", include_str!("../engine/faults.py")),
];

/// The account that the engine plays.
pub const ACCOUNT: &str = "123456789012";
/// The Region that the engine plays.
pub const REGION: &str = "us-west-2";
/// The key of the account's own user, who may do everything; the engine checks no signature of it.
pub const ACCESS_KEY: &str = "test";

/// How long the engine gets to answer. It takes half a second when nothing else runs.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long the engine gets to end before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How often another port is tried when somebody took the one that was free.
const PORT_TRIES: usize = 5;
/// How many logs of earlier engines are kept.
const LOGS_KEPT: usize = 10;

/// A running engine. It stops when it is dropped.
#[derive(Debug)]
pub struct Engine {
    child: Child,
    endpoint: String,
    log: PathBuf,
    state: TempDir,
}

/// How the engine runs.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// What the waits of state machines are multiplied by; 1 is real time.
    pub wait_scale: f64,
    /// How many functions run at once, a process each. One more is refused as Lambda refuses it:
    /// `TooManyRequestsException`.
    pub function_concurrency: u32,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { wait_scale: 1.0, function_concurrency: 64 }
    }
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Every port is taken, or loopback is not to be had.
    #[error(
        "no free port on 127.0.0.1: {0}. End some programs that listen there, and see that the loopback interface is up"
    )]
    NoPort(io::Error),
    /// The engine ended or did not answer.
    #[error("the local AWS engine did not start: {reason}. Its log, {log}, ends with:\n{tail}")]
    NotStarted {
        /// Why that is known.
        reason: String,
        /// The engine's log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// The disk is full.
    #[error(
        "no space is left for the local AWS engine in {0}. Free some, or choose another target folder with CARGO_TARGET_DIR"
    )]
    DiskFull(PathBuf),
    /// A file or folder could not be made.
    #[error("{path} could not be written: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Engine {
    /// Starts an engine on a free port and waits until it answers.
    ///
    /// # Errors
    /// When no port is free, a file cannot be written, or the engine ends or
    /// stays silent; the message quotes its log.
    pub async fn start(workspace: &Workspace, python: &PythonEnv, options: EngineOptions) -> Result<Self, EngineError> {
        let mut tries = PORT_TRIES;
        loop {
            tries -= 1;
            let mut engine = Self::spawn(workspace, python, options)?;
            match engine.answers().await {
                Ok(()) => return Ok(engine),
                Err(_) if tries > 0 && engine.port_was_taken() => {}
                Err(reason) => {
                    return Err(EngineError::NotStarted { reason, tail: tail(&engine.log), log: engine.log.clone() });
                }
            }
        }
    }

    /// Where the engine answers, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The file that the engine writes its log to.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The folder of what the engine keeps while it runs.
    #[must_use]
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// The process group of the engine and of the functions that it runs.
    #[must_use]
    pub fn process_group(&self) -> u32 {
        self.child.id()
    }

    fn spawn(workspace: &Workspace, python: &PythonEnv, options: EngineOptions) -> Result<Self, EngineError> {
        let port = free_port().map_err(EngineError::NoPort)?;
        let endpoint = format!("http://127.0.0.1:{port}");
        let run = made_folder(workspace, "run")?;
        let state = TempDir::with_prefix_in("engine-", &run).map_err(|source| io_error(&run, source))?;
        for (name, text) in PROGRAM {
            let file = state.path().join(name);
            fs::write(&file, text).map_err(|source| io_error(&file, source))?;
        }
        let logs = made_folder(workspace, "logs")?;
        prune(&logs);
        let log = logs.join(format!("engine-{}-{port}.log", std::process::id()));
        let output = File::create(&log).map_err(|source| io_error(&log, source))?;
        let errors = output.try_clone().map_err(|source| io_error(&log, source))?;

        let child = Command::new(python.python())
            .arg("-I")
            .arg(state.path().join(SERVE))
            .arg(state.path())
            // Nothing of the user's environment reaches the engine or the
            // functions that it runs, credentials least of all.
            .env_clear()
            .envs(environment(port, &endpoint, state.path(), options))
            .current_dir(state.path())
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            // Ctrl-C is for this process, which then ends the engine.
            .process_group(0)
            .spawn()
            .map_err(|source| io_error(python.python(), source))?;
        Ok(Self { child, endpoint, log, state })
    }

    async fn answers(&mut self) -> Result<(), String> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .map_err(|error| error.to_string())?;
        let begun = Instant::now();
        while begun.elapsed() < START_LIMIT {
            if let Some(status) = self.ended() {
                return Err(format!("it ended at once, with {status}"));
            }
            let answer = client.get(format!("{}/_ministack/health", self.endpoint)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) && self.ended().is_none() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("it did not answer within {} seconds", START_LIMIT.as_secs()))
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn port_was_taken(&self) -> bool {
        let tail = tail(&self.log);
        tail.contains("is already in use") || tail.contains("ddress already in use")
    }
}

impl Drop for Engine {
    /// Closing standard input ends the engine and what it started; waiting
    /// makes sure that nothing is left when this returns.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while begun.elapsed() < STOP_LIMIT {
            if self.ended().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // It does not listen any more: nothing gentler is left. Its functions are in its group.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn environment(port: u16, endpoint: &str, state: &Path, options: EngineOptions) -> Vec<(&'static str, String)> {
    let state = state.display().to_string();
    vec![
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("HOME", state.clone()),
        ("TMPDIR", state),
        ("LANG", "C.UTF-8".to_owned()),
        ("BIND_HOST", Ipv4Addr::LOCALHOST.to_string()),
        ("GATEWAY_PORT", port.to_string()),
        ("MINISTACK_ACCOUNT_ID", ACCOUNT.to_owned()),
        ("MINISTACK_REGION", REGION.to_owned()),
        ("SFN_WAIT_SCALE", options.wait_scale.to_string()),
        ("LAMBDA_ACCOUNT_CONCURRENCY", options.function_concurrency.to_string()),
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        // Every call is asked for its rights: those of functions and of state machines for their roles'.
        ("AUTH", "true".to_owned()),
    ]
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn made_folder(workspace: &Workspace, name: &str) -> Result<PathBuf, EngineError> {
    let folder = workspace.made(name);
    fs::create_dir_all(&folder).map_err(|source| io_error(&folder, source))?;
    Ok(folder)
}

/// Removes the oldest logs. A log that cannot be removed is in nobody's way.
fn prune(logs: &Path) {
    let Ok(entries) = fs::read_dir(logs) else { return };
    let mut logs: Vec<_> =
        entries.flatten().filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    logs.sort();
    let surplus = logs.len().saturating_sub(LOGS_KEPT - 1);
    for (_, log) in logs.drain(..surplus) {
        let _ = fs::remove_file(log);
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(10)..].iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn io_error(path: &Path, source: io::Error) -> EngineError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => EngineError::DiskFull(path.to_owned()),
        _ => EngineError::Io { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_gets_nothing_of_the_users_environment_but_what_is_listed() {
        let environment = environment(4566, "http://127.0.0.1:4566", Path::new("/state"), EngineOptions::default());
        let value = |name| environment.iter().find_map(|(key, value)| (*key == name).then_some(value.as_str()));
        assert_eq!(value("BIND_HOST"), Some("127.0.0.1"));
        assert_eq!(value("HOME"), Some("/state"));
        assert_eq!(value("AWS_SECRET_ACCESS_KEY"), Some("test"));
        assert_eq!(value("AWS_PROFILE"), None);
    }

    #[test]
    fn what_is_missing_is_told_in_one_line_that_says_how_to_mend_it() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let cases = [
            (EngineError::NoPort(io::Error::from(io::ErrorKind::AddrNotAvailable)), "End some programs"),
            (io_error(Path::new("/target"), full()), "CARGO_TARGET_DIR"),
            (io_error(Path::new("/target"), io::Error::from(io::ErrorKind::PermissionDenied)), "/target"),
        ];
        for (error, mend) in cases {
            let message = error.to_string();
            assert!(message.contains(mend) && message.lines().count() == 1, "{message}");
        }
    }

    #[test]
    fn an_error_quotes_the_end_of_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("engine.log");
        let lines: Vec<_> = (1..=30).map(|number| format!("line {number}")).collect();
        fs::write(&log, lines.join("\n")).unwrap();

        let tail = tail(&log);

        assert!(tail.starts_with("  line 21\n") && tail.ends_with("  line 30"), "{tail}");
    }

    #[test]
    fn old_logs_make_room() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..LOGS_KEPT + 5 {
            fs::write(folder.path().join(format!("{number}.log")), "").unwrap();
        }
        prune(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), LOGS_KEPT - 1);
    }
}
