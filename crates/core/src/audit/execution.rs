//! An execution of the state machine, by its ARN.

/// Its name and its page in the console; what cannot be read is left out.
pub(super) fn name_and_page(arn: &str) -> (&str, Option<String>) {
    // arn:PARTITION:states:REGION:ACCOUNT:execution:STATE_MACHINE:NAME
    let parts: Vec<_> = arn.splitn(8, ':').collect();
    let &["arn", partition, "states", region, _, "execution", _, name] = parts.as_slice() else {
        return (arn, None);
    };
    let console = match partition {
        "aws" => "console.aws.amazon.com",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        "aws-cn" => "console.amazonaws.cn",
        _ => return (name, None),
    };
    (name, Some(format!("https://{region}.{console}/states/home?region={region}#/v2/executions/details/{arn}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_has_a_page_in_its_partitions_console() {
        for (partition, region, console) in [
            ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
            ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
            ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ] {
            let arn = format!("arn:{partition}:states:{region}:111122223333:execution:security-audit:e-1");
            let page = format!("https://{console}/states/home?region={region}#/v2/executions/details/{arn}");
            assert_eq!(name_and_page(&arn), ("e-1", Some(page)));
        }
    }

    #[test]
    fn what_is_no_execution_has_no_page() {
        for arn in ["", "e-1", "arn:aws:s3:::bucket", "arn:elsewhere:states:r:1:execution:m:e-1"] {
            assert_eq!(name_and_page(arn).1, None, "{arn}");
        }
    }
}
