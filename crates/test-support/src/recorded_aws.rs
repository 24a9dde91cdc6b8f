//! AWS as recorded: the answers it gives, and the requests that were made for them.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::Builder;
use serde_json::json;

/// Names a folder. Each request is written there, for `infra/checks/calls.py` to hold against AWS's own models.
const EXPORT_FOLDER: &str = "WARDEN_EXPORT_CALLS";

/// A configuration in us-west-2 that tries once, for tests that bring an HTTP client or an address.
#[must_use]
pub fn sdk_config() -> Builder {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "of no account", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
}

/// An HTTP response of AWS.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    after: Duration,
}

impl Answer {
    /// A response with this body and no header.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), after: Duration::ZERO }
    }

    /// The same, as late as this, for a test whose clock stands still.
    #[must_use]
    pub const fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn into_response(self) -> HttpResponse {
        #[expect(clippy::expect_used, reason = "used by tests alone, which write statuses out")]
        let status = self.status.try_into().expect("an HTTP status");
        let mut response = HttpResponse::new(status, SdkBody::from(self.body));
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

type Answers = Box<dyn FnMut(&HttpRequest) -> Option<Answer> + Send>;

/// An HTTP client for the AWS SDK that reaches nobody. Clones share their answers and requests.
#[derive(Clone)]
pub struct RecordedAws {
    answers: Arc<Mutex<Answers>>,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

impl RecordedAws {
    /// Gives these answers, one a request, whatever is asked. Further requests reach nobody.
    #[must_use]
    pub fn answering(answers: impl IntoIterator<Item = Answer, IntoIter: Send + 'static>) -> Self {
        let mut answers = answers.into_iter();
        Self::new(Box::new(move |_| answers.next()))
    }

    /// Answers each request by what it asks.
    #[must_use]
    pub fn answering_by(mut answer: impl FnMut(&HttpRequest) -> Answer + Send + 'static) -> Self {
        Self::new(Box::new(move |request| Some(answer(request))))
    }

    fn new(answers: Answers) -> Self {
        Self { answers: Arc::new(Mutex::new(answers)), requests: Arc::default() }
    }

    /// A configuration that reaches this AWS in us-west-2, and tries once.
    #[must_use]
    pub fn config(&self) -> SdkConfig {
        self.config_builder().build()
    }

    /// The same, for a test that needs something else in it.
    #[must_use]
    pub fn config_builder(&self) -> Builder {
        sdk_config().http_client(self.clone())
    }

    /// The requests that were answered, in their order.
    ///
    /// # Panics
    /// When one of them has a body that streams.
    #[must_use]
    #[expect(clippy::expect_used, reason = "used by tests alone")]
    pub fn requests(&self) -> Vec<HttpRequest> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().map(|request| request.try_clone().expect("a body that does not stream")).collect()
    }

    /// The one request that was answered.
    ///
    /// # Panics
    /// When there is none, or another.
    #[must_use]
    pub fn request(&self) -> HttpRequest {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }
}

impl fmt::Debug for RecordedAws {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RecordedAws").finish_non_exhaustive()
    }
}

impl HttpConnector for RecordedAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner)(&request);
        let Some(answer) = answer else {
            return HttpConnectorFuture::ready(Err(ConnectorError::other("no answer is left".into(), None)));
        };
        export(&request);
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        if answer.after.is_zero() {
            return HttpConnectorFuture::ready(Ok(answer.into_response()));
        }
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(answer.after).await;
            Ok(answer.into_response())
        })
    }
}

/// Writes a request as a line of JSON, if somebody wants to see all that tests make.
#[expect(clippy::expect_used, reason = "used by tests alone")]
fn export(request: &HttpRequest) {
    let Some(folder) = std::env::var_os(EXPORT_FOLDER) else { return };
    let headers: serde_json::Map<_, _> =
        request.headers().iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let line = json!({
        "by": std::env::current_exe().ok().and_then(|program| Some(program.file_stem()?.to_str()?.to_owned())),
        "method": request.method(),
        "uri": request.uri(),
        "headers": headers,
        "body": request.body().bytes().map(String::from_utf8_lossy),
    });
    let path = PathBuf::from(folder).join(format!("{}.jsonl", std::process::id()));
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the folder of exported calls");
    // In one piece: tests of a process share the file.
    file.write_all(format!("{line}\n").as_bytes()).expect("a line of exported calls");
}

impl HttpClient for RecordedAws {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
