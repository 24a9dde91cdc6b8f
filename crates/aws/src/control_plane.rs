//! Calls to services of which a function needs a few operations: signed, tried again
//! and bounded in time as the SDK does it, by the SDK's own parts. The SDK's crate of
//! such a service takes longer to compile than the rest of the function.

use std::fmt;

use aws_config::{SdkConfig, retry::RetryConfig};
use aws_runtime::{
    auth::{
        SigV4OperationSigningConfig,
        sigv4::{SCHEME_ID, SigV4AuthScheme},
    },
    invocation_id::InvocationIdInterceptor,
    request_info::RequestInfoInterceptor,
    retries::classifiers::AwsErrorCodeClassifier,
    service_clock_skew::ServiceClockSkewInterceptor,
};
use aws_smithy_runtime::client::{
    orchestrator::operation::Operation,
    retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        auth::{
            AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
            static_resolver::StaticAuthSchemeOptionResolver,
        },
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::StaticRuntimePlugin,
    },
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::Layer,
    error::{ErrorMetadata, metadata::ProvideErrorMetadata},
};
use aws_types::{
    SigningName,
    region::{Region, SigningRegion},
    service_config::ServiceConfigKey,
};
use serde_json::Value;
use warden_core::Error;

use crate::{SETUP_TIMEOUT, timeouts};

/// A service, as its endpoints, its settings and its protocol name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// The service's id, which names its setting `AWS_ENDPOINT_URL_<ID>`.
    pub(crate) id: &'static str,
    /// The first part of its hosts' names, which it is signed for too.
    pub(crate) name: &'static str,
    /// The media type of requests.
    pub(crate) content_type: &'static str,
}

/// One operation's request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// `x-amz-target`, in services that tell operations apart by it.
    pub(crate) target: Option<&'static str>,
    pub(crate) body: Option<Value>,
}

/// Why a call came to nothing. What the service says beside its code is dropped:
/// it may repeat what was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The HTTP status of an answer.
    pub(crate) status: Option<u16>,
    /// The service's name for the error.
    pub(crate) code: Option<String>,
}

impl Failure {
    /// The error of `action`: its service is in trouble, or refuses what a wrong setting or a defect makes of the call.
    pub(crate) fn error(&self, action: &'static str, what: &str) -> Error {
        match (self.status, self.code.as_deref()) {
            (None | Some(429 | 500..), _) | (_, Some("ThrottlingException")) => {
                Error::ServiceUnavailable { action, code: self.to_string() }
            }
            _ => Error::Internal { problem: format!("{action} failed on {what} ({self})") },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status, &self.code) {
            (Some(status), Some(code)) => write!(formatter, "{status} {code}"),
            (Some(status), None) => write!(formatter, "{status} without a code"),
            (None, _) => formatter.write_str("no answer"),
        }
    }
}

/// A client of one service.
#[derive(Clone, Debug)]
pub(crate) struct ControlPlane(Operation<Call, Value, Refusal>);

impl ControlPlane {
    pub(crate) fn new(config: &SdkConfig, service: Service) -> Self {
        let mut operation = Operation::builder()
            .service_name(service.id)
            .operation_name("control plane")
            .endpoint_url(&endpoint(config, service))
            .standard_retry(&config.retry_config().cloned().unwrap_or_else(RetryConfig::standard))
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
            .timeout_config(timeouts(SETUP_TIMEOUT))
            .with_connection_poisoning()
            .interceptor(ServiceClockSkewInterceptor::new())
            .interceptor(InvocationIdInterceptor::new())
            .interceptor(RequestInfoInterceptor::new())
            .runtime_plugin(signing(config, service))
            .serializer(move |call: Call| request(&call, service.content_type))
            .deserializer(answer);
        if let Some(version) = config.behavior_version() {
            operation = operation.behavior_version(version);
        }
        if let Some(client) = config.http_client() {
            operation = operation.http_client(client);
        }
        if let Some(sleep) = config.sleep_impl() {
            operation = operation.sleep_impl(sleep);
        }
        Self(operation.build())
    }

