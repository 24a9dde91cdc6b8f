//! Calls to S3, and to services of which a program needs a few operations: signed, tried again
//! and bounded in time as the SDK does it, by the SDK's own parts. The SDK's crate of
//! such a service takes longer to compile than the rest of the program.
//!
//! Every answer is JSON: what a service says in XML is read into it.

mod call;
mod item;
pub mod s3;
mod service;
mod xml;

pub use call::{Call, path_segment};
pub use item::{item, plain_item};
pub use service::Service;

use std::fmt;

use aws_runtime::{
    auth::{
        SigV4OperationSigningConfig, SigningOptions,
        sigv4::{SCHEME_ID, SigV4AuthScheme},
    },
    invocation_id::InvocationIdInterceptor,
    request_info::RequestInfoInterceptor,
    retries::classifiers::AwsErrorCodeClassifier,
    service_clock_skew::ServiceClockSkewInterceptor,
};
use aws_smithy_runtime::client::{
    orchestrator::operation::{Operation, OperationBuilder},
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
        result::SdkError,
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::StaticRuntimePlugin,
    },
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::Layer,
    error::{ErrorMetadata, metadata::ProvideErrorMetadata},
    retry::RetryConfig,
};
use aws_types::{SdkConfig, SigningName, region::SigningRegion};
use serde_json::Value;

/// A call that came to nothing.
pub type CallFailed = SdkError<Refusal, HttpResponse>;

/// A client of one service. Time limits and tries are those of its configuration.
#[derive(Clone, Debug)]
pub struct ControlPlane(Operation<Call, Value, Refusal>);

impl ControlPlane {
    /// A client with the credentials, Region and endpoint of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, service: Service) -> Self {
        let operation = operation(config, service, SigningOptions::default());
        let operation = operation.serializer(move |call: Call| request(&call, service)).deserializer(answer);
        Self(operation.build())
    }

    /// The answer, or null where it has no body.
    ///
    /// # Errors
    /// When the service refuses the call, is not reached, or answers neither in JSON nor in XML.
    pub async fn call(&self, call: Call) -> Result<Value, CallFailed> {
        self.0.invoke(call).await
    }
}

/// What the operations of a service have in common: whatever may pass is tried again.
fn operation(config: &SdkConfig, service: Service, signing_options: SigningOptions) -> OperationBuilder {
    let operation = throttled_operation(config, service, signing_options)
        .retry_classifier(TransientErrorClassifier::<Refusal>::new())
        .retry_classifier(HttpStatusCodeClassifier::default());
    match config.timeout_config() {
        Some(timeouts) => operation.timeout_config(timeouts.clone()),
        None => operation,
    }
}

/// An operation that is tried again only where the service says that it did nothing. It has no time limit yet.
fn throttled_operation(config: &SdkConfig, service: Service, signing_options: SigningOptions) -> OperationBuilder {
    let endpoint = service.named_endpoint(config);
    let endpoint = endpoint.unwrap_or_else(|| service.address(config.region(), config.use_fips() == Some(true)));
    let mut operation = Operation::builder()
        .service_name(service.id())
        .operation_name("control plane")
        .endpoint_url(&endpoint)
        .standard_retry(&config.retry_config().cloned().unwrap_or_else(RetryConfig::standard))
        .retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
        .with_connection_poisoning()
        .interceptor(ServiceClockSkewInterceptor::new())
        .interceptor(InvocationIdInterceptor::new())
        .interceptor(RequestInfoInterceptor::new())
        .runtime_plugin(signing(config, service, signing_options));
    if let Some(version) = config.behavior_version() {
        operation = operation.behavior_version(version);
    }
    if let Some(client) = config.http_client() {
        operation = operation.http_client(client);
    }
    if let Some(sleep) = config.sleep_impl() {
        operation = operation.sleep_impl(sleep);
    }
    operation
}

