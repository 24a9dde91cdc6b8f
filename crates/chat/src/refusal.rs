//! A refusal instead of an answer: who refused, what was said, and what helps.

use std::fmt;

use serde_json::Value;

use crate::target::Kind;
use crate::visible::visible_line;

/// The longest error page that is looked at.
pub(crate) const MOST_READ: usize = 64 * 1024;

/// A status that is not a success, with what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    /// Who says to be the server, in lower case.
    pub(crate) server: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

/// Why no answer began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The function's code, when it was the function that refused.
    pub(crate) code: Option<String>,
    message: String,
    mend: Option<String>,
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (HTTP {})", self.message.trim_end_matches('.'), self.status)?;
        self.mend.as_ref().map_or(Ok(()), |mend| write!(f, ". {mend}"))
    }
}

impl Refusal {
    /// The same, with what mends it for so many messages: what is too long may be
    /// the conversation, or the one question.
    pub(crate) fn of(self, messages: usize) -> Self {
        let mend = match (self.status, messages) {
            (413, ..=1) => Some("The question itself is too long: ask with less text".to_owned()),
            (413, _) => {
                Some("Begin another conversation (/clear, or without --load), or ask with less text".to_owned())
            }
            _ => self.mend,
        };
        Self { mend, ..self }
    }
}

/// Understands a refusal; it may come from the function, from Lambda, or from
/// `CloudFront`, each with a shape of its own.
pub(crate) fn understand(response: &Response, kind: &Kind, with_token: bool) -> Refusal {
    let json: Option<Value> = serde_json::from_str(&response.body).ok();
    let function = json.as_ref().and_then(|body| {
        let text = |field: &str| body["error"][field].as_str().map(visible_line);
        text("code").zip(text("message"))
    });
    if let Some((code, message)) = function {
        return of_function(response, code, &message, with_token);
    }
    let lambda = json.as_ref().and_then(|body| body["Message"].as_str().or_else(|| body["message"].as_str()));
    if let Some(message) = lambda {
        return of_lambda(response, &visible_line(message), kind);
    }
    if response.server.contains("cloudfront") || response.body.contains("CloudFront") {
        return of_cloudfront(response);
    }
    let redirect = response.location.as_ref().filter(|_| (300..400).contains(&response.status));
    let (message, mend) = match redirect {
        Some(location) => (
            "the URL leads elsewhere".to_owned(),
            Some(format!("Give the URL that it leads to, if you trust it: {}", visible_line(location))),
        ),
        None => (
            said(response).unwrap_or_else(|| "the server refused and said nothing".to_owned()),
            Some("Is this the URL of a streaming function?".to_owned()),
        ),
    };
    Refusal { status: response.status, code: None, message, mend }
}

fn of_function(response: &Response, code: String, message: &str, with_token: bool) -> Refusal {
    let mend = match (response.status, &response.retry_after) {
        (401, _) if with_token => Some("The function knows another token than WARDEN_CHAT_TOKEN holds".to_owned()),
        (401, _) => Some("Set WARDEN_CHAT_TOKEN to the token that the function wants".to_owned()),
        (429, Some(seconds)) => Some(format!("Ask again in {} s", visible_line(seconds))),
        (429 | 502 | 503 | 504, _) => Some("Ask again in a moment".to_owned()),
        _ => None,
    };
    Refusal { status: response.status, message: format!("{code}: {message}"), code: Some(code), mend }
}

fn of_lambda(response: &Response, message: &str, kind: &Kind) -> Refusal {
    let signature =
        message.contains("signature") || message.contains("Signature") || message.contains("security token");
    let mend = match (response.status, kind) {
        (403, Kind::FunctionUrl { .. }) if signature => {
            "Are the credentials current, and is this machine's clock right? `aws sts get-caller-identity` shows it"
        }
        (403, Kind::FunctionUrl { .. }) => {
            "Your AWS identity needs both lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function, or choose another with --profile"
        }
        (403, _) if signature => {
            "CloudFront's signature was not taken: its origin access control must sign always, and must not pass on the Host header"
        }
        (403, _) => {
            "CloudFront may not call the function: its distribution needs both lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function"
        }
        (429 | 500.., _) => "Ask again in a moment. If it goes on, the function's log says why",
        _ => "Is this the URL of a streaming function?",
    };
    Refusal {
        status: response.status,
        code: None,
        message: format!("Lambda refused: {message}"),
        mend: Some(mend.to_owned()),
    }
}

fn of_cloudfront(response: &Response) -> Refusal {
    let mend = match response.status {
        403 => {
            "Is your address one of those that may call, and do you ask at a bearable rate? The distribution's firewall (AWS WAF) or its country list refuses others"
        }
        502 | 503 => "The function cannot be reached or does not answer in time. Ask again in a moment",
        504 => {
            "The function took longer than the distribution waits for its origin. Ask again, or raise its response timeout"
        }
        _ => "Is this the distribution of a streaming function?",
    };
    let said = said(response).unwrap_or_else(|| "no reason was given".to_owned());
    Refusal {
        status: response.status,
        code: None,
        message: format!("CloudFront refused: {said}"),
        mend: Some(mend.to_owned()),
    }
}

/// What an error page or a text says.
fn said(response: &Response) -> Option<String> {
    let is_page = response.content_type.contains("html") || response.body.trim_start().starts_with('<');
    let text = if is_page { page_text(&response.body) } else { response.body.clone() };
    Some(visible_line(&text)).filter(|text| !text.is_empty())
}

