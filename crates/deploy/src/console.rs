//! Links to the Step Functions console.

/// The page of a state machine or an execution, if `arn` is one of either.
#[must_use]
pub fn url(arn: &str) -> Option<String> {
    let mut parts = arn.split(':');
    let ("arn", partition, "states", region, _account, kind) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
    else {
        return None;
    };
    let domain = match partition {
        "aws" => "console.aws.amazon.com",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        "aws-cn" => "console.amazonaws.cn",
        _ => return None,
    };
    let page = match kind {
        "stateMachine" => "statemachines/view",
        "execution" => "v2/executions/details",
        _ => return None,
    };
    Some(format!("https://{region}.{domain}/states/home?region={region}#/{page}/{arn}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stands_in_the_arns_region_and_partition() {
        let arn = "arn:aws:states:us-west-2:111122223333:execution:audit:e-1";
        assert_eq!(
            url(arn).as_deref(),
            Some(
                "https://us-west-2.console.aws.amazon.com/states/home?region=us-west-2#/v2/executions/details/arn:aws:states:us-west-2:111122223333:execution:audit:e-1"
            )
        );
        let machine = url("arn:aws-cn:states:cn-north-1:111122223333:stateMachine:audit").unwrap();
        assert!(machine.starts_with("https://cn-north-1.console.amazonaws.cn/states/home?"), "{machine}");
        assert!(machine.contains("#/statemachines/view/arn:aws-cn:"), "{machine}");
    }

    #[test]
    fn what_is_neither_machine_nor_execution_has_no_link() {
        for arn in [
            "",
            "audit",
            "arn:aws:s3:::bucket",
            "arn:aws:states:us-west-2:1:activity:a",
            "arn:aws-new:states:r:1:execution:a:b",
        ] {
            assert_eq!(url(arn), None, "{arn}");
        }
    }
}