/// Signature version 4 with the configuration's credentials.
fn signing(config: &SdkConfig, service: Service, signing_options: SigningOptions) -> StaticRuntimePlugin {
    let mut layer = Layer::new("signing");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().map(|region| SigningRegion::from(service.signing_region(region.clone()))),
        name: Some(SigningName::from_static(service.signing_name)),
        signing_options,
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

fn request(call: &Call, service: Service) -> Result<HttpRequest, BoxError> {
    let body = call.body.as_ref().map_or_else(SdkBody::empty, |body| service.body(body));
    let mut request = HttpRequest::new(body);
    request.set_method(call.method)?;
    request.set_uri(call.path.as_ref())?;
    if call.body.is_some() {
        request.headers_mut().insert("content-type", service.media_type);
    }
    if let Some(target) = call.target {
        request.headers_mut().insert("x-amz-target", target);
    }
    Ok(request)
}

fn answer(response: &HttpResponse) -> Result<Value, OrchestratorError<Refusal>> {
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(refused(response)));
    }
    let body = response.body().bytes().unwrap_or_default();
    match read(body) {
        Some(answer) => Ok(answer),
        None if body.is_empty() => Ok(Value::Null),
        None => Err(OrchestratorError::response("the answer is neither JSON nor XML".into())),
    }
}

/// What an answer of another status than success says.
fn refused(response: &HttpResponse) -> Refusal {
    let said = read(response.body().bytes().unwrap_or_default()).unwrap_or_default();
    refusal(&said, response.headers().get("x-amzn-errortype"))
}

fn refusal(said: &Value, code: Option<&str>) -> Refusal {
    // In XML an error stands in the answer, of EC2 in a list, of S3 it is the answer.
    let error = [&said["Error"], &said["Errors"]["Error"]].into_iter().find(|error| error.is_object());
    let said = error.unwrap_or(said);
    let code = code.or_else(|| said["__type"].as_str()).or_else(|| said["Code"].as_str());
    let mut refusal = ErrorMetadata::builder();
    if let Some(code) = code.and_then(plain_code) {
        refusal = refusal.code(code);
    }
    if let Some(message) = said["message"].as_str().or_else(|| said["Message"].as_str()) {
        refusal = refusal.message(message);
    }
    Refusal(refusal.build())
}

/// A body in either of the forms that services answer in.
fn read(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().or_else(|| xml::read(std::str::from_utf8(body).ok()?))
}

/// `Code` of `namespace#Code` and of `Code:address`, as the JSON protocols write it.
fn plain_code(text: &str) -> Option<&str> {
    let code = text.rsplit('#').next().unwrap_or(text);
    let code = code.split(':').next().unwrap_or(code).trim();
    (!code.is_empty()).then_some(code)
}

/// The service's answer is an error. Its message may repeat what was sent, and is shown by whoever asks for it alone.
pub struct Refusal(ErrorMetadata);

impl Refusal {
    /// The service's name for the error.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code()
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Refusal").field(&self.code()).finish()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code().unwrap_or("refused"))
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

    const SERVICE: Service = Service::json_1_1("SSM", "ssm");

    fn call() -> Call {
        Call::rpc("AmazonSSM.GetParameter", &json!({"Name": "/a"}))
    }

