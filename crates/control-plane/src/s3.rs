//! S3: its objects, and what lists them.

mod list;
mod request;

use std::{fmt, time::Duration};

use aws_runtime::auth::SigningOptions;
use aws_sigv4::http_request::SignableBody;
use aws_smithy_runtime::client::{
    orchestrator::operation::Operation, stalled_stream_protection::StalledStreamProtectionInterceptor,
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeTransmitInterceptorContextMut, Error, Output},
            dyn_dispatch_hint,
        },
        orchestrator::{HttpResponse, OrchestratorError},
        result::SdkError,
        runtime_components::RuntimeComponents,
        ser_de::DeserializeResponse,
    },
    http::{Headers, StatusCode},
};
use aws_smithy_types::{
    body::SdkBody,
    byte_stream::{AggregatedBytes, ByteStream},
    config_bag::ConfigBag,
    timeout::TimeoutConfig,
};
use aws_types::SdkConfig;
use bytes::Bytes;
use serde_json::Value;

pub use list::{ListedObject, Marker, Objects, Version, Versions};
pub use request::Request;

use crate::{CallFailed, Refusal, Service, operation, refusal, throttled_operation, xml};

const S3_SERVICE: Service = Service::rest_xml("S3", "s3");

/// How long a copy may take. S3 says nothing until it is done, which for the 5 GiB that it copies at once takes minutes.
pub const COPY_TIMEOUT: Duration = Duration::from_mins(13);
/// What an upload sends in a second at least, in bytes: its tries have as much longer than those of a call.
const SLOWEST_UPLOAD: f64 = 64.0 * 1024.0;

/// A client of S3. Time limits and tries are those of its configuration, but for copies, which have [`COPY_TIMEOUT`], and
/// for uploads, which have longer the larger they are. What an object's bytes take on their way here is not limited, but
/// that they keep coming.
#[derive(Clone, Debug)]
pub struct S3 {
    calls: Operation<Request, Reply, Refusal>,
    copies: Operation<Request, Option<String>, Refusal>,
}

/// What an object is named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectId<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The key, as it is.
    pub key: &'a str,
    /// The version; the current one without it.
    pub version: Option<&'a str>,
}

impl<'a> ObjectId<'a> {
    /// The current version of a key.
    #[must_use]
    pub const fn current(bucket: &'a str, key: &'a str) -> Self {
        Self { bucket, key, version: None }
    }
}

