//! The private API, deployed to the local engine from the template that goes to AWS.
//!
//! The engine cannot stream a response: the function of the path that streams
//! runs behind a host of its own, with the settings that the engine was told for it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_types::SdkConfig;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use warden_calls::{CallsReader, Query, Report};
use warden_control_plane::{Call, ControlPlane, Service, path_segment};
use warden_local_model::{RecordPlace, Records, Server};

use crate::aws::{CallError, Clients};
use crate::engine::{ACCOUNT, Engine, REGION};
use crate::functions::FunctionsError;
use crate::output::Console;
use crate::stack::{self, Source};
use crate::streaming_host::{Front, Function, REQUEST_ID, StreamingHost};
use crate::system::{self, SystemError, SystemOptions};
use crate::workspace::Workspace;

/// The template of the private API.
pub const TEMPLATE: &str = "infra/private-api.yaml";
/// The stack of the template, as it is called on this machine.
pub const STACK: &str = "warden-private-api";
/// The path whose answers are streamed, and the package of its function.
const STREAM: &str = "/stream";
const STREAM_PACKAGE: &str = "generate-stream";
/// How many streams there are at once.
const STREAMS: usize = 2;
/// No answer lets its caller wait longer: a stream's function gives a silent
/// model up after two minutes.
const LIMIT: Duration = Duration::from_secs(150);
/// The header with a caller's key.
const KEY: &str = "x-api-key";

/// A running private API. It stops when it is dropped.
#[derive(Debug)]
pub struct PrivateApi {
    clients: Clients,
    http: reqwest::Client,
    /// What paths are put behind.
    url: String,
    key: String,
    outputs: BTreeMap<String, String>,
    records: Records,
    folder: PathBuf,
    delivery: Mutex<()>,
    // Host and engine end first: their functions are what calls the model.
    host: StreamingHost,
    engine: Engine,
    _model: Server,
}

/// What the API answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// When to ask again, in seconds, if the answer says so.
    pub retry_after: Option<String>,
    /// The id of the request, if it came to the function. On AWS it stands in `x-amzn-RequestId`.
    pub request_id: Option<String>,
    /// The body, which is always JSON; of a stream what its events say: the
    /// fields of an answer, or the error that cut it beside what came before.
    pub body: Value,
    /// In how many pieces it came.
    pub pieces: usize,
}

/// Why the API could not be asked, or its records not be read.
#[derive(Debug, thiserror::Error)]
pub enum PrivateApiError {
    /// Nothing answered.
    #[error("the private API could not be asked: {0}")]
    Http(#[from] reqwest::Error),
    /// The answer is not JSON.
    #[error("the private API's answer is not JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// A record could not be put into the bucket.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A record that was written cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The model could not write a record.
    #[error("{0}")]
    NotWritten(String),
    /// The records cannot be read.
    #[error(transparent)]
    Records(#[from] warden_calls::Error),
}

impl PrivateApi {
    /// Prepares, starts and deploys the API, and has the model write a record of each call.
    ///
    /// # Errors
    /// When any part cannot be prepared, started or deployed. What was started
    /// by then is stopped.
    pub async fn up(workspace: &Workspace, options: &SystemOptions, console: &Console) -> Result<Self, SystemError> {
        let prepared = system::prepare_template(workspace, TEMPLATE, options, console).await?;
        let records = options.model.records.clone();
        let mut started = system::start(workspace, prepared, options, console).await?;

        let step = console.step(&format!("deploying {TEMPLATE} through CloudFormation"));
        let url = started.upload(TEMPLATE).await?;
        let parameters = [
            // The engine's Bedrock knows no logging configuration; the local model writes the records.
            ("CreateInvocationLogging", "false"),
            ("Architecture", system::architecture()),
            ("BedrockEndpointUrl", &started.model.url()),
            // Tests ask more at once than one caller does.
            ("RequestsPerSecond", "1000"),
            ("RequestBurst", "1000"),
            ("CallerRequestsPerSecond", "1000"),
            ("CallerRequestBurst", "1000"),
        ];
        let outputs = stack::create(&started.clients.cloudformation, STACK, Source::Url(&url), &parameters).await?;
        let output = |name: &'static str| outputs.get(name).cloned().ok_or(SystemError::NoOutput(TEMPLATE, name));
        let (api, stage, key_id) = (output("ApiId")?, output("ApiStageName")?, output("ApiKeyId")?);
        let (bucket, prefix) = (output("InvocationLogBucketName")?, output("InvocationLogPrefix")?);
        let endpoint = started.engine.endpoint();
        let url = format!("{endpoint}/_aws/execute-api/{api}/{stage}");
        let http = reqwest::Client::builder().no_proxy().read_timeout(LIMIT).build().map_err(of("a client"))?;
        let key = key_value(&started.clients.config, &key_id).await?;
        let mut packages = started.packages.iter();
        let executable = packages.find(|package| package.name == STREAM_PACKAGE).map(|package| &*package.executable);
        let host = StreamingHost::start(Function {
            name: STREAM_PACKAGE,
            executable: executable.ok_or_else(|| FunctionsError::NoExecutable(STREAM_PACKAGE.to_owned()))?,
            environment: settings(&started.clients.config, &output("GenerateStreamArn")?).await?,
            instances: STREAMS,
            front: Front::RestApi { stage, api_key: key.clone(), api_key_id: key_id },
        });
        let host = host.await?;
        step.done();

        let folder = started.engine.state().join("records");
        records.write_to(RecordPlace {
            folder: folder.clone(),
            bucket,
            prefix: prefix.trim_matches('/').to_owned(),
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
        });
        let system::Started { clients, engine, model, .. } = started;
        Ok(Self {
            clients,
            http,
            url,
            key,
            outputs,
            records,
            folder,
            delivery: Mutex::default(),
            host,
            engine,
            _model: model,
        })
    }

    /// A request to a path of the API, which bears the caller's key.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.request_without_key(method, path).header(KEY, &self.key)
    }

    /// The same without a key.
    pub fn request_without_key(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let stage = if path == STREAM { self.host.url().trim_end_matches('/') } else { &self.url };
        self.http.request(method, format!("{stage}{path}"))
    }

    /// Sends a request, and waits for the answer.
    ///
    /// # Errors
    /// When nothing answers, or the answer is neither JSON nor a stream of events.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Reply, PrivateApiError> {
        let mut answer = request.send().await?;
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (retry_after, request_id) = (header("retry-after"), header(REQUEST_ID));
        let streams = header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        let status = answer.status().as_u16();
        let (mut body, mut pieces) = (Vec::new(), 0);
        while let Some(piece) = answer.chunk().await? {
            body.extend_from_slice(&piece);
            pieces += 1;
        }
        if streams {
            let body = told(&events(&String::from_utf8_lossy(&body))?);
            return Ok(Reply { status, retry_after, request_id, body, pieces });
        }
        Ok(Reply { status, retry_after, request_id, body: serde_json::from_slice(&body)?, pieces })
    }

