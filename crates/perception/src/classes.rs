//! How likely each character is at each step of a line: the last layer of the recogniser, whose weights are most of the
//! model. `rten` brings all of them into another order for each line, and writes down how likely each of 18,710 classes is
//! at each step, where only the likeliest matters.

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, Simd, SimdOp, SimdUnaryOp};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use rten_vecmath::{Exp, MaxNum};

use crate::network::Constant;
use crate::operators::{FEW, MANY, together};

/// So many vectors of classes are rated at a time, at as many steps as [`together`] says.
const VECTORS: usize = 2;
/// So many classes are rated at all steps before the likeliest of them is looked for: their ratings stay in a processor's
/// second cache until then.
const NEAR: usize = 512;

/// What rates the classes.
pub(crate) struct Classes {
    /// How many there are.
    count: usize,
    /// How many features a step has, the one that is always 1 among them.
    inputs: usize,
    /// For each [`VECTORS`] of classes and each feature of a step: that many weights. What is added to each class is the
    /// weight of the last feature. The last ones are zero where fewer classes are left.
    weights: Vec<f32>,
}

/// The likeliest class of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Likeliest {
    pub(crate) class: usize,
    rating: f32,
    /// How much all classes are rated together, as a multiple of it.
    sum: f32,
}

impl Likeliest {
    /// From 0 to 1.
    pub(crate) fn probability(&self) -> f32 {
        1.0 / self.sum
    }

    /// Looks at the ratings of more classes, from this one on.
    fn look_at(&mut self, ratings: &[f32], from: usize) {
        let most = MaxNum::new(ratings).dispatch();
        if most > self.rating {
            self.sum *= (self.rating - most).exp();
            self.class = from + ratings.iter().position(|rating| *rating >= most).unwrap_or_default();
            self.rating = most;
        }
        self.sum += Together { ratings, most: self.rating }.dispatch();
    }
}

impl Classes {
    /// From the constants of the operators that add the bias and multiply before that.
    pub(crate) fn new(constants: Vec<Constant>) -> Option<Self> {
        let [bias, weights] = <[Constant; 2]>::try_from(constants).ok()?;
        let [features, count] = *weights.shape.as_slice() else { return None };
        (features > 0 && count > 0 && bias.shape == [count]).then_some(())?;
        let inputs = features + 1;
        let tile = Tile.dispatch();
        let mut ordered = vec![0.0; count.div_ceil(tile) * inputs * tile];
        for (input, values) in weights.values.chunks_exact(count).chain([bias.values.as_slice()]).enumerate() {
            let tiles = ordered.chunks_exact_mut(inputs * tile);
            for (values, ordered) in values.chunks(tile).zip(tiles) {
                ordered[input * tile..][..values.len()].copy_from_slice(values);
            }
        }
        Some(Self { count, inputs, weights: ordered })
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// The likeliest class of each step of a line, which is alone. `None` if the steps have other features.
    pub(crate) fn likeliest(&self, steps: &NdTensor<f32, 3>) -> Option<Vec<Likeliest>> {
        let [1, count, features] = steps.shape() else { return None };
        (count > 0 && features + 1 == self.inputs).then_some(())?;
        let contiguous = steps.to_contiguous();
        let steps: Vec<&[f32]> = contiguous.data().chunks_exact(features).collect();
        let together = together();
        let ordered = steps.chunks(together).flat_map(|block| {
            let value = |step: usize, input: usize| {
                let step = block.get(step)?;
                Some(step.get(input).copied().unwrap_or(1.0))
            };
            (0..self.inputs)
                .flat_map(move |input| (0..together).map(move |step| value(step, input).unwrap_or_default()))
        });
        let ordered: Vec<f32> = ordered.collect();
        let mut found = vec![Likeliest { class: 0, rating: f32::NEG_INFINITY, sum: 0.0 }; count];
        Rating { classes: self, steps: &ordered, together, found: &mut found }.dispatch();
        Some(found)
    }
}

/// How much classes are rated together, as a multiple of the likeliest of all. What `rten` has for that calls a function for
/// each step of it.
struct Together<'a> {
    ratings: &'a [f32],
    most: f32,
}

impl SimdOp for Together<'_> {
    type Output = f32;

    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) -> f32 {
        let ops = isa.f32();
        let most = ops.splat(self.most);
        let vectors = self.ratings.chunks_exact(ops.len());
        let rest: f32 = vectors.remainder().iter().map(|rating| (rating - self.most).exp()).sum();
        let mut sum = ops.zero();
        for ratings in vectors {
            sum = ops.add(sum, Exp {}.eval(isa, ops.sub(ops.load(ratings), most)));
        }
        sum.to_array().into_iter().sum::<f32>() + rest
    }
}

/// How many classes are rated at a time on this processor.
struct Tile;

impl SimdOp for Tile {
    type Output = usize;

    fn eval<I: Isa>(self, isa: I) -> usize {
        isa.f32().len() * VECTORS
    }
}

/// Rates all classes at all steps, compiled for the vectors that the processor has.
struct Rating<'a> {
    classes: &'a Classes,
    /// For each so many steps and each feature: its value at each of these steps.
    steps: &'a [f32],
    together: usize,
    found: &'a mut [Likeliest],
}

