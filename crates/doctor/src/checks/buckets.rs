//! Whether the stack's buckets keep, report and take what they should.

use crate::checks::policy::Document;
use crate::fact::{Fact, Unknown};
use crate::finding::{Area, Finding};

/// What is known of the stack's buckets.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) uploads: Option<Uploads>,
    /// Buckets of others that are audited too, each with whether it reports to EventBridge.
    pub(crate) further: Vec<(String, Fact<bool>)>,
    pub(crate) records: Option<Records>,
    /// Of a stack that moves objects to quarantine.
    pub(crate) quarantine: Option<Quarantine>,
}

/// How long what was moved to quarantine is kept, and how long the record that names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quarantine {
    pub(crate) days: u32,
    pub(crate) ledger_days: u32,
}

/// The bucket whose uploads are judged.
#[derive(Debug)]
pub(crate) struct Uploads {
    pub(crate) bucket: String,
    pub(crate) versioning: Fact<Versioning>,
    /// Whether S3 itself reports what is created, of a stack that relies on it.
    pub(crate) reports: Option<Fact<bool>>,
}

/// Whether a bucket keeps versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versioning {
    Enabled,
    Suspended,
    Never,
}

/// The bucket of Bedrock's records, and its policy.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) bucket: String,
    /// The ARN of an object that Bedrock writes.
    pub(crate) object: String,
    pub(crate) policy: Fact<String>,
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<_> = facts.uploads.iter().flat_map(check_uploads).collect();
    findings.extend(facts.further.iter().map(|(bucket, reports)| check_further(bucket, reports)));
    findings.extend(facts.records.as_ref().map(check_records));
    findings.extend(facts.quarantine.and_then(check_quarantine));
    findings
}

fn check_uploads(uploads: &Uploads) -> Vec<Finding> {
    const AREA: Area = Area::Buckets;
    let bucket = &uploads.bucket;
    let versioned = match &uploads.versioning {
        Ok(Versioning::Enabled) => {
            Finding::ok(AREA, format!("{bucket} keeps versions: exactly the one that was judged is deleted"))
        }
        Ok(Versioning::Suspended | Versioning::Never) => Finding::warning(
            AREA,
            format!("{bucket} keeps no versions: what is overwritten while it is judged is reported, not deleted"),
            format!(
                "Run `aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled`"
            ),
        ),
        Err(Unknown::Absent { .. }) => {
            return vec![Finding::failure(AREA, format!("there is no bucket {bucket}"), "Deploy the template again")];
        }
        Err(unknown) => unknown.finding(AREA, &format!("the versioning of {bucket}")),
    };
    let reports = uploads.reports.as_ref().map(|reports| match reports {
        Ok(true) => Finding::ok(AREA, format!("{bucket} reports uploads to EventBridge")),
        Ok(false) => Finding::failure(
            AREA,
            format!("{bucket} reports no upload to EventBridge: none is judged"),
            "Deploy the template again: somebody replaced the bucket's notifications",
        ),
        Err(unknown) => unknown.finding(AREA, &format!("what {bucket} reports")),
    });
    [Some(versioned), reports].into_iter().flatten().collect()
}

/// Such a bucket's notifications are its owner's to set.
fn check_further(bucket: &str, reports: &Fact<bool>) -> Finding {
    const AREA: Area = Area::Buckets;
    match reports {
        Ok(true) => Finding::ok(AREA, format!("{bucket} reports uploads to EventBridge")),
        Ok(false) => Finding::failure(
            AREA,
            format!("{bucket}, which AlsoAudit names, reports no upload to EventBridge: none is judged"),
            format!(
                "Add EventBridge to the notifications of the bucket. Where it has none: `aws s3api \
                 put-bucket-notification-configuration --bucket {bucket} --notification-configuration \
                 '{{\"EventBridgeConfiguration\": {{}}}}'`"
            ),
        ),
        Err(Unknown::Absent { .. }) => Finding::failure(
            AREA,
            format!("there is no bucket {bucket}, which AlsoAudit names"),
            "Take it out of AlsoAudit, and deploy the template again",
        ),
        Err(unknown) => unknown.finding(AREA, &format!("what {bucket} reports")),
    }
}

fn check_quarantine(Quarantine { days, ledger_days }: Quarantine) -> Option<Finding> {
    (days >= ledger_days).then(|| {
        Finding::warning(
            Area::Buckets,
            format!(
                "quarantine keeps a copy for {days} days, the ledger its record for {ledger_days}: \
                 a copy without a record cannot be brought back by `warden restore`"
            ),
            "Deploy the stack with more LedgerDays than QuarantineDays",
        )
    })
}

