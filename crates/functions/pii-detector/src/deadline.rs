//! The time for one file, of which each part takes its share.

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// The moment by which everything about one file has to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// So long from now on.
    pub(crate) fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// That moment, or so long from now on, whichever comes first.
    pub(crate) fn or_within(self, time: Duration) -> Self {
        Self(self.0.min(Instant::now() + time))
    }

    /// How long that is still.
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// What comes of a call by then; `None` where nothing does.
    pub(crate) async fn of<T>(self, call: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(self.left(), call).await.ok()
    }
}
