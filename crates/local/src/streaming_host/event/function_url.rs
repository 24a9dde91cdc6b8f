//! The event of a function URL, payload format 2.0.

use axum::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::request::Parts;
use serde_json::{Value, json};

use super::{base64, header, joined};

/// The event that a request becomes.
pub(in super::super) fn event(head: &Parts, body: &[u8], id: &str) -> Value {
    let header = |name| header(&head.headers, &name);
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(header(CONTENT_TYPE)));
    let path = head.uri.path();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": head.uri.query().unwrap_or_default(),
        "headers": joined(&head.headers),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": header(HOST),
            "domainPrefix": "local",
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": header(USER_AGENT),
            },
            "requestId": id,
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": (!body.is_empty()).then(|| text.map_or_else(|| base64(body), str::to_owned)),
        "isBase64Encoded": !body.is_empty() && text.is_none(),
    })
}

/// Whether Lambda takes a body of this type for text.
fn is_text(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&essence)
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn of(content_type: &str, body: &[u8]) -> Value {
        let request = Request::post("/chat?a=1&b=%20")
            .header("Host", "127.0.0.1:1")
            .header("Content-Type", content_type)
            .header("X-Many", "one")
            .header("X-Many", "two");
        event(&request.body(()).unwrap().into_parts().0, body, "id-1")
    }

    #[test]
    fn a_request_becomes_an_event_as_lambda_writes_it() {
        let event = of("application/json", r#"{"prompt":"야"}"#.as_bytes());
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/chat"), &json!("a=1&b=%20")));
        assert_eq!(event["headers"]["x-many"], "one,two");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(r#"{"prompt":"야"}"#), &json!(false)));
    }

    #[test]
    fn what_is_no_text_is_base64() {
        for (content_type, body, encoded) in
            [("application/octet-stream", &b"{}"[..], json!("e30=")), ("application/json", &[0xff][..], json!("/w=="))]
        {
            let event = of(content_type, body);
            assert_eq!((&event["body"], &event["isBase64Encoded"]), (&encoded, &json!(true)));
        }
        assert_eq!(of("text/plain; charset=utf-8", b"")["body"], Value::Null);
    }
}
