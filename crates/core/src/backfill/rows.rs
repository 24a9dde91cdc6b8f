//! Objects that somebody names: rows of an S3 Inventory, or of a list of keys.

use csv_core::{ReadRecordResult, Reader};
use percent_encoding::percent_decode_str;

use super::Listed;
use crate::{Error, audit::time, pii::NULL_VERSION, ports::ObjectVersion};

/// Most bytes of a row: a key has at most 1,024, threefold when it is encoded.
const MAX_ROW: usize = 65_536;
/// Most columns.
const MAX_COLUMNS: usize = 100;

/// What a column holds, by the names that S3 Inventory has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Bucket,
    Key,
    VersionId,
    IsLatest,
    IsDeleteMarker,
    Size,
    LastModifiedDate,
    ETag,
    /// Something that is not asked for.
    Other,
}

impl Column {
    /// The column of a name, in any case of its letters and with or without `_`.
    fn named(name: &str) -> Self {
        let plain = |char: &char| !matches!(char, '_' | '-' | ' ' | '\u{feff}');
        match name.trim().to_lowercase().chars().filter(plain).collect::<String>().as_str() {
            "bucket" => Self::Bucket,
            "key" => Self::Key,
            "versionid" => Self::VersionId,
            "islatest" => Self::IsLatest,
            "isdeletemarker" => Self::IsDeleteMarker,
            "size" => Self::Size,
            "lastmodified" | "lastmodifieddate" => Self::LastModifiedDate,
            "etag" => Self::ETag,
            _ => Self::Other,
        }
    }
}

/// What the columns of rows hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(Vec<Column>);

impl Columns {
    /// Those of an inventory's `fileSchema`, names with commas between.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] without a key, and for a column that is named twice.
    pub fn of_schema(schema: &str) -> Result<Self, Error> {
        Self::of_names(schema.split(','))
    }

    /// Those of a list by its first row, and whether that is a header. Without one a row is a key, a bucket and a key, or a
    /// bucket, a key and a version, as S3 Batch Operations has them.
    ///
    /// # Errors
    /// As [`Columns::of_schema`], and for four columns or more without a header.
    pub fn of_first_row(row: &[String]) -> Result<(Self, bool), Error> {
        if row.iter().any(|name| Column::named(name) == Column::Key) {
            return Ok((Self::of_names(row.iter().map(String::as_str))?, true));
        }
        match row.len() {
            1 => Ok((Self(vec![Column::Key]), false)),
            2 => Ok((Self(vec![Column::Bucket, Column::Key]), false)),
            3 => Ok((Self(vec![Column::Bucket, Column::Key, Column::VersionId]), false)),
            _ => Err(Error::invalid(
                "keys",
                "has over three columns and no header that names one of them Key: give it bucket,key,version_id",
            )),
        }
    }

    fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self, Error> {
        let columns: Vec<_> = names.map(Column::named).collect();
        let count = |column| columns.iter().filter(|other| **other == column).count();
        if count(Column::Key) == 0 {
            return Err(Error::invalid("columns", "has no column Key"));
        }
        if columns.iter().any(|column| *column != Column::Other && count(*column) > 1) {
            return Err(Error::invalid("columns", "names a column twice"));
        }
        Ok(Self(columns))
    }

    /// The object that a row of `bucket` names; none for a delete marker. Keys are decoded as S3 Inventory writes them:
    /// percent-encoded, a space as a plus.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a row of another bucket or with other columns, and for what cannot be read.
    pub fn object(&self, row: &[String], bucket: &str) -> Result<Option<Named>, Error> {
        if row.len() != self.0.len() {
            return Err(Error::invalid("row", "has more or fewer columns than the others"));
        }
        let cell = |column| self.0.iter().position(|other| *other == column).map(|at| row[at].trim());
        let flag = |column| match cell(column) {
            None | Some("") => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(Error::invalid("row", "has neither true nor false in IsLatest or IsDeleteMarker")),
        };
        if cell(Column::Bucket).is_some_and(|named| named != bucket) {
            return Err(Error::invalid("row", "is of another bucket"));
        }
        if flag(Column::IsDeleteMarker)? == Some(true) {
            return Ok(None);
        }
        // What stands around a key belongs to it.
        let key = self.0.iter().position(|other| *other == Column::Key).map_or("", |at| row[at].as_str());
        let key = percent_decode_str(&key.replace('+', " ")).decode_utf8().ok().map(String::from);
        let key =
            key.filter(|key| !key.is_empty()).ok_or_else(|| Error::invalid("row", "has no key, or not in UTF-8"))?;
        let version = cell(Column::VersionId);
        let is_latest = flag(Column::IsLatest)?;
        let fact = |column| cell(column).filter(|text| !text.is_empty());
        let (size, written, etag) = (fact(Column::Size), fact(Column::LastModifiedDate), fact(Column::ETag));
        let (Some(version), Some(is_latest), Some(size), Some(written), Some(etag)) =
            (version, is_latest, size, written, etag)
        else {
            // An inventory of all versions writes the version `null` as nothing; in a list nothing means none.
            let version = match version {
                Some("") if cell(Column::IsLatest).is_some() => Some(NULL_VERSION),
                version => version.filter(|version| !version.is_empty()),
            };
            let version = version.map(str::to_owned);
            return Ok(Some(Named::Unseen { key, version }));
        };
        let size = size.parse().map_err(|_| Error::invalid("row", "has a size that is no number of bytes"))?;
        let written =
            time::unix_millis(written).ok_or_else(|| Error::invalid("row", "has a time that is none in UTC"))?;
        let id = if version.is_empty() { NULL_VERSION } else { version }.to_owned();
        let version = ObjectVersion { id, etag: etag.to_owned(), size, last_modified: written / 1000 };
        Ok(Some(Named::Seen(Listed { key, version, is_latest })))
    }
}

