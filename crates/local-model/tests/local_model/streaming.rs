//! Streams, frame by frame: Bedrock's and `SageMaker`'s.

use std::time::{Duration, Instant};

use crate::support::{MODEL, ask, weights};
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use serde_json::{Value, json};
use warden_local_model::{Config, Fault, Operation, Server, Streams};

const CONTAINER: &str = "endpoints/chat/invocations-response-stream";

/// A stream as it came: when its frames came, and whether it ended well.
struct Stream {
    status: u16,
    error: Option<String>,
    frames: Vec<(Duration, Message)>,
    whole: bool,
    body: Vec<u8>,
}

impl Stream {
    /// A header of each frame.
    fn headers(&self, name: &str) -> Vec<String> {
        let value = |message: &Message| {
            let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
            header.value().as_string().ok().map(|value| value.as_str().to_owned())
        };
        self.frames.iter().filter_map(|(_, message)| value(message)).collect()
    }

    /// The events of the Messages API in Bedrock's chunks.
    fn events(&self) -> Vec<Value> {
        let event = |(_, message): &(Duration, Message)| {
            let chunk: Value = serde_json::from_slice(message.payload()).expect("a chunk is JSON");
            let bytes = base64_simd::STANDARD.decode_to_vec(chunk["bytes"].as_str()?).expect("base64");
            Some(serde_json::from_slice(&bytes).expect("an event is JSON"))
        };
        self.frames.iter().filter_map(event).collect()
    }

    /// The bytes of a container's parts.
    fn parts(&self) -> Vec<&[u8]> {
        self.frames.iter().map(|(_, message)| message.payload().as_ref()).collect()
    }
}

async fn server(delay: u64, fault: Option<Fault>) -> Server {
    let mut config = Config::reading(weights().await);
    config.word_delay = Duration::from_millis(delay);
    if let Some(fault) = fault {
        config.faults.next(1, fault);
    }
    Server::start(config).await.expect("a free port")
}

async fn stream(server: &Server, path: &str, body: &Value) -> Stream {
    let request = reqwest::Client::new().post(format!("{}/{path}", server.url())).json(body);
    let begun = Instant::now();
    let mut response = request.send().await.expect("it answers");
    let status = response.status().as_u16();
    let error = response.headers().get("x-amzn-errortype").map(|name| name.to_str().expect("a name").to_owned());
    let mut stream = Stream { status, error, frames: Vec::new(), whole: true, body: Vec::new() };
    if status != 200 {
        stream.body = response.bytes().await.expect("a body").to_vec();
        return stream;
    }
    assert_eq!(response.headers()["content-type"], "application/vnd.amazon.eventstream");
    let mut decoder = MessageFrameDecoder::new();
    let mut buffer = std::collections::VecDeque::new();
    loop {
        match tokio::time::timeout(Duration::from_secs(2), response.chunk()).await {
            Ok(Ok(Some(bytes))) => buffer.extend(bytes),
            Ok(Ok(None)) => return stream,
            Ok(Err(_)) | Err(_) => {
                stream.whole = false;
                return stream;
            }
        }
        while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut buffer).expect("frames are sound") {
            stream.frames.push((begun.elapsed(), message));
        }
    }
}

async fn bedrock(server: &Server, body: &Value) -> Stream {
    stream(server, &format!("model/{MODEL}/invoke-with-response-stream"), body).await
}

fn text(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect()
}

#[tokio::test]
async fn words_come_one_by_one() {
    let server = server(10, None).await;
    let stream = bedrock(&server, &ask("안녕? 👋🏽", &[])).await;
    let events = stream.events();
    assert!(text(&events).contains("local stand-in") && text(&events).contains("안녕? 👋🏽"), "{}", text(&events));
    assert_eq!(events[0]["type"], "message_start");
    assert_eq!(events.last().expect("events")["type"], "message_stop");
    let words = events.iter().filter(|event| event["type"] == "content_block_delta").count();
    assert!(words > 20, "{words} words");
    let took = stream.frames.last().expect("frames").0.saturating_sub(stream.frames[0].0);
    assert!(took >= Duration::from_millis(10) * 20, "all came within {took:?}");
    assert!(stream.headers(":event-type").iter().all(|kind| kind == "chunk"));
    let call = &server.calls().last()[0];
    assert_eq!((call.operation, call.status), (Operation::InvokeModelWithResponseStream, 200));
}

#[tokio::test]
async fn a_stream_says_what_an_answer_says() {
    let server = server(0, None).await;
    let mut body = ask("Who are you?", &[]);
    body["max_tokens"] = json!(9);
    let answer = crate::support::send(&server, MODEL, &body).await;
    let events = bedrock(&server, &body).await.events();
    assert_eq!(text(&events), answer.text());
    let end = events.iter().find(|event| event["type"] == "message_delta").expect("an end");
    assert_eq!((&end["delta"]["stop_reason"], &end["usage"]["output_tokens"]), (&json!("max_tokens"), &json!(9)));
}

#[tokio::test]
async fn what_is_refused_is_refused_before_the_stream() {
    for (fault, body, status, name) in [
        (Some(Fault::Throttled), ask("Hi", &[]), 429, "ThrottlingException"),
        (None, json!({"prompt": "Hi"}), 400, "ValidationException"),
    ] {
        let refused = bedrock(&server(0, fault).await, &body).await;
        assert_eq!((refused.status, refused.error.as_deref()), (status, Some(name)));
    }
}

