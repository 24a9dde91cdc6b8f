//! A conversation on a terminal, which `script` of util-linux provides.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::{Answers, Function, chat};

const ANSWER: &str = "event: start\ndata: {\"id\":\"1\",\"model\":\"m\"}\n\nevent: delta\ndata: {\"text\":\"Yes.\"}\n\n\
    event: end\ndata: {\"stop_reason\":\"end_turn\"}\n\n";

/// Types these keys at the first prompt, and waits until so many questions were
/// answered; what the terminal was sent since the first key, and the questions.
fn typed(keys: &[u8], questions: usize) -> (Vec<u8>, Vec<String>) {
    let function = Function::that(Answers::Events(vec![ANSWER]));
    let program = chat(&[]).get_program().to_str().unwrap().to_owned();
    let mut terminal = Command::new("script")
        .args(["--quiet", "--flush", "--return", "--command", &format!("'{program}' --no-history"), "/dev/null"])
        .env_clear()
        .envs([("TERM", "xterm-256color"), ("HOME", "/nowhere"), ("SHELL", "/bin/sh")])
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("WARDEN_CHAT_URL", &function.url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut screen, (send, receive)) = (terminal.stdout.take().unwrap(), mpsc::channel());
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = screen.read(&mut part) {
            if send.send(part[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    let begun = Instant::now();
    let mut seen = Vec::new();
    let mut wait_for = |what: &[u8], times: usize| {
        while seen.windows(what.len()).filter(|part| *part == what).count() < times {
            assert!(begun.elapsed() < Duration::from_mins(1), "{}", String::from_utf8_lossy(&seen));
            seen.extend(receive.recv_timeout(Duration::from_secs(1)).unwrap_or_default());
        }
        seen.len()
    };
    let from = wait_for("›".as_bytes(), 1);
    terminal.stdin.as_mut().unwrap().write_all(keys).unwrap();
    wait_for(b"Yes.", questions);
    terminal.stdin.as_mut().unwrap().write_all(b"/quit\r").unwrap();
    terminal.wait().unwrap();
    let asked = function.asked();
    let last = |asked: &crate::support::Asked| asked.json()["messages"].as_array().unwrap().last().unwrap().clone();
    let questions = asked.iter().map(|asked| last(asked)["content"].as_str().unwrap().to_owned());
    (seen[from..].to_vec(), questions.collect())
}

#[test]
fn every_line_that_comes_in_one_write_is_asked() {
    let (_, asked) = typed("first line\rsecond 줄\rthird\r".as_bytes(), 3);
    assert_eq!(asked, ["first line", "second 줄", "third"]);
}

#[test]
fn what_is_typed_while_an_answer_comes_is_shown_at_its_prompt_alone() {
    let (screen, asked) = typed("first\rnext 줄 x\u{9b}2J\r".as_bytes(), 2);
    assert_eq!(asked, ["first", "next 줄 x2J"]);
    assert!(!screen.windows(2).any(|part| part == b"\xc2\x9b"), "{}", String::from_utf8_lossy(&screen));
}

#[test]
fn what_is_pasted_is_one_question_and_none_of_it_commands_the_terminal() {
    let pasted = "\x1b[200~x\u{9b}2Jy\u{e}z\u{7}\u{202e}\nnext 줄 🙂\x1b[201~\r".as_bytes();
    let (screen, asked) = typed(pasted, 1);
    assert_eq!(asked, ["x2Jyz\nnext 줄 🙂"]);
    for command in [&b"\xc2\x9b"[..], b"\x0e", b"\x07", "\u{202e}".as_bytes()] {
        assert!(!screen.windows(command.len()).any(|part| part == command), "{}", String::from_utf8_lossy(&screen));
    }
}