impl S3 {
    /// A client with the credentials, Region and endpoint of `config`. At an endpoint of one's own the bucket stands in
    /// the path, since it has no host name for each, and the bytes of a body are not signed.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let own_endpoint = S3_SERVICE.named_endpoint(config).is_some();
        let mut signing = SigningOptions::default();
        signing.double_uri_encode = false;
        signing.normalize_uri_path = false;
        signing.content_sha256_header = true;
        signing.payload_override = own_endpoint.then_some(SignableBody::UnsignedPayload);
        let mut calls = operation(config, S3_SERVICE, signing.clone())
            .interceptor(StalledStreamProtectionInterceptor::default())
            .interceptor(TimeForBody);
        // A copy is made though nobody waits for it any more: a second try would be a second version.
        let timeouts = config.timeout_config().map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
        let timeouts =
            timeouts.disable_operation_timeout().disable_read_timeout().operation_attempt_timeout(COPY_TIMEOUT);
        let mut copies = throttled_operation(config, S3_SERVICE, signing).timeout_config(timeouts.build());
        if !own_endpoint {
            calls = calls.interceptor(BucketInHost);
            copies = copies.interceptor(BucketInHost);
        }
        Self {
            calls: calls.serializer(|request: Request| request.into_http()).deserializer_impl(ReadReply).build(),
            copies: copies.serializer(|request: Request| request.into_http()).deserializer(copied).build(),
        }
    }

    /// Whatever a request asks for.
    ///
    /// # Errors
    /// When S3 refuses it or is not reached.
    pub async fn call(&self, request: Request) -> Result<Reply, CallFailed> {
        self.calls.invoke(request).await
    }

    /// An object, of which the bytes are still to come.
    ///
    /// # Errors
    /// When S3 refuses it or is not reached.
    pub async fn get(&self, object: ObjectId<'_>) -> Result<Reply, CallFailed> {
        self.call(Request::object("GET", object)).await
    }

    /// What S3 tells of an object without its bytes.
    ///
    /// # Errors
    /// When S3 refuses it, without a code, or is not reached.
    pub async fn head(&self, object: ObjectId<'_>) -> Result<Reply, CallFailed> {
        self.call(Request::object("HEAD", object)).await
    }

    /// Writes an object; its version, where the bucket keeps versions.
    ///
    /// # Errors
    /// When S3 refuses it or is not reached.
    pub async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: impl Into<Bytes>,
        headers: &[(&'static str, &str)],
    ) -> Result<Option<String>, CallFailed> {
        let request = Request::object("PUT", ObjectId::current(bucket, key)).body(body.into());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
        Ok(self.call(request).await?.version())
    }

    /// Copies an object with metadata, content type and tags; the copy's version, where its bucket keeps versions. It is
    /// tried again only where S3 says that it did nothing.
    ///
    /// # Errors
    /// When S3 refuses it, at once or while it copies; when S3 is not reached, or not heard of within [`COPY_TIMEOUT`], and then
    /// the copy may have been made.
    pub async fn copy(&self, from: ObjectId<'_>, to: ObjectId<'_>) -> Result<Option<String>, CallFailed> {
        self.copies.invoke(Request::object("PUT", to).header("x-amz-copy-source", from.copy_source())).await
    }

    /// Deletes a version, or writes a delete marker where none is named.
    ///
    /// # Errors
    /// When S3 refuses it or is not reached.
    pub async fn delete(&self, object: ObjectId<'_>) -> Result<(), CallFailed> {
        self.call(Request::object("DELETE", object)).await.map(drop)
    }

    /// An object's tags, each with its value.
    ///
    /// # Errors
    /// When S3 refuses it or is not reached.
    pub async fn tags(&self, object: ObjectId<'_>) -> Result<Vec<(String, String)>, CallFailed> {
        let mut said = self.call(Request::object("GET", object).query("tagging", "")).await?.value().await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let tags = xml::take_each(&mut said, "/TagSet/Tag").into_iter();
        Ok(tags.map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect())
    }
}

/// What S3 answered. The body is read by whoever wants it.
pub struct Reply {
    status: StatusCode,
    headers: Headers,
    body: ByteStream,
}

impl Reply {
    /// A header of the answer.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The version of the object that was read or written.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.header("x-amz-version-id").map(str::to_owned)
    }

    /// The next of the object's bytes.
    ///
    /// # Errors
    /// When they stop before the end.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, BoxError> {
        Ok(self.body.try_next().await?)
    }

    /// All of the body.
    ///
    /// # Errors
    /// When it stops before its end.
    pub async fn bytes(self) -> Result<Bytes, CallFailed> {
        let status = self.status;
        self.body.collect().await.map(AggregatedBytes::into_bytes).map_err(|error| unread(status, error.into()))
    }

    /// The body as JSON, whichever form S3 said it in; null where there is none.
    ///
    /// # Errors
    /// When it stops before its end, or is neither XML nor JSON.
    pub async fn value(self) -> Result<Value, CallFailed> {
        let status = self.status;
        let bytes = self.bytes().await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        crate::read(&bytes).ok_or_else(|| unread(status, "the answer is neither JSON nor XML".into()))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

/// An answer that began well and cannot be read.
fn unread(status: StatusCode, problem: BoxError) -> CallFailed {
    SdkError::response_error(problem, HttpResponse::new(status, SdkBody::empty()))
}

/// The version that a copy made.
fn copied(response: &HttpResponse) -> Result<Option<String>, OrchestratorError<Refusal>> {
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(crate::refused(response)));
    }
    // A copy that fails under way is told in an answer of status 200.
    let said = crate::read(response.body().bytes().unwrap_or_default()).unwrap_or_default();
    if said["Code"].is_string() {
        return Err(OrchestratorError::operation(refusal(&said, None)));
    }
    Ok(response.headers().get("x-amz-version-id").map(str::to_owned))
}

/// Gives each try of an upload longer, by as much as its bytes may take.
#[derive(Debug)]
struct TimeForBody;

