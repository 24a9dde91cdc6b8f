//! What `bedrock-stream` adds to a model's stream: beside direct calls to a
//! stand-in for Bedrock, it prints when the first token and each delta arrive,
//! and what an open stream costs in memory.

mod clients;
mod figures;
mod memory;
mod stand_in;

use std::{
    io::BufRead as _,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::{
    clients::{Arrival, Client, Direct, Function},
    figures::Comparison,
    stand_in::Script,
};

/// As fast as the model can.
const BURST: Script = Script { deltas: 1_000, pace_ms: 0, first_ms: 0 };

#[derive(Parser)]
#[command(about = "Measures what the streaming function adds to a model's stream")]
struct Arguments {
    /// Streams at a time.
    #[arg(long, default_value_t = 50)]
    streams: usize,
    /// Rounds of direct calls and of calls by the function, in turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Deltas of each stream.
    #[arg(long, default_value_t = 100)]
    deltas: usize,
    /// Milliseconds between two deltas.
    #[arg(long, default_value_t = 20)]
    pace_ms: u64,
    /// Milliseconds before the first delta.
    #[arg(long, default_value_t = 200)]
    first_ms: u64,
    /// Milliseconds over which the requests of a round are spread; with 0 all come in one instant.
    #[arg(long, default_value_t = 500)]
    spread_ms: u64,
    /// Streams that are held open to weigh one.
    #[arg(long, default_value_t = 500)]
    held: usize,
    /// Serves as Bedrock, and says where.
    #[arg(long, hide = true)]
    stand_in: bool,
}

/// One thread, as in the function.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.stand_in {
        return stand_in::serve().await;
    }
    ensure!(
        arguments.streams > 0 && arguments.rounds > 0 && arguments.deltas > 1,
        "--streams and --rounds are at least 1, --deltas at least 2"
    );
    let stand_in = StandIn::start()?;
    let script = Script { deltas: arguments.deltas, pace_ms: arguments.pace_ms, first_ms: arguments.first_ms };
    let scripts = [&script, &BURST, &memory::HELD];
    let (direct, function) = (Direct::new(&stand_in.address)?, Function::new(&stand_in.address, &scripts).await);

    // First, while no memory lies about that was used before.
    let held = memory::of_an_open_stream(&function, arguments.held).await?;
    let mut comparison = Comparison::default();
    // The first calls open the connections.
    let spread = Duration::from_millis(arguments.spread_ms);
    side_by_side(&direct, &script, arguments.streams, spread).await?;
    side_by_side(&function, &script, arguments.streams, spread).await?;
    for _ in 0..arguments.rounds {
        comparison.direct.add(side_by_side(&direct, &script, arguments.streams, spread).await?);
        comparison.function.add(side_by_side(&function, &script, arguments.streams, spread).await?);
    }

    // Fails for a delta that is lost, comes twice or out of its turn.
    side_by_side(&function, &BURST, arguments.streams, Duration::ZERO).await?;
    figures::print(
        &comparison,
        &script,
        (arguments.streams, arguments.spread_ms, arguments.rounds),
        (held, arguments.held),
    );
    Ok(())
}

/// Streams side by side, each with every delta in its turn.
async fn side_by_side<C: Client>(
    client: &C,
    script: &Script,
    streams: usize,
    spread: Duration,
) -> Result<Vec<Vec<Arrival>>> {
    let between = spread / u32::try_from(streams)?;
    let calls = (0_u32..).take(streams).map(|at| async move {
        tokio::time::sleep(between * at).await;
        client.stream(script).await
    });
    let streams = futures_util::future::try_join_all(calls).await?;
    for stream in &streams {
        ensure!(
            stream.iter().map(|arrival| arrival.number).eq(0..script.deltas),
            "a stream lost, repeated or reordered deltas"
        );
    }
    Ok(streams)
}

/// The stand-in for Bedrock, in a process of its own so that its memory is not weighed.
struct StandIn {
    process: Child,
    address: String,
}

impl StandIn {
    fn start() -> Result<Self> {
        let program = std::env::current_exe().context("the name of this program cannot be read")?;
        let mut process = Command::new(program).arg("--stand-in").stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().context("the stand-in says nothing")?;
        let mut address = String::new();
        std::io::BufReader::new(stdout).read_line(&mut address)?;
        ensure!(!address.trim().is_empty(), "the stand-in did not start");
        Ok(Self { process, address: format!("http://{}", address.trim()) })
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // It is over either way.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How long one stream may take.
const LIMIT: Duration = Duration::from_mins(2);
