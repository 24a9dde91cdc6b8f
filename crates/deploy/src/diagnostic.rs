//! One thing that is wrong with a definition.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::Position;

/// One thing that is wrong with a definition, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The kind of problem.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// The place in the definition, as Step Functions writes it: `/States/Detect PII/Next`,
    /// or `/` for the whole.
    pub location: String,
    /// The file.
    pub file: String,
    /// The place in the file.
    #[serde(flatten)]
    pub at: Position,
}

/// The kind of problem, written in capitals as Step Functions' own diagnostics are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// The text is not JSON.
    InvalidJson,
    /// A `${` does not begin a placeholder.
    InvalidPlaceholder,
    /// A field is missing or has a wrong type.
    SchemaValidationFailed,
    /// A state is named that does not exist.
    MissingTransitionTarget,
    /// No state leads to a state.
    UnreachableState,
    /// No execution can end.
    NoTerminalState,
    /// An object has a key twice.
    DuplicateKey,
    /// Two states have one name.
    DuplicateStateName,
    /// The definition is larger than Step Functions takes.
    DefinitionTooLarge,
    /// An expression cannot be read, or refers to what is not there.
    InvalidExpression,
    /// Step Functions reports no error of that name.
    UnknownErrorName,
    /// `States.ALL` stands where Step Functions refuses it.
    MisplacedErrorName,
    /// What only Step Functions can find, by its own code.
    StepFunctions(String),
}

impl Code {
    /// The code as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::InvalidJson => "INVALID_JSON_DESCRIPTION",
            Self::InvalidPlaceholder => "INVALID_PLACEHOLDER",
            Self::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Self::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Self::UnreachableState => "UNREACHABLE_STATE",
            Self::NoTerminalState => "NO_TERMINAL_STATE",
            Self::DuplicateKey => "DUPLICATE_KEY",
            Self::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Self::DefinitionTooLarge => "DEFINITION_TOO_LARGE",
            Self::InvalidExpression => "INVALID_EXPRESSION",
            Self::UnknownErrorName => "UNKNOWN_ERROR_NAME",
            Self::MisplacedErrorName => "MISPLACED_ERROR_NAME",
            Self::StepFunctions(code) => code,
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, location, file, at } = self;
        write!(f, "{file}:{at}: ")?;
        if location != "/" {
            write!(f, "{location}: ")?;
        }
        write!(f, "{message} [{}]", code.as_str())
    }
}