#[dyn_dispatch_hint]
impl Intercept for TimeForBody {
    fn name(&self) -> &'static str {
        "TimeForBody"
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let length = context.request().body().content_length().unwrap_or_default();
        let timeouts = config.load::<TimeoutConfig>().cloned();
        let longer = timeouts.and_then(|timeouts| {
            let attempt = timeouts.operation_attempt_timeout()?;
            Some(timeouts.to_builder().operation_attempt_timeout(attempt + time_for(length)).build())
        });
        if let Some(longer) = longer {
            config.interceptor_state().store_put(longer);
        }
        Ok(())
    }
}

/// How long as many bytes may take on their way to S3.
#[expect(clippy::cast_precision_loss, reason = "no object has more bytes than a double counts")]
fn time_for(length: u64) -> Duration {
    Duration::from_secs_f64(length as f64 / SLOWEST_UPLOAD)
}

/// Takes an answer as soon as its headers are there; that of a refusal is read whole.
#[derive(Debug)]
struct ReadReply;

impl DeserializeResponse for ReadReply {
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        response.status().is_success().then(|| {
            let body = ByteStream::new(response.take_body());
            let reply = Reply { status: response.status(), headers: response.headers().clone(), body };
            Ok(Output::erase(reply))
        })
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        Err(OrchestratorError::operation(Error::erase(crate::refused(response))))
    }
}

/// Moves the bucket from the path into the host's name, where it can stand in one: it is certified for one label.
#[derive(Debug)]
struct BucketInHost;

#[dyn_dispatch_hint]
impl Intercept for BucketInHost {
    fn name(&self) -> &'static str {
        "BucketInHost"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Some(moved) = bucket_in_host(request.uri()) {
            request.set_uri(moved)?;
        }
        Ok(())
    }
}

