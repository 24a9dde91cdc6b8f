//! The claim of an event, before anything is made of it.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};
use warden_core::{
    Error,
    audit::{Claimant, Claimed, LedgerKey},
    budget::LedgerDown,
    ports::Claims,
};

use crate::{clock, metrics, settings::ClaimSettings};

/// The pauses before a claim is tried again that another stands against or that the ledger failed, in milliseconds.
const PAUSES: [u64; 5] = [100, 200, 400, 800, 1_600];
/// How long after the first try a ledger that fails is tried once more: one that answers late must leave time for the model.
const PATIENCE: Duration = Duration::from_secs(15);

/// Claims events in the ledger.
#[derive(Clone, Debug)]
pub struct Claiming<L> {
    /// Where they are claimed.
    ledger: L,
    /// What is done where the ledger cannot be written.
    down: LedgerDown,
    /// Now, in milliseconds since 1970.
    clock: fn() -> i64,
}

/// What became of a claim, in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The record is the claimant's.
    Made(LedgerKey),
    /// Another has the event, or had it.
    Duplicate,
    /// Nobody knows: the ledger cannot be written, or the event has nothing to be known by. The audit goes on.
    Unclaimed,
}

impl<L> Claiming<L> {
    /// Claims in `ledger`.
    #[must_use]
    pub fn new(settings: &ClaimSettings, ledger: L) -> Self {
        Self { ledger, down: settings.down, clock: clock::millis }
    }
}

impl<L: Claims> Claiming<L> {
    /// Claims an event for an execution. After the `last_try` nobody waits any longer for a ledger that is throttled. One
    /// that fails is tried for some seconds.
    ///
    /// # Errors
    /// [`Error::LedgerBusy`] while the object is being restored, and, unless it is the last try, while the claim of another
    /// is under way or the ledger is throttled. What the ledger fails with, where [`LedgerDown::Hold`] is set.
    pub async fn claim(&self, event: &Value, by: &Claimant, last_try: bool) -> Result<Claim, Error> {
        let Some(key) = LedgerKey::of(event) else { return Ok(Claim::Unclaimed) };
        let (begun, mut pauses) = (Instant::now(), PAUSES.into_iter());
        let failed = loop {
            let claimed = self.ledger.claim(&key, by, (self.clock)()).await;
            let trouble = match claimed {
                Ok(Claimed::Ours) => return Ok(Claim::Made(key)),
                Ok(Claimed::Duplicate) => return Ok(Claim::Duplicate),
                Ok(Claimed::BeingRestored) => return Err(Error::LedgerBusy { why: "its object is being restored" }),
                Ok(Claimed::Busy) => {
                    Error::LedgerBusy { why: "another claim of it is under way, or the ledger is throttled" }
                }
                Err(error @ Error::ServiceUnavailable { .. }) => error,
                Err(error) => break error,
            };
            let is_down = matches!(trouble, Error::ServiceUnavailable { .. });
            match pauses.next().filter(|_| !is_down || begun.elapsed() < PATIENCE) {
                Some(pause) => sleep(Duration::from_millis(pause)).await,
                None if is_down || last_try => break trouble,
                None => return Err(trouble),
            }
        };
        metrics::ledger_down();
        tracing::warn!(error = failed.name().as_str(), "the event could not be claimed");
        match self.down {
            LedgerDown::Judge => Ok(Claim::Unclaimed),
            LedgerDown::Hold => Err(failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use warden_core::fake::FakeClaims;

    use super::*;

    const REFUSED: Result<Claimed, Error> = Err(Error::LedgerBusy { why: "a test" });
    const BUSY: Result<Claimed, Error> = Ok(Claimed::Busy);

    fn failing() -> Result<Claimed, Error> {
        Err(Error::ServiceUnavailable { action: "dynamodb:TransactWriteItems", code: "500".into() })
    }

    fn by() -> Claimant {
        Claimant { execution: "arn:one".into(), started: "2026-11-20T09:14:09.123Z".into() }
    }

    fn event() -> Value {
        json!({"eventName": "StopLogging", "eventID": "e-1"})
    }

    fn claiming(answers: &[Result<Claimed, Error>], down: LedgerDown) -> Claiming<FakeClaims> {
        Claiming { ledger: FakeClaims::answering(answers), down, clock: || 1_795_166_049_123 }
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_claimed_or_another_has_it_or_it_waits() {
        let made = || Ok(Claim::Made(LedgerKey::new("/", "e-1")));
        let busy = |why| Err(Error::LedgerBusy { why });
        let throttled = "another claim of it is under way, or the ledger is throttled";
        for (answers, last_try, expected) in [
            (vec![Ok(Claimed::Ours)], false, made()),
            (vec![Ok(Claimed::Duplicate)], false, Ok(Claim::Duplicate)),
            (vec![BUSY, BUSY, Ok(Claimed::Ours)], false, made()),
            (vec![BUSY, Ok(Claimed::Duplicate)], true, Ok(Claim::Duplicate)),
            (vec![BUSY; 6], false, busy(throttled)),
            (vec![BUSY; 6], true, Ok(Claim::Unclaimed)),
            (vec![Ok(Claimed::BeingRestored)], false, busy("its object is being restored")),
            (vec![Ok(Claimed::BeingRestored)], true, busy("its object is being restored")),
            (vec![failing(), BUSY, failing(), Ok(Claimed::Ours)], false, made()),
            (vec![failing(); 6], false, Ok(Claim::Unclaimed)),
            (vec![REFUSED], false, Ok(Claim::Unclaimed)),
        ] {
            let claiming = claiming(&answers, LedgerDown::Judge);
            assert_eq!(claiming.claim(&event(), &by(), last_try).await, expected, "{answers:?} {last_try}");
            assert_eq!(claiming.ledger.left(), 0, "{answers:?} {last_try}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_audit_is_held_without_the_ledger_its_error_is_the_answer() {
        for (answers, last_try, error) in [
            (vec![REFUSED], false, "LedgerBusy"),
            (vec![REFUSED], true, "LedgerBusy"),
            (vec![BUSY; 6], true, "LedgerBusy"),
            (vec![failing(); 6], false, "ServiceUnavailable"),
        ] {
            let claimed = claiming(&answers, LedgerDown::Hold).claim(&event(), &by(), last_try).await;
            assert_eq!(claimed.unwrap_err().name().as_str(), error, "{answers:?}");
        }
    }

    #[tokio::test]
    async fn what_has_nothing_to_be_known_by_is_not_claimed() {
        let claiming = claiming(&[], LedgerDown::Hold);
        assert_eq!(claiming.claim(&json!({"eventName": "StopLogging"}), &by(), false).await, Ok(Claim::Unclaimed));
    }
}
