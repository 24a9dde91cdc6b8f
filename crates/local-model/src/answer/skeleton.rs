//! Reading the form of an answer from an example in the prompt. People write such
//! examples for people: keys without quotes, placeholders, alternatives, comments.

use std::ops::Range;

use serde_json::Value;

use super::shape::{Kind, Shape};

/// Words of scales that are listed in a sentence ("low, medium or high").
const SCALE: &[&str] = &["none", "low", "medium", "moderate", "high", "critical", "severe"];

/// Finds the examples in a text, outermost first, with where they stand.
pub(super) fn find(text: &str) -> Vec<(Range<usize>, Shape)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(['{', '[']) {
        let start = at + offset;
        let mut reader = Reader { text, at: start, depth: 0 };
        match reader.value() {
            Some(shape) if is_example(&shape) => {
                at = reader.at;
                found.push((start..at, shape));
            }
            _ => at = start + 1,
        }
    }
    found
}

/// Whether what was read is an example rather than brackets in a sentence.
fn is_example(shape: &Shape) -> bool {
    match &shape.kind {
        Kind::Object(properties) => !properties.is_empty(),
        Kind::List(item) => matches!(item.kind, Kind::Object(_)),
        _ => false,
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    /// A value and the alternatives to it.
    fn value(&mut self) -> Option<Shape> {
        self.depth += 1;
        if self.depth > 24 {
            return None;
        }
        let mut alternatives = vec![self.single()?];
        self.skip();
        while self.take('|') || self.take_or() {
            self.skip();
            alternatives.push(self.single()?);
            self.skip();
        }
        self.depth -= 1;
        if alternatives.len() == 1 {
            return alternatives.pop();
        }
        Some(of_alternatives(alternatives))
    }

    fn single(&mut self) -> Option<Shape> {
        self.skip_space();
        // Dots where a value belongs stand for any.
        for dots in ["...", "\u{2026}"] {
            if self.text[self.at..].starts_with(dots) {
                self.at += dots.len();
                return Some(Shape::default());
            }
        }
        self.skip();
        match self.peek()? {
            '{' => self.object(),
            '[' => self.list(),
            '"' | '\'' | '\u{201C}' | '`' => self.quoted().map(|text| of_text(&text)),
            _ => self.bare().map(|text| of_bare(&text)),
        }
    }

    fn object(&mut self) -> Option<Shape> {
        self.take('{');
        let mut properties: Vec<(String, Shape)> = Vec::new();
        loop {
            self.skip();
            if self.take('}') {
                return Some(Shape::of(Kind::Object(properties)));
            }
            let name = match self.peek()? {
                '"' | '\'' | '\u{201C}' | '`' => self.quoted()?,
                _ => self.identifier()?,
            };
            self.skip();
            // A question mark says that the property may be absent.
            let optional = self.take('?');
            self.skip();
            if !self.take(':') {
                return None;
            }
            let mut shape = self.value()?;
            shape.nullable |= optional;
            properties.push((name, shape));
            self.skip();
            if !self.take(',') && self.peek()? != '}' {
                return None;
            }
        }
    }

    fn list(&mut self) -> Option<Shape> {
        self.take('[');
        let mut item = Shape::default();
        loop {
            self.skip();
            if self.take(']') {
                return Some(Shape::of(Kind::List(Box::new(item))));
            }
            // `skip` has passed over dots that stand for more of the same.
            item = item.merged(self.value()?);
            self.skip();
            if !self.take(',') && self.peek()? != ']' {
                return None;
            }
        }
    }

    fn quoted(&mut self) -> Option<String> {
        let open = self.peek()?;
        let close = if open == '\u{201C}' { '\u{201D}' } else { open };
        self.at += open.len_utf8();
        let mut text = String::new();
        let mut escaped = false;
        for c in self.text[self.at..].chars() {
            self.at += c.len_utf8();
            match c {
                _ if escaped => {
                    text.push(if c == 'n' { '\n' } else { c });
                    escaped = false;
                }
                '\\' => escaped = true,
                c if c == close => return Some(text),
                c => text.push(c),
            }
        }
        None
    }

    fn identifier(&mut self) -> Option<String> {
        let name: String =
            self.text[self.at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$')).collect();
        self.at += name.len();
        (!name.is_empty()).then_some(name)
    }

    /// Text without quotes, to the next sign that ends a value.
    fn bare(&mut self) -> Option<String> {
        let mut angle = 0_usize;
        let mut round = 0_usize;
        let text: String = self.text[self.at..]
            .chars()
            .take_while(|c| {
                match c {
                    '<' => angle += 1,
                    '>' => angle = angle.saturating_sub(1),
                    '(' => round += 1,
                    ')' => round = round.saturating_sub(1),
                    _ => {}
                }
                angle + round > 0 || !matches!(c, ',' | '}' | ']' | '|' | '\n' | '{' | '[')
            })
            .collect();
        self.at += text.len();
        let trimmed = text.trim();
        (!trimmed.is_empty() && trimmed.chars().count() <= 200).then(|| trimmed.to_owned())
    }

    /// Passes over white space, comments and dots that stand for more of the same.
    fn skip(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let before = self.at;
            self.at += rest.len() - rest.trim_start().len();
            let rest = &self.text[self.at..];
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("...") {
                self.at += 3;
                self.skip_comma();
            } else if rest.starts_with('\u{2026}') {
                self.at += '\u{2026}'.len_utf8();
                self.skip_comma();
            }
            if self.at == before {
                return;
            }
        }
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The word "or" between two quoted alternatives.
    fn take_or(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let next = rest.strip_prefix("or ").map(str::trim_start);
        let taken = next.is_some_and(|next| next.starts_with(['"', '\'', '`', '\u{201C}']) || next.starts_with("null"));
        if taken {
            self.at += "or ".len();
        }
        taken
    }

    fn skip_comma(&mut self) {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        if trimmed.starts_with(',') {
            self.at += rest.len() - trimmed.len() + 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let taken = self.peek() == Some(expected);
        if taken {
            self.at += expected.len_utf8();
        }
        taken
    }
}

fn of_alternatives(alternatives: Vec<Shape>) -> Shape {
    let nullable = alternatives.iter().any(|shape| shape.kind == Kind::Null);
    let rest: Vec<Shape> = alternatives.into_iter().filter(|shape| shape.kind != Kind::Null).collect();
    let words: Option<Vec<Value>> = rest
        .iter()
        .map(|shape| match (&shape.kind, shape.hint.as_str()) {
            (Kind::Text, hint) if !hint.is_empty() => Some(Value::from(hint)),
            (Kind::Boolean, "true") => Some(Value::Bool(true)),
            (Kind::Boolean, "false") => Some(Value::Bool(false)),
            _ => None,
        })
        .collect();
    let kind = match words {
        Some(words) if words.iter().all(Value::is_boolean) => Kind::Boolean,
        Some(words) if words.len() > 1 => Kind::Choice(words),
        _ => return Shape { nullable, ..rest.into_iter().next().unwrap_or_default() },
    };
    Shape { kind, hint: String::new(), nullable }
}

/// The shape that a quoted example shows.
pub(super) fn of_text(text: &str) -> Shape {
    let trimmed = text.trim();
    if let Some(shape) = of_type_name(trimmed) {
        return shape;
    }
    let parts: Vec<&str> = trimmed.split('|').map(str::trim).collect();
    if parts.len() > 1 && parts.iter().all(|part| !part.is_empty() && part.chars().count() <= 32) {
        return of_alternatives(parts.into_iter().map(of_bare).collect());
    }
    let lower = trimmed.to_lowercase();
    let mut listed: Vec<(usize, &str)> =
        SCALE.iter().filter_map(|word| position_of_word(&lower, word).map(|at| (at, *word))).collect();
    listed.sort_unstable();
    let nullable = position_of_word(&lower, "null").is_some();
    if listed.len() > 1 {
        let choices = listed.into_iter().map(|(_, word)| Value::from(word)).collect();
        return Shape { kind: Kind::Choice(choices), hint: trimmed.to_owned(), nullable };
    }
    let both = ["true", "false"].iter().all(|word| position_of_word(&lower, word).is_some());
    let kind = if both || position_of_word(&lower, "boolean").is_some() { Kind::Boolean } else { Kind::Text };
    Shape { kind, hint: trimmed.to_owned(), nullable }
}

/// The shape that an example without quotes shows.
fn of_bare(text: &str) -> Shape {
    let text = text.trim().trim_matches(['"', '\'', '`']);
    match text {
        "true" | "false" => return Shape::hinted(Kind::Boolean, text),
        _ => {}
    }
    if text.parse::<i64>().is_ok() {
        return Shape::hinted(Kind::Integer, text);
    }
    let is_number = text.parse::<f64>().is_ok()
        || (text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '\u{2013}' | ' ')));
    if is_number {
        return Shape::hinted(Kind::Number, text);
    }
    if let Some(inner) = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')) {
        return of_text(inner);
    }
    of_type_name(text).unwrap_or_else(|| Shape::hinted(Kind::Text, text))
}

