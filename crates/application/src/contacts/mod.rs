//! Contacts: creating, changing, finding.

mod addresses;
mod browse;
mod create;
mod export;
mod merge;
mod query;
#[cfg(test)]
mod tests;
mod update;

use std::sync::Arc;

use nexus_domain::User;
use nexus_domain::ports::{Clock, Entropy, Storage, StorageError};

use crate::Actor;

pub use browse::{DeleteContactError, GetContactError, ListContactsError};
pub use create::{CreateContact, CreateContactError};
pub use export::{ContactExport, ExportContactsError};
pub use merge::MergeContactsError;
pub use query::ContactQuery;
pub(crate) use query::{QueryError, note_in};
pub use update::{UpdateContact, UpdateContactError};

/// The use cases on contacts.
#[derive(Clone)]
pub struct Contacts {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Contacts {
    /// The use cases over these ports.
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            storage,
            clock,
            entropy,
        }
    }

    /// The acting user, whose country completes phone numbers.
    async fn user(&self, actor: &Actor) -> Result<Option<User>, StorageError> {
        self.storage.read().users().find(actor.user_id()).await
    }
}
