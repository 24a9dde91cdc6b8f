//! Figures while they are counted.

use std::collections::BTreeMap;

use super::counts::Counts;
use super::entry::{Entry, Status, Verdict};
use super::period::Period;
use super::{Asked, Backfill, Failure, Figures, Found, Interval, Latency, ModelUse, Restore, Tally, Uploader, key};

/// How long an audit may take before it counts as one that never ended, in seconds.
const UNDER_WAY: i64 = 3_600;
/// How many of what was found are listed, the newest.
const LISTED: usize = 10;

/// Figures while they are counted.
#[derive(Default)]
pub(super) struct Counted {
    events: u64,
    pub(super) unreadable: u64,
    never_ended: u64,
    verdicts: Tally,
    intervals: Vec<(Tally, f64, Vec<f64>)>,
    categories: Counts,
    actions: Counts,
    unacted: Tally,
    rules: Counts,
    threat_levels: Counts,
    undetermined: Counts,
    silenced: Counts,
    uploaders: BTreeMap<String, (Tally, Counts)>,
    models: BTreeMap<String, ModelUse>,
    backfills: BTreeMap<String, Backfill>,
    failures: BTreeMap<(String, String), u64>,
    reopened: u64,
    restores: Vec<Restore>,
    found: Vec<Found>,
}

impl Counted {
    pub(super) fn new(period: &Period) -> Self {
        Self { intervals: vec![Default::default(); period.intervals().count()], ..Self::default() }
    }

    pub(super) fn add(&mut self, entry: &Entry, asked: &Asked) {
        let Some(at) = asked.period.position(&entry.claimed_at) else { return };
        let object = || key::object(entry.s3_bucket.as_deref(), entry.s3_key.as_deref(), asked.keys);
        // A version that was brought back is claimed, but no event of its own.
        if entry.restored_from.is_some() {
            self.restores.push(Restore {
                at: entry.claimed_at.clone(),
                object: object(),
                by: entry.restored_by.clone().unwrap_or_default(),
                reason: entry.restore_reason.clone().unwrap_or_default(),
            });
            return;
        }
        self.events += 1;
        match entry.status {
            Status::Claimed => {
                self.never_ended += u64::from(asked.period.ends_after(&entry.claimed_at, UNDER_WAY));
                return;
            }
            Status::Failed if entry.is_reopened() => self.reopened += 1,
            Status::Failed => {
                let [state, error] = [&entry.failed_in, &entry.error].map(|text| text.clone().unwrap_or_default());
                *self.failures.entry((state, error)).or_default() += 1;
            }
            Status::Held => {}
            Status::Complete => self.intervals[at].2.extend(entry.seconds),
        }
        entry.matched_rules.iter().for_each(|rule| self.rules.add(rule));
        entry.threat_level.iter().for_each(|level| self.threat_levels.add(level));
        entry.silenced_by.iter().for_each(|name| self.silenced.add(name));
        if let Some(id) = &entry.backfill {
            let backfill = self.backfills.entry(id.clone()).or_default();
            backfill.verdicts.add(entry.verdict);
            backfill.failed += u64::from(entry.status == Status::Failed && !entry.is_reopened());
        }
        self.add_model(entry, at);
        if entry.verdict != Verdict::None {
            self.add_verdict(entry, at, object);
        }
    }

    fn add_verdict(&mut self, entry: &Entry, at: usize, object: impl Fn() -> String) {
        self.verdicts.add(entry.verdict);
        self.intervals[at].0.add(entry.verdict);
        let action = entry.action.as_deref().unwrap_or("none");
        self.actions.add(action);
        if action.ends_with("_failed") {
            self.unacted.add(entry.verdict);
        }
        entry.categories.iter().for_each(|category| self.categories.add(category));
        let actor = entry.actor.clone().unwrap_or_else(|| "unknown".to_owned());
        let (verdicts, categories) = self.uploaders.entry(actor).or_default();
        verdicts.add(entry.verdict);
        entry.categories.iter().for_each(|category| categories.add(category));
        match entry.verdict {
            Verdict::Undetermined => self.undetermined.add(entry.reason.as_deref().unwrap_or("no reason given")),
            Verdict::Pii => {
                self.found.push(Found {
                    at: entry.claimed_at.clone(),
                    object: object(),
                    event: entry.event_id.clone().unwrap_or_else(|| entry.event.clone()),
                    categories: entry.categories.clone(),
                    action: entry.action.clone().unwrap_or_default(),
                });
                if self.found.len() > 100 * LISTED {
                    newest(&mut self.found);
                }
            }
            _ => {}
        }
    }

