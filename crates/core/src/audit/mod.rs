//! What the audit does about an event, and what it tells people.
//!
//! pii-detector's answer carries the [`Action`] that the policy wants. The state
//! machine takes it, and tells alert-composer what came of it: the
//! [`Progress`] of one execution. From that follow the [`Outcome`] and the
//! [`Alert`]. Whatever the functions answered, people get an alert: a fact that
//! cannot be read counts as unknown.

mod action;
mod alert;
mod claim;
mod documents;
mod exceptions;
mod facts;
mod headline;
mod ledger;
mod lenient;
mod mask;
mod older_version;
mod outcome;
mod progress;
mod stand_in;
pub mod summary;
mod text;
pub(crate) mod time;

pub use action::{Action, Effect, Handling, NotTried, OnPersonalData, OnUndetermined, Tag, Taken, VERDICT_TAG};
pub use alert::{Alert, Attribute, Attributes, Language, Record};
pub(crate) use alert::{MAX_ANSWER_BYTES, subject_of};
pub(crate) use claim::CLAIM_MILLIS;
pub use claim::{Claimant, Claimed, LedgerKey, RESTORE_LOCK, claims_to_take_up};
pub use documents::{JudgeDocuments, is_document};
pub use exceptions::{Exception, Exceptions, ExceptionsError};
use facts::AskedModel;
pub use facts::{CleanCopy, Facts, Judged, JudgedBytes, JudgedFinding, Rule};
pub use headline::{Headline, Kind};
pub use ledger::LedgerSettings;
pub use mask::covers;
pub use older_version::{Deleted, object_created};
pub use outcome::Outcome;
pub use progress::{AlertSettings, ErrorOutput, Progress, compose};
pub use stand_in::stand_in;
pub(crate) use text::one_line;

#[cfg(test)]
mod tests;
