//! From the command line and the environment to a configuration of the SDK.

use std::time::Duration;

use anyhow::{Context, bail};
use aws_config::profile::{self, ProfileFileCredentialsProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::{Env, Fs};
use warden_deploy::{Deployer, Progress};

use crate::cli::Connection;
use crate::output;

/// How long one attempt may take: the SDK itself would wait for ever.
const ATTEMPT: Duration = Duration::from_secs(30);

/// Loads the configuration that the arguments choose.
pub(crate) async fn load(connection: &Connection) -> anyhow::Result<SdkConfig> {
    check_profile(connection.profile.clone()).await?;
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
    if let Some(profile) = &connection.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &connection.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &connection.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    let Some(profile) = &connection.profile else {
        return Ok(config);
    };
    // The SDK lets AWS_ACCESS_KEY_ID win over a profile that was asked for,
    // which would deploy to another account than the one named.
    let credentials = ProfileFileCredentialsProvider::builder()
        .configure(&ProviderConfig::without_region().with_region(config.region().cloned()))
        .profile_name(profile)
        .build();
    Ok(config.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build())
}

/// The SDK takes a profile that does not exist for an empty one.
async fn check_profile(named: Option<String>) -> anyhow::Result<()> {
    let files = EnvConfigFiles::default();
    let profiles = profile::load(&Fs::real(), &Env::real(), &files, named.map(Into::into))
        .await
        .context("cannot read the AWS configuration files")?;
    let selected = profiles.selected_profile();
    if selected == "default" || profiles.get_profile(selected).is_some() {
        return Ok(());
    }
    let mut known: Vec<_> = profiles.profiles().collect();
    known.sort_unstable();
    if known.is_empty() {
        bail!(
            "there is no profile `{selected}`: the AWS configuration files name none. Run `aws configure sso` or `aws configure`"
        );
    }
    bail!("there is no profile `{selected}` in the AWS configuration files. They name {}", known.join(", "));
}

/// A deployer that reports what takes time.
pub(crate) async fn deployer(connection: &Connection) -> anyhow::Result<Deployer> {
    let config = load(connection).await?;
    Ok(Deployer::new(&config).on_progress(|progress| match progress {
        // Comes every few seconds.
        Progress::CanaryWatched { .. } => output::passing(&progress.to_string()),
        _ => output::progress(&progress.to_string()),
    }))
}
