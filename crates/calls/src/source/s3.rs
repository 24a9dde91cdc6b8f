//! Records in a bucket.

use std::io;

use aws_sdk_s3::Client;
use serde_json::Value;
use tokio::task::JoinSet;
use warden_call_errors::CallError;

use crate::collector::Collector;
use crate::key::{self, LOGS, RECORDS};
use crate::{Error, Query, lines};

const LIST_BUCKET: &str = "s3:ListBucket";
const GET_OBJECT: &str = "s3:GetObject";
/// How many objects are fetched at once.
const AT_ONCE: usize = 16;
/// The largest object of records that is fetched.
const LARGEST: i64 = 256 << 20;

/// Reads the records of the asked time, of all accounts and Regions.
pub(crate) async fn read(
    client: &Client,
    bucket: &str,
    prefix: &str,
    query: &Query,
    collector: &mut Collector<'_>,
) -> Result<(), Error> {
    let root = format!("{}{LOGS}", key::folder(prefix));
    for account in folders(client, bucket, &root).await? {
        for region in folders(client, bucket, &format!("{account}{RECORDS}")).await? {
            read_region(client, bucket, &region, query, collector).await?;
        }
    }
    Ok(())
}

/// The folders in a folder.
async fn folders(client: &Client, bucket: &str, folder: &str) -> Result<Vec<String>, Error> {
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(folder).delimiter("/").into_paginator().send();
    let mut folders = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(LIST_BUCKET, &error))?;
        folders.extend(page.common_prefixes.unwrap_or_default().into_iter().filter_map(|folder| folder.prefix));
    }
    Ok(folders)
}

async fn read_region(
    client: &Client,
    bucket: &str,
    folder: &str,
    query: &Query,
    collector: &mut Collector<'_>,
) -> Result<(), Error> {
    let (after, before) = key::span(folder, &query.filter);
    let mut pages =
        client.list_objects_v2().bucket(bucket).prefix(folder).set_start_after(after).into_paginator().send();
    let mut fetches = JoinSet::new();
    'pages: while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(LIST_BUCKET, &error))?;
        for object in page.contents.unwrap_or_default() {
            let Some(key) = object.key else { continue };
            if before.as_ref().is_some_and(|before| key >= *before) {
                break 'pages;
            }
            if !key::holds_records(&key) {
                continue;
            }
            if object.size.is_some_and(|size| size > LARGEST) {
                collector.unread(path(bucket, &key), format!("it is larger than {LARGEST} bytes"));
                continue;
            }
            if fetches.len() >= AT_ONCE {
                take(fetches.join_next().await, collector);
            }
            let (client, bucket) = (client.clone(), bucket.to_owned());
            fetches.spawn(async move { (path(&bucket, &key), get(&client, &bucket, &key).await) });
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
pub(crate) async fn fetch_missing(client: &Client, collector: &mut Collector<'_>) {
    for missing in collector.missing() {
        let body = read_body(client, &missing.path).await;
        collector.fill(missing, body);
    }
}

async fn read_body(client: &Client, path: &str) -> Result<Value, String> {
    let (bucket, key) = key::place(path).ok_or("its path is not an s3:// path")?;
    let bytes = get(client, bucket, key).await?;
    lines::body(bytes.as_slice()).map_err(|_| "it is not JSON".to_owned())
}

async fn get(client: &Client, bucket: &str, key: &str) -> Result<Vec<u8>, String> {
    let answer = client.get_object().bucket(bucket).key(key).send().await;
    let body = answer.map_err(|error| in_words(&CallError::new(GET_OBJECT, &error)))?.body;
    let bytes = body.collect().await.map_err(|error| io::Error::from(error).to_string())?;
    Ok(bytes.to_vec())
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
