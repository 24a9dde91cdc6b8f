//! Times and durations as people read them.

use std::time::Duration;

use aws_sdk_sfn::primitives::{DateTime, DateTimeFormat};

/// A time as RFC 3339 writes it, in UTC, to the millisecond.
pub(crate) fn rfc3339(at: &DateTime) -> String {
    let at = DateTime::from_millis(millis(at));
    at.fmt(DateTimeFormat::DateTime).unwrap_or_else(|_| format!("{} s after 1970", at.secs()))
}

/// To the nearest millisecond: on the wire, times are floating-point seconds,
/// which seldom hit one.
fn millis(at: &DateTime) -> i64 {
    at.secs().saturating_mul(1_000).saturating_add(i64::from((at.subsec_nanos() + 500_000) / 1_000_000))
}

/// The time between two, none if it runs backwards.
pub(crate) fn between(from: &DateTime, to: &DateTime) -> Duration {
    let millis = millis(to).saturating_sub(millis(from));
    Duration::from_millis(millis.try_into().unwrap_or_default())
}

/// A duration in the one or two units that matter.
#[must_use]
pub fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{}.{} s", seconds, duration.subsec_millis() / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_to_the_millisecond() {
        assert_eq!(rfc3339(&DateTime::from_secs_f64(1_793_527_200.0)), "2026-11-01T10:00:00Z");
        assert_eq!(rfc3339(&DateTime::from_millis(1_793_527_200_120)), "2026-11-01T10:00:00.12Z");
        assert_eq!(rfc3339(&DateTime::from_nanos(1_793_527_200_120_456_789).unwrap()), "2026-11-01T10:00:00.12Z");
        assert_eq!(rfc3339(&DateTime::from_nanos(1_793_527_200_099_999_904).unwrap()), "2026-11-01T10:00:00.1Z");
    }

    #[test]
    fn durations_read_in_the_units_that_matter() {
        let cases = [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (59_960, "59.9 s"),
            (60_000, "1 min 0 s"),
            (605_000, "10 min 5 s"),
            (3_600_000, "1 h 0 min"),
            (5_400_000, "1 h 30 min"),
        ];
        for (millis, words) in cases {
            assert_eq!(in_words(Duration::from_millis(millis)), words);
        }
    }

    #[test]
    fn time_that_runs_backwards_is_no_time() {
        let (early, late) = (DateTime::from_millis(1_000), DateTime::from_millis(2_500));
        assert_eq!(between(&early, &late), Duration::from_millis(1_500));
        assert_eq!(between(&late, &early), Duration::ZERO);
    }
}
