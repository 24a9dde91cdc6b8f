//! A line of text and where it stands on its page.

/// A line of text on a page that lies upright; `top` is less than `bottom`. Any unit
/// of length will do.
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the names of the sides say it")]
pub struct Line<'a> {
    /// What it says.
    pub text: &'a str,
    /// How sure the reading is, from 0 to 1; 1 for text that was not read by OCR.
    pub confidence: f64,
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Line<'_> {
    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(crate) fn middle(&self) -> (f64, f64) {
        (f64::midpoint(self.left, self.right), f64::midpoint(self.top, self.bottom))
    }
}
