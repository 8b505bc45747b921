//! Looking once more at a file that was previewed, with other choices.

use nexus_domain::ports::StorageError;
use nexus_domain::{ImportId, ImportPlan, ImportTransitionError};

use super::Imports;
use super::preview::Preview;
use super::upload::UploadError;
use crate::Actor;

/// Why a file is not shown again; what was chosen before stays.
#[derive(Debug, thiserror::Error)]
pub enum PreviewAgainError {
    /// The user has no such import.
    #[error("no such import")]
    NotFound,
    /// Its import was begun, or is over.
    #[error(transparent)]
    Status(#[from] ImportTransitionError),
    /// It can't be read as it was chosen.
    #[error(transparent)]
    Unshown(#[from] UploadError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Imports {
    /// Shows how a file that waits for its user would be read by another plan, and keeps the plan.
    pub async fn preview_again(
        &self,
        actor: &Actor,
        id: ImportId,
        plan: ImportPlan,
    ) -> Result<Preview, PreviewAgainError> {
        let user_id = actor.user_id();
        let mut import = self
            .ports
            .storage
            .read()
            .imports()
            .find(user_id, id)
            .await?
            .ok_or(PreviewAgainError::NotFound)?;
        import.plan_again(plan.clone(), self.ports.clock.now())?;
        let mut preview = self.preview_of(import).await?;
        // Reading took its time: the import may have begun meanwhile.
        let mut unit = self.ports.storage.begin().await?;
        let mut import = unit
            .imports()
            .lock(user_id, id)
            .await?
            .ok_or(PreviewAgainError::NotFound)?;
        import.plan_again(plan, self.ports.clock.now())?;
        import.describe(preview.import.header, None);
        unit.imports().save(&import).await?;
        unit.commit().await?;
        preview.import = import;
        Ok(preview)
    }
}
