//! What the models of a stack may cost in a day.
//!
//! What an answer cost is added to the day's sum in the ledger when it has come, and the sum is read before a model is
//! asked. So calls that are under way when the budget is reached still end, and no other begins.

use crate::{audit::time, error::Error, named::named};

/// The partition of the ledger in which days are summed. An object's begins with its bucket and a slash.
pub const PARTITION: &str = "budget";

named! {
    /// What is done while the ledger cannot be read or written: by the state machine with an event that it cannot claim,
    /// and by a function that cannot read the day's spend.
    pub enum LedgerDown {
        Judge = "judge": "the audit goes on",
        Hold = "hold": "the audit waits for a replay",
    }
}

/// What the models of a stack may cost in a day, UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DailyBudget {
    /// US dollars, over all models.
    pub usd: f64,
    /// What is done where the sum cannot be read.
    pub ledger_down: LedgerDown,
}

impl DailyBudget {
    /// Whether a model may be asked, by what the ledger says was spent on the day.
    ///
    /// # Errors
    /// That of the ledger, where the audit is to be held without one.
    pub fn allows(self, spent: Result<f64, Error>) -> Result<bool, Error> {
        match (spent, self.ledger_down) {
            (Ok(spent), _) => Ok(spent < self.usd),
            (Err(_), LedgerDown::Judge) => Ok(true),
            (Err(error), LedgerDown::Hold) => Err(error),
        }
    }
}

/// The day of a time, UTC, such as `2026-11-27`, and its hour, such as `2026-11-27T03`.
#[must_use]
pub fn day_and_hour(seconds: i64) -> (String, String) {
    let time = time::rfc3339(seconds);
    let (day, rest) = time.split_once('T').unwrap_or((&time, ""));
    let hour = rest.split(':').next().unwrap_or_default();
    (day.to_owned(), format!("{day}T{hour}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_asked_while_the_days_sum_is_below_the_budget() {
        let down = || Error::ServiceUnavailable { action: "dynamodb:GetItem", code: "503".to_owned() };
        let budget = |ledger_down| DailyBudget { usd: 10.0, ledger_down };
        for (ledger_down, spent, expected) in [
            (LedgerDown::Judge, Ok(0.0), Ok(true)),
            (LedgerDown::Judge, Ok(9.999), Ok(true)),
            (LedgerDown::Judge, Ok(10.0), Ok(false)),
            (LedgerDown::Hold, Ok(10.5), Ok(false)),
            (LedgerDown::Judge, Err(down()), Ok(true)),
            (LedgerDown::Hold, Err(down()), Err(down())),
        ] {
            assert_eq!(budget(ledger_down).allows(spent.clone()), expected, "{ledger_down} {spent:?}");
        }
    }

    #[test]
    fn a_day_is_one_of_utc() {
        assert_eq!(day_and_hour(1_795_748_399), ("2026-11-27".to_owned(), "2026-11-27T02".to_owned()));
    }
}
