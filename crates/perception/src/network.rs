//! Running a model: what `rten` is slow at is done here in between.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::error::Error;

use rten::{Model, ModelOptions, NodeId, OpRegistry, RunError, RunOptions, Value, ValueOrView};
use rten_onnx::onnx::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use rten_tensor::{NdTensor, NdTensorView, Tensor};

use crate::operators::{self, Operator, Spare};
use crate::{PerceptionError, weights};

/// A model with one input and one output, cut where an operator of ours stands.
pub(crate) struct Network {
    file: &'static str,
    model: Model,
    parts: Vec<Part<NodeId>>,
    input: NodeId,
    output: NodeId,
}

/// A constant of a model.
pub(crate) struct Constant {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl Constant {
    fn of(tensor: &TensorProto) -> Option<Self> {
        let shape = tensor.dims.iter().map(|length| usize::try_from(*length).ok()).collect::<Option<_>>()?;
        Some(Self { shape, values: operators::values(tensor)? })
    }
}

/// What `rten` computes at a stretch, and what follows it.
struct Part<Id> {
    takes: Vec<Taken<Id>>,
    makes: Vec<Id>,
    then: Option<Ours<Id>>,
}

/// A value that was computed before.
struct Taken<Id> {
    value: Id,
    /// Whether nothing needs it later.
    last: bool,
}

/// An operator of ours.
struct Ours<Id> {
    /// Its inputs, or its input and what is added to what it makes.
    takes: Vec<Taken<Id>>,
    makes: Id,
    operator: Operator,
}

impl Network {
    /// Loads a model that needs no other operators than these. Operators that its output ends with may be left out, the
    /// last one first; their constants are handed out.
    pub(crate) fn load(
        file: &'static str,
        mut stored: ModelProto,
        operators: OpRegistry,
        left_out: &[&str],
    ) -> Result<(Self, Vec<Constant>), Box<dyn Error>> {
        let graph = stored.graph.as_mut().ok_or("it has no graph")?;
        bypass_identities(graph);
        let mut constants = Vec::new();
        for operator in left_out {
            constants.extend(leave_out(graph, operator).ok_or_else(|| format!("it does not end with {operator}"))?);
        }
        let name = |ends: &[ValueInfoProto]| match ends {
            [only] => only.name.clone().ok_or("its ends have no names"),
            _ => Err("it is another model than the expected one"),
        };
        let (input, output) = (name(&graph.input)?, name(&graph.output)?);
        let parts = cut(graph, &input, &output);
        let used: HashSet<&String> = graph.node.iter().flat_map(|node| &node.input).collect();
        graph.initializer.retain(|constant| constant.name.as_ref().is_some_and(|name| used.contains(name)));
        let model = ModelOptions::with_ops(operators).load(stored.write_buf()?)?;
        let parts = parts.into_iter().map(|part| part.identified(&model)).collect::<Result<_, _>>()?;
        Ok((Self { file, parts, input: model.node_id(&input)?, output: model.node_id(&output)?, model }, constants))
    }

    pub(crate) fn metadata(&self, key: &str) -> Option<&str> {
        self.model.metadata().get(key)
    }

