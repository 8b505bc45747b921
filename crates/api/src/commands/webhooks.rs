//! `nexus webhooks`: for whoever operates the product.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use nexus_application::webhooks::{Replay, Replayed};
use nexus_domain::WebhookState;
use nexus_domain::ports::Storage;
use nexus_infrastructure::SystemClock;

use crate::composition::connect;
use crate::settings::Settings;

/// What can be done with webhooks that are kept.
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// Apply webhooks once more, by the workers of the running servers. What was applied already
    /// changes nothing.
    Replay(ReplayOptions),
}

/// A state that webhooks stay in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeptState {
    /// It reported on a message that was not known.
    Unmatched,
    /// It could not be read, or not be applied.
    Unreadable,
    /// It was applied.
    Applied,
}

impl From<KeptState> for WebhookState {
    fn from(state: KeptState) -> Self {
        match state {
            KeptState::Unmatched => Self::Unmatched,
            KeptState::Unreadable => Self::Unreadable,
            KeptState::Applied => Self::Applied,
        }
    }
}

/// Which webhooks are applied once more.
#[derive(Debug, Args)]
pub struct ReplayOptions {
    /// Of the user with this e-mail address; without it, of all.
    #[arg(long, value_name = "E-MAIL")]
    user: Option<String>,
    /// Received at or after this time, such as 2026-11-27T08:00:00Z; without it, all that are kept.
    #[arg(long, value_name = "TIME")]
    since: Option<DateTime<Utc>>,
    /// In this state; may be repeated. Without it, those that are unmatched or unreadable.
    #[arg(long, value_enum)]
    state: Vec<KeptState>,
    /// Only count them.
    #[arg(long)]
    dry_run: bool,
}

impl WebhooksCommand {
    /// Does it, and says what came of it.
    pub async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let Self::Replay(options) = self;
        let database = connect(settings).await?;
        let storage: Arc<dyn Storage> = Arc::new(database.clone());
        let dry_run = options.dry_run;
        let replay = Replay {
            user: options.user,
            since: options.since,
            states: options.state.into_iter().map(Into::into).collect(),
            dry_run,
        };
        let replayed = async {
            storage.check().await?;
            anyhow::Ok(replay.run(storage.as_ref(), &SystemClock).await?)
        }
        .await;
        database.close().await?;
        let Replayed { webhooks } = replayed?;
        if dry_run {
            println!("{webhooks} webhooks would be applied once more");
        } else {
            println!("{webhooks} webhooks will be applied once more by the running servers");
        }
        Ok(())
    }
}
