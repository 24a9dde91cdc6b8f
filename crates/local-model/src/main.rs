//! Runs the local model alone: `cargo run --bin warden-local-model`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use warden_local_model::{Config, Server, Upstream};
use warden_python_env::weights;

/// A Bedrock-compatible endpoint for development, which reads images with OCR.
#[derive(Debug, Parser)]
#[command(name = "warden-local-model", version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8089", env = "LOCAL_MODEL_LISTEN")]
    listen: SocketAddr,

    /// Ask this OpenAI-compatible server (Ollama, llama.cpp) instead of reading here.
    #[arg(long, value_name = "URL", env = "LOCAL_MODEL_UPSTREAM")]
    upstream: Option<String>,

    /// Which of the upstream's models to ask.
    #[arg(long, value_name = "NAME", requires = "upstream", env = "LOCAL_MODEL_UPSTREAM_MODEL")]
    upstream_model: Option<String>,

    /// Where the OCR models are kept; they are downloaded when they are not there.
    #[arg(long, value_name = "FOLDER", default_value = "target/warden/models", env = "LOCAL_MODEL_CACHE")]
    cache: PathBuf,

    /// The Python whose pip downloads them.
    #[arg(long, value_name = "PYTHON", default_value = "python3", env = "WARDEN_PYTHON")]
    python: String,

    /// How many milliseconds a stream waits before each word.
    #[arg(long, value_name = "MS", default_value_t = 0, env = "LOCAL_MODEL_WORD_DELAY")]
    word_delay: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut config = if let Some(url) = arguments.upstream {
        Config::upstream(Upstream { model: arguments.upstream_model, ..Upstream::new(url) })
    } else {
        let tell = &mut |said: &str| say(said);
        Config::reading(weights::install(&arguments.cache, &arguments.python, tell).await?)
    };
    config.address = arguments.listen;
    config.word_delay = Duration::from_millis(arguments.word_delay);
    let server = Server::start(config).await?;
    say(&format!(
        "The local model listens; point the SDK at it:\nexport AWS_ENDPOINT_URL_BEDROCK_RUNTIME={url}\nexport AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME={url}",
        url = server.url()
    ));
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")?;
    server.shutdown().await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what a person runs")]
fn say(line: &str) {
    println!("{line}");
}
