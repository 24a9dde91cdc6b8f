//! What a model writes in five operators.

use std::f32::consts::SQRT_2;

use rten_onnx::onnx::{GraphProto, NodeProto};

use super::number;

/// The operators that together multiply each value by the share of a normal distribution that is below it: the value times
/// one and the error function of its √2nd part, halved. The last of them makes the result.
pub(crate) fn gelu(nodes: &[Option<NodeProto>], graph: &GraphProto, value: &str) -> Option<[usize; 5]> {
    let users = |value: &str| {
        let uses =
            |node: &Option<NodeProto>| node.as_ref().is_some_and(|node| node.input.iter().any(|input| input == value));
        (0..nodes.len()).filter(|number| uses(&nodes[*number])).collect::<Vec<_>>()
    };
    let is = |number: usize, operator: &str| nodes[number].as_ref()?.op_type.as_deref().filter(|own| *own == operator);
    let made_by = |number: usize| nodes[number].as_ref()?.output.first();
    // The one user, which is this operator, and whose other input is this number.
    let by = |value: &str, operator: &str, with: Option<f32>| {
        let [user] = *users(value).as_slice() else { return None };
        is(user, operator)?;
        let other = nodes[user].as_ref()?.input.iter().find(|input| *input != value);
        let is_with =
            |with: f32| other.and_then(|other| number(graph, other)).is_some_and(|own| (own - with).abs() < 1e-6);
        with.is_none_or(is_with).then_some(user)
    };
    let [one, other] = *users(value).as_slice() else { return None };
    let (part, product) = if is(one, "Div").is_some() { (one, other) } else { (other, one) };
    is(part, "Div")?;
    let divisor = nodes[part].as_ref()?.input.get(1)?;
    (number(graph, divisor).is_some_and(|divisor| (divisor - SQRT_2).abs() < 1e-6)).then_some(())?;
    let error = by(made_by(part)?, "Erf", None)?;
    let sum = by(made_by(error)?, "Add", Some(1.0))?;
    (by(made_by(sum)?, "Mul", None)? == product).then_some(())?;
    let half = by(made_by(product)?, "Mul", Some(0.5))?;
    Some([part, error, sum, product, half])
}
