//! A definition whose placeholders are filled from a stack's outputs.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Position;
use crate::check;
use crate::diagnostic::{Code, Diagnostic};

/// A state machine's definition, with placeholders `${Name}` that stand for the
/// stack's outputs of the same names.
///
/// ```
/// use std::collections::BTreeMap;
/// use warden_deploy::DefinitionTemplate;
///
/// let template = DefinitionTemplate::new("alert.asl.json", r#"{"TopicArn": "${AlertTopicArn}"}"#);
/// let outputs = BTreeMap::from([("AlertTopicArn".into(), "arn:aws:sns:…:alerts".into())]);
/// assert_eq!(template.render(&outputs)?, r#"{"TopicArn": "arn:aws:sns:…:alerts"}"#);
/// # Ok::<(), warden_deploy::DefinitionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionTemplate {
    file: String,
    text: String,
}

/// What is wrong with a definition.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The file cannot be read.
    #[error("cannot read the definition {file}: {problem}")]
    Unreadable {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The stack has no output of a placeholder's name.
    #[error("{file}:{at}: no stack output is called `{name}`, which `${{{name}}}` needs")]
    UnresolvedPlaceholder {
        /// The file.
        file: String,
        /// Where in the file it is.
        at: Position,
        /// The name of the placeholder.
        name: String,
    },
    /// An output holds a `${` itself.
    #[error(
        "{file}:{at}: the stack output `{name}` holds a `${{` itself: does its value lack `!Sub` in the stack's template?"
    )]
    UnsubstitutedOutput {
        /// The file.
        file: String,
        /// Where in the file its placeholder is.
        at: Position,
        /// The name of the output.
        name: String,
    },
    /// The definition is not a state machine that Step Functions would run.
    #[error("{file} is not a valid state machine:{}", lines(diagnostics))]
    Invalid {
        /// The file.
        file: String,
        /// Everything that is wrong.
        diagnostics: Vec<Diagnostic>,
    },
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    let each: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    format!("\n  {}", each.join("\n  "))
}

struct Placeholder<'t> {
    name: &'t str,
    start: usize,
    end: usize,
}

impl DefinitionTemplate {
    /// What only Step Functions can check of a definition.
    pub const UNCHECKED: &str =
        "the arguments of services, paths and intrinsic functions in JSONPath, and what type an expression yields";

