//! `alert-composer` on Lambda.

use warden_aws::{SnsTopics, sdk_config};
use warden_core::Error;
use warden_lambda::{Stopped, alerts::alert_settings, clock, settings::Environment, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    // Ending here would leave the state machine's plain alert nothing to say but that the function is dead. Told as the
    // error of each event, what is wrong with the setting stands in that alert.
    let settings = &alert_settings(&Environment).map_err(|error| format!("setting {error}"));
    let topics = &SnsTopics::new(&sdk_config());
    warden_lambda::run(|event| async move {
        let settings = settings.as_ref().map_err(|problem| Error::Internal { problem: problem.clone() })?;
        alert_composer::handle(&event, settings, topics, clock::millis()).await
    })
    .await
}
