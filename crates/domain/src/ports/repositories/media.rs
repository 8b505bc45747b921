//! Media files.

use async_trait::async_trait;

use crate::ports::StorageError;
use crate::{CampaignId, MediaFile, UserId};

/// Media files.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MediaRepository: Send {
    /// Adds a file.
    async fn insert(&mut self, file: &MediaFile) -> Result<(), StorageError>;
    /// The files of these campaigns, as far as they are the user's, by campaign, oldest first
    /// within one.
    async fn of_campaigns(
        &mut self,
        user: UserId,
        ids: &[CampaignId],
    ) -> Result<Vec<MediaFile>, StorageError>;
}
