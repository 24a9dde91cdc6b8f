//! `warden deadletters`: events that were given up, listed and replayed.

use std::time::Duration;

use serde::Serialize;
use warden_deploy::{DeadLetter, DeadLetters, RecordedEvent, Replayer, Way};

use crate::cli::{DeadLettersCommand, OnStack, ReplayLetters};
use crate::ending::Ending;
use crate::{connection, output};

/// How long a letter that is replayed stays hidden, in seconds.
const REPLAYED: u32 = 900;
/// How long to wait for the executions to start.
const START: Duration = Duration::from_mins(1);

/// Lists or replays dead letters.
pub(crate) async fn run(command: &DeadLettersCommand) -> anyhow::Result<Ending> {
    match command {
        DeadLettersCommand::List(arguments) => list(arguments).await,
        DeadLettersCommand::Replay(arguments) => replay(arguments).await,
    }
}

async fn list(arguments: &OnStack) -> anyhow::Result<Ending> {
    let config = connection::load(&arguments.connection).await?;
    let queue = DeadLetters::of(&config, &arguments.stack.name).await?;
    let hidden = queue.hidden().await?;
    let letters = queue.look().await?;
    output::result(arguments.output.format, told(letters.iter().map(line), hidden), &letters)?;
    note_hidden(hidden);
    Ok(Ending::Done)
}

/// Says that there is more than was read.
fn note_hidden(hidden: usize) {
    if hidden > 0 {
        output::note(&format!(
            "About {hidden} more in the queue: another command looks at them or replays them. Ask again once it has \
             ended; `list` hides what it reads for some seconds, a `replay` that was broken off for 15 minutes"
        ));
    }
}

async fn replay(arguments: &ReplayLetters) -> anyhow::Result<Ending> {
    let config = connection::load(&arguments.on.connection).await?;
    let stack = &arguments.on.stack.name;
    let queue = DeadLetters::of(&config, stack).await?;
    let hidden = queue.hidden().await?;
    if arguments.dry_run {
        let letters = queue.look().await?;
        let planned: Vec<_> = letters.iter().map(|letter| Planned::of(&queue, letter)).collect();
        output::result(arguments.on.output.format, told(planned.iter().map(Planned::line), hidden), &planned)?;
        note_hidden(hidden);
        return Ok(Ending::Done);
    }
    let replayer = Replayer::new(&config);
    let (mut started, mut left) = (Vec::new(), Vec::new());
    for letter in queue.receive(REPLAYED).await? {
        match replay_one(&replayer, &queue, stack, &letter).await {
            // It has an execution, which tells what becomes of it, or older-versions has looked at it.
            Ok(true) => {
                queue.delete(&letter).await?;
                started.push(letter);
            }
            Ok(false) => {
                output::note(&format!("{}: no execution was started; it stays in the queue", letter.id));
                left.push(letter);
            }
            Err(error) => {
                let error = error.to_string();
                // What is wrong with an event names it already.
                let named = if error.contains(&letter.id) { error } else { format!("{}: {error}", letter.id) };
                output::note(&format!("{named}; it stays in the queue"));
                left.push(letter);
            }
        }
    }
    // They are there for whoever comes next, as they are in any case when their time has passed.
    for letter in &left {
        if let Err(error) = queue.release(letter).await {
            output::note(&format!("{}: {error}; it is hidden for 15 minutes", letter.id));
        }
    }
    let left = left.len() + hidden;
    let text = format!("{} replayed, {left} left in the queue", started.len());
    output::result(arguments.on.output.format, &text, &started)?;
    note_hidden(hidden);
    Ok(if left == 0 { Ending::Done } else { Ending::Failed })
}

/// What a replay would do with a letter.
#[derive(Serialize)]
struct Planned<'a> {
    #[serde(flatten)]
    letter: &'a DeadLetter,
    #[serde(skip_serializing_if = "Option::is_none")]
    way: Option<Way>,
    /// Why it could not be replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl<'a> Planned<'a> {
    fn of(queue: &DeadLetters, letter: &'a DeadLetter) -> Self {
        let way = queue.way(letter);
        let refused = way.as_ref().err().map(ToString::to_string);
        Self { letter, way: way.ok(), refused }
    }

    fn line(&self) -> String {
        let would = match (self.way, &self.refused) {
            (Some(Way::ToOlderVersions), _) => "would be handed to older-versions".to_owned(),
            (_, Some(refused)) => format!("would stay: {}", warden_call_errors::printable(refused)),
            _ => "would go on the replay bus".to_owned(),
        };
        format!("{}  {would}", line(self.letter))
    }
}

async fn replay_one(
    replayer: &Replayer,
    queue: &DeadLetters,
    stack: &str,
    letter: &DeadLetter,
) -> anyhow::Result<bool> {
    if letter.is_deletion() {
        queue.hand_to_older_versions(letter).await?;
        return Ok(true);
    }
    let events = RecordedEvent::parse(&letter.id, &letter.event)?;
    let put = replayer.put(stack, &events).await?;
    Ok(replayer.executions(stack, &put, START).await?.len() == put.len())
}

fn line(letter: &DeadLetter) -> String {
    let why = letter.why().unwrap_or("no reason given");
    format!("{}  {}  {} bytes", letter.id, warden_call_errors::printable(why), letter.event.len())
}

fn told(lines: impl Iterator<Item = String>, hidden: usize) -> String {
    let lines: Vec<_> = lines.collect();
    match (lines.is_empty(), hidden) {
        (true, 0) => "no dead letters".to_owned(),
        (true, _) => "no dead letters that nobody else holds".to_owned(),
        (false, _) => lines.join("\n"),
    }
}
