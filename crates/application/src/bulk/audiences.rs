//! Campaigns that have not started and segments, as far as they choose contacts by a tag.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Repositories, StorageError, UnitOfWork};
use nexus_domain::values::{SegmentName, ShortText, Tag};
use nexus_domain::{BulkAction, CampaignId, ContactEdit, SegmentId, UserId};

/// What chooses contacts by a tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagUse {
    /// Campaigns that have not started, with their names.
    pub campaigns: Vec<(CampaignId, ShortText)>,
    /// Segments, with their names.
    pub segments: Vec<(SegmentId, SegmentName)>,
}

impl TagUse {
    /// What chooses contacts by `tag` now.
    pub(super) async fn find(
        repositories: &mut dyn Repositories,
        user: UserId,
        tag: &Tag,
    ) -> Result<Self, StorageError> {
        let campaigns = repositories.campaigns().unstarted(user).await?;
        let segments = repositories.segments().list(user).await?;
        Ok(Self {
            campaigns: campaigns
                .into_iter()
                .filter(|campaign| campaign.names_tag(tag))
                .map(|campaign| (campaign.id, campaign.name))
                .collect(),
            segments: segments
                .into_iter()
                .filter(|segment| segment.names_tag(tag))
                .map(|segment| (segment.id, segment.name))
                .collect(),
        })
    }

    /// Whether there is nothing of the kind.
    pub fn is_empty(&self) -> bool {
        self.campaigns.is_empty() && self.segments.is_empty()
    }
}

/// Where the action renames a tag, what chooses contacts by it does so by the new name: in the
/// transaction that renames it on the contacts, or that decides that a worker will.
pub(super) async fn follow(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    action: &BulkAction,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let BulkAction::Edit(ContactEdit::RenameTag { from, to }) = action else {
        return Ok(());
    };
    // Campaigns, then segments, then contacts, as all who lock several of them do.
    for mut campaign in unit.campaigns().lock_unstarted(user).await? {
        if campaign.rename_tag(from, to, now) {
            unit.campaigns().save(&campaign).await?;
        }
    }
    for mut segment in unit.segments().lock_all(user).await? {
        if segment.rename_tag(from, to, now) {
            unit.segments().save(&segment).await?;
        }
    }
    Ok(())
}
