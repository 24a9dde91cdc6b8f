//! Objects that somebody names, in files: those of an S3 Inventory, or a list of keys.

use std::{collections::VecDeque, io::Write as _};

use flate2::write::MultiGzDecoder;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use warden_core::{
    Error,
    backfill::{Columns, Inventory, Listed, Named, Plan, Rows, Source},
    ports::{LedgerRecords, Lookup, ObjectBody, ObjectRef, ObjectStore, ObjectWriter, VersionPages},
};

use crate::BackfillLister;

/// Rows that are looked at together.
const BATCH: usize = 1_000;
/// Objects that are looked up at once.
const LOOKUPS: usize = 16;
/// What is said of a file that is not there: the bucket's lifecycle has the same number of days.
const EXPIRED: &str = "is not there: files that name objects are kept for 30 days. Start a new backfill with the file";
/// How gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes that are unpacked at a time: 16 MiB at most come of them.
const PACKED: usize = 16_384;

/// A row of the files of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct At {
    /// The file, from 0.
    file: usize,
    /// The row in it, from 0.
    row: usize,
}

/// The files of a source, read from one row on.
pub(crate) struct NamedRows<B> {
    /// Their keys.
    files: Vec<String>,
    /// What a row holds; of a list of keys its first row says so.
    columns: Option<Columns>,
    at: At,
    open: Option<File<B>>,
}

impl<V: VersionPages, W: ObjectWriter + ObjectStore, L: LedgerRecords> BackfillLister<V, W, L> {
    /// The rows of a source from one on. Those before it in its file are read past: what is packed is read from its beginning.
    pub(crate) async fn named(&self, source: &Source, at: At) -> Result<NamedRows<W::Body>, Error> {
        let (files, columns) = match source {
            Source::Keys { .. } => (vec![source.file(0)], None),
            Source::Inventory { .. } => {
                let mut manifest = Vec::new();
                let mut body = self.open(&source.manifest()).await?;
                while let Some(chunk) = body.next_chunk().await? {
                    manifest.extend_from_slice(&chunk);
                }
                let inventory = Inventory::read(&manifest)?;
                ((0..inventory.files.len()).map(|at| source.file(at)).collect(), Some(inventory.columns))
            }
        };
        let mut named = NamedRows { files, columns, at, open: None };
        if let Some(key) = named.files.get(at.file).filter(|_| at.row > 0) {
            let mut file = File::new(self.open(key).await?);
            for row in 0..at.row {
                let skipped = file.next().await.map_err(|error| at.in_row(row + 1, error))?;
                if let (0, None, Some(first)) = (row, &named.columns, skipped) {
                    named.columns = Some(Columns::of_first_row(&first)?.0);
                }
            }
            named.open = Some(file);
        }
        Ok(named)
    }

    /// The versions that the next rows name, as far as they are there, how many are not, and where it goes on; none at the end.
    pub(crate) async fn next_named(
        &self,
        plan: &Plan,
        named: &mut NamedRows<W::Body>,
    ) -> Result<Option<(At, Vec<Listed>, u64)>, Error> {
        let mut objects = Vec::new();
        let mut is_end = false;
        for _ in 0..BATCH {
            let Some(row) = self.next_row(named).await? else {
                is_end = true;
                break;
            };
            let Some(columns) = &named.columns else { continue };
            let object = columns.object(&row, &plan.bucket).map_err(|error| named.at.in_row(named.at.row, error))?;
            let key = |object: &Named| match object {
                Named::Seen(listed) => listed.key.starts_with(&plan.prefix),
                Named::Unseen { key, .. } => key.starts_with(&plan.prefix),
            };
            objects.extend(object.filter(key));
        }
        if is_end && objects.is_empty() {
            return Ok(None);
        }
        let count = objects.len();
        let found: Vec<_> = stream::iter(objects)
            .map(|object| self.looked_up(&plan.bucket, object))
            .buffered(LOOKUPS)
            .try_collect()
            .await?;
        let found: Vec<_> = found.into_iter().flatten().collect();
        let missing = (count - found.len()) as u64;
        Ok(Some((named.at, found, missing)))
    }

    /// The next row, of whichever file; none after the last.
    async fn next_row(&self, named: &mut NamedRows<W::Body>) -> Result<Option<Vec<String>>, Error> {
        loop {
            let Some(key) = named.files.get(named.at.file) else { return Ok(None) };
            let file = match &mut named.open {
                Some(file) => file,
                closed => closed.insert(File::new(self.open(key).await?)),
            };
            let Some(row) = file.next().await.map_err(|error| named.at.in_row(named.at.row + 1, error))? else {
                named.open = None;
                named.at = At { file: named.at.file + 1, row: 0 };
                continue;
            };
            named.at.row += 1;
            if named.columns.is_none() {
                let (columns, is_header) = Columns::of_first_row(&row)?;
                named.columns = Some(columns);
                if is_header {
                    continue;
                }
            }
            return Ok(Some(row));
        }
    }