    /// What the model makes of an input.
    pub(crate) fn run<const AXES: usize>(
        &self,
        input: NdTensor<f32, 4>,
        options: &RunOptions,
    ) -> Result<NdTensor<f32, AXES>, PerceptionError> {
        let mut held = HashMap::from([(self.input, Value::from(input))]);
        let mut spare = Spare::default();
        for Part { takes, makes, then } in &self.parts {
            if !makes.is_empty() {
                let inputs = inputs(&mut held, takes);
                let made = self.model.run(inputs, makes, Some(options.clone()))?;
                held.extend(makes.iter().copied().zip(made));
            }
            if let Some(Ours { takes, makes, operator }) = then {
                let views = takes.iter().map(|taken| NdTensorView::try_from(held.get(&taken.value)?).ok());
                let made = views.collect::<Option<Vec<_>>>().and_then(|inputs| operator.run(&inputs, &mut spare));
                let made = made.ok_or_else(|| weights::unexpected(self.file))?;
                let last = takes.iter().filter(|taken| taken.last);
                for value in last.filter_map(|taken| held.remove(&taken.value)) {
                    if let Ok(values) = Tensor::<f32>::try_from(value) {
                        spare.keep(values.into_data());
                    }
                }
                held.insert(*makes, made.into());
            }
        }
        let output = held.remove(&self.output).and_then(|output| output.try_into().ok());
        output.ok_or_else(|| weights::unexpected(self.file))
    }
}

/// What a stretch takes: what nothing needs later, it may work in.
fn inputs<'a>(held: &'a mut HashMap<NodeId, Value>, takes: &[Taken<NodeId>]) -> Vec<(NodeId, ValueOrView<'a>)> {
    let last = takes.iter().filter(|taken| taken.last);
    let mut inputs: Vec<(NodeId, ValueOrView)> =
        last.filter_map(|taken| held.remove_entry(&taken.value)).map(|(id, value)| (id, value.into())).collect();
    let kept = takes.iter().filter(|taken| !taken.last);
    inputs.extend(
        kept.filter_map(|taken| held.get_key_value(&taken.value)).map(|(id, value)| (*id, value.as_view().into())),
    );
    inputs
}

impl Part<String> {
    fn identified(self, model: &Model) -> Result<Part<NodeId>, RunError> {
        let taken = |taken: Taken<String>| -> Result<_, RunError> {
            Ok(Taken { value: model.node_id(&taken.value)?, last: taken.last })
        };
        let ours = |ours: Ours<String>| -> Result<_, RunError> {
            let makes = model.node_id(&ours.makes)?;
            Ok(Ours {
                takes: ours.takes.into_iter().map(taken).collect::<Result<_, _>>()?,
                makes,
                operator: ours.operator,
            })
        };
        Ok(Part {
            takes: self.takes.into_iter().map(taken).collect::<Result<_, _>>()?,
            makes: self.makes.iter().map(|value| model.node_id(value)).collect::<Result<_, _>>()?,
            then: self.then.map(ours).transpose()?,
        })
    }
}

/// Takes the operators that are ours out of a graph. What is computed before one and needed after it becomes an output of
/// the graph, so that it keeps its name.
fn cut(graph: &mut GraphProto, input: &str, output: &str) -> Vec<Part<String>> {
    let (stretches, mut ours) = without_ours(graph, input);

    // A stretch and the operator that follows it are two moments each.
    let mut last_used = HashMap::from([(output.to_owned(), usize::MAX)]);
    let mut use_at = |value: &str, moment: usize| {
        let last = last_used.entry(value.to_owned()).or_default();
        *last = moment.max(*last);
    };
    for (number, nodes) in stretches.iter().enumerate() {
        nodes.iter().flat_map(|node| &node.input).for_each(|value| use_at(value, 2 * number));
        ours.get(number).iter().flat_map(|ours| &ours.takes).for_each(|taken| use_at(&taken.value, 2 * number + 1));
    }
    let is_last = |value: &str, moment: usize| last_used.get(value).is_none_or(|last| *last <= moment);
    for (number, ours) in ours.iter_mut().enumerate() {
        ours.takes.iter_mut().for_each(|taken| taken.last = is_last(&taken.value, 2 * number + 1));
    }
    let end = |name: &String| ValueInfoProto { name: Some(name.clone()), ..ValueInfoProto::default() };
    graph.input.extend(ours.iter().map(|ours| end(&ours.makes)));

    let mut made = HashSet::from([input.to_owned()]);
    let mut ours = ours.into_iter();
    let part = |(number, nodes): (usize, &Vec<NodeProto>)| {
        let needed: BTreeSet<&String> =
            nodes.iter().flat_map(|node| &node.input).filter(|value| made.contains(*value)).collect();
        let takes = needed.into_iter().map(|value| Taken { value: value.clone(), last: is_last(value, 2 * number) });
        let takes = takes.collect();
        let makes = nodes.iter().flat_map(|node| &node.output);
        made.extend(makes.clone().cloned());
        let makes = makes.filter(|value| !is_last(value, 2 * number)).cloned().collect();
        let then = ours.next();
        made.extend(then.iter().map(|ours| ours.makes.clone()));
        Part { takes, makes, then }
    };
    let parts: Vec<_> = stretches.iter().enumerate().map(part).collect();
    graph.output.extend(parts.iter().flat_map(|part| &part.makes).filter(|value| *value != output).map(end));
    graph.node = stretches.into_iter().flatten().collect();
    parts
}

