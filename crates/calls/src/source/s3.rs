//! Records in a bucket.

use serde_json::Value;
use tokio::task::JoinSet;
use warden_call_errors::CallError;
use warden_control_plane::s3::{ObjectId, S3};

use crate::collector::Collector;
use crate::key::{self, LOGS, RECORDS};
use crate::{Error, Query, lines};

const LIST_BUCKET: &str = "s3:ListBucket";
const GET_OBJECT: &str = "s3:GetObject";
/// How many objects are fetched at once.
const AT_ONCE: usize = 16;
/// The largest object of records that is fetched.
const LARGEST: u64 = 256 << 20;

/// Reads the records of the asked time, of all accounts and Regions.
pub(crate) async fn read(
    s3: &S3,
    bucket: &str,
    prefix: &str,
    query: &Query,
    collector: &mut Collector<'_>,
) -> Result<(), Error> {
    let root = format!("{}{LOGS}", key::folder(prefix));
    for account in folders(s3, bucket, &root).await? {
        for region in folders(s3, bucket, &format!("{account}{RECORDS}")).await? {
            read_region(s3, bucket, &region, query, collector).await?;
        }
    }
    Ok(())
}

/// The folders in a folder.
async fn folders(s3: &S3, bucket: &str, folder: &str) -> Result<Vec<String>, Error> {
    let (mut folders, mut next) = (Vec::new(), None);
    loop {
        let page = s3.objects(bucket, folder, (Some("/"), None), next.as_deref()).await;
        let page = page.map_err(|error| CallError::new(LIST_BUCKET, &error))?;
        folders.extend(page.folders);
        next = page.next;
        if next.is_none() {
            return Ok(folders);
        }
    }
}

async fn read_region(
    s3: &S3,
    bucket: &str,
    folder: &str,
    query: &Query,
    collector: &mut Collector<'_>,
) -> Result<(), Error> {
    let (after, before) = key::span(folder, &query.filter);
    let mut next = None;
    let mut fetches = JoinSet::new();
    'pages: loop {
        let page = s3.objects(bucket, folder, (None, after.as_deref()), next.as_deref()).await;
        let page = page.map_err(|error| CallError::new(LIST_BUCKET, &error))?;
        for object in page.objects {
            let key = object.key;
            if before.as_ref().is_some_and(|before| key >= *before) {
                break 'pages;
            }
            if !key::holds_records(&key) {
                continue;
            }
            if object.size > LARGEST {
                collector.unread(path(bucket, &key), format!("it is larger than {LARGEST} bytes"));
                continue;
            }
            if fetches.len() >= AT_ONCE {
                take(fetches.join_next().await, collector);
            }
            let (s3, bucket) = (s3.clone(), bucket.to_owned());
            fetches.spawn(async move { (path(&bucket, &key), get(&s3, &bucket, &key).await) });
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    while !fetches.is_empty() {
        take(fetches.join_next().await, collector);
    }
    Ok(())
}

type Fetched = (String, Result<Vec<u8>, String>);

fn take(fetched: Option<Result<Fetched, tokio::task::JoinError>>, collector: &mut Collector<'_>) {
    match fetched {
        Some(Ok((path, Ok(bytes)))) => collector.bytes(&path, None, bytes.as_slice()),
        Some(Ok((path, Err(problem)))) => collector.unread(path, problem),
        Some(Err(error)) => collector.unread("an object".to_owned(), error.to_string()),
        None => {}
    }
}

/// Reads the large bodies of the calls that are shown.
pub(crate) async fn fetch_missing(s3: &S3, collector: &mut Collector<'_>) {
    for missing in collector.missing() {
        let body = read_body(s3, &missing.path).await;
        collector.fill(missing, body);
    }
}

async fn read_body(s3: &S3, path: &str) -> Result<Value, String> {
    let (bucket, key) = key::place(path).ok_or("its path is not an s3:// path")?;
    let bytes = get(s3, bucket, key).await?;
    lines::body(bytes.as_slice()).map_err(|_| "it is not JSON".to_owned())
}

async fn get(s3: &S3, bucket: &str, key: &str) -> Result<Vec<u8>, String> {
    let in_words = |error| in_words(&CallError::new(GET_OBJECT, &error));
    let reply = s3.get(ObjectId::current(bucket, key)).await.map_err(in_words)?;
    Ok(reply.bytes().await.map_err(in_words)?.into())
}

fn in_words(error: &CallError) -> String {
    match error {
        CallError::Refused { code, .. } if code == "InvalidObjectState" => {
            "it is archived. Restore it first, for example with `aws s3api restore-object`".to_owned()
        }
        error => error.to_string(),
    }
}

fn path(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}
