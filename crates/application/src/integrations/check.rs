//! Asking the provider whether the user's credentials work.

use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ChannelKind;
use nexus_domain::ports::{ChannelError, StorageError};

use super::asking::known_failure;
use super::{Integrations, WhatsAppOverview};
use crate::Actor;
use crate::delivery::credentials_for;

/// How long the provider has for its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum CheckIntegrationError {
    /// The user is gone.
    #[error("no such user")]
    NotFound,
    /// The user's profile lacks what is needed to ask.
    #[error("missing to ask: {}", .missing.join(", "))]
    NoProvider {
        /// The profile's fields, by their names in the API.
        missing: Vec<&'static str>,
    },
    /// It was asked a moment ago.
    #[error("asked a moment ago")]
    TooSoon {
        /// How long to wait.
        wait: TimeDelta,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Integrations {
    /// Asks WhatsApp whether the credentials in the profile work. What it says is kept, and told
    /// with everything else that is known; that it says no is no error.
    pub async fn check_whatsapp(
        &self,
        actor: &Actor,
    ) -> Result<WhatsAppOverview, CheckIntegrationError> {
        let user = self
            .user(actor)
            .await?
            .ok_or(CheckIntegrationError::NotFound)?;
        let kind = ChannelKind::Whatsapp;
        let credentials =
            credentials_for(kind, self.ports.sealer.as_ref(), &user).map_err(|error| {
                CheckIntegrationError::NoProvider {
                    missing: error.missing,
                }
            })?;
        self.begin_check(actor).await?;
        let outcome = match self.ports.channels.get(kind) {
            Some(channel) => tokio::time::timeout(ANSWER_WITHIN, channel.check(&credentials))
                .await
                .unwrap_or(Err(ChannelError::NotConnected)),
            None => Err(ChannelError::NotConnected),
        };
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let mut connection = unit.whatsapp().lock_connection(user.id).await?;
        let outcome = outcome.map_err(|error| known_failure(&error));
        connection.note_check(&credentials.external_id, outcome.as_ref(), now);
        unit.whatsapp().save_connection(&connection).await?;
        unit.commit().await?;
        Ok(self.overview_of(&user, Some(connection)))
    }

    async fn begin_check(&self, actor: &Actor) -> Result<(), CheckIntegrationError> {
        let mut unit = self.ports.storage.begin().await?;
        let mut connection = unit.whatsapp().lock_connection(actor.user_id()).await?;
        connection
            .begin_check(self.ports.clock.now())
            .map_err(|soon| CheckIntegrationError::TooSoon { wait: soon.wait })?;
        unit.whatsapp().save_connection(&connection).await?;
        unit.commit().await?;
        Ok(())
    }
}
