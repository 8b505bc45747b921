//! Some contacts of a selection, changed in one transaction.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::{
    BulkAction, Contact, ContactEdit, ContactId, ContactSelection, ContactStatus, UserId,
};

use crate::opt_outs::lift_wishes;

/// Contacts that are to be changed.
pub(super) enum Batch<'a> {
    /// Not locked: their rows in the ledger, which lose them, are to be locked first.
    Deletion(Vec<ContactId>),
    /// Locked, so that what is changed is what the filter let through.
    Edit(&'a ContactEdit, Vec<Contact>),
}

impl<'a> Batch<'a> {
    /// The next contacts of the selection by id, at most `most`.
    pub(super) async fn find(
        unit: &mut dyn UnitOfWork,
        user: UserId,
        action: &'a BulkAction,
        selection: &ContactSelection,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Self, StorageError> {
        let contacts = unit.contacts();
        Ok(match action {
            BulkAction::Delete => {
                Self::Deletion(contacts.selected(user, selection, after, most).await?)
            }
            BulkAction::Edit(edit) => Self::Edit(
                edit,
                contacts.lock_selected(user, selection, after, most).await?,
            ),
        })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Deletion(ids) => ids.len(),
            Self::Edit(_, contacts) => contacts.len(),
        }
    }

    /// The last of the contacts; `None` when there are none.
    pub(super) fn through(&self) -> Option<ContactId> {
        match self {
            Self::Deletion(ids) => ids.last().copied(),
            Self::Edit(_, contacts) => contacts.last().map(|contact| contact.id),
        }
    }

    /// Changes them. How many that made a difference to.
    pub(super) async fn apply(
        self,
        unit: &mut dyn UnitOfWork,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        match self {
            Self::Deletion(ids) => unit.contacts().delete_many(user, &ids).await,
            Self::Edit(edit, mut contacts) => {
                if matches!(edit, ContactEdit::SetStatus(status) if *status != ContactStatus::Unsubscribed)
                {
                    let unsubscribed = contacts
                        .iter()
                        .filter(|contact| contact.status == ContactStatus::Unsubscribed);
                    lift_wishes(unit, user, unsubscribed, now).await?;
                }
                contacts.retain_mut(|contact| edit.apply(contact, now));
                unit.contacts().save_many(user, &contacts).await?;
                Ok(contacts.len() as u64)
            }
        }
    }
}
