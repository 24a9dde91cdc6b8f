//! Asking the function over HTTP.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use aws_config::BehaviorVersion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use reqwest::header::{self, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, Request, Url};

use crate::answer::{Answer, Cut};
use crate::protocol::{Ask, Models, Told, told};
use crate::refusal::{self, MOST_READ, Refusal, understand};
use crate::signing::{CONTENT_SHA256, Unsigned, content_sha256, sign};
use crate::sse::Parser;
use crate::target::{Kind, Target};
use crate::visible::visible_line;

/// The header that the function looks for its token in. `Authorization` belongs
/// to the signature.
const TOKEN: HeaderName = HeaderName::from_static("x-warden-token");
const EVENT_STREAM: &str = "text/event-stream";

/// How long a connection may take to stand.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);

/// Why no answer began.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Whoever answered refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody answered.
    #[error("{host} cannot be reached: {why}. Is the URL right, and is there a network?")]
    Unreachable { host: String, why: String },
    /// Nothing came in time.
    #[error("nothing came for {}. Ask again, or wait longer with --idle-timeout", humantime::format_duration(*.0))]
    Silent(Duration),
    /// A good answer of another kind.
    #[error("the URL answers with `{0}` and not with a stream of events. Is it the URL of a streaming function?")]
    NotAStream(String),
    /// The request could not be made.
    #[error("{0:#}")]
    NotAsked(anyhow::Error),
}

impl NoAnswer {
    /// The same, with what mends it for this question.
    fn of(self, ask: &Ask) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.of(ask.messages.len())),
            other => other,
        }
    }
}

/// Whoever asks a function.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    target: Target,
    token: Option<HeaderValue>,
    credentials: Option<SharedCredentialsProvider>,
    idle: Duration,
}

