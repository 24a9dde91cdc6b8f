//! Records in bytes: JSON lines, or JSON documents over several lines, gzipped or plain.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use serde_json::Value;

use crate::record::NotARecord;

/// The most that one record may take. Bodies over 100 KB are not in it.
const LONGEST_RECORD: u64 = 16 << 20;
/// The most that a body of its own may take: Bedrock's are at most 25 MB, and
/// an escaped character takes six bytes.
const LARGEST_BODY: u64 = 160 << 20;
/// How some editors begin a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Passes on each record, or why a line is not one, with the number of its line. What
/// follows a document that breaks off, up to the next line on which one begins,
/// belongs to it. After a line on which reading itself fails there are no more.
pub(crate) fn each(bytes: impl Read, mut tell: impl FnMut(usize, Result<Value, NotARecord>)) {
    let Ok(inner) = plain(bytes) else {
        tell(1, Err(NotARecord::NoJson));
        return;
    };
    let mut reader = Rereader { ahead: Vec::new(), at: 0, inner };
    let (mut line, mut number, mut broken) = (Vec::new(), 0, false);
    loop {
        line.clear();
        number += 1;
        match reader.by_ref().take(LONGEST_RECORD).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) if (line.len() as u64) < LONGEST_RECORD => {}
            Ok(_) | Err(_) => {
                tell(number, Err(NotARecord::NoJson));
                return;
            }
        }
        if number == 1 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        broken &= !matches!(line.first(), Some(b'{' | b'['));
        if broken || line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(record) => tell_records(number, record, &mut tell),
            // The first line of a document that goes on, or one that was cut.
            Err(error) if error.is_eof() && line.ends_with(b"\n") => {
                if let Some((record, further_lines)) = document(&line, &mut reader) {
                    tell_records(number, record, &mut tell);
                    number += further_lines;
                } else {
                    tell(number, Err(NotARecord::NoJson));
                    broken = true;
                }
            }
            Err(_) => tell(number, Err(NotARecord::NoJson)),
        }
    }
}

/// The document that begins with this line, and how many whole lines more it
/// takes. Where there is none, nothing but the line has been read.
fn document<R: BufRead>(line: &[u8], reader: &mut Rereader<R>) -> Option<(Value, usize)> {
    let mut recorder = Recorder { inner: reader.by_ref().take(LONGEST_RECORD), read: Vec::new() };
    let document = serde_json::Deserializer::from_reader(line.chain(&mut recorder)).into_iter().next();
    let read = recorder.read;
    if let Some(Ok(document)) = document {
        return Some((document, read.split(|byte| *byte == b'\n').count() - 1));
    }
    reader.again(read);
    None
}

/// A reader from which bytes can be read again.
struct Rereader<R> {
    ahead: Vec<u8>,
    at: usize,
    inner: R,
}

impl<R> Rereader<R> {
    fn again(&mut self, mut bytes: Vec<u8>) {
        bytes.extend_from_slice(&self.ahead[self.at..]);
        (self.ahead, self.at) = (bytes, 0);
    }
}

impl<R: BufRead> Read for Rereader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Rereader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at < self.ahead.len() { Ok(&self.ahead[self.at..]) } else { self.inner.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        if self.at < self.ahead.len() {
            self.at += amount;
        } else {
            self.inner.consume(amount);
        }
    }
}

/// A reader that keeps what was read.
struct Recorder<R> {
    inner: R,
    read: Vec<u8>,
}

impl<R: Read> Read for Recorder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

/// A list of records is each of them.
fn tell_records(number: usize, record: Value, tell: &mut impl FnMut(usize, Result<Value, NotARecord>)) {
    match record {
        Value::Array(records) => records.into_iter().for_each(|record| tell(number, Ok(record))),
        record => tell(number, Ok(record)),
    }
}

/// A body that is an object of its own.
pub(crate) fn body(bytes: impl Read) -> io::Result<Value> {
    Ok(serde_json::from_reader(plain(bytes)?.take(LARGEST_BODY))?)
}

fn plain<'r>(bytes: impl Read + 'r) -> io::Result<Box<dyn BufRead + 'r>> {
    let mut reader = BufReader::new(bytes);
    Ok(if reader.fill_buf()?.starts_with(&GZIP) {
        Box::new(BufReader::new(MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn told(bytes: &[u8]) -> Vec<(usize, Option<u64>)> {
        let mut told = Vec::new();
        each(bytes, |line, record| told.push((line, record.ok().and_then(|record| record["n"].as_u64()))));
        told
    }

    #[test]
    fn records_are_read_line_by_line_and_what_is_none_is_told_by_its_line() {
        type Told = [(usize, Option<u64>)];
        let cases: [(&str, &Told); 13] = [
            ("\u{feff}{\"n\":1}\n{\"n\":2}\n", &[(1, Some(1)), (2, Some(2))]),
            ("{\"n\":1}\n{\"n\":2}\n", &[(1, Some(1)), (2, Some(2))]),
            ("{\"n\":1}\r\n\n  \n{\"n\":2}", &[(1, Some(1)), (4, Some(2))]),
            ("{\"n\":1}\nbroken\n{\"n\":3}\n", &[(1, Some(1)), (2, None), (3, Some(3))]),
            ("{\n \"n\": 1\n}\n{\n \"n\": 2\n}\n{\"n\":3}", &[(1, Some(1)), (4, Some(2)), (7, Some(3))]),
            ("{\"n\":1,\n{\"n\":2}\n{\"n\":3}\n", &[(1, None), (2, Some(2)), (3, Some(3))]),
            ("{\n \"n\": 1,\n{\n \"n\": 2\n}\n", &[(1, None), (3, Some(2))]),
            ("{\n{\n[\n{\"n\":4}\n", &[(1, None), (2, None), (3, None), (4, Some(4))]),
            ("[{\"n\":1},{\"n\":2}]", &[(1, Some(1)), (1, Some(2))]),
            ("{\"n\":1}\n{\"n\":", &[(1, Some(1)), (2, None)]),
            ("{\n \"n\": 1,\n", &[(1, None)]),
            ("", &[]),
            ("\u{0}\u{1}", &[(1, None)]),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text.as_bytes()), expected, "{text:?}");
            assert_eq!(told(&gzip(text)), expected, "gzipped {text:?}");
        }
    }

    #[test]
    fn joined_gzip_files_are_read_to_the_end_and_a_cut_one_as_far_as_it_goes() {
        let both = [gzip("{\"n\":1}\n"), gzip("{\"n\":2}\n")].concat();
        assert_eq!(told(&both), [(1, Some(1)), (2, Some(2))]);
        let cut = &both[..both.len() - 6];
        assert_eq!(told(cut).last(), Some(&(told(cut).len(), None)));
        assert!(told(&[0x1f, 0x8b]).contains(&(1, None)));
    }

    #[test]
    fn a_line_that_never_ends_is_given_up() {
        let endless = gzip(&" ".repeat(usize::try_from(LONGEST_RECORD).unwrap() + 2));
        assert!(endless.len() < 1_000_000);
        assert_eq!(told(&endless), [(1, None)]);
    }
}
