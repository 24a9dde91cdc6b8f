//! The pictures that tests and the demo use, drawn by code: every person, address
//! and number in them is made up.

#![allow(dead_code, reason = "each user takes what it needs")]
#![allow(
    missing_docs,
    clippy::must_use_candidate,
    clippy::missing_panics_doc,
    reason = "a picture is a list of strokes"
)]
#![allow(clippy::expect_used, clippy::cast_precision_loss, clippy::too_many_lines, reason = "of fixed, small numbers")]

pub mod files;
pub mod samples;
pub mod unseen;