/// Has a graph end with what its last operator works on, where that is this one. Its constants are handed out.
fn leave_out(graph: &mut GraphProto, operator: &str) -> Option<Vec<Constant>> {
    let ([output], Some(last)) = (graph.output.as_mut_slice(), graph.node.pop()) else { return None };
    let is_it = last.op_type.as_deref() == Some(operator) && last.output.first() == output.name.as_ref();
    let inputs = last.input.into_iter().filter(|input| is_it && !input.is_empty());
    let (constants, others): (Vec<_>, Vec<_>) = inputs.partition(|input| operators::constant(graph, input).is_some());
    let [input] = <[String; 1]>::try_from(others).ok()?;
    graph.output[0].name = Some(input);
    constants.iter().map(|constant| Constant::of(operators::constant(graph, constant)?)).collect()
}

/// Has what an operator that changes nothing is asked for read from where that reads it.
fn bypass_identities(graph: &mut GraphProto) {
    let is_end = |value: &String| graph.output.iter().any(|end| end.name.as_ref() == Some(value));
    let mut origins: HashMap<String, String> = HashMap::new();
    graph.node.retain_mut(|node| {
        for value in &mut node.input {
            if let Some(origin) = origins.get(value) {
                value.clone_from(origin);
            }
        }
        match (node.op_type.as_deref(), node.input.as_slice(), node.output.as_slice()) {
            (Some("Identity"), [from], [to]) if !is_end(to) => {
                origins.insert(to.clone(), from.clone());
                false
            }
            _ => true,
        }
    });
}

/// The nodes of a graph in stretches, between two of which one of ours is left out.
fn without_ours(graph: &mut GraphProto, input: &str) -> (Vec<Vec<NodeProto>>, Vec<Ours<String>>) {
    let mut nodes: Vec<Option<NodeProto>> = std::mem::take(&mut graph.node).into_iter().map(Some).collect();
    let (mut stretches, mut ours) = (vec![Vec::new()], Vec::new());
    let mut made = HashSet::from([input.to_owned()]);
    let mut averages = HashSet::new();
    for number in 0..nodes.len() {
        let Some(node) = nodes[number].take() else { continue };
        if is_of_averages(&node, &averages, graph) {
            averages.extend(node.output.clone());
        } else if let (Some(operator), [from, ..], [to]) =
            (Operator::of(&node, graph), node.input.as_slice(), node.output.as_slice())
        {
            let from = Taken { value: from.clone(), last: false };
            let mut our = Ours { takes: vec![from], makes: to.clone(), operator };
            while let Some(taken_in) = our.take_in(&nodes, &made, graph) {
                for number in taken_in {
                    nodes[number] = None;
                }
            }
            our.take_in_inputs(&nodes, &mut stretches, &mut ours);
            made.insert(our.makes.clone());
            ours.push(our);
            stretches.push(Vec::new());
            continue;
        }
        made.extend(node.output.iter().cloned());
        if let Some(stretch) = stretches.last_mut() {
            stretch.push(node);
        }
    }
    (stretches, ours)
}

/// Whether a node works with averages of whole channels alone: `rten` is as fast with as few values.
fn is_of_averages(node: &NodeProto, averages: &HashSet<String>, graph: &GraphProto) -> bool {
    let is_constant = |name: &String| graph.initializer.iter().any(|constant| constant.name.as_ref() == Some(name));
    let mut inputs = node.input.iter().filter(|input| !is_constant(input)).peekable();
    matches!(node.op_type.as_deref(), Some("ReduceMean" | "GlobalAveragePool"))
        || inputs.peek().is_some() && inputs.all(|input| averages.contains(input))
}

