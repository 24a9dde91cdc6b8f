//! `older-versions` on Lambda.

use older_versions::OlderVersions;
use warden_aws::{ReplayBus, S3ObjectStore, S3Settings, sdk_config};
use warden_lambda::{
    Stopped,
    settings::{Environment, replay_bus_name, s3_force_path_style},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let s3 = S3Settings { force_path_style: s3_force_path_style(&Environment)? };
    let bus = replay_bus_name(&Environment)?;
    let sdk = sdk_config();
    let older = OlderVersions { versions: S3ObjectStore::new(&sdk, s3), bus: ReplayBus::new(&sdk, &bus) };
    warden_lambda::run(|event| older.handle(event)).await
}
