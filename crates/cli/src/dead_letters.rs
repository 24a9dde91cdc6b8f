//! `warden deadletters`: events that were given up, listed and replayed.

use std::time::Duration;

use serde::Serialize;
use warden_call_errors::CallError;
use warden_deploy::{DeadLetter, DeadLetters, Error, Replayer, Way};

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
    let (letters, held) = look(&DeadLetters::of(&config, &arguments.stack.name).await?).await?;
    output::result(arguments.output.format, told(letters.iter().map(line), held), &letters)?;
    note_held(held);
    Ok(Ending::Done)
}

/// The letters to look at, and about how many another command holds.
pub(crate) async fn look(queue: &DeadLetters) -> anyhow::Result<(Vec<DeadLetter>, usize)> {
    received(queue, queue.look()).await
}

/// The letters that are received, and about how many another command holds.
async fn received(
    queue: &DeadLetters,
    letters: impl Future<Output = Result<Vec<DeadLetter>, Error>>,
) -> anyhow::Result<(Vec<DeadLetter>, usize)> {
    // Before they are received, and count as held themselves.
    let count = count(queue).await?;
    let letters = letters.await?;
    let held = count.saturating_sub(letters.len());
    Ok((letters, held))
}

/// About how many letters there are. That nobody may ask is no reason to read none.
async fn count(queue: &DeadLetters) -> anyhow::Result<usize> {
    match queue.count().await {
        Err(Error::Call(denied @ CallError::Denied { .. })) => {
            output::note(&format!("{denied}. Letters that another command holds are not counted"));
            Ok(0)
        }
        counted => Ok(counted?),
    }
}

/// Says that there is more than was read.
fn note_held(held: usize) {
    if held > 0 {
        output::note(&format!(
            "About {held} more are hidden just now, by another `list` for some seconds or by a `replay` that was broken \
             off for 15 minutes. Ask again then"
        ));
    }
}

async fn replay(arguments: &ReplayLetters) -> anyhow::Result<Ending> {
    let config = connection::load(&arguments.on.connection).await?;
    let stack = &arguments.on.stack.name;
    let queue = DeadLetters::of(&config, stack).await?;
    if arguments.dry_run {
        let (letters, held) = look(&queue).await?;
        let planned: Vec<_> = letters.iter().map(|letter| Planned::of(&queue, letter)).collect();
        output::result(arguments.on.output.format, told(planned.iter().map(Planned::line), held), &planned)?;
        note_held(held);
        return Ok(Ending::Done);
    }
    let bus = Replayer::new(&config);
    let (letters, held) = received(&queue, queue.receive(REPLAYED)).await?;
    let (mut replayed, mut left) = (Vec::new(), 0_usize);
    for letter in letters {
        match replay_one(&bus, &queue, stack, &letter).await {
            Ok(true) => {
                replayed.push(letter);
                continue;
            }
            Ok(false) => output::note(&format!("{}: no execution was started; it stays in the queue", letter.id)),
            Err(error) => {
                let error = error.to_string();
                // What is wrong with an event names it already.
                let named = if error.contains(&letter.id) { error } else { format!("{}: {error}", letter.id) };
                output::note(&format!("{named}; it stays in the queue"));
            }
        }
        left += 1;
        if let Err(error) = queue.release(&letter).await {
            output::note(&format!("{}: {error}; it may be hidden for 15 minutes", letter.id));
        }
    }
    let text = format!("{} replayed, {left} left in the queue", replayed.len());
    output::result(arguments.on.output.format, &text, &replayed)?;
    note_held(held);
    // What is held is an estimate, which can be of those that were replayed just now.
    let all = left == 0 && (held == 0 || !replayed.is_empty());
    Ok(if all { Ending::Done } else { Ending::Failed })
}

/// Whether it took effect: then it has an execution, which tells what becomes of it, or older-versions has looked at it,
/// and it is deleted.
async fn replay_one(bus: &Replayer, queue: &DeadLetters, stack: &str, letter: &DeadLetter) -> anyhow::Result<bool> {
    match queue.way(letter)? {
        Way::ToReplayBus(events) => {
            let put = bus.put(stack, &events).await?;
            if bus.executions(stack, &put, START).await?.len() != put.len() {
                return Ok(false);
            }
        }
        Way::ToOlderVersions => queue.hand_to_older_versions(letter).await?,
    }
    queue.delete(letter).await?;
    Ok(true)
}

/// What a replay would do with a letter.
#[derive(Serialize)]
struct Planned<'a> {
    #[serde(flatten)]
    letter: &'a DeadLetter,
    #[serde(skip_serializing_if = "Option::is_none")]
    way: Option<Target>,
    /// Why it could not be replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Where a letter would go.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    ReplayBus,
    OlderVersions,
}

impl<'a> Planned<'a> {
    fn of(queue: &DeadLetters, letter: &'a DeadLetter) -> Self {
        match queue.way(letter) {
            Ok(Way::ToReplayBus(_)) => Self { letter, way: Some(Target::ReplayBus), refused: None },
            Ok(Way::ToOlderVersions) => Self { letter, way: Some(Target::OlderVersions), refused: None },
            Err(refused) => Self { letter, way: None, refused: Some(refused.to_string()) },
        }
    }

    fn line(&self) -> String {
        let would = match (self.way, &self.refused) {
            (_, Some(refused)) => format!("would stay: {}", warden_call_errors::printable(refused)),
            (Some(Target::OlderVersions), _) => "would be handed to older-versions".to_owned(),
            _ => "would go on the replay bus".to_owned(),
        };
        format!("{}  {would}", line(self.letter))
    }
}

fn line(letter: &DeadLetter) -> String {
    let why = letter.why().unwrap_or("no reason given");
    format!("{}  {}  {} bytes", letter.id, warden_call_errors::printable(why), letter.event.len())
}

fn told(lines: impl Iterator<Item = String>, held: usize) -> String {
    let lines: Vec<_> = lines.collect();
    match (lines.is_empty(), held) {
        (true, 0) => "no dead letters".to_owned(),
        (true, _) => "no dead letters but those that another command holds".to_owned(),
        (false, _) => lines.join("\n"),
    }
}
