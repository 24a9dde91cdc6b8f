//! Two ways to a model's stream: straight over HTTP, and by the function.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_eventstream::frame::read_message_from;
use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use warden_aws::{Bedrock, BedrockSettings};
use warden_core::chat::Offer;
use warden_lambda::chat::{Chat, ChatSettings};
use warden_lambda::streaming::{Body, StreamLimits};

use crate::{
    LIMIT,
    stand_in::{Script, nanoseconds},
};

/// When a delta arrived.
pub struct Arrival {
    pub number: usize,
    /// Since the request.
    pub since_request: Duration,
    /// Since the model sent it.
    pub since_sent: Duration,
}

/// A way to a model's stream.
pub trait Client {
    /// Asks, and reads the answer to its end.
    async fn stream(&self, script: &Script) -> Result<Vec<Arrival>>;
}

/// Bytes, and when they arrived.
struct Received {
    since_request: Duration,
    at: u128,
    bytes: Bytes,
}

/// Straight over HTTP, reading bytes and no more while they come.
pub struct Direct {
    client: reqwest::Client,
    address: String,
}

impl Direct {
    pub fn new(address: &str) -> Result<Self> {
        Ok(Self { client: reqwest::Client::builder().build()?, address: address.to_owned() })
    }
}

impl Client for Direct {
    async fn stream(&self, script: &Script) -> Result<Vec<Arrival>> {
        let url = format!("{}/model/{}/invoke-with-response-stream", self.address, script.model_id());
        let requested = Instant::now();
        let read = async {
            let mut response = self.client.post(url).json(&json!({"max_tokens": 1})).send().await?;
            let mut received = Vec::new();
            while let Some(bytes) = response.chunk().await? {
                received.push(Received { since_request: requested.elapsed(), at: nanoseconds(), bytes });
            }
            Ok::<_, reqwest::Error>(received)
        };
        let received = timeout(LIMIT, read).await.context("a direct call took too long")??;
        let mut arrivals = Vec::new();
        let mut buffer = BytesMut::new();
        for part in received {
            buffer.extend_from_slice(&part.bytes);
            while let Some(length) = buffer.get(..4).map(|mut bytes| bytes.get_u32() as usize) {
                if buffer.len() < length {
                    break;
                }
                let message = read_message_from(buffer.split_to(length))?;
                let chunk: Value = serde_json::from_slice(message.payload())?;
                let event = base64_simd::STANDARD.decode_to_vec(chunk["bytes"].as_str().unwrap_or_default())?;
                let event: Value = serde_json::from_slice(&event)?;
                if let Some(text) = event["delta"]["text"].as_str() {
                    arrivals.push(arrival(text.trim(), &part)?);
                }
            }
        }
        Ok(arrivals)
    }
}

/// By the function, from its event to its response's body.
pub struct Function {
    chat: Chat<Bedrock>,
}

impl Function {
    pub async fn new(address: &str, scripts: &[&Script]) -> Self {
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "bench", None, None, "bench");
        let sdk: SdkConfig = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(address)
            .load()
            .await;
        let models = scripts.iter().map(|script| script.model_id().into()).collect();
        let settings = ChatSettings {
            token: None,
            offer: Offer { default_model: "".into(), models, max_tokens: 4096 },
            max_request_bytes: 6_291_456,
            limits: StreamLimits { receive_timeout: LIMIT, answer_timeout: LIMIT },
        };
        let bedrock = BedrockSettings { region: None, timeout: LIMIT, guardrail: None };
        Self { chat: bedrock_stream::chat(Bedrock::new(&sdk, bedrock), settings) }
    }

    /// The body of an answer, of which nothing is read yet.
    pub async fn open(&self, script: &Script) -> Result<Body> {
        let event = json!({
            "headers": {"accept": "*/*"},
            "requestContext": {"http": {"method": "POST", "path": "/"}},
            "body": json!({"prompt": "Count.", "model": script.model_id()}).to_string(),
        });
        let response = self.chat.handle(event, "bench").await;
        ensure!(response.status() == 200, "the function answered {}", response.status());
        Ok(response.into_body())
    }
}

impl Client for Function {
    async fn stream(&self, script: &Script) -> Result<Vec<Arrival>> {
        let requested = Instant::now();
        let read = async {
            let mut body = self.open(script).await?;
            let mut received = Vec::new();
            while let Some(Ok(bytes)) = body.next().await {
                received.push(Received { since_request: requested.elapsed(), at: nanoseconds(), bytes });
            }
            Ok::<_, anyhow::Error>(received)
        };
        let received = timeout(LIMIT, read).await.context("a call of the function took too long")??;
        let mut arrivals = Vec::new();
        for part in received {
            for text in std::str::from_utf8(&part.bytes)?.split_whitespace() {
                arrivals.push(arrival(text, &part)?);
            }
        }
        Ok(arrivals)
    }
}

/// Reads what a delta says of itself.
fn arrival(text: &str, received: &Received) -> Result<Arrival> {
    let (number, sent) = text.split_once(':').context("the answer is not the stand-in's")?;
    let since_sent = received.at.saturating_sub(sent.parse()?);
    Ok(Arrival {
        number: number.parse()?,
        since_request: received.since_request,
        since_sent: Duration::from_nanos(u64::try_from(since_sent)?),
    })
}
