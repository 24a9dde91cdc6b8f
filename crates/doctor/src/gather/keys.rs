use serde_json::json;
use warden_control_plane::Call;

use crate::aws::{Aws, KMS, paged};
use crate::checks::keys::{Facts, Key};
use crate::subject::{Place, Subject};

pub(crate) async fn gather(aws: &Aws, subject: &Subject) -> Facts {
    let mut keys = Vec::new();
    for resource in subject.resources_of("AWS::KMS::Key") {
        let id = resource.id.as_str();
        let key = Call::rpc("TrentService.DescribeKey", &json!({"KeyId": id}));
        let policy = Call::rpc("TrentService.GetKeyPolicy", &json!({"KeyId": id, "PolicyName": "default"}));
        let grants =
            |page: Option<(&str, &str)>| Call::rpc("TrentService.ListGrants", &paged(json!({"KeyId": id}), page));
        keys.push(Key {
            name: resource.name.clone(),
            id: id.to_owned(),
            users: users(&resource.name, &subject.place),
            described: aws.ask(KMS, "kms:DescribeKey", key).await,
            policy: aws.ask(KMS, "kms:GetKeyPolicy", policy).await,
            grants: aws.list(KMS, "kms:ListGrants", "Grants", ("NextMarker", "Marker"), grants).await,
        });
    }
    Facts { account: subject.place.account.clone(), keys }
}

/// The services that need a key of the templates.
fn users(name: &str, place: &Place) -> Vec<(String, &'static str)> {
    let suffix = if place.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    match name {
        "OperationsKey" => {
            let alarms = "cloudwatch.amazonaws.com".to_owned();
            vec![(alarms.clone(), "kms:Decrypt"), (alarms, "kms:GenerateDataKey")]
        }
        "RecordsKey" => vec![
            (format!("logs.{}.{suffix}", place.region), "kms:GenerateDataKey"),
            ("bedrock.amazonaws.com".to_owned(), "kms:GenerateDataKey"),
        ],
        _ => Vec::new(),
    }
}
