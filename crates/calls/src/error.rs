//! Why records could not be looked for at all.

use warden_call_errors::CallError;

/// Why records could not be looked for at all. A record that cannot be read is
/// no error: the report names it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call to AWS failed.
    #[error(transparent)]
    Call(#[from] CallError),
}
