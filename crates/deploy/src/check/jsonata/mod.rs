//! The grammar of `JSONata` 2.0.6, which is the version that Step Functions runs.
//!
//! Libraries follow newer versions, whose operators (`?:`, `??`) Step Functions refuses.

mod lexer;
mod parser;
mod references;

pub(super) use parser::parse;
pub(super) use references::{Place, problems};

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// The character of the expression, from 0.
    pub(super) at: usize,
    pub(super) message: String,
}

/// An expression, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expr {
    pub(super) kind: Kind,
    /// The character of the expression that it begins or turns at, from 0.
    pub(super) at: usize,
}

/// A key and its value.
pub(super) type Pair = (Expr, Expr);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A field of what is being looked at.
    Name(String),
    /// `$name`; empty for `$`, and `$` for `$$`.
    Variable(String),
    Text(String),
    Number,
    Boolean,
    Null,
    Regex,
    /// `*`, `**` or `%`.
    Wildcard,
    /// `?`, an argument that is left open.
    Open,
    /// `left.right`
    Path(Box<Expr>, Box<Expr>),
    /// `left[right]`
    Filter(Box<Expr>, Box<Expr>),
    /// `left[]`
    KeepArray(Box<Expr>),
    /// `left{key: value}`
    Group(Box<Expr>, Vec<Pair>),
    /// `left^(right, …)`
    Sort(Box<Expr>, Vec<Expr>),
    /// `$name := right`
    Bind(String, Box<Expr>),
    /// `left@$name` or `left#$name`
    Named(Box<Expr>, String),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Negated(Box<Expr>),
    Array(Vec<Expr>),
    Object(Vec<Pair>),
    Call(Box<Expr>, Vec<Expr>),
    Function(Vec<String>, Box<Expr>),
    Condition(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    Block(Vec<Expr>),
    /// `|pattern|update, delete|`
    Transform(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
}

/// What an operator between two expressions makes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Arithmetic,
    Concatenation,
    Range,
    Comparison,
    Logic,
    /// `~>`
    Apply,
}

impl Expr {
    /// Whether the value, if there is one, can be no boolean.
    pub(super) fn is_never_boolean(&self) -> bool {
        match &self.kind {
            Kind::Text(_)
            | Kind::Number
            | Kind::Null
            | Kind::Regex
            | Kind::KeepArray(_)
            | Kind::Group(..)
            | Kind::Negated(_)
            | Kind::Array(_)
            | Kind::Object(_)
            | Kind::Function(..)
            | Kind::Transform(..) => true,
            Kind::Binary(operator, ..) => {
                matches!(operator, Operator::Arithmetic | Operator::Concatenation | Operator::Range)
            }
            Kind::Condition(_, then, otherwise) => {
                then.is_never_boolean() || otherwise.as_ref().is_some_and(|expr| expr.is_never_boolean())
            }
            Kind::Bind(_, value) => value.is_never_boolean(),
            Kind::Block(parts) => parts.last().is_none_or(Expr::is_never_boolean),
            _ => false,
        }
    }
}
