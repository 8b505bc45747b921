//! Logs: readable in development, JSON in production, to standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, LogSettings, SettingsError};

/// Starts to write logs. A second call changes nothing.
pub fn start_logs(settings: &LogSettings) -> Result<(), SettingsError> {
    let filter = EnvFilter::try_new(&settings.level).map_err(|_| SettingsError {
        variable: "LOG_LEVEL".to_owned(),
        accepts: "a level such as info, or directives such as info,nexus_application=debug"
            .to_owned(),
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // An error means that something else, a test, writes logs already.
    let _ = match settings.format {
        LogFormat::Text => builder.with_target(false).finish().try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .finish()
            .try_init(),
    };
    Ok(())
}
