//! Which campaigns of an account may be sent from now.

use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::{CampaignId, SenderLease};

use super::Desk;

/// The campaigns that an account is sending.
pub(super) struct OpenCampaigns {
    /// Those that may be sent now, oldest start first.
    pub(super) ids: Vec<CampaignId>,
    /// When the first of the others may be, whose windows are closed.
    pub(super) next_opening: Option<DateTime<Utc>>,
}

/// Looks at the account's campaigns. Those with nobody left to send to are completed.
pub(super) async fn open_campaigns(
    desk: &Desk,
    lease: &SenderLease,
) -> Result<OpenCampaigns, StorageError> {
    let now = desk.clock.now();
    let active = desk
        .storage
        .read()
        .campaigns()
        .active_of(lease.user_id, lease.sender_id)
        .await?;
    let mut open = OpenCampaigns {
        ids: Vec::with_capacity(active.len()),
        next_opening: None,
    };
    for campaign in active {
        if campaign.counters.pending <= 0 {
            complete(desk, lease, campaign.id).await?;
        } else if let Some(opening) = campaign.waiting_until(now) {
            let known = open.next_opening.unwrap_or(opening);
            open.next_opening = Some(known.min(opening));
        } else {
            open.ids.push(campaign.id);
        }
    }
    Ok(open)
}

/// Completes a campaign with nobody left, unless that changed meanwhile.
async fn complete(desk: &Desk, lease: &SenderLease, id: CampaignId) -> Result<(), StorageError> {
    let mut unit = desk.storage.begin().await?;
    let Some(mut campaign) = unit.campaigns().lock(lease.user_id, id).await? else {
        return Ok(());
    };
    if campaign.complete_if_settled(desk.clock.now()) {
        unit.campaigns().save(&campaign).await?;
        unit.commit().await?;
        tracing::info!(
            user_id = %lease.user_id,
            campaign_id = %id,
            "a campaign with nobody left is completed"
        );
    }
    Ok(())
}
