//! Files that users gave us.

use std::path::PathBuf;

use async_trait::async_trait;
use uuid::Uuid;

use crate::UserId;

/// The store of files did not work.
#[derive(Debug, thiserror::Error)]
#[error("the file store failed: {context}")]
pub struct FileStoreError {
    /// What was tried.
    pub context: &'static str,
    /// Why it failed.
    #[source]
    pub source: std::io::Error,
}

/// A file that is being written. Dropped without [`FileUpload::finish`], it leaves nothing.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait FileUpload: Send {
    /// Appends a piece.
    async fn write(&mut self, piece: &[u8]) -> Result<(), FileStoreError>;
    /// Makes the file appear under its name, whole and on the disk.
    async fn finish(self: Box<Self>) -> Result<(), FileStoreError>;
}

/// Files by user and id; names that users gave never become names of files.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait FileStore: Send + Sync {
    /// Begins to write a file.
    async fn create(&self, user: UserId, file: Uuid)
    -> Result<Box<dyn FileUpload>, FileStoreError>;
    /// The whole file as a local path to read, `None` when there is no such file.
    async fn local_copy(&self, user: UserId, file: Uuid)
    -> Result<Option<PathBuf>, FileStoreError>;
    /// Deletes a file; deleting one that is not there is no error.
    async fn delete(&self, user: UserId, file: Uuid) -> Result<(), FileStoreError>;
    /// Deletes every file of a user.
    async fn delete_all(&self, user: UserId) -> Result<(), FileStoreError>;
    /// Deletes what processes that died left unfinished. How many files.
    async fn delete_abandoned(&self) -> Result<u64, FileStoreError>;
}
