//! How likely each character is at each step of a line: the last layer of the recogniser, whose weights are most of the
//! model. `rten` brings all of them into another order for each line.

use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use crate::network::Constant;
use crate::operators::{Pointwise, Spare};

/// What rates the classes.
pub(crate) struct Classes {
    /// For each feature of a step the weight of each class; at last what is added to each class.
    weights: NdTensor<f32, 4>,
}

impl Classes {
    /// From the constants of the operators that add the bias and multiply before that.
    pub(crate) fn new(constants: Vec<Constant>) -> Option<Self> {
        let [bias, mut weights] = <[Constant; 2]>::try_from(constants).ok()?;
        let [features, classes] = *weights.shape.as_slice() else { return None };
        (features > 0 && classes > 0 && bias.shape == [classes]).then_some(())?;
        weights.values.reserve_exact(classes);
        weights.values.extend(bias.values);
        Some(Self { weights: NdTensor::from_data([1, features + 1, 1, classes], weights.values) })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.weights.size(3)
    }

    /// The ratings of each step of a line, which is alone: those of step `s` are at `[0, s, 0, ..]`. They are no
    /// probabilities yet: of most steps it only matters which class is the likeliest. `None` if the steps have other
    /// features.
    pub(crate) fn rate(&self, steps: &NdTensor<f32, 3>) -> Option<NdTensor<f32, 4>> {
        let ([1, count, features], [_, inputs, _, _]) = (steps.shape(), self.weights.shape()) else { return None };
        (count > 0 && features > 0 && features + 1 == inputs).then_some(())?;
        let contiguous = steps.to_contiguous();
        let with_bias = contiguous.data().chunks_exact(features).flat_map(|step| step.iter().copied().chain([1.0]));
        Pointwise::new([count, inputs], &with_bias.collect::<Vec<_>>())?.run(
            self.weights.view(),
            None,
            &mut Spare::default(),
        )
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
    fn a_class_is_rated_by_the_features_of_a_step_times_its_weights_and_its_bias() {
        let classes = Classes::new(vec![constant(&[3], 100), constant(&[2, 3], 0)]).unwrap();
        assert_eq!(classes.count(), 3);
        let steps = NdTensor::from_data([1, 2, 2], vec![1.0, 0.0, 8.0, 16.0]);
        let rated = classes.rate(&steps).unwrap();
        assert_eq!(rated.shape(), [1, 2, 1, 3]);
        assert_eq!(rated.data().unwrap(), [12.5, 12.75, 13.0, 18.5, 21.625, 24.75]);
        assert!(classes.rate(&NdTensor::zeros([1, 2, 3])).is_none());
        assert!(classes.rate(&NdTensor::zeros([2, 2, 2])).is_none());
    }

    #[test]
    fn constants_of_another_layer_are_refused() {
        for shapes in [vec![vec![3]], vec![vec![2], vec![2, 3]], vec![vec![3], vec![3]], vec![vec![0], vec![2, 0]]] {
            let constants = shapes.iter().map(|shape| constant(shape, 0)).collect();
            assert!(Classes::new(constants).is_none(), "{shapes:?}");
        }
    }
}
