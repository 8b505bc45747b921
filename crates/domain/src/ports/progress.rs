//! What pages that stay open are kept up to date from.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{Campaign, SessionKeyHash, UserId};

/// When a campaign was last written to: whole minutes since 1970 on the database's clock, which all
/// instances share. Zero is before everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeMark(pub i64);

impl ChangeMark {
    /// A change is marked before it is committed. So many minutes before the latest mark that was seen,
    /// changes may still come to light; the store ends transactions that take much less.
    pub const SETTLING_MINUTES: i64 = 5;

    /// From where on to look again by whoever has seen everything up to here.
    #[must_use]
    pub fn settled(self) -> Self {
        Self((self.0 - Self::SETTLING_MINUTES).max(0))
    }
}

/// A campaign as it is, and when it became so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedCampaign {
    /// The campaign.
    pub campaign: Campaign,
    /// When it was last written to.
    pub mark: ChangeMark,
}

/// What is committed of a user's campaigns, whichever instance did it. Of more than `most` campaigns
/// come those that changed last.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ProgressSource: Send + Sync {
    /// The campaigns that are scheduled, active or paused, and those that changed as late as the last
    /// one; latest change first.
    async fn unfinished(
        &self,
        user: UserId,
        most: u32,
    ) -> Result<Vec<MarkedCampaign>, StorageError>;
    /// The campaigns that have changed at `since` or later, latest change first. One that was written
    /// down and not touched again has not changed.
    async fn changed_since(
        &self,
        user: UserId,
        since: ChangeMark,
        most: u32,
    ) -> Result<Vec<MarkedCampaign>, StorageError>;
    /// The user's sessions that have not expired at `now`.
    async fn sessions(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionKeyHash>, StorageError>;
}
