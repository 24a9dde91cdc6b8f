//! How long audits took.

use serde::Serialize;

/// How long audits took, from the start of the execution to the record, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Half took no longer.
    pub median: f64,
    /// 99 in a hundred took no longer.
    pub p99: f64,
    /// The slowest.
    pub longest: f64,
}

impl Latency {
    /// Of none there is none.
    #[must_use]
    pub fn of(mut seconds: Vec<f64>) -> Option<Self> {
        seconds.sort_by(f64::total_cmp);
        let rank = |percent: usize| seconds.get((seconds.len() * percent).div_ceil(100).checked_sub(1)?).copied();
        Some(Self { median: rank(50)?, p99: rank(99)?, longest: rank(100)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_taken() {
        assert_eq!(Latency::of(Vec::new()), None);
        assert_eq!(Latency::of(vec![3.0]), Some(Latency { median: 3.0, p99: 3.0, longest: 3.0 }));
        let hundred = (1..=200).rev().map(f64::from).collect();
        assert_eq!(Latency::of(hundred), Some(Latency { median: 100.0, p99: 198.0, longest: 200.0 }));
    }
}
