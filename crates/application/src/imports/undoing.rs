//! Deleting the contacts that an import created.

use super::held::HeldJob;
use super::worker::{ImportWorker, Stop};
use crate::Shutdown;

/// How many contacts one transaction looks at.
const CONTACTS: u32 = 500;

impl ImportWorker {
    /// Deletes every contact that the import created and that nothing has touched since, from
    /// where it was left.
    pub(super) async fn undo(&self, held: &mut HeldJob, shutdown: &Shutdown) -> Result<(), Stop> {
        while self.undo_some(held).await? {
            if shutdown.requested() {
                return Err(Stop::Shutdown);
            }
        }
        Ok(())
    }

    /// Whether there may be more.
    async fn undo_some(&self, held: &mut HeldJob) -> Result<bool, Stop> {
        let (user_id, import_id) = (held.user_id(), held.import_id());
        let mut unit = held.begin(self.ports.storage.as_ref()).await?;
        let Some(mut import) = unit.imports().lock(user_id, import_id).await? else {
            return Ok(false);
        };
        let created = unit
            .contacts()
            .lock_created_by(user_id, import_id, import.undo.after, CONTACTS)
            .await?;
        let Some(last) = created.last().map(|created| created.contact.id) else {
            return Ok(false);
        };
        let untouched: Vec<_> = created
            .iter()
            .filter(|created| !created.is_used && created.contact.is_as_imported_by(import_id))
            .map(|created| created.contact.id)
            .collect();
        if !untouched.is_empty() {
            unit.contacts().delete_many(user_id, &untouched).await?;
        }
        let deleted = u64::try_from(untouched.len()).unwrap_or_default();
        let kept = u64::try_from(created.len()).unwrap_or_default() - deleted;
        import.advance_undo(deleted, kept, last, self.ports.clock.now());
        unit.imports().save(&import).await?;
        held.commit(unit).await?;
        Ok(true)
    }
}
