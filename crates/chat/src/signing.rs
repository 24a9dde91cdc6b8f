//! What makes a request trusted: the hash of its body, and for a function URL
//! an AWS signature.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign as sigv4};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use sha2::{Digest as _, Sha256};

/// The header with the body's hash. `CloudFront` signs with it for the function
/// URL, which takes no unsigned body.
pub(crate) const CONTENT_SHA256: &str = "x-amz-content-sha256";

/// The service that function URLs belong to.
const SERVICE: &str = "lambda";

/// The hash of a body, in hexadecimal digits.
pub(crate) fn content_sha256(body: &[u8]) -> String {
    format!("{:x}", Sha256::digest(body))
}

/// A request as far as its signature is concerned.
#[derive(Clone, Copy)]
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// The headers that sign a request with `SigV4`, by their names.
pub(crate) fn sign(
    request: Unsigned<'_>,
    region: &str,
    credentials: Credentials,
    time: SystemTime,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = Identity::from(credentials);
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(time)
        .settings(settings)
        .build()?
        .into();
    let headers = request.headers.iter().copied();
    let signable = SignableRequest::new(request.method, request.url, headers, SignableBody::Bytes(request.body))?;
    let (instructions, _) = sigv4(signable, &parameters)?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_body_is_known_by_its_hash() {
        // What `printf '%s' '{"prompt":"야 안녕?"}' | openssl dgst -sha256` says.
        let hash = "e45cf4200b956318dac5e3aac4c76dc5c50d02339a7d9a8d1281bfa1f72523bb";
        assert_eq!(content_sha256(r#"{"prompt":"야 안녕?"}"#.as_bytes()), hash);
    }

    #[test]
    fn a_request_is_signed_as_aws_describes_it() {
        let body = r#"{"messages":[{"role":"user","content":"야 안녕?"}]}"#.as_bytes();
        let request = Unsigned {
            method: "POST",
            url: "https://abc123.lambda-url.us-east-1.on.aws/",
            headers: &[("content-type", "application/json")],
            body,
        };
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("SESSION".into()), None, "test");
        // 2026-11-21T00:00:00Z
        let time = SystemTime::UNIX_EPOCH + Duration::from_hours(498_672);

        let mut headers = sign(request, "us-east-1", credentials, time).unwrap();

        headers.sort();
        // Computed from AWS's description of Signature Version 4, by other code than this.
        let signature = "14fa6ead6d4a226e638df4fce5b3bf941fec37d7dedaa9af8a7f90e6d06cc20d";
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/us-east-1/lambda/aws4_request, \
             SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature={signature}"
        );
        let expected = [
            ("authorization", authorization.as_str()),
            ("x-amz-content-sha256", &content_sha256(body)),
            ("x-amz-date", "20261121T000000Z"),
            ("x-amz-security-token", "SESSION"),
        ];
        assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
