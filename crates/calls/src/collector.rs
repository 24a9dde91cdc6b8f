//! Gathers calls from wherever they come: the newest one by one, all in the counts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::report::{Summary, Unread};
use crate::{Call, Query, Report, Timestamp, lines, record};

/// How many of the things that cannot be read are named; the rest are counted.
const NAMED: usize = 100;

/// Gathers what records say.
pub(crate) struct Collector<'q> {
    query: &'q Query,
    /// The newest calls, by time and by the order in which they came.
    kept: BTreeMap<(Timestamp, u64), Kept>,
    came: u64,
    others: Totals,
    unread: Vec<Unread>,
    unread_count: usize,
}

struct Kept {
    call: Call,
    /// The file that the record is in.
    file: Option<PathBuf>,
}

/// A body that does not stand in its record.
pub(crate) struct Missing {
    at: (Timestamp, u64),
    part: Part,
    /// Where the record says that it is.
    pub(crate) path: String,
    /// The file that the record is in.
    pub(crate) file: Option<PathBuf>,
}

#[derive(Clone, Copy)]
enum Part {
    Question,
    Answer,
}

#[derive(Default)]
struct Totals {
    calls: usize,
    callers: BTreeSet<Option<String>>,
    input_tokens: u64,
    output_tokens: u64,
    without_tokens: usize,
    cost_usd: Option<f64>,
    without_cost: usize,
}

impl<'q> Collector<'q> {
    pub(crate) fn new(query: &'q Query) -> Self {
        Self { query, kept: BTreeMap::new(), came: 0, others: Totals::default(), unread: Vec::new(), unread_count: 0 }
    }

    /// Takes every record in a file or object.
    pub(crate) fn bytes(&mut self, place: &str, file: Option<&Path>, bytes: impl Read) {
        let mut told = None;
        lines::each(bytes, |line, found| match found.and_then(|value| record::read(&value)) {
            Ok(call) => self.add(call, file),
            Err(problem) => {
                // A list of something else is one thing that is not a record.
                let what = Some((line, problem));
                if what != told
                    && let Some((line, problem)) = &what
                {
                    self.unread(format!("{place}:{line}"), problem.to_string());
                }
                told = what;
            }
        });
    }

    /// Names something that cannot be read.
    pub(crate) fn unread(&mut self, place: String, problem: String) {
        self.unread_count += 1;
        if self.unread.len() < NAMED {
            self.unread.push(Unread { place, problem });
        }
    }

    fn add(&mut self, mut call: Call, file: Option<&Path>) {
        if !self.query.filter.wants(&call) {
            return;
        }
        self.hide(&mut call);
        self.came += 1;
        self.kept.insert((call.time, self.came), Kept { call, file: file.map(Path::to_owned) });
        if self.kept.len() > self.query.limit
            && let Some((_, Kept { mut call, .. })) = self.kept.pop_first()
        {
            call.cost_usd = self.query.prices.cost(&call);
            self.others.add(&call);
        }
    }

    /// The bodies of the kept calls that lie elsewhere.
    pub(crate) fn missing(&self) -> Vec<Missing> {
        let parts = self.kept.iter().flat_map(|(at, kept)| {
            [(Part::Question, &kept.call.question), (Part::Answer, &kept.call.answer)].map(|(part, content)| {
                let path = content.s3_path.clone()?;
                Some(Missing { at: *at, part, path, file: kept.file.clone() })
            })
        });
        parts.flatten().collect()
    }

    /// Fills in such a body, or names it as unread.
    pub(crate) fn fill(&mut self, missing: Missing, body: Result<Value, String>) {
        let body = match body {
            Ok(body) => body,
            Err(problem) => {
                self.unread(missing.path, problem);
                return;
            }
        };
        let Some(mut kept) = self.kept.remove(&missing.at) else { return };
        match missing.part {
            Part::Question => record::set_question(&mut kept.call, &body),
            Part::Answer => record::set_answer(&mut kept.call, &body),
        }
        self.hide(&mut kept.call);
        self.kept.insert(missing.at, kept);
    }

    /// The lengths stay.
    fn hide(&self, call: &mut Call) {
        if !self.query.show_text {
            call.question.text = None;
            call.answer.text = None;
        }
    }

    pub(crate) fn report(self) -> Report {
        let mut totals = self.others;
        let calls: Vec<_> = self
            .kept
            .into_values()
            .map(|Kept { mut call, .. }| {
                call.cost_usd = self.query.prices.cost(&call);
                totals.add(&call);
                call
            })
            .collect();
        Report { summary: totals.summary(calls.len(), self.unread_count), calls, unread: self.unread }
    }
}

