//! How far a backfill came.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Plan;

/// Audits that the day's budget may hold back before no further one begins: the state machine has the same number. What
/// is held back costs an execution, and is no nearer to its verdict.
const ENOUGH_HELD: u64 = 20;

/// Where a backfill stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It audits.
    #[default]
    Running,
    /// It was asked to stop, and ends with the audits that are under way.
    Stopping,
    /// It was stopped.
    Stopped,
    /// What it may cost is spent, or the day's budget is.
    Capped,
    /// It came to its end.
    Complete,
    /// It could not go on.
    Failed,
}

impl Status {
    /// The name as the ledger has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Capped => "capped",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing is under way any more.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::Running | Self::Stopping)
    }
}

/// A backfill as the ledger keeps it. The counters of audits grow over all of its runs; those of the listing are of
/// its last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Where it stands.
    pub status: Status,
    /// What it looks at.
    pub plan: Option<Plan>,
    /// The execution of its last run, by its ARN.
    pub execution: Option<String>,
    /// When that began, RFC 3339.
    pub started_at: Option<String>,
    /// When that ended, RFC 3339.
    pub ended_at: Option<String>,
    /// Versions that the listing saw.
    pub listed: u64,
    /// Of those, what the ledger knew.
    pub known: u64,
    /// Of those, what was handed to the audit.
    pub handed: u64,
    /// Audits that ended.
    pub done: u64,
    /// Of those, with personal data.
    pub pii: u64,
    /// Of those, that could not be judged.
    pub undetermined: u64,
    /// Of those, that the day's budget held back.
    pub held: u64,
    /// Of those, that failed.
    pub failed: u64,
    /// Of the failed, those that did not record it: they never began, were stopped, or could not tell.
    pub unrecorded: u64,
    /// Of those that ended, that another audit had by then.
    pub duplicates: u64,
    /// Of those that ended, that were audited before and failed, or were held back, in another backfill or on their own
    /// event, or were reopened.
    pub again: u64,
    /// Of those that ended, whose alert has the level high.
    pub high: u64,
    /// US dollars for the models' answers.
    pub spent_usd: f64,
}

impl Counters {
    /// Those of a record of plain values by name. What cannot be read counts as nothing.
    #[must_use]
    pub fn read(record: &Value) -> Self {
        let mut read = Self::default();
        let Value::Object(fields) = record else { return read };
        let number = |name: &str| fields.get(name).and_then(Value::as_u64).unwrap_or_default();
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let status = fields.get("status").cloned().unwrap_or_default();
        read.status = serde_json::from_value(status).unwrap_or_default();
        read.plan = text("plan").and_then(|plan| serde_json::from_str(&plan).ok());
        (read.execution, read.started_at, read.ended_at) = (text("execution"), text("started_at"), text("ended_at"));
        (read.listed, read.known, read.handed) = (number("listed"), number("known"), number("handed"));
        (read.done, read.pii, read.undetermined) = (number("done"), number("pii"), number("undetermined"));
        (read.held, read.again) = (number("held"), number("again"));
        (read.failed, read.duplicates, read.high) = (number("failed"), number("duplicates"), number("high"));
        // A definition of before counts none: what failed there may have left no record.
        read.unrecorded = fields.get("unrecorded").map_or(read.failed, |count| count.as_u64().unwrap_or_default());
        read.spent_usd = fields.get("spent_usd").and_then(Value::as_f64).unwrap_or_default();
        read
    }

