//! Looking at campaigns and their recipients, and deleting campaigns.

use std::collections::HashMap;

use nexus_domain::ports::{CampaignRepository, StorageError};
use nexus_domain::values::{
    CampaignSort, ListRequest, Listing, RecipientSort, ShortText, Violations,
};
use nexus_domain::{
    Campaign, CampaignContact, CampaignFilter, CampaignId, CampaignStatus, ChannelKind, ContactId,
    DecisionFilter, DeliveryStatus, MediaFile, RecipientFilter, UserId,
};

use super::media::unneeded;
use super::{CampaignDetails, Campaigns, recipients, with_media};
use crate::Actor;
use crate::field::optional;

/// The conditions of a list of campaigns as they were asked for; all that are given must hold.
#[derive(Debug, Clone, Default)]
pub struct CampaignQuery {
    /// A part of the name.
    pub search: Option<String>,
    /// The word of a status.
    pub status: Option<String>,
    /// `whatsapp` or `gmail`.
    pub channel: Option<String>,
}

impl CampaignQuery {
    /// The filter that is meant, or every condition that can't be understood.
    pub fn parse(&self) -> Result<CampaignFilter, Violations> {
        let mut violations = Violations::new();
        let search = optional(self.search.as_deref(), ShortText::parse);
        let search = violations.check("search", search).flatten();
        let status = optional(self.status.as_deref(), CampaignStatus::parse);
        let status = violations.check("status", status).flatten();
        let channel = optional(self.channel.as_deref(), ChannelKind::parse);
        let channel = violations.check("channel", channel).flatten();
        violations.into_result().map(|()| CampaignFilter {
            search,
            status,
            channel,
        })
    }
}

/// The conditions of a list of recipients as they were asked for; all that are given must hold.
#[derive(Debug, Clone, Default)]
pub struct RecipientQuery {
    /// The word of a status.
    pub status: Option<String>,
    /// `pending`, `send_again` or `leave`.
    pub decision: Option<String>,
}

impl RecipientQuery {
    /// The filter that is meant, or every condition that can't be understood.
    pub fn parse(&self) -> Result<RecipientFilter, Violations> {
        let mut violations = Violations::new();
        let status = optional(self.status.as_deref(), DeliveryStatus::parse);
        let status = violations.check("status", status).flatten();
        let decision = optional(self.decision.as_deref(), DecisionFilter::parse);
        let decision = violations.check("decision", decision).flatten();
        violations
            .into_result()
            .map(|()| RecipientFilter { status, decision })
    }
}

/// How many recipients the filter lets through, as far as the campaign's counters tell. Before it
/// starts they count whom it is for, and it has no recipients.
fn known_total(campaign: &Campaign, filter: RecipientFilter) -> Option<u64> {
    let counters = campaign.counters;
    let count = match (filter.status, filter.decision) {
        _ if campaign.state.started_at().is_none() => Some(0),
        (None, None) => Some(counters.total),
        (Some(status), None) => counters.in_status(status),
        (None | Some(DeliveryStatus::Unconfirmed), Some(DecisionFilter::Pending)) => {
            Some(counters.unconfirmed - counters.unconfirmed_left)
        }
        _ => None,
    };
    count.and_then(|count| u64::try_from(count).ok())
}

/// Why a campaign can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum GetCampaignError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why campaigns can't be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListCampaignsError {
    /// Conditions that can't be understood.
    #[error("refused conditions: {0}")]
    Invalid(Violations),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why recipients can't be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListRecipientsError {
    /// Conditions that can't be understood.
    #[error("refused conditions: {0}")]
    Invalid(Violations),
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a campaign was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteCampaignError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// Messages of it may be on their way.
    #[error("a campaign that is {} can't be deleted", .status.as_str())]
    NotDeletable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The totals of campaigns that are for none but those chosen one by one, as far as they have not
/// started.
async fn count_chosen(
    campaigns: &mut dyn CampaignRepository,
    user: UserId,
    listed: &mut [Campaign],
) -> Result<(), StorageError> {
    let mut open: Vec<&mut Campaign> = listed
        .iter_mut()
        .filter(|campaign| campaign.audience.is_none() && campaign.check_editable().is_ok())
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let ids: Vec<CampaignId> = open.iter().map(|campaign| campaign.id).collect();
    let counts = campaigns.chosen_counts(user, &ids).await?;
    let counts: HashMap<CampaignId, u64> = counts.into_iter().collect();
    for campaign in &mut open {
        let total = counts.get(&campaign.id).copied().unwrap_or_default();
        campaign.counters.total = i64::try_from(total).unwrap_or(i64::MAX);
    }
    Ok(())
}

