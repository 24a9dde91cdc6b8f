use serde::Deserialize;
use serde_json::json;
use warden_control_plane::Call;

use crate::aws::{Aws, CLOUDTRAIL};
use crate::checks::trail::{Facts, Trail};
use crate::fact::Fact;
use crate::subject::Subject;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    name: String,
    #[serde(rename = "TrailARN")]
    arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trails {
    trail_list: Vec<Listed>,
}

pub(crate) async fn gather(aws: &Aws, subject: &Subject) -> Facts {
    let by_cloudtrail = subject.parameter("UploadSource") != Some("s3-events");
    let bucket = subject.output("UploadBucketName").filter(|_| by_cloudtrail);
    Facts {
        trails: trails(aws, subject).await,
        bucket: bucket.map(|bucket| format!("arn:{}:s3:::{bucket}", subject.place.partition)),
        reads: subject.parameter("WatchReads") == Some("true"),
    }
}

/// The stack's own trail, or else all that the account has in the Region.
async fn trails(aws: &Aws, subject: &Subject) -> Fact<Vec<Trail>> {
    let own: Vec<_> = subject.resources_of("AWS::CloudTrail::Trail").map(|resource| resource.id.clone()).collect();
    if !own.is_empty() {
        let mut trails = Vec::new();
        for name in own {
            trails.push(trail(aws, name.clone(), &name, true).await);
        }
        return Ok(trails);
    }
    let call = Call::rpc(
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails",
        &json!({"includeShadowTrails": true}),
    );
    let listed: Trails = aws.ask(CLOUDTRAIL, "cloudtrail:DescribeTrails", call).await?;
    let mut trails = Vec::new();
    for Listed { name, arn } in listed.trail_list {
        trails.push(trail(aws, name, &arn, false).await);
    }
    Ok(trails)
}

async fn trail(aws: &Aws, name: String, id: &str, is_own: bool) -> Trail {
    let status =
        Call::rpc("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetTrailStatus", &json!({"Name": id}));
    let selectors = Call::rpc(
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetEventSelectors",
        &json!({"TrailName": id}),
    );
    Trail {
        name,
        is_own,
        status: aws.ask(CLOUDTRAIL, "cloudtrail:GetTrailStatus", status).await,
        selectors: aws.ask(CLOUDTRAIL, "cloudtrail:GetEventSelectors", selectors).await,
    }
}
