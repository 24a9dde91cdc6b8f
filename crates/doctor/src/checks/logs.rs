//! Whether the log groups are there and keep what they should, and whether the state machine may write to its own.

use serde::Deserialize;

use crate::checks::policy::Document;
use crate::fact::Fact;
use crate::finding::{Area, Finding, counted};

/// What is known of the stack's log groups.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) groups: Vec<Group>,
    /// How long they are to keep entries, in days, by the stack's parameter.
    pub(crate) days: Option<u64>,
    /// The log group that another service delivers to, by its ARN, and the policies that let it.
    pub(crate) delivered: Option<(String, Fact<Vec<ResourcePolicy>>)>,
    /// API Gateway's settings of the account, of a stack with an API.
    pub(crate) api: Option<Fact<ApiAccount>>,
}

/// What API Gateway's `GetAccount` answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ApiAccount {
    cloudwatch_role_arn: Option<String>,
}

/// A log group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// Whether the parameter for functions' logs holds for it.
    pub(crate) is_of_a_function: bool,
    pub(crate) found: Fact<Vec<LogGroup>>,
}

/// A member of what `DescribeLogGroups` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogGroup {
    log_group_name: String,
    retention_in_days: Option<u64>,
}

/// A member of what `DescribeResourcePolicies` answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourcePolicy {
    policy_document: Option<String>,
}

pub(crate) fn check(facts: &Facts) -> Vec<Finding> {
    const AREA: Area = Area::Logs;
    let mut findings: Vec<_> = facts.groups.iter().filter_map(|group| check_group(group, facts.days)).collect();
    let ok = facts.groups.len() - findings.len();
    if ok > 0 {
        findings.insert(0, Finding::ok(AREA, format!("{} there and will not keep entries for ever", counted_are(ok))));
    }
    if let Some((group, policies)) = &facts.delivered {
        findings.push(check_delivery(group, policies));
    }
    findings.extend(facts.api.as_ref().map(check_api));
    findings
}

fn check_api(account: &Fact<ApiAccount>) -> Finding {
    const AREA: Area = Area::Logs;
    match account {
        Ok(ApiAccount { cloudwatch_role_arn: Some(role) }) if !role.is_empty() => {
            Finding::ok(AREA, format!("API Gateway writes the access log as {role}"))
        }
        Ok(_) => Finding::warning(
            AREA,
            "API Gateway has no role to write logs with in this account and Region: the access log stays empty",
            "Deploy with CreateApiGatewayAccount=true",
        ),
        Err(unknown) => unknown.finding(AREA, "the role that API Gateway writes logs with"),
    }
}

fn counted_are(count: usize) -> String {
    format!("{} {}", counted(count, "log group"), if count == 1 { "is" } else { "are" })
}

fn check_group(group: &Group, days: Option<u64>) -> Option<Finding> {
    const AREA: Area = Area::Logs;
    let name = &group.name;
    let found = match &group.found {
        Ok(found) => found.iter().find(|found| found.log_group_name == *name),
        Err(unknown) => return Some(unknown.finding(AREA, &format!("the log group {name}"))),
    };
    let Some(found) = found else {
        let said = format!("the log group {name} does not exist: its function's logs and metrics go nowhere");
        return Some(Finding::failure(
            AREA,
            said,
            format!("Run `aws logs create-log-group --log-group-name {name}`, and find out who deleted it"),
        ));
    };
    let wanted = days.filter(|_| group.is_of_a_function);
    let remedy =
        |days: u64| format!("Run `aws logs put-retention-policy --log-group-name {name} --retention-in-days {days}`");
    match (found.retention_in_days, wanted) {
        (None, wanted) => Some(Finding::warning(
            AREA,
            format!("the log group {name} keeps its entries for ever"),
            remedy(wanted.unwrap_or(30)),
        )),
        (Some(found), Some(wanted)) if found != wanted => Some(Finding::warning(
            AREA,
            format!("the log group {name} keeps its entries {found} days, and LogRetentionDays is {wanted}"),
            remedy(wanted),
        )),
        _ => None,
    }
}

