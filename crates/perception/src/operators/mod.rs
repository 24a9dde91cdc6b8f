//! The operators of a model that `rten` is slow at.

use rten_onnx::onnx::{GraphProto, NodeProto, TensorProto};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

mod dense;
mod depthwise;
mod gelu;
mod pointwise;
mod spare;
mod window;

use dense::Dense;
use depthwise::Depthwise;
pub(crate) use gelu::gelu;
pub(crate) use pointwise::{FEW, MANY, together};
use pointwise::{Pointwise, Then};
pub(crate) use spare::Spare;
use window::Window;

/// A convolution that makes more channels is as fast in `rten`.
const FEW_CHANNELS: usize = 48;

/// An operator that is computed here.
pub(crate) enum Operator {
    /// A convolution of each channel by itself.
    Depthwise(Depthwise),
    /// A convolution that makes few channels of its neighbours.
    Dense(Dense),
    /// A convolution whose kernel is one value.
    Pointwise(Pointwise),
    /// The largest of each value, the one on its right and the two below.
    LargestOfFour,
    /// Each value so many times below and beside itself.
    Repeat([usize; 2]),
}

impl Operator {
    /// The operator that a node is, if it is one of these.
    pub(crate) fn of(node: &NodeProto, graph: &GraphProto) -> Option<Self> {
        match node.op_type.as_deref()? {
            "Conv" => convolution(node, graph),
            "MaxPool" => {
                let is_of_four = integers(node, "kernel_shape")? == [2, 2]
                    && integers(node, "strides")? == [1, 1]
                    && integers(node, "dilations").is_none()
                    && word(node, "auto_pad")? == "SAME_UPPER";
                is_of_four.then_some(Self::LargestOfFour)
            }
            "Resize" => {
                let repeats = word(node, "mode")? == "nearest"
                    && word(node, "coordinate_transformation_mode")? == "asymmetric"
                    && word(node, "nearest_mode")? == "floor";
                let [_, _, scales] = node.input.as_slice() else { return None };
                match *values(constant(graph, scales)?)?.as_slice() {
                    [1.0, 1.0, down, across] if repeats => Some(Self::Repeat([whole(down)?, whole(across)?])),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What a node makes that only changes the values that this makes, if that is done here from then on.
    pub(crate) fn take_in<'a>(&mut self, user: &'a NodeProto, made: &str, graph: &GraphProto) -> Option<&'a String> {
        match (user.op_type.as_deref()?, user.input.as_slice()) {
            ("Add", [one, other]) => {
                let bias = self.open_bias()?;
                let added = constant(graph, if one == made { other } else { one })?;
                (added.dims == [1, i64::try_from(bias.len()).ok()?, 1, 1]).then_some(())?;
                bias.iter_mut().zip(values(added)?).for_each(|(bias, added)| *bias += added);
            }
            ("Relu", [_]) => match self {
                Self::Dense(convolution) => convolution.positive = true,
                Self::Pointwise(convolution) if convolution.then == Then::Stay => convolution.then = Then::Positive,
                _ => return None,
            },
            _ => return None,
        }
        user.output.first()
    }

    /// Has [`gelu`] be made of each value here, if that can be done.
    pub(crate) fn take_in_gelu(&mut self) -> bool {
        match self {
            Self::Pointwise(convolution) if convolution.then == Then::Stay => convolution.then = Then::Gelu,
            _ => return false,
        }
        true
    }

    /// Whether other values of the same size can be added here.
    pub(crate) const fn can_add(&self) -> bool {
        matches!(self, Self::Pointwise(_))
    }

    /// What is added to each channel, where nothing is done after that.
    fn open_bias(&mut self) -> Option<&mut Vec<f32>> {
        match self {
            Self::Depthwise(convolution) => Some(&mut convolution.bias),
            Self::Dense(convolution) => (!convolution.positive).then_some(&mut convolution.bias),
            Self::Pointwise(convolution) => (convolution.then == Then::Stay).then_some(&mut convolution.bias),
            Self::LargestOfFour | Self::Repeat(_) => None,
        }
    }

    /// Whether its channels may be several inputs' ones behind one another, of which some are the largest of four.
    pub(crate) fn take_in_inputs(&mut self, largest_of_four: Vec<bool>) -> bool {
        let Self::Dense(convolution) = self else { return false };
        convolution.largest_of_four = largest_of_four;
        true
    }

    /// `None` if these are no inputs that this can work with.
    pub(crate) fn run(&self, inputs: &[NdTensorView<f32, 4>], spare: &mut Spare) -> Option<NdTensor<f32, 4>> {
        match (self, inputs) {
            (Self::Dense(convolution), _) => convolution.run(inputs, spare),
            (Self::Depthwise(convolution), [input]) => convolution.run(input.view(), spare),
            (Self::Pointwise(convolution), [input]) => convolution.run(input.view(), None, spare),
            (Self::Pointwise(convolution), [input, added]) => convolution.run(input.view(), Some(added.view()), spare),
            (Self::LargestOfFour, [input]) => Some(all_largest_of_four(input.view(), spare)),
            (Self::Repeat(times), [input]) => Some(repeated(input.view(), *times, spare)),
            _ => None,
        }
    }
}

/// A convolution of each channel by itself, or one that makes few channels, whose kernel is more than one value.
fn convolution(node: &NodeProto, graph: &GraphProto) -> Option<Operator> {
    let [_, weights] = node.input.as_slice() else { return None };
    let weights = constant(graph, weights)?;
    let lengths = |lengths: &[i64]| -> Option<Vec<usize>> {
        lengths.iter().map(|length| usize::try_from(*length).ok()).collect()
    };
    let [outputs, inputs, height, width] = *lengths(&weights.dims)?.as_slice() else { return None };
    let strides = integers(node, "strides")?;
    let pads = match word(node, "auto_pad") {
        None => lengths(integers(node, "pads")?)?.try_into().ok()?,
        // What is left over of an even kernel is below and on the right.
        Some("SAME_UPPER") if strides == [1, 1] => [(height - 1) / 2, (width - 1) / 2, height / 2, width / 2],
        Some(_) => return None,
    };
    (integers(node, "dilations")? == [1, 1]).then_some(())?;
    let window = Window { kernel: [height, width], strides: lengths(strides)?.try_into().ok()?, pads };
    let group = node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some("group"))?.i?;
    if group == 1 && height * width == 1 && window.strides == [1, 1] && window.pads == [0; 4] {
        Pointwise::new([outputs, inputs], &values(weights)?).map(Operator::Pointwise)
    } else if group == 1 && outputs <= FEW_CHANNELS && height * width > 1 {
        Dense::new(window, [outputs, inputs], &values(weights)?).map(Operator::Dense)
    } else {
        let is_depthwise = inputs == 1 && outputs > 1 && usize::try_from(group) == Ok(outputs);
        is_depthwise.then_some(())?;
        Some(Operator::Depthwise(Depthwise { window, weights: values(weights)?, bias: vec![0.0; outputs] }))
    }
}

fn all_largest_of_four(input: NdTensorView<f32, 4>, spare: &mut Spare) -> NdTensor<f32, 4> {
    let [_, _, height, width] = input.shape();
    let contiguous = input.to_contiguous();
    let mut output = spare.values(input.len());
    let size = (height * width).max(1);
    for (plane, output) in contiguous.data().chunks_exact(size).zip(output.chunks_exact_mut(size)) {
        let rows = plane.chunks_exact(width);
        // What would be beyond the edge is left out: the last row and the last column stand for it.
        let below = rows.clone().skip(1).chain(rows.clone().last());
        for ((upper, lower), output) in rows.zip(below).zip(output.chunks_exact_mut(width)) {
            largest_of_four(upper, lower, output);
        }
    }
    NdTensor::from_data(input.shape(), output)
}

/// The largest of each value of a row, the one on its right and the two below.
#[expect(clippy::inline_always, reason = "what is not inlined is compiled for the least of all processors")]
#[inline(always)]
fn largest_of_four(upper: &[f32], lower: &[f32], row: &mut [f32]) {
    let larger = |one: f32, other: f32| if one > other { one } else { other };
    for ((largest, upper), lower) in row.iter_mut().zip(upper.windows(2)).zip(lower.windows(2)) {
        *largest = larger(larger(upper[0], lower[0]), larger(upper[1], lower[1]));
    }
    if let (Some(largest), Some(upper), Some(lower)) = (row.last_mut(), upper.last(), lower.last()) {
        *largest = larger(*upper, *lower);
    }
}

fn repeated(input: NdTensorView<f32, 4>, [down, across]: [usize; 2], spare: &mut Spare) -> NdTensor<f32, 4> {
    let [pictures, channels, height, width] = input.shape();
    let contiguous = input.to_contiguous();
    let mut output = spare.values(input.len() * down * across);
    let (width, wide) = (width.max(1), width.max(1) * across);
    for (row, output) in contiguous.data().chunks_exact(width).zip(output.chunks_exact_mut(wide * down)) {
        let (first, others) = output.split_at_mut(wide);
        for (value, repeated) in row.iter().zip(first.chunks_exact_mut(across)) {
            repeated.fill(*value);
        }
        for other in others.chunks_exact_mut(wide) {
            other.copy_from_slice(first);
        }
    }
    NdTensor::from_data([pictures, channels, height * down, input.size(3) * across], output)
}

/// Whether a node puts channels behind one another.
pub(crate) fn is_of_channels(node: &NodeProto) -> bool {
    let axis = node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some("axis"));
    node.op_type.as_deref() == Some("Concat") && axis.and_then(|axis| axis.i) == Some(1)
}

