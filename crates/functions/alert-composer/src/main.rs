//! `alert-composer` on Lambda.

use warden_lambda::{Stopped, settings::Environment, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    warden_lambda::run(|event| async move { alert_composer::handle(&event) }).await
}