#[tokio::test]
async fn a_stream_fails_stalls_and_breaks_as_ordered() {
    let failed = bedrock(&server(0, Some(Fault::StreamFails(3))).await, &ask("Hi", &[])).await;
    assert_eq!(text(&failed.events()), "I am a ");
    assert_eq!(failed.headers(":exception-type"), ["modelStreamErrorException"]);
    assert!(failed.whole);

    let broken = bedrock(&server(0, Some(Fault::StreamBreaks(3))).await, &ask("Hi", &[])).await;
    assert!(!broken.whole && broken.headers(":exception-type").is_empty());

    let begun = Instant::now();
    let stalled = bedrock(&server(0, Some(Fault::StreamStalls(3))).await, &ask("Hi", &[])).await;
    assert_eq!(text(&stalled.events()), "I am a ");
    assert!(!stalled.whole && begun.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_stream_has_a_record_of_the_events_that_were_sent() {
    for fault in [None, Some(Fault::StreamFails(3)), Some(Fault::StreamBreaks(3))] {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::reading(weights().await);
        config.records.write_to(crate::support::place(folder.path()));
        if let Some(fault) = fault {
            config.faults.next(1, fault);
        }
        let server = Server::start(config).await.expect("a free port");
        let events = bedrock(&server, &ask("Hi", &[])).await.events();
        // A record of what was cut comes a moment later.
        let begun = Instant::now();
        while crate::support::written(folder.path()).is_empty() && begun.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }

        let [record] = crate::support::written(folder.path()).try_into().expect("one record");
        assert_eq!(record["operation"], "InvokeModelWithResponseStream");
        assert_eq!(record["input"]["inputBodyJson"], ask("Hi", &[]));
        let told = record["output"]["outputBodyJson"].as_array().expect("events");
        let tokens = record["output"]["outputTokenCount"].as_u64();
        if fault.is_none() {
            assert!(*told == events && tokens.is_some_and(|tokens| tokens > 10), "{record}");
        } else {
            assert_eq!((text(told).as_str(), tokens), ("I am a ", None));
        }
    }
}

#[tokio::test]
async fn a_reader_that_leaves_is_noticed() {
    let server = server(0, Some(Fault::StreamStalls(3))).await;
    let calls = server.calls();
    drop(bedrock(&server, &ask("Hi", &[])).await);
    let begun = Instant::now();
    while calls.streams().open > 0 && begun.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(calls.streams(), Streams { open: 0, ended: 0, abandoned: 1 });
}

#[tokio::test]
async fn a_container_answers_in_the_language_it_is_asked_in() {
    let server = server(0, None).await;
    let chat = json!({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "안녕? 👋🏽"}],
        "max_tokens": 500, "stream": true});
    let stream_of_events = stream(&server, CONTAINER, &chat).await;
    let bytes = stream_of_events.parts().concat();
    let lines = String::from_utf8(bytes).expect("together they are UTF-8");
    assert!(lines.ends_with("data: [DONE]\n\n"), "{lines}");
    let chunks: Vec<Value> =
        lines.split("\n\n").filter_map(|event| serde_json::from_str(event.strip_prefix("data: ")?).ok()).collect();
    let content = |chunk: &Value| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned);
    let said: String = chunks.iter().filter_map(content).collect();
    assert!(said.contains("안녕? 👋🏽"), "{said}");
    assert!(chunks.iter().any(|chunk| chunk["choices"][0]["finish_reason"] == "stop"));
    assert!(chunks.last().expect("chunks")["usage"]["completion_tokens"].as_u64().expect("a count") > 10);
    // SageMaker promises no better: a part ends inside of a character.
    assert!(stream_of_events.parts().iter().any(|part| std::str::from_utf8(part).is_err()));

    let tokens = json!({"inputs": "Hi", "parameters": {"max_new_tokens": 3, "details": true}, "stream": true});
    let bytes = stream(&server, CONTAINER, &tokens).await.parts().concat();
    let lines: Vec<Value> = String::from_utf8(bytes)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let said: String = lines.iter().filter_map(|line| line["token"]["text"].as_str()).collect();
    assert_eq!(said, "I am a local");
    let last = lines.last().expect("lines");
    assert_eq!((&last["details"]["finish_reason"], &last["generated_text"]), (&json!("length"), &json!(said)));
}

#[tokio::test]
async fn a_containers_errors_have_sagemakers_names() {
    let good = json!({"inputs": "Hi"});
    for (fault, path, body, status, name) in [
        (None, "endpoints/no_such/invocations-response-stream", &good, 400, "ValidationError"),
        (None, CONTAINER, &json!({"question": "Hi"}), 424, "ModelError"),
        (Some(Fault::Throttled), CONTAINER, &good, 429, "ThrottlingException"),
        (Some(Fault::Unavailable), CONTAINER, &good, 503, "ServiceUnavailable"),
    ] {
        let refused = stream(&server(0, fault).await, path, body).await;
        assert_eq!((refused.status, refused.error.as_deref()), (status, Some(name)));
        let body: Value = serde_json::from_slice(&refused.body).expect("an error is JSON");
        assert!(!body["Message"].as_str().expect("a message").is_empty());
    }
    let failed = stream(&server(0, Some(Fault::StreamFails(2))).await, CONTAINER, &good).await;
    assert_eq!(failed.headers(":exception-type"), ["ModelStreamError"]);
}
