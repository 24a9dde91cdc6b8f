//! The files that text is read with: PP-OCRv6 (small), as the `rapidocr` package
//! carries them.

use std::error::Error;
use std::fs::File;
use std::path::Path;

use rten::OpRegistry;
use rten_onnx::onnx::{DataType, ModelProto};

use crate::PerceptionError;
use crate::network::{Constant, Network};

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
/// linked. Operators that its output ends with may be left out, the last one first; their
/// constants are handed out.
pub(crate) fn load(
    folder: &Path,
    file: &'static str,
    operators: OpRegistry,
    left_out: &[&str],
) -> Result<(Network, Vec<Constant>), PerceptionError> {
    let load = || -> Result<_, Box<dyn Error>> {
        let stored = ModelProto::parse_file(File::open(folder.join(file))?)?;
        flush_subnormal(&stored);
        Network::load(file, stored, operators, left_out)
    };
    load().map_err(|error| PerceptionError::Model { file, reason: error.to_string() })
}

/// Makes zero of weights that training left too small to change any sum. They are most of the detector's largest layers,
/// and x86 processors multiply such numbers a hundred times as slowly: half of the time of a search went into them.
fn flush_subnormal(model: &ModelProto) {
    let tensors = model.graph.iter().flat_map(|graph| &graph.initializer);
    for tensor in tensors.filter(|tensor| tensor.data_type == Some(DataType::FLOAT)) {
        let Some(raw) = &tensor.raw_data else { continue };
        for weight in raw.borrow_mut().as_chunks_mut().0 {
            if f32::from_le_bytes(*weight).is_subnormal() {
                *weight = [0; 4];
            }
        }
    }
}

/// A model whose answer has another form.
pub(crate) fn unexpected(file: &'static str) -> PerceptionError {
    PerceptionError::Model { file, reason: "it is another model than the expected one".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use rten_onnx::onnx::{GraphProto, TensorProto};

    use super::*;

    #[test]
    fn weights_too_small_to_matter_are_zero_and_all_others_as_they_were() {
        let stored = [0.5, 1e-39, -1e-40, -0.25, f32::MIN_POSITIVE, 0.0];
        let bytes = |weights: [f32; 6]| weights.iter().flat_map(|weight| weight.to_le_bytes()).collect::<Vec<u8>>();
        let tensor = |data_type| TensorProto {
            data_type: Some(data_type),
            raw_data: Some(RefCell::new(bytes(stored))),
            ..TensorProto::default()
        };
        let initializer = vec![tensor(DataType::FLOAT), tensor(DataType::INT32)];
        let model =
            ModelProto { graph: Some(GraphProto { initializer, ..GraphProto::default() }), ..ModelProto::default() };

        flush_subnormal(&model);

        let graph = model.graph.unwrap();
        let left: Vec<_> =
            graph.initializer.iter().map(|tensor| tensor.raw_data.clone().unwrap().into_inner()).collect();
        assert_eq!(left, [bytes([0.5, 0.0, 0.0, -0.25, f32::MIN_POSITIVE, 0.0]), bytes(stored)]);
    }
}
