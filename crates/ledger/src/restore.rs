//! The way back out of quarantine.
//!
//! An upload's claim waits while the object is locked here. Meanwhile the object is brought
//! back, and the version that it got is claimed: the event that reports it is a duplicate.
//! Nothing that an uploader writes has a part in this.

use std::time::SystemTime;

use aws_smithy_types::date_time::{DateTime, Format};
use serde::Serialize;
use serde_json::{Map, Value, json};
use warden_call_errors::{CallError, printable};
use warden_control_plane::{
    Call,
    s3::{COPY_TIMEOUT, ObjectId},
};

use crate::{BYTES, Error, Ledger, PUT_ITEM, RESTORED, Record};

/// The name of the lock among the records of an object, which no event has.
pub(crate) const LOCK: &str = "restore";
/// How long a lock holds, should its owner die.
const LOCK_SECONDS: u64 = 900;
// What is copied is claimed while the lock holds.
const _: () = assert!(COPY_TIMEOUT.as_secs() + 120 <= LOCK_SECONDS);
const DELETE_VERSION: &str = "s3:DeleteObjectVersion";

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
        let at = now.fmt(Format::DateTimeWithOffset).unwrap_or_default();
        Self { reason: reason.to_owned(), unix_seconds: now.secs().unsigned_abs(), at }
    }
}

