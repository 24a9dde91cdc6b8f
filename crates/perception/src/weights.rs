//! The files that text is read with: PP-OCRv6 (small), as the `rapidocr` package
//! carries them.

use std::path::Path;

use rten::{Model, ModelOptions, NodeId, OpRegistry};

use crate::PerceptionError;

/// The file of the model that finds lines.
pub const DETECTOR: &str = "PP-OCRv6_det_small.onnx";
/// The file of the model that reads a line. It carries its alphabet as metadata.
pub const RECOGNISER: &str = "PP-OCRv6_rec_small.onnx";

/// Which files `folder` lacks, or holds nothing in.
#[must_use]
pub fn missing_in(folder: &Path) -> Vec<&'static str> {
    let is_there = |file: &&str| folder.join(file).metadata().is_ok_and(|found| found.is_file() && found.len() > 0);
    [DETECTOR, RECOGNISER].into_iter().filter(|file| !is_there(file)).collect()
}

/// Whether `folder` holds both files.
#[must_use]
pub fn are_in(folder: &Path) -> bool {
    missing_in(folder).is_empty()
}

/// Loads a model that needs no other operators than these: what is not listed is not
/// linked.
pub(crate) fn load(folder: &Path, file: &'static str, operators: OpRegistry) -> Result<Model, PerceptionError> {
    ModelOptions::with_ops(operators)
        .load_file(folder.join(file))
        .map_err(|error| PerceptionError::Model { file, reason: error.to_string() })
}

/// The one input and the one output of a model.
pub(crate) fn ends(model: &Model, file: &'static str) -> Result<(NodeId, NodeId), PerceptionError> {
    match (model.input_ids(), model.output_ids()) {
        (&[input], &[output]) => Ok((input, output)),
        _ => Err(unexpected(file)),
    }
}

/// A model whose answer has another form.
pub(crate) fn unexpected(file: &'static str) -> PerceptionError {
    PerceptionError::Model { file, reason: "it is another model than the expected one".to_owned() }
}
