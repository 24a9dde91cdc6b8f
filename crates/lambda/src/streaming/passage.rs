//! One answer on its way from the model to the caller. Whoever drops it ends
//! the model's call: nothing runs beside it, and nothing is read ahead.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout, timeout_at};
use warden_core::{
    Error,
    bedrock::ModelId,
    chat::{AnswerEvent, Decoder, Encoding, StopReason, TokenCount},
    ports::AnswerStream,
};

use super::{KEEP_ALIVE, StreamLimits, milliseconds};
use crate::metrics;

/// How long a stream that has said everything may take to end, so that its
/// connection can be used again.
const ENDING: Duration = Duration::from_millis(200);

pub(super) struct Passage<A> {
    answer: Option<A>,
    encoding: Encoding,
    /// Decoded and not yet encoded; kept to reuse its memory.
    parts: Vec<AnswerEvent>,
    /// Encoded and not yet taken.
    out: Vec<u8>,
    /// Since when the model has said nothing.
    silent_since: Option<Instant>,
    last_sent: Instant,
    receive_timeout: Duration,
    ends_by: Instant,
    record: Record,
}

/// What is logged and counted when an answer is over.
struct Record {
    request_id: String,
    model_id: String,
    asked: Instant,
    begun_ms: u64,
    /// Read along with the answer, for what it used as far as it came.
    decoder: Decoder,
    is_over: bool,
}

impl<A: AnswerStream> Passage<A> {
    pub(super) fn new(answer: A, decoder: Decoder, encoding: Encoding, limits: StreamLimits, asked: Instant) -> Self {
        Self {
            answer: Some(answer),
            encoding,
            parts: Vec::new(),
            out: Vec::new(),
            silent_since: None,
            last_sent: Instant::now(),
            receive_timeout: limits.receive_timeout,
            ends_by: asked + limits.answer_timeout,
            record: Record {
                request_id: String::new(),
                model_id: String::new(),
                asked,
                begun_ms: milliseconds(asked),
                decoder,
                is_over: false,
            },
        }
    }

    /// Begins the answer with what the model said so far, and ends it at an error.
    pub(super) fn begin(
        &mut self,
        request_id: &str,
        model: &ModelId,
        parts: Vec<AnswerEvent>,
        read: Result<(), Error>,
    ) {
        request_id.clone_into(&mut self.record.request_id);
        model.called.clone_into(&mut self.record.model_id);
        self.encoding.start(request_id, model.name(), &mut self.out);
        self.parts = parts;
        self.take(read);
    }

    /// The next bytes of the body, as soon as there are some.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if !self.out.is_empty() {
                self.last_sent = Instant::now();
                return Some(Bytes::from(std::mem::take(&mut self.out)));
            }
            if self.record.is_over {
                self.end().await;
                return None;
            }
            self.advance().await;
        }
    }

    /// Waits for the model, a ping that is due, or a time limit.
    async fn advance(&mut self) {
        let Some(answer) = &mut self.answer else {
            return self.fail(&Error::Internal { problem: "the answer was read past its end".into() });
        };
        if Instant::now() >= self.ends_by {
            return self.fail(&passed("MODEL_TIMEOUT_SECONDS"));
        }
        let silent_until = *self.silent_since.get_or_insert_with(Instant::now) + self.receive_timeout;
        let mut until = silent_until.min(self.ends_by);
        if self.encoding.keep_alive().is_some() {
            until = until.min(self.last_sent + KEEP_ALIVE);
        }
        match timeout_at(until, answer.next_chunk()).await {
            Ok(Ok(Some(chunk))) => {
                self.silent_since = None;
                let read = self.record.decoder.push(&chunk, &mut self.parts);
                self.take(read);
            }
            Ok(Ok(None)) => {
                self.answer = None;
                let read = self.record.decoder.finish(&mut self.parts);
                self.take(read);
            }
            Ok(Err(error)) => self.fail(&error),
            Err(_) if Instant::now() >= self.ends_by => self.fail(&passed("MODEL_TIMEOUT_SECONDS")),
            Err(_) if Instant::now() >= silent_until => self.fail(&passed("RECEIVE_TIMEOUT_SECONDS")),
            Err(_) => self.out.extend_from_slice(self.encoding.keep_alive().unwrap_or_default()),
        }
    }

    fn take(&mut self, read: Result<(), Error>) {
        // What came before an error was said.
        self.encode();
        if let Err(error) = read {
            self.fail(&error);
        }
    }

    fn encode(&mut self) {
        let mut parts = std::mem::take(&mut self.parts);
        for part in parts.drain(..) {
            self.encoding.part(&part, &mut self.out);
            if let AnswerEvent::Stop(reason) = part {
                self.record.stopped(&reason);
            }
        }
        self.parts = parts;
    }

    fn fail(&mut self, error: &Error) {
        self.answer = None;
        self.encoding.part(&AnswerEvent::Usage(self.record.decoder.tokens()), &mut self.out);
        self.encoding.error(error, &mut self.out);
        self.record.failed(error);
    }

    async fn end(&mut self) {
        if let Some(mut answer) = self.answer.take() {
            // Whatever is still said, or fails, comes after the answer's end.
            let _ = timeout(ENDING, async { while let Ok(Some(_)) = answer.next_chunk().await {} }).await;
        }
    }
}

impl Record {
    fn stopped(&mut self, reason: &StopReason) {
        let (tokens, latency_ms) = self.over();
        tracing::info!(
            request_id = self.request_id,
            model_id = self.model_id,
            stop_reason = reason.as_str(),
            begun_ms = self.begun_ms,
            latency_ms,
            input_tokens = tokens.usage.input_tokens,
            output_tokens = tokens.usage.output_tokens,
            tokens_estimated = tokens.estimated,
            "answer streamed"
        );
    }

    fn failed(&mut self, error: &Error) {
        let (tokens, latency_ms) = self.over();
        tracing::warn!(
            request_id = self.request_id,
            model_id = self.model_id,
            error = error.name().as_str(),
            reason = %error,
            latency_ms,
            input_tokens = tokens.usage.input_tokens,
            output_tokens = tokens.usage.output_tokens,
            tokens_estimated = tokens.estimated,
            "answer cut"
        );
        metrics::answer_cut();
    }

    /// Counts what the answer used: it is billed however it ends.
    fn over(&mut self) -> (TokenCount, u64) {
        self.is_over = true;
        let (tokens, latency_ms) = (self.decoder.tokens(), milliseconds(self.asked));
        metrics::model_answer(&self.model_id, tokens.usage, latency_ms);
        (tokens, latency_ms)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.is_over {
            let (tokens, latency_ms) = self.over();
            tracing::info!(
                request_id = self.request_id,
                model_id = self.model_id,
                latency_ms,
                input_tokens = tokens.usage.input_tokens,
                output_tokens = tokens.usage.output_tokens,
                tokens_estimated = tokens.estimated,
                "the caller has left; the model's call is ended"
            );
        }
    }
}

fn passed(setting: &str) -> Error {
    Error::ModelTimeout { code: format!("{setting} passed") }
}