    /// Whether a further audit may begin.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.status == Status::Running && !self.is_spent() && !self.is_held_back()
    }

    /// Whether what it may cost is spent.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.plan.as_ref().and_then(|plan| plan.max_cost).is_some_and(|most| self.spent_usd >= most)
    }

    /// Whether the day's budget holds back what begins.
    #[must_use]
    pub fn is_held_back(&self) -> bool {
        self.held >= ENOUGH_HELD
    }

    /// The counters of audits as a further run begins: without what failed or was held back, which it takes up.
    #[must_use]
    pub fn taken_up(&self) -> Self {
        let again = self.held + self.failed;
        Self {
            done: self.done.saturating_sub(again),
            undetermined: self.undetermined.saturating_sub(self.held),
            held: 0,
            failed: 0,
            unrecorded: 0,
            ..self.clone()
        }
    }

    /// Whether nothing has to be looked at again of all that was handed to the audit. An audit that failed and left a record
    /// is reported, and can be replayed; one that always fails must not keep a sweep where it is.
    #[must_use]
    pub fn is_dealt_with(&self) -> bool {
        self.held + self.unrecorded == 0 && self.done >= self.handed
    }

    /// How a run ends that came so far.
    #[must_use]
    pub fn ending(&self, failed: bool) -> Status {
        match self.status {
            _ if failed => Status::Failed,
            Status::Stopping | Status::Stopped => Status::Stopped,
            _ if self.is_spent() || self.is_held_back() => Status::Capped,
            _ => Status::Complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn counters(status: &str, spent: f64, most: Option<f64>) -> Counters {
        let plan = Plan { max_cost: most, ..Plan::of("b") };
        let plan = serde_json::to_string(&plan).unwrap();
        Counters::read(&json!({"status": status, "plan": plan, "spent_usd": spent, "done": 3}))
    }

    #[test]
    fn a_backfill_goes_on_until_it_is_stopped_or_its_money_is_spent() {
        for (status, spent, most, goes_on, ending) in [
            ("running", 0.0, None, true, Status::Complete),
            ("running", 0.99, Some(1.0), true, Status::Complete),
            ("running", 1.0, Some(1.0), false, Status::Capped),
            ("stopping", 0.0, None, false, Status::Stopped),
        ] {
            let counters = counters(status, spent, most);
            assert_eq!(counters.goes_on(), goes_on, "{counters:?}");
            assert_eq!(counters.ending(false), ending, "{counters:?}");
            assert_eq!(counters.ending(true), Status::Failed);
        }
        assert_eq!(counters("running", 0.0, None).done, 3);
    }

    #[test]
    fn a_backfill_ends_once_the_days_budget_holds_back_what_begins() {
        for (held, goes_on, ending) in [(19, true, Status::Complete), (20, false, Status::Capped)] {
            let counters = Counters { held, ..counters("running", 0.0, None) };
            assert_eq!((counters.goes_on(), counters.ending(false)), (goes_on, ending), "{held}");
        }
    }

    #[test]
    fn the_state_machine_begins_no_audit_once_as_many_are_held_back() {
        let definition: Value =
            serde_json::from_str(include_str!("../../../../statemachine/backfill.asl.json")).unwrap();
        let mut values = Vec::new();
        let mut left = vec![&definition];
        while let Some(value) = left.pop() {
            match value {
                Value::Object(fields) => {
                    values.extend(fields.get(":enough"));
                    left.extend(fields.values());
                }
                Value::Array(items) => left.extend(items),
                _ => {}
            }
        }
        assert_eq!(values, [&json!({"N": ENOUGH_HELD.to_string()})]);
    }

    #[test]
    fn what_failed_and_left_a_record_has_not_to_be_looked_at_again() {
        let ended = Counters { handed: 3, done: 3, failed: 1, ..Counters::default() };
        assert!(ended.is_dealt_with());
        for left in [
            Counters { done: 2, ..ended.clone() },
            Counters { held: 1, ..ended.clone() },
            Counters { unrecorded: 1, ..ended.clone() },
        ] {
            assert!(!left.is_dealt_with(), "{left:?}");
        }
    }

    #[test]
    fn a_further_run_counts_anew_what_it_takes_up() {
        let ended =
            Counters { done: 30, undetermined: 22, held: 20, failed: 3, unrecorded: 1, pii: 4, ..Counters::default() };
        let begun = ended.taken_up();
        let expected = Counters { done: 7, undetermined: 2, pii: 4, ..Counters::default() };
        assert_eq!(begun, expected);
        // A first step that is tried twice takes nothing away twice.
        assert_eq!(begun.taken_up(), expected);
    }
}
