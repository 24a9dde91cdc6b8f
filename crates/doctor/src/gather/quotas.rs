use std::collections::BTreeMap;

use serde_json::json;
use warden_control_plane::{Call, path_segment};

use crate::aws::{Aws, LAMBDA, SERVICE_QUOTAS, paged};
use crate::checks::models;
use crate::checks::quotas::{Facts, ModelQuotas, Quota, Reserved, Scope};
use crate::fact::Fact;
use crate::model_use::ModelUse;
use crate::subject::Subject;

/// The functions that a stack may reserve concurrency for, by the end of their names.
const RESERVED: [(&str, &str); 2] =
    [("-pii-detector", "PiiDetectorConcurrency"), ("-generate-stream", "StreamConcurrency")];

pub(crate) async fn gather(aws: &Aws, subject: &Subject, uses: &[ModelUse], models: &models::Facts) -> Facts {
    let settings = Call::rest("GET", "/2016-08-19/account-settings", None);
    let mut reserved = Vec::new();
    for function in &subject.functions {
        let Some((_, parameter)) = RESERVED.into_iter().find(|(end, _)| function.name.ends_with(end)) else { continue };
        let path = format!("/2019-09-30/functions/{}/concurrency", path_segment(&function.name));
        reserved.push(Reserved {
            function: function.name.clone(),
            parameter,
            wanted: subject.parameter(parameter).and_then(|value| value.parse().ok()).unwrap_or(0),
            found: aws.ask(LAMBDA, "lambda:GetFunctionConcurrency", Call::rest("GET", path, None)).await,
        });
    }
    let mut by_region: BTreeMap<&str, Fact<Vec<Quota>>> = BTreeMap::new();
    let mut found = Vec::new();
    for (model, facts) in uses.iter().zip(&models.models) {
        if !by_region.contains_key(model.region.as_str()) {
            by_region.insert(&model.region, quotas(&aws.in_region(&model.region)).await);
        }
        let Some(quotas) = by_region.get(model.region.as_str()) else { continue };
        found.push(ModelQuotas {
            id: model.id.clone(),
            name: facts.foundation.as_ref().ok().and_then(|foundation| foundation.name()).map(str::to_owned),
            scope: Scope::of(&model.id),
            tokens_a_call: model.tokens_a_call,
            quotas: quotas.clone(),
        });
    }
    Facts { lambda: aws.ask(LAMBDA, "lambda:GetAccountSettings", settings).await, reserved, models: found }
}

/// Bedrock's quotas in a Region: some hundreds.
async fn quotas(aws: &Aws) -> Fact<Vec<Quota>> {
    let call = |page: Option<(&str, &str)>| {
        let body = paged(json!({"ServiceCode": "bedrock", "MaxResults": 100}), page);
        Call::rpc("ServiceQuotasV20190624.ListServiceQuotas", &body)
    };
    let token = ("NextToken", "NextToken");
    aws.list(SERVICE_QUOTAS, "servicequotas:ListServiceQuotas", "Quotas", token, call).await
}
