//! The templates of the user's account.

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::{ChannelError, SenderCredentials, StorageError};
use nexus_domain::{ChannelKind, StoredTemplate, User};

use super::{AskError, BUSINESS_ACCOUNT_ID, Integrations, ask_for_templates};
use crate::Actor;
use crate::delivery::credentials_for;

/// The templates that are kept of the account in the user's profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateShelf {
    /// The templates, by name and language.
    pub templates: Vec<StoredTemplate>,
    /// When the provider was last asked for all of them.
    pub synced_at: Option<DateTime<Utc>>,
}

/// Why there are no templates to show.
#[derive(Debug, thiserror::Error)]
pub enum ListTemplatesError {
    /// The user is gone.
    #[error("no such user")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why the templates are not known anew.
#[derive(Debug, thiserror::Error)]
pub enum SyncTemplatesError {
    /// The user is gone.
    #[error("no such user")]
    NotFound,
    /// The user's profile lacks what is needed to ask.
    #[error("missing to ask: {}", .missing.join(", "))]
    NoProvider {
        /// The profile's fields, by their names in the API.
        missing: Vec<&'static str>,
    },
    /// They were asked for a moment ago.
    #[error("asked for a moment ago")]
    TooSoon {
        /// How long to wait.
        wait: TimeDelta,
    },
    /// The provider refused, or did not answer.
    #[error("the provider did not tell its templates")]
    ProviderRefused {
        /// What it said.
        #[source]
        reason: ChannelError,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<AskError> for SyncTemplatesError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Provider(reason) => Self::ProviderRefused { reason },
            AskError::Storage(error) => Self::Storage(error),
        }
    }
}

impl Integrations {
    /// The templates as they are kept; nobody is asked.
    pub async fn templates(&self, actor: &Actor) -> Result<TemplateShelf, ListTemplatesError> {
        let user = self
            .user(actor)
            .await?
            .ok_or(ListTemplatesError::NotFound)?;
        Ok(self.shelf(&user).await?)
    }

    async fn shelf(&self, user: &User) -> Result<TemplateShelf, StorageError> {
        let Some(account) = &user.whatsapp_business_account_id else {
            return Ok(TemplateShelf {
                templates: Vec::new(),
                synced_at: None,
            });
        };
        let mut read = self.ports.storage.read();
        let connection = read.whatsapp().connection(user.id).await?;
        let templates = read.whatsapp().templates(user.id, account.as_str()).await?;
        let synced = connection.and_then(|connection| connection.state.synced);
        Ok(TemplateShelf {
            templates,
            synced_at: synced
                .filter(|(known, _)| known == account.as_str())
                .map(|(_, at)| at),
        })
    }

    /// Asks the provider for the templates and keeps them.
    pub async fn sync_templates(&self, actor: &Actor) -> Result<TemplateShelf, SyncTemplatesError> {
        let user = self
            .user(actor)
            .await?
            .ok_or(SyncTemplatesError::NotFound)?;
        let (credentials, account) = self.account_of(&user)?;
        let kind = ChannelKind::Whatsapp;
        let channel = self.ports.channels.get(kind).ok_or_else(|| {
            let reason = ChannelError::NotConnected;
            SyncTemplatesError::ProviderRefused { reason }
        })?;
        self.begin_sync(&user, &account).await?;
        ask_for_templates(
            self.ports.storage.as_ref(),
            self.ports.clock.as_ref(),
            channel.as_ref(),
            &credentials,
            user.id,
            &account,
        )
        .await?;
        Ok(self.shelf(&user).await?)
    }

    fn account_of(&self, user: &User) -> Result<(SenderCredentials, String), SyncTemplatesError> {
        let credentials = credentials_for(ChannelKind::Whatsapp, self.ports.sealer.as_ref(), user);
        let account = user.whatsapp_business_account_id.as_ref();
        match (credentials, account) {
            (Ok(credentials), Some(account)) => Ok((credentials, account.as_str().to_owned())),
            (credentials, account) => {
                let mut missing = credentials.err().map_or(Vec::new(), |error| error.missing);
                if account.is_none() {
                    missing.push(BUSINESS_ACCOUNT_ID);
                }
                Err(SyncTemplatesError::NoProvider { missing })
            }
        }
    }

    /// Of several who ask at once, on whatever instance, one goes on.
    async fn begin_sync(&self, user: &User, account: &str) -> Result<(), SyncTemplatesError> {
        let mut unit = self.ports.storage.begin().await?;
        let mut connection = unit.whatsapp().lock_connection(user.id).await?;
        connection
            .begin_sync(account, self.ports.clock.now())
            .map_err(|soon| SyncTemplatesError::TooSoon { wait: soon.wait })?;
        unit.whatsapp().save_connection(&connection).await?;
        unit.commit().await?;
        Ok(())
    }
}
