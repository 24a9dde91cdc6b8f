//! Why a deployment did not happen.

/// Why a deployment did not happen. Each message says what is wrong and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not there yet.
    #[error("not there yet")]
    Unfinished,
}
