//! What CloudFormation asks of a custom resource.

use serde_json::Value;
use warden_core::{
    Error,
    fields::RequestFields,
    invocation_logging::{CloudWatchConfig, LoggingConfiguration, S3Config, Wish},
};

/// The name of the resource to CloudFormation. There is one logging in an
/// account and Region, so there is never another to be replaced by.
const PHYSICAL_ID: &str = "model-invocation-logging";

/// Where an answer goes, and what it has to repeat.
pub(crate) struct Envelope {
    pub(crate) response_url: String,
    pub(crate) stack_id: String,
    pub(crate) request_id: String,
    pub(crate) logical_id: String,
    pub(crate) physical_id: String,
}

impl Envelope {
    /// Reads as much as there is; `None` without an address to answer to.
    pub(crate) fn read(event: &Value) -> Option<Self> {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let response_url = text("ResponseURL");
        let physical_id = text("PhysicalResourceId");
        (!response_url.is_empty()).then(|| Self {
            response_url,
            stack_id: text("StackId"),
            request_id: text("RequestId"),
            logical_id: text("LogicalResourceId"),
            physical_id: if physical_id.is_empty() { PHYSICAL_ID.to_owned() } else { physical_id },
        })
    }
}

/// What is asked for.
pub(crate) struct Request {
    pub(crate) wish: Wish,
    pub(crate) ours: LoggingConfiguration,
    /// The name under which the configuration before ours is kept.
    pub(crate) parameter: String,
}

impl Request {
    pub(crate) fn read(event: &Value) -> Result<Self, Error> {
        let properties = RequestFields::of(&event["ResourceProperties"])
            .map_err(|_| Error::invalid("ResourceProperties", "is not a JSON object"))?;
        let parameter = properties.required("PreviousConfigurationParameter")?.to_owned();
        let wish = match event["RequestType"].as_str() {
            Some("Create" | "Update") => {
                Wish::Set { restorable_role: optional(&properties, "PreviousLoggingRoleArn")?.map(str::to_owned) }
            }
            Some("Delete") => Wish::Remove,
            _ => return Err(Error::invalid("RequestType", "is not one of Create, Update, Delete")),
        };
        let old_parameter = event["OldResourceProperties"]["PreviousConfigurationParameter"].as_str();
        if old_parameter.is_some_and(|old| old != parameter) {
            return Err(Error::invalid(
                "PreviousConfigurationParameter",
                "cannot change: what was set before is kept under it",
            ));
        }
        let bucket_name = properties.required("BucketName")?;
        let bucket = |prefix: Option<&str>| S3Config {
            bucket_name: bucket_name.to_owned(),
            key_prefix: prefix.map(str::to_owned),
        };
        let ours = LoggingConfiguration {
            cloud_watch_config: Some(CloudWatchConfig {
                log_group_name: properties.required("LogGroupName")?.to_owned(),
                role_arn: properties.required("RoleArn")?.to_owned(),
                large_data_delivery_s3_config: optional(&properties, "LargeDataKeyPrefix")?
                    .map(|prefix| bucket(Some(prefix))),
            }),
            s3_config: Some(bucket(optional(&properties, "KeyPrefix")?)),
            text_data_delivery_enabled: Some(flag(&properties, "LogText", true)?),
            image_data_delivery_enabled: Some(flag(&properties, "LogImages", false)?),
            embedding_data_delivery_enabled: Some(flag(&properties, "LogEmbeddings", false)?),
            video_data_delivery_enabled: Some(false),
            audio_data_delivery_enabled: Some(false),
        };
        Ok(Self { wish, ours, parameter })
    }
}

/// A text that may be missing or empty: a template has no other way to leave it out.
fn optional<'a>(properties: &RequestFields<'a>, name: &'static str) -> Result<Option<&'a str>, Error> {
    match properties.optional(name) {
        Err(Error::InvalidInput { problem, .. }) if problem == "is empty" => Ok(None),
        other => other,
    }
}

/// CloudFormation hands booleans on as texts.
fn flag(properties: &RequestFields<'_>, name: &'static str, default: bool) -> Result<bool, Error> {
    match optional(properties, name)? {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(Error::invalid(name, "is neither \"true\" nor \"false\"")),
    }
}