fn integers<'a>(node: &'a NodeProto, name: &str) -> Option<&'a [i64]> {
    let attribute = node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))?;
    Some(&attribute.ints)
}

fn word<'a>(node: &'a NodeProto, name: &str) -> Option<&'a str> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))?.s.as_deref()
}

/// The number that a constant is.
fn number(graph: &GraphProto, name: &str) -> Option<f32> {
    match *values(constant(graph, name)?)?.as_slice() {
        [number] => Some(number),
        _ => None,
    }
}

pub(crate) fn constant<'a>(graph: &'a GraphProto, name: &str) -> Option<&'a TensorProto> {
    graph.initializer.iter().find(|tensor| tensor.name.as_deref() == Some(name))
}

pub(crate) fn values(tensor: &TensorProto) -> Option<Vec<f32>> {
    let raw = tensor.raw_data.as_ref()?.borrow();
    Some(raw.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect())
}

/// A scale that is a whole number, and small.
fn whole(scale: f32) -> Option<usize> {
    (1_u8..=16).find(|times| (f32::from(*times) - scale).abs() < f32::EPSILON).map(usize::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rten_simd::SimdUnaryOp;
    use rten_vecmath::Gelu;

    use super::*;

    /// A value of a convolution, as the definition has it, of these channels of the input.
    fn defined(
        window: &Window,
        weights: &[f32],
        bias: &[f32],
        input: &NdTensor<f32, 4>,
        channels: &[usize],
        [picture, output, y, x]: [usize; 4],
    ) -> f32 {
        let Window { kernel, strides, pads } = window;
        let mut weights = weights[output * channels.len() * kernel[0] * kernel[1]..].iter();
        let mut sum = bias[output];
        for channel in channels {
            for (below, right) in (0..kernel[0]).flat_map(|below| (0..kernel[1]).map(move |right| (below, right))) {
                let place =
                    (y * strides[0] + below).checked_sub(pads[0]).zip((x * strides[1] + right).checked_sub(pads[1]));
                let value = place.and_then(|(y, x)| input.get([picture, *channel, y, x])).copied().unwrap_or_default();
                sum += value * weights.next().unwrap();
            }
        }
        sum
    }

    fn value() -> impl Strategy<Value = f32> {
        (-100_i8..=100).prop_map(|value| f32::from(value) / 64.0)
    }

    prop_compose! {
        /// A window, weights for so many channels of the input each, a bias, and an input.
        fn case(outputs: &'static [usize], inputs: Option<usize>)(
            kernel in [1_usize..8, 1_usize..8],
            strides in [1_usize..4, 1_usize..4],
            pads in [0_usize..4, 0_usize..4, 0_usize..4, 0_usize..4],
            pictures in 1_usize..3,
            outputs in prop::sample::select(outputs),
            [height, width] in [1_usize..9, 1_usize..150],
        )(
            weights in prop::collection::vec(value(), outputs * inputs.unwrap_or(1) * kernel[0] * kernel[1]),
            bias in prop::collection::vec(value(), outputs),
            input in prop::collection::vec(value(), pictures * inputs.unwrap_or(outputs) * height * width),
            window in Just(Window { kernel, strides, pads }),
            shape in Just([pictures, inputs.unwrap_or(outputs), height, width]),
        ) -> (Window, Vec<f32>, Vec<f32>, NdTensor<f32, 4>) {
            (window, weights, bias, NdTensor::from_data(shape, input))
        }
    }

    /// Holds an output against what the definition makes of the input.
    fn hold(
        output: Option<NdTensor<f32, 4>>,
        input: &NdTensor<f32, 4>,
        window: &Window,
        outputs: usize,
        defined: impl Fn([usize; 4]) -> f32,
    ) -> Result<(), TestCaseError> {
        let sides = [0, 1].map(|axis| window.pads[axis] + input.size(axis + 2) + window.pads[axis + 2]);
        let Some(output) = output else {
            prop_assert!(sides[0] < window.kernel[0] || sides[1] < window.kernel[1]);
            return Ok(());
        };
        let size = [0, 1].map(|axis| (sides[axis] - window.kernel[axis]) / window.strides[axis] + 1);
        prop_assert_eq!(output.shape(), [input.size(0), outputs, size[0], size[1]]);
        for (place, value) in output.indices().zip(output.iter()) {
            let expected = defined(place);
            prop_assert!((value - expected).abs() < 1e-3, "{value} is not {expected} at {place:?}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn a_convolution_of_each_channel_by_itself_is_the_one_of_the_definition(
            (window, weights, bias, input) in case(&[1, 3], None)
        ) {
            let convolution = Depthwise { window, weights: weights.clone(), bias: bias.clone() };
            let defined = |place: [usize; 4]| defined(&window, &weights, &bias, &input, &[place[1]], place);
            hold(convolution.run(input.view(), &mut used()), &input, &window, bias.len(), defined)?;
        }

        #[test]
        fn a_convolution_of_all_channels_is_the_one_of_the_definition(
            (window, weights, bias, input) in case(&[6, 12], Some(2)),
            positive in any::<bool>(),
        ) {
            let mut convolution = Dense::new(window, [bias.len(), 2], &weights).unwrap();
            (convolution.bias, convolution.positive) = (bias.clone(), positive);
            let defined = |place: [usize; 4]| {
                let value = defined(&window, &weights, &bias, &input, &[0, 1], place);
                if positive { value.max(0.0) } else { value }
            };
            hold(convolution.run(&[input.view()], &mut used()), &input, &window, bias.len(), defined)?;
        }
    }

    proptest! {
        #[test]
        fn a_product_is_the_convolution_of_the_definition_with_what_follows_it(
            (inputs, outputs) in (1_usize..400, 1_usize..30),
            size in [1_usize..4, 1_usize..200],
            seed in any::<u16>(),
            then in prop::sample::select(&[Then::Stay, Then::Positive, Then::Gelu][..]),
            adds in any::<bool>(),
        ) {
            let noise = |count: usize, of: u16| -> Vec<f32> {
                let values = (0..=u16::MAX).cycle().skip(usize::from(seed.wrapping_mul(of)));
                values.take(count).map(|value| f32::from(value.wrapping_mul(40_503)) / 65_536.0 - 0.5).collect()
            };
            let window = Window { kernel: [1, 1], strides: [1, 1], pads: [0; 4] };
            let (weights, bias) = (noise(inputs * outputs, 3), noise(outputs, 5));
            let [height, width] = size;
            let input = NdTensor::from_data([2, inputs, height, width], noise(2 * inputs * height * width, 7));
            let shape = [2, outputs, height, width];
            let added = adds.then(|| NdTensor::from_data(shape, noise(shape.iter().product(), 11)));
            let mut product = Pointwise::new([outputs, inputs], &weights).unwrap();
            (product.bias, product.then) = (bias.clone(), then);
            let all: Vec<usize> = (0..inputs).collect();
            let defined = |place: [usize; 4]| {
                let value = defined(&window, &weights, &bias, &input, &all, place);
                let value = match then {
                    Then::Stay => value,
                    Then::Positive => value.max(0.0),
                    Then::Gelu => {
                        let mut value = [value];
                        Gelu {}.map_mut(&mut value);
                        value[0]
                    }
                };
                value + added.as_ref().map_or(0.0, |added| added[place])
            };
            let made = product.run(input.view(), added.as_ref().map(NdTensor::view), &mut used());
            hold(made, &input, &window, outputs, defined)?;
        }
    }

    /// Memory with other values in it.
    fn used() -> Spare {
        let mut spare = Spare::default();
        spare.keep(vec![f32::NAN; 1 << 20]);
        spare
    }

    #[test]
    fn an_input_of_other_channels_is_refused() {
        let window = Window { kernel: [1, 1], strides: [1, 1], pads: [0; 4] };
        let depthwise = Depthwise { window, weights: vec![1.0; 2], bias: vec![0.0; 2] };
        let dense = Dense::new(window, [6, 2], &[1.0; 12]).unwrap();
        let [right, wrong] = [2, 3].map(|channels| NdTensor::zeros([1, channels, 3, 3]));
        let pointwise = Pointwise::new([6, 2], &[1.0; 12]).unwrap();
        let spare = &mut Spare::default();
        assert!(depthwise.run(right.view(), spare).is_some() && depthwise.run(wrong.view(), spare).is_none());
        assert!(dense.run(&[right.view()], spare).is_some() && dense.run(&[wrong.view()], spare).is_none());
        assert!(
            pointwise.run(right.view(), None, spare).is_some() && pointwise.run(wrong.view(), None, spare).is_none()
        );
        assert!(pointwise.run(right.view(), Some(right.view()), spare).is_none());
    }

    #[test]
    fn the_largest_of_four_ends_with_the_last_row_and_column() {
        let input = NdTensor::from([[1.0, 9.0, 2.0], [3.0, 4.0, 8.0]]).into_shape([1, 1, 2, 3]);
        assert_eq!(
            all_largest_of_four(input.view(), &mut used()).data(),
            Some([9.0, 9.0, 8.0, 4.0, 8.0, 8.0].as_slice())
        );
    }

    #[test]
    fn values_are_repeated_below_and_beside_themselves() {
        let input = NdTensor::from([[1.0, 2.0], [3.0, 4.0]]).into_shape([1, 2, 1, 2]);
        let output = repeated(input.view(), [2, 3], &mut used());
        assert_eq!(output.shape(), [1, 2, 2, 6]);
        let rows: Vec<&[f32]> = output.data().unwrap().chunks(6).collect();
        assert_eq!(
            rows,
            [
                [1.0, 1.0, 1.0, 2.0, 2.0, 2.0],
                [1.0, 1.0, 1.0, 2.0, 2.0, 2.0],
                [3.0, 3.0, 3.0, 4.0, 4.0, 4.0],
                [3.0, 3.0, 3.0, 4.0, 4.0, 4.0]
            ]
        );
    }
}
