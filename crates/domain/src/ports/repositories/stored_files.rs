//! Files in the file store that are nobody's: not yet, or no longer.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::UserId;
use crate::ports::StorageError;

/// What is to be deleted from the file store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnneededFile {
    /// One file.
    One(Uuid),
    /// Every file of the user, whose account is gone.
    All,
}

/// Notes of files in the file store that are nobody's. They outlive the accounts.
///
/// A file is noted before it is written, and the note goes in the transaction that gives it an owner;
/// the transaction that takes the owner away notes it again. So whatever process dies wherever, a
/// file without an owner has a note, and a file without a note is never deleted.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait StoredFileRepository: Send {
    /// Notes a file that is about to be written.
    async fn note_incoming(
        &mut self,
        user: UserId,
        file: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError>;
    /// The file has an owner, in the same transaction. Whether it was still awaited: when it was not,
    /// it may be deleted at any moment, and the transaction must not be committed.
    async fn note_owned(&mut self, user: UserId, file: Uuid) -> Result<bool, StorageError>;
    /// The file is not awaited any more: nobody will own it. Whether it was still awaited; when it was
    /// not, it may have an owner.
    async fn note_refused(&mut self, user: UserId, file: Uuid) -> Result<bool, StorageError>;
    /// Nobody needs these files any more.
    async fn note_unneeded(
        &mut self,
        user: UserId,
        files: &[UnneededFile],
        now: DateTime<Utc>,
    ) -> Result<(), StorageError>;
    /// Gives up files that were to be written, and were noted before.
    async fn give_up(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError>;
    /// Files that nobody needs, the longest unneeded first, at most `most`.
    async fn unneeded(&mut self, most: u32) -> Result<Vec<(UserId, UnneededFile)>, StorageError>;
    /// The file is deleted.
    async fn forget(&mut self, user: UserId, file: UnneededFile) -> Result<(), StorageError>;
}
