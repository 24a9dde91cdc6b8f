//! Moments, as records and people write them.

use std::fmt;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Serialize, Serializer};

/// A moment, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Reads a moment as RFC 3339 writes it, with any offset.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
        // A year that cannot be written is not a moment that anybody meant.
        at.fmt(Format::DateTime).ok()?;
        at.to_millis().ok().map(Self)
    }

    /// Milliseconds since 1970, as CloudWatch Logs counts.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// So much earlier.
    pub(crate) fn minus_an_hour(self) -> Self {
        Self(self.0.saturating_sub(3_600_000))
    }

    /// So much later.
    pub(crate) fn plus_an_hour(self) -> Self {
        Self(self.0.saturating_add(3_600_000))
    }

    /// The folder of the hour, as Bedrock names it on S3: `2026/11/21/09`.
    pub(crate) fn hour_folder(self) -> String {
        let text = self.to_string();
        text.get(..13).unwrap_or_default().replace(['-', 'T'], "/")
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(DateTime::from(time).to_millis().unwrap_or_default())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_millis(self.0).fmt(Format::DateTime) {
            Ok(text) => f.write_str(&text),
            Err(_) => write!(f, "{} ms after 1970", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_with_any_offset_and_written_in_utc() {
        for (text, written) in [
            ("2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z"),
            ("2026-11-21T18:00:00+09:00", "2026-11-21T09:00:00Z"),
            ("2026-11-21T09:00:00.1239Z", "2026-11-21T09:00:00.123Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), written);
        }
        for text in ["", "yesterday", "2026-11-21", "2026-13-01T00:00:00Z", "1795251600"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_hour_is_a_folder() {
        let at = Timestamp::parse("2026-01-02T03:59:59.999Z").unwrap();
        assert_eq!(at.hour_folder(), "2026/01/02/03");
        assert_eq!(at.plus_an_hour().hour_folder(), "2026/01/02/04");
        assert_eq!(Timestamp::parse("2026-01-01T00:30:00Z").unwrap().minus_an_hour().hour_folder(), "2025/12/31/23");
    }
}
