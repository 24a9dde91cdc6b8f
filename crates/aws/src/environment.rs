//! The configuration of the SDK as Lambda's environment gives it. `aws-config` would look for
//! profiles, containers and instances too, and links the sign-in of people for it: a tenth of a
//! function's executable and of its build.

use std::{env, fmt};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_types::{
    SdkConfig,
    region::Region,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};

/// Attempts per call. The state machine waits longer and retries more; here
/// two mend a connection that died while the environment was frozen.
const ATTEMPTS: u32 = 2;

/// The configuration every client starts from: Region, credentials and endpoints
/// from the variables that Lambda sets, or the developer in its place.
#[must_use]
pub fn sdk_config() -> SdkConfig {
    read(|name| env::var(name).ok())
}

fn read(variable: impl Fn(&str) -> Option<String> + Copy + Send + Sync + 'static) -> SdkConfig {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")).map(Region::new))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .service_config(Variables(variable));
    if let (Some(id), Some(secret)) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
        let credentials = Credentials::new(id, secret, set("AWS_SESSION_TOKEN"), None, "Environment");
        config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
    }
    if let Some(address) = set("AWS_ENDPOINT_URL") {
        config = config.endpoint_url(address);
    }
    let on = |name| set(name).map(|value| value.eq_ignore_ascii_case("true"));
    config.set_use_fips(on("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(on("AWS_USE_DUALSTACK_ENDPOINT"));
    config.build()
}

/// What is set for one service, as `AWS_ENDPOINT_URL_S3`, or else for all.
struct Variables<F>(F);

impl<F> fmt::Debug for Variables<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables")
    }
}

impl<F: Fn(&str) -> Option<String> + Send + Sync> LoadServiceConfig for Variables<F> {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let own = format!("{}_{}", key.env(), key.service_id().replace(' ', "_").to_uppercase());
        (self.0)(&own).or_else(|| (self.0)(key.env()))
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::provider::ProvideCredentials as _;

    use super::*;

    /// What Lambda sets.
    fn lambda(name: &str) -> Option<String> {
        let value = match name {
            "AWS_REGION" => "eu-central-1",
            "AWS_ACCESS_KEY_ID" => "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY" => "wJalrXUtnFEMI",
            "AWS_SESSION_TOKEN" => "token",
            _ => return None,
        };
        Some(value.into())
    }

    #[tokio::test]
    async fn region_and_credentials_are_the_functions_own() {
        let config = read(lambda);
        assert_eq!(config.region(), Some(&Region::from_static("eu-central-1")));
        let credentials = config.credentials_provider().unwrap().provide_credentials().await.unwrap();
        assert_eq!((credentials.access_key_id(), credentials.session_token()), ("AKIAIOSFODNN7EXAMPLE", Some("token")));
        assert_eq!((config.use_fips(), config.endpoint_url()), (None, None));
        assert!(!format!("{config:?}").contains("wJalrXUtnFEMI"));
    }

    #[test]
    fn without_credentials_a_configuration_has_none_that_could_be_taken_for_some() {
        for missing in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let emptied =
                move |name: &str| lambda(name).map(|value| if name == missing { String::new() } else { value });
            assert!(read(emptied).credentials_provider().is_none(), "{missing}");
        }
    }

    #[test]
    fn an_address_is_the_services_own_or_that_of_all() {
        let config = read(|name| match name {
            "AWS_ENDPOINT_URL" => Some("http://localhost:4566".into()),
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" => Some("http://localhost:4000".into()),
            "AWS_USE_FIPS_ENDPOINT" => Some("true".into()),
            _ => None,
        });
        assert_eq!((config.endpoint_url(), config.use_fips()), (Some("http://localhost:4566"), Some(true)));
        let of = |id: &'static str| {
            let key =
                ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
            config.service_config().unwrap().load_config(key.unwrap()).unwrap()
        };
        assert_eq!(of("Bedrock Runtime"), "http://localhost:4000");
        assert_eq!(of("S3"), "http://localhost:4566");
    }
}
