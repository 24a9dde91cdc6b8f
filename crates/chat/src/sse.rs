//! Server-sent events out of bytes, however the network cut them.

/// No line of ours is a fraction of this; a line without end must not fill the memory.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// An event as it was sent.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct ServerEvent {
    pub(crate) name: String,
    pub(crate) data: String,
}

/// A line, or an event's data, that is too long.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {MAX_LINE} bytes")]
pub(crate) struct TooLong;

/// What came so far of the event to come.
#[derive(Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    after_return: bool,
    after_first_line: bool,
    name: String,
    data: Option<String>,
}

impl Parser {
    /// The events that are complete with these bytes. A line is decoded when it
    /// is whole, so that no cut ever falls into a character.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<ServerEvent>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ if self.line.len() + self.data.as_ref().map_or(0, String::len) >= MAX_LINE => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<ServerEvent> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let first = !std::mem::replace(&mut self.after_first_line, true);
        let line = if first { line.trim_start_matches('\u{feff}') } else { &line };
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return self.data.take().map(|data| ServerEvent { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => data.extend(["\n", value]),
                none => *none = Some(value.to_owned()),
            },
            // A comment, such as a keep-alive, or a field that says nothing to us.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> ServerEvent {
        ServerEvent { name: name.into(), data: data.into() }
    }

    #[test]
    fn lines_end_in_three_ways_and_comments_say_nothing() {
        for (text, events) in [
            ("event: delta\ndata: {}\n\n", vec![event("delta", "{}")]),
            ("event:delta\r\ndata:{}\r\n\r\n", vec![event("delta", "{}")]),
            ("event: delta\rdata: {}\r\r", vec![event("delta", "{}")]),
            (": keep-alive\n\ndata: a\n\n", vec![event("", "a")]),
            ("data: a\ndata: b\n\n", vec![event("", "a\nb")]),
            ("data\n\n", vec![event("", "")]),
            ("\u{feff}data: a\n\n", vec![event("", "a")]),
            ("id: 7\nretry: 1\nunheard: of\ndata:  two spaces\n\n", vec![event("", " two spaces")]),
            ("event: end\n\ndata: a\n\n", vec![event("", "a")]),
            ("event: delta\ndata: not ended\n", vec![]),
        ] {
            assert_eq!(Parser::default().push(text.as_bytes()).unwrap(), events, "{text:?}");
        }
    }

    #[test]
    fn a_stream_cut_anywhere_holds_the_same_events() {
        let stream =
            "event: start\r\ndata: {}\r\n\r\n: keep-alive\n\nevent: delta\ndata: 안녕 👋🏽 é\n\ndata: b\r\r".as_bytes();
        let whole = Parser::default().push(stream).unwrap();
        assert_eq!(whole[1], event("delta", "안녕 👋🏽 é"));
        assert_eq!(whole.len(), 3);
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let mut parser = Parser::default();
                let parts = [&stream[..first], &stream[first..second], &stream[second..]];
                let events: Vec<_> = parts.into_iter().flat_map(|part| parser.push(part).unwrap()).collect();
                assert_eq!(events, whole, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut parser = Parser::default();
        let part = vec![b'x'; 64 * 1024];
        assert!((0..=MAX_LINE / part.len()).any(|_| parser.push(&part) == Err(TooLong)));
    }
}
