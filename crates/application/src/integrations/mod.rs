//! Connections to providers: whether they work, what the providers say of them, and the templates
//! that can be sent.

mod asking;
mod check;
mod overview;
mod templates;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use nexus_domain::User;
use nexus_domain::ports::{Clock, SecretSealer, Storage, StorageError};

use crate::Actor;
use crate::delivery::Channels;

pub(crate) use asking::{AskError, ask_for_templates};
pub use check::CheckIntegrationError;
pub use overview::{ConnectionStatus, WhatsAppOverview};
pub use templates::{ListTemplatesError, SyncTemplatesError, TemplateShelf};

/// What integrations work with.
#[derive(Clone)]
pub struct IntegrationPorts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// Opens the providers' secrets.
    pub sealer: Arc<dyn SecretSealer>,
    /// The channels there are.
    pub channels: Channels,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases on integrations.
#[derive(Clone)]
pub struct Integrations {
    ports: IntegrationPorts,
}

/// The profile's field with the business account's id.
pub(crate) const BUSINESS_ACCOUNT_ID: &str = "whatsapp_business_account_id";

impl Integrations {
    /// The use cases over these ports.
    pub fn new(ports: IntegrationPorts) -> Self {
        Self { ports }
    }

    /// The acting user.
    async fn user(&self, actor: &Actor) -> Result<Option<User>, StorageError> {
        self.ports
            .storage
            .read()
            .users()
            .find(actor.user_id())
            .await
    }
}
