//! Faults that the audit has to survive. Whatever goes wrong: no object is gone that was not
//! judged, nothing is told as clean that holds personal data, an event has one completed record
//! in the end, and an alert for each time it was audited.

mod books;
mod faults;
mod orders;
mod site;
mod unversioned;
mod walk;

pub use faults::{trials, trials_of_many};
pub use site::{DAILY_BUDGET, Site};
pub use unversioned::trials as unversioned_trials;
