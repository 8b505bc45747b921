//! Copies of files, for copies of campaigns.

use nexus_domain::ports::StorageError;
use nexus_domain::{CampaignId, MediaFile, MediaId, UserId};

use super::super::Campaigns;
use super::StoringError;

impl Campaigns {
    /// Copies the content of these files, without those that are not stored any more. The copies are to
    /// be added to `campaign` in a transaction, or [discarded](Self::discard_copies).
    pub(in super::super) async fn copy_media(
        &self,
        originals: &[MediaFile],
        campaign: CampaignId,
    ) -> Result<Vec<MediaFile>, StoringError> {
        let mut copies = Vec::new();
        for original in originals {
            let now = self.ports.clock.now();
            let copy = MediaFile {
                id: MediaId::new(now, self.ports.entropy.as_ref()),
                campaign_id: campaign,
                created_at: now,
                ..original.clone()
            };
            let noted = self.note_incoming(copy.user_id, copy.id).await;
            copies.push(copy.clone());
            let copied = match noted {
                Ok(()) => self.copy_content(original, copy.id).await,
                Err(error) => Err(error.into()),
            };
            match copied {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(media_id = %original.id, "a file to copy is not stored any more");
                    copies.pop();
                    self.discard(copy.user_id, copy.id).await;
                }
                Err(error) => {
                    self.discard_copies(&copies).await;
                    return Err(error);
                }
            }
        }
        Ok(copies)
    }

    /// Whether there is content to copy.
    async fn copy_content(
        &self,
        original: &MediaFile,
        copy: MediaId,
    ) -> Result<bool, StoringError> {
        let files = &self.ports.media.files;
        let user: UserId = original.user_id;
        let Some(mut content) = files.open(user, original.id.as_uuid()).await? else {
            return Ok(false);
        };
        let mut upload = files.create(user, copy.as_uuid()).await?;
        while let Some(piece) = content.next().await? {
            upload.write(&piece).await?;
        }
        upload.finish().await?;
        Ok(true)
    }

    /// Deletes copies that came to nothing.
    pub(in super::super) async fn discard_copies(&self, copies: &[MediaFile]) {
        for copy in copies {
            self.discard(copy.user_id, copy.id).await;
        }
    }
}

/// Gives copies their owner, in the transaction that adds their campaign.
pub(in super::super) async fn add_copies(
    unit: &mut dyn nexus_domain::ports::UnitOfWork,
    copies: &[MediaFile],
) -> Result<(), StorageError> {
    for copy in copies {
        let awaited = unit
            .stored_files()
            .note_owned(copy.user_id, copy.id.as_uuid());
        if !awaited.await? {
            let given_up = "copying took so long that it was given up".into();
            return Err(StorageError::Unavailable(given_up));
        }
        unit.media().insert(copy).await?;
    }
    Ok(())
}
