//! `InvokeModel`: an answer in one piece.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};

use crate::bedrock::Exception;
use crate::calls::{Call, Operation};
use crate::endpoint::{Endpoint, REQUEST_ID, request_id};
use crate::records::Invocation;

pub(crate) fn routes() -> Router<Arc<Endpoint>> {
    Router::new().route("/model/{model_id}/invoke", post(invoke_model))
}

async fn invoke_model(
    State(endpoint): State<Arc<Endpoint>>,
    Path(model_id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let mut images = 0;
    let request_id = request_id();
    let question = body.as_ref().ok().and_then(|body| endpoint.records.keep(body));
    let fault = endpoint.faults.take();
    let answered = endpoint.invoke(&model_id, &headers, body, fault, &mut images).await;
    let answered = answered.map(|answered| (answered.body(), answered.response.usage));
    if let (Ok((answer, usage)), Some(question)) = (&answered, question) {
        endpoint.records.write(&Invocation {
            request_id: &request_id,
            operation: "InvokeModel",
            model_id: &model_id,
            headers: &headers,
            question: &question,
            answer,
            input_tokens: Some(usage.input_tokens),
            output_tokens: Some(usage.output_tokens),
        });
    }
    let status = answered.as_ref().map_or_else(Exception::status, |_| 200);
    endpoint.calls.add(Call { operation: Operation::InvokeModel, model_id, images, status });
    let response = match answered {
        Ok((body, _)) => Json(body).into_response(),
        Err(exception) => exception.into_response(),
    };
    ([(REQUEST_ID, request_id)], response).into_response()
}
