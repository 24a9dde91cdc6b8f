//! Pages of the AWS console, in the partition that the execution runs in.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// What stands in a link as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// An execution of the state machine, by its ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Execution<'a> {
    /// Its ARN, or what came instead of one.
    pub arn: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The partition, such as `aws-cn`; empty if it cannot be read.
    pub partition: &'a str,
    /// Where it runs; empty if it cannot be read.
    pub region: &'a str,
    /// In whose account; empty if it cannot be read.
    pub account: &'a str,
}

/// Where people look for more. Each link is one line, whatever the event holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Links {
    /// The execution that audited the event.
    pub execution: Option<String>,
    /// The version of the object, while it is there.
    pub object: Option<String>,
    /// The call in `CloudTrail`'s event history, which holds management events alone.
    pub cloudtrail: Option<String>,
}

impl<'a> Execution<'a> {
    /// Reads an ARN.
    pub(super) fn read(arn: &'a str) -> Self {
        // arn:PARTITION:states:REGION:ACCOUNT:execution:STATE_MACHINE:NAME
        let parts: Vec<_> = arn.splitn(8, ':').collect();
        let &["arn", partition, "states", region, account, "execution", _, name] = parts.as_slice() else {
            return Self { arn, name: arn, partition: "", region: "", account: "" };
        };
        Self { arn, name, partition, region, account }
    }

    /// Its page.
    pub(super) fn page(self) -> Option<String> {
        let console = self.console(self.region)?;
        Some(format!("{console}/states/home?region={}#/v2/executions/details/{}", self.region, self.arn))
    }

    /// The page of an object, or of one of its versions.
    pub(super) fn object_page(self, region: &str, bucket: &str, key: &str, version: Option<&str>) -> Option<String> {
        let escaped = |text| utf8_percent_encode(text, ESCAPED);
        let console = self.console(region)?;
        let version = version.map(|version| format!("&versionId={}", escaped(version))).unwrap_or_default();
        Some(format!("{console}/s3/object/{}?region={region}&prefix={}{version}", escaped(bucket), escaped(key)))
    }

    /// The page of an event in `CloudTrail`'s event history.
    pub(super) fn event_page(self, region: &str, event_id: &str) -> Option<String> {
        let console = self.console(region)?;
        Some(format!("{console}/cloudtrailv2/home?region={region}#/events/{}", utf8_percent_encode(event_id, ESCAPED)))
    }

    fn console(self, region: &str) -> Option<String> {
        let host = match self.partition {
            "aws" => "console.aws.amazon.com",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            "aws-cn" => "console.amazonaws.cn",
            _ => return None,
        };
        is_region(region).then(|| format!("https://{region}.{host}"))
    }
}

/// Whether a text may be a Region's name: it stands in host names and commands.
pub(super) fn is_region(text: &str) -> bool {
    (4..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lie_in_the_partitions_console() {
        for (partition, region, console) in [
            ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
            ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
            ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ] {
            let arn = format!("arn:{partition}:states:{region}:111122223333:execution:security-audit:e-1");
            let execution = Execution::read(&arn);
            assert_eq!((execution.name, execution.account), ("e-1", "111122223333"));
            let page = format!("https://{console}/states/home?region={region}#/v2/executions/details/{arn}");
            assert_eq!(execution.page(), Some(page));
            let object = execution.object_page(region, "uploads", "gate 3/한.png", Some("v+1"));
            let expected = format!(
                "https://{console}/s3/object/uploads?region={region}&prefix=gate%203/%ED%95%9C.png&versionId=v%2B1"
            );
            assert_eq!(object, Some(expected));
            let event = format!("https://{console}/cloudtrailv2/home?region={region}#/events/0c06e2ff-1");
            assert_eq!(execution.event_page(region, "0c06e2ff-1"), Some(event));
        }
    }

    #[test]
    fn what_is_no_execution_has_no_page() {
        for arn in ["", "e-1", "arn:aws:s3:::bucket", "arn:elsewhere:states:r:1:execution:m:e-1"] {
            assert_eq!(Execution::read(arn).page(), None, "{arn}");
        }
    }

    #[test]
    fn a_region_that_is_none_leads_nowhere() {
        let execution = Execution::read("arn:aws:states:us-west-2:111122223333:execution:m:e-1");
        for region in ["", "evil.example/", "US-WEST-2", "us-west-2.evil", &"a".repeat(40)] {
            assert_eq!(execution.event_page(region, "e"), None, "{region}");
        }
    }
}