impl SimdOp for Rating<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        match self.together {
            FEW => self.of::<I, FEW>(isa),
            _ => self.of::<I, MANY>(isa),
        }
    }
}

impl Rating<'_> {
    /// The same, at so many steps at a time.
    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
    #[inline(always)]
    fn of<I: Isa, const TOGETHER: usize>(self, isa: I) {
        let Self { classes: Classes { count, inputs, weights }, steps, found, .. } = self;
        let ops = isa.f32();
        let lanes = ops.len();
        let tile = lanes * VECTORS;
        let mut ratings = vec![0.0; found.len().next_multiple_of(TOGETHER) * NEAR];
        for (from, weights) in (0..*count).step_by(NEAR).zip(weights.chunks(inputs * NEAR)) {
            for (tile_number, weights) in weights.chunks_exact(inputs * tile).enumerate() {
                let blocks = steps.chunks_exact(inputs * TOGETHER).zip(ratings.chunks_exact_mut(TOGETHER * NEAR));
                for (steps, ratings) in blocks {
                    let mut sums = [[ops.zero(); VECTORS]; TOGETHER];
                    for (weights, values) in weights.chunks_exact(tile).zip(steps.as_chunks::<TOGETHER>().0) {
                        let weights = [ops.load(weights), ops.load(&weights[lanes..])];
                        for (sums, value) in sums.iter_mut().zip(values) {
                            let value = ops.splat(*value);
                            for (sum, weights) in sums.iter_mut().zip(weights) {
                                *sum = ops.mul_add(weights, value, *sum);
                            }
                        }
                    }
                    for (sums, ratings) in sums.into_iter().zip(ratings.chunks_exact_mut(NEAR)) {
                        let ratings = &mut ratings[tile_number * tile..][..tile];
                        for (sum, ratings) in sums.into_iter().zip(ratings.chunks_exact_mut(lanes)) {
                            ops.store(sum, ratings);
                        }
                    }
                }
            }
            for (found, ratings) in found.iter_mut().zip(ratings.chunks_exact(NEAR)) {
                found.look_at(&ratings[..NEAR.min(count - from)], from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(shape: &[usize], from: u8) -> Constant {
        let values = (from..).map(|value| f32::from(value) / 8.0).take(shape.iter().product()).collect();
        Constant { shape: shape.to_vec(), values }
    }

    #[test]
    fn the_likeliest_class_is_found_by_the_features_of_a_step_times_its_weights_and_its_bias() {
        let classes = Classes::new(vec![constant(&[3], 100), constant(&[2, 3], 0)]).unwrap();
        assert_eq!(classes.count(), 3);
        let steps = NdTensor::from_data([1, 2, 2], vec![1.0, 0.0, 8.0, 16.0]);
        // Rated 12.5, 12.75 and 13, and 18.5, 21.625 and 24.75.
        let expected = [
            (2, 1.0 / (1.0 + (-0.25_f32).exp() + (-0.5_f32).exp())),
            (2, 1.0 / (1.0 + (-3.125_f32).exp() + (-6.25_f32).exp())),
        ];
        let found = classes.likeliest(&steps).unwrap();
        assert_eq!(found.len(), 2);
        for (found, (class, probability)) in found.iter().zip(expected) {
            assert_eq!(found.class, class);
            assert!((found.probability() - probability).abs() < 1e-6, "{found:?} is not {probability}");
        }
        assert!(classes.likeliest(&NdTensor::zeros([1, 2, 3])).is_none());
        assert!(classes.likeliest(&NdTensor::zeros([2, 2, 2])).is_none());
    }

    #[test]
    fn the_likeliest_of_many_classes_is_found_wherever_it_stands() {
        const COUNT: usize = 1_300;
        for likeliest in [0, 511, 512, 1_023, 1_299] {
            // Two steps of one feature: one asks for the largest weight, the other one for the least.
            let mut values: Vec<f32> = (0..7_u8).map(|weight| f32::from(weight) / 7.0).cycle().take(COUNT).collect();
            values[likeliest] = 4.0;
            let weights = Constant { shape: vec![1, COUNT], values };
            let bias = Constant { shape: vec![COUNT], values: vec![1.5; COUNT] };
            let steps = NdTensor::from_data([1, 2, 1], vec![2.0, -1.0]);
            let sum = |step: f32, most: f32| -> f32 {
                weights.values.iter().map(|weight| (step * weight - most).exp()).sum()
            };
            let expected = [1.0 / sum(2.0, 8.0), 1.0 / sum(-1.0, 0.0)];
            let least = if likeliest == 0 { 7 } else { 0 };
            let found = Classes::new(vec![bias, weights]).unwrap().likeliest(&steps).unwrap();
            assert_eq!(found.iter().map(|found| found.class).collect::<Vec<_>>(), [likeliest, least]);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found.probability() / expected - 1.0).abs() < 1e-4, "{found:?} is not {expected}");
            }
        }
    }

    #[test]
    fn constants_of_another_layer_are_refused() {
        for shapes in [vec![vec![3]], vec![vec![2], vec![2, 3]], vec![vec![3], vec![3]], vec![vec![0], vec![2, 0]]] {
            let constants = shapes.iter().map(|shape| constant(shape, 0)).collect();
            assert!(Classes::new(constants).is_none(), "{shapes:?}");
        }
    }
}