    fn add_model(&mut self, entry: &Entry, at: usize) {
        let Some(model) = &entry.model else { return };
        let asked = self.models.entry(model.clone()).or_default();
        asked.objects += 1;
        asked.input_tokens += entry.input_tokens.unwrap_or_default();
        asked.output_tokens += entry.output_tokens.unwrap_or_default();
        if let Some(cost) = entry.cost_usd {
            *asked.cost_usd.get_or_insert_default() += cost;
            self.intervals[at].1 += cost;
        }
    }

    pub(super) fn figures(self, asked: &Asked) -> Figures {
        let seconds = self.intervals.iter().flat_map(|(_, _, seconds)| seconds).copied().collect();
        let begun = asked.period.intervals();
        let intervals = self.intervals.into_iter().zip(begun).map(|((verdicts, cost_usd, seconds), from)| Interval {
            from,
            verdicts,
            cost_usd,
            latency: Latency::of(seconds),
        });
        let mut models: Vec<_> = self.models.into_iter().map(|(model, asked)| ModelUse { model, ..asked }).collect();
        models.sort_by_key(|model| std::cmp::Reverse(model.objects));
        let backfills = self.backfills.into_iter().map(|(id, counted)| Backfill { id, ..counted });
        let mut backfills: Vec<_> = backfills.collect();
        backfills.sort_by_key(|backfill| std::cmp::Reverse(backfill.verdicts.all() + backfill.failed));
        let costs: Vec<_> = models.iter().filter_map(|model| model.cost_usd).collect();
        let uploaders =
            self.uploaders.into_iter().filter(|(_, (verdicts, _))| verdicts.pii + verdicts.undetermined > 0);
        let mut uploaders: Vec<_> = uploaders
            .map(|(actor, (verdicts, categories))| Uploader { actor, verdicts, categories: categories.largest_first() })
            .collect();
        uploaders.sort_by_key(|uploader| std::cmp::Reverse((uploader.verdicts.pii, uploader.verdicts.undetermined)));
        let failures = self.failures.into_iter().map(|((state, error), events)| Failure { state, error, events });
        let mut failures: Vec<_> = failures.collect();
        failures.sort_by_key(|failure| std::cmp::Reverse(failure.events));
        let (mut found, mut restores) = (self.found, self.restores);
        newest(&mut found);
        restores.sort_by(|one, other| other.at.cmp(&one.at));
        Figures {
            stack: asked.stack.clone(),
            period: asked.period,
            keys: asked.keys,
            events: self.events,
            unreadable: self.unreadable,
            verdicts: self.verdicts,
            intervals: intervals.collect(),
            categories: self.categories.largest_first(),
            actions: self.actions.largest_first(),
            unacted: self.unacted,
            restores,
            rules: self.rules.largest_first(),
            threat_levels: self.threat_levels.in_order(&["critical", "high", "medium", "low"]),
            uploaders,
            models,
            cost_usd: (!costs.is_empty()).then(|| costs.iter().sum()),
            latency: Latency::of(seconds),
            undetermined: self.undetermined.largest_first(),
            failures,
            reopened: self.reopened,
            never_ended: self.never_ended,
            backfills,
            silenced: self.silenced.largest_first(),
            found,
            dead_letters: asked.dead_letters.clone(),
        }
    }
}

/// Leaves the newest of what was found.
fn newest(found: &mut Vec<Found>) {
    found.sort_by(|one, other| (&other.at, &one.event).cmp(&(&one.at, &other.event)));
    found.truncate(LISTED);
}