impl Ledger {
    /// Brings back what a record's object was moved to quarantine with: bytes, metadata,
    /// content type and tags. The copy in quarantine stays until it expires.
    ///
    /// # Errors
    /// When nothing of it lies in quarantine, it was brought back before and not `again`, its bucket
    /// keeps no versions, somebody else brings it back, or AWS refuses a call. [`Error::Unheard`] and [`Error::Unclaimed`] leave
    /// a version behind, or may: it is audited as an upload. To take an unknown version for the one that was brought back
    /// would let an uploader pass for a restore.
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
        self.doubt(record, by, who).await?;
        let copied = self.s3.copy(ObjectId::current(quarantine, copy), ObjectId::current(bucket, key)).await;
        let version = copied.map_err(|error| match CallError::new("s3:PutObject", &error) {
            // It has expired, or was purged, meanwhile.
            CallError::Refused { code, .. } if code == "NoSuchKey" => Error::NotQuarantined(record.object()),
            because if because.may_pass() && !matches!(because, CallError::Throttled { .. }) => {
                Error::Unheard { what: record.object(), because }
            }
            error => error.into(),
        })?;
        let version = version.ok_or_else(|| Error::NoVersions(bucket.to_owned()))?;
        let was_claimed = json!({
            "object": format!("{bucket}/{key}"), "event": version, "status": "complete", "claimed_at": who.at,
            "completed_at": who.at, "action": "restored", "verdict": record.text("verdict"),
            "s3_bucket": bucket, "s3_key": key, "s3_version_id": version, "sha256": record.text("sha256"),
            "restored_from": record.text("event"), "restored_by": by, "restore_reason": who.reason,
            "expires": kept_seconds(record).map(|seconds| who.unix_seconds.saturating_add(seconds)),
        });
        if let Err(because) = self.put(&fields(was_claimed)).await {
            return Err(Error::Unclaimed { what: record.object(), version, because });
        }
        let mut told = record.values().clone();
        let restored = json!({
            "restored_at": who.at, "restored_by": by, "restore_reason": who.reason, "restored_version": version,
        });
        told.extend(fields(restored));
        self.put(&told).await?;
        Ok(Restored { bucket: bucket.to_owned(), key: key.to_owned(), version, by: by.to_owned() })
    }

    /// Puts the verdict on a record's bytes in doubt: it answers for no other object of the same bytes.
    async fn doubt(&self, record: &Record, by: &str, who: &Who) -> Result<(), Error> {
        let Some(sha256) = record.text("sha256") else { return Ok(()) };
        let doubted = json!({
            "object": format!("{BYTES}{sha256}"), "event": RESTORED, "restored_at": who.at, "restored_by": by,
        });
        Ok(self.put(&fields(doubted)).await?)
    }

    /// Has the next replay of a record's event judge it again, whatever is known of its bytes: its claim is taken up as that of an audit that failed.
    /// What was found, what that cost, and which report names it, is not left to the record of another verdict. The
    /// record as it is then.
    ///
    /// # Errors
    /// When the audit of it is under way or failed, or AWS refuses a call.
    pub async fn reopen(&self, record: &Record, who: &Who) -> Result<Record, Error> {
        let by = self.caller().await?;
        self.doubt(record, &by, who).await?;
        let text = |name: &str| json!({"S": record.text(name).unwrap_or_default()});
        let asked = json!({
            "TableName": self.table,
            "Key": {"object": text("object"), "event": text("event")},
            "UpdateExpression":
                "SET #status = :failed, reopened_at = :at, reopened_by = :by, reopen_reason = :reason \
                 REMOVE categories, #model, input_tokens, output_tokens, cost_usd, high_of",
            "ConditionExpression": "#status = :complete",
            "ExpressionAttributeNames": {"#status": "status", "#model": "model"},
            "ExpressionAttributeValues": {
                ":failed": {"S": "failed"}, ":complete": {"S": "complete"}, ":at": {"S": who.at}, ":by": {"S": by},
                ":reason": {"S": who.reason},
            },
            "ReturnValues": "ALL_NEW",
        });
        let answer = self.dynamodb.call(Call::rpc("DynamoDB_20120810.UpdateItem", &asked)).await;
        answer.map(|answer| Record::read(&answer["Attributes"])).map_err(|error| {
            match CallError::new("dynamodb:UpdateItem", &error) {
                CallError::Refused { code, .. } if code == "ConditionalCheckFailedException" => {
                    Error::NotComplete(record.object())
                }
                error => error.into(),
            }
        })
    }

    /// Deletes for good what a record's object has in quarantine. The record as it is then.
    ///
    /// # Errors
    /// When nothing of it lies there, S3 keeps a version, such as a locked one, or AWS refuses a call. The record then
    /// still names the copy.
    pub async fn purge(&self, record: &Record, who: &Who) -> Result<Record, Error> {
        let quarantine = self.quarantine.as_deref().ok_or(Error::NoQuarantine)?;
        let copy = record.text("quarantine_key").ok_or_else(|| Error::NotQuarantined(record.object()))?;
        let listed = self.s3.versions(quarantine, copy, None).await;
        let mut versions = listed.map_err(|error| CallError::new("s3:ListBucketVersions", &error))?.versions;
        versions.retain(|version| version.key == copy);
        if versions.is_empty() {
            return Err(Error::NotQuarantined(record.object()));
        }
        let by = self.caller().await?;
        for version in &versions {
            let deleted = self.s3.delete(ObjectId { bucket: quarantine, key: copy, version: Some(&version.id) }).await;
            deleted.map_err(|error| CallError::new(DELETE_VERSION, &error))?;
        }
        let mut told = record.values().clone();
        told.remove("quarantine_key");
        let purged = json!({"purged_at": who.at, "purged_by": by, "purge_reason": who.reason});
        told.extend(fields(purged));
        self.put(&told).await?;
        Ok(Record::of(told))
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
                    Err(Error::Locked(printable(&format!("s3://{object}"))))
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

/// For how long a record is kept after its audit ended. None where it does not expire.
fn kept_seconds(record: &Record) -> Option<u64> {
    let expires = record.values().get("expires")?.as_i64()?;
    let completed = DateTime::from_str(record.text("completed_at")?, Format::DateTimeWithOffset).ok()?.secs();
    u64::try_from(expires - completed).ok()
}

/// The members of an object that was written here.
fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use warden_test_support::{Answer, RecordedAws};

    use super::*;

    const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/Alice\
        </Arn></GetCallerIdentityResult></GetCallerIdentityResponse>";

    fn record(status: &str) -> Record {
        Record::read(&json!({
            "object": {"S": "uploads/a.png"}, "event": {"S": "v1"}, "status": {"S": status},
            "s3_bucket": {"S": "uploads"}, "s3_key": {"S": "a.png"}, "quarantine_key": {"S": "copy"},
        }))
    }

    fn ledger(aws: &RecordedAws) -> Ledger {
        Ledger::new(&aws.config(), "ledger", Some("quarantine"))
    }

    #[tokio::test]
    async fn a_copy_that_s3_keeps_is_not_forgotten() {
        let listed = "<ListVersionsResult><Version><Key>copy</Key><VersionId>c1</VersionId>\
            <LastModified>2026-11-20T08:00:00.000Z</LastModified></Version></ListVersionsResult>";
        let kept = "<Error><Code>AccessDenied</Code>\
            <Message>Access Denied because object protected by object lock.</Message></Error>";
        let aws = RecordedAws::answering([Answer::new(200, listed), Answer::new(200, CALLER), Answer::new(403, kept)]);
        let error = ledger(&aws).purge(&record("complete"), &Who::now("asked")).await.unwrap_err();
        let expected = "AWS denied s3:DeleteObjectVersion: Access Denied because object protected by object lock";
        assert!(error.to_string().starts_with(expected), "{error}");
        // Nothing is written into the ledger.
        assert_eq!(aws.requests().len(), 3);
    }

    #[tokio::test]
    async fn a_version_that_may_be_there_unclaimed_is_told() {
        let made = || Answer::new(200, "<CopyObjectResult/>").header("x-amz-version-id", "v2");
        let code = |code: &str| format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        let unwritten = || Answer::new(400, r#"{"__type": "AccessDeniedException", "message": "no"}"#);
        let unheard = "S3 did not say whether s3://uploads/a.png is back: ";
        for (copied, claimed, told) in [
            (Answer::new(500, code("InternalError")), None, unheard),
            (Answer::new(502, "<html>"), None, unheard),
            (Answer::new(503, code("SlowDown")), None, "AWS throttled s3:PutObject"),
            (Answer::new(404, code("NoSuchKey")), None, "nothing of s3://uploads/a.png lies in quarantine"),
            (Answer::new(403, code("AccessDenied")), None, "AWS denied s3:PutObject"),
            (made(), Some(unwritten()), "s3://uploads/a.png is back as version v2, but the ledger could not be told: "),
        ] {
            let answers = [Answer::new(200, CALLER), Answer::new(200, "{}"), copied].into_iter().chain(claimed);
            let aws = RecordedAws::answering(answers.chain([Answer::new(200, "{}")]).collect::<Vec<_>>());
            let mut quarantined = record("complete").values().clone();
            quarantined.insert("s3_version_id".to_owned(), json!("v1"));
            let error = ledger(&aws).restore(&Record::of(quarantined), &Who::now("asked"), false).await.unwrap_err();
            assert!(error.to_string().starts_with(told), "{error}");
            // Uploads to the key wait no longer.
            let last = aws.requests().pop().unwrap();
            assert_eq!(last.headers().get("x-amz-target"), Some("DynamoDB_20120810.DeleteItem"));
        }
    }

    #[test]
    fn what_is_brought_back_is_known_for_as_long_as_a_new_upload() {
        let completed = "2026-11-20T09:14:09.123Z";
        for (completed, expires, seconds) in [
            (Some(completed), Some(json!({"N": (1_795_166_049 + 400 * 86_400).to_string()})), Some(400 * 86_400)),
            (Some(completed), Some(json!({"N": "1795166048"})), None),
            (Some(completed), None, None),
            (Some("some day"), Some(json!({"N": "1829726049"})), None),
            (None, Some(json!({"N": "1829726049"})), None),
        ] {
            let mut item = json!({"object": {"S": "uploads/a.png"}, "event": {"S": "v1"}});
            if let Some(completed) = completed {
                item["completed_at"] = json!({"S": completed});
            }
            if let Some(expires) = expires {
                item["expires"] = expires;
            }
            assert_eq!(kept_seconds(&Record::read(&item)), seconds, "{item}");
        }
    }

    #[tokio::test]
    async fn what_is_purged_names_no_copy_any_more() {
        let listed = "<ListVersionsResult><Version><Key>copy</Key><VersionId>c1</VersionId>\
            <LastModified>2026-11-20T08:00:00.000Z</LastModified></Version></ListVersionsResult>";
        let answers = [(200, listed), (200, CALLER), (204, ""), (200, "{}")];
        let aws = RecordedAws::answering(answers.map(|(status, body)| Answer::new(status, body)));
        let purged = ledger(&aws).purge(&record("complete"), &Who::now("asked")).await.unwrap();
        assert_eq!((purged.text("quarantine_key"), purged.text("purge_reason")), (None, Some("asked")));
    }

    #[tokio::test]
    async fn what_is_reopened_is_changed_only_while_it_is_complete() {
        let reopened = r#"{"Attributes": {"event": {"S": "v1"}, "status": {"S": "failed"}}}"#;
        let aws = RecordedAws::answering([CALLER, reopened].map(|body| Answer::new(200, body)));
        let record = ledger(&aws).reopen(&record("complete"), &Who::now("another model")).await.unwrap();
        assert_eq!(record.text("status"), Some("failed"));
        let requests = aws.requests();
        assert_eq!(requests[1].headers().get("x-amz-target"), Some("DynamoDB_20120810.UpdateItem"));
        let asked: Value = serde_json::from_slice(requests[1].body().bytes().unwrap()).unwrap();
        assert_eq!(asked["Key"], json!({"object": {"S": "uploads/a.png"}, "event": {"S": "v1"}}));
        assert_eq!(asked["ConditionExpression"], "#status = :complete");
        let removed = asked["UpdateExpression"].as_str().unwrap().split_once(" REMOVE ").unwrap().1;
        assert_eq!(removed, "categories, #model, input_tokens, output_tokens, cost_usd, high_of");
        assert_eq!(asked["ExpressionAttributeNames"], json!({"#status": "status", "#model": "model"}));
        assert_eq!(asked["ExpressionAttributeValues"][":reason"], json!({"S": "another model"}));
    }

    #[tokio::test]
    async fn what_is_reopened_is_judged_anew_though_its_bytes_have_a_verdict() {
        let aws = RecordedAws::answering([CALLER, "{}", "{}"].map(|body| Answer::new(200, body)));
        let judged = Record::read(&json!({
            "object": {"S": "uploads/a.png"}, "event": {"S": "v1"}, "status": {"S": "complete"}, "sha256": {"S": "0a1b"},
        }));
        ledger(&aws).reopen(&judged, &Who::now("another model")).await.unwrap();
        let requests = aws.requests();
        // The doubt comes first: what is reopened may be replayed at once.
        let targets = [1, 2].map(|at: usize| requests[at].headers().get("x-amz-target").unwrap());
        assert_eq!(targets, ["DynamoDB_20120810.PutItem", "DynamoDB_20120810.UpdateItem"]);
        let asked: Value = serde_json::from_slice(requests[1].body().bytes().unwrap()).unwrap();
        let doubted = (&asked["Item"]["object"], &asked["Item"]["event"]);
        assert_eq!(doubted, (&json!({"S": "bytes 0a1b"}), &json!({"S": "restored"})));
    }

    #[tokio::test]
    async fn an_audit_that_is_under_way_is_not_reopened() {
        let refusal =
            r#"{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"}"#;
        let aws = RecordedAws::answering([Answer::new(200, CALLER), Answer::new(400, refusal)]);
        let error = ledger(&aws).reopen(&record("claimed"), &Who::now("another model")).await.unwrap_err();
        assert!(matches!(&error, Error::NotComplete(object) if object == "s3://uploads/a.png"), "{error}");
    }
}