    #[tokio::test]
    async fn a_call_is_signed_for_its_service_and_region() {
        let aws = RecordedAws::answering([Answer::new(200, r#"{"a":1}"#)]);
        assert_eq!(ControlPlane::new(&aws.config(), SERVICE).call(call()).await.unwrap(), json!({"a": 1}));
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
            assert_eq!(failure.as_ref().and_then(ProvideErrorMetadata::code), fails);
            assert_eq!(aws.requests().len(), tries);
        }
    }

    #[tokio::test]
    async fn a_form_is_sent_signed_and_answered_in_xml() {
        let answer = "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes/></GetTopicAttributesResult></GetTopicAttributesResponse>";
        let aws = RecordedAws::answering([Answer::new(200, answer)]);
        let sns = ControlPlane::new(&aws.config(), Service::SNS);
        let call = Call::query("GetTopicAttributes", &[("TopicArn", "arn:aws:sns:a b")]);
        assert_eq!(sns.call(call).await.unwrap(), json!({"GetTopicAttributesResult": {"Attributes": ""}}));
        let request = aws.request();
        let form = "Action=GetTopicAttributes&TopicArn=arn%3Aaws%3Asns%3Aa%20b&Version=2010-03-31";
        assert_eq!(request.body().bytes(), Some(form.as_bytes()));
        assert_eq!(request.headers().get("content-type"), Some("application/x-www-form-urlencoded; charset=utf-8"));
    }

    #[tokio::test]
    async fn a_path_keeps_its_query_and_is_signed_for_the_services_signing_name_and_region() {
        let aws = RecordedAws::answering([Answer::new(200, "")]);
        let service = Service::rest_json("Bedrock Runtime", "bedrock-runtime").signed_as("bedrock").global();
        let profile = "arn:aws:bedrock:us-west-2:111122223333:inference-profile/us.a";
        let path = format!("/model/{}/invoke?a=1", path_segment(profile));
        assert_eq!(
            ControlPlane::new(&aws.config(), service).call(Call::rest("POST", path, None)).await.unwrap(),
            json!(null)
        );
        let request = aws.request();
        let profile = "arn%3Aaws%3Abedrock%3Aus-west-2%3A111122223333%3Ainference-profile%2Fus.a";
        assert_eq!(request.uri(), format!("https://bedrock-runtime.amazonaws.com/model/{profile}/invoke?a=1"));
        assert!(request.headers().get("authorization").unwrap().contains("/us-east-1/bedrock/aws4_request"));
    }

    #[tokio::test]
    async fn a_failure_has_its_status_code_and_message_in_every_protocol_and_debug_tells_no_message() {
        let typed = |code: &str| format!(r#"{{"__type":"{code}","message":"secret text"}}"#);
        let xml = "<ErrorResponse><Error><Code>AuthorizationError</Code><Message>secret text</Message></Error></ErrorResponse>";
        let ec2 = "<Response><Errors><Error><Code>Unauthorized</Code><Message>secret text</Message></Error></Errors></Response>";
        let said = Some("secret text");
        for (answer, status, code, message) in [
            (Answer::new(400, typed("ParameterNotFound")), 400, Some("ParameterNotFound"), said),
            (Answer::new(400, typed("com.amazonaws.ssm#ParameterNotFound")), 400, Some("ParameterNotFound"), said),
            (
                Answer::new(403, "{}").header("x-amzn-errortype", "AccessDenied:http://a/"),
                403,
                Some("AccessDenied"),
                None,
            ),
            (Answer::new(400, r#"{"__type":"A","Message":"secret text"}"#), 400, Some("A"), said),
            (Answer::new(403, xml), 403, Some("AuthorizationError"), said),
            (Answer::new(403, ec2), 403, Some("Unauthorized"), said),
            (Answer::new(502, "<html>secret text"), 502, None, None),
            (Answer::new(200, "secret text"), 200, None, None),
        ] {
            let aws = RecordedAws::answering([answer]);
            let failed = ControlPlane::new(&aws.config(), SERVICE).call(call()).await.unwrap_err();
            assert_eq!(failed.raw_response().map(|response| response.status().as_u16()), Some(status));
            let refusal = failed.as_service_error();
            assert_eq!(refusal.and_then(Refusal::code), code);
            assert_eq!(refusal.and_then(|refusal| refusal.meta().message()), message);
            assert!(!format!("{failed} {refusal:?}").contains("secret text"));
        }
        let unreachable = ControlPlane::new(&RecordedAws::answering([]).config(), SERVICE);
        assert!(matches!(unreachable.call(call()).await, Err(SdkError::DispatchFailure(_))));
    }
}
