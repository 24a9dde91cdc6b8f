//! A conversation on a terminal.

use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use crate::answer::Cut;
use crate::command::{COMMANDS, Input, KEYS, read};
use crate::connection::Client;
use crate::conversation::Conversation;
use crate::editor::{Prompt, Typed};
use crate::ending::Ending;
use crate::exchange::exchange;
use crate::protocol::Models;
use crate::screen::{self, Show};
use crate::visible::{visible, visible_line};

/// How a conversation is held.
pub(crate) struct Options {
    pub(crate) markdown: bool,
    pub(crate) history: bool,
    /// The file that the conversation came from.
    pub(crate) file: Option<PathBuf>,
}

/// Holds a conversation until the person ends it.
pub(crate) fn converse(
    runtime: &Runtime,
    client: &Client,
    conversation: Conversation,
    options: Options,
) -> anyhow::Result<Ending> {
    let mut prompt = Prompt::new(options.history)?;
    let mut talk = Talk { runtime, client, conversation, markdown: options.markdown, file: options.file };
    talk.greet();
    let mut interrupted = false;
    loop {
        let typed = prompt.read()?;
        let again = std::mem::replace(&mut interrupted, matches!(typed, Typed::Interrupt));
        let text = match typed {
            Typed::End => return Ok(Ending::Done),
            Typed::Interrupt if again => return Ok(Ending::Done),
            Typed::Interrupt => {
                screen::note("Ctrl-C again, or Ctrl-D, ends");
                continue;
            }
            Typed::NotUtf8 => {
                screen::error("what was typed or pasted is not UTF-8; the line is dropped");
                continue;
            }
            Typed::Text(text) => text,
        };
        match read(&text) {
            Input::Quit => return Ok(Ending::Done),
            Input::Models => {
                if let Some(models) = talk.show_models() {
                    prompt.know_models(&models.models);
                }
            }
            input => talk.act(input),
        }
    }
}

/// A conversation that is held.
struct Talk<'a> {
    runtime: &'a Runtime,
    client: &'a Client,
    conversation: Conversation,
    markdown: bool,
    /// The file that it was loaded from or saved to, which it may be saved to again.
    file: Option<PathBuf>,
}

impl Talk<'_> {
    fn greet(&self) {
        let place = &self.client.target().url;
        screen::note(&format!("warden-chat · {} · {}", visible_line(place.as_str()), self.model()));
        if self.conversation.answers() > 0 {
            screen::note(&format!("goes on after {}", counted(self.conversation.answers())));
        }
        screen::note("/help lists commands and keys; Ctrl-D ends\n");
    }

    fn model(&self) -> String {
        self.conversation.model.as_deref().map_or_else(|| "the function's own model".to_owned(), visible_line)
    }

    fn act(&mut self, input: Input) {
        match input {
            Input::Nothing | Input::Quit | Input::Models => {}
            Input::Question(question) => {
                self.conversation.ask(question);
                self.answer();
            }
            Input::Retry => match self.conversation.retry() {
                Some(question) => {
                    screen::note(&format!("asking again: {}", visible_line(question)));
                    self.answer();
                }
                None => screen::error("there is no question to ask again"),
            },
            Input::Help => help(),
            Input::Model(model) => {
                self.conversation.model = model;
                screen::note(&format!("from now on: {}", self.model()));
            }
            Input::ShowSystem => screen::say(
                &self.conversation.system.as_deref().map_or_else(|| "there is no system prompt".into(), visible),
            ),
            Input::System(system) => {
                self.conversation.system = system;
                screen::note(if self.conversation.system.is_some() {
                    "this is the system prompt from now on"
                } else {
                    "from now on there is no system prompt"
                });
            }
            Input::ShowMaxTokens => screen::say(&self.max_tokens()),
            Input::MaxTokens(most) => {
                self.conversation.max_tokens = most;
                screen::note(&format!("from now on: {}", self.max_tokens()));
            }
            Input::Clear => {
                self.conversation.clear();
                self.file = None;
                screen::note("another conversation begins");
            }
            Input::Save(file) => self.save(Path::new(&file)),
            Input::Load(file) => self.load(Path::new(&file)),
            Input::Wrong(why) => screen::error(&visible_line(&why)),
        }
    }

    fn max_tokens(&self) -> String {
        self.conversation
            .max_tokens
            .map_or_else(|| "as many tokens as the function allows".to_owned(), |most| format!("at most {most} tokens"))
    }

    /// Has the last question answered.
    fn answer(&mut self) {
        let request = self.conversation.request();
        let show = Some(Show::on_standard_output(self.markdown));
        #[cfg(unix)]
        let typing = crate::typing::HeldBack::begin();
        let answered = self.runtime.block_on(exchange(self.client, &request, show));
        #[cfg(unix)]
        drop(typing);
        match answered {
            Err(failure) => {
                screen::error(&failure.to_string());
                screen::note("the question stands: /retry asks it again\n");
            }
            Ok(exchange) => {
                self.conversation.answered(&exchange.answer.text);
                match exchange.answer.why_cut() {
                    None => {}
                    Some(Cut::Stopped) if exchange.answer.text.is_empty() => {
                        screen::note("stopped before the answer began; /retry asks again");
                    }
                    Some(Cut::Stopped) => {
                        screen::note("stopped: the answer stays as far as it came; /retry asks again");
                    }
                    Some(cut) => screen::cut(&format!("{cut} (/retry)")),
                }
                screen::note(&format!("{exchange}\n"));
            }
        }
    }

    fn show_models(&self) -> Option<Models> {
        let asked = self.runtime.block_on(async {
            tokio::select! {
                models = self.client.models() => Some(models),
                _ = tokio::signal::ctrl_c() => None,
            }
        });
        match asked {
            None => {
                screen::note("stopped");
                None
            }
            Some(Err(failure)) => {
                screen::error(&failure.to_string());
                None
            }
            Some(Ok(models)) => {
                for id in &models.models {
                    let chosen = self.conversation.model.as_ref().or(models.default.as_ref()) == Some(id);
                    let own = if models.default.as_ref() == Some(id) { "  (the function's own)" } else { "" };
                    screen::say(&format!("{} {}{own}", if chosen { "*" } else { " " }, visible_line(id)));
                }
                Some(models)
            }
        }
    }

    fn save(&mut self, file: &Path) {
        let replace = self.file.as_deref() == Some(file);
        match self.conversation.save(file, replace) {
            Ok(()) => {
                screen::note(&format!("saved {} to {}", counted(self.conversation.answers()), file.display()));
                self.file = Some(file.to_owned());
            }
            Err(error) => screen::error(&format!("{error:#}")),
        }
    }

    fn load(&mut self, file: &Path) {
        match Conversation::load(file) {
            Ok(conversation) => {
                self.conversation = conversation;
                self.file = Some(file.to_owned());
                screen::note(&format!("goes on after {} · {}", counted(self.conversation.answers()), self.model()));
            }
            Err(error) => screen::error(&format!("{error:#}")),
        }
    }
}

fn help() {
    for (name, arguments, what) in COMMANDS {
        screen::say(&format!("  {:<18} {what}", format!("{name} {arguments}")));
    }
    for (key, what) in KEYS {
        screen::say(&format!("  {key:<18} {what}"));
    }
}

fn counted(answers: usize) -> String {
    if answers == 1 { "1 answer".to_owned() } else { format!("{answers} answers") }
}
