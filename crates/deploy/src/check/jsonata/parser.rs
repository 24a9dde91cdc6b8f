//! Reads an expression by the binding power of its operators, as the reference implementation does.

use super::lexer::{Lexer, Token, TokenKind};
use super::{Expr, Kind, Operator, Pair, SyntaxError};

/// Deeper than anybody writes, and far from the end of the stack.
const MAX_DEPTH: usize = 200;

/// The expression that a text is.
pub(in super::super) fn parse(text: &str) -> Result<Expr, SyntaxError> {
    let mut lexer = Lexer::new(text);
    let token = lexer.next(false)?;
    let mut parser = Parser { lexer, token, depth: 0 };
    let expr = parser.expression(0)?;
    match parser.token.kind {
        TokenKind::End => Ok(expr),
        _ => Err(parser.unexpected("the end of the expression")),
    }
}

struct Parser {
    lexer: Lexer,
    /// The word that is read next.
    token: Token,
    depth: usize,
}

/// How strongly an operator binds what stands before it.
fn binding_power(operator: &str) -> u8 {
    match operator {
        "[" | "(" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "<" | ">" | "!=" | "<=" | ">=" | "~>" | "in" | "^" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}

impl Parser {
    fn expression(&mut self, bound: u8) -> Result<Expr, SyntaxError> {
        if self.depth >= MAX_DEPTH {
            return Err(SyntaxError { at: self.token.at, message: "the expression is nested too deeply".into() });
        }
        self.depth += 1;
        let first = self.advance(true)?;
        let mut left = self.prefix(first)?;
        while let TokenKind::Operator(operator) = self.token.kind
            && bound < binding_power(operator)
        {
            let at = self.token.at;
            self.advance(false)?;
            left = Expr { at, kind: self.infix(operator, left)? };
        }
        self.depth -= 1;
        Ok(left)
    }

    /// Takes the word that is next; `infix` says what a `/` after it would be.
    fn advance(&mut self, infix: bool) -> Result<Token, SyntaxError> {
        if let TokenKind::Operator(operator @ ("!" | "~")) = self.token.kind {
            return Err(SyntaxError { at: self.token.at, message: format!("`{operator}` is not an operator") });
        }
        let next = if self.token.kind == TokenKind::End { self.token.clone() } else { self.lexer.next(infix)? };
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.token.kind, TokenKind::Operator(found) if found == operator)
    }

    fn takes(&mut self, operator: &str) -> Result<bool, SyntaxError> {
        let found = self.is(operator);
        if found {
            self.advance(false)?;
        }
        Ok(found)
    }

    /// Takes a word that opens or parts something.
    fn expect(&mut self, operator: &str) -> Result<(), SyntaxError> {
        self.expect_before(operator, false)
    }

    /// Takes a word that ends an operand.
    fn expect_end(&mut self, operator: &str) -> Result<(), SyntaxError> {
        self.expect_before(operator, true)
    }

    fn expect_before(&mut self, operator: &str, infix: bool) -> Result<(), SyntaxError> {
        if !self.is(operator) {
            return Err(self.unexpected(&format!("`{operator}`")));
        }
        self.advance(infix)?;
        Ok(())
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        let message = match &self.token.kind {
            TokenKind::End => format!("it ends where {wanted} should stand"),
            found => format!("{} stands where {wanted} should", in_words(found)),
        };
        SyntaxError { at: self.token.at, message }
    }

    fn prefix(&mut self, Token { kind, at }: Token) -> Result<Expr, SyntaxError> {
        let kind = match kind {
            TokenKind::Name(name) => Kind::Name(name),
            TokenKind::Variable(name) => Kind::Variable(name),
            TokenKind::Text(text) => Kind::Text(text),
            TokenKind::Number => Kind::Number,
            TokenKind::Boolean => Kind::Boolean,
            TokenKind::Null => Kind::Null,
            TokenKind::Regex => Kind::Regex,
            TokenKind::End => {
                return Err(SyntaxError { at, message: "it ends where a value should stand".into() });
            }
            TokenKind::Operator(operator) => match operator {
                // A field may be called so.
                "and" | "or" | "in" => Kind::Name(operator.to_owned()),
                "*" | "**" | "%" => Kind::Wildcard,
                "-" => Kind::Negated(Box::new(self.expression(70)?)),
                "(" => self.block()?,
                "[" => self.array()?,
                "{" => Kind::Object(self.pairs()?),
                "|" => self.transform()?,
                _ => {
                    let message = format!("`{operator}` stands where a value should");
                    return Err(SyntaxError { at, message });
                }
            },
        };
        Ok(Expr { kind, at })
    }

    fn infix(&mut self, operator: &'static str, left: Expr) -> Result<Kind, SyntaxError> {
        let bound = binding_power(operator);
        let kind = match operator {
            "." => {
                let right = self.expression(bound)?;
                for step in [&left, &right] {
                    if matches!(step.kind, Kind::Number | Kind::Boolean | Kind::Null) {
                        return Err(SyntaxError { at: step.at, message: "a literal is not a step of a path".into() });
                    }
                }
                Kind::Path(Box::new(left), Box::new(right))
            }
            "(" => self.call(left)?,
            "[" if self.is("]") => {
                // What follows is read as after `[`, as the reference implementation does.
                self.expect("]")?;
                Kind::KeepArray(Box::new(left))
            }
            "[" => {
                if is_grouped(&left) {
                    return Err(SyntaxError { at: left.at, message: "a filter cannot follow a grouping".into() });
                }
                let right = self.expression(0)?;
                self.expect_end("]")?;
                Kind::Filter(Box::new(left), Box::new(right))
            }
            "{" => {
                if matches!(left.kind, Kind::Group(..)) {
                    return Err(SyntaxError { at: left.at, message: "a value can be grouped once only".into() });
                }
                Kind::Group(Box::new(left), self.pairs()?)
            }
            "^" => Kind::Sort(Box::new(left), self.sort_terms()?),
            ":=" => {
                let Kind::Variable(name) = left.kind else {
                    let message = "`:=` gives a value to a variable, such as `$x`".into();
                    return Err(SyntaxError { at: left.at, message });
                };
                Kind::Bind(name, Box::new(self.expression(bound - 1)?))
            }
            "@" | "#" => {
                let right = self.expression(bound)?;
                let Kind::Variable(name) = right.kind else {
                    let message = format!("`{operator}` must be followed by a variable, such as `$x`");
                    return Err(SyntaxError { at: right.at, message });
                };
                Kind::Named(Box::new(left), name)
            }
            "?" => {
                let then = Box::new(self.expression(0)?);
                let otherwise = if self.takes(":")? { Some(Box::new(self.expression(0)?)) } else { None };
                Kind::Condition(Box::new(left), then, otherwise)
            }
            _ => Kind::Binary(meaning(operator), Box::new(left), Box::new(self.expression(bound)?)),
        };
        Ok(kind)
    }

    fn call(&mut self, left: Expr) -> Result<Kind, SyntaxError> {
        let mut arguments = Vec::new();
        if !self.is(")") {
            loop {
                if self.is("?") {
                    let at = self.token.at;
                    self.advance(false)?;
                    arguments.push(Expr { kind: Kind::Open, at });
                } else {
                    arguments.push(self.expression(0)?);
                }
                if !self.takes(",")? {
                    break;
                }
            }
        }
        self.expect_end(")")?;
        match &left.kind {
            Kind::Name(name) if name == "function" || name == "λ" => self.function(arguments),
            _ => Ok(Kind::Call(Box::new(left), arguments)),
        }
    }

    fn function(&mut self, parameters: Vec<Expr>) -> Result<Kind, SyntaxError> {
        let names = parameters
            .into_iter()
            .map(|parameter| match parameter.kind {
                Kind::Variable(name) => Ok(name),
                _ => Err(SyntaxError {
                    at: parameter.at,
                    message: "a parameter of a function is a variable, such as `$x`".into(),
                }),
            })
            .collect::<Result<_, _>>()?;
        if self.is("<") {
            self.signature()?;
        }
        self.expect("{")?;
        let body = Box::new(self.expression(0)?);
        self.expect("}")?;
        Ok(Kind::Function(names, body))
    }

    /// Types of parameters, such as `<s-n?:n>`. What they say is not looked at.
    fn signature(&mut self) -> Result<(), SyntaxError> {
        let mut depth = 1_u32;
        while depth > 0 && !self.is("{") && self.token.kind != TokenKind::End {
            self.advance(false)?;
            if self.is(">") {
                depth -= 1;
            } else if self.is("<") {
                depth += 1;
            }
        }
        self.expect(">")
    }

    fn block(&mut self) -> Result<Kind, SyntaxError> {
        let mut parts = Vec::new();
        while !self.is(")") {
            parts.push(self.expression(0)?);
            if !self.takes(";")? {
                break;
            }
        }
        self.expect_end(")")?;
        Ok(Kind::Block(parts))
    }

    fn array(&mut self) -> Result<Kind, SyntaxError> {
        let mut items = Vec::new();
        if !self.is("]") {
            loop {
                let item = self.expression(0)?;
                let at = self.token.at;
                items.push(if self.takes("..")? {
                    let last = Box::new(self.expression(0)?);
                    Expr { at, kind: Kind::Binary(Operator::Range, Box::new(item), last) }
                } else {
                    item
                });
                if !self.takes(",")? {
                    break;
                }
            }
        }
        self.expect_end("]")?;
        Ok(Kind::Array(items))
    }

    fn pairs(&mut self) -> Result<Vec<Pair>, SyntaxError> {
        let mut pairs = Vec::new();
        if !self.is("}") {
            loop {
                let key = self.expression(0)?;
                self.expect(":")?;
                pairs.push((key, self.expression(0)?));
                if !self.takes(",")? {
                    break;
                }
            }
        }
        self.expect_end("}")?;
        Ok(pairs)
    }

    fn sort_terms(&mut self) -> Result<Vec<Expr>, SyntaxError> {
        self.expect("(")?;
        let mut terms = Vec::new();
        loop {
            if !self.takes("<")? {
                self.takes(">")?;
            }
            terms.push(self.expression(0)?);
            if !self.takes(",")? {
                break;
            }
        }
        self.expect(")")?;
        Ok(terms)
    }

    fn transform(&mut self) -> Result<Kind, SyntaxError> {
        let pattern = Box::new(self.expression(0)?);
        self.expect("|")?;
        let update = Box::new(self.expression(0)?);
        let delete = if self.takes(",")? { Some(Box::new(self.expression(0)?)) } else { None };
        self.expect("|")?;
        Ok(Kind::Transform(pattern, update, delete))
    }
}