/// The text of a page without its tags, up to what `CloudFront` adds for support.
fn page_text(page: &str) -> String {
    let body = page.find("<BODY>").or_else(|| page.find("<body")).map_or(page, |begin| &page[begin..]);
    let mut text = String::new();
    let mut in_tag = false;
    for c in body.chars() {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                text.push(' ');
            }
            _ if !in_tag => text.push(c),
            _ => {}
        }
    }
    let end = ["If you provide content", "Generated by cloudfront"].iter().filter_map(|end| text.find(end)).min();
    text.truncate(end.unwrap_or(text.len()));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, content_type: &str, body: &str) -> Response {
        Response {
            status,
            content_type: content_type.into(),
            server: String::new(),
            retry_after: None,
            location: None,
            body: body.into(),
        }
    }

    const BLOCKED: &str = r#"<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1">
<TITLE>ERROR: The request could not be satisfied</TITLE>
</HEAD><BODY>
<H1>403 ERROR</H1>
<H2>The request could not be satisfied.</H2>
<HR noshade size="1px">
Request blocked.
We can't connect to the server for this app or website at this time.
<BR clear="all">
If you provide content to customers through CloudFront, you can find steps to troubleshoot.
<PRE>
Generated by cloudfront (CloudFront)
Request ID: abc==
</PRE></BODY></HTML>"#;

    #[test]
    fn every_refusal_says_who_and_what_mends_it() {
        let function = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"It \u001b[1mis so."}}}}"#);
        let direct = Kind::FunctionUrl { region: "us-east-1".into() };
        let json = "application/json";
        for (status, content_type, body, kind, expected) in [
            (
                401,
                json,
                function("Unauthorized"),
                &Kind::Https,
                "Unauthorized: It ␛[1mis so (HTTP 401). Set WARDEN_CHAT_TOKEN to the token that the function wants",
            ),
            (400, json, function("InvalidInput"), &Kind::Https, "InvalidInput: It ␛[1mis so (HTTP 400)"),
            (403, json, r#"{"Message":"Forbidden"}"#.into(), &direct, "Your AWS identity needs both"),
            (403, json, r#"{"Message":"Forbidden"}"#.into(), &Kind::Https, "CloudFront may not call the function"),
            (
                403,
                json,
                r#"{"message":"The request signature we calculated does not match the signature you provided."}"#
                    .into(),
                &direct,
                "this machine's clock",
            ),
            (
                403,
                "text/html",
                BLOCKED.into(),
                &Kind::Https,
                "CloudFront refused: 403 ERROR The request could not be satisfied. Request blocked. We can't connect to the server \
                 for this app or website at this time (HTTP 403). Is your address one of those that may call",
            ),
            (504, "text/html", BLOCKED.into(), &Kind::Https, "raise its response timeout"),
            (502, json, r#"{"message":"Internal Server Error"}"#.into(), &Kind::Https, "the function's log says why"),
            (404, "text/plain", "not here".into(), &Kind::Local, "not here (HTTP 404). Is this the URL"),
            (500, "", String::new(), &Kind::Local, "said nothing (HTTP 500)"),
        ] {
            let refusal = understand(&response(status, content_type, &body), kind, false).to_string();
            assert!(refusal.contains(expected), "{refusal}");
            assert_eq!(refusal.lines().count(), 1);
        }
    }

    #[test]
    fn what_is_too_long_is_mended_where_it_is_too_long() {
        let json = "application/json";
        for body in [
            r#"{"error":{"code":"TooLarge","message":"the body is longer than 9 bytes"}}"#,
            r#"{"message":"Request must be smaller than 6291456 bytes"}"#,
            "<html>413</html>",
        ] {
            let mended = |messages| understand(&response(413, json, body), &Kind::Https, true).of(messages).to_string();
            assert!(mended(1).contains("ask with less text") && !mended(1).contains("/clear"), "{}", mended(1));
            assert!(mended(3).contains("/clear"), "{}", mended(3));
        }
        let other = understand(&response(401, json, ""), &Kind::Https, true);
        assert_eq!(other.to_string(), understand(&response(401, json, ""), &Kind::Https, true).of(3).to_string());
    }

    #[test]
    fn a_token_that_is_wrong_is_told_from_one_that_is_missing() {
        let answer = response(401, "application/json", r#"{"error":{"code":"Unauthorized","message":"no"}}"#);
        let refusal = understand(&answer, &Kind::Local, true);
        assert_eq!(refusal.code.as_deref(), Some("Unauthorized"));
        assert!(refusal.to_string().contains("another token"), "{refusal}");
    }

    #[test]
    fn whoever_is_asked_too_often_says_when_to_come_back() {
        let mut answer = response(429, "application/json", r#"{"error":{"code":"ModelThrottled","message":"busy"}}"#);
        answer.retry_after = Some("7".into());
        assert!(understand(&answer, &Kind::Local, true).to_string().ends_with("Ask again in 7 s"));
    }

    #[test]
    fn a_url_that_leads_elsewhere_is_not_followed() {
        let mut answer = response(301, "text/html", "<html></html>");
        answer.location = Some("https://b.example/".into());
        assert!(understand(&answer, &Kind::Https, true).to_string().contains("https://b.example/"));
    }
}
