//! The report about calls, for people and for programs.

use std::fmt;

use serde::Serialize;
use warden_call_errors::printable;

use crate::{Call, Content};

/// Calls, and what they come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The newest calls, the oldest of them first.
    pub calls: Vec<Call>,
    /// What all calls come to.
    pub summary: Summary,
    /// What could not be read; of more than 100, the first ones.
    pub unread: Vec<Unread>,
}

/// What calls come to, including those that are not listed one by one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// How many calls there were.
    pub calls: usize,
    /// How many of them are listed one by one.
    pub shown: usize,
    /// How many callers made them.
    pub callers: usize,
    /// Tokens of requests.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Calls whose records have no token counts.
    pub calls_without_tokens: usize,
    /// US dollars, of the calls whose cost is known.
    pub cost_usd: Option<f64>,
    /// Calls whose cost is not known.
    pub calls_without_cost: usize,
    /// How many records, files and bodies could not be read.
    pub unread: usize,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unread {
    /// Where it is.
    pub place: String,
    /// Why it could not be read.
    pub problem: String,
}

impl Report {
    /// Whether everything could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.summary.unread == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for call in &self.calls {
            writeln!(f, "{call}\n")?;
        }
        write!(f, "{}", self.summary)?;
        for unread in &self.unread {
            write!(f, "\n  not read: {unread}")?;
        }
        match self.summary.unread.saturating_sub(self.unread.len()) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", printable(&self.place), printable(&self.problem))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |text: &Option<String>| text.as_deref().map_or_else(|| "unknown".to_owned(), printable);
        write!(f, "{}  {}  {}", self.time, known(&self.operation), known(&self.model_id))?;
        if let Some(region) = self.inference_region.as_ref().filter(|region| Some(*region) != self.region.as_ref()) {
            write!(f, "  answered in {}", printable(region))?;
        }
        write!(f, "\n    caller    {}", known(&self.caller))?;
        if self.identity_arn.is_some() && self.identity_arn != self.caller {
            write!(f, " ({})", known(&self.identity_arn))?;
        }
        write!(f, "\n    request   {}", known(&self.request_id))?;
        if !self.request_metadata.is_empty() {
            let entries = self.request_metadata.iter();
            let entries = entries.map(|(name, value)| format!("{}={}", printable(name), printable(value)));
            write!(f, "\n    metadata  {}", entries.collect::<Vec<_>>().join(" "))?;
        }
        f.write_str("\n    used      ")?;
        self.write_use(f)?;
        write!(f, "\n    asked     {}", self.question)?;
        write!(f, "\n    answered  {}", self.answer)?;
        if let Some(reason) = &self.stop_reason {
            write!(f, "\n    ended     {}", printable(reason))?;
        }
        if self.guardrail_intervened {
            f.write_str("\n    guardrail intervened")?;
        }
        if let Some(error) = &self.error_code {
            write!(f, "\n    failed    {}", printable(error))?;
        }
        Ok(())
    }
}

impl Call {
    fn write_use(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        write!(f, "{} tokens in, {} out", count(self.input_tokens), count(self.output_tokens))?;
        for (tokens, what) in
            [(self.cache_read_tokens, "read from cache"), (self.cache_write_tokens, "written to cache")]
        {
            if let Some(tokens) = tokens.filter(|tokens| *tokens > 0) {
                write!(f, ", {tokens} {what}")?;
            }
        }
        if let Some(cost) = self.cost_usd {
            write!(f, ", {}", dollars(cost))?;
        }
        if let Some(latency) = self.latency_ms {
            write!(f, ", {latency} ms")?;
        }
        if let Some(first) = self.first_byte_ms {
            write!(f, " (first byte {first} ms)")?;
        }
        Ok(())
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.characters, &self.text, &self.s3_path) {
            (Some(characters), ..) => f.write_str(&counted(characters, "character"))?,
            (None, Some(_), _) => f.write_str("a body of unknown form")?,
            (None, None, Some(path)) => write!(f, "not read, in {}", printable(path))?,
            (None, None, None) => f.write_str("no text in the record")?,
        }
        if self.attachments > 0 {
            write!(f, " and {}", counted(self.attachments, "attachment"))?;
        }
        let Some(text) = &self.text else { return Ok(()) };
        // Each line by itself, so that a text cannot pretend to be the report.
        for line in text.lines() {
            write!(f, "\n        | {}", printable(line))?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}: ", counted(self.calls, "call"), counted(self.callers, "caller"))?;
        write!(f, "{} tokens in, {} out", self.input_tokens, self.output_tokens)?;
        if self.calls_without_tokens > 0 {
            write!(f, " (unknown for {})", counted(self.calls_without_tokens, "call"))?;
        }
        match self.cost_usd {
            Some(cost) if self.calls_without_cost > 0 => {
                write!(f, ", {} (unknown for {})", dollars(cost), counted(self.calls_without_cost, "call"))?;
            }
            Some(cost) => write!(f, ", {}", dollars(cost))?,
            None => {}
        }
        if self.shown < self.calls {
            write!(f, ". The newest {} are shown", self.shown)?;
        }
        if self.unread > 0 {
            write!(f, ". NOT READ: {}", self.unread)?;
        }
        Ok(())
    }
}

/// To a millionth, which a call of few tokens costs.
fn dollars(cost: f64) -> String {
    format!("{cost:.6} USD")
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
