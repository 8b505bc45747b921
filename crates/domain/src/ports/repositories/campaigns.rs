//! Campaigns.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::values::{CampaignSort, ListRequest, Listing, ShortText};
use crate::{
    Campaign, CampaignCounters, CampaignFilter, CampaignId, ContactId, CounterDelta, SegmentId,
    SenderId, UserId,
};

/// Campaigns.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CampaignRepository: Send {
    /// Adds a campaign with its counters.
    async fn insert(&mut self, campaign: &Campaign) -> Result<(), StorageError>;
    /// The campaign.
    async fn find(
        &mut self,
        user: UserId,
        id: CampaignId,
    ) -> Result<Option<Campaign>, StorageError>;
    /// The campaign, kept from change by others.
    async fn lock(
        &mut self,
        user: UserId,
        id: CampaignId,
    ) -> Result<Option<Campaign>, StorageError>;
    /// Stores every field but the id, `created_at` and the counters.
    async fn save(&mut self, campaign: &Campaign) -> Result<(), StorageError>;
    /// Adds to the counters, and returns what they are then.
    async fn count(
        &mut self,
        user: UserId,
        id: CampaignId,
        delta: &CounterDelta,
    ) -> Result<CampaignCounters, StorageError>;
    /// Sets the counters of a campaign that has not started: its total is that of its audience.
    async fn set_total(
        &mut self,
        user: UserId,
        id: CampaignId,
        total: i64,
    ) -> Result<(), StorageError>;
    /// The campaigns with an audience that have not started, by id.
    async fn unstarted(&mut self, user: UserId) -> Result<Vec<Campaign>, StorageError>;
    /// The same, kept from change by others.
    async fn lock_unstarted(&mut self, user: UserId) -> Result<Vec<Campaign>, StorageError>;
    /// The campaigns that await this segment, with their names, by id.
    async fn awaiting(
        &mut self,
        user: UserId,
        segment: SegmentId,
    ) -> Result<Vec<(CampaignId, ShortText)>, StorageError>;
    /// Deletes the campaign, its recipients and media rows. Whether there was one.
    async fn delete(&mut self, user: UserId, id: CampaignId) -> Result<bool, StorageError>;
    /// Part of the list.
    async fn list(
        &mut self,
        user: UserId,
        filter: &CampaignFilter,
        request: &ListRequest<CampaignSort>,
    ) -> Result<Listing<Campaign>, StorageError>;
    /// Replaces the contacts chosen one by one; ids that are not the user's are an error of the
    /// caller, who has checked them.
    async fn choose(
        &mut self,
        user: UserId,
        id: CampaignId,
        contacts: &[ContactId],
    ) -> Result<(), StorageError>;
    /// The contacts chosen one by one for `from` are chosen for `id` too, which has none yet.
    async fn choose_as(
        &mut self,
        user: UserId,
        id: CampaignId,
        from: CampaignId,
    ) -> Result<(), StorageError>;
    /// The contacts chosen one by one, by id.
    async fn chosen(
        &mut self,
        user: UserId,
        id: CampaignId,
    ) -> Result<Vec<ContactId>, StorageError>;
    /// How many contacts are chosen one by one for each of these campaigns; those without any are
    /// left out.
    async fn chosen_counts(
        &mut self,
        user: UserId,
        ids: &[CampaignId],
    ) -> Result<Vec<(CampaignId, u64)>, StorageError>;
    /// The campaigns that this account is sending now (active), oldest start first.
    async fn active_of(
        &mut self,
        user: UserId,
        sender: SenderId,
    ) -> Result<Vec<Campaign>, StorageError>;
    /// Scheduled campaigns of all users that are to be looked at by `now`, the longest due first, at
    /// most `most`. For the scheduler, which then acts for each campaign's user.
    async fn due_to_start(
        &mut self,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<(UserId, CampaignId)>, StorageError>;
    /// When the next scheduled campaign of any user is to be looked at.
    async fn next_start(&mut self) -> Result<Option<DateTime<Utc>>, StorageError>;
    /// The user's campaigns that are being sent now (active), by id.
    async fn active(&mut self, user: UserId) -> Result<Vec<Campaign>, StorageError>;
    /// The campaigns that this account has begun to send, latest start first, at most `most`.
    async fn latest_of(
        &mut self,
        user: UserId,
        sender: SenderId,
        most: u32,
    ) -> Result<Vec<CampaignId>, StorageError>;
    /// The campaigns with placeholders that may still be sent (draft, scheduled, missed, active,
    /// paused), oldest first.
    async fn unfinished_with_placeholders(
        &mut self,
        user: UserId,
    ) -> Result<Vec<Campaign>, StorageError>;
}