    /// A definition; messages speak of it as `file`.
    #[must_use]
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into() }
    }

    /// Reads a definition's file.
    ///
    /// # Errors
    /// When the file cannot be read as UTF-8 text.
    pub fn read(path: &Path) -> Result<Self, DefinitionError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { file, text }),
            Err(error) => Err(DefinitionError::Unreadable { file, problem: error.to_string() }),
        }
    }

    /// The file, as messages name it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The names of the stack outputs that the definition needs, each with the
    /// place that first needs it.
    ///
    /// # Errors
    /// When a `${` does not begin a placeholder.
    pub fn needed_outputs(&self) -> Result<BTreeMap<&str, Position>, DefinitionError> {
        let mut needed = BTreeMap::new();
        let placeholders = self.placeholders().map_err(|found| self.invalid(vec![found]))?;
        for placeholder in placeholders {
            needed.entry(placeholder.name).or_insert_with(|| Position::of(&self.text, placeholder.start));
        }
        Ok(needed)
    }

    /// Everything that can be found wrong without AWS: JSON, placeholders, the states' structure, fields, numbers
    /// and `JSONata` expressions. [`Self::UNCHECKED`] says what cannot.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        if let Err(diagnostic) = self.parse() {
            return vec![diagnostic];
        }
        let placeholder = self.placeholders().err();
        let structure = check::check(&self.file, &self.text);
        placeholder.into_iter().chain(structure).collect()
    }

    /// Checks all that can be checked without AWS.
    ///
    /// # Errors
    /// With everything that is wrong.
    pub fn check(&self) -> Result<(), DefinitionError> {
        self.refuse(self.diagnostics())
    }

    /// Makes an error of what is wrong with it, if anything is.
    ///
    /// # Errors
    /// With these diagnostics, unless there are none.
    pub fn refuse(&self, diagnostics: Vec<Diagnostic>) -> Result<(), DefinitionError> {
        if diagnostics.is_empty() {
            return Ok(());
        }
        Err(self.invalid(diagnostics))
    }

    /// Fills every placeholder with the stack output of its name, escaped for
    /// the JSON string that it stands in.
    ///
    /// # Errors
    /// When the text is not JSON, a placeholder is malformed or has no output,
    /// or an output holds a `${` itself.
    pub fn render(&self, outputs: &BTreeMap<String, String>) -> Result<String, DefinitionError> {
        // JSON has `${` nowhere but in its strings, so that a text which is
        // JSON now is still JSON once escaped values stand in their places.
        let placeholders =
            self.parse().and_then(|()| self.placeholders()).map_err(|found| self.invalid(vec![found]))?;
        let mut rendered = String::with_capacity(self.text.len());
        let mut copied = 0;
        for placeholder in placeholders {
            let at = || Position::of(&self.text, placeholder.start);
            let name = placeholder.name;
            let value = outputs.get(name).ok_or_else(|| DefinitionError::UnresolvedPlaceholder {
                file: self.file.clone(),
                at: at(),
                name: name.to_owned(),
            })?;
            if value.contains("${") {
                let (file, name) = (self.file.clone(), name.to_owned());
                return Err(DefinitionError::UnsubstitutedOutput { file, at: at(), name });
            }
            rendered.push_str(&self.text[copied..placeholder.start]);
            let quoted = serde_json::Value::from(value.as_str()).to_string();
            rendered.push_str(&quoted[1..quoted.len() - 1]);
            copied = placeholder.end;
        }
        rendered.push_str(&self.text[copied..]);
        if rendered.len() > check::MAX_DEFINITION_BYTES {
            let most = check::MAX_DEFINITION_BYTES;
            let message = format!("filled, it has {} bytes, and Step Functions takes {most}", rendered.len());
            let at = Position { line: 1, column: 1 };
            return Err(self.invalid(vec![self.diagnostic(Code::DefinitionTooLarge, at, message)]));
        }
        Ok(rendered)
    }

    /// A diagnostic that Step Functions gave for the filled definition, with its place in this text.
    pub(crate) fn told_by_step_functions(&self, code: String, message: String, location: Option<String>) -> Diagnostic {
        let location = location.filter(|location| !location.is_empty()).unwrap_or_else(|| "/".to_owned());
        let at = check::position_of(&self.text, &location);
        Diagnostic { code: Code::StepFunctions(code), message, location, file: self.file.clone(), at }
    }

    fn parse(&self) -> Result<(), Diagnostic> {
        let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&self.text) else {
            return Ok(());
        };
        let text = error.to_string();
        let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
        let at = Position { line: error.line(), column: error.column().max(1) };
        Err(self.diagnostic(Code::InvalidJson, at, format!("not JSON: {problem}")))
    }

    fn placeholders(&self) -> Result<Vec<Placeholder<'_>>, Diagnostic> {
        self.text
            .match_indices("${")
            .map(|(start, _)| {
                let inner = &self.text[start + 2..];
                let length = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
                if length > 0 && inner[length..].starts_with('}') {
                    return Ok(Placeholder { name: &inner[..length], start, end: start + 2 + length + 1 });
                }
                let message = format!(
                    "`{}` is not a placeholder: write `${{Name}}` with the name of a stack output, \
                     letters and digits only",
                    beginning(&self.text[start..])
                );
                let at = Position::of(&self.text, start);
                Err(self.diagnostic(Code::InvalidPlaceholder, at, message))
            })
            .collect()
    }

    fn invalid(&self, diagnostics: Vec<Diagnostic>) -> DefinitionError {
        DefinitionError::Invalid { file: self.file.clone(), diagnostics }
    }

    /// A diagnostic of the text, before it is read as a state machine.
    fn diagnostic(&self, code: Code, at: Position, message: String) -> Diagnostic {
        Diagnostic { code, message, location: "/".to_owned(), file: self.file.clone(), at }
    }
}

