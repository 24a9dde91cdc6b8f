//! What an expression refers to, and whether it is there.

use std::collections::BTreeSet;

use super::{Expr, Kind, SyntaxError};

/// The functions of `JSONata` 2.0.6, but `$eval`, and those that Step Functions adds.
const FUNCTIONS: [&str; 70] = [
    "abs",
    "append",
    "assert",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "clone",
    "contains",
    "count",
    "decodeUrl",
    "decodeUrlComponent",
    "distinct",
    "each",
    "encodeUrl",
    "encodeUrlComponent",
    "error",
    "exists",
    "filter",
    "floor",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "hash",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "map",
    "match",
    "max",
    "merge",
    "millis",
    "min",
    "not",
    "now",
    "number",
    "pad",
    "parse",
    "parseInteger",
    "partition",
    "power",
    "random",
    "range",
    "reduce",
    "replace",
    "reverse",
    "round",
    "shuffle",
    "sift",
    "single",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringAfter",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "uuid",
    "zip",
    "states",
];

/// Where in a state an expression stands, which decides what `$states` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Place {
    /// Before anything was done.
    Before,
    /// After a task, the branches or the items succeeded.
    AfterSuccess,
    /// In a catcher.
    AfterError,
}

/// What is wrong with the names that an expression refers to, when the states assign these variables.
pub(in super::super) fn problems(expr: &Expr, place: Place, assigned: &BTreeSet<String>) -> Vec<SyntaxError> {
    let mut own = BTreeSet::new();
    own_variables(expr, &mut own);
    let mut walk = Walk { place, assigned, own, problems: Vec::new() };
    walk.look(expr, false);
    walk.problems
}

/// The variables that an expression gives a value to itself. Where they hold is not looked at.
fn own_variables(expr: &Expr, own: &mut BTreeSet<String>) {
    match &expr.kind {
        Kind::Bind(name, _) | Kind::Named(_, name) => {
            own.insert(name.clone());
        }
        Kind::Function(parameters, _) => own.extend(parameters.iter().cloned()),
        _ => {}
    }
    for part in parts(expr) {
        own_variables(part, own);
    }
}

/// The expressions that one is made of.
fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        Kind::Name(_)
        | Kind::Variable(_)
        | Kind::Text(_)
        | Kind::Number
        | Kind::Boolean
        | Kind::Null
        | Kind::Regex
        | Kind::Wildcard
        | Kind::Open => Vec::new(),
        Kind::Path(left, right) | Kind::Filter(left, right) | Kind::Binary(_, left, right) => vec![left, right],
        Kind::KeepArray(inner) | Kind::Bind(_, inner) | Kind::Named(inner, _) | Kind::Negated(inner) => vec![inner],
        Kind::Function(_, body) => vec![body],
        Kind::Array(items) | Kind::Block(items) => items.iter().collect(),
        Kind::Object(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        Kind::Group(left, pairs) => {
            std::iter::once(&**left).chain(pairs.iter().flat_map(|(key, value)| [key, value])).collect()
        }
        Kind::Sort(left, others) | Kind::Call(left, others) => std::iter::once(&**left).chain(others).collect(),
        Kind::Condition(first, second, third) | Kind::Transform(first, second, third) => {
            [Some(first), Some(second), third.as_ref()].into_iter().flatten().map(|part| &**part).collect()
        }
    }
}

struct Walk<'a> {
    place: Place,
    assigned: &'a BTreeSet<String>,
    own: BTreeSet<String>,
    problems: Vec<SyntaxError>,
}

