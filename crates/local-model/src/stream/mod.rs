//! Answers that come word by word, as Bedrock and `SageMaker` stream them.

mod frame;
mod messages;
mod nova;
mod record;
mod sagemaker;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::bedrock::exception::Kind;
use crate::bedrock::model::Family;
use crate::bedrock::{Exception, MessagesResponse};
use crate::calls::{Call, Operation};
use crate::endpoint::{Endpoint, REQUEST_ID, exception_of, request_id};
use crate::faults::Fault;
use record::StreamRecord;

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");

/// A frame of a stream, and whether it brings a word.
struct Step {
    frame: Bytes,
    is_word: bool,
}

/// What goes wrong with a stream that has begun.
struct Trouble {
    /// After so many words.
    after: usize,
    ending: Ending,
}

enum Ending {
    /// A last frame that tells it.
    Fails(Bytes),
    Stalls,
    Breaks,
}

pub(crate) fn routes() -> Router<Arc<Endpoint>> {
    Router::new()
        .route("/model/{model_id}/invoke-with-response-stream", post(bedrock))
        .route("/endpoints/{name}/invocations-response-stream", post(sagemaker))
}

async fn bedrock(
    State(endpoint): State<Arc<Endpoint>>,
    Path(model_id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let begun = Instant::now();
    let request_id = request_id();
    let question = body.as_ref().ok().and_then(|body| endpoint.records.keep(body));
    let fault = endpoint.faults.take();
    let mut images = 0;
    let answered = endpoint.invoke(&model_id, &headers, body, fault, &mut images).await;
    let answered = answered.and_then(|answer| {
        let events = match answer.family {
            Family::Anthropic => messages::events(&answer.body(), begun.elapsed()),
            Family::Nova => nova::events(&answer.body(), begun.elapsed()),
        };
        Ok((bedrock_steps(&events)?, events, answer.response.usage))
    });
    let status = answered.as_ref().map_or_else(Exception::status, |_| 200);
    let operation = Operation::InvokeModelWithResponseStream;
    endpoint.calls.add(Call { operation, model_id: model_id.clone(), images, status });
    let (steps, events, usage) = match answered {
        Ok(answered) => answered,
        Err(exception) => return exception.into_response(),
    };
    let trouble = match trouble(fault, frame::bedrock_failure) {
        Ok(trouble) => trouble,
        Err(exception) => return exception.into_response(),
    };
    let record = question.map(|question| StreamRecord {
        records: endpoint.records.clone(),
        request_id: request_id.clone(),
        model_id,
        headers,
        question,
        events,
        said: 0,
        usage,
    });
    let mut response = streamed(&endpoint, steps, trouble, record);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert("x-amzn-bedrock-content-type", json);
    ([(REQUEST_ID, request_id)], response).into_response()
}

/// The frames of the events of an answer.
fn bedrock_steps(events: &[Value]) -> Result<Vec<Step>, Exception> {
    let step = |event: &Value| {
        let is_word = event["type"] == "content_block_delta" || event.get("contentBlockDelta").is_some();
        Ok(Step { frame: frame::bedrock_chunk(event)?, is_word })
    };
    events.iter().map(step).collect()
}

async fn sagemaker(
    State(endpoint): State<Arc<Endpoint>>,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let fault = endpoint.faults.take();
    let answered = answer_container(&endpoint, &name, body, fault).await;
    let status = answered.as_ref().map_or_else(Exception::status, |_| 200);
    let operation = Operation::InvokeEndpointWithResponseStream;
    endpoint.calls.add(Call { operation, model_id: name, images: 0, status });
    let begun = answered.and_then(|(protocol, answer)| {
        let steps = sagemaker::steps(protocol, &answer)?;
        Ok((protocol, steps, trouble(fault, frame::sagemaker_failure)?))
    });
    match begun {
        Ok((protocol, steps, trouble)) => {
            let mut response = streamed(&endpoint, steps, trouble, None);
            let kind = HeaderValue::from_static(protocol.content_type());
            response.headers_mut().insert("x-amzn-sagemaker-content-type", kind);
            response
        }
        Err(exception) => sagemaker::refused(&exception),
    }
}

async fn answer_container(
    endpoint: &Endpoint,
    name: &str,
    body: Result<Bytes, BytesRejection>,
    fault: Option<Fault>,
) -> Result<(sagemaker::Protocol, MessagesResponse), Exception> {
    if let Some(exception) = fault.and_then(exception_of) {
        return Err(exception);
    }
    let body = body.map_err(|_| Exception::validation("The request is too large, or was cut."))?;
    let (protocol, request) = sagemaker::read(name, &body)?;
    let model = sagemaker::model(name);
    Ok((protocol, endpoint.answer(request, &model, fault).await?))
}

fn trouble(
    fault: Option<Fault>,
    failure: impl FnOnce() -> Result<Bytes, Exception>,
) -> Result<Option<Trouble>, Exception> {
    Ok(match fault {
        Some(Fault::StreamFails(after)) => Some(Trouble { after, ending: Ending::Fails(failure()?) }),
        Some(Fault::StreamStalls(after)) => Some(Trouble { after, ending: Ending::Stalls }),
        Some(Fault::StreamBreaks(after)) => Some(Trouble { after, ending: Ending::Breaks }),
        _ => None,
    })
}

fn streamed(
    endpoint: &Endpoint,
    steps: Vec<Step>,
    trouble: Option<Trouble>,
    mut record: Option<StreamRecord>,
) -> Response {
    // One frame waits at most, so that a reader who does not read is noticed.
    let (send, receive) = mpsc::channel(1);
    let (calls, delay) = (endpoint.calls.clone(), endpoint.word_delay);
    calls.count_stream(|streams| streams.open += 1);
    tokio::spawn(async move {
        let played = play(steps, trouble, delay, &send, &mut record).await;
        if let Some(record) = record {
            record.write();
        }
        calls.count_stream(|streams| {
            streams.open -= 1;
            match played {
                Ok(()) => streams.ended += 1,
                Err(Left) => streams.abandoned += 1,
            }
        });
    });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receive)));
    response.headers_mut().insert(header::CONTENT_TYPE, EVENT_STREAM);
    response
}

/// The reader left.
struct Left;

async fn play(
    steps: Vec<Step>,
    mut trouble: Option<Trouble>,
    delay: Duration,
    send: &mpsc::Sender<io::Result<Bytes>>,
    record: &mut Option<StreamRecord>,
) -> Result<(), Left> {
    let mut words = 0;
    for Step { frame, is_word } in steps {
        if is_word {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = send.closed() => return Err(Left),
            }
            if let Some(Trouble { ending, .. }) = trouble.take_if(|trouble| trouble.after == words) {
                return match ending {
                    Ending::Fails(last) => send.send(Ok(last)).await.map_err(|_| Left),
                    Ending::Breaks => send.send(Err(io::Error::other("ordered to break"))).await.map_err(|_| Left),
                    Ending::Stalls => {
                        send.closed().await;
                        Err(Left)
                    }
                };
            }
            words += 1;
        }
        if let Some(record) = record.as_mut() {
            record.said += 1;
        }
        // Whoever has read the end finds the record.
        if let Some(record) = record.take_if(|record| record.is_whole()) {
            record.write();
        }
        send.send(Ok(frame)).await.map_err(|_| Left)?;
    }
    Ok(())
}

/// A text in the pieces that it is streamed in: words, each with the space behind it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '\n'])
}

fn broken(what: &str) -> Exception {
    Exception::new(Kind::InternalServer, format!("The local model failed: {what}."))
}
