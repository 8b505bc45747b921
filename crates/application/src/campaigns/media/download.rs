//! Showing a file of a campaign.

use nexus_domain::ports::{FileDownload, FileStoreError, StorageError};
use nexus_domain::{CampaignId, MediaFile, MediaId};

use super::super::Campaigns;
use crate::Actor;

/// Why a file can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum OpenMediaError {
    /// The user has no such campaign, or it no such file.
    #[error("no such file")]
    NotFound,
    /// The file store failed.
    #[error(transparent)]
    Files(#[from] FileStoreError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A file with its content.
pub struct MediaContent {
    /// What is known of it.
    pub file: MediaFile,
    /// Its content, from the beginning.
    pub content: Box<dyn FileDownload>,
}

impl Campaigns {
    /// Opens a file of a campaign.
    pub async fn open_media(
        &self,
        actor: &Actor,
        campaign: CampaignId,
        id: MediaId,
    ) -> Result<MediaContent, OpenMediaError> {
        let user = actor.user_id();
        let found = {
            let mut store = self.ports.storage.read();
            store.media().find(user, campaign, id).await?
        };
        let file = found.ok_or(OpenMediaError::NotFound)?;
        let files = &self.ports.media.files;
        let Some(content) = files.open(user, id.as_uuid()).await? else {
            tracing::error!(user_id = %user, media_id = %id, "the content of a file is missing");
            return Err(OpenMediaError::NotFound);
        };
        Ok(MediaContent { file, content })
    }
}
