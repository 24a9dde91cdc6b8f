//! What a line says: PP-OCR's recogniser.

use std::path::Path;

use image::RgbImage;
use rten::{OpRegistry, RunOptions, op_types as op};
use rten_tensor::NdTensor;

use crate::classes::{Classes, Likeliest};
use crate::geometry::Corners;
use crate::ink::Extent;
use crate::network::Network;
use crate::{PerceptionError, crop, weights};

/// The height that the model reads lines in.
const HEIGHT: u32 = 48;
/// Longer lines are squeezed, shorter ones padded.
const MOST_WIDE: u32 = 3_200;
const LEAST_WIDE: u32 = 320;
/// The model looks at a line in steps of so many pixels.
const STEP: u32 = 8;
const MIDDLE: [f32; 3] = [0.5; 3];

/// What was read between some corners.
pub(crate) struct Reading {
    pub(crate) text: String,
    /// How sure that is, from 0 to 1.
    pub(crate) confidence: f64,
    /// Where its characters stand between the corners, where that can be told.
    pub(crate) extent: Option<Extent>,
}

/// The model that reads a line.
pub(crate) struct Recogniser {
    network: Network,
    classes: Classes,
    /// What its classes stand for, from the second on: the first is no character.
    alphabet: Vec<String>,
}

impl Recogniser {
    pub(crate) fn load(folder: &Path) -> Result<Self, PerceptionError> {
        let operators = OpRegistry::with_ops(&[
            &op::Add,
            &op::AveragePool,
            &op::BatchNormalization,
            &op::Concat,
            &op::Conv,
            &op::Div,
            &op::Erf,
            &op::HardSigmoid,
            &op::MatMul,
            &op::Mul,
            &op::Pow,
            &op::ReduceMean,
            &op::Relu,
            &op::Reshape,
            &op::Shape,
            &op::Sigmoid,
            &op::Slice,
            &op::Softmax,
            &op::Sqrt,
            &op::Squeeze,
            &op::Sub,
            &op::Transpose,
            &op::Unsqueeze,
        ]);
        let left_out = ["Softmax", "Add", "MatMul"];
        let (network, constants) = weights::load(folder, weights::RECOGNISER, operators, &left_out)?;
        let classes = Classes::new(constants).ok_or_else(|| weights::unexpected(weights::RECOGNISER))?;
        let characters = network.metadata("character").ok_or_else(|| PerceptionError::Model {
            file: weights::RECOGNISER,
            reason: "it carries no alphabet".to_owned(),
        })?;
        // The last class is the space between words.
        let alphabet: Vec<String> = characters.lines().chain([" "]).map(str::to_owned).collect();
        if classes.count() != alphabet.len() + 1 {
            return Err(weights::unexpected(weights::RECOGNISER));
        }
        Ok(Self { network, classes, alphabet })
    }

    /// Reads the line that stands between these corners.
    pub(crate) fn read(
        &self,
        picture: &RgbImage,
        corners: &Corners,
        options: &RunOptions,
    ) -> Result<Reading, PerceptionError> {
        let Some(line) = crop::upright(picture, corners, HEIGHT, MOST_WIDE) else {
            return Ok(Reading { text: String::new(), confidence: 0.0, extent: None });
        };
        let width = line.width().next_multiple_of(STEP).max(LEAST_WIDE);
        let input = crop::tensor(&line, width, MIDDLE, MIDDLE);
        let steps: NdTensor<f32, 3> = self.network.run(input, options)?;
        let steps = self.classes.likeliest(&steps).ok_or_else(|| weights::unexpected(weights::RECOGNISER))?;
        let (text, confidence) = self.decode(&steps);
        Ok(Reading { text, confidence, extent: Extent::of(&line) })
    }

    /// The likeliest class of each step: one that repeats is one character, and the
    /// first class stands between equal characters.
    fn decode(&self, steps: &[Likeliest]) -> (String, f64) {
        let (mut text, mut sure, mut count, mut before) = (String::new(), 0.0, 0.0_f64, 0);
        for step in steps {
            if step.class != before && step.class > 0 {
                text.push_str(&self.alphabet[step.class - 1]);
                sure += f64::from(step.probability());
                count += 1.0;
            }
            before = step.class;
        }
        (text, sure / count.max(1.0))
    }
}
