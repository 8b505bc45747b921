//! The names of custom fields.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::UserId;
use crate::ports::StorageError;
use crate::values::FieldName;

/// The names of the custom fields that a user has.
///
/// A transaction that gives contacts fields registers their names before it locks contacts; one
/// that deletes a name deletes it before it takes the field from contacts. So either waits for the
/// other, and no contact keeps a field whose name is gone.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait FieldRepository: Send {
    /// Every name, in order.
    async fn list(&mut self, user: UserId) -> Result<Vec<FieldName>, StorageError>;
    /// As [`Self::list`], and none of them is deleted before the transaction ends.
    async fn hold(&mut self, user: UserId) -> Result<Vec<FieldName>, StorageError>;
    /// Adds names, as far as they are new, and holds them. Every name that the user has then, in
    /// order, spelled as it came first: whether those are too many is the caller's to judge, before
    /// it commits.
    async fn register(
        &mut self,
        user: UserId,
        names: &[FieldName],
        at: DateTime<Utc>,
    ) -> Result<Vec<FieldName>, StorageError>;
    /// Deletes a name, waiting for those who hold it. The name as it was spelled, if there was one.
    async fn delete(
        &mut self,
        user: UserId,
        name: &FieldName,
    ) -> Result<Option<FieldName>, StorageError>;
}
