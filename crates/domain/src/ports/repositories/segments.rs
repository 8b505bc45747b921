//! Segments.

use async_trait::async_trait;

use crate::ports::StorageError;
use crate::{Segment, SegmentId, UserId};

/// Saved filters of contacts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SegmentRepository: Send {
    /// Adds a segment; `Duplicate(SegmentName)` when the user has one of this name.
    async fn insert(&mut self, segment: &Segment) -> Result<(), StorageError>;
    /// The segment.
    async fn find(&mut self, user: UserId, id: SegmentId) -> Result<Option<Segment>, StorageError>;
    /// The segment, kept from change by others.
    async fn lock(&mut self, user: UserId, id: SegmentId) -> Result<Option<Segment>, StorageError>;
    /// Every segment of the user, by name.
    async fn list(&mut self, user: UserId) -> Result<Vec<Segment>, StorageError>;
    /// Every segment of the user, kept from change by others, by id.
    async fn lock_all(&mut self, user: UserId) -> Result<Vec<Segment>, StorageError>;
    /// Stores every field but the id and `created_at`; `Duplicate(SegmentName)` when the user has
    /// another of this name.
    async fn save(&mut self, segment: &Segment) -> Result<(), StorageError>;
    /// Deletes the segment, which no campaign awaits: see [`crate::Campaign::awaited_segment`].
    /// Whether there was one.
    async fn delete(&mut self, user: UserId, id: SegmentId) -> Result<bool, StorageError>;
}
