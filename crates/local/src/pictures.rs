//! Pictures of which the truth is known, and the model that knows it: what is tried with them is
//! what is done with an answer, not how it is found.

use std::io::{self, Cursor};
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use image::{ImageError, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What an upload holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A picture with personal data.
    PersonalData,
    /// A picture without.
    NoPersonalData,
    /// No picture, whatever its name says.
    NoPicture,
}

/// Red pictures hold personal data.
const PERSONAL_DATA: Rgb<u8> = Rgb([200, 30, 30]);
const NO_PERSONAL_DATA: Rgb<u8> = Rgb([30, 160, 60]);
const EDGE: u32 = 48;

/// The bytes of an upload: no two numbers have the same.
///
/// # Errors
/// When the picture cannot be encoded.
pub fn upload(holds: Holds, number: u64) -> Result<Vec<u8>, ImageError> {
    let colour = match holds {
        Holds::PersonalData => PERSONAL_DATA,
        Holds::NoPersonalData => NO_PERSONAL_DATA,
        Holds::NoPicture => return Ok(format!("no picture, number {number}").into_bytes()),
    };
    let mut picture = RgbImage::from_pixel(EDGE, EDGE, colour);
    for (x, byte) in (0..).zip(number.to_be_bytes()) {
        picture.put_pixel(x, 0, Rgb([byte; 3]));
    }
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// Answers what is asked of these pictures and of events, as an OpenAI-compatible server on 127.0.0.1. It ends when it is
/// dropped.
#[derive(Debug)]
pub struct Answers {
    /// Where it answers.
    pub url: String,
    task: JoinHandle<()>,
}

impl Answers {
    /// Answers each question this much later, but for a share of them, from 0 to 1 and by chance: there it is unavailable.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(delay: Duration, failing: f64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let complete = async move |Json(asked): Json<Value>| {
            tokio::time::sleep(delay).await;
            if fastrand::f64() < failing {
                return Err(StatusCode::SERVICE_UNAVAILABLE);
            }
            Ok(Json(answer(&asked)))
        };
        let routes = Router::new()
            .route("/v1/models", get(async || Json(json!({"data": [{"id": "fixed-answers"}]}))))
            .route("/v1/chat/completions", post(complete))
            .layer(DefaultBodyLimit::disable());
        let task = tokio::spawn(async move {
            // Serving ends with the task alone: accept errors are retried inside.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url, task })
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn answer(asked: &Value) -> Value {
    let messages = asked["messages"].as_array().into_iter().flatten();
    let mut parts = messages.filter_map(|message| message["content"].as_array()).flatten();
    let picture = parts.find_map(|part| part["image_url"]["url"].as_str());
    let text = match picture {
        None => json!({"summary": "Somebody did something.", "threat_level": "low"}),
        Some(url) if holds_personal_data(url) => {
            json!({"verdict": "pii", "findings": [{"category": "CREDIT_CARD", "confidence": 0.9, "where": "center"}]})
        }
        Some(_) => json!({"verdict": "clean", "findings": []}),
    };
    json!({
        "choices": [{"message": {"role": "assistant", "content": text.to_string()}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20},
    })
}

fn holds_personal_data(url: &str) -> bool {
    let encoded = url.split_once(',').map_or("", |(_, encoded)| encoded);
    let bytes = base64_simd::STANDARD.decode_to_vec(encoded).unwrap_or_default();
    // Below the row of the number.
    image::load_from_memory(&bytes).is_ok_and(|picture| *picture.to_rgb8().get_pixel(0, 1) == PERSONAL_DATA)
}
