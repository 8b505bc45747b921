//! Beginning the import of a file that was previewed.

use nexus_domain::ports::{FileStoreError, StorageError};
use nexus_domain::values::Violations;
use nexus_domain::{ImportFailure, ImportId, ImportStatus, ImportTransitionError, ImportedFile};
use nexus_domain::{ImportPlan, JobWork};

use super::Imports;
use super::inspection::InspectionError;
use crate::Actor;

/// Why an import was not begun.
#[derive(Debug, thiserror::Error)]
pub enum StartImportError {
    /// The user has no such import.
    #[error("no such import")]
    NotFound,
    /// It was begun before, or is over.
    #[error(transparent)]
    Status(#[from] ImportTransitionError),
    /// The choices don't fit the file.
    #[error("the choices don't fit the file: {0}")]
    Invalid(Violations),
    /// The part of the file that was chosen can't be read.
    #[error("the file can't be read: {0:?}")]
    Unreadable(ImportFailure),
    /// The file store failed.
    #[error(transparent)]
    Files(#[from] FileStoreError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<InspectionError> for StartImportError {
    fn from(error: InspectionError) -> Self {
        match error {
            InspectionError::Invalid(violations) => Self::Invalid(violations),
            InspectionError::Unreadable(failure) => Self::Unreadable(failure),
            InspectionError::Files(error) => Self::Files(error),
        }
    }
}

impl Imports {
    /// Queues the import of a file that was previewed, as the user chose.
    pub async fn start(
        &self,
        actor: &Actor,
        id: ImportId,
        mut plan: ImportPlan,
    ) -> Result<ImportedFile, StartImportError> {
        let user_id = actor.user_id();
        let previewed = self
            .ports
            .storage
            .read()
            .imports()
            .find(user_id, id)
            .await?
            .ok_or(StartImportError::NotFound)?;
        if previewed.status == ImportStatus::Previewed {
            let layout = self.inspect(&previewed, &plan).await?;
            let columns = layout
                .columns(&plan)
                .map_err(StartImportError::Unreadable)?;
            self.check_fields(user_id, &columns, &plan)
                .await?
                .map_err(StartImportError::Invalid)?;
            plan.header_line = layout.header_line;
        }
        let mut unit = self.ports.storage.begin().await?;
        let mut import = unit
            .imports()
            .lock(user_id, id)
            .await?
            .ok_or(StartImportError::NotFound)?;
        import.queue(plan, self.ports.clock.now())?;
        unit.imports().save(&import).await?;
        let work = JobWork::ImportContacts { import_id: id };
        self.enqueue(unit.as_mut(), user_id, work).await?;
        unit.commit().await?;
        self.ports.wake.notify_one();
        tracing::info!(%user_id, import_id = %id, "an import is queued after its preview");
        Ok(import)
    }
}
