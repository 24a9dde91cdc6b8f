//! A service, as its endpoints, its settings and its protocol name it.

use aws_smithy_types::body::SdkBody;
use aws_types::{SdkConfig, region::Region, service_config::ServiceConfigKey};

use crate::call::Body;

/// A service, as its endpoints, its settings and its protocol name it.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The service's id, which names its setting `AWS_ENDPOINT_URL_<ID>`.
    id: &'static str,
    /// The first part of its hosts' names.
    host: &'static str,
    /// What calls are signed for.
    pub(crate) signing_name: &'static str,
    /// The media type of requests.
    pub(crate) media_type: &'static str,
    /// The version of its API, which a form names.
    version: &'static str,
    /// Whether it has one endpoint for all Regions of a partition.
    global: bool,
}

impl Service {
    /// `CloudFormation`.
    pub const CLOUD_FORMATION: Self = Self::query("CloudFormation", "cloudformation", "2010-05-15");
    /// CloudWatch Logs.
    pub const CLOUD_WATCH_LOGS: Self = Self::json_1_1("CloudWatch Logs", "logs");
    /// `DynamoDB`.
    pub const DYNAMO_DB: Self = Self::json_1_0("DynamoDB", "dynamodb");
    /// EventBridge.
    pub const EVENT_BRIDGE: Self = Self::json_1_1("EventBridge", "events");
    /// Step Functions.
    pub const STEP_FUNCTIONS: Self = Self::json_1_0("SFN", "states");
    /// Lambda.
    pub const LAMBDA: Self = Self::rest_json("Lambda", "lambda");
    /// SNS.
    pub const SNS: Self = Self::query("SNS", "sns", "2010-03-31");
    /// SQS.
    pub const SQS: Self = Self::json_1_0("SQS", "sqs");

    const fn new(id: &'static str, host: &'static str, media_type: &'static str) -> Self {
        Self { id, host, signing_name: host, media_type, version: "", global: false }
    }

    /// The service's id.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// A service whose operations are named by `x-amz-target`, of version 1.0 of that protocol.
    #[must_use]
    pub const fn json_1_0(id: &'static str, host: &'static str) -> Self {
        Self::new(id, host, "application/x-amz-json-1.0")
    }

    /// The same of version 1.1.
    #[must_use]
    pub const fn json_1_1(id: &'static str, host: &'static str) -> Self {
        Self::new(id, host, "application/x-amz-json-1.1")
    }

    /// A service whose operations are methods and paths.
    #[must_use]
    pub const fn rest_json(id: &'static str, host: &'static str) -> Self {
        Self::new(id, host, "application/json")
    }

    /// A service whose operations are methods and paths, and which answers in XML.
    pub(crate) const fn rest_xml(id: &'static str, host: &'static str) -> Self {
        Self::new(id, host, "application/xml")
    }

    /// A service whose operations are forms, of this version of its API, and which answers in XML.
    #[must_use]
    pub const fn query(id: &'static str, host: &'static str, version: &'static str) -> Self {
        Self { version, ..Self::new(id, host, "application/x-www-form-urlencoded; charset=utf-8") }
    }

    /// The same service, whose calls are signed for another name than its hosts have.
    #[must_use]
    pub const fn signed_as(self, signing_name: &'static str) -> Self {
        Self { signing_name, ..self }
    }

    /// The same service, which has one endpoint for all Regions of a partition.
    #[must_use]
    pub const fn global(self) -> Self {
        Self { global: true, ..self }
    }

    /// The body of a call.
    pub(crate) fn body(&self, body: &Body) -> SdkBody {
        match body {
            Body::Json(json) => SdkBody::from(json.as_str()),
            Body::Form(form) => SdkBody::from(format!("{form}&Version={}", self.version)),
        }
    }

    /// The address that the caller names, or else the environment or the profile, for the service or for all.
    pub(crate) fn named_endpoint(self, config: &SdkConfig) -> Option<String> {
        let endpoint = || config.endpoint_url().map(str::to_owned);
        if config.get_origin("endpoint_url").is_client_config() {
            return endpoint();
        }
        let key =
            ServiceConfigKey::builder().service_id(self.id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let named = key.ok().and_then(|key| config.service_config()?.load_config(key));
        named.or_else(endpoint)
    }

    /// The service's own address for a caller in `region`.
    pub(crate) fn address(&self, region: Option<&Region>, fips: bool) -> String {
        let region = region.map_or("us-east-1", AsRef::as_ref);
        let (suffix, global_host) = match region {
            _ if region.starts_with("cn-") => ("amazonaws.com.cn", ".cn-north-1"),
            _ if region.starts_with("eusc-") => ("amazonaws.eu", ".eusc-de-east-1"),
            _ if region.starts_with("us-gov-") => ("amazonaws.com", ".us-gov"),
            _ => ("amazonaws.com", ""),
        };
        let fips = if fips { "-fips" } else { "" };
        let host = self.host;
        if self.global {
            format!("https://{host}{fips}{global_host}.{suffix}")
        } else {
            format!("https://{host}{fips}.{region}.{suffix}")
        }
    }

    /// The Region that a call from `region` is signed for.
    pub(crate) fn signing_region(&self, region: Region) -> Region {
        match region.as_ref() {
            _ if !self.global => region,
            name if name.starts_with("cn-") => Region::from_static("cn-north-1"),
            name if name.starts_with("eusc-") => Region::from_static("eusc-de-east-1"),
            name if name.starts_with("us-gov-") => Region::from_static("us-gov-west-1"),
            _ => Region::from_static("us-east-1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_where_the_callers_partition_has_it() {
        let regional = Service::json_1_1("SSM", "ssm");
        let global = Service::query("IAM", "iam", "2010-05-08").global();
        for (region, regional_address, global_address, global_region) in [
            ("eu-central-1", "https://ssm.eu-central-1.amazonaws.com", "https://iam.amazonaws.com", "us-east-1"),
            (
                "cn-north-1",
                "https://ssm.cn-north-1.amazonaws.com.cn",
                "https://iam.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
            ),
            (
                "us-gov-east-1",
                "https://ssm.us-gov-east-1.amazonaws.com",
                "https://iam.us-gov.amazonaws.com",
                "us-gov-west-1",
            ),
            (
                "eusc-de-east-1",
                "https://ssm.eusc-de-east-1.amazonaws.eu",
                "https://iam.eusc-de-east-1.amazonaws.eu",
                "eusc-de-east-1",
            ),
        ] {
            let region = Region::new(region);
            assert_eq!(regional.address(Some(&region), false), regional_address);
            assert_eq!(global.address(Some(&region), false), global_address);
            assert_eq!(regional.signing_region(region.clone()), region);
            assert_eq!(global.signing_region(region), Region::from_static(global_region));
        }
        let region = Region::from_static("us-west-2");
        assert_eq!(regional.address(Some(&region), true), "https://ssm-fips.us-west-2.amazonaws.com");
    }

    #[test]
    fn an_address_that_is_named_comes_before_the_services_own() {
        let config = SdkConfig::builder().build();
        let service = Service::json_1_1("SSM", "ssm");
        assert_eq!(service.named_endpoint(&config), None);
        let local = SdkConfig::builder().endpoint_url("http://127.0.0.1:4566").build();
        assert_eq!(service.named_endpoint(&local).as_deref(), Some("http://127.0.0.1:4566"));
    }
}
