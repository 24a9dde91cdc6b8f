//! `warden deadletters`: events that were given up, listed and replayed.

use std::time::Duration;

use warden_deploy::{DeadLetter, DeadLetters, RecordedEvent, Replayer};

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
    let letters = DeadLetters::of(&config, &arguments.stack.name).await?.look().await?;
    output::result(arguments.output.format, told(&letters), &letters)?;
    Ok(Ending::Done)
}

async fn replay(arguments: &ReplayLetters) -> anyhow::Result<Ending> {
    let config = connection::load(&arguments.on.connection).await?;
    let stack = &arguments.on.stack.name;
    let queue = DeadLetters::of(&config, stack).await?;
    let letters = if arguments.dry_run { queue.look().await? } else { queue.receive(REPLAYED).await? };
    if arguments.dry_run {
        output::result(arguments.on.output.format, told(&letters), &letters)?;
        return Ok(Ending::Done);
    }
    let replayer = Replayer::new(&config);
    let (mut started, mut left) = (Vec::new(), 0_usize);
    for letter in letters {
        match replay_one(&replayer, &queue, stack, &letter).await {
            // It has an execution, which tells what becomes of it, or older-versions has looked at it.
            Ok(true) => {
                queue.delete(&letter).await?;
                started.push(letter);
            }
            Ok(false) => {
                left += 1;
                output::note(&format!("{}: no execution was started; it stays in the queue", letter.id));
            }
            Err(error) => {
                left += 1;
                output::note(&format!("{}: {error}; it stays in the queue", letter.id));
            }
        }
    }
    let text = format!("{} replayed, {left} left in the queue", started.len());
    output::result(arguments.on.output.format, &text, &started)?;
    Ok(if left == 0 { Ending::Done } else { Ending::Failed })
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

fn told(letters: &[DeadLetter]) -> String {
    if letters.is_empty() {
        return "no dead letters".to_owned();
    }
    let lines = letters.iter().map(|letter| {
        let why = letter.why().unwrap_or("no reason given");
        format!("{}  {}  {} bytes", letter.id, warden_call_errors::printable(why), letter.event.len())
    });
    lines.collect::<Vec<_>>().join("\n")
}
