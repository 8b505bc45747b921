//! Finding contacts, and deleting one.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{ContactSort, FieldName, ListRequest, Listing, Tag, Violations};
use nexus_domain::{Contact, ContactId};

use super::{ContactQuery, Contacts, QueryError};
use crate::Actor;

/// Why a contact can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum GetContactError {
    /// The user has no such contact.
    #[error("no such contact")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a contact was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteContactError {
    /// The user has no such contact.
    #[error("no such contact")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why contacts can't be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListContactsError {
    /// Conditions that can't be understood.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<QueryError> for ListContactsError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Invalid(violations) => Self::Invalid(violations),
            QueryError::Storage(error) => Self::Storage(error),
        }
    }
}

impl Contacts {
    /// A contact of the user.
    pub async fn get(&self, actor: &Actor, id: ContactId) -> Result<Contact, GetContactError> {
        self.storage
            .read()
            .contacts()
            .find(actor.user_id(), id)
            .await?
            .ok_or(GetContactError::NotFound)
    }

    /// Deletes a contact; what was sent to it stays in the ledger.
    pub async fn delete(&self, actor: &Actor, id: ContactId) -> Result<(), DeleteContactError> {
        let mut unit = self.storage.begin().await?;
        if !unit.contacts().delete(actor.user_id(), id).await? {
            return Err(DeleteContactError::NotFound);
        }
        unit.commit().await?;
        Ok(())
    }

    /// Part of the user's contacts that the query lets through.
    pub async fn list(
        &self,
        actor: &Actor,
        query: &ContactQuery,
        request: &ListRequest<ContactSort>,
    ) -> Result<Listing<Contact>, ListContactsError> {
        let user = actor.user_id();
        let filter = query.resolve(self.storage.as_ref(), user).await?;
        let mut repositories = self.storage.read();
        let listing = repositories.contacts().list(user, &filter, request).await?;
        Ok(listing)
    }

    /// The names of the user's custom fields, in order.
    pub async fn fields(&self, actor: &Actor) -> Result<Vec<FieldName>, StorageError> {
        self.storage.read().fields().list(actor.user_id()).await
    }

    /// Every tag in use with the number of contacts that have it.
    pub async fn tags(&self, actor: &Actor) -> Result<Vec<(Tag, u64)>, StorageError> {
        self.storage.read().contacts().tags(actor.user_id()).await
    }
}
