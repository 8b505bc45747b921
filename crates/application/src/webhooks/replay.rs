//! Applying webhooks that are kept once more, for whoever operates the product: after a repair that
//! lets more be read, or after a message became known late. What was applied already changes nothing.

use chrono::{DateTime, Utc};
use nexus_domain::WebhookState;
use nexus_domain::ports::{Clock, ReplayFilter, Storage, StorageError};
use nexus_domain::values::EmailAddress;

/// How many are made pending with one statement.
const BATCH: u32 = 1_000;

/// Which webhooks are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replay {
    /// Of the user with this e-mail address; of all users without.
    pub user: Option<String>,
    /// Received at or after; all that are kept without.
    pub since: Option<DateTime<Utc>>,
    /// In one of these states; those from which more may come (unmatched, unreadable) when empty.
    pub states: Vec<WebhookState>,
    /// Only counts them.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// How many webhooks are, or in a dry run would be, applied once more.
    pub webhooks: u64,
}

/// Why nothing was replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Nobody has this e-mail address.
    #[error("no user has the e-mail address {email}")]
    NoSuchUser {
        /// The address as it was typed.
        email: String,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Replay {
    /// Makes the webhooks due; the workers of the running servers apply them.
    pub async fn run(
        self,
        storage: &dyn Storage,
        clock: &dyn Clock,
    ) -> Result<Replayed, ReplayError> {
        let user = match &self.user {
            Some(email) => {
                let unknown = || ReplayError::NoSuchUser {
                    email: email.clone(),
                };
                let address = EmailAddress::parse(email).map_err(|_| unknown())?;
                let found = storage.read().users().find_by_email(&address).await?;
                Some(found.ok_or_else(unknown)?.id)
            }
            None => None,
        };
        let states = if self.states.is_empty() {
            vec![WebhookState::Unmatched, WebhookState::Unreadable]
        } else {
            self.states
        };
        let filter = ReplayFilter {
            user,
            since: self.since,
            states,
        };
        if self.dry_run {
            let webhooks = storage.read().webhooks().count_replayable(&filter).await?;
            return Ok(Replayed { webhooks });
        }
        let now = clock.now();
        let mut webhooks = 0;
        loop {
            let mut unit = storage.begin().await?;
            let replayed = unit.webhooks().replay(&filter, now, BATCH).await?;
            unit.commit().await?;
            webhooks += replayed;
            if replayed == 0 {
                return Ok(Replayed { webhooks });
            }
        }
    }
}
