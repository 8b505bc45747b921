//! Sessions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{SessionKeyHash, StoredSession, UserId};

/// Sessions. A session that was deleted stays deleted: nothing here brings one back.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send {
    /// Adds a session.
    async fn insert(&mut self, session: &StoredSession) -> Result<(), StorageError>;
    /// The session, unless it has expired at `now`.
    async fn find(
        &mut self,
        key: SessionKeyHash,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredSession>, StorageError>;
    /// Changes state, user and expiry of a session that is there. Whether it was.
    async fn update(&mut self, session: &StoredSession) -> Result<bool, StorageError>;
    /// Deletes one.
    async fn delete(&mut self, key: SessionKeyHash) -> Result<(), StorageError>;
    /// Deletes all of a user.
    async fn delete_of_user(&mut self, user: UserId) -> Result<(), StorageError>;
    /// Deletes those that have expired. How many.
    async fn delete_expired(&mut self, now: DateTime<Utc>) -> Result<u64, StorageError>;
}
