//! One question and its answer, with the times a person asks about.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::time::{Duration, Instant};

use crate::answer::{Answer, Cut};
use crate::connection::{Client, NoAnswer};
use crate::protocol::Ask;
use crate::screen::{self, Show};
use crate::visible::visible_line;

/// What became of a question.
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Exchange {
    pub(crate) answer: Answer,
    pub(crate) first_token: Option<Duration>,
    pub(crate) took: Duration,
}

/// Asks, and shows what comes until it ends or somebody presses Ctrl-C.
pub(crate) async fn exchange(client: &Client, ask: &Ask, mut show: Option<Show>) -> Result<Exchange, NoAnswer> {
    let begun = Instant::now();
    let mut answer = Answer::default();
    let first_token = Cell::new(None);
    let tell = |text: &str| {
        if first_token.get().is_none() {
            first_token.set(Some(begun.elapsed()));
            screen::waited();
        }
        match &mut show {
            Some(show) => screen::write(&show.push(text)).map_err(|error| format!("it cannot be written: {error}")),
            None => Ok(()),
        }
    };
    let asked = tokio::select! {
        asked = client.ask(ask, &mut answer, tell) => Some(asked),
        _ = tokio::signal::ctrl_c() => None,
        never = wait(begun, &first_token) => match never {},
    };
    let first_token = first_token.get();
    if first_token.is_none() {
        screen::waited();
    }
    match asked {
        None => answer.cut(Cut::Stopped),
        Some(asked) => asked?,
    }
    let took = begun.elapsed();
    if let Some(mut show) = show {
        let end = if answer.text.is_empty() || answer.text.ends_with('\n') { "" } else { "\n" };
        if let Err(error) = screen::write(&(show.finish() + end)) {
            answer.cut(Cut::Broken(format!("it cannot be written: {error}")));
        }
    }
    Ok(Exchange { answer, first_token, took })
}

/// Says every second that the first token is waited for.
async fn wait(begun: Instant, first_token: &Cell<Option<Duration>>) -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if first_token.get().is_none() {
            screen::waiting(begun.elapsed());
        }
    }
}

impl fmt::Display for Exchange {
    /// What it cost, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(usage) = self.answer.usage {
            let about = if usage.estimated { "about " } else { "" };
            parts.push(format!("{about}{} tokens in, {} out", usage.input_tokens, usage.output_tokens));
        }
        if let Some(first) = self.first_token {
            parts.push(format!("first after {:.1} s", first.as_secs_f64()));
        }
        parts.push(format!("{:.1} s in all", self.took.as_secs_f64()));
        if let Some(model) = &self.answer.model {
            parts.push(visible_line(model));
        }
        f.write_str(&parts.join(" · "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Usage;

    #[test]
    fn what_an_answer_cost_stands_on_one_line() {
        let mut exchange =
            Exchange { answer: Answer::default(), first_token: None, took: Duration::from_millis(2_340) };
        assert_eq!(exchange.to_string(), "2.3 s in all");
        exchange.first_token = Some(Duration::from_millis(420));
        exchange.answer.usage = Some(Usage { input_tokens: 12, output_tokens: 40, estimated: false });
        exchange.answer.model = Some("claude\x1b".into());
        assert_eq!(exchange.to_string(), "12 tokens in, 40 out · first after 0.4 s · 2.3 s in all · claude␛");
        exchange.answer.usage = Some(Usage { input_tokens: 12, output_tokens: 40, estimated: true });
        assert!(exchange.to_string().starts_with("about 12 tokens in, 40 out · "));
    }
}