fn check_records(records: &Records) -> Finding {
    const AREA: Area = Area::Buckets;
    let bucket = &records.bucket;
    let refused =
        |said: String| Finding::failure(AREA, said, "Deploy the template again: somebody changed the bucket's policy");
    match &records.policy {
        Ok(policy) => match Document::parse(policy) {
            Some(document) if document.allows("bedrock.amazonaws.com", "s3:PutObject", &records.object) => {
                Finding::ok(AREA, format!("Bedrock may write its records to {bucket}"))
            }
            Some(_) => refused(format!("the policy of {bucket} does not let Bedrock write its records")),
            None => {
                Finding::warning(AREA, format!("the policy of {bucket} cannot be read"), "Look at it in the S3 console")
            }
        },
        Err(Unknown::Absent { .. }) => {
            refused(format!("{bucket} has no policy, or is gone: Bedrock cannot write its records"))
        }
        Err(unknown) => unknown.finding(AREA, &format!("the policy of {bucket}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    fn found(versioning: Fact<Versioning>, reports: Option<Fact<bool>>) -> Vec<Level> {
        let uploads = Uploads { bucket: "uploads".into(), versioning, reports };
        let facts = Facts { uploads: Some(uploads), further: Vec::new(), records: None, quarantine: None };
        check(&facts).iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn a_bucket_that_keeps_no_versions_or_reports_nothing_is_told() {
        let denied = || Unknown::Denied { action: "s3:GetBucketVersioning" };
        for (versioning, reports, levels) in [
            (Ok(Versioning::Enabled), None, vec![Level::Ok]),
            (Ok(Versioning::Enabled), Some(Ok(true)), vec![Level::Ok, Level::Ok]),
            (Ok(Versioning::Suspended), None, vec![Level::Warning]),
            (Ok(Versioning::Never), None, vec![Level::Warning]),
            (Ok(Versioning::Enabled), Some(Ok(false)), vec![Level::Ok, Level::Failure]),
            (Err(Unknown::Absent { action: "s3:GetBucketVersioning" }), Some(Ok(true)), vec![Level::Failure]),
            (Err(denied()), Some(Err(denied())), vec![Level::Warning, Level::Warning]),
        ] {
            let case = format!("{versioning:?} {reports:?}");
            assert_eq!(found(versioning, reports), levels, "{case}");
        }
    }

    #[test]
    fn a_further_bucket_that_reports_nothing_is_for_its_owner_to_mend() {
        let action = "s3:GetBucketNotification";
        for (reports, level) in [
            (Ok(true), Level::Ok),
            (Ok(false), Level::Failure),
            (Err(Unknown::Absent { action }), Level::Failure),
            (Err(Unknown::Denied { action }), Level::Warning),
        ] {
            let found = check_further("photos", &reports);
            assert_eq!(found.level, level, "{found:?}");
        }
        let remedy = check_further("photos", &Ok(false)).remedy.unwrap_or_default();
        assert!(
            remedy.contains(r#"--bucket photos --notification-configuration '{"EventBridgeConfiguration": {}}'"#),
            "{remedy}"
        );
    }

    #[test]
    fn a_copy_that_outlives_its_record_is_told() {
        for (days, ledger_days, is_told) in [(90, 400, false), (90, 91, false), (90, 90, true), (90, 30, true)] {
            assert_eq!(check_quarantine(Quarantine { days, ledger_days }).is_some(), is_told, "{days} {ledger_days}");
        }
    }

    #[test]
    fn bedrock_writes_its_records_by_the_buckets_policy() {
        let policy = |principal: &str, resource: &str| {
            format!(
                r#"{{"Statement": [{{"Effect": "Allow", "Principal": {{"Service": "{principal}"}}, "Action": "s3:PutObject",
                     "Resource": "{resource}"}}]}}"#
            )
        };
        let (bedrock, all) = ("bedrock.amazonaws.com", "arn:aws:s3:::records/*");
        for (policy, level) in [
            (Ok(policy(bedrock, all)), Level::Ok),
            (Ok(policy("s3.amazonaws.com", all)), Level::Failure),
            (Ok(policy(bedrock, "arn:aws:s3:::other/*")), Level::Failure),
            (Ok("{".to_owned()), Level::Warning),
            (Err(Unknown::Absent { action: "s3:GetBucketPolicy" }), Level::Failure),
            (Err(Unknown::Denied { action: "s3:GetBucketPolicy" }), Level::Warning),
        ] {
            let object = "arn:aws:s3:::records/invocations/AWSLogs/1/a.json.gz".to_owned();
            let records = Records { bucket: "records".into(), object, policy };
            assert_eq!(check_records(&records).level, level, "{records:?}");
        }
    }
}
