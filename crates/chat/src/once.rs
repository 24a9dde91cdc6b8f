//! One question for a script: the answer on standard output, all else on
//! standard error, and an exit code.

use std::fmt::Write as _;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::answer::Cut;
use crate::cli::Output;
use crate::connection::Client;
use crate::conversation::Conversation;
use crate::ending::Ending;
use crate::exchange::{Exchange, exchange};
use crate::screen::{self, Show};

/// Asks the question and prints the answer.
pub(crate) async fn once(
    client: &Client,
    mut conversation: Conversation,
    question: &str,
    output: Output,
    markdown: bool,
) -> anyhow::Result<Ending> {
    conversation.ask(question);
    let show = match output {
        Output::Text => Some(Show::on_standard_output(markdown)),
        Output::Json => None,
    };
    let exchange = exchange(client, &conversation.request(), show).await?;
    if output == Output::Json {
        let document = escaped(&serde_json::to_string_pretty(&document(&exchange))?);
        screen::write(&(document + "\n")).context("the answer cannot be written")?;
    }
    Ok(match exchange.answer.why_cut() {
        None => Ending::Done,
        Some(Cut::Stopped) => Ending::Interrupted,
        Some(cut) => {
            screen::cut(&cut.to_string());
            Ending::Cut
        }
    })
}

/// JSON whose every control character is escaped. JSON itself asks for that of
/// the first 32 alone, and a terminal obeys the others too.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\u{7f}'..='\u{9f}') {
            // They stand in strings alone, where this is the same text.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// The answer for a program.
fn document(exchange: &Exchange) -> Value {
    let Exchange { answer, first_token, took } = exchange;
    let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let cut = answer.why_cut().map(|cut| json!({"code": cut.code(), "message": cut.to_string()}));
    json!({
        "text": answer.text,
        "whole": cut.is_none(),
        "cut": cut,
        "stop_reason": answer.stop_reason(),
        "model": answer.model,
        "tool_calls": answer.tool_calls,
        "usage": answer.usage,
        "first_token_ms": first_token.map(milliseconds),
        "took_ms": milliseconds(*took),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::answer::{Answer, Finish};

    #[test]
    fn a_document_commands_no_terminal_and_says_the_same() {
        let text = "안녕 \u{7f}\u{80}\u{9b}2J\u{9f}\u{a0}\u{1b}[m";
        let document = escaped(&json!({ "text": text }).to_string());
        assert_eq!(document, "{\"text\":\"안녕 \\u007f\\u0080\\u009b2J\\u009f\u{a0}\\u001b[m\"}");
        assert_eq!(serde_json::from_str::<Value>(&document).unwrap(), json!({ "text": text }));
    }

    #[test]
    fn a_program_learns_whether_the_answer_is_whole() {
        let finish = |finish| Exchange {
            answer: Answer { text: "안녕".into(), finish: Some(finish), ..Answer::default() },
            first_token: Some(Duration::from_millis(5)),
            took: Duration::from_millis(9),
        };
        let whole = document(&finish(Finish::Whole { stop_reason: "end_turn".into() }));
        let expected = json!({"text": "안녕", "whole": true, "cut": null, "stop_reason": "end_turn", "model": null,
            "tool_calls": [], "usage": null, "first_token_ms": 5, "took_ms": 9});
        assert_eq!(whole, expected);
        let cut = document(&finish(Finish::Cut(Cut::NoEnd)));
        assert_eq!((&cut["whole"], &cut["cut"]["code"]), (&json!(false), &json!("NoEnd")));
    }
}