impl Ours<String> {
    /// Has channels that stand behind one another for this alone be read from where each of them is made, and the largest of
    /// four be looked for while they are read.
    fn take_in_inputs(
        &mut self,
        nodes: &[Option<NodeProto>],
        stretches: &mut Vec<Vec<NodeProto>>,
        ours: &mut Vec<Self>,
    ) {
        let ([taken], Some(stretch)) = (self.takes.as_slice(), stretches.last()) else { return };
        let Some(place) = stretch.iter().position(|node| node.output.first() == Some(&taken.value)) else { return };
        let is_used = |value: &String, stretches: &[Vec<NodeProto>], ours: &[Self]| {
            let mut left = nodes.iter().flatten().chain(stretches.iter().flatten());
            let mut taken = ours.iter().flat_map(|ours| &ours.takes);
            left.any(|node| node.input.contains(value)) || taken.any(|taken| taken.value == *value)
        };
        let is_for_this = operators::is_of_channels(&stretch[place]) && !is_used(&taken.value, stretches, ours);
        if !is_for_this || !self.operator.take_in_inputs(Vec::new()) {
            return;
        }
        let last = stretches.len() - 1;
        let mut inputs = stretches[last].remove(place).input;
        let mut largest_of_four = Vec::new();
        for input in &mut inputs {
            let largest =
                ours.iter().position(|ours| ours.makes == *input && matches!(ours.operator, Operator::LargestOfFour));
            let largest = largest.filter(|_| !is_used(input, stretches, ours));
            if let Some(number) = largest {
                let of = ours.remove(number).takes.swap_remove(0);
                *input = of.value;
                // What was computed after it is computed before what followed that.
                let after = stretches.remove(number + 1);
                stretches[number].extend(after);
            }
            largest_of_four.push(largest.is_some());
        }
        self.operator.take_in_inputs(largest_of_four);
        self.takes = inputs.into_iter().map(|value| Taken { value, last: false }).collect();
    }

