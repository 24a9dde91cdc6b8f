//! What an open stream costs in memory.

use anyhow::{Context, Result};
use futures_util::StreamExt as _;

use crate::{clients::Function, stand_in::Script};

/// One delta, and then nothing for as long as the measuring takes.
pub const HELD: Script = Script { deltas: 2, pace_ms: 60_000, first_ms: 0 };

/// KiB that the process grows by for each of `streams` that are open at a time.
pub async fn of_an_open_stream(function: &Function, streams: usize) -> Result<u64> {
    // What every process has once.
    function.open(&HELD).await?.next().await.context("an answer did not begin")?.ok();
    let before = resident_kib()?;
    let mut open = Vec::with_capacity(streams);
    for _ in 0..streams {
        let mut body = function.open(&HELD).await?;
        body.next().await.context("an answer did not begin")?.ok();
        open.push(body);
    }
    let grown = resident_kib()?.saturating_sub(before);
    drop(open);
    Ok(grown / u64::try_from(streams.max(1))?)
}

/// The memory that this process holds, in KiB.
fn resident_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|value| value.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .context("/proc/self/status has no VmRSS")
}
