//! Sender accounts and their leases.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{InstanceId, SenderAccount, SenderId, SenderLease, SenderLimits, UserId};

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
    /// What bounds the account, with the quarters that started after `counting_after`; `None` when
    /// there is no such account.
    async fn limits(
        &mut self,
        user: UserId,
        id: SenderId,
        counting_after: DateTime<Utc>,
    ) -> Result<Option<SenderLimits>, StorageError>;
    /// The provider asked for no request before `until`. A later time that is known already stays.
    async fn rest(
        &mut self,
        user: UserId,
        id: SenderId,
        until: DateTime<Utc>,
    ) -> Result<(), StorageError>;
    /// Those of these addresses that began to count in a quarter that started after
    /// `counting_after`.
    async fn counted(
        &mut self,
        user: UserId,
        id: SenderId,
        addresses: &[String],
        counting_after: DateTime<Utc>,
    ) -> Result<Vec<String>, StorageError>;
    /// These people, each once, begin to count in this quarter.
    async fn count_people(
        &mut self,
        user: UserId,
        id: SenderId,
        addresses: &[String],
        quarter: DateTime<Utc>,
    ) -> Result<(), StorageError>;
    /// Forgets whom the account has written to in quarters up to this one.
    async fn forget_people(
        &mut self,
        user: UserId,
        id: SenderId,
        up_to: DateTime<Utc>,
    ) -> Result<(), StorageError>;
}
