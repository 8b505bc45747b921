//! Changes of many contacts.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{BulkChange, BulkChangeId, UserId};

/// Changes of many contacts that run in the background.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BulkChangeRepository: Send {
    /// Adds a change.
    async fn insert(&mut self, change: &BulkChange) -> Result<(), StorageError>;
    /// The change.
    async fn find(
        &mut self,
        user: UserId,
        id: BulkChangeId,
    ) -> Result<Option<BulkChange>, StorageError>;
    /// The change, kept from change by others.
    async fn lock(
        &mut self,
        user: UserId,
        id: BulkChangeId,
    ) -> Result<Option<BulkChange>, StorageError>;
    /// Deletes those of any user that were over before. How many.
    async fn delete_ended(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError>;
    /// The changes that are not over, by id.
    async fn unfinished(&mut self, user: UserId) -> Result<Vec<BulkChange>, StorageError>;
    /// Stores how far it is.
    async fn save(&mut self, change: &BulkChange) -> Result<(), StorageError>;
}