impl Walk<'_> {
    /// Looks at an expression; `within` says whether there is a value that a bare field name is looked up in.
    fn look(&mut self, expr: &Expr, within: bool) {
        match &expr.kind {
            Kind::Name(name) if !within => {
                self.report(expr, format!("`{name}` is a field of nothing: begin with `$states` or a variable"));
            }
            Kind::Variable(name) => self.variable(expr, name, within),
            Kind::Path(left, right) => {
                if let (Kind::Variable(name), Some((field, at))) = (&left.kind, first_field(right))
                    && name == "states"
                {
                    self.field_of_states(field, at);
                }
                self.look(left, within);
                self.look(right, true);
            }
            Kind::Filter(left, right) => {
                self.look(left, within);
                self.look(right, true);
            }
            Kind::Group(left, _) | Kind::Sort(left, _) => {
                self.look(left, within);
                for part in parts(expr).into_iter().skip(1) {
                    self.look(part, true);
                }
            }
            // What a function is called for, and so what it looks at, is not known here.
            Kind::Function(..) | Kind::Transform(..) => {
                for part in parts(expr) {
                    self.look(part, true);
                }
            }
            Kind::Call(procedure, arguments) => {
                match &procedure.kind {
                    Kind::Variable(name) => self.function(procedure, name),
                    Kind::Name(name) if FUNCTIONS.contains(&name.as_str()) => {
                        self.report(procedure, format!("`{name}` is a field, and no function: write `${name}(…)`"));
                    }
                    _ => self.look(procedure, within),
                }
                for argument in arguments {
                    self.look(argument, within);
                }
            }
            _ => {
                for part in parts(expr) {
                    self.look(part, within);
                }
            }
        }
    }

    fn variable(&mut self, expr: &Expr, name: &str, within: bool) {
        match name {
            "" | "$" if !within => {
                let message = format!("`${name}` means nothing here: begin with `$states` or a variable");
                self.report(expr, message);
            }
            "" | "$" => {}
            "eval" => self.no_eval(expr),
            _ if self.is_known(name) => {}
            _ => self.report(expr, format!("no state assigns `${name}`")),
        }
    }

    fn function(&mut self, expr: &Expr, name: &str) {
        match name {
            "eval" => self.no_eval(expr),
            // A state's variable holds JSON, never a function.
            _ if FUNCTIONS.contains(&name) || self.own.contains(name) || name.is_empty() => {}
            _ => self.report(expr, format!("there is no function `${name}`")),
        }
    }

    fn is_known(&self, name: &str) -> bool {
        FUNCTIONS.contains(&name) || self.own.contains(name) || self.assigned.contains(name)
    }

    fn field_of_states(&mut self, field: &str, at: usize) {
        let message = match (field, self.place) {
            ("input" | "context", _) | ("result", Place::AfterSuccess) | ("errorOutput", Place::AfterError) => return,
            ("result", _) => {
                "`$states.result` is there in `Output` and `Assign` of a Task, Parallel or Map state alone".into()
            }
            ("errorOutput", _) => "`$states.errorOutput` is there in `Output` and `Assign` of a catcher alone".into(),
            _ => format!("`$states` has no `{field}`, but `input`, `context`, `result` and `errorOutput`"),
        };
        self.problems.push(SyntaxError { at, message });
    }

    fn no_eval(&mut self, expr: &Expr) {
        self.report(expr, "Step Functions has no `$eval`: `$parse` reads JSON".into());
    }

    fn report(&mut self, expr: &Expr, message: String) {
        self.problems.push(SyntaxError { at: expr.at, message });
    }
}

/// The field that a step of a path names.
fn first_field(step: &Expr) -> Option<(&str, usize)> {
    match &step.kind {
        Kind::Name(name) | Kind::Text(name) => Some((name, step.at)),
        Kind::Filter(left, _) | Kind::KeepArray(left) | Kind::Group(left, _) | Kind::Named(left, _) => {
            first_field(left)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn found(text: &str, place: Place) -> Vec<String> {
        let assigned = BTreeSet::from(["event".to_owned()]);
        problems(&parse(text).unwrap(), place, &assigned).into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn what_is_there_can_be_referred_to() {
        for text in [
            "$states.input.a[b = $event.c].d",
            "$states.context.Execution.Name",
            "$event ~> |$|{'a': b}|",
            "$map($states.input.items, function($item, $at) { $item.name & $at & field })",
            "($f := function($x) { $x + 1 }; $f(2))",
            "$event.items@$item.parts@$part[$part.id = $item.id].{'a': $, 'b': $$}",
            "$event.items#$at.{'at': $at}",
            "$event{kind: $sum(size)}^(>size)",
            "$sum ~> $string",
            "$hash('a', 'SHA-256') & $uuid() & $string($partition([1..4], 2)) & $string($range(1, 2, 1))",
            "$event.($x := a; $x & b)",
            "$lookup($states, 'input')",
        ] {
            assert_eq!(found(text, Place::Before), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (text, message) in [
            ("detail.name", "`detail` is a field of nothing: begin with `$states` or a variable"),
            ("$string(detail)", "`detail` is a field of nothing: begin with `$states` or a variable"),
            ("{'a': b}", "`b` is a field of nothing: begin with `$states` or a variable"),
            ("$.detail", "`$` means nothing here: begin with `$states` or a variable"),
            ("$$.detail", "`$$` means nothing here: begin with `$states` or a variable"),
            ("$evnt.a", "no state assigns `$evnt`"),
            ("$upper('a')", "there is no function `$upper`"),
            ("$event('a')", "there is no function `$event`"),
            ("string($event)", "`string` is a field, and no function: write `$string(…)`"),
            ("$eval('1')", "Step Functions has no `$eval`: `$parse` reads JSON"),
            ("['1'] ~> $map($eval)", "Step Functions has no `$eval`: `$parse` reads JSON"),
            ("$states.inputs.a", "`$states` has no `inputs`, but `input`, `context`, `result` and `errorOutput`"),
        ] {
            assert_eq!(found(text, Place::Before), [message], "{text}");
        }
    }

    #[test]
    fn results_and_errors_are_there_in_their_places_alone() {
        for (text, place) in
            [("$states.result.Payload", Place::AfterSuccess), ("$states.errorOutput[0].Cause", Place::AfterError)]
        {
            for other in [Place::Before, Place::AfterSuccess, Place::AfterError] {
                assert_eq!(found(text, other).is_empty(), other == place, "{text} {other:?}");
            }
        }
    }
}
