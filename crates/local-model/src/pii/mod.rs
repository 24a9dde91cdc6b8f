//! Which personal data stands in what was read.
