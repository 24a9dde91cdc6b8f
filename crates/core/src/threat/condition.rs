//! The condition of a Sigma rule: which of its selections have to hold.

/// A condition over selections, each known by its place in the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// This selection holds.
    Selection(usize),
    /// What is inside does not hold.
    Not(Box<Condition>),
    /// All of them hold.
    All(Vec<Condition>),
    /// At least one of them holds.
    Any(Vec<Condition>),
}

impl Condition {
    /// Reads a condition that speaks of the selections of these names.
    ///
    /// # Errors
    /// Says what is wrong with it: it counts events, speaks of a selection that
    /// is not there, or cannot be read.
    pub(crate) fn parse(text: &str, names: &[&str]) -> Result<Self, String> {
        if text.contains('|') {
            return Err("condition counts events, but events are judged one by one".to_owned());
        }
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut parser = Parser { words: spaced.split_whitespace().collect(), at: 0, names };
        let condition = parser.any()?;
        match parser.words.get(parser.at) {
            None => Ok(condition),
            Some(word) => Err(format!("condition cannot be read at {word:?}")),
        }
    }

    /// Whether the condition holds, given which selections do.
    pub(crate) fn holds(&self, selection: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Selection(at) => selection(*at),
            Self::Not(inside) => !inside.holds(selection),
            Self::All(parts) => parts.iter().all(|part| part.holds(selection)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(selection)),
        }
    }
}

/// Reads the words of a condition: `not` binds most, then `and`, then `or`.
struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
    names: &'a [&'a str],
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.take("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.one()?];
        while self.take("and") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn one(&mut self) -> Result<Condition, String> {
        let Some(word) = self.words.get(self.at).copied() else {
            return Err("condition ends where a selection is expected".to_owned());
        };
        self.at += 1;
        if word.eq_ignore_ascii_case("not") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if word == "(" {
            let inside = self.any()?;
            return if self.take(")") { Ok(inside) } else { Err("condition lacks a closing parenthesis".to_owned()) };
        }
        if matches!(word, "1" | "any" | "all") && self.take("of") {
            let Some(pattern) = self.words.get(self.at).copied() else {
                return Err(format!("condition ends after \"{word} of\""));
            };
            self.at += 1;
            let parts = self.fitting(pattern)?;
            return Ok(if word == "all" { Condition::All(parts) } else { Condition::Any(parts) });
        }
        match self.names.iter().position(|name| *name == word) {
            Some(at) => Ok(Condition::Selection(at)),
            None => Err(format!("condition speaks of {word:?}, which is no selection")),
        }
    }

    /// The selections that `them` or a pattern with `*` means.
    fn fitting(&self, pattern: &str) -> Result<Vec<Condition>, String> {
        let means = |name: &str| if pattern == "them" { !name.starts_with('_') } else { fits(pattern, name) };
        let parts: Vec<_> = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, name)| means(name))
            .map(|(at, _)| Condition::Selection(at))
            .collect();
        if parts.is_empty() {
            Err(format!("condition speaks of {pattern:?}, which matches no selection"))
        } else {
            Ok(parts)
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.at).is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(is_next);
        is_next
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| fits(rest, &name[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["a", "b", "filter_x", "filter_y"];

    /// Whether a condition holds when these selections do.
    fn holds(condition: &str, true_ones: &str) -> bool {
        let condition = Condition::parse(condition, &NAMES).unwrap();
        condition.holds(&|at| true_ones.split(' ').any(|name| name == NAMES[at]))
    }

    #[test]
    fn not_binds_more_than_and_and_and_more_than_or() {
        for (condition, true_ones, expected) in [
            ("a", "a", true),
            ("a and b", "a", false),
            ("a or b", "b", true),
            ("a or b and filter_x", "a", true),
            ("(a or b) and filter_x", "a", false),
            ("not a and b", "b", true),
            ("not (a and b)", "a", true),
            ("not not a", "a", true),
            ("a AND NOT b", "a", true),
            ("1 of filter_*", "filter_y", true),
            ("any of filter_*", "a", false),
            ("all of filter_*", "filter_x", false),
            ("all of filter_*", "filter_x filter_y", true),
            ("1 of them", "b", true),
            ("a and not 1 of filter*", "a filter_x", false),
        ] {
            assert_eq!(holds(condition, true_ones), expected, "{condition} with {true_ones}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (condition, expected) in [
            ("", "ends where"),
            ("a and", "ends where"),
            ("a b", "at \"b\""),
            ("(a", "closing parenthesis"),
            ("a)", "at \")\""),
            ("1 of", "ends after"),
            ("1 of other*", "\"other*\", which matches no selection"),
            ("c", "\"c\", which is no selection"),
            ("a | count() > 5", "one by one"),
        ] {
            let problem = Condition::parse(condition, &NAMES).unwrap_err();
            assert!(problem.contains(expected), "{condition}: {problem}");
        }
    }
}
