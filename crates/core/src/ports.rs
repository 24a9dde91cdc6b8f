//! What the decisions need from outside: an object store and models.

use std::{fmt, future::Future};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    audit::{Alert, Claimant, Claimed, LedgerKey, Tag},
    backfill::Listed,
    error::Error,
};

/// An object on S3, perhaps one version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRef {
    /// Bucket name.
    pub bucket: String,
    /// Key, decoded, exactly as S3 knows it.
    pub key: String,
    /// The version asked for; `None` is the current one.
    pub version: Option<String>,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object s3://{}/{}", self.bucket, self.key)?;
        match &self.version {
            Some(version) => write!(f, " version {version}"),
            None => Ok(()),
        }
    }
}

/// What the store said of the object whose bytes follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectFacts {
    /// The version that was read: absent in a bucket without versioning, the
    /// text `null` for an object older than its bucket's versioning.
    pub version: Option<String>,
    /// The entity tag, quotes included, as the store wrote it.
    pub etag: Option<String>,
    /// Length in bytes.
    pub size: Option<u64>,
    /// SHA-256 of all bytes, in hexadecimal digits, where they were read to their end.
    pub sha256: Option<String>,
}

/// An object that was found, its bytes still to be read.
#[derive(Debug)]
pub struct OpenObject<B> {
    /// What the store said of it.
    pub facts: ObjectFacts,
    /// Its bytes.
    pub body: B,
}

/// What was found under an object's name.
#[derive(Debug)]
pub enum Lookup<B> {
    /// The object.
    Found(OpenObject<B>),
    /// The key or the version does not exist, or no longer does.
    Gone,
    /// The object is there, and its bytes cannot be had.
    Sealed(Seal),
}

/// Why nobody can read an object's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It lies in an archive and must be restored first.
    Archived,
    /// It is encrypted with a key that only its writer has (SSE-C).
    CustomerKey,
}

/// The bytes of an object, in the chunks in which they arrive.
pub trait ObjectBody: Send {
    /// The next chunk, `None` at the end.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`] when the connection breaks or the object ends early.
    fn next_chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send;
}

/// Where uploaded objects are.
pub trait ObjectStore: Send + Sync {
    /// The object's bytes.
    type Body: ObjectBody;

    /// Looks for an object.
    ///
    /// # Errors
    /// [`Error::ObjectNotFound`] for a bucket that does not exist,
    /// [`Error::AccessDenied`]; [`Error::StoreUnavailable`] when the store fails after the client's retries.
    fn open(&self, object: &ObjectRef) -> impl Future<Output = Result<Lookup<Self::Body>, Error>> + Send;

    /// The tags of an object, or of one version of it.
    ///
    /// # Errors
    /// As [`ObjectStore::open`], and [`Error::ObjectNotFound`] for an object that is gone.
    fn tags(&self, object: &ObjectRef) -> impl Future<Output = Result<Vec<Tag>, Error>> + Send;
}

/// A version of an object that has bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Its id.
    pub id: String,
    /// Its entity tag.
    pub etag: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was written, in seconds since 1970.
    pub last_modified: i64,
}

/// Where the versions of an object are listed.
pub trait ObjectVersions: Send + Sync {
    /// The newest version of exactly this key, if there is one. Delete markers are none.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::StoreUnavailable`], and [`Error::ObjectNotFound`] for a bucket that does not exist.
    fn newest(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<ObjectVersion>, Error>> + Send;
}

/// Where a listing of versions goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The key that was listed last.
    pub key: String,
    /// The version of it that was listed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A page of a bucket's versions, in the order of their keys. Delete markers are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionPage {
    /// The versions.
    pub versions: Vec<Listed>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Marker>,
}

/// Where the versions of a bucket are listed.
pub trait VersionPages: Send + Sync {
    /// The versions of keys that begin with `prefix`, from the first or after `after`.
    ///
    /// # Errors
    /// Those of [`ObjectVersions::newest`].
    fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&Marker>,
    ) -> impl Future<Output = Result<VersionPage, Error>> + Send;
}

