//! Taking files from a campaign.

use nexus_domain::ports::StorageError;
use nexus_domain::{CampaignId, CampaignStatus, MediaId};

use super::super::{CampaignDetails, Campaigns, with_media};
use super::unneeded;
use crate::Actor;

/// Why files were not taken from a campaign.
#[derive(Debug, thiserror::Error)]
pub enum RemoveMediaError {
    /// The user has no such campaign, or it no such file.
    #[error("no such file")]
    NotFound,
    /// It has started.
    #[error("a campaign that is {} loses no file", .status.as_str())]
    NotEditable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Campaigns {
    /// Takes a file, or all of them, from a campaign that has not started. First the rows, then the
    /// content: a row never lacks it.
    pub async fn remove_media(
        &self,
        actor: &Actor,
        campaign_id: CampaignId,
        which: Option<MediaId>,
    ) -> Result<CampaignDetails, RemoveMediaError> {
        let user = actor.user_id();
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let mut campaign = unit
            .campaigns()
            .lock(user, campaign_id)
            .await?
            .ok_or(RemoveMediaError::NotFound)?;
        let mut files = unit.media().of_campaigns(user, &[campaign_id]).await?;
        if let Some(id) = which {
            files.retain(|file| file.id == id);
            if files.is_empty() {
                return Err(RemoveMediaError::NotFound);
            }
        }
        campaign
            .check_editable()
            .map_err(|error| RemoveMediaError::NotEditable {
                status: error.status,
            })?;
        for file in &files {
            unit.media().delete(user, campaign_id, file.id).await?;
        }
        let unneeded = unneeded(&files);
        if !unneeded.is_empty() {
            unit.stored_files()
                .note_unneeded(user, &unneeded, now)
                .await?;
            campaign.updated_at = now;
            unit.campaigns().save(&campaign).await?;
        }
        let details = with_media(unit.media(), campaign).await?;
        unit.commit().await?;
        self.delete_unneeded(user, &unneeded).await;
        Ok(details)
    }
}
