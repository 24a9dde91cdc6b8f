//! What a failed call to AWS means to whoever made it, and text that no terminal obeys.

mod call_error;
mod printable;

pub use call_error::CallError;
pub use printable::{printable, printable_json, printable_lines, spreadsheet_cell};
