//! The demo of the private API: questions and mistakes, what each was answered,
//! and what the records say afterwards.

use std::fmt::Write as _;
use std::time::Instant;

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use warden_calls::{Query, Report};

use crate::model::{Fault, Faults};
use crate::output::Console;
use crate::private_api::{PrivateApi, PrivateApiError, Reply};

/// How much of an answer is shown.
const SHOWN: usize = 160;
/// What the path that streams takes for events; the others have JSON alone.
const ACCEPT: &str = "text/event-stream, application/json";
/// A stream of words comes in no fewer pieces.
const FEWEST_PIECES: usize = 5;
/// More calls than a request makes of a model that fails.
const ALL: usize = 100;

/// A question to the API, or a mistake.
struct Question {
    title: &'static str,
    method: Method,
    path: &'static str,
    body: Option<&'static str>,
    with_key: bool,
    fault: Option<Fault>,
    /// The status that is right.
    status: u16,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was asked.
    pub asked: String,
    /// The HTTP status.
    pub status: u16,
    /// The API's id of the request, if it came to the function.
    pub request_id: Option<String>,
    /// The answer.
    pub answer: Value,
    /// In how many pieces it came.
    pub pieces: usize,
    /// How long it took.
    pub seconds: f64,
    /// What is not as it should be.
    pub mismatches: Vec<String>,
}

/// What became of all, and what the records say.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Whether everything was as it should be.
    pub right: bool,
    /// A row for each question.
    pub rows: Vec<Row>,
    /// What `warden calls` prints of the records.
    pub records: Report,
}

