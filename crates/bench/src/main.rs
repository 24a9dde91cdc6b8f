//! Starts function processes, serves each the Lambda Runtime API, S3 and
//! Bedrock on loopback, and prints what a start and a call cost.

mod process;
mod report;
mod services;

use std::{io::Cursor, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use clap::Parser;

use crate::{process::Candidate, report::Figures};

#[derive(Parser)]
#[command(about = "Measures function processes side by side: start, time, CPU and memory of a call")]
struct Arguments {
    /// The event that each call is sent.
    #[arg(long, default_value = "events/pii-detector/image.json")]
    event: PathBuf,
    /// The file served for every GetObject; without it, a PNG of random pixels, 3.8 MB.
    #[arg(long)]
    image: Option<PathBuf>,
    /// The text of the model's answer.
    #[arg(long, default_value = r#"{"verdict":"clean","findings":[]}"#)]
    answer: String,
    /// Starts of each process.
    #[arg(long, default_value_t = 5)]
    cold: usize,
    /// Calls after the first, of each process.
    #[arg(long, default_value_t = 30)]
    warm: usize,
    /// What to run, `NAME=COMMAND WORD…`; ratios are to the first.
    #[arg(required = true, value_parser = Candidate::parse)]
    candidates: Vec<Candidate>,
}

/// How long a start or a call may take.
const LIMIT: Duration = Duration::from_mins(1);

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let event: Bytes = std::fs::read(&arguments.event)
        .with_context(|| format!("the event {} cannot be read", arguments.event.display()))?
        .into();
    let image: Bytes = match &arguments.image {
        Some(path) => {
            std::fs::read(path).with_context(|| format!("the image {} cannot be read", path.display()))?.into()
        }
        None => incompressible_png()?.into(),
    };
    if arguments.cold == 0 || arguments.warm == 0 {
        bail!("--cold and --warm are at least 1");
    }

    let mut all = Vec::new();
    for candidate in &arguments.candidates {
        let mut figures = Figures::new(&candidate.name);
        for _ in 0..arguments.cold {
            let services = services::Services::start(image.clone(), arguments.answer.clone()).await?;
            let run = process::measure(candidate, &event, arguments.warm, &services, LIMIT).await;
            figures.add(run.with_context(|| format!("measuring {}", candidate.name))?);
        }
        all.push(figures);
    }
    report::print(&all, image.len(), arguments.cold, arguments.warm);
    Ok(())
}

/// Random pixels do not compress: 1,200 by 1,045 of them make 3.8 MB, just
/// below what Bedrock takes.
fn incompressible_png() -> Result<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(7);
    let pixels = image::RgbImage::from_fn(1_200, 1_045, |_, _| image::Rgb(std::array::from_fn(|_| random.u8(..))));
    let mut png = Cursor::new(Vec::new());
    pixels.write_to(&mut png, image::ImageFormat::Png)?;
    Ok(png.into_inner())
}
