//! Where the function is, and how it wants to be asked.

use reqwest::Url;

/// The function's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) kind: Kind,
}

/// What stands at the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A function URL itself, which takes signed requests alone.
    FunctionUrl {
        /// The Region that signatures are for.
        region: String,
    },
    /// `CloudFront`, or another server that signs for us.
    Https,
    /// This machine.
    Local,
}

/// Why a URL is not a target.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoTarget {
    #[error("`{0}` is not a URL. Give one such as https://d111111abcdef8.cloudfront.net")]
    NoUrl(String),
    #[error(
        "{0} would carry token and questions in the clear. Give its https:// URL; http:// is for this machine alone"
    )]
    InTheClear(Url),
}

impl Target {
    /// Reads a URL that a person gave.
    pub(crate) fn parse(text: &str) -> Result<Self, NoTarget> {
        let url = Url::parse(text.trim()).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
        let Some(mut url) = url else { return Err(NoTarget::NoUrl(text.to_owned())) };
        url.set_fragment(None);
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let kind = if is_this_machine(&url) {
            Kind::Local
        } else if url.scheme() == "http" {
            return Err(NoTarget::InTheClear(url));
        } else if let Some(region) = function_region(host) {
            Kind::FunctionUrl { region: region.to_owned() }
        } else {
            Kind::Https
        };
        Ok(Self { url, kind })
    }

    /// Where the models are listed.
    pub(crate) fn models_url(&self) -> Url {
        let mut url = self.url.clone();
        let path = format!("{}/models", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

/// The Region in `ID.lambda-url.REGION.on.aws`.
fn function_region(host: &str) -> Option<&str> {
    let parts: Vec<_> = host.split('.').collect();
    match parts.as_slice() {
        [_, "lambda-url", region, "on", "aws"] => Some(region),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_tells_how_it_is_asked() {
        let function = |region: &str| Kind::FunctionUrl { region: region.into() };
        for (url, kind) in [
            ("https://d111111abcdef8.cloudfront.net", Kind::Https),
            ("https://chat.example.com/", Kind::Https),
            ("https://abc123.lambda-url.ap-northeast-2.on.aws/", function("ap-northeast-2")),
            ("https://ABC123.LAMBDA-URL.us-east-1.ON.AWS", function("us-east-1")),
            ("https://abc.lambda-url.us-east-1.on.aws.example.com", Kind::Https),
            ("http://127.0.0.1:9000", Kind::Local),
            ("http://127.8.8.8:9000/lambda-url/bedrock-stream/", Kind::Local),
            ("http://localhost:9000", Kind::Local),
            ("http://[::1]:9000", Kind::Local),
        ] {
            assert_eq!(Target::parse(url).unwrap().kind, kind, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_or_not_secret_is_refused() {
        for url in ["", "d111111abcdef8.cloudfront.net", "ftp://a/", "file:///etc/passwd", "https://"] {
            assert_eq!(Target::parse(url), Err(NoTarget::NoUrl(url.into())));
        }
        for url in ["http://d111111abcdef8.cloudfront.net/", "http://127.0.0.1.example.com/", "http://10.0.0.1/"] {
            assert!(matches!(Target::parse(url), Err(NoTarget::InTheClear(_))), "{url}");
        }
    }

    #[test]
    fn the_models_stand_beside_the_function() {
        for (url, models) in [
            ("https://a.example", "https://a.example/models"),
            ("https://a.example/chat/", "https://a.example/chat/models"),
        ] {
            assert_eq!(Target::parse(url).unwrap().models_url().as_str(), models);
        }
    }
}
