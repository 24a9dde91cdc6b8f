//! How often calls are tried again.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::FinalizerInterceptorContextRef},
        retries::RequestAttempts,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// Tells how often a call was tried again, which no answer and no error says.
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