/// Whether what a filter would follow is a grouped value. Of a path, a filter takes the last step, which never is.
fn is_grouped(left: &Expr) -> bool {
    match &left.kind {
        Kind::Group(grouped, _) => !is_path(grouped),
        Kind::KeepArray(kept) => is_grouped(kept),
        _ => false,
    }
}

fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Name(_) | Kind::Path(..) | Kind::Sort(..) => true,
        Kind::Filter(left, _) | Kind::KeepArray(left) | Kind::Named(left, _) => is_path(left),
        _ => false,
    }
}

fn meaning(operator: &str) -> Operator {
    match operator {
        "&" => Operator::Concatenation,
        "=" | "!=" | "<" | "<=" | ">" | ">=" | "in" => Operator::Comparison,
        "and" | "or" => Operator::Logic,
        "~>" => Operator::Apply,
        _ => Operator::Arithmetic,
    }
}

fn in_words(token: &TokenKind) -> String {
    match token {
        TokenKind::Operator(operator) => format!("`{operator}`"),
        TokenKind::Name(name) => format!("`{name}`"),
        TokenKind::Variable(name) => format!("`${name}`"),
        TokenKind::Text(_) => "a string".into(),
        TokenKind::Number => "a number".into(),
        TokenKind::Boolean => "a boolean".into(),
        TokenKind::Null => "`null`".into(),
        TokenKind::Regex => "a regular expression".into(),
        TokenKind::End => "the end".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_language_has_is_read() {
        for text in [
            "1",
            "-1.5e-3",
            "'it' & \"s\"",
            r"'\u00e9\n'",
            "$states.input.detail.requestParameters",
            "$states.input.`a b`[0].c",
            "$x[type='a' and size > 3]",
            "$x[]",
            "$x.*.**.%",
            "$x.{'a': b, 'c': d}",
            "$x{type: $sum(size)}",
            "$x^(>size, <name).name",
            "$x#$i.{'at': $i}",
            "$x@$y.z@$w[$y.id = $w.id]",
            "($a := 1; $b := $a + 1; $a * $b)",
            "($a := 1;)",
            "()",
            "[1..5, 7]",
            "{}",
            "$f(?, 2)",
            "$map($x, function($v, $i) { $v.a & $i })",
            "λ($v)<n:n>{ $v }",
            "$x ~> $map(function($v){$v}) ~> $sum",
            "$x ~> |items|{'a': 1}, ['b']|",
            "$match($x, /a\\/[b/]c/i)",
            "$exists($x) ? $x : null",
            "$x in ['a', 'b'] or not",
            "$x ? 1",
            "/* a comment */ $x /* another */",
            "$x / 2 / 3",
            "and.or.in",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn what_is_no_expression_is_refused_with_its_place() {
        for (text, at, message) in [
            ("", 0, "it ends where a value should stand"),
            ("1 +", 3, "it ends where a value should stand"),
            ("1 + )", 4, "`)` stands where a value should"),
            ("$f(1", 4, "it ends where `)` should stand"),
            ("$f(1))", 5, "`)` stands where the end of the expression should"),
            ("[1, 2", 5, "it ends where `]` should stand"),
            ("{'a' 1}", 5, "a number stands where `:` should"),
            ("$a $b", 3, "`$b` stands where the end of the expression should"),
            ("'abc", 0, "the string has no closing quote"),
            ("'\\x'", 2, "`\\x` is not an escape: a string may hold \\\\ \\\" \\/ \\b \\f \\n \\r \\t \\uXXXX"),
            ("'it\\'s'", 4, "`\\'` is not an escape: a string may hold \\\\ \\\" \\/ \\b \\f \\n \\r \\t \\uXXXX"),
            ("'\\u12g4'", 2, "`\\u` must be followed by four hexadecimal digits"),
            ("`a b", 0, "the quoted name has no closing backtick"),
            ("$match($x, /abc", 11, "the regular expression has no end"),
            ("$match($x, //)", 11, "the regular expression is empty"),
            ("1 /* 2", 2, "the comment has no end"),
            ("1e999", 0, "the number 1e999 is out of range"),
            ("a ! b", 2, "`!` stands where the end of the expression should"),
            ("!$x", 0, "`!` is not an operator"),
            ("$x == 1", 4, "`=` stands where a value should"),
            ("$x && $y", 4, "`&` stands where a value should"),
            ("$x ?: 1", 4, "`:` stands where a value should"),
            ("$x ?? 1", 4, "`?` stands where a value should"),
            ("x := 1", 0, "`:=` gives a value to a variable, such as `$x`"),
            ("$x.1", 3, "a literal is not a step of a path"),
            ("function(a) { 1 }", 9, "a parameter of a function is a variable, such as `$x`"),
            ("function($a)", 12, "it ends where `{` should stand"),
            ("$x{a: 1}[0]", 2, "a filter cannot follow a grouping"),
            ("$x{a: 1}{b: 2}", 2, "a value can be grouped once only"),
            ("$x@1", 3, "`@` must be followed by a variable, such as `$x`"),
        ] {
            assert_eq!(parse(text), Err(SyntaxError { at, message: message.into() }), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(parse(&deep).unwrap_err().message, "the expression is nested too deeply");
    }
}
