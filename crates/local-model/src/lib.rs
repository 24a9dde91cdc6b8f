//! A Bedrock-compatible endpoint for development: it speaks the wire protocol of
//! `InvokeModel` with the Anthropic Messages body, truly reads the images it is
//! sent (OCR and face finding), and judges what it reads with recognisers of
//! personal data. It is no language model: what its readers cannot tell, it says.
//!
//! It streams as well, in real frames: `InvokeModelWithResponseStream`, and
//! `SageMaker`'s `InvokeEndpointWithResponseStream` as the usual containers answer it.
//!
//! It refuses what Bedrock refuses (bad media types, dead model ids, sampling
//! fields a model rejects), so that a request that works here has a chance there.
//!
//! ```no_run
//! use warden_local_model::{Config, Server};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::start(Config::reading("target/warden/models/rapidocr-3.10.0")).await?;
//! println!("AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}", server.url());
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod answer;
mod bedrock;
mod calls;
mod endpoint;
mod faults;
mod invoke;
mod records;
mod server;
mod stream;
mod upstream;

pub use calls::{Call, Calls, Operation, Streams};
pub use faults::{Fault, Faults};
pub use records::{RecordPlace, Records};
pub use server::{Answers, Config, Server, StartError};
pub use upstream::Upstream;