fn check_delivery(group: &str, policies: &Fact<Vec<ResourcePolicy>>) -> Finding {
    const AREA: Area = Area::Logs;
    let policies = match policies {
        Ok(policies) => policies,
        Err(unknown) => return unknown.finding(AREA, "the policy that lets the state machine log"),
    };
    let stream = format!("{}:log-stream:x", group.trim_end_matches(":*"));
    let lets = policies
        .iter()
        .filter_map(|policy| Document::parse(policy.policy_document.as_deref()?))
        .any(|document| document.allows("delivery.logs.amazonaws.com", "logs:PutLogEvents", &stream));
    if lets {
        Finding::ok(AREA, "the state machine may write its log")
    } else {
        Finding::warning(
            AREA,
            "no resource policy of CloudWatch Logs lets delivery.logs.amazonaws.com write the state machine's log, which may stay empty",
            "`warden deploy apply` has Step Functions make one: run it again, and see `aws logs describe-resource-policies` (an account has ten at most)",
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Level;
    use crate::fact::Unknown;

    const NAME: &str = "/aws/lambda/audit-pii-detector";
    const GROUP: &str = "arn:aws:logs:us-west-2:111122223333:log-group:/aws/vendedlogs/states/audit:*";

    fn group(days: Option<u64>) -> Group {
        let longer = json!({"logGroupName": format!("{NAME}-2"), "retentionInDays": 1});
        let group = json!({"logGroupName": NAME, "retentionInDays": days, "storedBytes": 0});
        let found = serde_json::from_value(json!([longer, group])).unwrap();
        Group { name: NAME.into(), is_of_a_function: true, found: Ok(found) }
    }

    fn found(group: Group) -> (Level, String) {
        let findings = check(&Facts { groups: vec![group], days: Some(30), delivered: None, api: None });
        (findings[0].level, findings[0].said.clone())
    }

    #[test]
    fn a_log_group_that_is_gone_or_keeps_too_long_is_told() {
        let denied = Unknown::Denied { action: "logs:DescribeLogGroups" };
        for (group, level, said) in [
            (group(Some(30)), Level::Ok, "1 log group is there and will not keep entries for ever"),
            (group(None), Level::Warning, "the log group /aws/lambda/audit-pii-detector keeps its entries for ever"),
            (
                group(Some(3653)),
                Level::Warning,
                "the log group /aws/lambda/audit-pii-detector keeps its entries 3653 days, and LogRetentionDays is 30",
            ),
            (
                Group { found: Ok(vec![]), ..group(None) },
                Level::Failure,
                "the log group /aws/lambda/audit-pii-detector does not exist: its function's logs and metrics go nowhere",
            ),
            (
                Group { found: Err(denied), ..group(None) },
                Level::Warning,
                "the log group /aws/lambda/audit-pii-detector could not be looked at: your credentials may not call logs:DescribeLogGroups",
            ),
            (
                Group { is_of_a_function: false, ..group(Some(365)) },
                Level::Ok,
                "1 log group is there and will not keep entries for ever",
            ),
        ] {
            assert_eq!(found(group), (level, said.to_owned()));
        }
    }

    #[test]
    fn an_api_whose_account_has_no_role_for_logs_is_told() {
        for (account, level) in [
            (Ok(json!({"cloudwatchRoleArn": "arn:aws:iam::111122223333:role/a"})), Level::Ok),
            (Ok(json!({"throttleSettings": {}})), Level::Warning),
            (Err(Unknown::Denied { action: "apigateway:GET" }), Level::Warning),
        ] {
            let account = account.map(|account| serde_json::from_value(account).unwrap());
            assert_eq!(check_api(&account).level, level, "{account:?}");
        }
    }

    #[test]
    fn the_state_machine_writes_its_log_by_a_resource_policy() {
        let policy = |resource: &str| {
            let document = json!({"Version": "2012-10-17", "Statement": [{"Sid": "AWSLogDeliveryWrite", "Effect": "Allow",
                "Principal": {"Service": "delivery.logs.amazonaws.com"},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": [resource]}]});
            vec![ResourcePolicy { policy_document: Some(document.to_string()) }]
        };
        let vended = "arn:aws:logs:us-west-2:111122223333:log-group:/aws/vendedlogs/states/audit:log-stream:*";
        for (policies, level) in [
            (Ok(policy(vended)), Level::Ok),
            (Ok(policy("*")), Level::Ok),
            (Ok(policy("arn:aws:logs:us-west-2:111122223333:log-group:/other:log-stream:*")), Level::Warning),
            (Ok(vec![]), Level::Warning),
            (Err(Unknown::Denied { action: "logs:DescribeResourcePolicies" }), Level::Warning),
        ] {
            assert_eq!(check_delivery(GROUP, &policies).level, level, "{policies:?}");
        }
    }
}
