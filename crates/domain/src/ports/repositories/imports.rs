//! Imports and the errors of their rows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::values::{ListRequest, Listing};
use crate::{ImportId, ImportedFile, RowError, UserId};

/// Imports and the errors of their rows.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ImportRepository: Send {
    /// Adds an import.
    async fn insert(&mut self, import: &ImportedFile) -> Result<(), StorageError>;
    /// The import.
    async fn find(
        &mut self,
        user: UserId,
        id: ImportId,
    ) -> Result<Option<ImportedFile>, StorageError>;
    /// The import, kept from change by others.
    async fn lock(
        &mut self,
        user: UserId,
        id: ImportId,
    ) -> Result<Option<ImportedFile>, StorageError>;
    /// Stores everything but what is known of the file when it is uploaded.
    async fn save(&mut self, import: &ImportedFile) -> Result<(), StorageError>;
    /// Part of the list, latest first.
    async fn list(
        &mut self,
        user: UserId,
        request: &ListRequest<()>,
    ) -> Result<Listing<ImportedFile>, StorageError>;
    /// Adds errors of rows.
    async fn add_errors(
        &mut self,
        user: UserId,
        id: ImportId,
        errors: &[RowError],
    ) -> Result<(), StorageError>;
    /// The imports that were last changed before `before` and are still nothing but previewed, at
    /// most `most`. For housekeeping, whoever's they are.
    async fn previewed_before(
        &mut self,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<(UserId, ImportId)>, StorageError>;
    /// Deletes an import that is nothing but previewed. Whether there was one.
    async fn delete_previewed(&mut self, user: UserId, id: ImportId) -> Result<bool, StorageError>;
    /// The imports that were over before `before` and whose files may still be there, at most
    /// `most`. For housekeeping, whoever's they are.
    async fn over_with_file(
        &mut self,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<(UserId, ImportId)>, StorageError>;
    /// Notes that the import's file is deleted.
    async fn note_file_deleted(&mut self, user: UserId, id: ImportId) -> Result<(), StorageError>;
    /// Part of the errors, by line.
    async fn errors(
        &mut self,
        user: UserId,
        id: ImportId,
        request: &ListRequest<()>,
    ) -> Result<Listing<RowError>, StorageError>;
}
