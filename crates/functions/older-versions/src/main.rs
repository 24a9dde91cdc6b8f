//! `older-versions` on Lambda.

use older_versions::OlderVersions;
use warden_aws::{ReplayBus, S3ObjectStore, sdk_config};
use warden_lambda::{
    Stopped,
    settings::{Environment, replay_bus_name},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let bus = replay_bus_name(&Environment)?;
    let sdk = sdk_config();
    let older = OlderVersions { versions: S3ObjectStore::new(&sdk), bus: ReplayBus::new(&sdk, &bus) };
    warden_lambda::run(|event| older.handle(event)).await
}
