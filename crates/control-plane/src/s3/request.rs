//! One request of S3.

use aws_smithy_runtime_api::{box_error::BoxError, client::orchestrator::HttpRequest};
use aws_smithy_types::{base64, body::SdkBody};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::ObjectId;
use crate::path_segment;

/// What stands in a key's path as it is: S3 signs the path as it is sent.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A request of S3: a method, a bucket or an object in it, and what goes with them.
#[derive(Clone)]
pub struct Request {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Bytes>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Request {
    /// A request of a bucket.
    #[must_use]
    pub fn bucket(method: &'static str, bucket: &str) -> Self {
        Self::new(method, format!("/{}", path_segment(bucket)))
    }

    /// A request of an object.
    #[must_use]
    pub fn object(method: &'static str, object: ObjectId<'_>) -> Self {
        let request = Self::new(method, format!("/{}/{}", path_segment(object.bucket), key_path(object.key)));
        match object.version {
            Some(version) => request.query("versionId", version),
            None => request,
        }
    }

    fn new(method: &'static str, path: String) -> Self {
        Self { method, path, query: String::new(), headers: Vec::new(), body: None }
    }

    /// The same with one more parameter; one that is a name alone has an empty value.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(&path_segment(name));
        self.query.push('=');
        self.query.push_str(&path_segment(value));
        self
    }

    /// The same with a parameter that it may lack.
    #[must_use]
    pub fn query_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a body, and the checksum that buckets with Object Lock insist on.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        self.headers.push(("x-amz-checksum-crc32", base64::encode(crc32fast::hash(&body).to_be_bytes())));
        self.body = Some(body);
        self
    }

    pub(super) fn into_http(self) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(self.body.map_or_else(SdkBody::empty, SdkBody::from));
        request.set_method(self.method)?;
        request.set_uri(self.path + &self.query)?;
        for (name, value) in self.headers {
            request.headers_mut().try_insert(name, value)?;
        }
        Ok(request)
    }
}

impl ObjectId<'_> {
    /// How the object is named as the source of a copy.
    pub(super) fn copy_source(&self) -> String {
        let source = format!("{}/{}", path_segment(self.bucket), key_path(self.key));
        match self.version {
            Some(version) => format!("{source}?versionId={}", path_segment(version)),
            None => source,
        }
    }
}

fn key_path(key: &str) -> String {
    utf8_percent_encode(key, KEY).to_string()
}
