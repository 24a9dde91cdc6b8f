//! A line that says how far a backfill came, and how fast.

use std::time::Duration;

use warden_core::backfill::Counters;

/// Characters of the bar.
const WIDTH: u64 = 20;

/// How fast a run goes, from where it began to be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Audits that had ended by then, all runs together.
    done_before: u64,
    /// Versions of this run to audit.
    planned: u64,
}

impl Pace {
    /// Of a run with so many versions to audit, on top of what runs before it did.
    #[must_use]
    pub const fn new(planned: u64, done_before: u64) -> Self {
        Self { done_before, planned }
    }

    /// Of a run that goes on from these counters, and takes up what failed and what was held back.
    #[must_use]
    pub fn of_resumed(planned: u64, counters: &Counters) -> Self {
        Self::new(planned, counters.taken_up().done)
    }

    /// How far it came after `elapsed`, on one line.
    #[must_use]
    pub fn line(&self, counters: &Counters, elapsed: Duration) -> String {
        let Counters { done, pii, undetermined, failed, spent_usd, .. } = counters;
        let ended = done.saturating_sub(self.done_before);
        // More was handed over than was counted where the bucket grew meanwhile.
        let planned = self.planned.max(ended);
        let filled = (ended * WIDTH).checked_div(planned).unwrap_or(WIDTH);
        let bar: String = (0..WIDTH).map(|at| if at < filled { '#' } else { '-' }).collect();
        #[allow(clippy::cast_precision_loss)]
        let a_second = ended as f64 / elapsed.as_secs_f64().max(0.001);
        let left = planned - ended;
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let time = if ended == 0 { "?".to_owned() } else { in_words((left as f64 / a_second) as u64) };
        format!(
            "[{bar}] {ended} of {planned}  pii {pii}  undetermined {undetermined}  failed {failed}  \
             {a_second:.1}/s  left {time}  spent {spent_usd:.2} USD"
        )
    }
}

/// Seconds in the two units that matter.
#[must_use]
pub fn in_words(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_came_and_how_long_it_takes() {
        let counters = Counters { done: 40, pii: 2, undetermined: 1, spent_usd: 0.031, ..Counters::default() };
        assert_eq!(
            Pace::new(60, 10).line(&counters, Duration::from_secs(10)),
            "[##########----------] 30 of 60  pii 2  undetermined 1  failed 0  3.0/s  left 10 s  spent 0.03 USD"
        );
        let begun = Counters::default();
        assert!(Pace::new(60, 0).line(&begun, Duration::ZERO).contains("left ?"));
        assert!(Pace::new(0, 0).line(&begun, Duration::ZERO).starts_with("[####################] 0 of 0"));
    }

    #[test]
    fn a_resumed_run_begins_at_nothing_and_counts_what_it_takes_up() {
        for (done, failed, held, planned) in [(100, 100, 0, 100), (100, 0, 0, 50), (90, 10, 5, 25), (0, 0, 0, 9)] {
            let before = Counters { done, failed, held, ..Counters::default() };
            let pace = Pace::of_resumed(planned, &before);
            let begun = before.taken_up();
            let one_more = Counters { done: begun.done + 1, ..begun.clone() };
            for (counters, ended) in [(begun, 0), (one_more, 1)] {
                let line = pace.line(&counters, Duration::from_secs(1));
                assert!(line.contains(&format!("] {ended} of {planned} ")), "{line}");
            }
        }
    }

    #[test]
    fn a_time_is_told_in_what_matters() {
        for (seconds, words) in [(9, "9 s"), (61, "1 min 1 s"), (3 * 3600 + 120, "3 h 2 min"), (90_000, "1 d 1 h")] {
            assert_eq!(in_words(seconds), words);
        }
    }
}
