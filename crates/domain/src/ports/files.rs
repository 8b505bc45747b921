//! Files that users gave us.

use std::any::Any;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use uuid::Uuid;

use crate::UserId;

/// The store of files did not work.
#[derive(Debug, thiserror::Error)]
#[error("the file store failed: {context}")]
pub struct FileStoreError {
    /// What was tried.
    pub context: &'static str,
    /// Why it failed. [`ResourceBusy`](std::io::ErrorKind::ResourceBusy) means that the same may work
    /// later.
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

/// A file that is being read from its beginning to its end.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait FileDownload: Send {
    /// The next piece, of some ten thousand bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, FileStoreError>;
}

/// A whole file under a local path, to be read as long as this is held. It may be a copy that goes
/// with this.
pub struct LocalCopy {
    path: PathBuf,
    _kept: Option<Box<dyn Any + Send + Sync>>,
}

impl LocalCopy {
    /// A file that stays where it is.
    pub fn of(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            _kept: None,
        }
    }

    /// A file that is there as long as `kept` is.
    pub fn kept_by(path: impl Into<PathBuf>, kept: impl Any + Send + Sync) -> Self {
        Self {
            path: path.into(),
            _kept: Some(Box::new(kept)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl std::fmt::Debug for LocalCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LocalCopy").field(&self.path).finish()
    }
}

/// Files by user and id; names that users gave never become names of files.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait FileStore: Send + Sync {
    /// Begins to write a file.
    async fn create(&self, user: UserId, file: Uuid)
    -> Result<Box<dyn FileUpload>, FileStoreError>;
    /// Begins to read a file, `None` when there is no such file.
    async fn open(
        &self,
        user: UserId,
        file: Uuid,
    ) -> Result<Option<Box<dyn FileDownload>>, FileStoreError>;
    /// The whole file under a local path to read, `None` when there is no such file.
    async fn local_copy(
        &self,
        user: UserId,
        file: Uuid,
    ) -> Result<Option<LocalCopy>, FileStoreError>;
    /// Deletes a file; deleting one that is not there is no error.
    async fn delete(&self, user: UserId, file: Uuid) -> Result<(), FileStoreError>;
    /// Deletes every file of a user.
    async fn delete_all(&self, user: UserId) -> Result<(), FileStoreError>;
    /// Deletes what processes that died left unfinished. How many files.
    async fn delete_abandoned(&self) -> Result<u64, FileStoreError>;
}
