//! What the tests of the endpoint share: a server, and requests to it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use warden_local_model::{Config, RecordPlace, Server};

pub const MODEL: &str = "us.anthropic.claude-haiku-5-5";

/// The OCR models; the first test that asks installs them.
pub async fn weights() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")), PathBuf::from);
    let python = std::env::var("WARDEN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let tell = &mut |said: &str| println!("{said}");
    warden_python_env::weights::install(&target.join("warden/models"), &python, tell).await.expect("they are installed")
}

pub async fn server() -> Server {
    Server::start(Config::reading(weights().await)).await.expect("a free port")
}

/// A status, the error's name, and the body.
pub struct Reply {
    pub status: u16,
    pub error: Option<String>,
    pub body: Value,
}

impl Reply {
    /// The text of a good answer.
    pub fn text(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["content"][0]["text"].as_str().expect("a text block")
    }

    /// The JSON of a good answer.
    pub fn json(&self) -> Value {
        serde_json::from_str(self.text()).expect("the answer is JSON alone")
    }

    pub fn message(&self) -> &str {
        self.body["message"].as_str().expect("an error has a message")
    }
}

pub async fn send(server: &Server, model: &str, body: &Value) -> Reply {
    send_raw(server, model, body.to_string(), "application/json").await
}

pub async fn send_raw(server: &Server, model: &str, body: String, content_type: &str) -> Reply {
    let encoded: String = model
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    let response = reqwest::Client::new()
        .post(format!("{}/model/{encoded}/invoke", server.url()))
        .header("content-type", content_type)
        .body(body)
        .send()
        .await
        .expect("the server answers");
    let status = response.status().as_u16();
    let error = response.headers().get("x-amzn-errortype").map(|name| name.to_str().expect("a name").to_owned());
    Reply { status, error, body: response.json().await.expect("every answer is JSON") }
}

/// A request that asks about images.
pub fn ask(prompt: &str, images: &[(&str, &[u8])]) -> Value {
    let mut content: Vec<Value> = images
        .iter()
        .map(|(media_type, bytes)| {
            let data = base64_simd::STANDARD.encode_to_string(bytes);
            json!({"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}})
        })
        .collect();
    content.push(json!({"type": "text", "text": prompt}));
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 4_096,
        "messages": [{"role": "user", "content": content}],
    })
}

/// The same with a schema for the answer.
pub fn ask_by_schema(prompt: &str, images: &[(&str, &[u8])], schema: &Value) -> Value {
    let mut body = ask(prompt, images);
    body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
    body
}

/// A place for records.
pub fn place(folder: &Path) -> RecordPlace {
    RecordPlace {
        folder: folder.to_owned(),
        bucket: "logs".into(),
        prefix: String::new(),
        account: "123456789012".into(),
        region: "us-west-2".into(),
    }
}

/// The records in a folder.
pub fn written(folder: &Path) -> Vec<Value> {
    let record = |path: &PathBuf| {
        let mut line = String::new();
        let file = std::fs::File::open(path).expect("a record");
        flate2::read::GzDecoder::new(file).read_to_string(&mut line).expect("gzip");
        serde_json::from_str(&line).expect("a record is JSON")
    };
    files(folder).iter().map(record).collect()
}

/// The files under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
