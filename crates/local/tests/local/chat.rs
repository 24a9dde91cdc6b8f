//! `demo chat`, as people run it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn demo_chat(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warden-local"));
    command.args(["demo", "chat"]).args(arguments).stdin(Stdio::null());
    command
}

#[test]
fn one_question_is_answered_by_either_function() {
    for function in ["bedrock", "sagemaker"] {
        let output = demo_chat(&["--function", function, "--once", "야 안녕? 👋🏽"]).output().unwrap();
        let (text, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{told}");
        assert!(text.starts_with("I am a local stand-in") && text.contains("야 안녕? 👋🏽"), "{text}");
    }
}

#[test]
fn ctrl_c_leaves_nothing_running() {
    let mut process = demo_chat(&["--serve"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut value = |name: &str| lines.next().unwrap().unwrap().strip_prefix(name).unwrap().to_owned();
    let url = value("export WARDEN_CHAT_URL=");
    let token = value("export WARDEN_CHAT_TOKEN=");
    assert_eq!(token.len(), 32);
    let listens = || TcpStream::connect(url.trim_start_matches("http://").trim_end_matches('/')).is_ok();
    assert!(listens(), "nobody listens on {url}");

    assert!(Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap().success());

    assert_eq!(process.wait().unwrap().code(), Some(130));
    let begun = Instant::now();
    while listens() && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!listens(), "somebody still listens on {url}");
}