/// An object that a row names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// One of which the row has everything.
    Seen(Listed),
    /// One that has to be looked up.
    Unseen {
        /// The key, as it is.
        key: String,
        /// The version; without it that which a reader of the key gets.
        version: Option<String>,
    },
}

/// Reads rows of CSV out of pieces of it.
pub struct Rows {
    reader: Reader,
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// How much of a row was read.
    filled: (usize, usize),
}

impl Default for Rows {
    fn default() -> Self {
        Self { reader: Reader::new(), cells: vec![0; MAX_ROW], ends: vec![0; MAX_COLUMNS], filled: (0, 0) }
    }
}

impl Rows {
    /// Takes the next piece, and adds the rows that it completes. Where one cannot be read, those before it are added.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a row that is too long, such as one with a quote that nothing closes, and for text that is
    /// not UTF-8.
    pub fn push(&mut self, mut piece: &[u8], rows: &mut impl Extend<Vec<String>>) -> Result<(), Error> {
        while !piece.is_empty() {
            let (read, row) = self.read(piece)?;
            rows.extend(row);
            piece = &piece[read..];
        }
        Ok(())
    }

    /// The last row, where no line break ends it.
    ///
    /// # Errors
    /// As [`Rows::push`].
    pub fn end(&mut self) -> Result<Option<Vec<String>>, Error> {
        // An empty piece is the end.
        Ok(self.read(&[])?.1)
    }

