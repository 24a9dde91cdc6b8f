//! Convolutions of few channels. `rten` copies what is around each value before it multiplies, which takes as long as the
//! multiplication where it makes as few channels as a model has at its beginning and its end.

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

use super::largest_of_four;
use super::spare::Spare;
use super::window::Window;

/// So many channels, and vectors of a row of each, are computed at a time: the registers of each processor hold them.
const TOGETHER: usize = 6;
const VECTORS: usize = 2;

/// A convolution that makes a multiple of [`TOGETHER`] channels.
pub(crate) struct Dense {
    window: Window,
    inputs: usize,
    /// For each [`TOGETHER`] channels of the output, each of the input and each place in the kernel: that many weights.
    weights: Vec<f32>,
    /// What is added to each channel of the output.
    pub(crate) bias: Vec<f32>,
    /// Whether what is negative then becomes zero.
    pub(crate) positive: bool,
    /// Of which inputs it is made of the largest of each value, the one on its right and the two below.
    pub(crate) largest_of_four: Vec<bool>,
}

impl Dense {
    /// One with the weights as ONNX has them: for each channel of the output, each of the input, and each place.
    pub(crate) fn new(window: Window, [outputs, inputs]: [usize; 2], weights: &[f32]) -> Option<Self> {
        let places = inputs * window.kernel[0] * window.kernel[1];
        let is_sound = outputs > 0 && outputs % TOGETHER == 0 && places > 0 && weights.len() == outputs * places;
        is_sound.then(|| {
            let blocks = weights.chunks_exact(places * TOGETHER);
            let ordered = blocks.flat_map(|block| {
                (0..places).flat_map(move |place| (0..TOGETHER).map(move |output| block[output * places + place]))
            });
            Self {
                weights: ordered.collect(),
                window,
                inputs,
                bias: vec![0.0; outputs],
                positive: false,
                largest_of_four: Vec::new(),
            }
        })
    }

    /// Of these channels, one input's behind another's. `None` if these are others than expected, or smaller than the kernel.
    pub(crate) fn run(&self, inputs: &[NdTensorView<f32, 4>], spare: &mut Spare) -> Option<NdTensor<f32, 4>> {
        let [pictures, _, height, width] = inputs.first()?.shape();
        let is_alike =
            |input: &NdTensorView<f32, 4>| [0, 2, 3].map(|axis| input.size(axis)) == [pictures, height, width];
        let channels: usize = inputs.iter().map(|input| input.size(1)).sum();
        if channels != self.inputs || !inputs.iter().all(is_alike) {
            return None;
        }
        let [rows, columns] = self.window.places([height, width])?;
        let made = self.bias.len() * rows * columns;
        let mut output = spare.values(pictures * made);
        let contiguous: Vec<_> = inputs.iter().map(NdTensorView::to_contiguous).collect();
        for (picture, output) in output.chunks_exact_mut(made).enumerate() {
            let mut planes = Vec::with_capacity(channels);
            for (number, input) in contiguous.iter().enumerate() {
                let taken = input.size(1) * height * width;
                let largest_of_four = self.largest_of_four.get(number).copied().unwrap_or_default();
                let input = input.data()[picture * taken..][..taken].chunks_exact((height * width).max(1));
                planes.extend(input.map(|values| Plane { values, largest_of_four }));
            }
            Channels { convolution: self, planes: &planes, size: [height, width], output, rows, columns }.dispatch();
        }
        Some(NdTensor::from_data([pictures, self.bias.len(), rows, columns], output))
    }
}

/// A channel of the input.
struct Plane<'a> {
    values: &'a [f32],
    largest_of_four: bool,
}

/// The convolution of one picture, compiled for the vectors that the processor has.
struct Channels<'a> {
    convolution: &'a Dense,
    planes: &'a [Plane<'a>],
    size: [usize; 2],
    output: &'a mut [f32],
    rows: usize,
    columns: usize,
}

impl SimdOp for Channels<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let Self {
            convolution: Dense { window, inputs, weights, bias, positive, .. },
            planes,
            size,
            output,
            rows,
            columns,
        } = self;
        let Window { kernel, strides, pads } = *window;
        let [height, width] = size;
        let ops = isa.f32();
        let lanes = ops.len();
        let tile = lanes * VECTORS;
        let row = window.row(columns, tile);
        let length = row.length();
        // The rows of each channel that a row of the output is made of, in the place of those that none needs any more.
        let mut near = vec![0.0; inputs * kernel[0] * length];
        let mut next = 0;
        let mut largest = vec![0.0; width];
        let mut last = vec![0.0; tile];
        let mut places = Vec::with_capacity(inputs * kernel[0] * kernel[1]);
        for y in 0..rows {
            let end = y * strides[0] + kernel[0];
            for padded in next..end {
                for (plane, near) in planes.iter().zip(near.chunks_exact_mut(kernel[0] * length)) {
                    let near = &mut near[padded % kernel[0] * length..][..length];
                    let values = |y: usize| &plane.values[y * width..][..width];
                    match padded.checked_sub(pads[0]).filter(|y| *y < height) {
                        Some(y) if plane.largest_of_four => {
                            largest_of_four(values(y), values((y + 1).min(height - 1)), &mut largest);
                            row.write(&largest, near);
                        }
                        Some(y) => row.write(values(y), near),
                        None => near.fill(0.0),
                    }
                }
            }
            next = end;
            places.clear();
            for channel in 0..*inputs {
                for below in 0..kernel[0] {
                    let from = (channel * kernel[0] + (y * strides[0] + below) % kernel[0]) * length;
                    places.extend((0..kernel[1]).map(|right| from + row.place(right)));
                }
            }
            for x in (0..columns).step_by(tile) {
                let blocks = weights.chunks_exact(places.len() * TOGETHER).zip(bias.as_chunks::<TOGETHER>().0);
                for ((weights, bias), output) in blocks.zip(output.chunks_exact_mut(TOGETHER * rows * columns)) {
                    let mut sums = [[ops.zero(); VECTORS]; TOGETHER];
                    for (sums, bias) in sums.iter_mut().zip(bias) {
                        *sums = [ops.splat(*bias); VECTORS];
                    }
                    for (place, weights) in places.iter().zip(weights.as_chunks::<TOGETHER>().0) {
                        let values = &near[place + x..][..tile];
                        let values = [ops.load(values), ops.load(&values[lanes..])];
                        for (sums, weight) in sums.iter_mut().zip(weights) {
                            let weight = ops.splat(*weight);
                            for (sum, values) in sums.iter_mut().zip(values) {
                                *sum = ops.mul_add(values, weight, *sum);
                            }
                        }
                    }
                    for (sums, output) in sums.into_iter().zip(output.chunks_exact_mut(rows * columns)) {
                        let output = &mut output[y * columns + x..][..tile.min(columns - x)];
                        let is_whole = output.len() == tile;
                        let stored = if is_whole { &mut *output } else { &mut *last };
                        for (sum, stored) in sums.into_iter().zip(stored.chunks_exact_mut(lanes)) {
                            ops.store(if *positive { ops.max(sum, ops.zero()) } else { sum }, stored);
                        }
                        if !is_whole {
                            output.copy_from_slice(&last[..output.len()]);
                        }
                    }
                }
            }
        }
    }
}
