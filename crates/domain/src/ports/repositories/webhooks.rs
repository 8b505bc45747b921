//! The inbox of webhooks.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{UserId, WebhookEvent, WebhookEventId, WebhookState};

/// Which webhooks are to be applied once more; every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayFilter {
    /// Of this user.
    pub user: Option<UserId>,
    /// Received at or after.
    pub since: Option<DateTime<Utc>>,
    /// In one of these states; those that are pending are never meant.
    pub states: Vec<WebhookState>,
}

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
    /// The event, kept from change by others.
    async fn lock(
        &mut self,
        user: UserId,
        id: WebhookEventId,
    ) -> Result<Option<WebhookEvent>, StorageError>;
    /// How many the filter means.
    async fn count_replayable(&mut self, filter: &ReplayFilter) -> Result<u64, StorageError>;
    /// Makes up to `most` of those that the filter means pending again, as if they came now. How
    /// many.
    async fn replay(
        &mut self,
        filter: &ReplayFilter,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<u64, StorageError>;
    /// Deletes events that are no longer pending and were received before. How many.
    async fn delete_settled(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError>;
}
