//! The way back out of quarantine.
//!
//! An upload's claim waits while the object is locked here. Meanwhile the object is brought
//! back, and the version that it got is claimed: the event that reports it is a duplicate.
//! Nothing that an uploader writes has a part in this.

use std::time::SystemTime;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use serde::Serialize;
use serde_json::{Map, Value, json};
use warden_call_errors::CallError;
use warden_control_plane::{Call, path_segment};

use crate::{Error, Ledger, PUT_ITEM, Record};

/// The name of the lock among the records of an object, which no event has.
pub(crate) const LOCK: &str = "restore";
/// How long a lock holds, should its owner die.
const LOCK_SECONDS: u64 = 900;

/// Who brings something back, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Why, for the record.
    pub reason: String,
    /// Now, in seconds since 1970.
    pub unix_seconds: u64,
    /// Now, RFC 3339.
    pub at: String,
}

/// What was brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version that it has now.
    pub version: String,
    /// Who brought it back.
    pub by: String,
}

impl Who {
    /// Whoever runs this, now, for this reason.
    #[must_use]
    pub fn now(reason: &str) -> Self {
        let now = DateTime::from(SystemTime::now());
        let at = now.fmt(DateTimeFormat::DateTimeWithOffset).unwrap_or_default();
        Self { reason: reason.to_owned(), unix_seconds: now.secs().unsigned_abs(), at }
    }
}

impl Ledger {
    /// Brings back what a record's object was moved to quarantine with: bytes, metadata,
    /// content type and tags. The copy in quarantine stays until it expires.
    ///
    /// # Errors
    /// When nothing of it lies in quarantine, it was brought back before and not `again`, its bucket
    /// keeps no versions, somebody else brings it back, or AWS refuses a call.
    pub async fn restore(&self, record: &Record, who: &Who, again: bool) -> Result<Restored, Error> {
        let quarantine = self.quarantine.as_deref().ok_or(Error::NoQuarantine)?;
        let (Some(bucket), Some(key), Some(copy)) =
            (record.text("s3_bucket"), record.text("s3_key"), record.text("quarantine_key"))
        else {
            return Err(Error::NotQuarantined(record.object()));
        };
        if let Some(at) = record.text("restored_at").filter(|_| !again) {
            return Err(Error::RestoredBefore { what: record.object(), at: at.to_owned() });
        }
        if record.text("s3_version_id").is_none() {
            return Err(Error::NoVersions(bucket.to_owned()));
        }
        let by = self.caller().await?;
        let object = format!("{bucket}/{key}");
        self.lock(&object, &by, who).await?;
        let restored = self.bring_back(record, (bucket, key), (quarantine, copy), &by, who).await;
        let unlocked = self.unlock(&object).await;
        let restored = restored?;
        unlocked?;
        Ok(restored)
    }

    async fn bring_back(
        &self,
        record: &Record,
        (bucket, key): (&str, &str),
        (quarantine, copy): (&str, &str),
        by: &str,
        who: &Who,
    ) -> Result<Restored, Error> {
        let source = format!("{quarantine}/{}", path_segment(copy));
        let copied = self.s3.copy_object().bucket(bucket).key(key).copy_source(source).send().await;
        let copied = copied.map_err(|error| match CallError::new("s3:PutObject", &error) {
            // It has expired, or was purged, meanwhile.
            CallError::Refused { code, .. } if code == "NoSuchKey" => Error::NotQuarantined(record.object()),
            error => error.into(),
        })?;
        let version = copied.version_id.ok_or_else(|| Error::NoVersions(bucket.to_owned()))?;
        let was_claimed = json!({
            "object": format!("{bucket}/{key}"), "event": version, "status": "complete", "claimed_at": who.at,
            "completed_at": who.at, "action": "restored", "verdict": record.text("verdict"),
            "s3_bucket": bucket, "s3_key": key, "s3_version_id": version, "sha256": record.text("sha256"),
            "restored_from": record.text("event"), "restored_by": by, "restore_reason": who.reason,
            "expires": record.values().get("expires"),
        });
        self.put(&fields(was_claimed)).await?;
        let mut told = record.values().clone();
        let restored = json!({
            "restored_at": who.at, "restored_by": by, "restore_reason": who.reason, "restored_version": version,
        });
        told.extend(fields(restored));
        self.put(&told).await?;
        Ok(Restored { bucket: bucket.to_owned(), key: key.to_owned(), version, by: by.to_owned() })
    }