fn of_type_name(text: &str) -> Option<Shape> {
    let kind = match text.to_lowercase().as_str() {
        "string" | "str" | "text" => Kind::Text,
        "number" | "float" | "double" | "decimal" => Kind::Number,
        "integer" | "int" => Kind::Integer,
        "boolean" | "bool" | "true/false" | "true or false" => Kind::Boolean,
        "null" | "none" => Kind::Null,
        _ => return None,
    };
    Some(Shape::of(kind))
}

/// Where a word stands alone in a text of small letters.
pub(super) fn position_of_word(text: &str, word: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(offset) = text.get(from..)?.find(word) {
        let at = from + offset;
        let end = at + word.len();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        if !inside(text[..at].chars().next_back()) && !inside(text[end..].chars().next()) {
            return Some(at);
        }
        from = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn only(text: &str) -> Shape {
        let mut found = find(text);
        assert_eq!(found.len(), 1, "{text}");
        found.remove(0).1
    }

    fn property<'a>(shape: &'a Shape, name: &str) -> &'a Shape {
        let Kind::Object(properties) = &shape.kind else { panic!("no object") };
        &properties.iter().find(|(known, _)| known == name).unwrap().1
    }

    #[test]
    fn plain_json_shows_its_types() {
        let shape =
            only(r#"Answer as {"name": "x", "count": 3, "share": 0.5, "ok": true, "tags": ["a"], "none": null}"#);
        assert_eq!(property(&shape, "count").kind, Kind::Integer);
        assert_eq!(property(&shape, "share").kind, Kind::Number);
        assert_eq!(property(&shape, "ok").kind, Kind::Boolean);
        assert_eq!(property(&shape, "none").kind, Kind::Null);
        assert!(matches!(property(&shape, "tags").kind, Kind::List(_)));
    }

    #[test]
    fn alternatives_become_choices() {
        for text in [
            r#"{"level": "low" | "medium" | "high"}"#,
            r#"{"level": "low|medium|high"}"#,
            r#"{"level": "low" or "medium" or "high"}"#,
            "{level: low | medium | high}",
            r#"{"level": "one of three (low, medium, high)"}"#,
        ] {
            let shape = only(text);
            assert_eq!(
                property(&shape, "level").kind,
                Kind::Choice(vec![json!("low"), json!("medium"), json!("high")]),
                "{text}"
            );
        }
        let shape = only(r#"{"key": string | null, "flag": true|false, "score": 0..1}"#.replace("..", "-").as_str());
        assert_eq!((property(&shape, "key").kind.clone(), property(&shape, "key").nullable), (Kind::Text, true));
        assert_eq!(property(&shape, "flag").kind, Kind::Boolean);
        assert_eq!(property(&shape, "score").kind, Kind::Number);
    }

    #[test]
    fn keys_without_quotes_comments_and_dots_are_read() {
        let shape = only("[{label: a thing, position: {TopLeft: {x: 0, y: 100}}}, // the first\n ...]");
        let Kind::List(item) = &shape.kind else { panic!("no list") };
        assert_eq!(property(property(property(item, "position"), "TopLeft"), "y").kind, Kind::Integer);
    }

    #[test]
    fn dots_stand_for_any_value_and_for_more_of_the_same() {
        let shape = only(r#"{"a": ..., "b": [{"c": ...}, ...], "d": …}"#);
        assert_eq!(property(&shape, "a").kind, Kind::Any);
        assert_eq!(property(&shape, "d").kind, Kind::Any);
        let Kind::List(item) = &property(&shape, "b").kind else { panic!("no list") };
        assert_eq!(property(item, "c").kind, Kind::Any);
    }

    #[test]
    fn brackets_in_a_sentence_are_no_example() {
        for text in ["Write [Event][Account] as title.", "Use {braces} well", "a [1] b", "{", "{\"a\": ", "[[[[", "{}"]
        {
            assert_eq!(find(text), [], "{text}");
        }
    }
}
