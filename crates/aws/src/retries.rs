//! How often calls are retried.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::FinalizerInterceptorContextRef},
        retries::RequestAttempts,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// Reports how often a call was retried, which neither its answer nor its error says.
#[derive(Debug)]
pub(crate) struct CountsRetries;

impl Intercept for CountsRetries {
    fn name(&self) -> &'static str {
        "CountsRetries"
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let retries = config.load::<RequestAttempts>().map_or(0, RequestAttempts::attempts).saturating_sub(1);
        if retries > 0 {
            tracing::info!(target: "metrics", ModelRetries = u64::from(retries));
        }
        Ok(())
    }
}