    /// Takes in what follows and can be done here, and is to be left out.
    fn take_in(
        &mut self,
        nodes: &[Option<NodeProto>],
        made: &HashSet<String>,
        graph: &GraphProto,
    ) -> Option<Vec<usize>> {
        if self.takes.len() > 1 {
            return None;
        }
        if let Some(gelu) = operators::gelu(nodes, graph, &self.makes) {
            let makes = nodes[gelu[4]].as_ref()?.output.first()?;
            self.operator.take_in_gelu().then_some(())?;
            self.makes.clone_from(makes);
            return Some(gelu.to_vec());
        }
        let is_user = |number: &usize| nodes[*number].as_ref().is_some_and(|node| node.input.contains(&self.makes));
        let mut users = (0..nodes.len()).filter(is_user);
        let (Some(number), None) = (users.next(), users.next()) else { return None };
        let user = nodes[number].as_ref()?;
        if let Some(makes) = self.operator.take_in(user, &self.makes, graph) {
            self.makes.clone_from(makes);
        } else {
            let other = user.input.iter().find(|value| **value != self.makes)?;
            let is_sum = user.op_type.as_deref() == Some("Add") && made.contains(other) && self.operator.can_add();
            is_sum.then_some(())?;
            self.takes.push(Taken { value: other.clone(), last: false });
            self.makes.clone_from(user.output.first()?);
        }
        Some(vec![number])
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use rten::op_types as op;
    use rten_onnx::onnx::{AttributeProto, AttributeType, DataType, OperatorSetIdProto, TensorProto};
    use rten_tensor::prelude::*;

    use super::*;

    fn noise(count: usize) -> Vec<f32> {
        (1_u16..).map(|n| f32::from(n).sin()).take(count).collect()
    }

    fn tensor(name: &str, dims: &[i64]) -> TensorProto {
        let count = usize::try_from(dims.iter().product::<i64>()).unwrap();
        TensorProto {
            name: Some(name.to_owned()),
            dims: dims.to_vec(),
            data_type: Some(DataType::FLOAT),
            raw_data: Some(RefCell::new(noise(count).iter().flat_map(|value| value.to_le_bytes()).collect())),
            ..TensorProto::default()
        }
    }

    fn node(operator: &str, input: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
        NodeProto {
            op_type: Some(operator.to_owned()),
            name: Some(output.to_owned()),
            input: input.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute: attributes,
            ..NodeProto::default()
        }
    }

    fn integers(name: &str, ints: &[i64]) -> AttributeProto {
        let (name, r#type) = (Some(name.to_owned()), Some(AttributeType::INTS));
        AttributeProto { name, ints: ints.to_vec(), r#type, ..AttributeProto::default() }
    }

    fn word(name: &str, word: &str) -> AttributeProto {
        let (name, r#type) = (Some(name.to_owned()), Some(AttributeType::STRING));
        AttributeProto { name, s: Some(word.to_owned()), r#type, ..AttributeProto::default() }
    }

    fn convolution(input: &str, weights: &str, output: &str, groups: i64, edge: AttributeProto) -> NodeProto {
        let (name, r#type) = (Some("group".to_owned()), Some(AttributeType::INT));
        let group = AttributeProto { name, i: Some(groups), r#type, ..AttributeProto::default() };
        let attributes = vec![group, integers("dilations", &[1, 1]), integers("strides", &[1, 1]), edge];
        node("Conv", &[input, weights], output, attributes)
    }

    fn number(name: &str, number: f32) -> TensorProto {
        let raw_data = Some(RefCell::new(number.to_le_bytes().to_vec()));
        TensorProto { dims: Vec::new(), raw_data, ..tensor(name, &[1]) }
    }

    /// A model with each operator that is ours. What the first makes, its bias added, is needed after the second, too.
    fn stored(more: Option<NodeProto>) -> ModelProto {
        let end = |name: &str| ValueInfoProto { name: Some(name.to_owned()), ..ValueInfoProto::default() };
        let padded = || integers("pads", &[1, 1, 1, 1]);
        let same = || word("auto_pad", "SAME_UPPER");
        let nearest = vec![
            word("mode", "nearest"),
            word("coordinate_transformation_mode", "asymmetric"),
            word("nearest_mode", "floor"),
        ];
        let largest = vec![integers("kernel_shape", &[2, 2]), integers("strides", &[1, 1]), same()];
        let largest_too = largest.clone();
        let (name, r#type) = (Some("axis".to_owned()), Some(AttributeType::INT));
        let axis = AttributeProto { name, i: Some(1), r#type, ..AttributeProto::default() };
        let nodes = [
            node("Identity", &["x"], "same", vec![]),
            convolution("same", "weights", "first", 2, padded()),
            node("Add", &["first", "bias"], "biased", vec![]),
            node("Identity", &["biased"], "biased too", vec![]),
            node("Relu", &["biased too"], "positive", vec![]),
            convolution("positive", "weights", "second", 2, padded()),
            node("Add", &["second", "biased"], "sum", vec![]),
            convolution("sum", "more weights", "third", 1, same()),
            node("Relu", &["third"], "third positive", vec![]),
            node("MaxPool", &["third positive"], "largest", largest),
            node("MaxPool", &["third positive"], "largest too", largest_too),
            node("Concat", &["third positive", "largest too", "biased"], "behind", vec![axis]),
            convolution("behind", "many weights", "fourth", 1, padded()),
            node("Relu", &["fourth"], "fourth positive", vec![]),
            convolution("largest", "wide weights", "wide", 1, integers("pads", &[0; 4])),
            node("Add", &["wide", "wide bias"], "wide biased", vec![]),
            node("Div", &["wide biased", "root of two"], "part", vec![]),
            node("Erf", &["part"], "error", vec![]),
            node("Add", &["error", "one"], "raised", vec![]),
            node("Mul", &["wide biased", "raised"], "twice", vec![]),
            node("Mul", &["twice", "half"], "gelu", vec![]),
            convolution("gelu", "narrow weights", "narrow", 1, integers("pads", &[0; 4])),
            node("Add", &["fourth positive", "narrow"], "both", vec![]),
            node("GlobalAveragePool", &["both"], "average", vec![]),
            convolution("average", "square weights", "share", 1, integers("pads", &[0; 4])),
            node("Mul", &["both", "share"], "weighed", vec![]),
            node("Resize", &["weighed", "", "scales"], "enlarged", nearest),
            node("Sigmoid", &["enlarged"], "y", vec![]),
        ];
        let scales = TensorProto {
            raw_data: Some(RefCell::new(
                [1.0_f32, 1.0, 2.0, 3.0].iter().flat_map(|scale| scale.to_le_bytes()).collect(),
            )),
            ..tensor("scales", &[4])
        };
        let initializer = vec![
            tensor("weights", &[2, 1, 3, 3]),
            tensor("bias", &[1, 2, 1, 1]),
            tensor("more weights", &[6, 2, 2, 2]),
            tensor("many weights", &[6, 14, 3, 3]),
            tensor("wide weights", &[13, 6, 1, 1]),
            tensor("wide bias", &[1, 13, 1, 1]),
            number("root of two", std::f32::consts::SQRT_2),
            number("one", 1.0),
            number("half", 0.5),
            tensor("narrow weights", &[6, 13, 1, 1]),
            tensor("square weights", &[6, 6, 1, 1]),
            scales,
        ];
        let (input, output) = (vec![end("x")], vec![end("y")]);
        let node = nodes.into_iter().chain(more).collect();
        let graph = GraphProto { node, initializer, input, output, value_info: Vec::new() };
        let opset_import = vec![OperatorSetIdProto { version: Some(11), ..OperatorSetIdProto::default() }];
        ModelProto { ir_version: Some(7), graph: Some(graph), opset_import, ..ModelProto::default() }
    }

    fn operators() -> OpRegistry {
        OpRegistry::with_ops(&[
            &op::Add,
            &op::Concat,
            &op::Conv,
            &op::Div,
            &op::Erf,
            &op::GlobalAveragePool,
            &op::Identity,
            &op::MaxPool,
            &op::Mul,
            &op::Relu,
            &op::Resize,
            &op::Sigmoid,
        ])
    }

    #[test]
    fn a_cut_model_makes_what_the_whole_one_makes() {
        let input = NdTensor::from_data([1, 2, 5, 40], noise(400));
        // Whoever else needs what a convolution makes needs it without the bias.
        for more in [None, Some(node("Relu", &["first"], "aside", vec![]))] {
            let (parts, _) = Network::load("model", stored(more.clone()), operators(), &[]).unwrap();
            assert_eq!(parts.parts.len(), 9);
            let whole = ModelOptions::with_ops(operators()).load(stored(more).write_buf().unwrap()).unwrap();
            let expected: NdTensor<f32, 4> = whole.run_one(input.view().into(), None).unwrap().try_into().unwrap();
            let made: NdTensor<f32, 4> = parts.run(input.clone(), &RunOptions::default()).unwrap();
            assert_eq!(made.shape(), expected.shape());
            for (made, expected) in made.iter().zip(expected.iter()) {
                assert!((made - expected).abs() < 1e-4, "{made} is not {expected}");
            }
        }
    }

    #[test]
    fn a_model_with_other_ends_is_refused() {
        let mut endless = stored(None);
        endless.graph.as_mut().unwrap().output.clear();
        assert!(Network::load("model", endless, operators(), &[]).is_err());
        assert!(Network::load("model", stored(None), operators(), &["Softmax"]).is_err());
        assert!(Network::load("model", stored(None), operators(), &["Sigmoid", "Sigmoid"]).is_err());
    }

    #[test]
    fn constants_of_what_is_left_out_are_handed_out() {
        let (_, constants) = Network::load("model", stored(None), operators(), &["Sigmoid", "Resize"]).unwrap();
        let [scales] = constants.as_slice() else { panic!("{}", constants.len()) };
        assert_eq!(
            (scales.shape.as_slice(), scales.values.as_slice()),
            ([4].as_slice(), [1.0, 1.0, 2.0, 3.0].as_slice())
        );
    }
}
