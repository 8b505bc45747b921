//! The contacts that a query lets through, all of them, a part at a time.

use std::sync::Arc;

use chrono::NaiveDate;
use nexus_domain::ports::{Storage, StorageError};
use nexus_domain::values::{
    ContactSort, Cursor, FieldName, ListRequest, Paging, SortDirection, Violations,
};
use nexus_domain::{Contact, ContactFilter, UserId};

use super::{ContactQuery, Contacts, QueryError};
use crate::Actor;

/// How many contacts are read at once: so many are in memory, however many there are.
const PART: u32 = 1_000;

/// Why contacts can't be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportContactsError {
    /// Conditions that can't be understood.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The account is gone.
    #[error("no such user")]
    NoSuchUser,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<QueryError> for ExportContactsError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Invalid(violations) => Self::Invalid(violations),
            QueryError::Storage(error) => Self::Storage(error),
        }
    }
}

/// Contacts to be read one part after the other, oldest first.
pub struct ContactExport {
    date: NaiveDate,
    storage: Arc<dyn Storage>,
    user: UserId,
    filter: ContactFilter,
    fields: Vec<FieldName>,
    at: Position,
}

enum Position {
    /// What follows this, or the start.
    After(Option<Cursor>),
    End,
}

impl Contacts {
    /// The user's contacts that the query lets through.
    pub async fn export(
        &self,
        actor: &Actor,
        query: &ContactQuery,
    ) -> Result<ContactExport, ExportContactsError> {
        let storage = self.storage.as_ref();
        let filter = query.resolve(storage, actor.user_id()).await?;
        let user = self
            .user(actor)
            .await?
            .ok_or(ExportContactsError::NoSuchUser)?;
        let fields = self.storage.read().fields().list(user.id).await?;
        Ok(ContactExport {
            date: user.time_zone.day_of(self.clock.now()),
            storage: Arc::clone(&self.storage),
            user: user.id,
            filter,
            fields,
            at: Position::After(None),
        })
    }
}

impl ContactExport {
    /// The day on which it began, where the user is.
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// The custom fields that the user had when it began, in order.
    pub fn fields(&self) -> &[FieldName] {
        &self.fields
    }

    /// The next contacts; none at the end. Contacts that are added meanwhile come last; none comes
    /// twice.
    pub async fn next_part(&mut self) -> Result<Vec<Contact>, StorageError> {
        let Position::After(cursor) = &self.at else {
            return Ok(Vec::new());
        };
        let request = ListRequest {
            paging: Paging::After {
                cursor: cursor.clone(),
            },
            size: PART,
            sort: ContactSort::CreatedAt,
            direction: SortDirection::Ascending,
        };
        let mut repositories = self.storage.read();
        let listing = repositories
            .contacts()
            .list(self.user, &self.filter, &request)
            .await?;
        self.at = match listing.next {
            Some(cursor) => Position::After(Some(cursor)),
            None => Position::End,
        };
        Ok(listing.items)
    }
}
