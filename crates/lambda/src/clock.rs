//! What time it is, since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in seconds.
#[must_use]
pub fn seconds() -> i64 {
    millis() / 1_000
}

/// Now, in milliseconds.
#[must_use]
pub fn millis() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
