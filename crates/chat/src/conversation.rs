//! What was said so far, and the file that keeps it.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::protocol::{Ask, Message, Role};

/// What the file says it is, so that no other JSON is taken for it.
const FORMAT: &str = "warden-chat/1";

/// A question and what was answered.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
struct Turn {
    question: String,
    /// None when nothing was answered.
    answer: Option<String>,
}

/// A conversation.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Conversation {
    pub(crate) model: Option<String>,
    pub(crate) system: Option<String>,
    pub(crate) max_tokens: Option<u32>,
    turns: Vec<Turn>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    max_tokens: Option<u32>,
    messages: Vec<Message>,
}

impl Conversation {
    /// Adds a question. One before it that nobody answered is forgotten: a model
    /// wants questions and answers in turn.
    pub(crate) fn ask(&mut self, question: impl Into<String>) {
        self.turns.retain(|turn| turn.answer.is_some());
        self.turns.push(Turn { question: question.into(), answer: None });
    }

    /// Adds what was answered to the last question, be it cut. A blank answer is
    /// none: models refuse blank text in a conversation.
    pub(crate) fn answered(&mut self, text: &str) {
        if let Some(turn) = self.turns.last_mut().filter(|_| !text.trim().is_empty()) {
            turn.answer = Some(text.to_owned());
        }
    }

    /// Takes back the last answer, so that its question stands again.
    pub(crate) fn retry(&mut self) -> Option<&str> {
        let turn = self.turns.last_mut()?;
        turn.answer = None;
        Some(&turn.question)
    }

    /// Forgets what was said, and keeps what was chosen.
    pub(crate) fn clear(&mut self) {
        self.turns.clear();
    }

    /// How many questions were answered.
    pub(crate) fn answers(&self) -> usize {
        self.turns.iter().filter(|turn| turn.answer.is_some()).count()
    }

    /// What is sent to have the last question answered.
    pub(crate) fn request(&self) -> Ask {
        Ask {
            messages: self.messages(),
            system: self.system.clone(),
            max_tokens: self.max_tokens,
            model: self.model.clone(),
        }
    }

    /// Writes the conversation to a file that only its owner can read.
    pub(crate) fn save(&self, path: &Path, replace: bool) -> anyhow::Result<()> {
        let file = File {
            format: FORMAT.to_owned(),
            model: self.model.clone(),
            system: self.system.clone(),
            max_tokens: self.max_tokens,
            messages: self.messages(),
        };
        let place = || format!("{} cannot be written", path.display());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Whole or not at all: the file takes its name when it is complete.
        let mut partial = tempfile::NamedTempFile::new_in(folder).with_context(place)?;
        serde_json::to_writer_pretty(&mut partial, &file).with_context(place)?;
        let written = if replace { partial.persist(path) } else { partial.persist_noclobber(path) };
        match written {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                bail!("{} is there already. Give another name, or remove it first", path.display())
            }
            Err(error) => Err(error.error).with_context(place),
        }
    }

    /// Reads a conversation that was saved.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let no_conversation = || format!("{} is not a conversation that /save wrote", path.display());
        // The parser's own words would quote the file, which may be anything.
        let file: File = serde_json::from_slice(&text)
            .map_err(|error| anyhow!("{} (line {}, column {})", no_conversation(), error.line(), error.column()))?;
        ensure!(file.format == FORMAT, "{}: its format is not `{FORMAT}`", no_conversation());
        let mut conversation =
            Self { model: file.model, system: file.system, max_tokens: file.max_tokens, turns: Vec::new() };
        for message in file.messages {
            let waits = conversation.turns.last().is_some_and(|turn| turn.answer.is_none());
            match message.role {
                Role::User if !waits => conversation.ask(message.content),
                Role::Assistant if waits => conversation.answered(&message.content),
                _ => bail!("{}: questions and answers do not take turns", no_conversation()),
            }
        }
        Ok(conversation)
    }

    fn messages(&self) -> Vec<Message> {
        let said = |role, content: &String| Message { role, content: content.clone() };
        let turns = self.turns.iter();
        turns
            .flat_map(|turn| {
                let answer = turn.answer.as_ref().map(|answer| said(Role::Assistant, answer));
                std::iter::once(said(Role::User, &turn.question)).chain(answer)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk() -> Conversation {
        let mut talk = Conversation { system: Some("짧게".into()), max_tokens: Some(99), ..Conversation::default() };
        talk.ask("안녕? 👋");
        talk.answered("네.\n```\n\x1b[1m\n```");
        talk.ask("And?");
        talk
    }

    fn said(talk: &Conversation) -> Vec<String> {
        talk.request().messages.into_iter().map(|message| message.content).collect()
    }

    #[test]
    fn a_question_that_nobody_answered_makes_room_for_the_next() {
        for blank in ["", "\n", " \n\t"] {
            let mut talk = talk();
            talk.answered(blank);
            talk.ask("Well?");
            assert_eq!(said(&talk), ["안녕? 👋", "네.\n```\n\x1b[1m\n```", "Well?"], "{blank:?}");
        }
    }

    #[test]
    fn the_last_question_is_asked_again_without_its_answer() {
        let mut talk = talk();
        talk.answered("b");
        assert_eq!(talk.retry(), Some("And?"));
        assert_eq!(said(&talk).len(), 3);
        assert_eq!(talk.retry(), Some("And?"));
        assert_eq!(Conversation::default().retry(), None);
    }

    #[test]
    fn what_is_forgotten_is_said_no_more() {
        let mut talk = talk();
        talk.clear();
        assert_eq!((said(&talk).len(), talk.answers(), talk.max_tokens), (0, 0, Some(99)));
    }

    #[test]
    fn a_saved_conversation_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("대화.json");
        talk().save(&path, false).unwrap();
        assert_eq!(Conversation::load(&path).unwrap(), talk());

        let kept = talk().save(&path, false).unwrap_err().to_string();
        assert!(kept.contains("is there already"), "{kept}");
        talk().save(&path, true).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_saved_conversation_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("talk.json");
        talk().save(&path, false).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_conversation_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("talk.json");
        for (text, why) in [
            ("{", "is not a conversation"),
            (r#"{"messages":[]}"#, "is not a conversation"),
            (r#"{"format":"warden-chat/2","messages":[]}"#, "its format"),
            (r#"{"format":"warden-chat/1","messages":[{"role":"assistant","content":"a"}]}"#, "take turns"),
            (
                r#"{"format":"warden-chat/1","messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}"#,
                "take turns",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Conversation::load(&path).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        std::fs::write(&path, "{\n\"\u{9b}2Jsecret\": 1}").unwrap();
        let error = format!("{:#}", Conversation::load(&path).unwrap_err());
        assert!(error.ends_with("(line 2, column 12)") && !error.contains("secret"), "{error}");
        assert!(Conversation::load(Path::new("/nowhere")).unwrap_err().to_string().contains("cannot be read"));
    }
}
