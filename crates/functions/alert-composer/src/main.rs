//! `alert-composer` on Lambda.

use warden_lambda::{
    Stopped,
    settings::{Environment, ledger_settings},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let ledger = ledger_settings(&Environment)?;
    warden_lambda::run(|event| async move { alert_composer::handle(&event, ledger) }).await
}