impl Client {
    /// Makes a client. Credentials are looked for only where requests are signed.
    pub(crate) async fn new(
        target: Target,
        token: Option<&str>,
        profile: Option<&str>,
        idle: Duration,
    ) -> anyhow::Result<Self> {
        let token = token.map(header_value).transpose()?;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("warden-chat/", env!("CARGO_PKG_VERSION")))
            // A request that moved would take the token to somebody else.
            .redirect(Policy::none())
            .connect_timeout(CONNECT_LIMIT);
        if target.kind == Kind::Local {
            http = http.no_proxy();
        }
        let credentials = match &target.kind {
            Kind::FunctionUrl { .. } => Some(credentials(profile).await?),
            Kind::Https | Kind::Local => None,
        };
        Ok(Self { http: http.build()?, target, token, credentials, idle })
    }

    /// Where the questions go.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Asks, and passes on every piece of text as it comes, until somebody says why
    /// it should end. What came is in `answer` even when this is dropped halfway.
    pub(crate) async fn ask(
        &self,
        ask: &Ask,
        answer: &mut Answer,
        mut tell: impl FnMut(&str) -> Result<(), String>,
    ) -> Result<(), NoAnswer> {
        let body = serde_json::to_vec(ask).map_err(|error| NoAnswer::NotAsked(error.into()))?;
        let request = self.request(Method::POST, self.target.url.clone(), EVENT_STREAM, body).await?;
        let mut response = self.send(request).await.map_err(|failure| failure.of(ask))?;
        let kind = text_of(&response, &header::CONTENT_TYPE);
        if !kind.starts_with(EVENT_STREAM) {
            return Err(NoAnswer::NotAStream(visible_line(&kind)));
        }
        let mut parser = Parser::default();
        while answer.finish.is_none() {
            let bytes = match tokio::time::timeout(self.idle, response.chunk()).await {
                Err(_) => Err(Cut::Silent(self.idle)),
                Ok(Err(error)) => Err(Cut::Broken(format!("the connection broke: {}", root(&error)))),
                Ok(Ok(None)) => Err(Cut::NoEnd),
                Ok(Ok(Some(bytes))) => Ok(bytes),
            };
            let taken = bytes.and_then(|bytes| take(&mut parser, &bytes, answer, &mut tell).map_err(Cut::Broken));
            if let Err(cut) = taken {
                answer.cut(cut);
            }
        }
        Ok(())
    }

    /// The models that may be asked for.
    pub(crate) async fn models(&self) -> Result<Models, NoAnswer> {
        let request = self.request(Method::GET, self.target.models_url(), "application/json", Vec::new()).await?;
        let mut response = self.send(request).await?;
        let body = self.read(&mut response).await?;
        serde_json::from_slice(&body).map_err(|_| {
            NoAnswer::NotAsked(anyhow::anyhow!(
                "the list of models cannot be read. Is this the URL of a streaming function?"
            ))
        })
    }

    async fn request(&self, method: Method, url: Url, accept: &str, body: Vec<u8>) -> Result<Request, NoAnswer> {
        let request = self.signed(method, url, accept, body, SystemTime::now()).await;
        request.map_err(NoAnswer::NotAsked)
    }

    async fn signed(
        &self,
        method: Method,
        url: Url,
        accept: &str,
        body: Vec<u8>,
        time: SystemTime,
    ) -> anyhow::Result<Request> {
        const JSON: &str = "application/json";
        let mut request = self.http.request(method.clone(), url.clone()).header(header::ACCEPT, accept);
        if let Some(token) = &self.token {
            request = request.header(TOKEN, token);
        }
        let mut signed_headers = Vec::new();
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, JSON);
            signed_headers.push((header::CONTENT_TYPE.as_str(), JSON));
        }
        match (&self.target.kind, &self.credentials) {
            (Kind::FunctionUrl { region }, Some(credentials)) => {
                let credentials = credentials.provide_credentials().await.map_err(|error| no_credentials(&error))?;
                let unsigned =
                    Unsigned { method: method.as_str(), url: url.as_str(), headers: &signed_headers, body: &body };
                for (name, value) in sign(unsigned, region, credentials, time)? {
                    let mut value = HeaderValue::from_str(&value)?;
                    value.set_sensitive(true);
                    request = request.header(name, value);
                }
            }
            _ if method == Method::POST => request = request.header(CONTENT_SHA256, content_sha256(&body)),
            _ => {}
        }
        if method == Method::POST {
            request = request.body(body);
        }
        Ok(request.build()?)
    }

    async fn send(&self, request: Request) -> Result<reqwest::Response, NoAnswer> {
        let sent = tokio::time::timeout(self.idle, self.http.execute(request)).await;
        let mut response = sent.map_err(|_| NoAnswer::Silent(self.idle))?.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        // A refusal can be reported without the part that cannot be read.
        let body = self.read(&mut response).await.unwrap_or_default();
        let optional = |name: header::HeaderName| Some(text_of(&response, &name)).filter(|text| !text.is_empty());
        let refused = refusal::Response {
            status: response.status().as_u16(),
            content_type: text_of(&response, &header::CONTENT_TYPE),
            server: text_of(&response, &header::SERVER).to_lowercase(),
            retry_after: optional(header::RETRY_AFTER),
            location: optional(header::LOCATION),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        Err(understand(&refused, &self.target.kind, self.token.is_some()).into())
    }

    async fn read(&self, response: &mut reqwest::Response) -> Result<Vec<u8>, NoAnswer> {
        let mut body = Vec::new();
        while body.len() < MOST_READ {
            let chunk = tokio::time::timeout(self.idle, response.chunk()).await;
            match chunk.map_err(|_| NoAnswer::Silent(self.idle))?.map_err(|error| self.unreachable(&error))? {
                Some(bytes) => body.extend_from_slice(&bytes),
                None => break,
            }
        }
        Ok(body)
    }

    fn unreachable(&self, error: &reqwest::Error) -> NoAnswer {
        let host = self.target.url.host_str().unwrap_or_default().to_owned();
        NoAnswer::Unreachable { host, why: root(error) }
    }
}

fn take(
    parser: &mut Parser,
    bytes: &[u8],
    answer: &mut Answer,
    tell: &mut impl FnMut(&str) -> Result<(), String>,
) -> Result<(), String> {
    for event in parser.push(bytes).map_err(|error| error.to_string())? {
        let Some(told) = told(&event).map_err(|error| error.to_string())? else { continue };
        let is_text = matches!(told, Told::Delta(_));
        if let Some(text) = answer.take(told).filter(|_| is_text) {
            tell(&text)?;
        }
    }
    Ok(())
}

