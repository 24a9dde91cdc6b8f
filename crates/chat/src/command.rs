//! What a person types: a question, or a command.

/// The commands and what they do, as `/help` shows them.
pub(crate) const COMMANDS: [(&str, &str, &str); 10] = [
    ("/help", "", "these commands and keys"),
    ("/model", "[ID]", "the models that may be asked, or ask this one; `/model default` for the function's own"),
    ("/system", "[TEXT]", "show the system prompt, or set it; `/system none` removes it"),
    ("/max-tokens", "[N]", "the most tokens of an answer; `/max-tokens default` for the function's own"),
    ("/retry", "", "ask the last question again"),
    ("/clear", "", "begin another conversation"),
    ("/save", "FILE", "write the conversation to a file"),
    ("/load", "FILE", "go on with a conversation from a file"),
    ("/quit", "", "end"),
    ("/exit", "", "end"),
];

/// The keys, as `/help` shows them.
pub(crate) const KEYS: [(&str, &str); 6] = [
    ("Alt-Enter", "a new line; so does Enter after \\, or inside an open ``` block"),
    ("Up, Down", "earlier questions, also of other days; Ctrl-R searches them"),
    ("Tab", "completes a command"),
    ("Ctrl-C", "stops the answer; clears what was typed; on an empty line, twice, ends"),
    ("Ctrl-D", "on an empty line, ends"),
    ("//", "at the beginning: a question that begins with /"),
];

/// What a person typed.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Input {
    Nothing,
    Question(String),
    Help,
    Models,
    Model(Option<String>),
    ShowSystem,
    System(Option<String>),
    ShowMaxTokens,
    MaxTokens(Option<u32>),
    Retry,
    Clear,
    Save(String),
    Load(String),
    Quit,
    /// An unknown or wrong command, with what is wrong with it.
    Wrong(String),
}

/// Reads what was typed.
pub(crate) fn read(text: &str) -> Input {
    let text = text.trim();
    if text.is_empty() {
        return Input::Nothing;
    }
    if !text.starts_with('/') || text.starts_with("//") {
        let text = text.strip_prefix("//").map_or_else(|| text.to_owned(), |rest| format!("/{rest}"));
        return Input::Question(joined(&text));
    }
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match (name, rest.trim()) {
        ("/help" | "/?", _) => Input::Help,
        ("/model" | "/models", "") => Input::Models,
        ("/model", "default") => Input::Model(None),
        ("/model", id) => Input::Model(Some(id.to_owned())),
        ("/system", "") => Input::ShowSystem,
        ("/system", "none") => Input::System(None),
        ("/system", text) => Input::System(Some(joined(text))),
        ("/max-tokens", "") => Input::ShowMaxTokens,
        ("/max-tokens", "default") => Input::MaxTokens(None),
        ("/max-tokens", number) => match number.parse() {
            Ok(number) if number > 0 => Input::MaxTokens(Some(number)),
            _ => Input::Wrong(format!("/max-tokens takes a number above 0, not `{number}`")),
        },
        ("/retry", "") => Input::Retry,
        ("/clear", "") => Input::Clear,
        ("/save" | "/load", "") => Input::Wrong(format!("{name} needs a file, such as `{name} talk.json`")),
        ("/save", file) => Input::Save(file.to_owned()),
        ("/load", file) => Input::Load(file.to_owned()),
        ("/quit" | "/exit" | "/q", "") => Input::Quit,
        ("/retry" | "/clear" | "/quit" | "/exit", _) => Input::Wrong(format!("{name} takes nothing more")),
        _ => Input::Wrong(format!("there is no {name}. /help lists the commands; // begins a question with /")),
    }
}

/// Whether more is to come: the line ends with a backslash, or a fence is open.
pub(crate) fn is_incomplete(text: &str) -> bool {
    let backslashes = text.len() - text.trim_end_matches('\\').len();
    let fences = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
    backslashes % 2 == 1 || fences % 2 == 1
}

/// The text without the backslashes that only said that it goes on.
fn joined(text: &str) -> String {
    let mut lines = text.split('\n').peekable();
    let mut joined = String::with_capacity(text.len());
    while let Some(line) = lines.next() {
        let goes_on = lines.peek().is_some();
        let odd = (line.len() - line.trim_end_matches('\\').len()) % 2 == 1;
        joined.push_str(if goes_on && odd { &line[..line.len() - 1] } else { line });
        if goes_on {
            joined.push('\n');
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_begins_with_a_slash_and_all_else_is_a_question() {
        let question = |text: &str| Input::Question(text.into());
        for (text, input) in [
            ("  ", Input::Nothing),
            (" 안녕? ", question("안녕?")),
            ("//etc/passwd", question("/etc/passwd")),
            ("one \\\ntwo", question("one \ntwo")),
            ("C:\\\\\ntwo", question("C:\\\\\ntwo")),
            ("/help", Input::Help),
            ("/model", Input::Models),
            ("/model jp.anthropic.claude-haiku-5-5", Input::Model(Some("jp.anthropic.claude-haiku-5-5".into()))),
            ("/model default", Input::Model(None)),
            ("/system Be brief.\nBe kind.", Input::System(Some("Be brief.\nBe kind.".into()))),
            ("/system none", Input::System(None)),
            ("/max-tokens 100", Input::MaxTokens(Some(100))),
            ("/save my talk.json", Input::Save("my talk.json".into())),
            ("/quit", Input::Quit),
        ] {
            assert_eq!(read(text), input, "{text:?}");
        }
    }

    #[test]
    fn a_command_that_is_none_is_told() {
        for (text, wrong) in [
            ("/quiet", "there is no /quiet"),
            ("/save", "needs a file"),
            ("/max-tokens many", "takes a number"),
            ("/max-tokens 0", "takes a number"),
            ("/clear all", "takes nothing more"),
        ] {
            assert!(matches!(read(text), Input::Wrong(said) if said.contains(wrong)), "{text}");
        }
    }

    #[test]
    fn every_command_that_is_shown_is_one() {
        for (name, arguments, _) in COMMANDS {
            let text = if arguments == "FILE" { format!("{name} file") } else { name.to_owned() };
            assert!(!matches!(read(&text), Input::Wrong(_) | Input::Question(_)), "{name}");
        }
    }

    #[test]
    fn more_is_to_come_after_a_backslash_and_in_an_open_fence() {
        for text in ["a \\", "```rust", "See:\n```\ncode", "a\n```\nb\n```\n```"] {
            assert!(is_incomplete(text), "{text:?}");
        }
        for text in ["", "a", "a \\\\", "```\ncode\n```", "a `b` c"] {
            assert!(!is_incomplete(text), "{text:?}");
        }
    }
}