    /// A stack's output.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }

    /// The engine that it runs on.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Puts the records that the model wrote into the log bucket, as Bedrock
    /// does within minutes, and reads the bucket as `warden calls` does.
    ///
    /// # Errors
    /// When a record was not written, or the bucket cannot be written or read.
    pub async fn calls(&self, query: &Query) -> Result<Report, PrivateApiError> {
        self.deliver().await?;
        let (bucket, prefix) = (self.output("InvocationLogBucketName"), self.output("InvocationLogPrefix"));
        Ok(CallsReader::new(&self.clients.config).bucket(bucket, prefix, query).await?)
    }

    async fn deliver(&self) -> Result<(), PrivateApiError> {
        // Whoever reads afterwards finds what others put, too.
        let _alone = self.delivery.lock().await;
        if let Some(problem) = self.records.problem() {
            return Err(PrivateApiError::NotWritten(problem));
        }
        for path in written(&self.folder)? {
            let failed = |source| PrivateApiError::Io { path: path.clone(), source };
            let body = fs::read(&path).map_err(failed)?;
            let key = path.strip_prefix(&self.folder).unwrap_or(&path).to_string_lossy();
            let bucket = self.output("InvocationLogBucketName");
            self.clients.s3.put(bucket, &key, body, &[]).await.map_err(CallError::of("s3:PutObject"))?;
            fs::remove_file(&path).map_err(failed)?;
        }
        Ok(())
    }
}

/// The events of a body of server-sent events: their names and data, in order.
///
/// # Errors
/// When an event's data is not JSON.
pub fn events(body: &str) -> Result<Vec<(String, Value)>, serde_json::Error> {
    let event = |text: &str| {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let (name, data) = (field("event:")?, field("data:")?);
        Some(serde_json::from_str(data).map(|data| (name.to_owned(), data)))
    };
    body.split("\n\n").filter_map(event).collect()
}

/// The fields of an answer that was streamed.
fn told(events: &[(String, Value)]) -> Value {
    let data = |wanted: &str| events.iter().find_map(|(name, data)| (name == wanted).then_some(data));
    let deltas = events.iter().filter(|(name, _)| name == "delta");
    let text: String = deltas.filter_map(|(_, data)| data["text"].as_str()).collect();
    let start = data("start").map(|start| &start["id"]);
    let mut answer = json!({"id": start, "completion": text, "stop_reason": null, "usage": data("usage")});
    if let Some(end) = data("end") {
        answer["stop_reason"] = end["stop_reason"].clone();
    }
    if let Some(error) = data("error") {
        answer["error"] = error.clone();
    }
    answer
}

/// The settings of a deployed function.
async fn settings(config: &SdkConfig, arn: &str) -> Result<Vec<(String, String)>, SystemError> {
    let lambda = ControlPlane::new(config, Service::rest_json("Lambda", "lambda"));
    let call = Call::rest("GET", format!("/2015-03-31/functions/{}/configuration", path_segment(arn)), None);
    let configuration = lambda.call(call).await.map_err(CallError::of("lambda:GetFunctionConfiguration"))?;
    let variables = configuration["Environment"]["Variables"].as_object();
    let variables =
        variables.ok_or(SystemError::NoOutput(TEMPLATE, "GenerateStreamArn of a function with settings"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(variables.iter().map(|(name, value)| (name.clone(), text(value))).collect())
}

/// The whole files under a folder, which need not exist.
fn written(folder: &Path) -> Result<Vec<PathBuf>, PrivateApiError> {
    let failed = |source| PrivateApiError::Io { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            files.extend(written(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            files.push(path);
        }
    }
    // A record comes after the bodies in `data/` that it names.
    files.sort_by_key(|path| path.parent().is_none_or(|folder| !folder.ends_with("data")));
    Ok(files)
}

/// The caller's key, which the template makes and no output shows.
async fn key_value(config: &SdkConfig, id: &str) -> Result<String, SystemError> {
    let api_gateway = ControlPlane::new(config, Service::rest_json("API Gateway", "apigateway"));
    let call = Call::rest("GET", format!("/apikeys/{}?includeValue=true", path_segment(id)), None);
    let key = api_gateway.call(call).await.map_err(CallError::of("apigateway:GET"))?;
    key["value"].as_str().map(str::to_owned).ok_or(SystemError::NoOutput(TEMPLATE, "ApiKeyId of a key with a value"))
}

fn of(action: &'static str) -> impl FnOnce(reqwest::Error) -> SystemError {
    move |error| CallError::of(action)(error).into()
}