impl Totals {
    fn add(&mut self, call: &Call) {
        self.calls += 1;
        self.callers.insert(call.caller.clone());
        self.input_tokens = self.input_tokens.saturating_add(call.input_tokens.unwrap_or_default());
        self.output_tokens = self.output_tokens.saturating_add(call.output_tokens.unwrap_or_default());
        if call.input_tokens.is_none() || call.output_tokens.is_none() {
            self.without_tokens += 1;
        }
        match call.cost_usd {
            Some(cost) => *self.cost_usd.get_or_insert_default() += cost,
            None => self.without_cost += 1,
        }
    }

    fn summary(self, shown: usize, unread: usize) -> Summary {
        Summary {
            calls: self.calls,
            shown,
            callers: self.callers.len(),
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            calls_without_tokens: self.without_tokens,
            cost_usd: self.cost_usd,
            calls_without_cost: self.without_cost,
            unread,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(minute: usize, caller: &str) -> String {
        let record = json!({
            "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": format!("2026-11-20T12:{minute:02}:00Z"),
            "requestId": format!("r-{minute}"), "modelId": "m", "requestMetadata": {"caller": caller},
            "input": {"inputTokenCount": 1_000_000, "inputBodyJson": {"prompt": "secret"}},
            "output": {"outputTokenCount": 2_000_000, "outputBodyJson": {"completion": "answer"}},
        });
        format!("{record}\n")
    }

    #[test]
    fn the_newest_calls_are_told_and_all_are_counted() {
        let query = Query { limit: 2, prices: "m=1/5".parse().unwrap(), ..Query::default() };
        let mut collector = Collector::new(&query);
        for (minute, caller) in [(5, "a"), (1, "b"), (3, "a"), (4, "c")] {
            collector.bytes("x", None, line(minute, caller).as_bytes());
        }
        let report = collector.report();
        let ids: Vec<_> = report.calls.iter().map(|call| call.request_id.as_deref().unwrap()).collect();
        assert_eq!(ids, ["r-4", "r-5"]);
        assert_eq!((report.summary.calls, report.summary.shown, report.summary.callers), (4, 2, 3));
        assert_eq!((report.summary.input_tokens, report.summary.cost_usd), (4_000_000, Some(44.0)));
    }

    #[test]
    fn texts_are_kept_only_when_they_are_asked_for() {
        for show_text in [false, true] {
            let query = Query { show_text, ..Query::default() };
            let mut collector = Collector::new(&query);
            collector.bytes("x", None, line(1, "a").as_bytes());
            let report = collector.report();
            assert_eq!(report.calls[0].question.characters, Some(6));
            assert_eq!(format!("{report:?}").contains("secret"), show_text);
        }
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_named_up_to_a_limit() {
        let query = Query::default();
        let mut collector = Collector::new(&query);
        collector.bytes("x", None, "{}\n".repeat(NAMED + 5).as_bytes());
        let report = collector.report();
        assert_eq!((report.summary.unread, report.unread.len()), (NAMED + 5, NAMED));
        assert_eq!(report.unread[1].place, "x:2");
    }

    #[test]
    fn a_list_of_something_else_is_named_once_and_its_records_are_read() {
        let (other, record) = (r#"{"type":"ping"}"#, line(1, "a"));
        for (text, calls, unread) in [
            (format!("[{other},{other},{other}]"), 0, 1),
            (format!("[\n{other},\n{other}\n]\n[{other}]\n"), 0, 2),
            (format!("[{other},{record},{other}]"), 1, 1),
            (format!("[{record},{record}]"), 2, 0),
            (format!("{other}\n{other}\n"), 0, 2),
            ("[]".to_owned(), 0, 0),
            (r#"[1,"a",{"schemaType":"ModelInvocationLog"}]"#.to_owned(), 0, 2),
        ] {
            let query = Query::default();
            let mut collector = Collector::new(&query);
            collector.bytes("x", None, text.as_bytes());
            let summary = collector.report().summary;
            assert_eq!((summary.calls, summary.unread), (calls, unread), "{text}");
        }
    }

    #[test]
    fn a_cost_is_told_only_where_it_is_known() {
        let query = Query { prices: "other=1/1".parse().unwrap(), ..Query::default() };
        let mut collector = Collector::new(&query);
        collector.bytes("x", None, line(1, "a").as_bytes());
        let report = collector.report();
        assert_eq!((report.summary.cost_usd, report.summary.calls_without_cost), (None, 1));
    }
}
