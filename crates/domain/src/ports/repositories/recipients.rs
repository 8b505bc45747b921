//! Recipients of campaigns: the delivery ledger.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::values::{ListRequest, Listing, RecipientSort};
use crate::{
    CampaignContact, CampaignContactId, CampaignId, ChannelKind, DeliveryStatus, RecipientFilter,
    SenderId, UserId,
};

/// Recipients of campaigns: the delivery ledger.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CampaignContactRepository: Send {
    /// Adds recipients. The caller counts them.
    async fn insert(&mut self, recipients: &[CampaignContact]) -> Result<(), StorageError>;
    /// Locks queued recipients of a campaign whose time has come, by id, at most `most`, passing
    /// over rows that others hold.
    async fn lock_due(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// As [`Self::lock_due`], only those whose address began to count for their account's daily limit
    /// in a quarter that started after `counting_after`: who may be written to while it is used up.
    async fn lock_due_counted(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        now: DateTime<Utc>,
        counting_after: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// Locks recipients of an account in this status whose attempt began before `before`, by id,
    /// at most `most`.
    async fn lock_in(
        &mut self,
        user: UserId,
        sender: SenderId,
        status: DeliveryStatus,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// Locks queued recipients of a campaign whether their time has come or not, at most `most`.
    async fn lock_queued(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// Locks recipients of a campaign that the filter lets through, by id, after `after`, at most
    /// `most`. One that leaves the filter meanwhile is not among them, so there may be fewer than
    /// `most` though others follow.
    async fn lock_filtered(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        filter: &RecipientFilter,
        after: Option<CampaignContactId>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// Locks recipients by id, always in the order of their ids, so that two who lock overlapping
    /// sets wait instead of blocking each other for good.
    async fn lock_many(
        &mut self,
        user: UserId,
        ids: &[CampaignContactId],
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// The ids of the recipients whose messages have these ids at the provider, with those ids.
    async fn find_by_message_ids(
        &mut self,
        user: UserId,
        message_ids: &[String],
    ) -> Result<Vec<(String, CampaignContactId)>, StorageError>;
    /// The recipient last sent to at this address since `since`.
    async fn last_sent_to(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        address: &str,
        since: DateTime<Utc>,
    ) -> Result<Option<CampaignContactId>, StorageError>;
    /// Stores the delivery and `updated_at` of recipients that were locked before; not what the user
    /// decided, which deliveries never change.
    async fn save(&mut self, recipients: &[CampaignContact]) -> Result<(), StorageError>;
    /// As [`Self::save`], with what the user decided.
    async fn save_decided(&mut self, recipients: &[CampaignContact]) -> Result<(), StorageError>;
    /// Part of the list. `total` is how many the filter lets through, where that is known; else they
    /// are counted.
    async fn list(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        filter: &RecipientFilter,
        total: Option<u64>,
        request: &ListRequest<RecipientSort>,
    ) -> Result<Listing<CampaignContact>, StorageError>;
    /// When the provider took the earliest of a campaign's messages that it took before `before`, that
    /// were begun after `after`, and of which it has reported nothing that moved them. Looks at the
    /// first and the last 2,000 that it took only, so that it is quick.
    async fn unreported_since(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        after: Option<DateTime<Utc>>,
        before: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StorageError>;
    /// The soonest time at which a queued recipient of one of these campaigns is due; `None` when none
    /// waits, and without a campaign.
    async fn next_due(
        &mut self,
        user: UserId,
        campaigns: &[CampaignId],
    ) -> Result<Option<DateTime<Utc>>, StorageError>;
    /// The latest time before which a recipient of this campaign is not sent to; `None` when all are
    /// due at any time.
    async fn last_due(
        &mut self,
        user: UserId,
        campaign: CampaignId,
    ) -> Result<Option<DateTime<Utc>>, StorageError>;
}
