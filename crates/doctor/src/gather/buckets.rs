use aws_sdk_s3::types::BucketVersioningStatus;
use warden_call_errors::CallError;

use crate::aws::Aws;
use crate::checks::buckets::{Facts, Records, Uploads, Versioning};
use crate::fact::{Fact, Unknown};
use crate::subject::{Kind, Subject};

pub(crate) async fn gather(aws: &Aws, subject: &Subject) -> Facts {
    let s3 = aws.s3();
    let mut facts = Facts { uploads: None, records: None };
    if let Some(bucket) = subject.output("UploadBucketName") {
        let by_s3 = subject.parameter("UploadSource") == Some("s3-events");
        facts.uploads = Some(Uploads {
            bucket: bucket.to_owned(),
            versioning: versioning(&s3, bucket).await,
            reports: if by_s3 { Some(reports(&s3, bucket).await) } else { None },
        });
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

async fn versioning(s3: &aws_sdk_s3::Client, bucket: &str) -> Fact<Versioning> {
    const ACTION: &str = "s3:GetBucketVersioning";
    let answer = s3.get_bucket_versioning().bucket(bucket).send().await;
    let answer = answer.map_err(|error| Unknown::of(ACTION, &CallError::new(ACTION, &error)))?;
    Ok(match answer.status {
        Some(BucketVersioningStatus::Enabled) => Versioning::Enabled,
        Some(_) => Versioning::Suspended,
        None => Versioning::Never,
    })
}

async fn reports(s3: &aws_sdk_s3::Client, bucket: &str) -> Fact<bool> {
    const ACTION: &str = "s3:GetBucketNotification";
    let answer = s3.get_bucket_notification_configuration().bucket(bucket).send().await;
    let answer = answer.map_err(|error| Unknown::of(ACTION, &CallError::new(ACTION, &error)))?;
    Ok(answer.event_bridge_configuration.is_some())
}

async fn policy(s3: &aws_sdk_s3::Client, bucket: &str) -> Fact<String> {
    const ACTION: &str = "s3:GetBucketPolicy";
    let answer = s3.get_bucket_policy().bucket(bucket).send().await;
    let answer = answer.map_err(|error| Unknown::of(ACTION, &CallError::new(ACTION, &error)))?;
    Ok(answer.policy.unwrap_or_default())
}
