use serde_json::json;
use warden_control_plane::Call;

use crate::aws::{API_GATEWAY, Aws, LOGS, paged};
use crate::checks::logs::{Facts, Group};
use crate::subject::{Kind, Subject};

pub(crate) async fn gather(aws: &Aws, subject: &Subject) -> Facts {
    let token = ("nextToken", "nextToken");
    let mut groups = Vec::new();
    for resource in subject.resources_of("AWS::Logs::LogGroup") {
        let name = resource.id.as_str();
        let call = |page: Option<(&str, &str)>| {
            Call::rpc("Logs_20140328.DescribeLogGroups", &paged(json!({"logGroupNamePrefix": name}), page))
        };
        groups.push(Group {
            name: name.to_owned(),
            is_of_a_function: name.starts_with("/aws/lambda/"),
            found: aws.list(LOGS, "logs:DescribeLogGroups", "logGroups", token, call).await,
        });
    }
    let mut delivered = None;
    if let Some(group) = subject.output("StateMachineLogGroupArn") {
        let call =
            |page: Option<(&str, &str)>| Call::rpc("Logs_20140328.DescribeResourcePolicies", &paged(json!({}), page));
        let policies = aws.list(LOGS, "logs:DescribeResourcePolicies", "resourcePolicies", token, call).await;
        delivered = Some((group.to_owned(), policies));
    }
    let days = subject.parameter("LogRetentionDays").and_then(|days| days.parse().ok());
    let api = match subject.kind {
        Kind::PrivateApi => Some(aws.ask(API_GATEWAY, "apigateway:GET", Call::rest("GET", "/account", None)).await),
        Kind::Audit | Kind::Chat => None,
    };
    Facts { groups, days, delivered, api }
}