/// Up to the end of the placeholder, the string or the line, whichever is
/// first, and never long.
fn beginning(text: &str) -> &str {
    let end =
        text.find(['}', '"', '\n']).map_or(text.len(), |at| if text[at..].starts_with('}') { at + 1 } else { at });
    let limit = text.char_indices().nth(40).map_or(text.len(), |(at, _)| at);
    &text[..end.min(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn template(text: &str) -> DefinitionTemplate {
        DefinitionTemplate::new("audit.asl.json", text)
    }

    #[test]
    fn every_placeholder_becomes_the_output_of_its_name() {
        let rendered = template(r#"{"A": "${Detector}:live", "B": ["${Topic}", "${Detector}"]}"#)
            .render(&outputs(&[("Detector", "arn:d"), ("Topic", "arn:t"), ("Unused", "x")]))
            .unwrap();
        assert_eq!(rendered, r#"{"A": "arn:d:live", "B": ["arn:t", "arn:d"]}"#);
    }

    #[test]
    fn values_are_escaped_for_the_string_they_stand_in() {
        let value = "quote \" backslash \\ newline \n 한글 {% $x %}";
        let rendered = template(r#"{"A": "<${V}>"}"#).render(&outputs(&[("V", value)])).unwrap();
        let parsed: serde_json::Value = serde_json::from_str(&rendered).unwrap();
        assert_eq!(parsed["A"], format!("<{value}>"));
    }

    #[test]
    fn jsonata_with_dollars_and_braces_is_left_alone() {
        let text = r#"{"A": "{% $merge([{'a': $x}, $states.input.{'b': b}]) %}"}"#;
        assert_eq!(template(text).render(&outputs(&[])).unwrap(), text);
    }

    #[test]
    fn an_output_that_is_missing_or_not_substituted_is_named_with_its_place() {
        let cases = [
            (
                "{\n  \"A\": \"${Gone}\"\n}",
                "audit.asl.json:2:9: no stack output is called `Gone`, which `${Gone}` needs",
            ),
            (
                "{\"A\": \"${Raw}\"}",
                "audit.asl.json:1:8: the stack output `Raw` holds a `${` itself: does its value lack `!Sub` in the stack's template?",
            ),
        ];
        for (text, message) in cases {
            let error = template(text).render(&outputs(&[("Raw", "arn:${AWS::Partition}:x")])).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn what_is_no_template_is_neither_valid_nor_rendered() {
        let no_placeholder = "is not a placeholder: write `${Name}` with the name of a stack output, letters and digits only [INVALID_PLACEHOLDER]";
        let cases = [
            ("{\"A\": \"${AWS::Region}\"}", format!("1:8: `${{AWS::Region}}` {no_placeholder}")),
            ("{\"A\": \"${\"}", format!("1:8: `${{` {no_placeholder}")),
            ("{\"A\": \"${}\"}", format!("1:8: `${{}}` {no_placeholder}")),
            ("{\"A\": ${Raw}}", "1:7: not JSON: expected value [INVALID_JSON_DESCRIPTION]".into()),
            ("{\n\"A\": 1,\n}", "3:1: not JSON: key must be a string [INVALID_JSON_DESCRIPTION]".into()),
            ("", "1:1: not JSON: EOF while parsing a value [INVALID_JSON_DESCRIPTION]".into()),
        ];
        for (text, problem) in cases {
            let first = template(text).diagnostics()[0].to_string();
            assert_eq!(first, format!("audit.asl.json:{problem}"));
            assert_eq!(
                template(text).render(&outputs(&[])).expect_err(text).to_string(),
                format!("audit.asl.json is not a valid state machine:\n  {first}")
            );
        }
    }

    #[test]
    fn needed_outputs_are_listed_once_with_their_first_place() {
        let template = template("{\"A\": \"${B} ${A}\",\n \"C\": \"${A}\"}");
        let needed = template.needed_outputs().unwrap();
        let needed: Vec<_> = needed.iter().map(|(name, at)| format!("{name} {at}")).collect();
        assert_eq!(needed, ["A 1:13", "B 1:8"]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = DefinitionTemplate::read(Path::new("/nowhere/x.asl.json")).unwrap_err();
        assert!(error.to_string().starts_with("cannot read the definition /nowhere/x.asl.json: "));
    }
}