    /// The version that a row names, if it is there.
    async fn looked_up(&self, bucket: &str, object: Named) -> Result<Option<Listed>, Error> {
        let (key, version) = match object {
            Named::Seen(listed) => return Ok(Some(listed)),
            Named::Unseen { key, version } => (key, version),
        };
        let mut after = None;
        loop {
            let page = self.versions.page(bucket, &key, after.as_ref()).await?;
            // Keys are listed in their order, so this one comes before all that begin with it.
            let found = page.versions.into_iter().find(|listed| {
                listed.key == key && version.as_ref().map_or(listed.is_latest, |version| listed.version.id == *version)
            });
            after = page.next.filter(|next| found.is_none() && next.key == key);
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    async fn open(&self, key: &str) -> Result<W::Body, Error> {
        let object = ObjectRef { bucket: self.parts_bucket.clone(), key: key.to_owned(), version: None };
        match self.parts.open(&object).await? {
            Lookup::Found(found) => Ok(found.body),
            Lookup::Gone => Err(Error::invalid("plan.source", format!("{object} {EXPIRED}"))),
            Lookup::Sealed(_) => Err(Error::invalid("plan.source", format!("{object} cannot be opened"))),
        }
    }
}

impl At {
    /// An error in a row of this file, counted from 1, for who wrote it.
    fn in_row(self, row: usize, error: Error) -> Error {
        match error {
            Error::InvalidInput { field, problem } => {
                Error::InvalidInput { field, problem: format!("{row} of file {} {problem}", self.file + 1) }
            }
            error => error,
        }
    }
}

/// A file of CSV, gzipped or not, as it comes.
struct File<B> {
    body: B,
    /// Its first bytes, until they tell what it is.
    head: Vec<u8>,
    text: Option<Text>,
    rows: Rows,
    read: VecDeque<Vec<String>>,
    failed: Option<Error>,
    is_at_end: bool,
}

enum Text {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl<B: ObjectBody> File<B> {
    fn new(body: B) -> Self {
        Self {
            body,
            head: Vec::new(),
            text: None,
            rows: Rows::default(),
            read: VecDeque::new(),
            failed: None,
            is_at_end: false,
        }
    }

    async fn next(&mut self) -> Result<Option<Vec<String>>, Error> {
        loop {
            if let Some(row) = self.read.pop_front() {
                return Ok(Some(row));
            }
            if let Some(failed) = self.failed.take() {
                return Err(failed);
            }
            if self.is_at_end {
                return Ok(None);
            }
            let taken = match self.body.next_chunk().await? {
                Some(chunk) => self.take(&chunk),
                None => self.end(),
            };
            // Rows before the one that cannot be read come first.
            self.failed = taken.err();
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), Error> {
        if self.text.is_some() {
            return self.unpack(chunk);
        }
        self.head.extend_from_slice(chunk);
        if self.head.len() < GZIP.len() { Ok(()) } else { self.begin() }
    }

    fn begin(&mut self) -> Result<(), Error> {
        let is_gzip = self.head.starts_with(&GZIP);
        self.text = Some(if is_gzip { Text::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))) } else { Text::Plain });
        let head = std::mem::take(&mut self.head);
        self.unpack(&head)
    }

    fn unpack(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.text {
            Some(Text::Gzip(gzip)) => {
                for packed in bytes.chunks(PACKED) {
                    gzip.write_all(packed).map_err(damaged)?;
                    self.rows.push(gzip.get_ref(), &mut self.read)?;
                    gzip.get_mut().clear();
                }
            }
            Some(Text::Plain) | None => self.rows.push(bytes, &mut self.read)?,
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        self.is_at_end = true;
        if self.text.is_none() {
            self.begin()?;
        }
        if let Some(Text::Gzip(gzip)) = &mut self.text {
            gzip.try_finish().map_err(damaged)?;
            self.rows.push(gzip.get_ref(), &mut self.read)?;
        }
        self.read.extend(self.rows.end()?);
        Ok(())
    }
}

fn damaged(_: std::io::Error) -> Error {
    Error::invalid("row", "cannot be unpacked: the file is damaged, or cut off")
}
