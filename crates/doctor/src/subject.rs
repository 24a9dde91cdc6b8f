//! The stack that is looked at: which of the systems it is, and what it owns.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use warden_control_plane::{Call, path_segment};
use warden_deploy::Stack;

use crate::aws::{Aws, CLOUDFORMATION, LAMBDA};
use crate::fact::Fact;

/// Which of the systems a stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The audit of uploads and risky calls.
    Audit,
    /// The private API.
    PrivateApi,
    /// The streaming chat.
    Chat,
}

impl Kind {
    /// The kind by the outputs that it alone has.
    pub(crate) fn of(outputs: &BTreeMap<String, String>) -> Option<Self> {
        let kinds =
            [("StateMachineName", Self::Audit), ("GenerateApiArn", Self::PrivateApi), ("BedrockStreamArn", Self::Chat)];
        kinds.into_iter().find_map(|(output, kind)| outputs.contains_key(output).then_some(kind))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audit => "the audit",
            Self::PrivateApi => "the private API",
            Self::Chat => "the streaming chat",
        })
    }
}

/// The stack that is looked at.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) stack: Stack,
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    pub(crate) resources: Fact<Vec<Resource>>,
    pub(crate) functions: Vec<Function>,
}

/// Where a stack is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) partition: String,
    pub(crate) region: String,
    pub(crate) account: String,
}

impl Place {
    /// Of `arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/ID`.
    pub(crate) fn of(stack_id: &str) -> Option<Self> {
        let mut parts = stack_id.split(':');
        let ("arn", partition, "cloudformation", region, account) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
        else {
            return None;
        };
        Some(Self { partition: partition.into(), region: region.into(), account: account.into() })
    }
}

/// Something that a stack owns.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Resource {
    #[serde(rename = "LogicalResourceId")]
    pub(crate) name: String,
    #[serde(rename = "ResourceType")]
    pub(crate) kind: String,
    #[serde(rename = "PhysicalResourceId", default)]
    pub(crate) id: String,
}

/// A function of the stack, as its alias `live` runs it.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) configuration: Fact<Configuration>,
}

/// What a function runs with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Configuration {
    pub(crate) state: Option<String>,
    pub(crate) state_reason: Option<String>,
    pub(crate) last_update_status: Option<String>,
    pub(crate) last_update_status_reason: Option<String>,
    environment: Environment,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Environment {
    variables: BTreeMap<String, String>,
}

impl Configuration {
    /// A setting of the function, if it has a value.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.environment.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    #[cfg(test)]
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let variables = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { environment: Environment { variables }, ..Self::default() }
    }
}

impl Subject {
    /// What is there to be looked at. `None` of a stack that is none of the systems.
    pub(crate) async fn read(aws: &Aws, stack: Stack) -> Option<Self> {
        let (kind, place) = (Kind::of(&stack.outputs)?, Place::of(&stack.id)?);
        let resources = resources(aws, &stack.name).await;
        let mut functions = Vec::new();
        for arn in stack.outputs.values().filter(|value| value.contains(":function:")) {
            let Some(name) = arn.split(':').nth(6) else { continue };
            let path = format!("/2015-03-31/functions/{}/configuration?Qualifier=live", path_segment(name));
            let configuration = aws.ask(LAMBDA, "lambda:GetFunctionConfiguration", Call::rest("GET", path, None)).await;
            functions.push(Function { name: name.to_owned(), configuration });
        }
        Some(Self { stack, kind, place, resources, functions })
    }

    pub(crate) fn output(&self, name: &str) -> Option<&str> {
        self.stack.outputs.get(name).map(String::as_str)
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.stack.parameters.get(name).map(String::as_str)
    }

    /// The resources of a type.
    pub(crate) fn resources_of<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Resource> {
        self.resources.iter().flatten().filter(move |resource| resource.kind == kind)
    }
}

async fn resources(aws: &Aws, stack: &str) -> Fact<Vec<Resource>> {
    let call = |page: Option<(&str, &str)>| {
        let mut parameters = vec![("StackName", stack)];
        parameters.extend(page);
        Call::query("ListStackResources", &parameters)
    };
    let (items, token) = ("StackResourceSummaries", ("NextToken", "NextToken"));
    aws.list(CLOUDFORMATION, "cloudformation:ListStackResources", items, token, call).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_known_by_its_outputs() {
        for (output, kind) in [
            ("StateMachineName", Some(Kind::Audit)),
            ("GenerateApiArn", Some(Kind::PrivateApi)),
            ("BedrockStreamArn", Some(Kind::Chat)),
            ("WebsiteUrl", None),
        ] {
            assert_eq!(Kind::of(&BTreeMap::from([(output.to_owned(), "x".to_owned())])), kind);
        }
    }

    #[test]
    fn a_stack_id_says_where_the_stack_is() {
        let place = Place::of("arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/a/1").unwrap();
        assert_eq!((place.partition.as_str(), place.region.as_str()), ("aws-cn", "cn-north-1"));
        assert_eq!(Place::of("audit"), None);
    }
}
