//! `sagemaker-stream` on Lambda.

use sagemaker_stream::EndpointSettings;
use warden_aws::{SageMakerSettings, SageMakerStream, sdk_config};
use warden_lambda::{Stopped, chat::ChatSettings, settings::Environment, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    telemetry::init(&Environment)?;
    let endpoint = EndpointSettings::read(&Environment)?;
    let settings = ChatSettings::read(&Environment, endpoint.model_id.into())?;
    let sagemaker = SageMakerSettings {
        endpoint: endpoint.endpoint,
        inference_component: endpoint.inference_component,
        accept: endpoint.protocol.accept(),
        timeout: settings.limits.receive_timeout,
    };
    let model = SageMakerStream::new(&sdk_config(), sagemaker);
    warden_lambda::chat::run(sagemaker_stream::chat(model, endpoint.protocol, settings)).await
}
