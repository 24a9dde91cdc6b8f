//! Faults that the audit has to survive. Whatever goes wrong: no object is gone that was not
//! judged, nothing is told as clean that holds personal data, an event has one completed record
//! in the end, and an alert for each time it was audited.

mod books;
mod faults;
mod orders;
mod site;
mod unversioned;
mod walk;

use std::sync::Arc;

use libtest_mimic::Trial;

pub use site::{DAILY_BUDGET, Site};

pub use unversioned::trials as unversioned_trials;

use crate::world::Stage;

pub fn trials(stage: &Arc<Stage<Site>>) -> Vec<Trial> {
    faults::trials(stage)
}
