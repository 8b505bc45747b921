//! The figures of the dashboard.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::MessageDelta;

/// How many contacts a user has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContactTotals {
    /// May be written to.
    pub active: u64,
    /// Set aside.
    pub inactive: u64,
    /// Asked not to be written to.
    pub unsubscribed: u64,
    /// Of all, those created on or after the first day asked for.
    pub new: u64,
}

impl ContactTotals {
    /// All contacts.
    pub fn total(&self) -> u64 {
        self.active + self.inactive + self.unsubscribed
    }
}

/// Messages of all campaigns of a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageTotals {
    /// Accepted by the provider.
    pub sent: u64,
    /// Delivered.
    pub delivered: u64,
    /// Read.
    pub read: u64,
    /// Refused for good.
    pub failed: u64,
    /// Answered.
    pub replied: u64,
}

/// What happened to messages within the quarter of an hour that begins at `start`.
///
/// Quarters, because every time zone in use differs from UTC by a multiple of 15 minutes: days of
/// any zone are sums of whole quarters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageBucket {
    /// A multiple of 15 minutes.
    pub start: DateTime<Utc>,
    /// What happened.
    pub count: MessageDelta,
}

impl MessageBucket {
    /// The start of the bucket that `at` falls into.
    pub fn start_of(at: DateTime<Utc>) -> DateTime<Utc> {
        let seconds = at.timestamp() - at.timestamp().rem_euclid(900);
        DateTime::from_timestamp(seconds, 0).unwrap_or(at)
    }
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    /// A campaign began to be sent.
    CampaignStarted,
    /// A campaign was sent.
    CampaignCompleted,
    /// An import ended.
    ImportFinished,
    /// A customer wrote.
    MessageReceived,
}

impl ActivityKind {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CampaignStarted => "campaign_started",
            Self::CampaignCompleted => "campaign_completed",
            Self::ImportFinished => "import_finished",
            Self::MessageReceived => "message_received",
        }
    }
}

/// Something that happened lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityItem {
    /// What kind of thing.
    pub kind: ActivityKind,
    /// The name of the campaign or the file, or the address that wrote.
    pub subject: String,
    /// The id of the campaign, the import or the message.
    pub id: uuid::Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// The figures that the store has for the dashboard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dashboard {
    /// Contacts.
    pub contacts: ContactTotals,
    /// Campaigns by the word of their status.
    pub campaigns: BTreeMap<String, u64>,
    /// Messages of all time.
    pub messages: MessageTotals,
    /// Messages since the first day asked for, in order; quarters without any are left out.
    pub buckets: Vec<MessageBucket>,
    /// What happened lately, latest first.
    pub recent: Vec<ActivityItem>,
}
