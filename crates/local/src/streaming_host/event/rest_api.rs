//! The event of a REST API, proxy integration.

use axum::http::header::HOST;
use axum::http::request::Parts;
use serde_json::{Value, json};

use super::{base64, header, joined};

/// The event that a request becomes, of a caller whose key has that id. API
/// Gateway takes every body for text, unless configured otherwise; one that is no
/// UTF-8 is base64 here, where API Gateway would mend it to what it is not.
pub(in super::super) fn event(head: &Parts, body: &[u8], id: &str, stage: &str, api_key_id: &str) -> Value {
    let text = std::str::from_utf8(body).ok();
    let path = head.uri.path();
    json!({
        "resource": path,
        "path": path,
        "httpMethod": head.method.as_str(),
        "headers": joined(&head.headers),
        "queryStringParameters": null,
        "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": head.method.as_str(),
            "path": format!("/{stage}{path}"),
            "stage": stage,
            "protocol": "HTTP/1.1",
            "requestId": id,
            "domainName": header(&head.headers, &HOST),
            "identity": {"apiKeyId": api_key_id, "sourceIp": "127.0.0.1", "userArn": null, "vpceId": null},
        },
        "body": (!body.is_empty()).then(|| text.map_or_else(|| base64(body), str::to_owned)),
        "isBase64Encoded": !body.is_empty() && text.is_none(),
    })
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn a_request_becomes_an_event_as_api_gateway_writes_it() {
        let request = Request::post("/stream").header("Accept", "text/event-stream").body(()).unwrap();
        let event = event(&request.into_parts().0, r#"{"prompt":"야"}"#.as_bytes(), "r-1", "api", "k1");
        assert_eq!((&event["resource"], &event["httpMethod"]), (&json!("/stream"), &json!("POST")));
        assert_eq!(event["headers"]["accept"], "text/event-stream");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(r#"{"prompt":"야"}"#), &json!(false)));
        let context = &event["requestContext"];
        assert_eq!((&context["requestId"], &context["identity"]["apiKeyId"]), (&json!("r-1"), &json!("k1")));
        assert_eq!(context["path"], "/api/stream");
    }
}
