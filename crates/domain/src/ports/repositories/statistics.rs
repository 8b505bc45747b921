//! Figures.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{Dashboard, MessageDelta, UserId};

/// Figures.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait StatisticsRepository: Send {
    /// Adds what happened to messages in the quarter of an hour that `at` falls into.
    async fn count_messages(
        &mut self,
        user: UserId,
        at: DateTime<Utc>,
        delta: &MessageDelta,
    ) -> Result<(), StorageError>;
    /// The figures, with buckets and new contacts since `since`, and at most `most_recent` recent
    /// things.
    async fn dashboard(
        &mut self,
        user: UserId,
        since: DateTime<Utc>,
        most_recent: u32,
    ) -> Result<Dashboard, StorageError>;
}
