//! Changes of many contacts: at once when they are few, else by a worker in the background.

mod audiences;
mod batch;
mod fields;
mod request;
mod start;
mod tags;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;

use nexus_domain::ports::{Clock, Entropy, Storage, StorageError};
use nexus_domain::{BulkChange, BulkChangeId};
use tokio::sync::Notify;

use crate::Actor;

pub use audiences::TagUse;
pub(crate) use audiences::being_renamed;
pub use fields::{DeleteFieldError, FieldUse};
pub use request::BulkRequest;
pub use start::{BulkError, BulkOutcome};
pub use tags::{DeleteTagError, RenameTagError};
pub use worker::BulkWorker;

/// What changes of many contacts work with, the worker included.
#[derive(Clone)]
pub struct BulkPorts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub entropy: Arc<dyn Entropy>,
    /// Wakes a worker of this process when there is something to change.
    pub wake: Arc<Notify>,
}

/// The use cases that change many contacts.
#[derive(Clone)]
pub struct BulkChanges {
    ports: BulkPorts,
}

/// Why a change can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum GetBulkChangeError {
    /// The user has no such change.
    #[error("no such change")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BulkChanges {
    /// The use cases over these ports.
    pub fn new(ports: BulkPorts) -> Self {
        Self { ports }
    }

    /// A change of the user that runs, or ran, in the background.
    pub async fn get(
        &self,
        actor: &Actor,
        id: BulkChangeId,
    ) -> Result<BulkChange, GetBulkChangeError> {
        self.ports
            .storage
            .read()
            .bulk_changes()
            .find(actor.user_id(), id)
            .await?
            .ok_or(GetBulkChangeError::NotFound)
    }
}
