//! What became of the events of a period: its figures, and a page that shows them.
//!
//! [`Figures`] are a function of the ledger's records, and [`report`] is a function of the figures. Neither reads a
//! clock or a file. The parts of [`page`] know nothing of audits: other pages are made of them, too.

mod figures;
pub mod page;
mod report;

pub use figures::{
    Asked, Backfill, Count, Counting, DeadLetters, Failure, Figures, Found, Interval, Latency, ModelUse, Period,
    Restore, Step, Tally, Uploader,
};
pub use report::report;