fn questions() -> Vec<Question> {
    let get = |title, path| Question {
        title,
        method: Method::GET,
        path,
        body: None,
        with_key: true,
        fault: None,
        status: 200,
    };
    let post = |title, body, status| Question {
        title,
        method: Method::POST,
        path: "/generate",
        body: Some(body),
        with_key: true,
        fault: None,
        status,
    };
    let hello = r#"{"prompt":"Hello"}"#;
    vec![
        get("which models there are", "/models"),
        get("a question in the path", "/generate/Hello"),
        get("a question in Korean in the path", "/generate/%EC%95%88%EB%85%95%ED%95%98%EC%84%B8%EC%9A%94"),
        post("a question by POST, with an emoji", r#"{"prompt":"What does 🔐 stand for?","max_tokens":100}"#, 200),
        Question {
            path: "/stream",
            ..post("a question whose answer is streamed", r#"{"prompt":"Who are you?"}"#, 200)
        },
        post("an empty question", r#"{"prompt":""}"#, 400),
        post("JSON that is broken", r#"{"prompt":"#, 400),
        post("a field that is unknown", r#"{"prompt":"Hello","temprature":1}"#, 400),
        Question { with_key: false, ..post("a caller without a key", hello, 403) },
        Question { fault: Some(Fault::Throttled), ..post("a model that is throttled", hello, 429) },
        Question { fault: Some(Fault::Unavailable), ..post("a model that is down", hello, 502) },
    ]
}

/// Asks everything in turn, and reads the records at the end.
///
/// # Errors
/// When the API or the bucket of its records cannot be reached. A wrong answer
/// is not an error: its row says so.
pub async fn run(
    api: &PrivateApi,
    faults: &Faults,
    console: &Console,
    shown: bool,
) -> Result<Outcome, PrivateApiError> {
    let mut rows = Vec::new();
    for question in questions() {
        if let Some(fault) = question.fault {
            faults.next(ALL, fault);
        }
        let begun = Instant::now();
        let asked = if question.with_key {
            api.request(question.method.clone(), question.path)
        } else {
            api.request_without_key(question.method.clone(), question.path)
        };
        let asked = match question.body {
            Some(body) => asked.header("content-type", "application/json").header("accept", ACCEPT).body(body),
            None => asked,
        };
        let reply = api.send(asked).await;
        faults.clear();
        let row = row(&question, reply?, begun.elapsed().as_secs_f64());
        if shown {
            console.result(&row.text());
        }
        rows.push(row);
    }
    let query = Query { show_text: true, ..Query::default() };
    let records = api.calls(&query).await?;
    let mismatches = compare(&rows, &records);
    if shown {
        console
            .result(&format!("\nThe records in the bucket, as `warden calls --show-text` prints them:\n\n{records}\n"));
    }
    for (row, mismatch) in rows.iter_mut().zip(mismatches) {
        row.mismatches.extend(mismatch);
    }
    Ok(Outcome { right: rows.iter().all(|row| row.mismatches.is_empty()) && records.is_complete(), rows, records })
}

fn row(question: &Question, reply: Reply, seconds: f64) -> Row {
    let mut mismatches = Vec::new();
    if reply.status != question.status {
        mismatches.push(format!("the status is {}, not {}", reply.status, question.status));
    }
    if reply.status == 429 && reply.retry_after.is_none() {
        mismatches.push("it does not say when to ask again".to_owned());
    }
    if question.path == "/stream" && reply.pieces < FEWEST_PIECES {
        mismatches.push(format!("it came in {} pieces", reply.pieces));
    }
    Row {
        asked: question.title.to_owned(),
        status: reply.status,
        pieces: reply.pieces,
        request_id: reply.request_id,
        answer: reply.body,
        seconds,
        mismatches,
    }
}

/// What is wrong with each row's record: an answered question has one, nothing else has.
fn compare(rows: &[Row], records: &Report) -> Vec<Option<String>> {
    let record_of = |row: &Row| {
        let mut calls = records.calls.iter();
        calls
            .find(|call| row.request_id.is_some() && call.request_metadata.get("request_id") == row.request_id.as_ref())
    };
    let check = |row: &Row| match (row.answer["completion"].as_str(), record_of(row)) {
        (Some(completion), Some(call)) if call.answer.text.as_deref() == Some(completion) => None,
        (Some(_), Some(_)) => Some("its record holds another answer".to_owned()),
        (Some(_), None) => Some("there is no record of it".to_owned()),
        (None, Some(_)) => Some("there is a record of it, and there was no answer".to_owned()),
        (None, None) => None,
    };
    rows.iter().map(check).collect()
}

impl Row {
    /// A line for people.
    #[must_use]
    pub fn text(&self) -> String {
        let answer = match (&self.answer["completion"], &self.answer["error"]) {
            (Value::String(completion), _) => completion.clone(),
            (_, Value::Object(error)) => {
                let text = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
                format!("{}: {}", text("code"), text("message"))
            }
            _ => self.answer.to_string(),
        };
        let answer: String = answer.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let answer = console::truncate_str(&answer, SHOWN, "…");
        let pieces = if self.pieces >= FEWEST_PIECES { format!(", {} pieces", self.pieces) } else { String::new() };
        let mut text = format!("{}  {} ({:.1} s{pieces})\n     {answer}", self.status, self.asked, self.seconds);
        for mismatch in &self.mismatches {
            // Writing to a text does not fail.
            let _ = write!(text, "\n     NOT AS IT SHOULD BE: {mismatch}");
        }
        text
    }
}

/// The sentences at the end.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    if outcome.right {
        let answered = outcome.rows.iter().filter(|row| row.answer["completion"].is_string()).count();
        return format!(
            "All {} requests were answered as they should be, and each of the {answered} answers of the model is on record.",
            outcome.rows.len()
        );
    }
    let wrong = outcome.rows.iter().filter(|row| !row.mismatches.is_empty());
    let mut lines: Vec<_> = wrong.map(|row| format!("{}: {}", row.asked, row.mismatches.join("; "))).collect();
    lines.extend(outcome.records.unread.iter().map(|unread| format!("a record was not read: {unread}")));
    format!("Not as it should be:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answered(completion: &str, request_id: &str) -> Row {
        Row {
            asked: "a question".into(),
            status: 200,
            request_id: Some(request_id.into()),
            answer: json!({"completion": completion}),
            pieces: 1,
            seconds: 0.25,
            mismatches: Vec::new(),
        }
    }

    /// A report of one call, which the API's request `r-1` made.
    fn recorded() -> Report {
        let record = json!({
            "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-11-21T09:00:00Z",
            "requestMetadata": {"request_id": "r-1"}, "output": {"outputBodyJson": {"completion": "yes"}},
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        std::fs::write(&path, record.to_string()).unwrap();
        warden_calls::files(&[path], &Query { show_text: true, ..Query::default() })
    }

    #[test]
    fn an_answer_has_a_record_of_its_own_and_nothing_else_has_one() {
        let refused = |id: &str| Row { answer: json!({"error": {"code": "InvalidInput"}}), ..answered("", id) };
        let rows =
            [answered("yes", "r-1"), answered("no", "r-1"), answered("yes", "r-2"), refused("r-3"), refused("r-1")];
        let found = compare(&rows, &recorded());
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        assert_eq!(
            found,
            [
                None,
                Some("its record holds another answer"),
                Some("there is no record of it"),
                None,
                Some("there is a record of it, and there was no answer"),
            ]
        );
    }

    #[test]
    fn a_row_tells_the_status_the_answer_and_what_is_wrong() {
        let mut row = answered("one\ntwo", "r-1");
        assert_eq!(row.text(), "200  a question (0.2 s)\n     one two");
        row.answer = json!({"error": {"code": "InvalidInput", "message": "prompt: is blank"}});
        row.mismatches = vec!["the status is 200, not 400".into()];
        assert!(
            row.text()
                .ends_with("InvalidInput: prompt: is blank\n     NOT AS IT SHOULD BE: the status is 200, not 400")
        );
    }
}
