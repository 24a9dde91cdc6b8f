//! Logs: JSON lines on standard output, with the level and the RFC 3339
//! timestamp at the top that Lambda's own level filter looks for.

use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::{layer, time::UtcTime},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{
    metrics,
    settings::{SettingError, Variables},
};

/// The setting for the level, as Lambda's logging configuration sets it.
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Starts logs and [`metrics`]. Call once, before anything else.
///
/// # Errors
/// [`SettingError`] for an unknown level or a malformed price.
pub fn init(variables: &impl Variables) -> Result<(), SettingError> {
    let filter = filter(variables.get(LEVEL).as_deref())?;
    let lines = layer().json().flatten_event(true).with_timer(UtcTime::rfc_3339()).with_target(true);
    let registry = tracing_subscriber::registry().with(metrics::layer(variables)?);
    // A second call keeps the first subscriber.
    let _ = registry.with(lines.with_filter(filter)).try_init();
    Ok(())
}

/// Our own events at the chosen level. The runtime writes whole events, and the
/// SDK parts of requests, at their finest levels: they never get those.
fn filter(level: Option<&str>) -> Result<Targets, SettingError> {
    let level = match level {
        None => LevelFilter::INFO,
        Some(text) => match text.to_ascii_lowercase().as_str() {
            "fatal" => LevelFilter::ERROR,
            name => name.parse().map_err(|_| SettingError {
                name: LEVEL,
                problem: format!("is {text:?}, not one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL"),
            })?,
        },
    };
    let own = [
        "warden",
        "pii_detector",
        "image_analyzer",
        "log_summarizer",
        "older_versions",
        "alert_composer",
        "backfill_lister",
        "generate_api",
        "generate_stream",
        "invocation_logging",
        "bedrock_stream",
        "sagemaker_stream",
    ];
    Ok(Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("lambda_runtime", level.min(LevelFilter::INFO))
        .with_targets(own.map(|target| (target, level))))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_runtime_and_the_sdk_never_log_what_they_carry() {
        let filter = filter(Some("TRACE")).unwrap();
        assert!(filter.would_enable("warden_aws", &Level::TRACE));
        assert!(!filter.would_enable("lambda_runtime::layers", &Level::DEBUG));
        assert!(!filter.would_enable("aws_smithy_runtime", &Level::INFO));
        // They have lines of their own.
        assert!(!filter.would_enable(metrics::TARGET, &Level::INFO));
    }

    #[test]
    fn every_function_logs_at_the_chosen_level() {
        let filter = filter(Some("DEBUG")).unwrap();
        let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions")).unwrap();
        let functions: Vec<_> = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
        assert!(functions.len() > 7, "{functions:?}");
        for function in functions {
            assert!(filter.would_enable(&function.replace('-', "_"), &Level::DEBUG), "{function}");
        }
    }

    #[test]
    fn the_level_is_lambdas_own_setting() {
        assert!(filter(None).unwrap().would_enable("pii_detector", &Level::INFO));
        assert!(!filter(Some("ERROR")).unwrap().would_enable("pii_detector", &Level::WARN));
        assert!(!filter(Some("ERROR")).unwrap().would_enable("aws_smithy_runtime", &Level::WARN));
        assert!(filter(Some("loud")).is_err());
    }
}
