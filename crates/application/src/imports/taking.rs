//! The changes of a batch on their way into the store: as many together as their order allows.

use std::collections::HashSet;

use nexus_domain::ports::{ContactRepository, StorageError};
use nexus_domain::{Contact, ContactId};

use super::meeting::{Address, Step};

/// Changes that can be stored together: no two of them are of one contact, and none needs an
/// address that another gives up.
#[derive(Default)]
struct Together {
    new: Vec<Contact>,
    changed: Vec<Contact>,
    ids: HashSet<ContactId>,
    freed: HashSet<Address>,
}

impl Together {
    fn takes(&self, step: &Step) -> bool {
        let contact = step.contact();
        !self.ids.contains(&contact.id)
            && (self.freed.is_empty()
                || !Address::of(contact).any(|address| self.freed.contains(&address)))
    }

    fn add(&mut self, step: Step) {
        match step {
            Step::Insert(contact) => {
                self.ids.insert(contact.id);
                self.new.push(contact);
            }
            Step::Save { contact, freed } => {
                self.ids.insert(contact.id);
                self.freed.extend(freed);
                self.changed.push(contact);
            }
        }
    }

    async fn store(&mut self, contacts: &mut dyn ContactRepository) -> Result<(), StorageError> {
        let Self { new, changed, .. } = std::mem::take(self);
        if !new.is_empty() {
            contacts.insert(&new).await?;
        }
        if let Some(first) = changed.first() {
            contacts.save_many(first.user_id, &changed).await?;
        }
        Ok(())
    }
}

/// Makes the changes.
pub(super) async fn take(
    contacts: &mut dyn ContactRepository,
    steps: Vec<Step>,
) -> Result<(), StorageError> {
    let mut together = Together::default();
    for step in steps {
        if !together.takes(&step) {
            together.store(contacts).await?;
        }
        together.add(step);
    }
    together.store(contacts).await
}
