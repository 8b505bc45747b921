//! Stopping an import, and taking it back.

use nexus_domain::ports::StorageError;
use nexus_domain::{ImportId, ImportStatus, ImportTransitionError, ImportedFile, JobWork};

use super::Imports;
use crate::Actor;

/// Why an import was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelImportError {
    /// The user has no such import.
    #[error("no such import")]
    NotFound,
    /// It is over.
    #[error(transparent)]
    Status(#[from] ImportTransitionError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why an import is not undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoImportError {
    /// The user has no such import.
    #[error("no such import")]
    NotFound,
    /// It is not over yet.
    #[error(transparent)]
    Status(#[from] ImportTransitionError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Imports {
    /// Stops an import between two batches; what was taken in stays. Once more is no error.
    pub async fn cancel(
        &self,
        actor: &Actor,
        id: ImportId,
    ) -> Result<ImportedFile, CancelImportError> {
        let user_id = actor.user_id();
        let mut unit = self.ports.storage.begin().await?;
        let mut import = unit
            .imports()
            .lock(user_id, id)
            .await?
            .ok_or(CancelImportError::NotFound)?;
        // Once it was queued, its worker deletes the file when it comes to it.
        let has_no_worker = import.status == ImportStatus::Previewed;
        import.cancel(self.ports.clock.now())?;
        unit.imports().save(&import).await?;
        unit.commit().await?;
        if has_no_worker {
            self.forget_file(user_id, id).await;
        }
        tracing::info!(%user_id, import_id = %id, "an import is cancelled");
        Ok(import)
    }

    /// Begins to delete the contacts that an import created and that nothing has touched since.
    /// Once more is no error.
    pub async fn undo(&self, actor: &Actor, id: ImportId) -> Result<ImportedFile, UndoImportError> {
        let user_id = actor.user_id();
        let mut unit = self.ports.storage.begin().await?;
        let mut import = unit
            .imports()
            .lock(user_id, id)
            .await?
            .ok_or(UndoImportError::NotFound)?;
        if !import.begin_undo(self.ports.clock.now())? {
            return Ok(import);
        }
        unit.imports().save(&import).await?;
        let work = JobWork::UndoImport { import_id: id };
        self.enqueue(unit.as_mut(), user_id, work).await?;
        unit.commit().await?;
        self.ports.wake.notify_one();
        tracing::info!(%user_id, import_id = %id, "an import is being undone");
        Ok(import)
    }
}
