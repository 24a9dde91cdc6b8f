//! The time that a report is about, and its parts.

use serde::{Serialize, Serializer, ser::SerializeStruct as _};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// How many parts a period has at most, unless they are weeks.
const MOST_PARTS: i64 = 62;

/// A time from a moment on, until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    since: OffsetDateTime,
    until: OffsetDateTime,
}

/// How long a part of a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day, UTC.
    Day,
    /// Seven days, UTC.
    Week,
}

impl Step {
    const ALL: [Self; 4] = [Self::Minute, Self::Hour, Self::Day, Self::Week];

    const fn duration(self) -> Duration {
        match self {
            Self::Minute => Duration::MINUTE,
            Self::Hour => Duration::HOUR,
            Self::Day => Duration::DAY,
            Self::Week => Duration::WEEK,
        }
    }
}

impl Period {
    /// From a moment on, until another, both in milliseconds since 1970; none if the second is not after the first, or
    /// one lies beyond the year 9999.
    #[must_use]
    pub fn of_unix_millis(since: i64, until: i64) -> Option<Self> {
        let at = |millis: i64| OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok();
        let (since, until) = (at(since)?, at(until)?);
        (since < until).then_some(Self { since, until })
    }

    /// When it begins.
    #[must_use]
    pub const fn since(&self) -> OffsetDateTime {
        self.since
    }

    /// When it ends.
    #[must_use]
    pub const fn until(&self) -> OffsetDateTime {
        self.until
    }

    /// How long its parts are: the shortest of which there are not too many to be looked at.
    #[must_use]
    pub fn step(&self) -> Step {
        let span = self.until - self.since;
        let fits = |step: &Step| span <= step.duration() * i32::try_from(MOST_PARTS - 1).unwrap_or(i32::MAX);
        Step::ALL.into_iter().find(fits).unwrap_or(Step::Week)
    }

    /// When each part begins, RFC 3339, the oldest first.
    pub(super) fn intervals(&self) -> impl Iterator<Item = String> {
        let (first, step) = (self.first(), self.step().duration());
        let begun = (0..).map_while(move |part: i32| first.checked_add(step * part));
        let until = self.until;
        begun.take_while(move |begun| *begun < until).map(|begun| begun.format(&Rfc3339).unwrap_or_default())
    }

    /// In which part a moment lies; none if it lies outside, or is none.
    pub(super) fn position(&self, moment: &str) -> Option<usize> {
        let at = OffsetDateTime::parse(moment, &Rfc3339).ok()?;
        let inside = self.since <= at && at < self.until;
        let part = (at - self.first()).whole_milliseconds() / self.step().duration().whole_milliseconds();
        usize::try_from(part).ok().filter(|_| inside)
    }

    /// Whether it ends so many seconds after a moment, or later.
    pub(super) fn ends_after(&self, moment: &str, seconds: i64) -> bool {
        let at = OffsetDateTime::parse(moment, &Rfc3339);
        at.is_ok_and(|at| self.until - at >= Duration::seconds(seconds))
    }

    /// When its first part begins.
    fn first(&self) -> OffsetDateTime {
        match self.step() {
            Step::Minute => self.since.truncate_to_minute(),
            Step::Hour => self.since.truncate_to_hour(),
            Step::Day | Step::Week => self.since.truncate_to_day(),
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |at: OffsetDateTime| at.format(&Rfc3339).map_err(serde::ser::Error::custom);
        let mut period = serializer.serialize_struct("Period", 3)?;
        period.serialize_field("since", &text(self.since)?)?;
        period.serialize_field("until", &text(self.until)?)?;
        period.serialize_field("step", &self.step())?;
        period.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(since: &str, until: &str) -> Period {
        let millis = |text| OffsetDateTime::parse(text, &Rfc3339).unwrap().unix_timestamp() * 1000;
        Period::of_unix_millis(millis(since), millis(until)).unwrap()
    }

    #[test]
    fn a_period_has_as_many_parts_as_can_be_looked_at() {
        for (since, until, step, parts, first) in [
            ("2026-11-20T09:14:30Z", "2026-11-20T09:16:10Z", Step::Minute, 3, "2026-11-20T09:14:00Z"),
            ("2026-11-20T09:14:30Z", "2026-11-21T09:14:30Z", Step::Hour, 25, "2026-11-20T09:00:00Z"),
            ("2026-10-28T09:14:30Z", "2026-11-27T09:14:30Z", Step::Day, 31, "2026-10-28T00:00:00Z"),
            ("2025-11-27T09:14:30Z", "2026-11-27T09:14:30Z", Step::Week, 53, "2025-11-27T00:00:00Z"),
        ] {
            let period = period(since, until);
            assert_eq!((period.step(), period.intervals().count()), (step, parts), "{since}");
            assert_eq!(period.intervals().next().as_deref(), Some(first));
            assert_eq!(period.position(since), Some(0));
            assert_eq!(period.position(until), None, "the end is outside");
        }
    }

    #[test]
    fn a_moment_lies_in_a_part_or_outside() {
        let period = period("2026-10-28T09:14:30Z", "2026-11-27T09:14:30Z");
        for (moment, part) in [
            ("2026-10-28T09:14:29.999Z", None),
            ("2026-10-28T23:59:59.999Z", Some(0)),
            ("2026-10-29T00:00:00Z", Some(1)),
            ("2026-11-27T09:14:29Z", Some(30)),
            ("", None),
            ("yesterday", None),
        ] {
            assert_eq!(period.position(moment), part, "{moment}");
        }
    }

    #[test]
    fn a_period_has_an_end_after_its_beginning() {
        assert_eq!(Period::of_unix_millis(1, 1), None);
        assert_eq!(Period::of_unix_millis(2, 1), None);
        assert_eq!(Period::of_unix_millis(0, i64::MAX), None);
    }
}
