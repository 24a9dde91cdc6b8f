//! One question and its answer, run as people and scripts run it.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Answers, Function, Run, chat, ends};

const START: &str = "event: start\ndata: {\"id\":\"1\",\"model\":\"claude-haiku-5-5\"}\n\n";
const END: &str = "event: usage\ndata: {\"input_tokens\":3,\"output_tokens\":4}\n\nevent: end\ndata: {\"stop_reason\":\"end_turn\"}\n\n";

/// An answer whose events are cut where no event ends.
fn whole() -> Answers {
    Answers::Events(vec![
        START,
        ": keep-alive\n\n",
        "event: delta\ndata: {\"text\":\"안녕",
        " **👋🏽**\"}\n\neve",
        "nt: delta\ndata: {\"text\":\"\\n\\u001b[1m\"}\n\n",
        END,
    ])
}

fn fails(answers: Answers, further: &[&str]) -> Run {
    let run = Function::that(answers).once(further);
    assert!(run.stderr.lines().count() == 1, "{run:?}");
    run
}

#[test]
fn a_script_gets_the_answer_as_the_model_wrote_it() {
    let run = Function::that(whole()).once(&[]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "안녕 **👋🏽**\n\x1b[1m\n", ""));
}

#[test]
fn a_question_goes_out_with_its_hash_and_the_token() {
    let function = Function::that(whole());
    let mut command = function.chat(&["--once", "안녕?", "--model", "m", "--system", "짧게", "--max-tokens", "9"]);
    let run = ends(command.env("WARDEN_CHAT_TOKEN", "s3cret").spawn().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    let asked = &function.asked()[0];
    let expected =
        json!({"messages": [{"role": "user", "content": "안녕?"}], "system": "짧게", "max_tokens": 9, "model": "m"});
    assert_eq!(asked.json(), expected);
    assert_eq!(asked.header("x-amz-content-sha256"), format!("{:x}", Sha256::digest(&asked.body)));
    assert_eq!(asked.header("x-warden-token"), "s3cret");
    assert_eq!(asked.header("accept"), "text/event-stream");
    assert_eq!(asked.header("content-type"), "application/json");
    assert_eq!(asked.header("authorization"), "");
}

#[test]
fn a_pipe_is_a_question() {
    let function = Function::that(whole());
    for (arguments, question) in [(&[][..], "야 안녕?"), (&["--once", "Review:", "--stdin"], "Review:\n\n야 안녕?")]
    {
        let mut child = function.chat(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all("야 안녕?".as_bytes()).unwrap();
        let run = ends(child);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(function.asked().last().unwrap().json()["messages"][0]["content"], question);
    }
}

#[test]
fn a_program_gets_one_document() {
    let run = Function::that(whole()).once(&["--output", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &document["whole"]), (Some(0), &json!(true)));
    assert_eq!(document["text"], "안녕 **👋🏽**\n\x1b[1m");
    assert_eq!(document["usage"], json!({"input_tokens": 3, "output_tokens": 4, "estimated": false}));
    assert_eq!(document["model"], "claude-haiku-5-5");
    assert!(document["first_token_ms"].as_u64().unwrap() <= document["took_ms"].as_u64().unwrap());
}

#[test]
fn what_is_no_utf_8_is_refused_by_name() {
    let function = Function::that(whole());
    for (bytes, told) in
        [(&b"a\0b\0c"[..], "UTF-16 without a mark"), (b"\xff\xfea\0", "is UTF-16"), (b"caf\xe9", "is not UTF-8")]
    {
        let mut child = function.chat(&[]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let run = ends(child);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.stderr.starts_with("error: standard input ") && run.stderr.contains(told), "{run:?}");
    }
    assert!(function.asked().is_empty());
}

#[test]
fn an_answer_is_printed_as_it_comes() {
    let function = Function::that(Answers::ThenSilence(vec![START, "event: delta\ndata: {\"text\":\"first\"}\n\n"]));
    let mut child = function.chat(&["--once", "Hi"]).spawn().unwrap();
    let mut first = [0; 5];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"first");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_answer_that_is_cut_is_told_and_stays_as_far_as_it_came() {
    const TEXT: &str = "event: delta\ndata: {\"text\":\"half\"}\n\n";
    let cases = [
        (Answers::Events(vec![START, TEXT]), "the connection ended before the answer did"),
        (Answers::ThenBreaks(vec![START, TEXT]), "the connection broke"),
        (Answers::ThenSilence(vec![START, TEXT]), "nothing came for 1s"),
        (
            Answers::Events(vec![
                START,
                TEXT,
                "event: error\ndata: {\"code\":\"ModelTimeout\",\"message\":\"the model fell silent\"}\n\n",
            ]),
            "ModelTimeout: the model fell silent",
        ),
        (
            Answers::Events(vec![START, TEXT, "event: end\ndata: {\"stop_reason\":\"max_tokens\"}\n\n"]),
            "it reached the most tokens of an answer",
        ),
        (
            Answers::Events(vec![START, TEXT, "event: end\ndata: {\"stop_reason\":\"refusal\"}\n\n"]),
            "would not answer this, or not go on",
        ),
        (
            Answers::Events(vec![START, TEXT, "event: end\ndata: {\"stop_reason\":\"guardrail_intervened\"}\n\n"]),
            "would not answer this, or not go on",
        ),
        (Answers::Events(vec![START, TEXT, "event: delta\ndata: text\n\n"]), "`delta` does not hold what it should"),
    ];
    for (answers, why) in cases {
        let run = fails(answers.clone(), &["--idle-timeout", "1s"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(3), "half\n"), "{why}: {run:?}");
        assert!(run.stderr.starts_with("cut: ") && run.stderr.contains(why), "{run:?}");

        let run = fails(answers, &["--idle-timeout", "1s", "--output", "json"]);
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((run.code, &document["whole"], &document["text"]), (Some(3), &json!(false), &json!("half")));
        assert!(document["cut"]["message"].as_str().unwrap().contains(why), "{document}");
    }
}

#[test]
fn a_call_of_a_tool_is_told_to_people_and_to_programs() {
    const CALL: &str = "event: tool_call\ndata: {\"name\":\"get_time\",\"arguments\":\"{}\"}\n\n";
    let answers = || Answers::Events(vec![START, CALL, "event: end\ndata: {\"stop_reason\":\"tool_use\"}\n\n"]);
    let run = fails(answers(), &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{run:?}");
    assert!(run.stderr.starts_with("cut: the model calls a tool") && run.stderr.contains("get_time {}"), "{run:?}");

    let run = fails(answers(), &["--output", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["tool_calls"], json!([{"name": "get_time", "arguments": "{}"}]));
    assert_eq!((&document["whole"], &document["stop_reason"]), (&json!(false), &json!("tool_use")));
}

#[test]
fn a_refusal_is_told_plainly_with_what_mends_it() {
    let json = "application/json";
    let blocked = "<HTML><BODY><H1>403 ERROR</H1><H2>The request could not be satisfied.</H2>Request blocked.\n<PRE>\nGenerated by cloudfront (CloudFront)</PRE></BODY></HTML>";
    let cases = [
        (401, json, r#"{"error":{"code":"Unauthorized","message":"the token is wrong"}}"#, "Set WARDEN_CHAT_TOKEN"),
        (403, json, r#"{"Message":"Forbidden"}"#, "both lambda:InvokeFunctionUrl and lambda:InvokeFunction"),
        (
            403,
            "text/html",
            blocked,
            "CloudFront refused: 403 ERROR The request could not be satisfied. Request blocked",
        ),
        (429, json, r#"{"error":{"code":"ModelThrottled","message":"busy"}}"#, "Ask again in 7 s"),
        (302, "text/html", "", "leads elsewhere"),
        (200, "text/html", "<html>a login page</html>", "answers with `text/html`"),
    ];
    for (status, kind, body, told) in cases {
        let headers = vec![("retry-after", "7"), ("location", "https://elsewhere.example/")];
        let run = fails(Answers::Refuses(status, kind, headers, body), &[]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains(told), "{run:?}");
    }
}

#[test]
fn a_function_that_says_nothing_at_all_is_given_up() {
    let run = fails(Answers::ThenSilence(vec![]), &["--idle-timeout", "1s"]);
    assert!(run.stderr.contains("nothing came for 1s"), "{run:?}");
}

#[test]
fn ctrl_c_stops_the_answer_and_the_connection() {
    let function = Function::that(Answers::ThenSilence(vec![START, "event: delta\ndata: {\"text\":\"half\"}\n\n"]));
    let mut child = function.chat(&["--once", "Hi"]).spawn().unwrap();
    let mut first = [0; 4];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let begun = Instant::now();
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let run = ends(child);
    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(function.stream_ends(), "the function still answers");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_reader_that_is_gone_ends_the_answer() {
    let function = Function::that(whole());
    let mut child = function.chat(&["--once", "Hi"]).spawn().unwrap();
    drop(child.stdout.take());
    let run = ends(child);
    assert!(run.stderr.contains("it cannot be written"), "{run:?}");
    assert_eq!(run.code, Some(3));
}

#[test]
fn what_cannot_be_asked_says_how_to_mend_it() {
    let closed = "http://127.0.0.1:9/";
    let cases: [(&[&str], &str); 6] = [
        (&["--url", closed, "--once", "Hi"], "cannot be reached"),
        (&["--url", closed, "--once", " "], "the question is empty"),
        (&["--url", "http://example.com", "--once", "Hi"], "in the clear"),
        (&["--url", "example.com", "--once", "Hi"], "is not a URL"),
        (&["--url", closed, "--once", "Hi", "--load", "/nowhere/talk.json"], "/nowhere/talk.json cannot be read"),
        (
            &["--url", "https://abc.lambda-url.us-east-1.on.aws/", "--once", "Hi"],
            "there are no AWS credentials to sign with",
        ),
    ];
    for (arguments, told) in cases {
        let run = ends(chat(arguments).spawn().unwrap());
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains(told), "{run:?}");
        assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    }
}

#[test]
fn a_token_that_no_header_can_carry_is_not_shown() {
    let run = ends(
        chat(&["--url", "http://127.0.0.1:9/", "--once", "Hi"]).env("WARDEN_CHAT_TOKEN", "s3\ncret").spawn().unwrap(),
    );
    assert!(run.stderr.contains("WARDEN_CHAT_TOKEN") && !run.stderr.contains("cret"), "{run:?}");
    assert_eq!(run.code, Some(1));
}
