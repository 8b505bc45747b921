//! Deleting a segment.

use nexus_domain::ports::StorageError;
use nexus_domain::values::ShortText;
use nexus_domain::{CampaignId, SegmentId};

use super::Segments;
use crate::Actor;

/// Why a segment was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteSegmentError {
    /// The user has no such segment.
    #[error("no such segment")]
    NotFound,
    /// Campaigns that have not started choose their recipients by it.
    #[error("{} campaigns await the segment", .campaigns.len())]
    InUse {
        /// Those campaigns, with their names.
        campaigns: Vec<(CampaignId, ShortText)>,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Segments {
    /// Deletes a segment that no campaign awaits; its contacts stay.
    pub async fn delete(&self, actor: &Actor, id: SegmentId) -> Result<(), DeleteSegmentError> {
        let user = actor.user_id();
        let mut unit = self.storage.begin().await?;
        // Whoever writes a campaign locks its segment as well: either we see the campaign, or it
        // does not find the segment any more.
        unit.segments()
            .lock(user, id)
            .await?
            .ok_or(DeleteSegmentError::NotFound)?;
        let campaigns = unit.campaigns().awaiting(user, id).await?;
        if !campaigns.is_empty() {
            return Err(DeleteSegmentError::InUse { campaigns });
        }
        unit.segments().delete(user, id).await?;
        unit.commit().await?;
        Ok(())
    }
}
