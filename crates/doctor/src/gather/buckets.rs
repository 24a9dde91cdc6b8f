use serde_json::Value;
use warden_call_errors::CallError;
use warden_control_plane::s3::{Request, S3};

use crate::aws::Aws;
use crate::checks::buckets::{Facts, Quarantine, Records, Uploads, Versioning};
use crate::fact::{Fact, Unknown};
use crate::subject::{Kind, Subject};

pub(crate) async fn gather(aws: &Aws, subject: &Subject) -> Facts {
    let s3 = aws.s3();
    let mut facts = Facts { uploads: None, further: Vec::new(), records: None, quarantine: quarantine(subject) };
    if let Some(bucket) = subject.output("UploadBucketName") {
        let by_s3 = subject.parameter("UploadSource") == Some("s3-events");
        facts.uploads = Some(Uploads {
            bucket: bucket.to_owned(),
            versioning: versioning(&s3, bucket).await,
            reports: if by_s3 { Some(reports(&s3, bucket).await) } else { None },
        });
    }
    let also_audited = subject.parameter("AlsoAudit").unwrap_or_default();
    for arn in also_audited.split(',').map(str::trim).filter(|arn| !arn.is_empty()) {
        let bucket = arn.rsplit(':').next().unwrap_or(arn);
        facts.further.push((bucket.to_owned(), reports(&s3, bucket).await));
    }
    let sets_logging = subject.parameter("CreateInvocationLogging") == Some("true");
    if let Some(bucket) =
        subject.output("InvocationLogBucketName").filter(|_| subject.kind == Kind::PrivateApi && sets_logging)
    {
        let (partition, account) = (&subject.place.partition, &subject.place.account);
        let prefix = subject.output("InvocationLogPrefix").unwrap_or("invocations");
        facts.records = Some(Records {
            bucket: bucket.to_owned(),
            object: format!("arn:{partition}:s3:::{bucket}/{prefix}/AWSLogs/{account}/BedrockModelInvocationLogs/a"),
            policy: policy(&s3, bucket).await,
        });
    }
    facts
}

fn quarantine(subject: &Subject) -> Option<Quarantine> {
    subject.output("QuarantineBucketName").filter(|bucket| *bucket != "none")?;
    let days = |name| subject.parameter(name)?.parse().ok();
    Some(Quarantine { days: days("QuarantineDays")?, ledger_days: days("LedgerDays")? })
}

async fn versioning(s3: &S3, bucket: &str) -> Fact<Versioning> {
    let answer = setting(s3, bucket, "versioning", "s3:GetBucketVersioning").await?;
    Ok(match answer["Status"].as_str() {
        Some("Enabled") => Versioning::Enabled,
        Some(_) => Versioning::Suspended,
        None => Versioning::Never,
    })
}

async fn reports(s3: &S3, bucket: &str) -> Fact<bool> {
    let answer = setting(s3, bucket, "notification", "s3:GetBucketNotification").await?;
    Ok(answer.get("EventBridgeConfiguration").is_some())
}

async fn policy(s3: &S3, bucket: &str) -> Fact<String> {
    Ok(setting(s3, bucket, "policy", "s3:GetBucketPolicy").await?.to_string())
}

async fn setting(s3: &S3, bucket: &str, name: &str, action: &'static str) -> Fact<Value> {
    let answer = match s3.call(Request::bucket("GET", bucket).query(name, "")).await {
        Ok(reply) => reply.value().await,
        Err(failed) => Err(failed),
    };
    answer.map_err(|failed| Unknown::of(action, &CallError::new(action, &failed)))
}
