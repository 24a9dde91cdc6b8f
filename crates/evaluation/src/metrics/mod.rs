//! Counts, and what they say: pure.

mod boxes;
mod share;
mod tally;

pub use boxes::{Match, iou, matched};
pub use share::Share;
pub use tally::{OfCategory, Said, Tally};
