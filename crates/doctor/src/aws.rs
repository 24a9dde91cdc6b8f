//! The services that are asked, each by signed calls of the few operations that are needed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_types::SdkConfig;
use aws_types::region::Region;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use warden_call_errors::CallError;
use warden_control_plane::{Call, ControlPlane, Service, s3::S3};

use crate::fact::{self, Fact, Unknown};

pub(crate) const API_GATEWAY: Service = Service::rest_json("API Gateway", "apigateway");
pub(crate) const BEDROCK: Service = Service::rest_json("Bedrock", "bedrock");
pub(crate) const BEDROCK_RUNTIME: Service =
    Service::rest_json("Bedrock Runtime", "bedrock-runtime").signed_as("bedrock");
pub(crate) const CLOUDFORMATION: Service = Service::CLOUD_FORMATION;
pub(crate) const CLOUDTRAIL: Service = Service::json_1_1("CloudTrail", "cloudtrail");
pub(crate) const EVENTS: Service = Service::EVENT_BRIDGE;
pub(crate) const KMS: Service = Service::json_1_1("KMS", "kms");
pub(crate) const LAMBDA: Service = Service::LAMBDA;
pub(crate) const LOGS: Service = Service::CLOUD_WATCH_LOGS;
pub(crate) const SERVICE_QUOTAS: Service = Service::json_1_1("Service Quotas", "servicequotas");
pub(crate) const SNS: Service = Service::SNS;
pub(crate) const SQS: Service = Service::SQS;
pub(crate) const STATES: Service = Service::STEP_FUNCTIONS;

/// The most pages of a list that are read.
const PAGES: usize = 50;

/// AWS in one Region.
#[derive(Debug)]
pub(crate) struct Aws {
    config: SdkConfig,
    /// A client for each service that was asked: it keeps the credentials that it loaded.
    clients: Mutex<BTreeMap<&'static str, ControlPlane>>,
}

impl Aws {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { config: config.clone(), clients: Mutex::default() }
    }

    /// AWS in another Region.
    pub(crate) fn in_region(&self, region: &str) -> Self {
        Self::new(&self.config.to_builder().region(Region::new(region.to_owned())).build())
    }

    /// Whatever answers at an address of its own.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self::new(&self.config.to_builder().endpoint_url(url).build())
    }

    /// S3.
    pub(crate) fn s3(&self) -> S3 {
        S3::new(&self.config)
    }

    /// An operation's answer. The action is the one that IAM allows it by.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, service: Service, action: &'static str, call: Call) -> Fact<T> {
        let answer = self.call(service, action, call).await.map_err(|error| Unknown::of(action, &error))?;
        fact::read(action, answer)
    }

    /// All that a list holds, page by page: `items` is its name in the answer, `token` is what leads to the next page,
    /// in the answer and in the call.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        service: Service,
        action: &'static str,
        items: &str,
        (token_read, token_sent): (&str, &str),
        mut call: impl FnMut(Option<(&str, &str)>) -> Call,
    ) -> Fact<Vec<T>> {
        let (mut all, mut next) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let call = call(next.as_deref().map(|next| (token_sent, next)));
            let mut page: Value = self.ask(service, action, call).await?;
            // In XML an answer stands in its result, and a list that holds nothing is an empty text.
            if let Some(result) = action.split(':').nth(1).and_then(|name| page.get_mut(format!("{name}Result"))) {
                page = result.take();
            }
            if let Value::Array(found) = page[items].take() {
                all.extend(fact::read::<Vec<T>>(action, Value::Array(found))?);
            }
            next = page[token_read].as_str().filter(|next| !next.is_empty()).map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        Ok(all)
    }

    pub(crate) async fn call(&self, service: Service, action: &'static str, call: Call) -> Result<Value, CallError> {
        let client = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            clients.entry(service.id()).or_insert_with(|| ControlPlane::new(&self.config, service)).clone()
        };
        client.call(call).await.map_err(|failed| CallError::new(action, &failed))
    }
}

/// A body with what leads to the next page.
pub(crate) fn paged(mut body: Value, page: Option<(&str, &str)>) -> Value {
    if let Some((name, token)) = page {
        body[name] = json!(token);
    }
    body
}
