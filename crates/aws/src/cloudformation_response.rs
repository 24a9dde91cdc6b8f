//! Answers to CloudFormation, at the address that it gives with each request.

use std::fmt;

use aws_smithy_http_client::{
    Connector,
    tls::{self, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{http::HttpConnector, orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use warden_core::Error;

/// Puts answers to pre-signed addresses. The address is all that it takes to
/// answer for us: it stands in no log and in no error.
pub struct ResponseUrls(Connector);

impl fmt::Debug for ResponseUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrls")
    }
}

impl Default for ResponseUrls {
    fn default() -> Self {
        Self(Connector::builder().tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc)).build())
    }
}

impl ResponseUrls {
    /// Puts an answer there, once.
    ///
    /// # Errors
    /// [`Error::Internal`] when it could not be delivered.
    pub async fn put(&self, url: &str, body: Vec<u8>) -> Result<(), Error> {
        let problem = |problem: &str| Error::Internal { problem: format!("CloudFormation's ResponseURL {problem}") };
        let request = http::Request::builder()
            .method("PUT")
            .uri(url)
            // The signature is for no type: one that the client adds would break it.
            .header("content-type", "")
            .header("content-length", body.len())
            .body(SdkBody::from(body))
            .map_err(|_| problem("is not a URL"))?;
        let request = HttpRequest::try_from(request).map_err(|_| problem("is not a URL"))?;
        let response = self.0.call(request).await.map_err(|_| problem("cannot be reached"))?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status => Err(problem(&format!("answered {status}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// What arrives at an address that answers with a status.
    async fn arriving(status: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer?X-Amz-Signature=secret", listener.local_addr().unwrap());
        let arrived = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let mut length = 0;
            while !bytes[..length].ends_with(b"}") {
                length += stream.read(&mut bytes[length..]).await.unwrap();
            }
            stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
            String::from_utf8(bytes[..length].to_vec()).unwrap()
        });
        (url, arrived)
    }

    #[tokio::test]
    async fn an_answer_arrives_as_it_is_and_with_no_type_of_its_own() {
        let (url, arrived) = arriving("200 OK").await;
        ResponseUrls::default().put(&url, br#"{"Status":"SUCCESS"}"#.to_vec()).await.unwrap();
        let request = arrived.await.unwrap();
        assert!(request.starts_with("PUT /answer?X-Amz-Signature=secret HTTP/1.1\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"Status\":\"SUCCESS\"}"), "{request}");
        let lower = request.to_ascii_lowercase();
        assert!(lower.contains("content-length: 20\r\n") && lower.contains("content-type: \r\n"), "{request}");
    }

    #[tokio::test]
    async fn an_answer_that_does_not_arrive_is_an_error_without_the_address() {
        let (refused, _arrived) = arriving("403 Forbidden").await;
        for (url, expected) in [
            (refused.as_str(), "CloudFormation's ResponseURL answered 403"),
            ("http://127.0.0.1:1/?X-Amz-Signature=secret", "CloudFormation's ResponseURL cannot be reached"),
            ("no address: secret", "CloudFormation's ResponseURL is not a URL"),
        ] {
            let error = ResponseUrls::default().put(url, b"{}".to_vec()).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(!format!("{error:?}").contains("secret"));
        }
    }
}
