use serde::Deserialize;
use warden_control_plane::{Call, path_segment};

use crate::aws::{Aws, LAMBDA};
use crate::checks::functions::{Facts, Function, Health};
use crate::subject::Subject;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
}

pub(crate) async fn gather(aws: &Aws, subject: &Subject) -> Facts {
    let mut functions = Vec::new();
    for function in &subject.functions {
        let path = format!("/2015-03-31/functions/{}", path_segment(&function.name));
        let alias = Call::rest("GET", format!("{path}/aliases/live"), None);
        let versions = aws
            .list(LAMBDA, "lambda:ListVersionsByFunction", "Versions", ("NextMarker", "Marker"), |page| {
                let page = page.map_or_else(String::new, |(name, token)| format!("?{name}={}", path_segment(token)));
                Call::rest("GET", format!("{path}/versions{page}"), None)
            })
            .await;
        functions.push(Function {
            name: function.name.clone(),
            state: function.configuration.clone().map(|configuration| Health {
                state: configuration.state,
                state_reason: configuration.state_reason,
                update: configuration.last_update_status,
                update_reason: configuration.last_update_status_reason,
            }),
            alias: aws.ask(LAMBDA, "lambda:GetAlias", alias).await,
            // `$LATEST` is no version.
            versions: versions.map(|versions: Vec<Version>| {
                versions.iter().filter_map(|version| version.version.parse().ok()).collect()
            }),
        });
    }
    Facts { functions }
}