    /// The answer's JSON, or null where it has no body.
    pub(crate) async fn call(&self, call: Call) -> Result<Value, Failure> {
        self.0.invoke(call).await.map_err(|error| Failure {
            status: error.raw_response().map(|response| response.status().as_u16()),
            code: error.as_service_error().and_then(|refusal| refusal.code().map(str::to_owned)),
        })
    }
}

/// Signature version 4 with the configuration's credentials.
fn signing(config: &SdkConfig, service: Service) -> StaticRuntimePlugin {
    let mut layer = Layer::new("signing");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().cloned().map(SigningRegion::from),
        name: Some(SigningName::from_static(service.name)),
        ..SigV4OperationSigningConfig::default()
    });
    let mut components = RuntimeComponentsBuilder::new("signing");
    components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
        StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
    )));
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

/// The address that the environment names for the service or for all, or the service's own
/// in the configuration's Region.
fn endpoint(config: &SdkConfig, service: Service) -> String {
    let key =
        ServiceConfigKey::builder().service_id(service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let named = key.ok().and_then(|key| config.service_config()?.load_config(key));
    named
        .or_else(|| config.endpoint_url().map(str::to_owned))
        .unwrap_or_else(|| host(service.name, config.region(), config.use_fips() == Some(true)))
}

fn host(service: &str, region: Option<&Region>, fips: bool) -> String {
    let region = region.map_or("us-east-1", AsRef::as_ref);
    let suffix = match region {
        _ if region.starts_with("cn-") => "amazonaws.com.cn",
        _ if region.starts_with("eusc-") => "amazonaws.eu",
        _ => "amazonaws.com",
    };
    let fips = if fips { "-fips" } else { "" };
    format!("https://{service}{fips}.{region}.{suffix}")
}

fn request(call: &Call, content_type: &'static str) -> Result<HttpRequest, BoxError> {
    let body = call.body.as_ref().map_or_else(SdkBody::empty, |body| SdkBody::from(body.to_string()));
    let mut request = HttpRequest::new(body);
    request.set_method(call.method)?;
    request.set_uri(call.path)?;
    if call.body.is_some() {
        request.headers_mut().insert("content-type", content_type);
    }
    if let Some(target) = call.target {
        request.headers_mut().insert("x-amz-target", target);
    }
    Ok(request)
}

fn answer(response: &HttpResponse) -> Result<Value, OrchestratorError<Refusal>> {
    let body = response.body().bytes().unwrap_or_default();
    let read = serde_json::from_slice::<Value>(body);
    if response.status().is_success() {
        return match read {
            Ok(answer) => Ok(answer),
            Err(_) if body.is_empty() => Ok(Value::Null),
            Err(_) => Err(OrchestratorError::response("the answer is not JSON".into())),
        };
    }
    let said = read.unwrap_or_default();
    let code = response.headers().get("x-amzn-errortype").or_else(|| said["__type"].as_str());
    let mut refusal = ErrorMetadata::builder();
    if let Some(code) = code.and_then(plain_code) {
        refusal = refusal.code(code);
    }
    Err(OrchestratorError::operation(Refusal(refusal.build())))
}

/// `Code` of `namespace#Code` and of `Code:address`, as the JSON protocols write it.
fn plain_code(text: &str) -> Option<&str> {
    let code = text.rsplit('#').next().unwrap_or(text);
    let code = code.split(':').next().unwrap_or(code).trim();
    (!code.is_empty()).then_some(code)
}

/// The service's answer is an error.
#[derive(Debug)]
struct Refusal(ErrorMetadata);

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.code().unwrap_or("refused"))
    }
}

