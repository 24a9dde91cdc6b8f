//! A whole stack, looked at by recorded answers of AWS.
#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use aws_types::SdkConfig;
use serde_json::{Value, json};
use warden_doctor::{Area, Doctor, Level, Report};
use warden_test_support::{Answer, RecordedAws};

const MACHINE: &str = "arn:aws:states:us-west-2:111122223333:stateMachine:audit";
const MODEL: &str = "us.anthropic.claude-haiku-5-5";

/// An operation, as its protocol names it: by target, by form, or by method and path.
fn operation(request: &aws_smithy_runtime_api::client::orchestrator::HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
    if let Some(action) = body.split('&').find_map(|field| field.strip_prefix("Action=")) {
        return action.to_owned();
    }
    let path = request.uri().splitn(4, '/').nth(3).unwrap_or_default();
    format!("{} /{path}", request.method())
}

fn body_of(request: &aws_smithy_runtime_api::client::orchestrator::HttpRequest) -> Value {
    serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default()
}

fn pairs(kind: &str, pairs: &[(&str, &str)]) -> String {
    let member = |(key, value): &(&str, &str)| {
        format!("<member><{kind}Key>{key}</{kind}Key><{kind}Value>{value}</{kind}Value></member>")
    };
    pairs.iter().map(member).collect()
}

fn stack(outputs: &[(&str, &str)], parameters: &[(&str, &str)]) -> String {
    format!(
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName>\
         <StackId>arn:aws:cloudformation:us-west-2:111122223333:stack/s/1</StackId>\
         <CreationTime>2026-11-01T10:00:00Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus>\
         <Outputs>{}</Outputs><Parameters>{}</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
        pairs("Output", outputs),
        pairs("Parameter", parameters)
    )
}

fn resources(resources: &[(&str, &str, &str)]) -> String {
    let member = |(name, kind, id): &(&str, &str, &str)| {
        format!(
            "<member><LogicalResourceId>{name}</LogicalResourceId><ResourceType>{kind}</ResourceType>\
             <PhysicalResourceId>{id}</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>"
        )
    };
    let members: String = resources.iter().map(member).collect();
    format!(
        "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>{members}</StackResourceSummaries>\
         </ListStackResourcesResult></ListStackResourcesResponse>"
    )
}

