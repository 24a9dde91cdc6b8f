//! One process: started, called, and looked at through `/proc`.

use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use axum::body::to_bytes;
use bytes::Bytes;
use tokio::{net::TcpListener, time::timeout};
use warden_runtime_api::{RuntimeApi, routes};

use crate::{report::Run, services::Services};

/// A function's process by the command that starts it.
#[derive(Clone)]
pub struct Candidate {
    pub name: String,
    command: Vec<String>,
}

impl Candidate {
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, command) = text.split_once('=').ok_or("it has the form NAME=COMMAND")?;
        let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        if command.is_empty() {
            return Err("the command is empty".into());
        }
        Ok(Self { name: name.to_owned(), command })
    }
}

/// Starts the process, sends it one event and `warm` more, and reads what that took.
pub async fn measure(
    candidate: &Candidate,
    event: &Bytes,
    warm: usize,
    services: &Services,
    limit: Duration,
) -> Result<Run> {
    let runtime = Arc::new(RuntimeApi::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // Ends with this program.
    tokio::spawn(axum::serve(listener, routes(Arc::clone(&runtime))).into_future());
    let endpoint = format!("http://{}", services.address);
    let mut command = tokio::process::Command::new(&candidate.command[0]);
    command
        .args(&candidate.command[1..])
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address.to_string().as_str()),
            ("AWS_ENDPOINT_URL_S3", &endpoint),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &endpoint),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "bench"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);

    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("{} cannot be started", candidate.command[0]))?;
    let pid = child.id().context("the process ended at once")?;
    let polled = timeout(limit, runtime.first_poll()).await.context("the process did not ask for an event in time")?;
    let init = polled.duration_since(started);

    let cpu_of_start = cpu_time(pid)?;
    let called = Instant::now();
    call(&runtime, event, limit).await?;
    let first = called.elapsed();

    let cpu_before = cpu_time(pid)?;
    let first_cpu = cpu_before.saturating_sub(cpu_of_start);
    let mut warm_calls = Vec::with_capacity(warm);
    for _ in 0..warm {
        let called = Instant::now();
        call(&runtime, event, limit).await?;
        warm_calls.push(called.elapsed());
    }
    let calls = u32::try_from(warm)?;
    let warm_cpu = cpu_time(pid)?.saturating_sub(cpu_before) / calls;
    let peak_kib = peak_kib(pid)?;
    child.kill().await?;
    // What the model calls clean may be read once more, for its barcodes. An image that no model takes unchanged is asked about in parts.
    let (objects, models) = services.calls();
    ensure!(
        objects > warm && models > warm && models % (warm + 1) == 0,
        "{} calls read an object {objects} times, and asked the model {models} times",
        warm + 1
    );
    Ok(Run { init, first, first_cpu, warm: warm_calls, warm_cpu, peak_kib })
}

/// Sends an event and waits for its answer.
async fn call(runtime: &RuntimeApi, event: &Bytes, limit: Duration) -> Result<Bytes> {
    let answer = async {
        let outcome = runtime.invoke(runtime.next_id(), event.clone()).await.context("the process gave no answer")?;
        let body = outcome.map_err(|error| anyhow!("the call failed: {}", String::from_utf8_lossy(&error)))?;
        Ok(to_bytes(body, usize::MAX).await?)
    };
    timeout(limit, answer).await.context("the call was not answered in time")?
}

/// User and system CPU time of a process, its threads among it.
fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The command's name, in parentheses, may hold anything; user and system time are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat has another form")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<_, _>>()
        .context("/proc/PID/stat has another form")?;
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_micros(ticks * 1_000_000 / per_second))
}

/// The most memory a process has held, in KiB.
fn peak_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|value| value.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .context("/proc/PID/status has no VmHWM")
}