impl Campaigns {
    /// A campaign of the user. Until it starts, its total is that of this moment.
    pub async fn get(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<CampaignDetails, GetCampaignError> {
        let mut read = self.ports.storage.read();
        let mut campaign = read
            .campaigns()
            .find(actor.user_id(), id)
            .await?
            .ok_or(GetCampaignError::NotFound)?;
        if campaign.check_editable().is_ok() {
            campaign.counters.total = recipients::count(read.as_mut(), &campaign).await?;
        }
        Ok(with_media(read.media(), campaign).await?)
    }

    /// Part of the user's campaigns. The total of one that has not started is that of this moment
    /// when its recipients were chosen one by one; an audience was last counted when the campaign
    /// itself was last changed.
    pub async fn list(
        &self,
        actor: &Actor,
        query: &CampaignQuery,
        request: &ListRequest<CampaignSort>,
    ) -> Result<Listing<CampaignDetails>, ListCampaignsError> {
        let filter = query.parse().map_err(ListCampaignsError::Invalid)?;
        let user = actor.user_id();
        let mut read = self.ports.storage.read();
        let mut found = read.campaigns().list(user, &filter, request).await?;
        count_chosen(read.campaigns(), user, &mut found.items).await?;
        let ids: Vec<CampaignId> = found.items.iter().map(|campaign| campaign.id).collect();
        let mut media: HashMap<CampaignId, Vec<MediaFile>> = HashMap::new();
        for file in read.media().of_campaigns(user, &ids).await? {
            media.entry(file.campaign_id).or_default().push(file);
        }
        let items = found.items.into_iter().map(|campaign| CampaignDetails {
            media: media.remove(&campaign.id).unwrap_or_default(),
            campaign,
        });
        Ok(Listing {
            items: items.collect(),
            total: found.total,
            total_is_exact: found.total_is_exact,
            next: found.next,
        })
    }

    /// The contacts that were chosen one by one, by id.
    pub async fn chosen(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<Vec<ContactId>, GetCampaignError> {
        let user = actor.user_id();
        let mut read = self.ports.storage.read();
        read.campaigns()
            .find(user, id)
            .await?
            .ok_or(GetCampaignError::NotFound)?;
        Ok(read.campaigns().chosen(user, id).await?)
    }

    /// Part of a campaign's recipients and what happened to them.
    pub async fn recipients(
        &self,
        actor: &Actor,
        id: CampaignId,
        query: &RecipientQuery,
        request: &ListRequest<RecipientSort>,
    ) -> Result<Listing<CampaignContact>, ListRecipientsError> {
        let user = actor.user_id();
        let filter = query.parse().map_err(ListRecipientsError::Invalid)?;
        let mut read = self.ports.storage.read();
        let campaign = read
            .campaigns()
            .find(user, id)
            .await?
            .ok_or(ListRecipientsError::NotFound)?;
        let total = known_total(&campaign, filter);
        Ok(read
            .recipients()
            .list(user, id, &filter, total, request)
            .await?)
    }

    /// Deletes a campaign with its recipients and files, unless messages of it may be on their way.
    pub async fn delete(&self, actor: &Actor, id: CampaignId) -> Result<(), DeleteCampaignError> {
        let user = actor.user_id();
        let mut unit = self.ports.storage.begin().await?;
        let campaign = unit
            .campaigns()
            .lock(user, id)
            .await?
            .ok_or(DeleteCampaignError::NotFound)?;
        campaign
            .check_deletable()
            .map_err(|error| DeleteCampaignError::NotDeletable {
                status: error.status,
            })?;
        let files = unneeded(&unit.media().of_campaigns(user, &[id]).await?);
        if !files.is_empty() {
            let now = self.ports.clock.now();
            unit.stored_files().note_unneeded(user, &files, now).await?;
        }
        unit.campaigns().delete(user, id).await?;
        unit.commit().await?;
        self.delete_unneeded(user, &files).await;
        Ok(())
    }
}
