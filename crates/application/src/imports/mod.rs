//! Imports: files whose rows become contacts.

mod batch;
mod cell;
mod columns;
mod control;
mod held;
mod inspection;
mod layout;
mod meeting;
mod plan;
mod preview;
mod preview_again;
mod reading;
mod rows;
mod start;
mod taking;
#[cfg(test)]
mod tests;
mod undoing;
mod upload;
mod worker;

use std::sync::Arc;

use nexus_domain::ports::{
    Clock, Entropy, FileStore, Storage, StorageError, TableReader, UnitOfWork,
};
use nexus_domain::values::{ListRequest, Listing};
use nexus_domain::{ImportId, ImportedFile, Job, JobId, JobWork, RowError, UserId};
use tokio::sync::Notify;

use crate::Actor;

pub use columns::{IgnoredBecause, IgnoredColumn};
pub use control::{CancelImportError, UndoImportError};
pub use plan::{ColumnChoice, ImportChoices};
pub use preview::{Preview, PreviewedContact, PreviewedRow, RowPreview};
pub use preview_again::PreviewAgainError;
pub use start::StartImportError;
pub use upload::{IncomingFile, UploadError};
pub use worker::ImportWorker;

/// What imports work with, the worker included.
#[derive(Clone)]
pub struct ImportPorts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// Where uploaded files are kept until they are imported.
    pub files: Arc<dyn FileStore>,
    /// Reads files as tables.
    pub tables: Arc<dyn TableReader>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub entropy: Arc<dyn Entropy>,
    /// Wakes a worker of this process when there is something to import.
    pub wake: Arc<Notify>,
}

/// The use cases on imports.
#[derive(Clone)]
pub struct Imports {
    ports: ImportPorts,
    max_bytes: u64,
}

/// Why an import can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum GetImportError {
    /// The user has no such import.
    #[error("no such import")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why the errors of an import's rows can't be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListRowErrorsError {
    /// The user has no such import.
    #[error("no such import")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Imports {
    /// The use cases over these ports; files of more than `max_bytes` are refused.
    pub fn new(ports: ImportPorts, max_bytes: u64) -> Self {
        Self { ports, max_bytes }
    }

    /// An import of the user, and how far it is.
    pub async fn get(&self, actor: &Actor, id: ImportId) -> Result<ImportedFile, GetImportError> {
        self.ports
            .storage
            .read()
            .imports()
            .find(actor.user_id(), id)
            .await?
            .ok_or(GetImportError::NotFound)
    }

    /// Part of the user's imports, latest first.
    pub async fn list(
        &self,
        actor: &Actor,
        request: &ListRequest<()>,
    ) -> Result<Listing<ImportedFile>, StorageError> {
        self.ports
            .storage
            .read()
            .imports()
            .list(actor.user_id(), request)
            .await
    }

    /// Part of what is wrong with an import's rows, by line. A row with several wrong cells is
    /// there once for each.
    pub async fn errors(
        &self,
        actor: &Actor,
        id: ImportId,
        request: &ListRequest<()>,
    ) -> Result<Listing<RowError>, ListRowErrorsError> {
        let mut repositories = self.ports.storage.read();
        let imports = repositories.imports();
        imports
            .find(actor.user_id(), id)
            .await?
            .ok_or(ListRowErrorsError::NotFound)?;
        Ok(imports.errors(actor.user_id(), id, request).await?)
    }

    async fn enqueue(
        &self,
        unit: &mut dyn UnitOfWork,
        user_id: UserId,
        work: JobWork,
    ) -> Result<(), StorageError> {
        let now = self.ports.clock.now();
        let job = Job {
            id: JobId::new(now, self.ports.entropy.as_ref()),
            user_id,
            work,
            attempts: 0,
            run_after: now,
            created_at: now,
        };
        unit.jobs().enqueue(&job).await
    }
}
