//! The words of an expression.

use super::SyntaxError;

/// A word of an expression, and the character that it begins at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Operator(&'static str),
    Name(String),
    Variable(String),
    Text(String),
    Number,
    Boolean,
    Null,
    Regex,
    End,
}

/// The longer before the shorter that they begin with.
const SYMBOLS: [&str; 33] = [
    "..", ":=", "!=", ">=", "<=", "**", "~>", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+",
    "-", "*", "/", "%", "|", "=", "<", ">", "^", "&", "!", "~",
];

const BLANKS: [char; 5] = [' ', '\t', '\n', '\r', '\u{b}'];

/// Reads an expression word by word.
pub(super) struct Lexer {
    text: Vec<char>,
    position: usize,
}

impl Lexer {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.chars().collect(), position: 0 }
    }

    /// The next word. After an operand (`infix`), `/` divides; elsewhere it begins a regular expression.
    pub(super) fn next(&mut self, infix: bool) -> Result<Token, SyntaxError> {
        self.skip_blanks_and_comments()?;
        let at = self.position;
        let Some(first) = self.peek(0) else {
            return Ok(Token { kind: TokenKind::End, at });
        };
        let kind = match first {
            '/' if !infix => self.regex()?,
            '"' | '\'' => self.text_literal(first)?,
            '`' => self.quoted_name()?,
            _ => match self.symbol() {
                Some(symbol) => {
                    self.position += symbol.len();
                    TokenKind::Operator(symbol)
                }
                None if first.is_ascii_digit() => self.number()?,
                None => self.word(),
            },
        };
        Ok(Token { kind, at })
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.position + ahead).copied()
    }

    fn symbol(&self) -> Option<&'static str> {
        let rest = &self.text[self.position..];
        SYMBOLS.into_iter().find(|symbol| symbol.chars().enumerate().all(|(at, letter)| rest.get(at) == Some(&letter)))
    }

    fn skip_blanks_and_comments(&mut self) -> Result<(), SyntaxError> {
        loop {
            while self.peek(0).is_some_and(|letter| BLANKS.contains(&letter)) {
                self.position += 1;
            }
            if (self.peek(0), self.peek(1)) != (Some('/'), Some('*')) {
                return Ok(());
            }
            let at = self.position;
            self.position += 2;
            while (self.peek(0), self.peek(1)) != (Some('*'), Some('/')) {
                if self.position >= self.text.len() {
                    return Err(SyntaxError { at, message: "the comment has no end".into() });
                }
                self.position += 1;
            }
            self.position += 2;
        }
    }

    fn regex(&mut self) -> Result<TokenKind, SyntaxError> {
        let begin = self.position;
        self.position += 1;
        let mut depth = 0_i32;
        let mut escaped = false;
        while let Some(letter) = self.peek(0) {
            if letter == '/' && depth == 0 && !escaped {
                if self.position == begin + 1 {
                    return Err(SyntaxError { at: begin, message: "the regular expression is empty".into() });
                }
                self.position += 1;
                while matches!(self.peek(0), Some('i' | 'm')) {
                    self.position += 1;
                }
                return Ok(TokenKind::Regex);
            }
            if self.text[self.position - 1] != '\\' {
                match letter {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth -= 1,
                    _ => {}
                }
            }
            escaped = letter == '\\' && !escaped;
            self.position += 1;
        }
        Err(SyntaxError { at: begin, message: "the regular expression has no end".into() })
    }

    fn text_literal(&mut self, quote: char) -> Result<TokenKind, SyntaxError> {
        let begin = self.position;
        self.position += 1;
        let mut text = String::new();
        while let Some(letter) = self.peek(0) {
            if letter == quote {
                self.position += 1;
                return Ok(TokenKind::Text(text));
            }
            if letter == '\\' {
                self.position += 1;
                text.push(self.escape()?);
            } else {
                text.push(letter);
            }
            self.position += 1;
        }
        Err(SyntaxError { at: begin, message: "the string has no closing quote".into() })
    }

    /// What stands for the letter after a backslash; leaves the position at its last letter.
    fn escape(&mut self) -> Result<char, SyntaxError> {
        let at = self.position;
        match self.peek(0) {
            Some(letter @ ('"' | '\\' | '/')) => Ok(letter),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => {
                let digits: Option<u32> =
                    (1..=4).try_fold(0, |code, ahead| Some(code * 16 + self.peek(ahead)?.to_digit(16)?));
                let code = digits.ok_or_else(|| SyntaxError {
                    at,
                    message: "`\\u` must be followed by four hexadecimal digits".into(),
                })?;
                self.position += 4;
                // A half of a surrogate pair is not a letter of its own; which one it is does not matter here.
                Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            Some(letter) => Err(SyntaxError {
                at,
                message: format!(
                    "`\\{letter}` is not an escape: a string may hold \\\\ \\\" \\/ \\b \\f \\n \\r \\t \\uXXXX"
                ),
            }),
            None => Err(SyntaxError { at, message: "the string has no closing quote".into() }),
        }
    }

    fn quoted_name(&mut self) -> Result<TokenKind, SyntaxError> {
        let begin = self.position + 1;
        match self.text[begin..].iter().position(|letter| *letter == '`') {
            Some(length) => {
                self.position = begin + length + 1;
                Ok(TokenKind::Name(self.text[begin..begin + length].iter().collect()))
            }
            None => Err(SyntaxError { at: begin - 1, message: "the quoted name has no closing backtick".into() }),
        }
    }

    fn number(&mut self) -> Result<TokenKind, SyntaxError> {
        let begin = self.position;
        // A leading zero stands alone, as in JSON.
        if self.peek(0) == Some('0') {
            self.position += 1;
        } else {
            self.digits();
        }
        if self.peek(0) == Some('.') && self.peek(1).is_some_and(|digit| digit.is_ascii_digit()) {
            self.position += 1;
            self.digits();
        }
        if matches!(self.peek(0), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.peek(1), Some('+' | '-')));
            if self.peek(1 + sign).is_some_and(|digit| digit.is_ascii_digit()) {
                self.position += 1 + sign;
                self.digits();
            }
        }
        let number: String = self.text[begin..self.position].iter().collect();
        if number.parse::<f64>().is_ok_and(f64::is_finite) {
            return Ok(TokenKind::Number);
        }
        Err(SyntaxError { at: begin, message: format!("the number {number} is out of range") })
    }

    fn digits(&mut self) {
        while self.peek(0).is_some_and(|digit| digit.is_ascii_digit()) {
            self.position += 1;
        }
    }

    fn word(&mut self) -> TokenKind {
        let begin = self.position;
        while self.peek(0).is_some_and(|letter| !BLANKS.contains(&letter)) && self.symbol().is_none() {
            self.position += 1;
        }
        let word: String = self.text[begin..self.position].iter().collect();
        if let Some(name) = word.strip_prefix('$') {
            return TokenKind::Variable(name.to_owned());
        }
        match word.as_str() {
            "and" => TokenKind::Operator("and"),
            "or" => TokenKind::Operator("or"),
            "in" => TokenKind::Operator("in"),
            "true" | "false" => TokenKind::Boolean,
            "null" => TokenKind::Null,
            _ => TokenKind::Name(word),
        }
    }
}