fn header_value(token: &str) -> anyhow::Result<HeaderValue> {
    // The token itself is in no message.
    let mut value = HeaderValue::from_str(token.trim())
        .ok()
        .context("WARDEN_CHAT_TOKEN holds what no header can carry, such as a line break. Set it to the token alone")?;
    value.set_sensitive(true);
    Ok(value)
}

async fn credentials(profile: Option<&str>) -> anyhow::Result<SharedCredentialsProvider> {
    let config = aws_config::defaults(BehaviorVersion::latest());
    let Some(profile) = profile else {
        let provider = config.load().await.credentials_provider();
        return provider.context("there is no source of AWS credentials");
    };
    // The SDK would let AWS_ACCESS_KEY_ID win over a profile that was asked for.
    let config = config.profile_name(profile).load().await;
    let provider = aws_config::provider_config::ProviderConfig::without_region().with_region(config.region().cloned());
    let provider = ProfileFileCredentialsProvider::builder().configure(&provider).profile_name(profile).build();
    Ok(SharedCredentialsProvider::new(provider))
}

fn no_credentials(error: &CredentialsError) -> anyhow::Error {
    // Where the SDK looked in vain fills a screen and mends nothing.
    let why = match error {
        CredentialsError::CredentialsNotLoaded(_) => "there are no AWS credentials to sign with".to_owned(),
        error => format!("the AWS credentials to sign with cannot be had: {}", root(error)),
    };
    anyhow::anyhow!("{why}. Sign in (`aws sso login`, `aws login`), or name a profile with --profile")
}

fn text_of(response: &reqwest::Response, name: &HeaderName) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// What is at the bottom of an error: the layers above say that it happened.
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    visible_line(&error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn client(url: &str) -> Client {
        let target = Target::parse(url).unwrap();
        let mut client =
            Client::new(Target { kind: Kind::Https, ..target.clone() }, Some("token"), None, Duration::from_secs(1))
                .await
                .unwrap();
        let credentials = aws_credential_types::Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        client.credentials = Some(SharedCredentialsProvider::new(credentials));
        client.target = target;
        client
    }

    async fn request(url: &str, method: Method, body: &str) -> Request {
        let client = client(url).await;
        let url = client.target.url.clone();
        client.signed(method, url, EVENT_STREAM, body.into(), SystemTime::UNIX_EPOCH).await.unwrap()
    }

    fn header(request: &Request, name: &str) -> String {
        request.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[tokio::test]
    async fn a_distribution_gets_the_hash_and_no_signature() {
        let request = request("https://d111111abcdef8.cloudfront.net/", Method::POST, "{}").await;
        assert_eq!(header(&request, CONTENT_SHA256), content_sha256(b"{}"));
        assert_eq!(header(&request, "authorization"), "");
        assert_eq!(header(&request, "x-warden-token"), "token");
        assert_eq!(header(&request, "accept"), EVENT_STREAM);
    }

    #[tokio::test]
    async fn a_function_url_gets_a_signature_over_what_is_sent() {
        for (method, signed) in [
            (Method::POST, "content-type;host;x-amz-content-sha256;x-amz-date"),
            (Method::GET, "host;x-amz-content-sha256;x-amz-date"),
        ] {
            let body = if method == Method::POST { "{}" } else { "" };
            let request = request("https://abc.lambda-url.eu-west-1.on.aws/", method, body).await;
            let authorization = header(&request, "authorization");
            assert!(authorization.contains("/19700101/eu-west-1/lambda/aws4_request"), "{authorization}");
            assert!(authorization.contains(&format!("SignedHeaders={signed},")), "{authorization}");
            assert_eq!(header(&request, CONTENT_SHA256), content_sha256(body.as_bytes()));
        }
    }

    #[tokio::test]
    async fn no_secret_is_in_what_debugging_prints() {
        let client = client("https://abc.lambda-url.eu-west-1.on.aws/").await;
        let printed = format!("{client:?}");
        assert!(!printed.contains("token\"") && !printed.contains("secret\""), "{printed}");
        let error = header_value("se\ncret").unwrap_err().to_string();
        assert!(!error.contains("cret") && error.contains("WARDEN_CHAT_TOKEN"), "{error}");
    }
}
