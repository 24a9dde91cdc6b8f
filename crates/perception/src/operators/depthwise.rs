//! Convolutions of each channel by itself. `rten` goes through a row of the output once for each weight, which was half
//! of a search; here a tile of the row stays in registers meanwhile. The values and the order they are added in are the
//! same.

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

/// So many vectors of a row are computed at a time: the registers of each processor hold them.
const VECTORS: usize = 4;

/// A convolution of each channel by itself.
#[derive(Clone, Debug)]
pub(crate) struct Depthwise {
    /// Height and width of the kernel.
    pub(crate) kernel: [usize; 2],
    /// How far it moves down and to the right.
    pub(crate) strides: [usize; 2],
    /// So many zeros are above, on the left, below and on the right of the input.
    pub(crate) pads: [usize; 4],
    /// A kernel for each channel, row by row.
    pub(crate) weights: Vec<f32>,
    /// What is added to each channel of the output.
    pub(crate) bias: Vec<f32>,
}

impl Depthwise {
    /// `None` if the input has other channels, or is smaller than the kernel.
    pub(crate) fn run(&self, input: NdTensorView<f32, 4>) -> Option<NdTensor<f32, 4>> {
        let [pictures, channels, height, width] = input.shape();
        if channels != self.bias.len() {
            return None;
        }
        let [top, left, bottom, right] = self.pads;
        let side = |axis: usize, length: usize| Some(length.checked_sub(self.kernel[axis])? / self.strides[axis] + 1);
        let (rows, columns) = (side(0, top + height + bottom)?, side(1, left + width + right)?);
        let mut output = vec![0.0; pictures * channels * rows * columns];
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
        let Self {
            convolution: Depthwise { kernel, strides, pads, weights, bias },
            input,
            width,
            output,
            rows,
            columns,
        } = self;
        let ops = isa.f32();
        let lanes = ops.len();
        let tile = lanes * VECTORS;
        let plane = input.len() / (output.len() / (rows * columns));
        // A row of the padded input, its columns dealt out by turns as the kernel steps over them: what is read for
        // neighbours in the output is beside each other then.
        let turn = columns.next_multiple_of(tile) + kernel[1].div_ceil(strides[1]);
        let row = turn * strides[1];
        let mut padded = vec![0.0; (plane / width + pads[0] + pads[2]) * row];
        let mut last = vec![0.0; tile];
        let planes = input.chunks_exact(plane).zip(output.chunks_exact_mut(rows * columns));
        for ((input, output), channel) in planes.zip((0..bias.len()).cycle()) {
            for (values, padded) in input.chunks_exact(width).zip(padded.chunks_exact_mut(row).skip(pads[0])) {
                if strides[1] == 1 {
                    padded[pads[1]..][..width].copy_from_slice(values);
                } else {
                    for (column, value) in (pads[1]..).zip(values) {
                        padded[column % strides[1] * turn + column / strides[1]] = *value;
                    }
                }
            }
            let weights = &weights[channel * kernel[0] * kernel[1]..][..kernel[0] * kernel[1]];
            for (y, output) in output.chunks_exact_mut(columns).enumerate() {
                for (x, output) in (0..).step_by(tile).zip(output.chunks_mut(tile)) {
                    let mut sums = [ops.splat(bias[channel]); VECTORS];
                    for (below, weights) in weights.chunks_exact(kernel[1]).enumerate() {
                        let values = &padded[(y * strides[0] + below) * row..][..row];
                        for (right, weight) in weights.iter().enumerate() {
                            let values = &values[right % strides[1] * turn + right / strides[1] + x..][..tile];
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One value of the output, as the definition has it.
    fn defined(convolution: &Depthwise, input: &NdTensor<f32, 4>, [picture, channel, y, x]: [usize; 4]) -> f32 {
        let Depthwise { kernel, strides, pads, weights, bias } = convolution;
        let mut sum = bias[channel];
        for (below, right) in (0..kernel[0]).flat_map(|below| (0..kernel[1]).map(move |right| (below, right))) {
            let weight = weights[(channel * kernel[0] + below) * kernel[1] + right];
            let place =
                (y * strides[0] + below).checked_sub(pads[0]).zip((x * strides[1] + right).checked_sub(pads[1]));
            sum += weight * place.and_then(|(y, x)| input.get([picture, channel, y, x])).copied().unwrap_or_default();
        }
        sum
    }

    fn value() -> impl Strategy<Value = f32> {
        (-100_i8..=100).prop_map(|value| f32::from(value) / 32.0)
    }

    prop_compose! {
        fn case()(
            kernel in [1_usize..8, 1_usize..8],
            strides in [1_usize..4, 1_usize..4],
            pads in [0_usize..4, 0_usize..4, 0_usize..4, 0_usize..4],
            [pictures, channels] in [1_usize..3, 1_usize..4],
            [height, width] in [1_usize..9, 1_usize..150],
        )(
            weights in prop::collection::vec(value(), channels * kernel[0] * kernel[1]),
            bias in prop::collection::vec(value(), channels),
            input in prop::collection::vec(value(), pictures * channels * height * width),
            kernel in Just(kernel), strides in Just(strides), pads in Just(pads),
            shape in Just([pictures, channels, height, width]),
        ) -> (Depthwise, NdTensor<f32, 4>) {
            (Depthwise { kernel, strides, pads, weights, bias }, NdTensor::from_data(shape, input))
        }
    }

    proptest! {
        #[test]
        fn each_value_is_the_one_of_the_definition((convolution, input) in case()) {
            let sides = [2, 3].map(|axis| input.size(axis) + convolution.pads[axis - 2] + convolution.pads[axis]);
            let Some(output) = convolution.run(input.view()) else {
                prop_assert!(sides[0] < convolution.kernel[0] || sides[1] < convolution.kernel[1]);
                return Ok(());
            };
            let size = [0, 1].map(|axis| (sides[axis] - convolution.kernel[axis]) / convolution.strides[axis] + 1);
            prop_assert_eq!(output.shape(), [input.size(0), input.size(1), size[0], size[1]]);
            for (place, value) in output.indices().zip(output.iter()) {
                let expected = defined(&convolution, &input, place);
                prop_assert!((value - expected).abs() < 1e-3, "{value} is not {expected} at {place:?}");
            }
        }
    }

    #[test]
    fn an_input_of_other_channels_is_refused() {
        let convolution =
            Depthwise { kernel: [1, 1], strides: [1, 1], pads: [0; 4], weights: vec![1.0; 2], bias: vec![0.0; 2] };
        assert!(convolution.run(NdTensor::zeros([1, 2, 3, 3]).view()).is_some());
        assert!(convolution.run(NdTensor::zeros([1, 3, 3, 3]).view()).is_none());
    }
}
