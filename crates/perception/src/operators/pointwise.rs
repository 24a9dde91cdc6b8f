//! Convolutions whose kernel is one value: products of two matrices, most of what the models compute. `rten` goes through
//! what such a product makes once more for the bias, once more for what follows it, and once more to add what was there
//! before; here all of that is done while a tile of it is in registers.

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, Simd, SimdOp, SimdUnaryOp};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};
use rten_vecmath::Gelu;

use super::spare::Spare;

/// So many vectors of a channel are computed at a time,
const VECTORS: usize = 2;
/// of so many channels: what the registers of AVX2 hold, and the twice as many that other processors have.
pub(crate) const FEW: usize = 6;
pub(crate) const MANY: usize = 12;
/// So many values that products are made of are held together: they stay in a processor's second cache while the weights,
/// which may be more than that, pass by.
const NEAR: usize = 1 << 16;

/// How many channels are computed at a time on this processor.
pub(crate) fn together() -> usize {
    struct Together;
    impl SimdOp for Together {
        type Output = usize;
        fn eval<I: Isa>(self, isa: I) -> usize {
            if isa.f32().len() == 8 { FEW } else { MANY }
        }
    }
    Together.dispatch()
}

/// What becomes of each value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Then {
    /// It stays as it is.
    Stay,
    /// What is negative becomes zero.
    Positive,
    /// It is multiplied by the share of a normal distribution that is below it.
    Gelu,
}

/// A convolution that makes each value of those at the same place.
pub(crate) struct Pointwise {
    inputs: usize,
    /// So many channels are computed at a time.
    together: usize,
    /// For each so many channels of the output and each of the input: that many weights. The last ones are zero where fewer
    /// channels are left.
    weights: Vec<f32>,
    /// What is added to each channel of the output.
    pub(crate) bias: Vec<f32>,
    pub(crate) then: Then,
}

impl Pointwise {
    /// One with the weights as ONNX has them: for each channel of the output, each of the input.
    pub(crate) fn new([outputs, inputs]: [usize; 2], weights: &[f32]) -> Option<Self> {
        let is_sound = outputs > 0 && inputs > 0 && weights.len() == outputs * inputs;
        is_sound.then(|| {
            let together = together();
            let blocks = weights.chunks(inputs * together);
            let ordered = blocks.flat_map(|block| {
                (0..inputs).flat_map(move |input| {
                    (0..together).map(move |output| block.get(output * inputs + input).copied().unwrap_or_default())
                })
            });
            Self { weights: ordered.collect(), inputs, together, bias: vec![0.0; outputs], then: Then::Stay }
        })
    }

    /// What it makes, and what is added to that. `None` if the input has other channels, or that another size.
    pub(crate) fn run(
        &self,
        input: NdTensorView<f32, 4>,
        added: Option<NdTensorView<f32, 4>>,
        spare: &mut Spare,
    ) -> Option<NdTensor<f32, 4>> {
        let [pictures, channels, height, width] = input.shape();
        let shape = [pictures, self.bias.len(), height, width];
        if channels != self.inputs || added.as_ref().is_some_and(|added| added.shape() != shape) {
            return None;
        }
        let (input, added) = (input.to_contiguous(), added.as_ref().map(NdTensorView::to_contiguous));
        let mut output = spare.values(shape.iter().product());
        let (taken, made) = (channels * height * width, self.bias.len() * height * width);
        if made > 0 {
            for (picture, output) in output.chunks_exact_mut(made).enumerate() {
                let input = &input.data()[picture * taken..][..taken];
                let added = added.as_ref().map(|added| &added.data()[picture * made..][..made]);
                Product { convolution: self, input, added, output, pixels: height * width }.dispatch();
            }
        }
        Some(NdTensor::from_data(shape, output))
    }
}

/// The convolution of one picture, compiled for the vectors that the processor has.
struct Product<'a> {
    convolution: &'a Pointwise,
    input: &'a [f32],
    added: Option<&'a [f32]>,
    output: &'a mut [f32],
    pixels: usize,
}

impl SimdOp for Product<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        match self.convolution.together {
            FEW => self.of::<I, FEW>(isa),
            _ => self.of::<I, MANY>(isa),
        }
    }
}

#[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
impl Product<'_> {
    /// The same, of so many channels at a time.
    #[inline(always)]
    fn of<I: Isa, const TOGETHER: usize>(self, isa: I) {
        let Self { convolution: Pointwise { inputs, weights, bias, then, .. }, input, added, output, pixels } = self;
        let ops = isa.f32();
        let lanes = ops.len();
        let tile = lanes * VECTORS;
        let size = inputs * tile;
        let group = (NEAR / size).max(1);
        // For each tile of a group the values that it is made of, beside each other.
        let mut near = vec![0.0; size * group.min(pixels.div_ceil(tile))];
        for start in (0..pixels).step_by(tile * group) {
            let froms = (start..pixels).step_by(tile).take(group);
            for (from, near) in froms.clone().zip(near.chunks_exact_mut(size)) {
                let count = tile.min(pixels - from);
                for (values, near) in input.chunks_exact(pixels).zip(near.chunks_exact_mut(tile)) {
                    let values = &values[from..][..count];
                    if count == tile {
                        ops.store(ops.load(values), near);
                        ops.store(ops.load(&values[lanes..]), &mut near[lanes..]);
                    } else {
                        near[..count].copy_from_slice(values);
                    }
                }
            }
            let blocks = weights.chunks_exact(size / tile * TOGETHER).zip(bias.chunks(TOGETHER)).enumerate();
            for (block, (weights, bias)) in blocks {
                for (from, near) in froms.clone().zip(near.chunks_exact(size)) {
                    let count = tile.min(pixels - from);
                    let mut sums = [[ops.zero(); VECTORS]; TOGETHER];
                    for (sums, bias) in sums.iter_mut().zip(bias) {
                        *sums = [ops.splat(*bias); VECTORS];
                    }
                    for (values, weights) in near.chunks_exact(tile).zip(weights.as_chunks::<TOGETHER>().0) {
                        let values = [ops.load(values), ops.load(&values[lanes..])];
                        for (sums, weight) in sums.iter_mut().zip(weights) {
                            let weight = ops.splat(*weight);
                            for (sum, values) in sums.iter_mut().zip(values) {
                                *sum = ops.mul_add(values, weight, *sum);
                            }
                        }
                    }
                    let channels = block * TOGETHER..block * TOGETHER + bias.len();
                    for (channel, sums) in channels.zip(sums) {
                        let place = channel * pixels + from;
                        let added = added.map(|added| &added[place..][..count]);
                        let output = &mut output[place..][..count];
                        for (number, (sum, output)) in sums.into_iter().zip(output.chunks_mut(lanes)).enumerate() {
                            let value = match then {
                                Then::Stay => sum,
                                Then::Positive => ops.max(sum, ops.zero()),
                                Then::Gelu => Gelu {}.eval(isa, sum),
                            };
                            let value = match added {
                                Some(added) => ops.add(value, ops.load_pad(&added[number * lanes..]).0),
                                None => value,
                            };
                            if output.len() == lanes {
                                ops.store(value, output);
                            } else {
                                output.copy_from_slice(&value.to_array().as_ref()[..output.len()]);
                            }
                        }
                    }
                }
            }
        }
    }
}