    /// Has the next replay of a record's event judge it again: its claim is taken up as that of an audit that failed.
    ///
    /// # Errors
    /// When AWS refuses a call.
    pub async fn reopen(&self, record: &Record, who: &Who) -> Result<(), Error> {
        let by = self.caller().await?;
        let mut told = record.values().clone();
        let reopened =
            json!({"status": "failed", "reopened_at": who.at, "reopened_by": by, "reopen_reason": who.reason});
        told.extend(fields(reopened));
        Ok(self.put(&told).await?)
    }

    /// Deletes for good what a record's object has in quarantine.
    ///
    /// # Errors
    /// When nothing of it lies there, or AWS refuses a call.
    pub async fn purge(&self, record: &Record, who: &Who) -> Result<(), Error> {
        let quarantine = self.quarantine.as_deref().ok_or(Error::NoQuarantine)?;
        let copy = record.text("quarantine_key").ok_or_else(|| Error::NotQuarantined(record.object()))?;
        let listed = self.s3.list_object_versions().bucket(quarantine).prefix(copy).send().await;
        let listed = listed.map_err(|error| CallError::new("s3:ListBucketVersions", &error))?;
        let versions = listed.versions.unwrap_or_default().into_iter().map(|version| (version.key, version.version_id));
        let markers = listed.delete_markers.unwrap_or_default().into_iter();
        let all = versions.chain(markers.map(|marker| (marker.key, marker.version_id)));
        let named = all
            .filter(|(key, _)| key.as_deref() == Some(copy))
            .filter_map(|(key, version)| ObjectIdentifier::builder().set_key(key).set_version_id(version).build().ok());
        let named: Vec<_> = named.collect();
        if named.is_empty() {
            return Err(Error::NotQuarantined(record.object()));
        }
        let by = self.caller().await?;
        if let Ok(delete) = Delete::builder().set_objects(Some(named)).build() {
            let deleted = self.s3.delete_objects().bucket(quarantine).delete(delete).send().await;
            deleted.map_err(|error| CallError::new("s3:DeleteObjectVersion", &error))?;
        }
        let mut told = record.values().clone();
        told.remove("quarantine_key");
        let purged = json!({"purged_at": who.at, "purged_by": by, "purge_reason": who.reason});
        told.extend(fields(purged));
        Ok(self.put(&told).await?)
    }

    async fn caller(&self) -> Result<String, Error> {
        let answer = self.sts.call(Call::query("GetCallerIdentity", &[])).await;
        let answer = answer.map_err(|error| CallError::new("sts:GetCallerIdentity", &error))?;
        Ok(answer["GetCallerIdentityResult"]["Arn"].as_str().unwrap_or("unknown").to_owned())
    }

    async fn lock(&self, object: &str, by: &str, who: &Who) -> Result<(), Error> {
        let asked = json!({
            "TableName": self.table,
            "Item": {
                "object": {"S": object}, "event": {"S": LOCK}, "restored_by": {"S": by}, "restore_reason": {"S": who.reason},
                "lock_ends": {"N": (who.unix_seconds + LOCK_SECONDS).to_string()},
                "expires": {"N": (who.unix_seconds + LOCK_SECONDS).to_string()},
            },
            "ConditionExpression": "attribute_not_exists(lock_ends) OR lock_ends < :now",
            "ExpressionAttributeValues": {":now": {"N": who.unix_seconds.to_string()}},
        });
        match self.dynamodb.call(Call::rpc("DynamoDB_20120810.PutItem", &asked)).await {
            Ok(_) => Ok(()),
            Err(error) => match CallError::new(PUT_ITEM, &error) {
                CallError::Refused { code, .. } if code == "ConditionalCheckFailedException" => {
                    Err(Error::Locked(format!("s3://{object}")))
                }
                error => Err(error.into()),
            },
        }
    }

    async fn unlock(&self, object: &str) -> Result<(), Error> {
        let asked = json!({"TableName": self.table, "Key": {"object": {"S": object}, "event": {"S": LOCK}}});
        let answer = self.dynamodb.call(Call::rpc("DynamoDB_20120810.DeleteItem", &asked)).await;
        Ok(answer.map(drop).map_err(|error| CallError::new("dynamodb:DeleteItem", &error))?)
    }
}

/// The members of an object that was written here.
fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