    fn read(&mut self, piece: &[u8]) -> Result<(usize, Option<Vec<String>>), Error> {
        let (cells, ends) = self.filled;
        let (result, read, written, ended) =
            self.reader.read_record(piece, &mut self.cells[cells..], &mut self.ends[ends..]);
        self.filled = (cells + written, ends + ended);
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => Ok((read, None)),
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                Err(Error::invalid("row", "is longer than any: a quote that nothing closes?"))
            }
            ReadRecordResult::Record => {
                let mut from = 0;
                let row = self.ends[..self.filled.1].iter().map(|end| {
                    let cell = str::from_utf8(&self.cells[from..*end]).map(str::to_owned);
                    from = *end;
                    cell.map_err(|_| Error::invalid("row", "is not UTF-8"))
                });
                let row = row.collect::<Result<_, _>>()?;
                self.filled = (0, 0);
                Ok((read, Some(row)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass";

    fn rows(text: &[u8]) -> Result<Vec<Vec<String>>, Error> {
        let (mut rows, mut read) = (Rows::default(), Vec::new());
        rows.push(text, &mut read)?;
        read.extend(rows.end()?);
        Ok(read)
    }

    fn row(text: &str) -> Vec<String> {
        rows(text.as_bytes()).unwrap().remove(0)
    }

    fn unseen(key: &str, version: Option<&str>) -> Named {
        Named::Unseen { key: key.into(), version: version.map(Into::into) }
    }

    #[test]
    fn rows_are_the_same_in_pieces_of_any_size() {
        let text = "\"photos\",\"a,\"\"b\"\".png\"\r\n\r\nphotos,\"two\nlines\"\nphotos,사진.png".as_bytes();
        let whole = rows(text).unwrap();
        let expected = [["photos", "a,\"b\".png"], ["photos", "two\nlines"], ["photos", "사진.png"]];
        assert_eq!(whole, expected);
        for size in 1..text.len() {
            let (mut rows, mut read) = (Rows::default(), Vec::new());
            text.chunks(size).for_each(|piece| rows.push(piece, &mut read).unwrap());
            read.extend(rows.end().unwrap());
            assert_eq!(read, expected, "{size}");
        }
        assert!(rows(b"").unwrap().is_empty());
    }

    #[test]
    fn a_row_without_end_and_bytes_that_are_no_text_are_refused() {
        for (text, said) in [
            ([b"\"".as_slice(), &vec![b'a'; MAX_ROW + 1]].concat(), "a quote that nothing closes?"),
            (vec![b','; MAX_COLUMNS + 1], "is longer than any"),
            (b"photos,\xff\n".to_vec(), "is not UTF-8"),
        ] {
            let error = rows(&text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_row_of_an_inventory_is_a_version_as_it_is_listed() {
        let columns = Columns::of_schema(SCHEMA).unwrap();
        let read = |text: &str| columns.object(&row(text), "photos");
        let version =
            |id: &str| ObjectVersion { id: id.into(), etag: "e1".into(), size: 9, last_modified: 1_795_165_200 };
        let tail = r#""9","2026-11-20T09:00:00.000Z","e1","STANDARD""#;
        let seen = read(&format!(r#""photos","a+%C3%A9%2B.png","v1","true","false",{tail}"#)).unwrap();
        let listed = Listed { key: "a é+.png".into(), version: version("v1"), is_latest: true };
        assert_eq!(seen, Some(Named::Seen(listed)));
        // An object from before its bucket kept versions.
        let seen = read(&format!(r#""photos","a.png","","false","false",{tail}"#)).unwrap();
        let listed = Listed { key: "a.png".into(), version: version("null"), is_latest: false };
        assert_eq!(seen, Some(Named::Seen(listed)));
        let marker = read(r#""photos","a.png","v2","true","true","","2026-11-20T09:00:00.000Z","","""#).unwrap();
        assert_eq!(marker, None);
    }

    #[test]
    fn what_a_row_does_not_say_is_looked_up() {
        // An inventory of current versions has no column for them.
        let current = Columns::of_schema("Bucket, Key, Size, LastModifiedDate, ETag").unwrap();
        let read = current.object(&row("photos,a.png,9,2026-11-20T09:00:00.000Z,e1"), "photos").unwrap();
        assert_eq!(read, Some(unseen("a.png", None)));
        // Whether others were written over a version is looked up, and where it was written before its bucket kept versions.
        let unsaid = Columns::of_schema("Bucket, Key, VersionId, Size, LastModifiedDate, ETag").unwrap();
        for (id, expected) in [("v1", Some("v1")), ("", None)] {
            let read = unsaid.object(&row(&format!("photos,a.png,{id},9,2026-11-20T09:00:00.000Z,e1")), "photos");
            assert_eq!(read.unwrap(), Some(unseen("a.png", expected)), "{id}");
        }
        let short = Columns::of_schema("Bucket, Key, VersionId, IsLatest, IsDeleteMarker").unwrap();
        for (id, expected) in [("v1", "v1"), ("", "null")] {
            let read = short.object(&row(&format!("photos,a.png,{id},false,false")), "photos").unwrap();
            assert_eq!(read, Some(unseen("a.png", Some(expected))), "{id}");
        }
        for (list, expected) in [
            ("a.png", unseen("a.png", None)),
            ("photos,a%20b.png", unseen("a b.png", None)),
            ("photos,a.png,v1", unseen("a.png", Some("v1"))),
            ("photos,a.png,", unseen("a.png", None)),
            ("KEY\n a.png", unseen(" a.png", None)),
            ("Version_ID,Owner,Key\nv1,alice,a.png", unseen("a.png", Some("v1"))),
            ("\u{feff}key,size\na.png,9", unseen("a.png", None)),
        ] {
            let rows = rows(list.as_bytes()).unwrap();
            let (columns, is_header) = Columns::of_first_row(&rows[0]).unwrap();
            let row = &rows[usize::from(is_header)];
            assert_eq!(columns.object(row, "photos").unwrap(), Some(expected), "{list}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_is_refused_by_name() {
        let columns = Columns::of_schema(SCHEMA).unwrap();
        for (text, said) in [
            ("photos,a.png", "has more or fewer columns"),
            ("others,a.png,v1,true,false,9,2026-11-20T09:00:00.000Z,e1,S", "is of another bucket"),
            ("photos,,v1,true,false,9,2026-11-20T09:00:00.000Z,e1,S", "has no key"),
            ("photos,%FF.png,v1,true,false,9,2026-11-20T09:00:00.000Z,e1,S", "not in UTF-8"),
            ("photos,a.png,v1,perhaps,false,9,2026-11-20T09:00:00.000Z,e1,S", "neither true nor false"),
            ("photos,a.png,v1,true,false,-9,2026-11-20T09:00:00.000Z,e1,S", "no number of bytes"),
            ("photos,a.png,v1,true,false,9,yesterday,e1,S", "none in UTC"),
        ] {
            let error = columns.object(&row(text), "photos").unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        for (first, said) in [("a,b,c,d", "over three columns and no header"), ("key,Key", "names a column twice")] {
            let error = Columns::of_first_row(&row(first)).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
