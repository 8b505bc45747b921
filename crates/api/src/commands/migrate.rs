//! `nexus migrate`: the schema, up to date.

use anyhow::Context;

use crate::composition::connect;
use crate::settings::Settings;

/// Applies every migration that is missing.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let storage = connect(settings).await?;
    storage
        .migrate()
        .await
        .context("the database's schema can't be brought up to date")?;
    tracing::info!("the database's schema is up to date");
    Ok(())
}
