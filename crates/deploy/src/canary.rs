//! Whether a new version may take over: decided from what its executions came to.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// A new version is given a share of the executions for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canary {
    /// The new version's share, 1 to 99 percent.
    pub percent: u8,
    /// How long it is watched.
    pub duration: Duration,
    /// How many of its executions may fail. The next one takes it back.
    pub allowed_failures: usize,
    /// How many of its executions must have ended, well or not, before it takes over: with none, nothing was tried.
    pub least_ended: usize,
}

/// How many executions of a version came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// Ended well.
    pub succeeded: usize,
    /// Failed or timed out.
    pub failed: usize,
    /// Stopped by somebody, which says nothing of the version.
    pub aborted: usize,
    /// Not ended yet.
    pub running: usize,
}

impl Tally {
    /// How many ended by themselves, well or not.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.succeeded + self.failed
    }
}

/// What is to become of a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is watched further.
    Watch,
    /// The new version takes over.
    GoOn,
    /// Too many failed: the old version takes all executions again.
    GoBack,
    /// Its time is up and too few ended: the old version takes all executions again.
    GiveUp,
}

/// How a canary ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CanaryEnd {
    /// The new version took over.
    WentOn,
    /// More of its executions failed than were allowed: the old version runs alone again.
    TooManyFailed,
    /// Fewer of its executions ended in its time than were asked for: the old version runs alone again.
    TooFewEnded,
    /// Somebody interrupted it: the old version runs alone again.
    Interrupted,
}

/// How a canary went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CanaryReport {
    /// How it ended.
    pub end: CanaryEnd,
    /// The new version's share in percent while it was watched.
    pub percent: u8,
    /// How long it was watched.
    pub seconds: u64,
    /// What the new version's executions came to.
    pub executions: Tally,
    /// The version that ran alone before.
    pub stable_version_arn: String,
}

/// What is to become of a canary that was watched for `elapsed`.
pub(crate) fn verdict(canary: &Canary, tally: &Tally, elapsed: Duration) -> Verdict {
    if tally.failed > canary.allowed_failures {
        Verdict::GoBack
    } else if elapsed < canary.duration {
        Verdict::Watch
    } else if tally.ended() < canary.least_ended {
        Verdict::GiveUp
    } else {
        Verdict::GoOn
    }
}

/// How long to wait between two looks: often enough to see a failure early,
/// seldom enough to stay far from the API's rate limits.
pub(crate) fn pause(canary: &Canary, elapsed: Duration) -> Duration {
    (canary.duration / 20)
        .clamp(Duration::from_secs(1), Duration::from_secs(15))
        .min(canary.duration.saturating_sub(elapsed))
}

/// The version that most executions go to; of two with as many, the older.
pub(crate) fn stable_version(routes: &[(String, i32)]) -> Option<&str> {
    let number = |arn: &str| arn.rsplit(':').next().and_then(|number| number.parse::<u64>().ok());
    routes
        .iter()
        .filter(|(_, weight)| *weight > 0)
        .max_by_key(|(arn, weight)| (*weight, std::cmp::Reverse(number(arn))))
        .map(|(arn, _)| arn.as_str())
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { succeeded, failed, aborted, running } = self;
        if *self == Self::default() {
            return f.write_str("no executions");
        }
        write!(f, "{succeeded} succeeded, {failed} failed")?;
        if *aborted > 0 {
            write!(f, ", {aborted} aborted")?;
        }
        if *running > 0 {
            write!(f, ", {running} running")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_MINUTES: Duration = Duration::from_mins(10);

    fn canary(allowed_failures: usize) -> Canary {
        Canary { percent: 10, duration: TEN_MINUTES, allowed_failures, least_ended: 1 }
    }

    fn tally(succeeded: usize, failed: usize) -> Tally {
        Tally { succeeded, failed, ..Tally::default() }
    }

    #[test]
    fn a_canary_goes_back_at_once_and_on_only_after_its_time() {
        let cases = [
            (0, tally(0, 0), 0, Verdict::Watch),
            (0, tally(500, 0), 599, Verdict::Watch),
            (0, tally(500, 0), 600, Verdict::GoOn),
            (0, tally(0, 0), 600, Verdict::GiveUp),
            (0, tally(1, 0), 600, Verdict::GoOn),
            (0, tally(500, 1), 15, Verdict::GoBack),
            (0, tally(500, 1), 600, Verdict::GoBack),
            (2, tally(0, 2), 30, Verdict::Watch),
            (2, tally(0, 2), 600, Verdict::GoOn),
            (2, tally(0, 3), 30, Verdict::GoBack),
            (0, Tally { aborted: 9, running: 9, ..Tally::default() }, 600, Verdict::GiveUp),
        ];
        for (allowed, tally, seconds, expected) in cases {
            let found = verdict(&canary(allowed), &tally, Duration::from_secs(seconds));
            assert_eq!(found, expected, "{allowed} allowed, {tally:?} after {seconds} s");
        }
    }

    #[test]
    fn as_many_executions_must_have_ended_as_are_asked_for() {
        for (least_ended, tally, expected) in
            [(0, tally(0, 0), Verdict::GoOn), (5, tally(4, 0), Verdict::GiveUp), (5, tally(4, 1), Verdict::GoOn)]
        {
            let canary = Canary { least_ended, ..canary(1) };
            assert_eq!(verdict(&canary, &tally, TEN_MINUTES), expected, "{least_ended} of {tally:?}");
        }
    }

    #[test]
    fn looks_are_a_second_to_a_quarter_of_a_minute_apart_and_the_last_is_at_the_end() {
        let cases = [(600, 0, 15_000), (60, 0, 3_000), (5, 0, 1_000), (600, 595, 5_000), (600, 600, 0), (600, 700, 0)];
        for (duration, elapsed, millis) in cases {
            let canary = Canary { duration: Duration::from_secs(duration), ..canary(0) };
            let found = pause(&canary, Duration::from_secs(elapsed));
            assert_eq!(found, Duration::from_millis(millis), "{elapsed} s of {duration} s");
        }
    }

    #[test]
    fn the_stable_version_has_the_most_weight_and_is_the_older_of_equals() {
        let route = |version: u32, weight| (format!("arn:stateMachine:audit:{version}"), weight);
        let cases = [
            (vec![], None),
            (vec![route(3, 100)], Some("arn:stateMachine:audit:3")),
            (vec![route(3, 0), route(4, 100)], Some("arn:stateMachine:audit:4")),
            (vec![route(4, 10), route(3, 90)], Some("arn:stateMachine:audit:3")),
            (vec![route(10, 50), route(9, 50)], Some("arn:stateMachine:audit:9")),
        ];
        for (routes, expected) in cases {
            assert_eq!(stable_version(&routes), expected, "{routes:?}");
        }
    }

    #[test]
    fn a_tally_reads_as_a_sentence() {
        assert_eq!(tally(0, 0).to_string(), "no executions");
        assert_eq!(tally(3, 1).to_string(), "3 succeeded, 1 failed");
        assert_eq!(
            Tally { succeeded: 1, failed: 0, aborted: 2, running: 3 }.to_string(),
            "1 succeeded, 0 failed, 2 aborted, 3 running"
        );
    }
}
