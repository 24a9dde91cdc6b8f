//! The commands, as people run them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at what it did not expect")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use warden_local::engine::{ACCESS_KEY, REGION};

/// Where a running system says that it is.
const FILE: &str = "WARDEN_RUNNING_FILE";

/// Settings of the user's that would lead anybody who read them astray.
const ASTRAY: [(&str, &str); 9] = [
    ("AWS_PROFILE", "production"),
    ("AWS_CONFIG_FILE", "/nowhere/config"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"),
    ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9"),
    ("AWS_REGION", "eu-west-3"),
    ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE000000009"),
    ("AWS_SESSION_TOKEN", "token"),
    ("HTTP_PROXY", "http://127.0.0.1:9"),
];

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn warden_local(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warden-local"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    warden_local(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A system that is kept running, where no other command but the test's finds it.
struct Up {
    folder: TempDir,
    process: Child,
    endpoint: String,
    bucket: String,
}

impl Up {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = warden_local(&["up"]);
        command.env(FILE, folder.path().join("running.json"));
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        // The instructions end with the state machine.
        let mut told = Vec::new();
        for line in &mut lines {
            let last = line.starts_with("State machine");
            told.push(line);
            if last {
                break;
            }
        }
        if told.is_empty() {
            let mut errors = String::new();
            process.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("it did not come up: {errors}");
        }
        let value = |name: &str| {
            let line = told.iter().find_map(|line| line.trim().strip_prefix(name)).unwrap();
            line.trim().to_owned()
        };
        Self { endpoint: value("export AWS_ENDPOINT_URL="), bucket: value("Upload bucket"), process, folder }
    }

    /// A command beside it.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = warden_local(arguments);
        command.env(FILE, self.folder.path().join("running.json"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn listens(&self) -> bool {
        TcpStream::connect(self.endpoint.trim_start_matches("http://")).is_ok()
    }

    fn ends_listening(&self) -> bool {
        let begun = Instant::now();
        while self.listens() {
            if begun.elapsed() > Duration::from_secs(5) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn what_cannot_be_uploaded_is_told_before_anything_is_started() {
    let folder = source("samples");
    for (image, named) in [("no-such-image.png", "does not exist"), (folder.to_str().unwrap(), "is a folder")] {
        let output = run(&["demo", source("samples/chart.png").to_str().unwrap(), image]);
        assert_eq!(output.status.code(), Some(1));
        let told = text(&output.stderr);
        assert!(told.starts_with("error: ") && told.contains(named) && told.lines().count() == 1, "{told}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_missing_python_is_told_in_one_line() {
    let output = run(&["prepare", "--python", "/nowhere/python3"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("/nowhere/python3 was not found. Install Python"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn an_index_that_does_not_answer_is_told_with_how_to_mend_it() {
    let target = tempfile::tempdir().unwrap();
    let output = warden_local(&["prepare"])
        .env("CARGO_TARGET_DIR", target.path())
        .env("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        .env("PIP_RETRIES", "1")
        .env("PIP_CONFIG_FILE", "/dev/null")
        .env_remove("PIP_FIND_LINKS")
        .env_remove("PIP_EXTRA_INDEX_URL")
        .output()
        .unwrap();
    let told = text(&output.stderr);
    let error = told.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{told}"));
    assert!(error.contains("the Python package index could not be reached"), "{error}");
    assert!(error.contains("PIP_INDEX_URL"), "{error}");
}

#[test]
fn the_demo_shows_your_own_image_and_reads_no_settings_of_yours() {
    // What is downloaded may need the user's proxy, so that is done before.
    assert!(run(&["prepare"]).status.success());
    let image = source("samples/receipt.png");

    let output = warden_local(&["demo", "--output", "json", image.to_str().unwrap()]).envs(ASTRAY).output().unwrap();

    let told = text(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", text(&output.stdout));
    assert!(told.starts_with("For development"), "{told}");
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcome["right"], true);
    let rows = outcome["rows"].as_array().unwrap();
    assert!(rows.len() > 7, "{} rows", rows.len());
    let own = rows.iter().find(|row| row["arrived"] == "your receipt.png").unwrap();
    assert_eq!((&own["state"], &own["object_is_there"]), (&Value::from("right"), &Value::from(true)));
}

#[test]
fn the_demo_of_the_private_api_asks_it_and_shows_the_record_of_each_answer() {
    let output = run(&["demo", "api", "--output", "json"]);

    let told = text(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", text(&output.stdout));
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcome["right"], true);
    let answered = outcome["rows"].as_array().unwrap().iter().filter(|row| row["answer"]["completion"].is_string());
    assert_eq!(answered.count(), 4);
    assert_eq!(outcome["records"]["summary"]["calls"], 4);
    let streamed = outcome["rows"].as_array().unwrap().iter().filter(|row| row["pieces"].as_u64().unwrap() > 5);
    assert_eq!(streamed.count(), 1);
}

#[test]
fn a_system_that_is_kept_running_is_used_by_other_commands_until_ctrl_c() {
    let mut up = Up::start();

    // Somebody reads the alerts beside all that follows.
    let mut reader = up.command(&["alerts", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();

    let output = up.run(&["upload", source("samples/id-card.png").to_str().unwrap(), "--key", "카드 1+1.png"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains("verdict pii, level high, deleted"), "{told}");

    let output = up.run(&["replay", source("events/log-summarizer/stop-logging.json").to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("Threat level: high"), "{}", text(&output.stdout));
    let output = up.run(&["replay", source("events/log-summarizer/stop-logging.json").to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stderr);
    assert!(told.contains("It was audited before") && told.contains("6c0e5a10-5e88-44e6-a081-000000000108"), "{told}");
    let no_event = source("events/log-summarizer/invalid/envelope-without-event-name.json");
    let output = up.run(&["replay", no_event.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "an audit that failed is told as one: {}", text(&output.stdout));

    // An upload by another program, as the instructions say for curl.
    let object = format!("{}/{}/uploads/chart.png", up.endpoint, up.bucket);
    put(&object, std::fs::read(source("samples/chart.png")).unwrap());
    let (sender, receiver) = std::sync::mpsc::channel();
    let lines = BufReader::new(reader.stdout.take().unwrap()).lines().map_while(Result::ok);
    let reading = std::thread::spawn(move || lines.for_each(|line| sender.send(line).unwrap_or_default()));
    let mut alerts = String::new();
    while !["카드 1+1.png", "StopLogging", "uploads/chart.png"].iter().all(|told| alerts.contains(told)) {
        let Ok(line) = receiver.recv_timeout(Duration::from_mins(1)) else { break };
        alerts.extend([line.as_str(), "\n"]);
    }
    reader.kill().unwrap();
    reader.wait().unwrap();
    reading.join().unwrap();
    assert!(alerts.contains("카드 1+1.png") && alerts.contains("StopLogging"), "{alerts}");
    assert!(alerts.contains("uploads/chart.png"), "{alerts}");
    // What could not be printed is there for whoever asks next.
    put(&object, std::fs::read(source("samples/chart.png")).unwrap());
    let nobody = || std::io::pipe().unwrap().1;
    let unprinted = (0..100).any(|_| !up.command(&["alerts"]).stdout(nobody()).output().unwrap().status.success());
    assert!(unprinted, "an alert went nowhere, and nothing was said");
    let alerts = text(&up.run(&["alerts"]).stdout);
    assert!(alerts.contains("uploads/chart.png") && alerts.contains("Verdict: clean"), "{alerts}");
    let output = up.run(&["alerts"]);
    assert_eq!(text(&output.stdout), "", "an alert that was read already is shown again");

    // The queues of uploads and replays ended with them, that of one that was broken off, too.
    let mut broken_off = up.command(&["upload", source("samples/id-card.png").to_str().unwrap()]);
    let mut broken_off = broken_off.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(broken_off.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.starts_with("uploaded as")));
    signal("-INT", &broken_off);
    assert_eq!(broken_off.wait().unwrap().code(), Some(130));
    let begun = Instant::now();
    while stacks(&up.endpoint).contains("<StackName>warden-local-inbox-") {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", stacks(&up.endpoint));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(stacks(&up.endpoint).contains("<StackName>warden-local-inbox<"));

    let second = up.run(&["up"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("is running already"), "{}", text(&second.stderr));

    signal("-INT", &up.process);
    assert_eq!(up.process.wait().unwrap().code(), Some(130));
    assert!(!up.listens(), "the engine is still there");
    let output = up.run(&["alerts"]);
    assert!(text(&output.stderr).contains("nothing is running. Start"), "{}", text(&output.stderr));
}

#[test]
fn a_system_that_was_killed_leaves_no_process_and_the_next_command_says_so() {
    let mut up = Up::start();

    signal("-KILL", &up.process);
    up.process.wait().unwrap();

    assert!(up.ends_listening(), "the engine is still there");
    let output = up.run(&["alerts"]);
    let told = text(&output.stderr);
    assert!(told.contains(&format!("process {} left without a word", up.process.id())), "{told}");
}

#[tokio::main(flavor = "current_thread")]
async fn put(url: &str, bytes: Vec<u8>) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let put = client.put(url).body(bytes);
    let nobodys = put.try_clone().unwrap().send().await.unwrap();
    assert_eq!(nobodys.status().as_u16(), 403, "anybody may upload");
    let answer = put.header("authorization", of_the_account("s3")).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// What there is of stacks, as the engine answers it.
#[tokio::main(flavor = "current_thread")]
async fn stacks(endpoint: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = client.post(endpoint).header("authorization", of_the_account("cloudformation"));
    let asked = asked.header("content-type", "application/x-www-form-urlencoded");
    let asked = asked.body("Action=DescribeStacks&Version=2010-05-15");
    asked.send().await.unwrap().text().await.unwrap()
}

/// The engine has to be told who asks, and checks no signature of the account's own key.
fn of_the_account(service: &str) -> String {
    let scope = format!("{ACCESS_KEY}/20260101/{REGION}/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0")
}

fn signal(name: &str, process: &Child) {
    let status = Command::new("kill").args([name, &process.id().to_string()]).status().unwrap();
    assert!(status.success());
}
