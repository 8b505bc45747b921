//! Sender accounts and their leases.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{InstanceId, SenderAccount, SenderId, SenderLease, UserId};

/// Sender accounts and their leases. Leases are measured on the database's clock.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SenderRepository: Send {
    /// The user's account with this channel and name, added when it is new.
    async fn ensure(&mut self, account: &SenderAccount) -> Result<SenderAccount, StorageError>;
    /// The account.
    async fn find(
        &mut self,
        user: UserId,
        id: SenderId,
    ) -> Result<Option<SenderAccount>, StorageError>;
    /// The user's accounts, by id.
    async fn of_user(&mut self, user: UserId) -> Result<Vec<SenderAccount>, StorageError>;
    /// Accounts of all users with something to do: an active campaign, or recipients dispatching
    /// or in doubt. For the workers, which then act for each account's user.
    async fn with_work(&mut self) -> Result<Vec<SenderAccount>, StorageError>;
    /// Takes the lease when it is free or expired; the epoch grows. `None` when another has it.
    async fn acquire(
        &mut self,
        user: UserId,
        id: SenderId,
        owner: InstanceId,
        ttl: Duration,
    ) -> Result<Option<SenderLease>, StorageError>;
    /// Prolongs the lease. Whether it was still held.
    async fn renew(&mut self, lease: &SenderLease, ttl: Duration) -> Result<bool, StorageError>;
    /// Gives the lease back; no error when it is lost already.
    async fn release(&mut self, lease: &SenderLease) -> Result<(), StorageError>;
    /// Whether the lease is held, checked within the transaction: when it is, it can't be lost
    /// before the transaction ends.
    async fn hold(&mut self, lease: &SenderLease) -> Result<bool, StorageError>;
    /// Notes that a status was seen for a message dispatched then; see
    /// [`SenderAccount::confirmed_through`].
    async fn note_confirmed(
        &mut self,
        user: UserId,
        id: SenderId,
        dispatched_at: DateTime<Utc>,
    ) -> Result<(), StorageError>;
}