impl std::error::Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_smithy_async::rt::sleep::TokioSleep;
    use serde_json::json;
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    const SERVICE: Service = Service { id: "SSM", name: "ssm", content_type: "application/x-amz-json-1.1" };

    fn call() -> Call {
        Call { method: "POST", path: "/", target: Some("AmazonSSM.GetParameter"), body: Some(json!({"Name": "/a"})) }
    }

    #[tokio::test]
    async fn a_call_is_signed_for_its_service_and_region() {
        let aws = RecordedAws::answering([Answer::new(200, r#"{"a":1}"#)]);
        assert_eq!(ControlPlane::new(&aws.config(), SERVICE).call(call()).await, Ok(json!({"a": 1})));
        let request = aws.request();
        assert_eq!(request.uri(), "https://ssm.us-west-2.amazonaws.com/");
        assert_eq!(request.method(), "POST");
        assert_eq!(request.body().bytes(), Some(&br#"{"Name":"/a"}"#[..]));
        assert_eq!(request.headers().get("content-type"), Some("application/x-amz-json-1.1"));
        assert_eq!(request.headers().get("x-amz-target"), Some("AmazonSSM.GetParameter"));
        let signature = request.headers().get("authorization").unwrap();
        assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/"), "{signature}");
        assert!(signature.contains("/us-west-2/ssm/aws4_request"), "{signature}");
        for header in ["content-type", "host", "x-amz-date", "x-amz-target"] {
            assert!(signature.contains(header), "{header} is not signed: {signature}");
        }
    }

    #[tokio::test]
    async fn what_a_second_try_may_mend_is_tried_again_and_a_refusal_is_not() {
        let busy = || Answer::new(400, r#"{"__type":"ThrottlingException"}"#);
        let down = || Answer::new(503, "<html>");
        let denied = || Answer::new(400, r#"{"__type":"AccessDeniedException"}"#);
        let fine = || Answer::new(200, "{}");
        for (answers, tries, fails) in [
            ([busy(), fine()], 2, None),
            ([down(), fine()], 2, None),
            ([busy(), busy()], 2, Some("ThrottlingException")),
            ([denied(), fine()], 1, Some("AccessDeniedException")),
        ] {
            let aws = RecordedAws::answering(answers);
            let retries = RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1));
            let config = aws.config_builder().retry_config(retries).sleep_impl(TokioSleep::new()).build();
            let failure = ControlPlane::new(&config, SERVICE).call(call()).await.err();
            assert_eq!(failure.and_then(|failure| failure.code).as_deref(), fails);
            assert_eq!(aws.requests().len(), tries);
        }
    }

    #[tokio::test]
    async fn a_failure_has_its_status_and_code_and_no_word_of_its_message() {
        let typed = |code: &str| format!(r#"{{"__type":"{code}","message":"secret text"}}"#);
        for (answer, status, code) in [
            (Answer::new(400, typed("ParameterNotFound")), 400, Some("ParameterNotFound")),
            (Answer::new(400, typed("com.amazonaws.ssm#ParameterNotFound")), 400, Some("ParameterNotFound")),
            (Answer::new(403, "{}").header("x-amzn-errortype", "AccessDenied:http://a/"), 403, Some("AccessDenied")),
            (Answer::new(502, "<html>secret text"), 502, None),
            (Answer::new(200, "secret text"), 200, None),
        ] {
            let aws = RecordedAws::answering([answer]);
            let failure = ControlPlane::new(&aws.config(), SERVICE).call(call()).await.unwrap_err();
            assert_eq!(failure, Failure { status: Some(status), code: code.map(str::to_owned) });
            assert!(!failure.to_string().contains("secret text"));
        }
        let unreachable = ControlPlane::new(&RecordedAws::answering([]).config(), SERVICE);
        assert_eq!(unreachable.call(call()).await, Err(Failure { status: None, code: None }));
    }

    #[test]
    fn the_environments_address_comes_before_the_services_own() {
        let aws = RecordedAws::answering([]);
        let local = aws.config_builder().endpoint_url("http://127.0.0.1:4566").build();
        assert_eq!(endpoint(&local, SERVICE), "http://127.0.0.1:4566");
        let fips = aws.config_builder().use_fips(true).build();
        assert_eq!(endpoint(&fips, SERVICE), "https://ssm-fips.us-west-2.amazonaws.com");
        for (region, host) in [
            ("eu-central-1", "https://ssm.eu-central-1.amazonaws.com"),
            ("cn-north-1", "https://ssm.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "https://ssm.eusc-de-east-1.amazonaws.eu"),
        ] {
            let config = aws.config_builder().region(Region::new(region)).build();
            assert_eq!(endpoint(&config, SERVICE), host);
        }
    }
}
