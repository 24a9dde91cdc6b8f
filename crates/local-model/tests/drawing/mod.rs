//! The pictures that tests and the demo use, drawn by code: every person, address
//! and number in them is made up.

#![allow(dead_code, clippy::too_many_lines, reason = "each user takes what it needs; a picture is a list of strokes")]

pub mod canvas;
pub mod samples;
