//! The chat page for a browser: one file, which loads nothing else.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use sha2::{Digest, Sha256};

use super::{Body, whole};

const HTML: &str = include_str!("page.html");

/// The page, and the policy under which a browser runs its script and no other.
pub(super) struct Page {
    policy: Option<HeaderValue>,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { policy: HeaderValue::from_str(&policy(HTML)).ok() }
    }

    pub(super) fn response(&self) -> Response<Body> {
        let mut page = whole(StatusCode::OK, "text/html; charset=utf-8", Bytes::from_static(HTML.as_bytes()));
        let headers = page.headers_mut();
        // Without its policy the page stays as harmless, and does nothing.
        let policy = self.policy.clone().unwrap_or(HeaderValue::from_static("default-src 'none'"));
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        page
    }
}

fn policy(html: &str) -> String {
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        digest(html, "script"),
        digest(html, "style")
    )
}

/// The digest of the content of the one element of that name.
fn digest(html: &str, element: &str) -> String {
    let inner = html
        .split_once(&format!("<{element}>"))
        .and_then(|(_, rest)| rest.split_once(&format!("</{element}>")))
        .map_or("", |(inner, _)| inner);
    base64_simd::STANDARD.encode_to_string(Sha256::digest(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_script_and_the_style_that_the_page_has() {
        let html = "<style>a{}</style><script>alert(1)</script>";
        let policy = policy(html);
        // `printf %s 'alert(1)' | openssl dgst -sha256 -binary | base64`
        assert!(policy.contains("script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }

    #[test]
    fn the_page_has_one_script_one_style_and_nothing_from_elsewhere() {
        assert_eq!((HTML.matches("<script").count(), HTML.matches("<style").count()), (1, 1));
        assert!(HTML.contains("<script>") && HTML.contains("<style>"));
        for attribute in [" src=", " onclick=", " onload=", " style=", "@import", "http://", "https://"] {
            assert!(!HTML.contains(attribute), "{attribute}");
        }
    }
}