/// Where objects of our own are written.
pub trait ObjectWriter: Send + Sync {
    /// Writes an object of this media type.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::StoreUnavailable`], and [`Error::ObjectNotFound`] for a bucket that does not exist.
    fn write(
        &self,
        bucket: &str,
        key: &str,
        body: Bytes,
        media_type: &'static str,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The ledger's records, as plain values by name.
pub trait LedgerRecords: Send + Sync {
    /// Those with these keys, an object and an event each, in any order: each once, however often its key is named.
    /// Which are not there are left out.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] and [`Error::ServiceUnavailable`].
    fn with_keys(&self, keys: &[(String, String)]) -> impl Future<Output = Result<Vec<Value>, Error>> + Send;

    /// All of an object.
    ///
    /// # Errors
    /// As [`LedgerRecords::with_keys`].
    fn of_object(&self, object: &str) -> impl Future<Output = Result<Vec<Value>, Error>> + Send;

    /// Sets fields of one, which is made where it is not there.
    ///
    /// # Errors
    /// As [`LedgerRecords::with_keys`].
    fn set(
        &self,
        object: &str,
        event: &str,
        fields: &Map<String, Value>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Those of a backfill's audits of the level high, `most` of them at most, by an index of the ledger that holds no
    /// others. One that was written a moment ago may not be in it yet.
    ///
    /// # Errors
    /// As [`LedgerRecords::with_keys`].
    fn high_of(&self, backfill: &str, most: usize) -> impl Future<Output = Result<Vec<Value>, Error>> + Send;
}

/// Where events are claimed: the ledger.
pub trait Claims: Send + Sync {
    /// Claims an event's record at `now`, in milliseconds since 1970, unless another has it or its object is being
    /// brought back from quarantine. What an audit before this one left of a judgement is taken out of it.
    ///
    /// # Errors
    /// As [`LedgerRecords::with_keys`].
    fn claim(&self, key: &LedgerKey, by: &Claimant, now: i64) -> impl Future<Output = Result<Claimed, Error>> + Send;
}

/// Where people and machines are told: a topic that they subscribe to.
pub trait Topics: Send + Sync {
    /// Publishes an alert on the topic of this ARN, and says by which id the message is known.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::ServiceUnavailable`], and [`Error::Internal`] for a topic that does not exist or a
    /// message that it does not take.
    fn publish(&self, topic: &str, alert: &Alert) -> impl Future<Output = Result<String, Error>> + Send;
}

/// What the models of a stack cost, by the day, such as `2026-11-27`.
pub trait SpendRecords: Send + Sync {
    /// US dollars that were spent on a day.
    ///
    /// # Errors
    /// As [`LedgerRecords::with_keys`].
    fn spent(&self, day: &str) -> impl Future<Output = Result<f64, Error>> + Send;

    /// Adds US dollars to a day's sum, whoever else adds at the same time. The sum expires at `expires`, in seconds
    /// since 1970.
    ///
    /// # Errors
    /// As [`LedgerRecords::with_keys`].
    fn add(&self, day: &str, usd: f64, expires: i64) -> impl Future<Output = Result<(), Error>> + Send;

    /// Whether nobody has been told in this hour that the day's budget is spent: one of all who ask is to tell it.
    ///
    /// # Errors
    /// As [`LedgerRecords::with_keys`].
    fn tell(&self, day: &str, hour: &str) -> impl Future<Output = Result<bool, Error>> + Send;
}

/// Where uploads are reported to the audit.
pub trait UploadReports: Send + Sync {
    /// Reports an upload by the `detail` of an "Object Created".
    ///
    /// # Errors
    /// [`Error::AccessDenied`] and [`Error::ServiceUnavailable`].
    fn report(&self, upload: &Value) -> impl Future<Output = Result<(), Error>> + Send;
}

/// One call of a model, by one caller.
pub struct ModelCall<'a> {
    /// Id or ARN of the model or inference profile.
    pub model_id: &'a str,
    /// The body, in the protocol that the model's endpoint speaks.
    pub body: Vec<u8>,
    /// Who asks, as a JSON object of texts. Bedrock keeps it with its record of the call.
    pub request_metadata: Option<&'a str>,
}

/// What a model replied to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelReply {
    /// It answered.
    Answer(ModelAnswer),
    /// It says that it cannot read the image.
    ImageRejected,
    /// It says that the request is longer than it reads.
    TooLong,
    /// It was not asked: the day's budget is spent.
    OverBudget,
}

/// What a model answered to a call.
#[derive(Clone, PartialEq, Eq)]
pub struct ModelAnswer {
    /// The body of its answer.
    pub body: Bytes,
    /// Milliseconds from the request to the last byte of the answer.
    pub latency_ms: u64,
}

impl fmt::Debug for ModelAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelAnswer({} bytes, {} ms)", self.body.len(), self.latency_ms)
    }
}

/// The models on Bedrock.
pub trait Models: Send + Sync {
    /// Sends a Messages body to one of them with `InvokeModel`.
    ///
    /// # Errors
    /// [`Error::ModelThrottled`], [`Error::ModelTimeout`], [`Error::ModelUnavailable`],
    /// [`Error::AccessDenied`], or [`Error::Internal`] for a request that Bedrock does not take.
    fn invoke(&self, call: ModelCall<'_>) -> impl Future<Output = Result<ModelReply, Error>> + Send;
}

/// The bytes of an answer that a model is still writing.
pub trait AnswerStream: Send {
    /// The next of them, `None` at the end. To drop the future before it is
    /// ready loses nothing; to drop the stream ends the call.
    ///
    /// # Errors
    /// Those of [`StreamingModel::open`], and [`Error::ModelUnavailable`] when
    /// the connection breaks.
    fn next_chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send;
}

/// A model that answers while it thinks, on Bedrock or SageMaker.
pub trait StreamingModel: Send + Sync {
    /// Its answer.
    type Answer: AnswerStream + 'static;

    /// Sends a body, in the protocol that the endpoint speaks, to a model.
    ///
    /// # Errors
    /// [`Error::ModelThrottled`], [`Error::ModelTimeout`], [`Error::ModelUnavailable`],
    /// [`Error::AccessDenied`], [`Error::InvalidInput`] for a conversation that is too
    /// long, or [`Error::Internal`] for a request that the service does not take.
    fn open(&self, call: ModelCall<'_>) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}
