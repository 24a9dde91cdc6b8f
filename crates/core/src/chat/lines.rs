//! Server-sent events, or bare JSON in lines, out of bytes that were cut
//! anywhere: inside a line and inside a character.

use std::fmt;

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::error::Error;

/// Longest event. One is a few words of the answer.
const MAX_EVENT_BYTES: usize = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What the names of events and of their fields hold that tell of a failure.
const FAILURES: [&str; 3] = ["error", "exception", "fail"];
/// Names of events that only keep the connection open.
const PINGS: [&str; 4] = ["ping", "heartbeat", "keepalive", "keep-alive"];

/// One event, or one bare line.
#[derive(PartialEq, Eq)]
pub(super) struct ServerEvent {
    /// Whether it is named as a failure is.
    pub(super) is_error: bool,
    /// Its data; not empty unless it is an error.
    pub(super) data: Vec<u8>,
}

/// What came so far of the event to come.
#[derive(Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    after_return: bool,
    after_first_line: bool,
    kind: Kind,
    data: Vec<u8>,
    data_parts: usize,
}

/// What an event is by its name.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// It says something.
    #[default]
    Message,
    /// It tells of a failure.
    Failure,
    /// It keeps the connection open.
    Ping,
}

impl Kind {
    fn of(name: &str) -> Self {
        if tells_failure(name) {
            Self::Failure
        } else if PINGS.iter().any(|ping| name.eq_ignore_ascii_case(ping)) {
            Self::Ping
        } else {
            Self::Message
        }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lines({} bytes begun)", self.line.len() + self.data.len())
    }
}

impl Lines {
    /// Adds the events that are complete with these bytes to `out`. Those before an
    /// error are there.
    pub(super) fn push(&mut self, mut part: &[u8], out: &mut Vec<ServerEvent>) -> Result<(), Error> {
        while let Some(end) = part.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let is_second_half = end == 0 && part[0] == b'\n' && self.after_return;
            self.extend(&part[..end])?;
            self.after_return = part[end] == b'\r';
            part = &part[end + 1..];
            if !is_second_half {
                self.end_line(out)?;
            }
        }
        self.after_return &= part.is_empty();
        self.extend(part)
    }

    /// Ends the reading where the bytes end.
    pub(super) fn finish(&mut self, out: &mut Vec<ServerEvent>) -> Result<(), Error> {
        self.end_line(out)?;
        self.end_event(out);
        Ok(())
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.line.len() + self.data.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(Error::ModelOutputInvalid { problem: "its stream holds an event of over 1 MiB" });
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<ServerEvent>) -> Result<(), Error> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = bytes.as_slice();
        if !std::mem::replace(&mut self.after_first_line, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        let line = line.trim_ascii();
        let field = |name: &[u8]| Some(line.strip_prefix(name)?.strip_prefix(b":")?.trim_ascii());
        if line.is_empty() {
            self.end_event(out);
        } else if matches!(line[0], b'{' | b'[') {
            self.end_event(out);
            out.push(ServerEvent { is_error: false, data: line.to_vec() });
        } else if let Some(data) = field(b"data").or((line == b"data").then_some(&[])) {
            self.data_line(data, out);
        } else if let Some(name) = field(b"event") {
            self.kind = Kind::of(&String::from_utf8_lossy(name));
        } else if line[0] != b':' && !is_passed_over(line) {
            return Err(no_event());
        }
        Ok(())
    }

    fn data_line(&mut self, data: &[u8], out: &mut Vec<ServerEvent>) {
        // Some containers leave out the blank line that ends an event.
        if self.data_parts == 1 && serde_json::from_slice::<IgnoredAny>(&self.data).is_ok() {
            self.end_event(out);
        }
        if self.data_parts > 0 {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(data);
        self.data_parts += 1;
        if is_done(&self.data) {
            self.end_event(out);
        }
    }

    fn end_event(&mut self, out: &mut Vec<ServerEvent>) {
        self.data_parts = 0;
        let kind = std::mem::take(&mut self.kind);
        let data = std::mem::take(&mut self.data);
        // What says something is an object, whatever it is named.
        if kind == Kind::Ping && serde_json::from_slice::<Map<String, Value>>(&data).is_err() {
            return;
        }
        let is_error = kind == Kind::Failure;
        if is_error || !data.trim_ascii().is_empty() {
            out.push(ServerEvent { is_error, data });
        }
    }
}

/// Whether data is the last event of a chat completion, `[DONE]`, however it is written.
pub(super) fn is_done(data: &[u8]) -> bool {
    let data = data.trim_ascii();
    let data = data.strip_prefix(b"\"").and_then(|data| data.strip_suffix(b"\"")).unwrap_or(data);
    let inner = data.strip_prefix(b"[").and_then(|data| data.strip_suffix(b"]"));
    inner.is_some_and(|inner| inner.trim_ascii().eq_ignore_ascii_case(b"DONE"))
}

/// Whether a name of an event or a field tells of a failure.
pub(super) fn tells_failure(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FAILURES.iter().any(|failure| name.contains(failure))
}

