//! The inbox of webhooks.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{UserId, WebhookEvent, WebhookEventId};

/// The inbox of webhooks.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WebhookRepository: Send {
    /// Adds an event.
    async fn insert(&mut self, event: &WebhookEvent) -> Result<(), StorageError>;
    /// Locks pending events of all users that are due, oldest first, at most `most`, passing over
    /// those that others hold. For the worker, which then acts for each event's user.
    async fn lock_due(
        &mut self,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<WebhookEvent>, StorageError>;
    /// Stores state, attempts and `due_at`.
    async fn save(&mut self, event: &WebhookEvent) -> Result<(), StorageError>;
    /// The event.
    async fn find(
        &mut self,
        user: UserId,
        id: WebhookEventId,
    ) -> Result<Option<WebhookEvent>, StorageError>;
    /// Deletes events that are no longer pending and were received before. How many.
    async fn delete_settled(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError>;
}