/// An audit in which everything is well.
fn audit(operation: &str, asked: &Value) -> Option<String> {
    let function = |name: &str| format!("arn:aws:lambda:us-west-2:111122223333:function:s-{name}:live");
    Some(match operation {
        "DescribeStacks" => stack(
            &[
                ("StateMachineName", "audit"),
                ("StateMachineRoleArn", "arn:aws:iam::111122223333:role/audit"),
                ("StateMachineLogGroupArn", "arn:aws:logs:us-west-2:111122223333:log-group:/aws/vendedlogs/states/audit:*"),
                ("BackfillMachineName", "audit-backfill"),
                ("BackfillMachineRoleArn", "arn:aws:iam::111122223333:role/audit-backfill"),
                (
                    "BackfillMachineLogGroupArn",
                    "arn:aws:logs:us-west-2:111122223333:log-group:/aws/vendedlogs/states/audit-backfill:*",
                ),
                ("PiiDetectorArn", &function("pii-detector")),
                ("AlertComposerArn", &function("alert-composer")),
                ("UploadBucketName", "uploads"),
                ("AlertTopicArn", "arn:aws:sns:us-west-2:111122223333:alerts"),
                ("DeadLetterQueueUrl", "https://sqs.us-west-2.amazonaws.com/111122223333/dead"),
            ],
            &[("UploadSource", "cloudtrail"), ("LogRetentionDays", "30"), ("PiiDetectorConcurrency", "0"), ("SweepSchedule", "rate(7 days)")],
        ),
        "ListStackResources" => resources(&[
            ("Trail", "AWS::CloudTrail::Trail", "s"),
            ("UploadRule", "AWS::Events::Rule", "s-UploadRule-1"),
            ("ReplayRule", "AWS::Events::Rule", "s-replay|s-ReplayRule-1"),
            ("SweepRule", "AWS::Events::Rule", "s-SweepRule-1"),
            ("PiiDetectorLogGroup", "AWS::Logs::LogGroup", "/aws/lambda/s-pii-detector"),
            ("OperationsKey", "AWS::KMS::Key", "1234"),
        ]),
        "GET /2015-03-31/functions/s-pii-detector/configuration?Qualifier=live" => json!({
            "FunctionName": "s-pii-detector", "State": "Active", "LastUpdateStatus": "Successful", "Version": "7",
            "Environment": {"Variables": {"MODEL_ID": MODEL, "INPUT_TOKEN_PRICE": "0.11", "OUTPUT_TOKEN_PRICE": "0.55"}}})
        .to_string(),
        "GET /2015-03-31/functions/s-alert-composer/configuration?Qualifier=live" => {
            json!({"FunctionName": "s-alert-composer", "State": "Active", "Version": "7"}).to_string()
        }
        "GET /2015-03-31/functions/s-pii-detector/aliases/live" | "GET /2015-03-31/functions/s-alert-composer/aliases/live" => {
            json!({"Name": "live", "FunctionVersion": "7"}).to_string()
        }
        "GET /2015-03-31/functions/s-pii-detector/versions" | "GET /2015-03-31/functions/s-alert-composer/versions" => {
            json!({"NextMarker": "a/b", "Versions": [{"Version": "$LATEST"}, {"Version": "6"}]}).to_string()
        }
        "GET /2015-03-31/functions/s-pii-detector/versions?Marker=a%2Fb"
        | "GET /2015-03-31/functions/s-alert-composer/versions?Marker=a%2Fb" => {
            json!({"NextMarker": null, "Versions": [{"Version": "7"}]}).to_string()
        }
        "GET /2019-09-30/functions/s-pii-detector/concurrency" | "GET /logging/modelinvocations" => "{}".into(),
        "GET /2016-08-19/account-settings" => {
            json!({"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}}).to_string()
        }
        "GET /inference-profiles/us.anthropic.claude-haiku-5-5" => json!({"inferenceProfileId": MODEL, "status": "ACTIVE",
            "models": [{"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-5-5"}]})
        .to_string(),
        "GET /foundation-models/anthropic.claude-haiku-5-5" => {
            json!({"modelDetails": {"modelName": "Claude Haiku 5.5", "modelLifecycle": {"status": "ACTIVE"}}}).to_string()
        }
        "GET /foundation-model-availability/anthropic.claude-haiku-5-5" => json!({"modelId": "m",
            "agreementAvailability": {"status": "AVAILABLE"}, "authorizationStatus": "AUTHORIZED",
            "entitlementAvailability": "AVAILABLE", "regionAvailability": "AVAILABLE"})
        .to_string(),
        "POST /model/us.anthropic.claude-haiku-5-5/invoke" => {
            assert_eq!((&asked["anthropic_version"], &asked["max_tokens"]), (&json!("bedrock-2023-05-31"), &json!(16)));
            json!({"content": [{"type": "text", "text": "Yes."}], "usage": {"input_tokens": 10, "output_tokens": 4}}).to_string()
        }
        _ => return audited(operation, asked),
    })
}

/// What watches and tells, in an audit in which everything is well.
fn audited(operation: &str, asked: &Value) -> Option<String> {
    Some(match operation {
        _ if operation.starts_with("GET /?versioning") => {
            "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>".into()
        }
        "LookupEvents" => json!({"Events": []}).to_string(),
        "DescribeStateMachine" => {
            let arn = asked["stateMachineArn"].as_str().unwrap();
            let name = arn.rsplit(':').next().unwrap();
            assert!(matches!(name, "audit" | "audit-backfill"), "{arn}");
            let group = format!("arn:aws:logs:us-west-2:111122223333:log-group:/aws/vendedlogs/states/{name}:*");
            json!({"stateMachineArn": arn, "roleArn": format!("arn:aws:iam::111122223333:role/{name}"),
                "loggingConfiguration": {"level": "ERROR", "includeExecutionData": false,
                    "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}})
            .to_string()
        }
        "DescribeStateMachineAlias" => {
            let machine = asked["stateMachineAliasArn"].as_str().unwrap().strip_suffix(":live").unwrap();
            json!({"routingConfiguration": [{"stateMachineVersionArn": format!("{machine}:4"), "weight": 100}]}).to_string()
        }
        "ListStateMachineVersions" => {
            let version = format!("{}:4", asked["stateMachineArn"].as_str().unwrap());
            json!({"stateMachineVersions": [{"stateMachineVersionArn": version, "creationDate": 1.0}]}).to_string()
        }
        "ListExecutions" => json!({"executions": [{"status": "SUCCEEDED", "startDate": 1.0}]}).to_string(),
        "GetTrailStatus" => json!({"IsLogging": true}).to_string(),
        "GetEventSelectors" => json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::uploads/"]}]}]})
        .to_string(),
        "DescribeRule" => {
            let on_the_replay_bus = asked["Name"] == "s-ReplayRule-1";
            assert_eq!(asked["EventBusName"], if on_the_replay_bus { json!("s-replay") } else { json!(null) });
            json!({"State": "ENABLED"}).to_string()
        }
        "ListTargetsByRule" => {
            let of = if asked["Rule"] == "s-SweepRule-1" { "-backfill" } else { "" };
            json!({"Targets": [{"Id": "a", "Arn": format!("{MACHINE}{of}:live"),
                "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-west-2:111122223333:dead"}}]})
            .to_string()
        }
        "ListSubscriptionsByTopic" => "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions><member>\
            <TopicArn>t</TopicArn><Protocol>email</Protocol><SubscriptionArn>arn:aws:sns:x</SubscriptionArn><Owner>1</Owner>\
            <Endpoint>a@example.com</Endpoint></member></Subscriptions></ListSubscriptionsByTopicResult>\
            </ListSubscriptionsByTopicResponse>"
            .into(),
        "GetQueueAttributes" => {
            json!({"Attributes": {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0"}}).to_string()
        }
        "ListServiceQuotas" => json!({"Quotas": [
            {"QuotaName": "Cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5", "Value": 4e6}]})
        .to_string(),
        "DescribeLogGroups" => {
            json!({"logGroups": [{"logGroupName": "/aws/lambda/s-pii-detector", "retentionInDays": 30}]}).to_string()
        }
        "DescribeResourcePolicies" => json!({"resourcePolicies": [{"policyName": "AWSLogDeliveryWrite20150319", "policyDocument":
            r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}}"#}]})
        .to_string(),
        "DescribeKey" => json!({"KeyMetadata": {"KeyId": "1234", "Arn": "arn:aws:kms:us-west-2:111122223333:key/1234", "KeyState": "Enabled"}})
            .to_string(),
        "GetKeyPolicy" => json!({"Policy": r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"}]}"#})
        .to_string(),
        "ListGrants" => json!({"Grants": [], "Truncated": false}).to_string(),
        _ => return None,
    })
}

/// An account that answers as `answers` says, and refuses what it says nothing of.
fn account(answers: impl Fn(&str, &Value) -> Option<String> + Send + 'static) -> RecordedAws {
    RecordedAws::answering_by(move |request| match answers(&operation(request), &body_of(request)) {
        Some(body) => Answer::new(200, body),
        // S3 refuses in XML.
        None if operation(request).starts_with("GET /?") => {
            Answer::new(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
        }
        None => Answer::new(
            403,
            r#"{"__type": "AccessDeniedException", "message": "User: u is not authorized to perform: it"}"#,
        ),
    })
}

async fn report(config: &SdkConfig, call_models: bool) -> Report {
    let doctor = Doctor::new(config);
    let patient = doctor.stack("s").await.unwrap();
    doctor.report(&patient, call_models).await
}

#[tokio::test]
async fn an_audit_in_which_everything_is_well_is_ok_in_every_area() {
    let aws = account(audit);
    let report = report(&aws.config(), true).await;
    assert!(report.findings.iter().all(|finding| finding.level == Level::Ok), "{report:#?}");
    let mut areas: Vec<_> = report.findings.iter().map(|finding| finding.area).collect();
    areas.dedup();
    assert_eq!(
        areas,
        [
            Area::Models,
            Area::Functions,
            Area::Buckets,
            Area::StateMachine,
            Area::Trail,
            Area::Rules,
            Area::Alerts,
            Area::DeadLetters,
            Area::Quotas,
            Area::Logs,
            Area::Keys,
            Area::InvocationLogging
        ]
    );
    let invoked = |operation: &str| operation.ends_with("/invoke");
    assert_eq!(aws.requests().iter().filter(|request| invoked(&self::operation(request))).count(), 1);
}

#[tokio::test]
async fn without_a_call_no_model_is_asked_and_its_price_is_said_before() {
    let aws = account(audit);
    let doctor = Doctor::new(&aws.config());
    let patient = doctor.stack("s").await.unwrap();
    let calls = patient.trial_calls().unwrap();
    assert_eq!(calls.models, [MODEL]);
    assert!(calls.dollars.is_some_and(|dollars| dollars > 0.0 && dollars < 0.001), "{calls}");
    let report = doctor.report(&patient, false).await;
    assert_eq!(report.count(Level::Failure), 0);
    assert!(aws.requests().iter().all(|request| !operation(request).ends_with("/invoke")));
}

#[tokio::test]
async fn what_may_not_be_looked_at_is_a_warning_that_names_the_action_and_never_ok() {
    let aws = account(|operation, asked| (operation == "DescribeStacks").then(|| audit(operation, asked)).flatten());
    let report = report(&aws.config(), true).await;
    assert!(!report.findings.is_empty());
    let rights = include_str!("../../../docs/deploy.md");
    let rights = rights.lines().find(|line| line.starts_with("| `warden doctor` |")).unwrap();
    for finding in &report.findings {
        assert_eq!(finding.level, Level::Warning, "{finding}");
        let action = finding.said.rsplit(' ').next().unwrap();
        assert!(action.contains(':') && finding.remedy.as_ref().unwrap().contains(action), "{finding}");
        assert!(rights.contains(&format!("`{action}`")), "docs/deploy.md does not list {action}");
    }
}

#[tokio::test]
async fn whatever_one_operation_is_refused_the_rest_is_looked_at() {
    let aws = account(audit);
    let all = report(&aws.config(), true).await;
    let mut operations: Vec<_> = aws.requests().iter().map(operation).collect();
    operations.sort_unstable();
    operations.dedup();
    for refused in operations.into_iter().filter(|operation| operation != "DescribeStacks") {
        let but = refused.clone();
        let aws = account(move |operation, asked| if operation == but { None } else { audit(operation, asked) });
        let report = report(&aws.config(), true).await;
        assert!(report.count(Level::Warning) > 0, "{refused}: {report:#?}");
        assert_eq!(report.count(Level::Failure), 0, "{refused}: {report:#?}");
        assert!(report.count(Level::Ok) * 2 > all.findings.len(), "{refused}: {report:#?}");
    }
}

#[tokio::test]
async fn the_private_api_and_the_chat_are_looked_at_too() {
    let arn = |name: &str| format!("arn:aws:lambda:us-west-2:111122223333:function:s-{name}:live");
    let logging = json!({"loggingConfig": {"s3Config": {"bucketName": "theirs"}, "textDataDeliveryEnabled": true}});
    for (output, name, wanted) in
        [("GenerateApiArn", "pii-detector", Level::Failure), ("BedrockStreamArn", "pii-detector", Level::Ok)]
    {
        let (function, logging) = (arn(name), logging.to_string());
        let aws = account(move |operation, asked| match operation {
            "DescribeStacks" => Some(stack(
                &[(output, &function), ("InvocationLogBucketName", "ours")],
                &[("CreateInvocationLogging", "true"), ("LogText", "true"), ("LogImages", "false")],
            )),
            "GET /logging/modelinvocations" => Some(logging.clone()),
            "GET /account" => Some(json!({"cloudwatchRoleArn": "arn:aws:iam::111122223333:role/api-logs"}).to_string()),
            "LookupEvents" => Some(json!({"Events": [{"Username": "alice", "EventTime": 1.7936e9}]}).to_string()),
            other => audit(other, asked),
        });
        let report = report(&aws.config(), true).await;
        let logging = report.findings.iter().find(|finding| finding.area == Area::InvocationLogging).unwrap();
        assert_eq!(logging.level, wanted, "{logging}");
        assert!(logging.said.contains("set by alice on 2026-11-0"), "{logging}");
        assert!(!report.findings.iter().any(|finding| finding.area == Area::Trail), "{report:#?}");
    }
}

#[tokio::test]
async fn a_stack_that_is_none_of_ours_is_an_error_that_says_what_it_lacks() {
    let aws = account(|operation, _| (operation == "DescribeStacks").then(|| stack(&[("WebsiteUrl", "x")], &[])));
    let error = Doctor::new(&aws.config()).stack("s").await.unwrap_err().to_string();
    assert!(error.contains("StateMachineName, GenerateApiArn and BedrockStreamArn"), "{error}");
}
