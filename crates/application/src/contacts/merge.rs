//! Two contacts that are the same person become one.

use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::values::{Problem, Violations};
use nexus_domain::{Contact, ContactId, UserId};

use super::Contacts;
use crate::Actor;

/// Why contacts were not merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeContactsError {
    /// What they have together can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The user does not have both contacts.
    #[error("no such contact")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Contacts {
    /// The contact gets what it lacks from `other`, and everything that was sent to and received
    /// from it; then `other` is deleted.
    pub async fn merge(
        &self,
        actor: &Actor,
        id: ContactId,
        other: ContactId,
    ) -> Result<Contact, MergeContactsError> {
        if id == other {
            let same = Problem::Malformed {
                expected: "another contact".to_owned(),
            };
            return Err(MergeContactsError::Invalid(Violations::of(
                "other_id", same,
            )));
        }
        let user = actor.user_id();
        let mut unit = self.storage.begin().await?;
        if unit.contacts().find_many(user, &[id, other]).await?.len() < 2 {
            return Err(MergeContactsError::NotFound);
        }
        let names = unit.fields().hold(user).await?;
        // Rows of the ledger are locked before contacts, as everywhere.
        unit.contacts().hand_over(user, other, id).await?;
        let (mut kept, mut gone) = lock_both(unit.as_mut(), user, id, other)
            .await?
            .ok_or(MergeContactsError::NotFound)?;
        // A worker that deletes a field may have passed the contact that would take it over.
        kept.custom_fields.keep(&names);
        gone.custom_fields.keep(&names);
        kept.absorb(gone).map_err(MergeContactsError::Invalid)?;
        kept.updated_at = self.clock.now();
        // Before the other is saved: its addresses are free then.
        unit.contacts().delete(user, other).await?;
        unit.contacts().save(&kept).await?;
        unit.commit().await?;
        Ok(kept)
    }
}

/// Both, always in the order of their ids; `None` when one is not there.
async fn lock_both(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    id: ContactId,
    other: ContactId,
) -> Result<Option<(Contact, Contact)>, StorageError> {
    let first = unit.contacts().lock(user, id.min(other)).await?;
    let second = unit.contacts().lock(user, id.max(other)).await?;
    Ok(first.zip(second).map(|(first, second)| {
        if first.id == id {
            (first, second)
        } else {
            (second, first)
        }
    }))
}
