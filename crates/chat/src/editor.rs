//! The line a person types in: history, completion, more than one line.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use rustyline::completion::Completer;
use rustyline::config::Configurer as _;
use rustyline::config::{BellStyle, ColorMode};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Cmd, ConditionalEventHandler, Config, Context, Editor, Event, EventContext, EventHandler, Helper, KeyCode,
    KeyEvent, Modifiers, Movement, RepeatCount,
};

use crate::command::{COMMANDS, is_incomplete};
use crate::visible::{turns_text, visible_line};

const PROMPT: &str = "› ";
/// How many questions are remembered.
const REMEMBERED: usize = 1_000;

/// What a person did at the prompt.
pub(crate) enum Typed {
    Text(String),
    /// Ctrl-C, on a line that held nothing.
    Interrupt,
    /// Bytes that are no UTF-8. The line they were in is gone.
    NotUtf8,
    /// Ctrl-D.
    End,
}

/// The prompt.
pub(crate) struct Prompt {
    editor: Editor<Assistance, FileHistory>,
    history: Option<PathBuf>,
}

impl Prompt {
    /// A prompt that remembers what was asked on earlier days, unless it should not.
    pub(crate) fn new(with_history: bool) -> anyhow::Result<Self> {
        let config = Config::builder()
            .max_history_size(REMEMBERED)?
            .auto_add_history(false)
            .bell_style(BellStyle::None)
            // What is typed is made harmless where it is coloured, be there colours or not.
            .color_mode(ColorMode::Forced)
            .build();
        let mut editor: Editor<Assistance, FileHistory> = Editor::with_config(config)?;
        editor.set_history_ignore_space(true);
        editor.set_helper(Some(Assistance::default()));
        editor.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), EventHandler::Simple(Cmd::Newline));
        editor.bind_sequence(KeyEvent::ctrl('C'), EventHandler::Conditional(Box::new(ClearsTheLine)));
        let history = if with_history { history_file() } else { None };
        if let Some(file) = &history {
            // There is none before the first question.
            let _ = editor.load_history(file);
        }
        Ok(Self { editor, history })
    }

    /// The models that are completed after `/model`.
    pub(crate) fn know_models(&mut self, models: &[String]) {
        if let Some(assistance) = self.editor.helper_mut() {
            assistance.models = completable(models);
        }
    }

    /// Waits for a person.
    pub(crate) fn read(&mut self) -> anyhow::Result<Typed> {
        match self.editor.readline(PROMPT) {
            Ok(text) => {
                let text = harmless(&text).into_owned();
                self.remember(&text);
                Ok(Typed::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupt),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => Ok(Typed::NotUtf8),
            Err(error) => Err(error.into()),
        }
    }

    fn remember(&mut self, text: &str) {
        // A question is more than a place in the history: it is asked although that cannot be written.
        if self.editor.add_history_entry(text).is_ok_and(|added| added)
            && let Some(file) = &self.history
        {
            let _ = self.editor.append_history(file);
        }
    }
}

/// Ctrl-C: what was typed goes; on an empty line it interrupts as always.
struct ClearsTheLine;

impl ConditionalEventHandler for ClearsTheLine {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        clearing(context.line())
    }
}

fn clearing(line: &str) -> Option<Cmd> {
    (!line.is_empty()).then_some(Cmd::Kill(Movement::WholeBuffer))
}

/// Where the history is kept, in a folder that is made if need be.
fn history_file() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir()).join("warden-chat");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// What helps while typing.
#[derive(Default)]
struct Assistance {
    models: Vec<String>,
}

impl Helper for Assistance {}

impl Completer for Assistance {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(completions(&line[..at], &self.models))
    }
}

impl Hinter for Assistance {
    type Hint = String;
}

impl Highlighter for Assistance {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        harmless(line)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        let style = anstyle::Style::new().bold();
        match anstream::AutoStream::choice(&std::io::stdout()) {
            anstream::ColorChoice::Never => Cow::Borrowed(prompt),
            _ => Cow::Owned(format!("{style}{prompt}{style:#}")),
        }
    }
}

impl Validator for Assistance {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let more = is_incomplete(context.input());
        Ok(if more { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

/// What is typed or pasted without what commands a terminal. The editor takes
/// such characters for ones of no width, so that they cannot be shown instead.
fn harmless(line: &str) -> Cow<'_, str> {
    let is_harmless = |c: char| matches!(c, '\n' | '\t') || !(c.is_control() || turns_text(c));
    if line.chars().all(is_harmless) {
        return Cow::Borrowed(line);
    }
    Cow::Owned(line.chars().filter(|c| is_harmless(*c)).collect())
}

/// The models whose ids can be written to a terminal as they are: a completion is not made visible.
fn completable(models: &[String]) -> Vec<String> {
    models.iter().filter(|id| visible_line(id) == **id).cloned().collect()
}

/// Where what is typed can be completed, and with what.
fn completions(typed: &str, models: &[String]) -> (usize, Vec<String>) {
    if let Some(model) = typed.strip_prefix("/model ") {
        let models = models.iter().filter(|id| id.starts_with(model)).cloned();
        return (typed.len() - model.len(), models.collect());
    }
    let commands = COMMANDS.iter().filter(|(name, ..)| !typed.is_empty() && name.starts_with(typed));
    let completed =
        commands.map(|(name, arguments, _)| if arguments.is_empty() { (*name).into() } else { format!("{name} ") });
    (0, completed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_would_command_the_terminal_is_not_completed() {
        let models = ["m", "m\u{1b}[2J", "m\u{9b}2J", "m\u{202e}", "m\n", ""].map(str::to_owned);
        assert_eq!(completable(&models), ["m", ""]);
    }

    #[test]
    fn nothing_that_is_typed_or_pasted_commands_the_terminal() {
        for (line, shown) in [
            ("x\u{9b}2Jy\u{e}z\u{7}", "x2Jyz"),
            ("\u{1b}[31mred\u{1b}]0;title\u{7}\0", "[31mred]0;title"),
            ("abc\u{202e}fed\u{2066}", "abcfed"),
            ("a\r\nb\tc 안녕 👋🏽", "a\nb\tc 안녕 👋🏽"),
        ] {
            assert_eq!(harmless(line), shown, "{line:?}");
            assert_eq!(Assistance::default().highlight(line, 0), shown, "{line:?}");
        }
    }

    #[test]
    fn ctrl_c_clears_a_line_that_holds_something_and_interrupts_an_empty_one() {
        assert_eq!(clearing("half a\nquestion"), Some(Cmd::Kill(Movement::WholeBuffer)));
        assert_eq!(clearing(""), None);
    }

    #[test]
    fn commands_and_models_are_completed_and_questions_are_not() {
        let models = ["us.anthropic.claude-haiku-5-5".to_owned(), "us.anthropic.claude-sonnet-5-5".to_owned()];
        for (typed, at, candidates) in [
            ("/h", 0, vec!["/help"]),
            ("/m", 0, vec!["/model ", "/max-tokens "]),
            ("/model us.anthropic.claude-h", 7, vec!["us.anthropic.claude-haiku-5-5"]),
            ("/model x", 7, vec![]),
            ("", 0, vec![]),
            ("hello", 0, vec![]),
        ] {
            let found = completions(typed, &models);
            assert_eq!(found, (at, candidates.into_iter().map(str::to_owned).collect()), "{typed:?}");
        }
    }
}