/// Whether a line is a field that says nothing here: the standard has a reader pass over those that it does not know. A text
/// that a server writes in place of an answer is none, nor is what speaks of a failure.
fn is_passed_over(line: &[u8]) -> bool {
    let name = match line.iter().position(|byte| *byte == b':') {
        Some(end) => &line[..end],
        None => return matches!(line, b"id" | b"event" | b"retry"),
    };
    let is_name = name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(byte));
    is_name && !std::str::from_utf8(name).is_ok_and(tells_failure)
}

/// What is of no known shape.
pub(super) const fn no_event() -> Error {
    Error::ModelOutputInvalid {
        problem: "its stream holds a line that is not JSON of a known shape; check SAGEMAKER_PROTOCOL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &[u8]) -> Vec<(bool, String)> {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        lines.push(text, &mut out).unwrap();
        lines.finish(&mut out).unwrap();
        out.into_iter().map(|event| (event.is_error, String::from_utf8(event.data).unwrap())).collect()
    }

    #[test]
    fn events_are_told_apart_however_they_are_written() {
        for (text, expected) in [
            ("data: {}\n\ndata: 1\n\n", vec![(false, "{}"), (false, "1")]),
            ("data:{}\r\n\r\n: keep-alive\r\n\r\ndata:1\r\n\r\n", vec![(false, "{}"), (false, "1")]),
            ("data: {}\r\rdata: 1\r\r", vec![(false, "{}"), (false, "1")]),
            ("\u{feff}data: {}\n\n", vec![(false, "{}")]),
            ("\u{feff}{}\n", vec![(false, "{}")]),
            ("data: {\"a\":\ndata: 1}\n\n", vec![(false, "{\"a\":\n1}")]),
            ("data: {\ndata\ndata: }\n\n", vec![(false, "{\n\n}")]),
            (
                "data: {\"a\":1}\ndata: {\"a\":2}\ndata: [DONE]\n",
                vec![(false, "{\"a\":1}"), (false, "{\"a\":2}"), (false, "[DONE]")],
            ),
            ("{\"a\":1}\n{\"a\":2}", vec![(false, "{\"a\":1}"), (false, "{\"a\":2}")]),
            ("event: message\ndata: {}\n\n", vec![(false, "{}")]),
            ("event: error\ndata: boom\n\ndata: [DONE]\n\n", vec![(true, "boom"), (false, "[DONE]")]),
            ("data: {}\nevent: ERROR\n\n", vec![(true, "{}")]),
            ("event:error\n\n", vec![(true, "")]),
            ("event: error\nid: 1\nretry: 5\n\n", vec![(true, "")]),
            ("event: exception\ndata: {}\n\n", vec![(true, "{}")]),
            ("event: ModelStreamErrorException\n\n", vec![(true, "")]),
            ("event: ping\ndata: 2026-11-27\n\ndata: {}\n\n", vec![(false, "{}")]),
            ("event: ping\ndata: 1732741200\n\ndata: {}\n\n", vec![(false, "{}")]),
            ("event: ping\ndata: null\n\ndata: {}\n\n", vec![(false, "{}")]),
            ("event: ping\ndata: \"ping\"\n\ndata: {}\n\n", vec![(false, "{}")]),
            ("event: heartbeat\ndata: []\n\ndata: {}\n\n", vec![(false, "{}")]),
            ("event: ping\ndata: {}\n\n", vec![(false, "{}")]),
            ("data: [ DONE ]\ndata: \"[done]\"\n", vec![(false, "[ DONE ]"), (false, "\"[done]\"")]),
            ("foo: bar\nx-trace_1:\nid\nevent\nretry\ndata: {}\n\n", vec![(false, "{}")]),
            ("data:\n\n", vec![]),
            ("", vec![]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(is_error, data)| (is_error, data.to_owned())).collect();
            assert_eq!(told(text.as_bytes()), expected, "{text:?}");
            let (mut lines, mut out) = (Lines::default(), Vec::new());
            text.as_bytes().chunks(1).for_each(|byte| lines.push(byte, &mut out).unwrap());
            lines.finish(&mut out).unwrap();
            let by_bytes: Vec<_> =
                out.into_iter().map(|event| (event.is_error, String::from_utf8(event.data).unwrap())).collect();
            assert_eq!(by_bytes, expected, "{text:?} byte by byte");
        }
    }

    #[test]
    fn what_a_server_writes_in_place_of_an_event_is_no_field() {
        for text in [
            "upstream timed out",
            "RuntimeError: CUDA out of memory",
            "error: out of memory",
            "last_exception: none",
            "Traceback (most recent call last):",
            "Data: {}",
            "<html>",
            "done",
        ] {
            let mut out = Vec::new();
            assert!(Lines::default().push(format!("{text}\n").as_bytes(), &mut out).is_err(), "{text}");
        }
    }

    #[test]
    fn an_event_without_an_end_is_not_kept_for_ever() {
        let part = vec![b' '; 64 * 1024];
        let mut lines = Lines::default();
        assert!((0..17).any(|_| lines.push(&part, &mut Vec::new()).is_err()));
        let line = [b"data: \"", part.as_slice(), b"\n"].concat();
        let mut lines = Lines::default();
        assert!((0..17).all(|_| lines.push(&line, &mut Vec::new()).is_ok()));
        let line = [b"data: \"", vec![b'x'; 64 * 1024].as_slice(), b"\n"].concat();
        assert!((0..17).any(|_| lines.push(&line, &mut Vec::new()).is_err()));
    }
}
