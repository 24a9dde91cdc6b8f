//! Convolutions of each channel by itself. `rten` goes through a row of the output once for each weight, which was half
//! of a search; here a tile of the row stays in registers meanwhile. The values and the order they are added in are the
//! same.

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

use super::spare::Spare;
use super::window::Window;

/// So many vectors of a row are computed at a time: the registers of each processor hold them.
const VECTORS: usize = 4;

/// A convolution of each channel by itself.
#[derive(Clone, Debug)]
pub(crate) struct Depthwise {
    pub(crate) window: Window,
    /// A kernel for each channel, row by row.
    pub(crate) weights: Vec<f32>,
    /// What is added to each channel of the output.
    pub(crate) bias: Vec<f32>,
}

impl Depthwise {
    /// `None` if the input has other channels, or is smaller than the kernel.
    pub(crate) fn run(&self, input: NdTensorView<f32, 4>, spare: &mut Spare) -> Option<NdTensor<f32, 4>> {
        let [pictures, channels, height, width] = input.shape();
        if channels != self.bias.len() {
            return None;
        }
        let [rows, columns] = self.window.places([height, width])?;
        let mut output = spare.values(pictures * channels * rows * columns);
        let contiguous = input.to_contiguous();
        Planes { convolution: self, input: contiguous.data(), width, output: &mut output, rows, columns }.dispatch();
        Some(NdTensor::from_data([pictures, channels, rows, columns], output))
    }
}

/// The convolution, compiled for the vectors that the processor has.
struct Planes<'a> {
    convolution: &'a Depthwise,
    input: &'a [f32],
    width: usize,
    output: &'a mut [f32],
    rows: usize,
    columns: usize,
}

impl SimdOp for Planes<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let Self { convolution: Depthwise { window, weights, bias }, input, width, output, rows, columns } = self;
        let Window { kernel, strides, pads } = *window;
        let ops = isa.f32();
        let lanes = ops.len();
        let tile = lanes * VECTORS;
        let plane = input.len() / (output.len() / (rows * columns));
        let row = window.row(columns, tile);
        let length = row.length();
        let mut padded = vec![0.0; (plane / width + pads[0] + pads[2]) * length];
        let mut last = vec![0.0; tile];
        let planes = input.chunks_exact(plane).zip(output.chunks_exact_mut(rows * columns));
        for ((input, output), channel) in planes.zip((0..bias.len()).cycle()) {
            for (values, padded) in input.chunks_exact(width).zip(padded.chunks_exact_mut(length).skip(pads[0])) {
                row.write(values, padded);
            }
            let weights = &weights[channel * kernel[0] * kernel[1]..][..kernel[0] * kernel[1]];
            for (y, output) in output.chunks_exact_mut(columns).enumerate() {
                for (x, output) in (0..).step_by(tile).zip(output.chunks_mut(tile)) {
                    let mut sums = [ops.splat(bias[channel]); VECTORS];
                    for (below, weights) in weights.chunks_exact(kernel[1]).enumerate() {
                        let values = &padded[(y * strides[0] + below) * length..][..length];
                        for (right, weight) in weights.iter().enumerate() {
                            let values = &values[row.place(right) + x..][..tile];
                            let weight = ops.splat(*weight);
                            for (sum, values) in sums.iter_mut().zip(values.chunks_exact(lanes)) {
                                *sum = ops.mul_add(ops.load(values), weight, *sum);
                            }
                        }
                    }
                    let is_whole = output.len() == tile;
                    let stored = if is_whole { &mut *output } else { &mut *last };
                    for (sum, stored) in sums.into_iter().zip(stored.chunks_exact_mut(lanes)) {
                        ops.store(sum, stored);
                    }
                    if !is_whole {
                        output.copy_from_slice(&last[..output.len()]);
                    }
                }
            }
        }
    }
}
