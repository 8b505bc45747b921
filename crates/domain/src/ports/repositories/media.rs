//! Media files.

use async_trait::async_trait;

use crate::ports::StorageError;
use crate::{CampaignId, MediaContent, MediaFile, MediaId, MediaUpload, SenderId, UserId};

/// Media files.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MediaRepository: Send {
    /// Adds a file.
    async fn insert(&mut self, file: &MediaFile) -> Result<(), StorageError>;
    /// The file of this campaign.
    async fn find(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        id: MediaId,
    ) -> Result<Option<MediaFile>, StorageError>;
    /// The files of these campaigns, as far as they are the user's, by campaign, oldest first
    /// within one.
    async fn of_campaigns(
        &mut self,
        user: UserId,
        ids: &[CampaignId],
    ) -> Result<Vec<MediaFile>, StorageError>;
    /// Forgets the file of this campaign; its content is the file store's. Whether there was one.
    async fn delete(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        id: MediaId,
    ) -> Result<bool, StorageError>;
    /// How many bytes the user's files have together.
    async fn used_bytes(&mut self, user: UserId) -> Result<u64, StorageError>;
    /// What the provider has of this content, handed over by this account.
    async fn upload(
        &mut self,
        user: UserId,
        sender: SenderId,
        content: &MediaContent,
    ) -> Result<Option<MediaUpload>, StorageError>;
    /// What the provider has under this id for this account.
    async fn lock_upload(
        &mut self,
        user: UserId,
        sender: SenderId,
        provider_id: &str,
    ) -> Result<Option<MediaUpload>, StorageError>;
    /// Keeps it, in the place of what was known of the same content and account. Nothing is kept of an
    /// account that the user does not have.
    async fn save_upload(&mut self, upload: &MediaUpload) -> Result<(), StorageError>;
}