fn bucket_in_host(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let end = path.find(['/', '?']).unwrap_or(path.len());
    let (bucket, rest) = path.split_at(end);
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let is_label = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(plain)
        && !bucket.starts_with('-')
        && !bucket.ends_with('-');
    let slash = if rest.starts_with('/') { "" } else { "/" };
    is_label.then(|| format!("{scheme}://{bucket}.{host}{slash}{rest}"))
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::rt::sleep::TokioSleep;
    use aws_smithy_types::retry::RetryConfig;
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    fn aws(answers: impl IntoIterator<Item = &'static str>) -> (S3, RecordedAws) {
        let answers: Vec<_> = answers.into_iter().map(|body| Answer::new(200, body)).collect();
        let aws = RecordedAws::answering(answers);
        (S3::new(&aws.config()), aws)
    }

    const ODD: ObjectId<'static> =
        ObjectId { bucket: "uploads", key: "a b+c%20/./\u{c0ac}=&?#.png", version: Some("v+7") };

    #[tokio::test]
    async fn an_object_is_asked_for_and_signed_as_its_key_is_written() {
        let (s3, aws) = aws(["PNG"]);
        assert_eq!(s3.get(ODD).await.unwrap().bytes().await.unwrap(), "PNG");
        let request = aws.request();
        let expected =
            "https://uploads.s3.us-west-2.amazonaws.com/a%20b%2Bc%2520/./%EC%82%AC%3D%26%3F%23.png?versionId=v%2B7";
        assert_eq!(request.uri(), expected);
        let signature = request.headers().get("authorization").unwrap();
        assert!(signature.contains("/us-west-2/s3/aws4_request"), "{signature}");
        assert!(signature.contains("x-amz-content-sha256"), "{signature}");
    }

    #[tokio::test]
    async fn an_endpoint_of_ones_own_has_the_bucket_in_the_path() {
        let aws = RecordedAws::answering([Answer::new(200, "")]);
        let s3 = S3::new(&aws.config_builder().endpoint_url("http://127.0.0.1:4566").build());
        s3.put("uploads", "a", Bytes::from_static(b"text"), &[("content-type", "text/plain")]).await.unwrap();
        let request = aws.request();
        assert_eq!(request.uri(), "http://127.0.0.1:4566/uploads/a");
        assert_eq!(request.headers().get("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
        assert_eq!(request.headers().get("content-type"), Some("text/plain"));
        // CRC-32 of "text", as `zlib.crc32` computes it, big-endian.
        assert_eq!(request.headers().get("x-amz-checksum-crc32"), Some("O4unxw=="));
    }

    #[test]
    fn a_bucket_stands_in_the_host_where_it_is_a_label() {
        let host = "https://s3.us-west-2.amazonaws.com";
        for (path, moved) in [
            ("uploads/a.png", Some("https://uploads.s3.us-west-2.amazonaws.com/a.png")),
            ("uploads?versions=", Some("https://uploads.s3.us-west-2.amazonaws.com/?versions=")),
            ("uploads", Some("https://uploads.s3.us-west-2.amazonaws.com/")),
            ("my.uploads/a.png", None),
            ("Uploads/a.png", None),
            ("my_uploads/a.png", None),
            ("-uploads/a.png", None),
            ("up/a.png", None),
        ] {
            assert_eq!(bucket_in_host(&format!("{host}/{path}")).as_deref(), moved, "{path}");
        }
    }

    #[tokio::test]
    async fn a_list_has_one_entry_or_many_and_keys_that_xml_cannot_write() {
        let (s3, aws) = aws([
            "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>a+%01%2B.png</Key><Size>7</Size></Contents>\
             <CommonPrefixes><Prefix>b%2F</Prefix></CommonPrefixes><CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>\
             <NextContinuationToken>more</NextContinuationToken></ListBucketResult>",
            "<ListBucketResult/>",
        ]);
        let page = s3.objects("uploads", "", (Some("/"), None), None).await.unwrap();
        assert_eq!(page.objects, [ListedObject { key: "a \u{1}+.png".to_owned(), size: 7 }]);
        assert_eq!(page.folders, ["b/", "c/"]);
        let next = page.next.unwrap();
        assert_eq!(s3.objects("uploads", "", (Some("/"), None), Some(&next)).await.unwrap(), Objects::default());
        assert!(aws.requests()[1].uri().contains("continuation-token=more"));
    }

    #[tokio::test]
    async fn versions_and_delete_markers_are_told_apart() {
        let (s3, aws) = aws(["<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>\
            <NextVersionIdMarker>v1</NextVersionIdMarker>\
            <DeleteMarker><Key>a</Key><VersionId>d1</VersionId><IsLatest>true</IsLatest>\
            <LastModified>2026-11-20T08:00:01.000Z</LastModified></DeleteMarker>\
            <Version><Key>a</Key><VersionId>v1</VersionId><IsLatest>false</IsLatest><ETag>&quot;e&quot;</ETag><Size>9</Size>\
            <LastModified>2026-11-20T08:00:00.000Z</LastModified></Version></ListVersionsResult>"]);
        let page = s3.versions("uploads", "a", None).await.unwrap();
        let version = Version {
            key: "a".to_owned(),
            id: "v1".to_owned(),
            etag: "\"e\"".to_owned(),
            size: 9,
            last_modified: Some(1_795_161_600),
            is_latest: false,
            is_delete_marker: false,
        };
        let marker = Version {
            id: "d1".to_owned(),
            etag: String::new(),
            size: 0,
            last_modified: Some(1_795_161_601),
            is_latest: true,
            is_delete_marker: true,
            ..version.clone()
        };
        assert_eq!(page.versions, [version, marker]);
        assert_eq!(page.next, Some(Marker { key: "a".to_owned(), version: Some("v1".to_owned()) }));
        assert!(aws.request().uri().ends_with("/?versions=&prefix=a&encoding-type=url"));
    }

    #[tokio::test]
    async fn a_copy_that_fails_under_way_is_a_refusal() {
        let (s3, aws) = aws(["<Error><Code>InternalError</Code><Message>secret text</Message></Error>"]);
        let failed = s3.copy(ODD, ObjectId::current("uploads", "b")).await.unwrap_err();
        assert_eq!(failed.as_service_error().and_then(Refusal::code), Some("InternalError"));
        let source = "uploads/a%20b%2Bc%2520/./%EC%82%AC%3D%26%3F%23.png?versionId=v%2B7";
        assert_eq!(aws.request().headers().get("x-amz-copy-source"), Some(source));
    }

    /// A client that tries three times, half a minute each, as `warden` does.
    fn patient(answers: impl IntoIterator<Item = Answer, IntoIter: Send + 'static>) -> (S3, RecordedAws) {
        let aws = RecordedAws::answering(answers);
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(30)).build();
        let config = aws.config_builder().retry_config(RetryConfig::standard()).sleep_impl(TokioSleep::new());
        (S3::new(&config.timeout_config(timeouts).build()), aws)
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_that_takes_minutes_is_made_once() {
        let made = "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>";
        let late =
            |seconds| Answer::new(200, made).header("x-amz-version-id", "v2").after(Duration::from_secs(seconds));
        let to = ObjectId::current("uploads", "b");
        let (s3, aws) = patient([late(600)]);
        assert_eq!(s3.copy(ODD, to).await.unwrap().as_deref(), Some("v2"));
        assert_eq!(aws.requests().len(), 1);
        let (s3, aws) = patient([late(1000), late(1)]);
        assert!(matches!(s3.copy(ODD, to).await.unwrap_err(), SdkError::TimeoutError(_)));
        assert_eq!(aws.requests().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_is_tried_again_where_s3_did_nothing_and_nowhere_else() {
        let code = |code: &str| format!("<Error><Code>{code}</Code></Error>");
        for (status, said, tries) in [
            (503, code("SlowDown"), 2),
            (200, code("SlowDown"), 2),
            (400, code("RequestTimeout"), 2),
            (500, code("InternalError"), 1),
            (200, code("InternalError"), 1),
            (502, "<html>".to_owned(), 1),
        ] {
            let (s3, aws) = patient([Answer::new(status, said.clone()), Answer::new(200, "<CopyObjectResult/>")]);
            let copied = s3.copy(ODD, ObjectId::current("uploads", "b")).await;
            assert_eq!((copied.is_ok(), aws.requests().len()), (tries == 2, tries), "{status} {said}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_has_longer_the_larger_it_is() {
        for (length, seconds, tries) in [(1, 29, 1), (1, 31, 3), (1 << 20, 45, 1), (1 << 20, 47, 3)] {
            let late = || Answer::new(200, "").after(Duration::from_secs(seconds));
            let (s3, aws) = patient([late(), late(), late()]);
            let put = s3.put("uploads", "a", vec![7; length], &[]).await;
            assert_eq!((put.is_ok(), aws.requests().len()), (tries == 1, tries), "{length} bytes, {seconds} s");
        }
    }

    #[tokio::test]
    async fn a_refusal_has_its_status_and_its_code_where_it_has_a_body() {
        let aws = RecordedAws::answering([
            Answer::new(404, "<Error><Code>NoSuchKey</Code><Message>secret text</Message></Error>"),
            Answer::new(404, ""),
        ]);
        let s3 = S3::new(&aws.config());
        let failed = s3.get(ODD).await.unwrap_err();
        assert_eq!(failed.as_service_error().and_then(Refusal::code), Some("NoSuchKey"));
        assert!(!format!("{failed} {:?}", failed.as_service_error()).contains("secret"));
        let failed = s3.head(ODD).await.unwrap_err();
        assert_eq!(failed.as_service_error().and_then(Refusal::code), None);
        assert_eq!(failed.raw_response().map(|response| response.status().as_u16()), Some(404));
    }

    #[tokio::test]
    async fn tags_are_read_whether_there_are_none_one_or_two() {
        let (s3, _) = aws([
            "<Tagging><TagSet/></Tagging>",
            "<Tagging><TagSet><Tag><Key>team</Key><Value>gate 3</Value></Tag></TagSet></Tagging>",
            "<Tagging><TagSet><Tag><Key>a</Key><Value/></Tag><Tag><Key>b</Key><Value>2</Value></Tag></TagSet></Tagging>",
        ]);
        assert_eq!(s3.tags(ODD).await.unwrap(), []);
        assert_eq!(s3.tags(ODD).await.unwrap(), [("team".to_owned(), "gate 3".to_owned())]);
        assert_eq!(s3.tags(ODD).await.unwrap(), [("a".to_owned(), String::new()), ("b".to_owned(), "2".to_owned())]);
    }
}
