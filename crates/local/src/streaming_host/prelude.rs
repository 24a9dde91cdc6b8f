//! The head of a streamed response: JSON, then eight zero bytes, then the body.

use std::collections::HashMap;

use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Deserialize;

/// What ends the head.
const END: [u8; 8] = [0; 8];
/// A head is a status and a few headers.
const MOST: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    status_code: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
}

/// The head as far as it came.
#[derive(Debug, Default)]
pub(super) struct Prelude(Vec<u8>);

/// A head that is whole, and what came behind it.
pub(super) type Begun = (Response<()>, Vec<u8>);

/// A head that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Prelude {
    /// Takes more bytes: the response without its body, once the head is whole.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Option<Begun>, Malformed> {
        let from = self.0.len().saturating_sub(END.len() - 1);
        self.0.extend_from_slice(bytes);
        let Some(at) = self.0[from..].windows(END.len()).position(|window| window == END) else {
            return if self.0.len() > MOST { Err(Malformed) } else { Ok(None) };
        };
        let rest = self.0.split_off(from + at + END.len());
        let head: Head = serde_json::from_slice(&self.0[..from + at]).map_err(|_| Malformed)?;
        Ok(Some((response(head)?, rest)))
    }
}

fn response(head: Head) -> Result<Response<()>, Malformed> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(head.status_code).map_err(|_| Malformed)?;
    let cookies = head.cookies.into_iter().map(|cookie| ("set-cookie".to_owned(), cookie));
    for (name, value) in head.headers.into_iter().chain(cookies) {
        let name = HeaderName::try_from(name).map_err(|_| Malformed)?;
        response.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| Malformed)?);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_wherever_it_is_cut() {
        let mut bytes = br#"{"statusCode":207,"headers":{"x-a":"b"},"cookies":["c=d"]}"#.to_vec();
        bytes.extend(END);
        bytes.extend(b"\0body");
        for cut in 0..=bytes.len() {
            let mut prelude = Prelude::default();
            let (head, mut rest) = match prelude.push(&bytes[..cut]).unwrap() {
                Some((head, mut rest)) => {
                    rest.extend(&bytes[cut..]);
                    (head, rest)
                }
                None => prelude.push(&bytes[cut..]).unwrap().unwrap(),
            };
            assert_eq!((head.status().as_u16(), std::mem::take(&mut rest).as_slice()), (207, &b"\0body"[..]), "{cut}");
            assert_eq!(
                (&head.headers()["x-a"], &head.headers()["set-cookie"]),
                (&"b".parse().unwrap(), &"c=d".parse().unwrap())
            );
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for text in ["text\0\0\0\0\0\0\0\0", "{}\0\0\0\0\0\0\0\0", "{\"statusCode\":7}\0\0\0\0\0\0\0\0"] {
            assert_eq!(Prelude::default().push(text.as_bytes()).err(), Some(Malformed), "{text:?}");
        }
        assert_eq!(Prelude::default().push(&vec![b' '; MOST + 1]).err(), Some(Malformed));
    }
}
